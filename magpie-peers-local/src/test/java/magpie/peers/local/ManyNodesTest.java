/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import magpie.peers.NodeFilter;
import magpie.peers.PeerEvent;
import magpie.peers.PeerId;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.PeersOptions;
import magpie.peers.topology.TopologyReader;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Large topologies in little memory, and a topology that is saved a thousand times. */
class ManyNodesTest {
  private static final int MANY = 100_000;

  /** In MB. docs/performance.md tells the least that works; this leaves room for another JVM. */
  private static final int HEAP = 128;

  @TempDir Path directory;

  /** Writes a topology of which every node has all that a node can have. */
  private static Path write(Path file, int count) throws IOException {
    try (BufferedWriter out = Files.newBufferedWriter(file)) {
      out.write(
          """
          version: 1
          name: bench-b
          application: magpie
          networks:
            oam:     { cidrs: [10.0.0.0/9, "2001:db8:0:a::/64"] }
            storage: { cidrs: [10.128.0.0/9] }
          defaults:
            network: oam
            labels:   { site: lab }
          nodes:
          """);
      for (int i = 0; i < count; i++) {
        int host = i + 1;
        String rest = (host >> 16) + "." + (host >> 8 & 255) + "." + (host & 255);
        out.write(
            "  magpie/%d: { hostname: blade-%d, addresses: [10.%s/9, 10.%d%s/9, \"2001:db8:0:a::%x:%x/64\"], labels: { rack: r%d }, settings: { iperf-port: %d } }\n"
                .formatted(
                    i,
                    i,
                    rest,
                    128 + (host >> 16),
                    rest.substring(rest.indexOf('.')),
                    i >> 16,
                    i & 0xffff,
                    i / 10,
                    5001 + i % 7));
      }
    }
    return file;
  }

  private static PeersOptions observing(Path file) {
    return PeersOptions.builder().backend("local").topology(file).observer().build();
  }

  /** Lists a topology as any program does. */
  static final class Lister {
    private Lister() {}

    /**
     * Prints how many nodes there are, in storage too, and where the last one is there.
     *
     * @param arguments the topology
     */
    public static void main(String[] arguments) {
      try (PeerView view = Peers.open(observing(Path.of(arguments[0])))) {
        System.out.println(view.snapshot().nodes().size());
        System.out.println(view.nodes(NodeFilter.inNetwork("storage")).size());
        System.out.println(
            view.node(PeerId.of("magpie/" + (MANY - 1))).orElseThrow().addresses().get(1));
      }
    }
  }

  @Test
  @Tag("thorough")
  void aHundredThousandNodesAreListedInLittleMemory() throws Exception {
    Path file = write(directory.resolve("large.magpie.yaml"), MANY);

    Process lister =
        Jvm.start(
            Lister.class,
            List.of("-Xmx" + HEAP + "m", "-XX:+UseSerialGC"),
            jar -> true,
            file.toString());

    try (InputStream out = lister.getInputStream()) {
      assertEquals(
          MANY + "\n" + MANY + "\n10.129.134.160/9\n",
          new String(out.readAllBytes(), StandardCharsets.UTF_8).replace("\r", ""));
    }
    assertTrue(lister.waitFor(60, TimeUnit.SECONDS));
    assertEquals(0, lister.exitValue());
  }

