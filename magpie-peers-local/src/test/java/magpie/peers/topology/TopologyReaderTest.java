/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16BE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import magpie.peers.Network;
import magpie.peers.PeerAddress;
import magpie.peers.PeerNode;
import magpie.peers.topology.Topology.SelfRule;
import magpie.peers.topology.yaml.Problems;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a topology says, and what bytes and files that are none are told to be. */
class TopologyReaderTest {
  private static final String HEAD = "version: 1\nname: bench\n";

  @TempDir Path directory;

  private static String said(String content) {
    return said(content.getBytes(UTF_8));
  }

  private static String said(byte[] content) {
    return Corpus.said(TopologyReader.read(content, "bench.magpie.yaml"));
  }

  private static Topology topology(String content) {
    TopologyReader.Outcome outcome =
        TopologyReader.read(content.getBytes(UTF_8), "bench.magpie.yaml");
    assertEquals("", Corpus.said(outcome));
    return outcome.topology().orElseThrow();
  }

  private static Topology good(String name) {
    Path file = Corpus.directory().resolve("good").resolve(name + ".magpie.yaml");
    return TopologyReader.read(file, name).topology().orElseThrow();
  }

  private static List<String> candidates(PeerNode node) {
    return node.addresses().stream().map(c -> c + " of " + c.source()).toList();
  }

  private String saidOf(Path file) {
    return Corpus.said(TopologyReader.read(file, "bench.magpie.yaml"));
  }

  // ---- what a topology says ----

  @Test
  void saysWhatTheFileOfTheDesignSays() {
    Topology topology = good("design");

    assertEquals("bench-b", topology.name());
    assertEquals("magpie", topology.application());
    assertEquals(
        List.of("oam (192.0.2.0/25, 2001:db8:0:a::/64)", "storage (198.51.100.0/24)"),
        topology.networks().stream().map(Network::toString).toList());
    assertEquals(Optional.of("oam"), topology.defaultNetwork());
    assertEquals(List.of(SelfRule.ENV, SelfRule.HOSTNAME, SelfRule.ADDRESS), topology.self());
    assertEquals(Optional.of("./bench-b.d"), topology.exchange());
    assertEquals(
        List.of("magpie/0", "magpie/1", "magpie/2"),
        topology.entries().stream().map(entry -> entry.node().id().value()).toList());
    assertEquals(
        List.of(false, false, true),
        topology.entries().stream().map(Topology.Entry::departed).toList());
    Topology.Entry first = topology.entries().get(0);
    assertEquals(Optional.of("blade-01"), first.hostname());
    assertEquals(
        List.of(
            "192.0.2.11/25 of topology",
            "198.51.100.11/24 of topology",
            "2001:db8:0:a::11/64 of topology",
            "blade-01 of hostname"),
        candidates(first.node()));
    assertEquals("defaults.network oam", first.node().rule());
    assertEquals(Map.of("rack", "b"), first.node().labels());
    assertEquals(Map.of("iperf-port", "5001"), first.node().settings());
  }

  @Test
  void fillsInWhatTheSmallestTopologyLeavesOut() {
    Topology topology = good("smallest");

    assertEquals("bench", topology.application());
    assertEquals(List.of(), topology.networks());
    assertEquals(Optional.empty(), topology.defaultNetwork());
    assertEquals(List.of(SelfRule.values()), topology.self());
    assertEquals(Optional.empty(), topology.exchange());
    assertEquals(List.of(), topology.entries());
  }

  @Test
  void readsSectionsInAnyOrderAndKeepsNodesInTheirs() {
    List<PeerNode> nodes =
        good("sections-in-any-order").entries().stream().map(Topology.Entry::node).toList();

    assertEquals(
        List.of("blade-02", "blade-10", "blade-01"),
        nodes.stream().map(node -> node.id().value()).toList());
    assertEquals(
        List.of(
            "192.0.2.12 by defaults.network oam",
            "198.51.100.20 by first address",
            "192.0.2.11 by defaults.network oam"),
        nodes.stream()
            .map(n -> n.address().map(PeerAddress::text).orElse("") + " by " + n.rule())
            .toList());
    assertEquals(Map.of("rack", "a", "room", "1"), nodes.get(0).labels());
    assertEquals(Map.of("port", "6000", "window", "1_000"), nodes.get(2).settings());
    assertEquals(List.of(SelfRule.ADDRESS), good("sections-in-any-order").self());
  }

