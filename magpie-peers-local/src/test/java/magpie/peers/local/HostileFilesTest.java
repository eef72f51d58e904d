/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import magpie.peers.Environment;
import magpie.peers.Health;
import magpie.peers.PeerEvent;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.PeersOptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Things that are no files take the place of files that a live view follows. */
@Timeout(120)
class HostileFilesTest {
  @TempDir Path directory;
  private Bench bench;

  @BeforeEach
  void writeTheBench() {
    bench = new Bench(directory).write(Bench.exchanging("ex", 0, 1));
  }

  /** What may stand where a topology is expected, and what is said of it. */
  enum Impostor {
    DIRECTORY(
        "[not-a-file] expected a topology file, found a directory\n"
            + "  fix: name the file in it, such as bench.magpie.yaml") {
      @Override
      void put(Path path) throws IOException {
        Files.createDirectory(path);
      }
    },
    PIPE(Impostor.OTHER) {
      @Override
      void put(Path path) throws IOException, InterruptedException {
        assertEquals(0, new ProcessBuilder("mkfifo", path.toString()).start().waitFor());
      }
    },
    SOCKET(Impostor.OTHER) {
      @Override
      void put(Path path) throws IOException {
        // Closing it leaves its name behind.
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
          server.bind(UnixDomainSocketAddress.of(path));
        }
      }
    },
    ENDLESS_DEVICE(Impostor.OTHER) {
      @Override
      void put(Path path) throws IOException {
        Files.createSymbolicLink(path, Path.of("/dev/zero"));
      }
    },
    FULL_DEVICE(Impostor.OTHER) {
      @Override
      void put(Path path) throws IOException {
        Files.createSymbolicLink(path, Path.of("/dev/full"));
      }
    },
    TERMINAL(Impostor.OTHER) {
      @Override
      void put(Path path) throws IOException {
        Files.createSymbolicLink(path, Path.of("/dev/tty"));
      }
    },
    TEN_GIBIBYTES(
        "[too-large] expected a topology of at most 67108864 bytes, found a larger file\n"
            + "  fix: name a topology file; if it is one, split the bench") {
      @Override
      void put(Path path) throws IOException {
        try (RandomAccessFile sparse = new RandomAccessFile(path.toFile(), "rw")) {
          sparse.setLength(10L << 30);
        }
      }
    },
    LINK_TO_ITSELF(
        "[unreadable] expected a topology file, found one that cannot be read: Too many levels of"
            + " symbolic links or unable to access attributes of symbolic link\n"
            + "  fix: let the user that runs this program read the file") {
      @Override
      void put(Path path) throws IOException {
        Files.createSymbolicLink(path, Path.of("bench.magpie.yaml"));
      }
    };

    private static final String OTHER =
        "[not-a-file] expected a topology file, found a pipe, socket or device\n"
            + "  fix: name a regular file";

    private final String said;

    Impostor(String said) {
      this.said = said;
    }

    abstract void put(Path path) throws IOException, InterruptedException;
  }

  private PeerView open() {
    return Peers.open(
        PeersOptions.builder()
            .environment(Environment.system().withVariables(Map.of()))
            .backend("local")
            .topology(bench.file)
            .stateDirectory(directory.resolve("state"))
            .option("poll-interval-ms", "50")
            .self("magpie/0")
            .build());
  }

  @ParameterizedTest
  @EnumSource
  void aLiveViewKeepsItsPeersAndHeals(Impostor impostor) throws Exception {
    BlockingQueue<PeerEvent> events = new LinkedBlockingQueue<>();
    try (PeerView view = open()) {
      view.listen(events::add);
      assertEquals(PeerEvent.Kind.STARTED, take(events).kind());

      Path fake = directory.resolve("fake");
      impostor.put(fake);
      Files.move(bench.file, directory.resolve("away"));
      Files.move(fake, bench.file);
      PeerEvent.HealthChanged broke = (PeerEvent.HealthChanged) take(events);
      assertEquals(Health.Status.STALE, broke.after().status());
      assertEquals(bench.file + ": error " + impostor.said, said(view));
      assertEquals(List.of("magpie/1"), view.ids().stream().map(Object::toString).toList());

      Files.move(bench.file, fake);
      bench.write(Bench.exchanging("ex", 0, 1, 2));
      assertEquals(Health.Status.FRESH, ((PeerEvent.HealthChanged) take(events)).after().status());
      assertEquals(2, take(events).snapshot().nodes().size());
    }
    assertEquals(List.of(), List.copyOf(events));
  }

  /** Where a file is missing for a moment between two renames, that may be said first. */
  private static String said(PeerView view) {
    String said = view.health().reason();
    long end = System.nanoTime() + Await.DEADLINE.toNanos();
    while (said.contains("[missing-file]") && System.nanoTime() < end) {
      LockSupport.parkNanos(1_000_000);
      said = view.health().reason();
    }
    return said;
  }

  private static PeerEvent take(BlockingQueue<PeerEvent> events) throws InterruptedException {
    PeerEvent event = events.poll(60, TimeUnit.SECONDS);
    assertTrue(event != null, "expected an event, found none");
    return event;
  }

  @Test
  void filesSwappedAllTheTimeGiveWholePeersOrAReasonAndNoHang() throws Exception {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    AtomicBoolean done = new AtomicBoolean();
    List<Throwable> failed = new ArrayList<>();
    Thread swapper =
        new Thread(
            () -> {
              try {
                for (int i = 0; !done.get(); i++) {
                  swap(i, random);
                }
              } catch (IOException | InterruptedException e) {
                failed.add(e);
              }
            });
    long slowest = 0;
    int rounds = 0;
    try (PeerView view = open()) {
      view.ids();
      swapper.start();
      long end = System.nanoTime() + Duration.ofMillis(400).toNanos();
      while (rounds == 0 || System.nanoTime() < end) {
        long began = System.nanoTime();
        assertEquals(List.of("magpie/1"), view.ids().stream().map(Object::toString).toList());
        slowest = Math.max(slowest, System.nanoTime() - began);
        rounds++;
      }
    } finally {
      done.set(true);
      swapper.join();
    }
    assertEquals(List.of(), failed);
    assertTrue(slowest < Duration.ofSeconds(5).toNanos(), "seed " + seed + ": " + slowest + " ns");
  }

  private void swap(int round, Random random) throws IOException, InterruptedException {
    Path spare = directory.resolve("spare");
    Files.deleteIfExists(spare);
    Impostor[] some = {Impostor.ENDLESS_DEVICE, Impostor.TEN_GIBIBYTES, Impostor.FULL_DEVICE};
    if (round % 2 == 0) {
      some[random.nextInt(some.length)].put(spare);
    } else {
      Files.writeString(spare, Bench.exchanging("ex", 0, 1));
    }
    Files.move(spare, bench.file, StandardCopyOption.ATOMIC_MOVE);
  }
}
