/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import magpie.peers.Environment;
import magpie.peers.PeerEvent;
import magpie.peers.PeerId;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.PeersOptions;
import magpie.peers.spi.StateStore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Another process hangs with the lock of the state: only calls about notices wait for it. */
class HeldStateTest {
  private static final long SECONDS = Await.DEADLINE.toSeconds();

  @TempDir Path directory;
  private Process holder;

  @AfterEach
  void endTheHolder() throws InterruptedException {
    if (holder != null) {
      holder.destroyForcibly().waitFor();
    }
  }

  /** Takes the lock of a state file, and keeps it until it is killed. */
  public static void main(String... arguments) {
    StateStore.file(Path.of(arguments[0]))
        .update(
            text -> {
              System.out.println("holding");
              try {
                new CountDownLatch(1).await();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
              return text;
            });
  }

  private void hold(String file) throws Exception {
    holder = Jvm.start(HeldStateTest.class, jar -> true, file);
    assertEquals(
        "holding",
        new BufferedReader(new InputStreamReader(holder.getInputStream(), StandardCharsets.UTF_8))
            .readLine());
  }

  private static <T> FutureTask<T> start(FutureTask<T> task) {
    Thread thread = new Thread(task, "asks");
    thread.setDaemon(true);
    thread.start();
    return task;
  }

  @Test
  void holdsUpNeitherListingsNorEventsNorPublishingNorTheEnd() throws Exception {
    Bench bench = new Bench(directory).write(Bench.exchanging("exchange", 0, 1));
    String state;
    try (LocalSource source = bench.open()) {
      state = source.state().origin();
    }
    PeerView view =
        Peers.open(
            PeersOptions.builder()
                .environment(Environment.system().withVariables(Map.of()))
                .topology(bench.file)
                .self("magpie/0")
                .option("state", bench.options.get("state"))
                .build());
    BlockingQueue<PeerEvent> events = new LinkedBlockingQueue<>();
    CountDownLatch noticed = new CountDownLatch(1);
    view.onNotices(notices -> noticed.countDown());
    assertTrue(noticed.await(SECONDS, TimeUnit.SECONDS));
    view.listen(events::add);
    assertEquals(PeerEvent.Kind.STARTED, events.take().kind());

    hold(state);
    FutureTask<Void> asked =
        start(
            new FutureTask<>(
                () -> {
                  view.notices();
                  return null;
                }));
    FutureTask<Void> others =
        start(
            new FutureTask<>(
                () -> {
                  bench.rename(Bench.exchanging("exchange", 0, 1, 2));
                  while (events.take().snapshot().nodes().size() < 2) {
                    assertEquals(PeerId.of("magpie/0"), view.selfId().orElseThrow());
                  }
                  assertEquals(2, view.nodes().size());
                  assertTrue(view.publish("greeting", "hello"));
                  assertEquals(
                      List.of(false, false), List.of(asked.isDone(), view.health().stale()));
                  view.close();
                  return null;
                }));
    // Less than the 30 s for which the lock is waited for.
    others.get(25, TimeUnit.SECONDS);
    try {
      asked.get(SECONDS, TimeUnit.SECONDS);
      throw new AssertionError("notices were recorded while another process had the lock");
    } catch (ExecutionException e) {
      assertEquals(
          "java.lang.IllegalStateException: this view of the peers is closed",
          e.getCause().toString());
    }
    assertTrue(holder.isAlive());
  }
}