  @Test
  void keepsTheWrittenTextOfValues() {
    Map<String, String> expected = new TreeMap<>();
    expected.put("thousand", "1_000");
    expected.put("hex", "0x1F");
    expected.put("octal", "0o17");
    expected.put("zeros", "007");
    expected.put("boolean", "yes");
    expected.put("true", "true");
    expected.put("date", "2001-01-01");
    expected.put("time", "12:30:45");
    expected.put("version", "1.10");
    expected.put("big", "123456789012345678901234567890");
    expected.put("infinity", ".inf");
    expected.put("quoted", " 5 ");
    expected.put("single", "it's");
    expected.put("escaped", "\u00e9\t\ud83d\ude00\n");
    expected.put("json", "{\"a\": [1, null]}");
    expected.put("tilde", "~");
    expected.put("nothing", "null");
    expected.put("url", "http://192.0.2.1:8080/x#y");
    expected.put("literal", "line 1\n  line 2\n");
    expected.put("folded", "one line");
    expected.put("plain", "two lines");
    expected.put("\u00fcml\u00e4ut", "gr\u00fcn");

    assertEquals(expected, good("values-as-written").entries().get(0).node().settings());
  }

  @Test
  void knowsSuspectsAndTheDepartedAndNodesWithAHostNameAlone() {
    List<Topology.Entry> entries = good("addresses").entries();

    assertTrue(entries.get(2).departed());
    assertTrue(entries.get(3).node().suspect());
    assertEquals(List.of("leaf-5.example.org of hostname"), candidates(entries.get(4).node()));
    assertEquals("7", entries.get(5).node().id().value());
  }

  @Test
  void sharesEqualLabelsAndSettingsBetweenNodes() {
    List<Topology.Entry> entries =
        topology(
                HEAD
                    + "defaults: { labels: { rack: a } }\n"
                    + "nodes:\n"
                    + "  a: { hostname: a, labels: { role: x }, settings: { port: 1 } }\n"
                    + "  b: { hostname: b, labels: { role: x }, settings: { port: 1 } }\n"
                    + "  c: { hostname: c }\n"
                    + "  d: { hostname: d }\n")
            .entries();

    assertSame(entries.get(0).node().labels(), entries.get(1).node().labels());
    assertSame(entries.get(0).node().settings(), entries.get(1).node().settings());
    assertSame(entries.get(2).node().labels(), entries.get(3).node().labels());
    assertEquals(Map.of("rack", "a", "role", "x"), entries.get(0).node().labels());
    assertEquals(Map.of("rack", "a"), entries.get(2).node().labels());
  }

  // ---- bytes ----

  @Test
  void toleratesAByteOrderMarkAndAnyLineEnds() {
    String content = HEAD + "nodes:\n  a: { addresses: [192.0.2.256] }\n";
    String expected =
        "bench.magpie.yaml:4:20: error [bad-address] expected an address such as 192.0.2.11/24,"
            + " found \"192.0.2.256\", no IP address: \"256\" is more than 255\n"
            + "  4 |   a: { addresses: [192.0.2.256] }\n"
            + "    |                    ^^^^^^^^^^^\n"
            + "  at nodes.a.addresses[0]; fix: correct the address\n";

    assertEquals(expected, said(content));
    assertEquals(expected, said("\ufeff" + content));
    assertEquals(expected, said(content.replace("\n", "\r\n")));
    assertEquals(expected, said(content.replace("\n", "\r")));
  }

  @Test
  void countsCharactersNotBytes() {
    assertEquals(
        "bench.magpie.yaml:3:25: error [unknown-key] expected one of hostname, addresses,"
            + " candidates, labels, settings, state, found the key \"\u00fc\ud83d\ude00\"\n"
            + "  3 | nodes: { \"a\": { x-\ud83d\ude00: \u00e9, \u00fc\ud83d\ude00: 1, hostname: a } }\n"
            + "    |                         ^^\n"
            + "  at nodes.a.\u00fc\ud83d\ude00; fix: remove it, or let its name begin with \"x-\" to"
            + " keep it as a note\n",
        said(
            HEAD
                + "nodes: { \"a\": { x-\ud83d\ude00: \u00e9,"
                + " \u00fc\ud83d\ude00: 1, hostname: a } }\n"));
  }

  @Test
  void pointsAtTheBytesThatAreNotUtf8AndGoesOn() {
    String content = HEAD + "x-note: caf\u00e9\nnodes: { a: { hostname: gr\u00fcn, state: up } }\n";

    assertEquals(
        "bench.magpie.yaml:3:12: error [not-utf8] expected UTF-8, found the byte 0xe9\n"
            + "  3 | x-note: caf\ufffd\n"
            + "    |            ^\n"
            + "  fix: save the file as UTF-8\n"
            + "bench.magpie.yaml:4:27: error [not-utf8] expected UTF-8, found the byte 0xfc\n"
            + "  4 | nodes: { a: { hostname: gr\ufffdn, state: up } }\n"
            + "    |                           ^\n"
            + "  fix: save the file as UTF-8\n",
        said(content.getBytes(ISO_8859_1)));
  }

