/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import magpie.peers.ConfigurationException;
import magpie.peers.PeerId;
import magpie.peers.SourceUnavailableException;
import magpie.peers.topology.TopologyReader;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ExchangeTest {
  private static final PeerId ZERO = PeerId.of("magpie/0");
  private static final PeerId ONE = PeerId.of("magpie/1");
  private static final Map<PeerId, Map<String, String>> ONE_SAYS = Map.of(ONE, Map.of("k", "v"));

  @TempDir Path top;
  private Path directory;
  private Path file;
  private Exchange exchange;

  @BeforeEach
  void open() {
    directory = top.resolve("ex");
    file = directory.resolve("magpie+1.json");
    exchange = opened(directory);
  }

  private Exchange opened(Path at) {
    Exchange opened = new Exchange(at);
    opened.expect(
        TopologyReader.read(new Bench(top).write(Bench.nodes(0, 1)).file, "bench")
            .topology()
            .orElseThrow()
            .entries());
    return opened;
  }

  @Test
  void readsWhatNodesPublish() {
    assertEquals(new Exchange.Content(Map.of(), List.of()), exchange.read(true));
    exchange.publish(ONE, Map.of("k", "v", "none", ""));
    exchange.publish(ZERO, Map.of("a", " b\n\u0000"));
    Exchange.Content content = exchange.read(false);
    assertEquals(
        Map.of(ONE, Map.of("k", "v"), ZERO, Map.of("a", " b\n\u0000")), content.settings());
    assertEquals(List.of(), content.warnings());
    assertSame(content, exchange.read(true));
    assertEquals(Map.of("k", "v"), exchange.published(ONE));
  }

  /** Memory, where listings miss what is renamed meanwhile, and files may have any date. */
  private static Path inMemory() throws IOException {
    Path memory = Path.of("/dev/shm");
    Assumptions.assumeTrue(
        Files.isWritable(memory) && Files.getFileStore(memory).type().equals("tmpfs"),
        "needs a tmpfs at /dev/shm");
    return Files.createTempDirectory(memory, "magpie-exchange-test");
  }

  private static void remove(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  @Test
  @Tag("thorough")
  void aListingThatMissesAFileWhichIsBeingReplacedLosesNothing() throws Exception {
    // More than one system call can list.
    int nodes = 2_000;
    Path memory = inMemory();
    AtomicBoolean ended = new AtomicBoolean();
    Thread writer =
        new Thread(
            () -> {
              Path fresh = memory.resolve("fresh");
              Path file = memory.resolve("magpie+7.json");
              try {
                while (!ended.get()) {
                  Files.copy(file, fresh);
                  Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
                }
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
    try {
      Exchange many = new Exchange(memory);
      StringBuilder bench = new StringBuilder("version: 1\nname: bench\nnodes:\n");
      for (int i = 0; i < nodes; i++) {
        bench.append("  magpie/").append(i).append(": { hostname: blade }\n");
      }
      byte[] text = bench.toString().getBytes(StandardCharsets.UTF_8);
      many.expect(TopologyReader.read(text, "bench").topology().orElseThrow().entries());
      for (int i = 0; i < nodes; i++) {
        PeerId id = PeerId.of("magpie/" + i);
        Files.writeString(
            memory.resolve(SettingsFile.nameOf(id)), SettingsFile.print(id, Map.of("k", "v")));
      }
      assertEquals(nodes, many.read(true).settings().size());
      writer.start();
      for (int i = 0; i < 100; i++) {
        assertEquals(nodes, many.read(false).settings().size(), "at reading " + i);
      }
    } finally {
      ended.set(true);
      writer.join();
      remove(memory);
    }
  }

  @Test
  void aDateThatNoClockHasIsNoMatter() throws Exception {
    Path memory = inMemory();
    try {
      Exchange odd = opened(memory);
      odd.publish(ONE, Map.of("k", "v"));
      odd.publish(ZERO, Map.of("k", "v"));
      Path strange = memory.resolve("magpie+1.json");
      for (String seconds : List.of("40000000000000000", "-40000000000000000")) {
        // The JDK itself sets no such date.
        Process touch =
            new ProcessBuilder("touch", "-m", "-d", "@" + seconds, strange.toString())
                .inheritIO()
                .start();
        assertEquals(0, touch.waitFor());
        assertEquals(2, odd.read(true).settings().size());
        assertEquals(List.of(), odd.read(true).warnings());
      }
    } finally {
      remove(memory);
    }
  }

  @Test
  void keysOfOneHashCostNoMore() {
    Map<String, String> settings = new TreeMap<>();
    for (int i = 0; i < 1 << 13; i++) {
      StringBuilder key = new StringBuilder();
      for (int bit = 0; bit < 13; bit++) {
        key.append((i >> bit & 1) == 0 ? "Aa" : "BB");
      }
      settings.put(key.toString(), "v");
    }
    assertEquals(1, settings.keySet().stream().map(String::hashCode).distinct().count());
    exchange.publish(ONE, settings);
    assertEquals(settings, exchange.read(true).settings().get(ONE));
    // Linear probing would compare all of them with all others, at each look.
    assertFalse(
        exchange
            .read(true)
            .settings()
            .get(ONE)
            .getClass()
            .getName()
            .contains("ImmutableCollections"));
  }

  @Test
  void mergesAndRemovesAndWritesNothingInVain() throws IOException {
    exchange.publish(ONE, Map.of("a", "1", "b", "2"));
    exchange.publish(ONE, Map.of("b", "", "c", "3"));
    assertEquals(Map.of("a", "1", "c", "3"), exchange.published(ONE));
    Object before = Files.readAttributes(file, "unix:ino,ctime");
    exchange.publish(ONE, Map.of("b", "", "c", "3"));
    assertEquals(before, Files.readAttributes(file, "unix:ino,ctime"));
    exchange.publish(ONE, Map.of("a", "", "c", ""));
    assertEquals(Map.of(), exchange.published(ONE));
    assertEquals(Map.of(), exchange.read(false).settings());
    assertTrue(Files.exists(file), "a file stays, so that no reader takes it for lost");
  }

  @Test
  void leavesNothingBesideTheFileAndItsLock() throws IOException {
    exchange.publish(ONE, Map.of("k", "v"));
    exchange.publish(ONE, Map.of("k", "w"));
    try (Stream<Path> files = Files.list(directory)) {
      assertEquals(
          List.of("magpie+1.json", "magpie+1.json.lock"),
          files.map(path -> path.getFileName().toString()).sorted().toList());
    }
  }

  @Test
  void publishesForEverybodyToRead() throws IOException {
    exchange.publish(ONE, Map.of("k", "v"));
    Path any = Files.createFile(top.resolve("any"));
    assertEquals(Files.getPosixFilePermissions(any), Files.getPosixFilePermissions(file));
  }

  @Test
  void looksOnlyAtFilesOfNodes() throws IOException {
    exchange.publish(ONE, Map.of("k", "v"));
    exchange.publish(PeerId.of("magpie/9"), Map.of("k", "v"));
    Files.writeString(directory.resolve("noise.json"), "noise");
    Files.writeString(directory.resolve("magpie+1.json.tmp"), "{");
    assertEquals(new Exchange.Content(ONE_SAYS, List.of()), exchange.read(true));
  }

  /** What somebody may put in the place of a file. */
  enum Hostile {
    GARBAGE(
        "expected JSON, found this: Unrecognized token 'garbage': was expecting (JSON String,"
            + " Number, Array, Object or token 'null', 'true' or 'false') at 1:1") {
      @Override
      void put(Path path) throws IOException {
        Files.writeString(path, "garbage");
      }
    },
    HALF(
        "expected JSON, found this: Unexpected end-of-input: was expecting closing quote for a string value at 3:17") {
      @Override
      void put(Path path) throws IOException {
        Files.writeString(path, SettingsFile.print(ONE, Map.of("k", "w")).substring(0, 51));
      }
    },
    ANOTHER_NODE("expected \"node\" to be \"magpie/1\", found \"magpie/0\"") {
      @Override
      void put(Path path) throws IOException {
        Files.writeString(path, SettingsFile.print(ZERO, Map.of("k", "w")));
      }
    },
    HUGE("expected at most 1048576 bytes, found 8589934592") {
      @Override
      void put(Path path) throws IOException {
        try (RandomAccessFile sparse = new RandomAccessFile(path.toFile(), "rw")) {
          sparse.setLength(8L << 30);
        }
      }
    },
    DIRECTORY("expected a regular file, found a directory") {
      @Override
      void put(Path path) throws IOException {
        Files.createDirectory(path);
      }
    },
    PIPE("expected a regular file, found a pipe, socket or device") {
      @Override
      void put(Path path) throws IOException, InterruptedException {
        assertEquals(0, new ProcessBuilder("mkfifo", path.toString()).start().waitFor());
      }
    },
    LINK_TO_A_DEVICE("expected a regular file, found a symbolic link") {
      @Override
      void put(Path path) throws IOException {
        Files.createSymbolicLink(path, Path.of("/dev/zero"));
      }
    },
    LINK_TO_A_FILE("expected a regular file, found a symbolic link") {
      @Override
      void put(Path path) throws IOException {
        Path elsewhere = path.resolveSibling("elsewhere");
        Files.writeString(elsewhere, SettingsFile.print(ONE, Map.of("k", "w")));
        Files.createSymbolicLink(path, elsewhere);
      }
    };

    private final String found;

    Hostile(String found) {
      this.found = found;
    }

    abstract void put(Path path) throws IOException, InterruptedException;
  }

  @ParameterizedTest
  @EnumSource
  void warnsOfWhatIsNoSettingsFileAndKeepsWhatWasThere(Hostile hostile) throws Exception {
    exchange.publish(ZERO, Map.of("a", "b"));
    exchange.publish(ONE, Map.of("k", "v"));
    Map<PeerId, Map<String, String>> both = exchange.read(false).settings();
    Files.delete(file);
    hostile.put(file);
    Exchange.Content content = exchange.read(false);
    assertEquals(both, content.settings());
    assertEquals(
        List.of(
            "settings of magpie/1 in \""
                + file
                + "\": "
                + hostile.found
                + "; what it had published before stays"),
        content.warnings());
    assertSame(content, exchange.read(true));

    Exchange late = opened(directory);
    assertEquals(Map.of(ZERO, Map.of("a", "b")), late.read(false).settings());
    assertEquals(content.warnings(), late.read(false).warnings());

    Files.delete(file);
    exchange.publish(ONE, Map.of("k", "w"));
    assertEquals(
        new Exchange.Content(Map.of(ZERO, Map.of("a", "b"), ONE, Map.of("k", "w")), List.of()),
        exchange.read(false));
  }

  @ParameterizedTest
  @EnumSource(names = {"GARBAGE", "PIPE", "DIRECTORY", "LINK_TO_A_FILE", "HUGE"})
  void publishesNothingOverWhatIsNoSettingsFile(Hostile hostile) throws Exception {
    Files.createDirectory(directory);
    hostile.put(file);
    String found =
        switch (hostile) {
          case GARBAGE ->
              "published settings of magpie/1 in \""
                  + file
                  + "\": expected JSON, found this: Unrecognized token 'garbage': was expecting (JSON String,"
                  + " Number, Array, Object or token 'null', 'true' or 'false') at 1:1; remove the file and publish everything"
                  + " again";
          case HUGE ->
              "expected a settings file of at most 1048576 bytes, found 8589934592 in \""
                  + file
                  + "\"; remove it and publish everything again";
          default ->
              "expected a regular file for settings, found something else at \""
                  + file
                  + "\"; remove it or choose another settings directory";
        };
    SourceUnavailableException e =
        assertThrows(
            SourceUnavailableException.class, () -> exchange.publish(ONE, Map.of("k", "v")));
    assertEquals(found, e.getMessage());
    assertEquals(file.toString(), e.origin());
    assertEquals(
        found,
        assertThrows(SourceUnavailableException.class, () -> exchange.published(ONE)).getMessage());
  }

  @Test
  void forgetsWhatAFileSaidThatIsGone() throws IOException {
    exchange.publish(ONE, Map.of("k", "v"));
    assertEquals(ONE_SAYS, exchange.read(false).settings());
    Files.delete(file);
    assertEquals(new Exchange.Content(Map.of(), List.of()), exchange.read(false));
  }

  @Test
  void keepsWhatItReadWhereTheDirectoryIsLost() throws IOException {
    exchange.publish(ONE, Map.of("k", "v"));
    assertEquals(ONE_SAYS, exchange.read(false).settings());
    Path away = Files.move(directory, top.resolve("away"));
    assertEquals(
        new Exchange.Content(ONE_SAYS, List.of(lost("the directory is gone"))),
        exchange.read(false));
    Files.writeString(directory, "a file");
    assertEquals(
        new Exchange.Content(ONE_SAYS, List.of(lost("it is no directory"))), exchange.read(false));
    Files.delete(directory);
    Files.move(away, directory);
    assertEquals(new Exchange.Content(ONE_SAYS, List.of()), exchange.read(false));
  }

  private String lost(String found) {
    return "exchange directory \""
        + directory
        + "\": expected to read what nodes have published, found: "
        + found
        + "; what they had published before stays";
  }

  @Test
  void makesTheDirectoryButNotTheOneAbove() {
    Exchange deep = new Exchange(top.resolve("missing/ex"));
    assertEquals(
        "expected to publish in the exchange directory \""
            + top.resolve("missing/ex")
            + "\", found: the directory that it should be in does not exist; create or mount it, or"
            + " change exchange in the topology",
        assertThrows(SourceUnavailableException.class, () -> deep.publish(ONE, Map.of("k", "v")))
            .getMessage());
    assertFalse(Files.exists(top.resolve("missing")));
  }

  @Test
  void saysThatTheDirectoryIsAFile() throws IOException {
    Files.writeString(directory, "a file");
    assertEquals(
        "expected to publish in the exchange directory \""
            + directory
            + "\", found: it is no directory; remove it, or change exchange in the topology",
        assertThrows(
                SourceUnavailableException.class, () -> exchange.publish(ONE, Map.of("k", "v")))
            .getMessage());
  }

  @Test
  void publishesThroughALinkToADirectory() throws IOException {
    Files.createSymbolicLink(directory, Files.createDirectory(top.resolve("real")));
    exchange.publish(ONE, Map.of("k", "v"));
    assertEquals(ONE_SAYS, exchange.read(false).settings());
  }

  @Test
  void refusesToPublishTooMuch() {
    exchange.publish(ONE, Map.of("k", "v"));
    Map<String, String> changes = new TreeMap<>(Map.of("k", "", "big", "x".repeat(1 << 20)));
    assertEquals(
        "expected the published settings of magpie/1 to be at most 10000 keys and 1048576 bytes as"
            + " JSON, found 1 keys and 1048669 bytes; nothing was published. Publish less, or"
            + " remove keys with empty values",
        assertThrows(ConfigurationException.class, () -> exchange.publish(ONE, changes))
            .getMessage());
    assertEquals(Map.of("k", "v"), exchange.published(ONE));
  }

  @Test
  void saysWhereItMayNotWrite() throws Exception {
    Path closed = Files.createDirectory(top.resolve("closed"));
    Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("r-xr-xr-x"));
    assumeFalse(
        Files.isWritable(closed), "this user may write everywhere, so nothing can be refused");
    assertEquals(
        "expected to publish in the exchange directory \""
            + closed.resolve("ex")
            + "\", found: permission denied; create it so that this user can write in it",
        assertThrows(
                SourceUnavailableException.class,
                () -> new Exchange(closed.resolve("ex")).publish(ONE, Map.of("k", "v")))
            .getMessage());
  }

  @Test
  void saysThatNothingCanBeMadeWhereTheKernelMakesAllFiles() {
    // Not even root may create anything here.
    Path closed = Path.of("/proc/self/ex");
    SourceUnavailableException e =
        assertThrows(
            SourceUnavailableException.class,
            () -> new Exchange(closed).publish(ONE, Map.of("k", "v")));
    assertTrue(
        e.getMessage()
            .startsWith("expected to publish in the exchange directory \"/proc/self/ex\", found: "),
        e.getMessage());
  }
}