  /** What a view has beside heap: its threads by name, and the descriptors of the process. */
  private record Holdings(List<String> threads, long descriptors) {
    static Holdings now() {
      List<String> threads =
          Thread.getAllStackTraces().keySet().stream()
              .map(Thread::getName)
              .filter(name -> name.startsWith("magpie-peers"))
              .sorted()
              .toList();
      try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
        return new Holdings(threads, open.count());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private static long heap() {
    long least = Long.MAX_VALUE;
    for (int i = 0; i < 3; i++) {
      System.gc();
      least =
          Math.min(least, Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory());
    }
    return least;
  }

  @Test
  @Tag("thorough")
  @EnabledOnOs(value = OS.LINUX, disabledReason = "descriptors are counted in /proc")
  void aThousandReloadsLeaveNothingBehind() throws Exception {
    Bench bench = new Bench(directory);
    bench.write(Bench.nodes(0, 1));
    BlockingQueue<PeerEvent> events = new ArrayBlockingQueue<>(10);
    try (PeerView view = Peers.open(observing(bench.file))) {
      view.listen(events::add);
      assertEquals(2, next(events).snapshot().nodes().size());
      reload(bench, events, 100);
      Holdings before = Holdings.now();
      long heapBefore = heap();

      reload(bench, events, 1_000);

      // The look before may have caught a file that was just being read.
      Await.equal(
          true,
          () -> {
            Holdings now = Holdings.now();
            return now.threads().equals(before.threads())
                && now.descriptors() <= before.descriptors();
          });
      assertFalse(before.threads().isEmpty(), "threads of a view that listens");
      long grown = heap() - heapBefore;
      // A thousand snapshots of a hundred nodes would be 70 MB.
      assertTrue(grown < 4 << 20, () -> "the heap has grown by " + grown + " bytes");
    }
  }

  private static void reload(Bench bench, BlockingQueue<PeerEvent> events, int times)
      throws IOException, InterruptedException {
    int[] all = new int[100];
    for (int i = 0; i < all.length; i++) {
      all[i] = i;
    }
    String one = Bench.nodes(all);
    String other = one.replace("blade-7,", "blade-seven,");
    for (int i = 0; i < times; i++) {
      bench.rename(i % 2 == 0 ? one : other);
      PeerEvent event = next(events);
      assertEquals(PeerEvent.Kind.CHANGED, event.kind());
      assertEquals(100, event.snapshot().nodes().size());
    }
  }

  private static PeerEvent next(BlockingQueue<PeerEvent> events) throws InterruptedException {
    PeerEvent event = events.poll(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS);
    assertNotNull(event, "expected an event within " + Await.DEADLINE);
    return event;
  }

  @Test
  void twiceAsManyNodesTakeTwiceAsMuch() {
    assertLinear(
        count -> {
          byte[] content;
          try {
            content = Files.readAllBytes(write(directory.resolve(count + ".yaml"), count));
          } catch (IOException e) {
            throw new AssertionError(e);
          }
          return () -> assertEquals(List.of(), TopologyReader.read(content, "bench").problems());
        });
  }

  @Test
  void twiceAsManySettingsTakeTwiceAsMuch() {
    PeerId id = PeerId.of("magpie/0");
    assertLinear(
        count -> {
          Map<String, String> settings = new TreeMap<>();
          for (int i = 0; i < count; i++) {
            settings.put("key-" + i, "a \"value\"\n" + i);
          }
          String text = SettingsFile.print(id, settings);
          return () -> {
            try {
              assertEquals(count, SettingsFile.parse(text, id).size());
            } catch (SettingsFile.Malformed e) {
              throw new AssertionError(e);
            }
          };
        });
  }

  @Test
  void twiceAsManyPublishingNodesTakeTwiceAsMuch() {
    assertLinear(
        count -> {
          Bench bench = new Bench(directory, count + ".magpie.yaml");
          StringBuilder text =
              new StringBuilder("version: 1\nname: bench-b\nexchange: " + count + ".d\nnodes:\n");
          try {
            Path exchange = Files.createDirectory(directory.resolve(count + ".d"));
            for (int i = 0; i < count; i++) {
              PeerId id = PeerId.of("magpie/" + i);
              text.append("  ").append(id).append(": {}\n");
              Files.writeString(
                  exchange.resolve(SettingsFile.nameOf(id)),
                  SettingsFile.print(id, Map.of("port", "500" + i)));
            }
          } catch (IOException e) {
            throw new AssertionError(e);
          }
          bench.write(text.toString());
          bench.options.put("self", "magpie/0");
          return () -> {
            try (LocalSource source = bench.open()) {
              assertEquals(count, source.read().ids().size());
            }
          };
        });
  }

  /** Counts the bytes that are allocated, which do not depend on how busy the machine is. */
  private static void assertLinear(IntFunction<Runnable> prepared) {
    long some = allocated(prepared.apply(200));
    long more = allocated(prepared.apply(400));
    assertTrue(more < 2.3 * some, () -> "200 took " + some + " bytes, 400 took " + more);
  }

  /** The least of some runs, as only the first load classes. */
  private static long allocated(Runnable work) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long least = Long.MAX_VALUE;
    for (int i = 0; i < 4; i++) {
      long before = threads.getCurrentThreadAllocatedBytes();
      work.run();
      least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
    }
    return least;
  }
}