  @Test
  void refusesOverlongFormsAndHalvesOfCharacters() {
    for (byte[] bad :
        new byte[][] {
          {(byte) 0xc0, (byte) 0xaf},
          {(byte) 0xe0, (byte) 0x80, (byte) 0x80},
          {(byte) 0xed, (byte) 0xa0, (byte) 0x80},
          {(byte) 0xf0, (byte) 0x80, (byte) 0x80, (byte) 0x80},
          {(byte) 0xf4, (byte) 0x90, (byte) 0x80, (byte) 0x80},
          {(byte) 0xf8},
          {(byte) 0xe2, (byte) 0x82},
        }) {
      ByteArrayOutputStream content = new ByteArrayOutputStream();
      content.writeBytes((HEAD + "nodes: {}\n# ").getBytes(UTF_8));
      content.writeBytes(bad);
      TopologyReader.Outcome outcome = TopologyReader.read(content.toByteArray(), "x");

      assertEquals("not-utf8", outcome.problems().get(0).code());
      assertEquals("x:4:3", outcome.problems().get(0).location());
    }
  }

  @Test
  void namesUtf16() {
    byte[] content = ("\ufeff" + HEAD + "nodes: {}\n").getBytes(UTF_16BE);

    assertEquals(
        "bench.magpie.yaml:1:1: error [not-utf8] expected UTF-8, found UTF-16",
        said(content).lines().findFirst().orElse(""));
    assertEquals(1, TopologyReader.read(content, "x").problems().size());
  }

  @Test
  void refusesControlCharacters() {
    assertEquals(
        "bench.magpie.yaml:3:13: error [control-character] expected text, found the character"
            + " U+0000, which YAML does not allow\n"
            + "  3 | exchange: ./\\u0000b\n"
            + "    |             ^^^^^^\n"
            + "  fix: delete it, or write it as an escape in double quotes, such as"
            + " \"\\u0007\"\n"
            + "bench.magpie.yaml:4:3: error [control-character] expected text, found the character"
            + " U+007F, which YAML does not allow\n"
            + "  4 | # \\u007f\n"
            + "    |   ^^^^^^\n"
            + "  fix: delete it, or write it as an escape in double quotes, such as"
            + " \"\\u0007\"\n",
        said(HEAD + "exchange: ./\0b\n# \u007f\nnodes: {}\n"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "\n", "# nothing yet\n", "---\n", "~\n", "\ufeff", "%YAML 1.2\n---\n"})
  void saysThatAnEmptyFileIsEmpty(String content) {
    assertEquals(
        "bench.magpie.yaml: error [empty] expected a topology, found an empty file\n"
            + "  fix: begin with \"version: 1\", \"name: NAME\" and \"nodes:\"\n",
        said(content));
  }

  // ---- size ----

  @Test
  void refusesALineThatIsTooLong() {
    assertEquals(
        "bench.magpie.yaml:3:1: error [too-large] expected lines of at most 1048576 characters,"
            + " found a longer one\n"
            + "  fix: break the line, or put large values elsewhere and refer to them\n",
        said(HEAD + "exchange: " + "x".repeat(TopologyReader.LONGEST_FILE - 100)));
  }

  @Test
  void refusesAValueThatIsTooLong() {
    String line = "  " + "x".repeat(1000) + "\n";
    assertEquals(
        "bench.magpie.yaml:4:13: error [too-large] expected a value of at most 1048576"
            + " characters, found one of 10010000\n"
            + "  4 | x-note:     |\n"
            + "    |             ^\n"
            + "  fix: put large values elsewhere and refer to them\n",
        said(HEAD + "nodes: {}\nx-note:     |\n" + line.repeat(10_000)));
  }

  @Test
  void refusesAFileThatIsTooLarge() throws IOException {
    String expected =
        "bench.magpie.yaml: error [too-large] expected a topology of at most 67108864 bytes, found"
            + " a larger file\n"
            + "  fix: name a topology file; if it is one, split the bench\n";
    Path file = directory.resolve("large.magpie.yaml");
    try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
      sparse.setLength(1L << 40);
    }

    assertEquals(expected, saidOf(file));
    assertEquals(expected, said(new byte[TopologyReader.LONGEST_FILE + 1]));
  }

