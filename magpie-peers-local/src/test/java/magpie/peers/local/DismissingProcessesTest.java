/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import magpie.peers.Environment;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.PeersOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two processes, one of them with two views, share the notices of one node (N3). */
class DismissingProcessesTest {
  private static final int ROUNDS = Boolean.getBoolean("magpie.thorough") ? 6 : 2;

  @TempDir Path directory;

  /** The other process: dismisses what it is shown until its standard input ends. */
  static final class Other {
    private Other() {}

    public static void main(String[] args) throws IOException {
      try (PeerView view = open(Path.of(args[0]))) {
        System.out.println("ready");
        while (System.in.available() == 0) {
          dismiss(view, System.out::println);
        }
      }
      System.out.println("end");
    }
  }

  private static PeerView open(Path topology) {
    return Peers.open(
        PeersOptions.builder()
            .environment(Environment.system().withVariables(Map.of()))
            .backend("local")
            .topology(topology)
            .stateDirectory(topology.resolveSibling("state"))
            .self("magpie/0")
            .build());
  }

  private static void dismiss(PeerView view, Consumer<String> dismissed) {
    view.dismiss(view.notices())
        .forEach(
            notice ->
                dismissed.accept(notice.kind() + " " + notice.id() + " " + notice.sequence()));
  }

  @Test
  void eachNoticeIsDismissedByOneOfThemAndNoneIsLost() throws Exception {
    Bench bench = new Bench(directory).write(Bench.nodes(0));
    Queue<String> dismissed = new ConcurrentLinkedQueue<>();
    Queue<String> failures = new ConcurrentLinkedQueue<>();
    AtomicBoolean done = new AtomicBoolean();
    Process other = Jvm.start(Other.class, jar -> true, bench.file.toString());
    List<Thread> threads = new ArrayList<>();
    try (PeerView one = open(bench.file);
        PeerView two = open(bench.file)) {
      BufferedReader said = other.inputReader();
      assertEquals("ready", said.readLine());
      threads.add(new Thread(() -> said.lines().forEach(dismissed::add)));
      for (PeerView view : List.of(one, one, two)) {
        threads.add(
            new Thread(
                () -> {
                  while (!done.get()) {
                    dismiss(view, dismissed::add);
                  }
                }));
      }
      threads.forEach(
          thread -> thread.setUncaughtExceptionHandler((t, e) -> failures.add(e.toString())));
      threads.forEach(Thread::start);
      for (int round = 1; round <= ROUNDS; round++) {
        bench.rename(round % 2 == 1 ? Bench.nodes(0, 1, 2, 3, 4) : Bench.nodes(0));
        int enough = 4 * round;
        Await.equal(true, () -> dismissed.size() >= enough);
      }
      done.set(true);
      other.outputWriter().append("stop\n").close();
      for (Thread thread : threads) {
        thread.join(Await.DEADLINE.toMillis());
        assertTrue(!thread.isAlive(), thread::toString);
      }
      dismiss(one, dismissed::add);
    } finally {
      done.set(true);
      other.destroyForcibly().waitFor();
    }
    assertEquals(List.of(), List.copyOf(failures));
    assertTrue(dismissed.remove("end"), "the other process failed");
    assertEquals(List.copyOf(new TreeSet<>(dismissed)), dismissed.stream().sorted().toList());
    Map<String, TreeMap<Integer, String>> ofPeers = new TreeMap<>();
    for (String notice : dismissed) {
      String[] words = notice.split(" ", -1);
      ofPeers
          .computeIfAbsent(words[1], id -> new TreeMap<>())
          .put(Integer.valueOf(words[2]), words[0]);
    }
    assertEquals(Set.of("magpie/1", "magpie/2", "magpie/3", "magpie/4"), ofPeers.keySet());
    ofPeers.forEach((id, kinds) -> assertEquals("DEPARTED", kinds.lastEntry().getValue(), id));
  }
}
