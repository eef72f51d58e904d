/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import magpie.peers.PeersOptions;
import magpie.peers.spi.PeerSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Nodes in processes of their own publish and read, and some are killed in the middle.
 *
 * <p>A writer publishes its count under two keys at once, with ballast that takes more than one
 * write; whoever sees two different counts has seen half a file.
 */
class ExchangeProcessesTest {
  private static final int PUBLICATIONS = 150;
  private static final String BALLAST = "ballast\n".repeat(8_000);

  @TempDir Path directory;
  private Bench bench;
  private final List<Process> processes = new ArrayList<>();

  @BeforeEach
  void makeBench() {
    bench = new Bench(directory).write(Bench.exchanging("ex", 0, 1, 2));
  }

  @AfterEach
  void endProcesses() throws InterruptedException {
    for (Process process : processes) {
      process.destroyForcibly().waitFor();
    }
  }

  private Process start(String... arguments) throws IOException {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.add(bench.file.toString());
    Process process =
        Jvm.start(ExchangeProcessesTest.class, jar -> true, all.toArray(new String[0]));
    processes.add(process);
    return process;
  }

  private static void endsWell(Process process) throws Exception {
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(process.waitFor(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS), out);
    assertEquals("done\n", out);
    assertEquals(0, process.exitValue());
  }

  @Test
  @Tag("thorough")
  void readersNeverSeeHalfOfWhatTwoWritersPublish() throws Exception {
    List<Process> all = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      all.add(start("read"));
    }
    all.add(start("write", "magpie/1"));
    all.add(start("write", "magpie/2"));
    for (Process process : all) {
      endsWell(process);
    }
  }

  @Test
  void twoProcessesOfOneNodeLoseNothingOfEachOther() throws Exception {
    List<Process> writers = List.of(start("count", "left"), start("count", "right"));
    for (Process writer : writers) {
      endsWell(writer);
    }
    try (PeerSource source = bench.open()) {
      Map<String, String> expected = new TreeMap<>();
      for (int i = 0; i < PUBLICATIONS; i++) {
        expected.put("left-" + i, "left");
        expected.put("right-" + i, "right");
      }
      assertEquals(expected, new TreeMap<>(Published.of(source, "magpie/1")));
    }
  }

  @Test
  @Tag("thorough")
  void aKilledWriterLeavesTheOldOrTheNew() throws Exception {
    try (LocalSource reader = bench.open()) {
      long last = -1;
      for (int round = 0; round < 6; round++) {
        Process writer = start("write-on", "magpie/1");
        BufferedReader progress =
            new BufferedReader(
                new InputStreamReader(writer.getInputStream(), StandardCharsets.UTF_8));
        // Killed while it writes on: it has told of some publications and never stops.
        for (int i = 0; i <= round; i++) {
          assertEquals("published", progress.readLine());
        }
        writer.destroyForcibly();
        assertEquals(128 + 9, writer.waitFor());
        assertEquals(List.of(), reader.read().warnings());
        long now = whole(reader, "magpie/1");
        assertTrue(now > last, now + " came after " + last);
        last = now;
      }
      bench.hostName = "blade-1";
      try (LocalSource next = bench.open()) {
        // Neither the lock nor what lies about of a dead writer is in the way.
        next.publish(Map.of("n", "end", "copy", "end"));
      }
      assertEquals("end", Published.of(reader, "magpie/1").get("n"));
      try (Stream<Path> files = Files.list(directory.resolve("ex"))) {
        assertEquals(List.of(), files.filter(file -> file.toString().endsWith(".tmp")).toList());
      }
    }
  }

  /** The count that a node has published; -1 for none. */
  private static long whole(PeerSource source, String id) {
    Map<String, String> settings = Published.of(source, id);
    if (settings.isEmpty()) {
      return -1;
    }
    Map<String, String> expected = new HashMap<>(settings);
    expected.put("copy", String.valueOf(settings.get("n")));
    expected.put("ballast", BALLAST);
    if (!expected.equals(settings)) {
      throw new AssertionError(id + " was read in half: " + settings.get("n"));
    }
    return Long.parseLong(settings.get("n"));
  }

  /** What each process does. */
  public static void main(String[] arguments) {
    PeersOptions.Builder options =
        PeersOptions.builder().topology(Path.of(arguments[arguments.length - 1]));
    switch (arguments[0]) {
      case "read" -> {
        try (PeerSource source = open(options.observer())) {
          long one = -1;
          long two = -1;
          while (one < PUBLICATIONS || two < PUBLICATIONS) {
            one = grown(one, whole(source, "magpie/1"));
            two = grown(two, whole(source, "magpie/2"));
            if (!source.read().warnings().isEmpty()) {
              throw new AssertionError(source.read().warnings());
            }
          }
        }
      }
      case "write", "write-on" -> {
        try (PeerSource source = open(options.self(arguments[1]))) {
          String published = source.published().getOrDefault("n", "0");
          boolean endless = arguments[0].equals("write-on");
          for (long i = Long.parseLong(published) + 1; endless || i <= PUBLICATIONS; i++) {
            String n = String.valueOf(i);
            source.publish(Map.of("n", n, "copy", n, "ballast", BALLAST));
            if (endless) {
              System.out.println("published");
            }
          }
        }
      }
      default -> {
        try (PeerSource source = open(options.self("magpie/1"))) {
          for (int i = 0; i < PUBLICATIONS; i++) {
            source.publish(Map.of(arguments[1] + "-" + i, arguments[1]));
          }
        }
      }
    }
    System.out.println("done");
  }

  private static PeerSource open(PeersOptions.Builder options) {
    return new LocalBackend().open(options.build());
  }

  private static long grown(long before, long now) {
    if (now < before) {
      throw new AssertionError("read " + now + " after " + before);
    }
    return now;
  }
}