  @Test
  void tellsAThousandProblemsAndHowManyMoreThereAre() {
    StringBuilder content = new StringBuilder(HEAD + "nodes:\n");
    IntStream.range(0, 3000)
        .forEach(i -> content.append("  a").append(i).append(": { state: up, hostname: a }\n"));
    TopologyReader.Outcome outcome =
        TopologyReader.read(content.toString().getBytes(UTF_8), "bench.magpie.yaml");

    assertEquals(Problems.MOST + 1, outcome.problems().size());
    assertEquals(
        "bench.magpie.yaml: error [more-problems] expected to report every problem, found 2000 more"
            + " than these 1000\n"
            + "  fix: correct these first; often they have one cause",
        outcome.problems().get(Problems.MOST).toString());
  }

  @Test
  void quotesOnlyPartOfAVeryLongLine() {
    String content = "{ version: 1, name: bench, nodes: {" + " ".repeat(20_000) + "a: 1 } }";

    assertEquals(
        "bench.magpie.yaml:1:20039: error [wrong-type] expected a mapping with the keys of a node,"
            + " found the number 1\n"
            + "  at nodes.a; fix: write its keys below it, or {} for none\n",
        said(content));
  }

  // ---- files ----

  @Test
  void saysThatAFileIsMissing() throws IOException {
    Path link = Files.createSymbolicLink(directory.resolve("link"), Path.of("nowhere"));

    assertEquals(
        "bench.magpie.yaml: error [missing-file] expected a topology file, found none\n"
            + "  fix: correct the name, or create the file\n",
        saidOf(directory.resolve("none.magpie.yaml")));
    assertEquals(
        "bench.magpie.yaml: error [missing-file] expected a topology file, found a link to a file"
            + " that does not exist\n"
            + "  fix: correct the name, or create the file\n",
        saidOf(link));
  }

  @Test
  void refusesADirectory() {
    assertEquals(
        "bench.magpie.yaml: error [not-a-file] expected a topology file, found a directory\n"
            + "  fix: name the file in it, such as bench.magpie.yaml\n",
        saidOf(directory));
  }

  @Test
  void neverWaitsForAPipeOrADevice() throws Exception {
    Path pipe = directory.resolve("pipe");
    Process mkfifo = new ProcessBuilder("mkfifo", pipe.toString()).start();
    assertTrue(mkfifo.waitFor(60, TimeUnit.SECONDS));
    assertEquals(0, mkfifo.exitValue());
    String expected =
        "bench.magpie.yaml: error [not-a-file] expected a topology file, found a pipe, socket or"
            + " device\n"
            + "  fix: name a regular file\n";

    assertEquals(expected, saidOf(pipe));
    assertEquals(expected, saidOf(Path.of("/dev/zero")));
  }

  @Test
  void saysThatAFileIsUnreadable() throws IOException {
    Path file = Files.writeString(directory.resolve("secret.magpie.yaml"), HEAD);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("---------"));
    // The superuser may read that one, but nobody may read this.
    Path unreadable = Files.isReadable(file) ? Path.of("/proc/sys/vm/compact_memory") : file;

    assertEquals(
        "bench.magpie.yaml: error [unreadable] expected a topology file, found one that cannot be"
            + " read: access is denied\n"
            + "  fix: let the user that runs this program read the file\n",
        saidOf(unreadable));
  }

  @Test
  void saysWhyAFileCannotBeRead() throws IOException {
    Path loop = directory.resolve("loop");
    Files.createSymbolicLink(loop, loop);

    assertEquals(
        "bench.magpie.yaml: error [unreadable] expected a topology file, found one that cannot be"
            + " read: Too many levels of symbolic links or unable to access attributes of symbolic"
            + " link\n"
            + "  fix: let the user that runs this program read the file\n",
        saidOf(loop));
  }

  @Test
  void readsTheSameFromAFileAsFromBytes() throws IOException {
    for (Path file : Corpus.bad()) {
      assertEquals(
          TopologyReader.read(Files.readAllBytes(file), "x"), TopologyReader.read(file, "x"));
    }
  }

  @Test
  void keysOfOneHashCostNoMore() {
    StringBuilder text = new StringBuilder("version: 1\nname: bench\nnodes:\n");
    for (int node = 0; node < 40; node++) {
      text.append("  n").append(node).append(": { hostname: h, settings: {");
      for (int i = 0; i < 1 << 12; i++) {
        text.append(i == 0 ? " " : ", ");
        for (int bit = 0; bit < 12; bit++) {
          text.append((i >> bit & 1) == 0 ? "Aa" : "BB");
        }
        text.append(": ").append(node);
      }
      text.append(" } }\n");
    }
    byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);

    // Some seconds with linear probing for one node; minutes for all of them.
    TopologyReader.Outcome outcome =
        assertTimeoutPreemptively(
            Duration.ofSeconds(60), () -> TopologyReader.read(bytes, "bench"));

    assertEquals(List.of(), outcome.problems());
    assertEquals(
        1 << 12, outcome.topology().orElseThrow().entries().get(7).node().settings().size());
  }
}
