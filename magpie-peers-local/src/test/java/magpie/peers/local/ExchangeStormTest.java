/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.PeersOptions;
import magpie.peers.Snapshot;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two writers and ten readers on one exchange directory, each a process of its own; a writer is
 * killed at random moments and comes back.
 *
 * <p>Readers listen through the api, as programs do.
 */
class ExchangeStormTest {
  private static final int READERS = 10;
  private static final int KILLS = 8;
  private static final int LONGEST_LIFE_MILLIS = 300;
  private static final String BALLAST = "ballast\n".repeat(4_000);
  private static final List<String> WRITERS = List.of("magpie/1", "magpie/2");

  @TempDir Path directory;
  private final List<Process> processes = new ArrayList<>();

  @AfterEach
  void endProcesses() throws InterruptedException {
    for (Process process : processes) {
      process.destroyForcibly().waitFor();
    }
  }

  private Process start(Bench bench, String... arguments) throws IOException {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.add(bench.file.toString());
    Process process = Jvm.start(ExchangeStormTest.class, jar -> true, all.toArray(new String[0]));
    processes.add(process);
    return process;
  }

  private static BufferedReader output(Process process) {
    return new BufferedReader(
        new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  @Test
  @Tag("thorough")
  void readersNeverSeeHalfAValueAndEndEqual() throws Exception {
    long seed = new Random().nextLong();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    Bench bench = new Bench(directory).write(Bench.exchanging("ex", 0, 1, 2));
    List<BufferedReader> readers = new ArrayList<>();
    for (int i = 0; i < READERS; i++) {
      readers.add(output(start(bench, "read")));
    }
    for (BufferedReader reader : readers) {
      assertEquals("listening", reader.readLine());
    }
    Process steady = start(bench, "write", WRITERS.get(0));
    output(steady).readLine();
    for (int i = 0; i < KILLS; i++) {
      Process killed = start(bench, "write", WRITERS.get(1));
      assertEquals("published", output(killed).readLine(), () -> "seed " + seed);
      int life = random.nextInt(LONGEST_LIFE_MILLIS);
      assertFalse(killed.waitFor(life, TimeUnit.MILLISECONDS), () -> "seed " + seed);
      killed.destroyForcibly().waitFor();
    }
    steady.destroyForcibly().waitFor();
    for (String writer : WRITERS) {
      Process last = start(bench, "end", writer);
      assertEquals("published", output(last).readLine());
      assertEquals(0, last.waitFor());
    }
    TreeSet<String> ends = new TreeSet<>();
    for (BufferedReader reader : readers) {
      ends.add(String.valueOf(reader.readLine()));
    }
    assertEquals(1, ends.size(), () -> "seed " + seed + ": " + ends);
    assertEquals(
        "end " + WRITERS.stream().map(id -> id + "=end").toList(), ends.first(), "seed " + seed);
  }

  /** What each process does. */
  public static void main(String[] arguments) throws InterruptedException {
    PeersOptions.Builder options =
        PeersOptions.builder()
            .backend("local")
            .topology(Path.of(arguments[arguments.length - 1]))
            .option("poll-interval-ms", "100");
    if (arguments[0].equals("read")) {
      try (PeerView view = Peers.open(options.observer().build())) {
        read(view);
      }
      return;
    }
    try (PeerView view = Peers.open(options.self(arguments[1]).build())) {
      for (long i = 0; ; i++) {
        String n = arguments[0].equals("end") ? "end" : String.valueOf(i);
        view.publish(Map.of("n", n, "copy", n, "ballast", BALLAST + n));
        System.out.println("published");
        if (n.equals("end")) {
          return;
        }
      }
    }
  }

  private static void read(PeerView view) throws InterruptedException {
    CountDownLatch done = new CountDownLatch(1);
    AtomicReference<String> result = new AtomicReference<>("still waiting");
    view.listen(
        event -> {
          String seen = seen(event.snapshot());
          if (!seen.isEmpty()) {
            result.set(seen);
            done.countDown();
          }
        });
    System.out.println("listening");
    done.await(Await.DEADLINE.toSeconds() * 2, TimeUnit.SECONDS);
    System.out.println(result.get());
  }

  /** What a reader says in the end: how it ended, or what it saw half; nothing before. */
  private static String seen(Snapshot snapshot) {
    List<String> ends = new ArrayList<>();
    for (PeerNode node : snapshot.nodes()) {
      String n = node.settings().get("n");
      if (n == null) {
        continue;
      }
      if (!node.settings().equals(Map.of("n", n, "copy", n, "ballast", BALLAST + n))) {
        return node.id() + " in half: " + n;
      }
      if (n.equals("end")) {
        ends.add(node.id() + "=end");
      }
    }
    return ends.size() == WRITERS.size() ? "end " + ends : "";
  }
}
