/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import magpie.peers.Cidr;
import magpie.peers.Network;
import magpie.peers.NodeFilter;
import magpie.peers.PeerAddress;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.SourceUnavailableException;
import magpie.peers.testkit.InMemoryPeers;
import magpie.peers.topology.Recording;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is recorded can be checked and replays as it was. */
class RecordingTest {
  @TempDir Path directory;

  private Path recorded(String text) {
    assertEquals(List.of(), Views.check(directory, text));
    return Views.file(directory, "recorded.magpie.yaml", text);
  }

  @Test
  void refusesWhatNoReaderWouldTake() throws IOException {
    PeerNode.Builder large = PeerNode.builder(PeerId.of("magpie/1"));
    for (int i = 0; i < 22; i++) {
      // Three bytes each, so that it is not the number of characters that is too large.
      large.setting("text-" + i, "\u20ac".repeat(1 << 20));
    }
    InMemoryPeers peers = InMemoryPeers.ofNode("magpie/0");
    peers.put(large.build());
    Path file = Files.writeString(directory.resolve("peers.magpie.yaml"), "as it was");
    try (PeerView view = peers.open()) {
      Recording recording = Recording.of(view);
      String message =
          assertThrows(SourceUnavailableException.class, () -> recording.write(file)).getMessage();
      assertTrue(
          message.matches(
              "expected a recorded topology of at most 67108864 bytes, which is as much as can be"
                  + " read again, found 69\\d{6} bytes for 2 nodes; nothing was written\\. Divide the"
                  + " peer set, or keep large settings elsewhere"),
          message);
    }
    assertEquals("as it was", Files.readString(file));
  }

  @Test
  void writesEverythingThatABenchSays() {
    Path bench =
        Views.file(
            directory,
            "bench.magpie.yaml",
            """
            version: 1
            name: bench-b
            application: magpie
            networks:
              oam: { cidrs: [192.0.2.0/25, "2001:db8:0:a::/64"] }
              storage: { cidrs: [198.51.100.0/24] }
            defaults:
              network: storage
              labels: { rack: b }
            nodes:
              magpie/0: { addresses: [192.0.2.11/25], settings: { a: "1\\n2 é 😀 \\u2028" } }
              magpie/1:
                hostname: blade-02
                addresses: [192.0.2.12/25, 198.51.100.12/24, "2001:db8:0:a::12/64"]
              magpie/2: { hostname: blade-03, state: suspect }
              magpie/3: { addresses: [192.0.2.14], state: departed }
            """);
    try (PeerView view = Views.as(bench, "magpie/0")) {
      Recording recording = Recording.of(view);
      assertEquals(
          """
          # A recorded peer set. To see what magpie/0 saw:
          # magpie-peers nodes --topology FILE --as magpie/0
          version: 1
          name: "magpie"
          application: "magpie"
          networks:
            "oam":
              cidrs:
                - "192.0.2.0/25"
                - "2001:db8:0:a::/64"
            "storage":
              cidrs:
                - "198.51.100.0/24"
          defaults:
            network: "storage"
          nodes:
            "magpie/0":
              addresses:
                - "192.0.2.11/25"
              labels:
                "rack": "b"
              settings:
                "a": "1\\n2 é 😀 \\u2028"
            "magpie/1":
              addresses:
                - "192.0.2.12/25"
                - "198.51.100.12/24"
                - "2001:db8:0:a::12/64"
              hostname: "blade-02"
              labels:
                "rack": "b"
            "magpie/2":
              hostname: "blade-03"
              labels:
                "rack": "b"
              state: suspect
          """,
          recording.text());
      assertEquals(List.of(), recording.omitted());
      assertTrue(recording.name("bench-b").text().contains("\nname: \"bench-b\"\n"));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {3, 100, 1000})
  void replaysABenchAsItWasForEveryNode(int nodes) {
    Path bench = Views.file(directory, "bench.magpie.yaml", Views.bench(nodes));
    String text;
    List<PeerNode> live;
    try (PeerView view = Views.as(bench, "magpie/1")) {
      text = Recording.of(view).text();
      live = view.nodes();
    }
    assertEquals(nodes - 1, live.size());
    Path recorded = recorded(text);
    try (PeerView replay = Views.as(recorded, "magpie/1")) {
      assertEquals(live, replay.nodes());
      assertEquals(text, Recording.of(replay).text());
    }
    try (PeerView other = Views.as(recorded, "magpie/2");
        PeerView original = Views.as(bench, "magpie/2")) {
      assertEquals(original.snapshot().nodes(), other.snapshot().nodes());
    }
  }

  @Test
  void keepsSourcesOrderHostNamesAndSharedAddresses() {
    List<PeerNode> nodes =
        List.of(
            Views.node("magpie/1")
                .address("node-1.maas", "ingress-address")
                .address("10.0.0.11/24", "magpie-addresses")
                .address("10.0.0.1", "private-address")
                .build(),
            Views.node("magpie/2")
                .address("10.0.0.1", "private-address")
                .address("fe80::1%eth0", "iperf_addresses")
                .address("blade.example", "a")
                .address("blade.example", "b")
                .build(),
            Views.node("magpie/10").address("hostname", "hostname").build(),
            Views.node("magpie/11").build());
    String text;
    try (PeerView view = Views.of(Optional.of(PeerId.of("magpie/0")), nodes, List.of())) {
      text = Recording.of(view).text();
    }
    assertTrue(text.contains("\"net-10.0.0.0-24\""), text);
    Path file = Views.file(directory, "recorded.magpie.yaml", text);
    try (PeerView replay = Views.as(file, "magpie/0")) {
      assertEquals(shapes(nodes), shapes(replay.nodes()));
      assertEquals(
          List.of("magpie/1 at 10.0.0.11", "magpie/2 at 10.0.0.1"),
          replay.nodes(NodeFilter.inNetwork("net-10.0.0.0-24")).stream()
              .map(PeerNode::toString)
              .toList());
    }
  }

  /** All that programs see of nodes but the networks, which a recording may have derived. */
  static List<String> shapes(List<PeerNode> nodes) {
    return nodes.stream()
        .map(
            node ->
                node.id()
                    + " "
                    + node.address()
                    + node.addresses().stream().map(c -> c + " " + c.source()).toList()
                    + node.settings()
                    + node.labels()
                    + node.suspect())
        .toList();
  }

  @Test
  void derivesNetworksFromPrefixesAndElseTheUsualOnes() {
    List<PeerNode> nodes =
        List.of(
            Views.node("a").address("10.0.0.5/25", "x").address("10.0.0.200", "x").build(),
            Views.node("b").address("10.0.0.6/26", "x").address("10.9.0.1/32", "x").build(),
            Views.node("c").address("2001:db8::1", "x").address("192.0.2.1", "x").build());
    List<Network> declared = List.of(new Network("lan", List.of(Cidr.parse("192.0.2.0/28"))));
    try (PeerView view = Views.of(Optional.empty(), nodes, declared)) {
      String text = Recording.of(view).text();
      assertEquals(
          """
          networks:
            "lan":
              cidrs:
                - "192.0.2.0/28"
            "net-10.0.0.0-25":
              cidrs:
                - "10.0.0.0/25"
            "net-10.0.0.128-25":
              cidrs:
                - "10.0.0.128/25"
            "net-10.9.0.0-24":
              cidrs:
                - "10.9.0.0/24"
            "net-2001-db8---64":
              cidrs:
                - "2001:db8::/64"
          """,
          text.substring(text.indexOf("networks:"), text.indexOf("nodes:")));
    }
  }

  @Test
  void namesWhatATopologyCannotHold() {
    List<Network> overlapping =
        List.of(
            new Network("wide", List.of(Cidr.parse("10.0.0.0/8"))),
            new Network("narrow", List.of(Cidr.parse("10.1.0.0/16"))));
    PeerNode node =
        Views.node("a")
            .address("", "x")
            .setting("a=b", "1")
            .setting("", "1")
            .setting("half", "\ud800")
            .setting("large", "x".repeat((1 << 20) + 1))
            .setting("x", "")
            .setting("y", "2")
            .build();
    try (PeerView view = Views.of(Optional.empty(), List.of(node), overlapping)) {
      Recording recording = Recording.of(view);
      assertEquals(
          List.of(
              "network narrow: 10.1.0.0/16 overlaps 10.0.0.0/8 and is left out; networks of a"
                  + " topology share no address",
              "a: address \"\" left out: a text of a topology is not empty",
              "a: settings \"\" left out: a key of a topology has 1 to 253 characters, none of them"
                  + " '=' or a control character",
              "a: settings \"a=b\" left out: a key of a topology has 1 to 253 characters, none of"
                  + " them '=' or a control character",
              "a: settings \"half\" left out: a text of a topology has whole characters, this has"
                  + " half of a surrogate pair",
              "a: settings \"large\" left out: a text of a topology has at most 1048576"
                  + " characters",
              "a: settings \"x\" left out: a text of a topology is not empty"),
          recording.omitted());
      assertTrue(recording.text().endsWith("    settings:\n      \"y\": \"2\"\n"));
    }
  }

  @Test
  void keepsAnyTextThatCanBePublished() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    PeerNode.Builder node = Views.node("a").address("10.0.0.1/24", "topology");
    node.setting("long", "  x é😀\n".repeat(110_000));
    node.setting("\u200b\ufeff".repeat(126), "a key of 253 characters, each of which is escaped");
    node.setting("characters", "\ud83d\ude00 \ufffe \uffff \u0000 \u0085 \u2029");
    for (String word :
        List.of("", "~", "null", "true", "1_000", "- a", "a: b", "# a", "\"", "\\")) {
      node.setting("like " + word, "x" + word).setting("blank " + word, " " + word + " ");
    }
    for (int i = 0; i < 300; i++) {
      StringBuilder text = new StringBuilder();
      int length = 1 + random.nextInt(40);
      while (text.length() < length) {
        text.append(character(random));
      }
      node.setting("random" + i, text.toString());
    }
    PeerNode made = node.build();
    String text;
    try (PeerView view = Views.of(Optional.empty(), List.of(made), List.of())) {
      text = Recording.of(view).text();
      assertEquals(List.of(), Recording.of(view).omitted());
    }
    try (PeerView replay = Views.observer(recorded(text))) {
      replay
          .nodes()
          .get(0)
          .settings()
          .forEach(
              (key, value) ->
                  assertEquals(made.settings().get(key), value, () -> key + ", seed " + seed));
      assertEquals(made.settings().keySet(), replay.nodes().get(0).settings().keySet());
    }
  }

  @Test
  void letsTheAddressThatCountsComeFirstWhereNoNetworkExplainsIt() {
    PeerAddress second = PeerAddress.of("10.0.0.2/24", "x");
    PeerNode node =
        Views.node("a")
            .addresses(List.of(PeerAddress.of("10.0.0.1/24", "x"), second))
            .selected(second, "chosen")
            .build();
    try (PeerView view = Views.of(Optional.empty(), List.of(node), List.of())) {
      try (PeerView replay = Views.observer(recorded(Recording.of(view).text()))) {
        assertEquals("10.0.0.2", replay.nodes().get(0).address().orElseThrow().text());
      }
    }
  }

  /** Any character that is one, often an odd one; half of a surrogate pair is none. */
  private static String character(Random random) {
    int c = random.nextBoolean() ? random.nextInt(0x10000) : random.nextInt(0x80);
    return Character.toString(c >= 0xd800 && c < 0xe000 ? 0x1f600 + random.nextInt(80) : c);
  }

  // ---- masks ----

  private static final String SECRETS =
      """
      version: 1
      name: bench
      networks:
        oam: { cidrs: [10.20.0.0/16, "fd00:10::/64"] }
        storage: { cidrs: [172.16.5.0/24] }
        point: { cidrs: [172.16.6.4/30] }
      defaults:
        network: storage
      nodes:
        magpie/0:
          addresses: [10.20.3.11/16, 172.16.5.11/24, "fd00:10::21e:67ff:fe01:203/64"]
          hostname: node-0.corp.example.com
          settings:
            peer: "tcp:10.20.3.12:5001,[fd00:10::12]:5001 ::ffff:172.16.5.12 via 10.99.1.1/24"
            lists: '["10.20.3.11","127.0.0.1"] mask 255.255.255.0 net 10.20.0.0/16'
            url: "http://node-1.corp.example.com:80/10.20.3.11"
            token: hunter2
            not: "1.2.3 10.20.3.256 12:30:45 02:00:00:00:00:01 node-1 10.20.3.111"
          labels: { gateway: 10.20.0.1 }
        magpie/1:
          addresses: [10.20.3.12/16, 172.16.5.12/24, "fd00:10::12/64", 172.16.6.5/30]
          hostname: node-1.corp.example.com
        magpie/2: { addresses: [172.16.5.13/24, 172.16.6.6/30] }
        10.20.3.14: { addresses: [10.20.3.14/16] }
      """;

  @Test
  void masksAddressesTheSameWayEverywhere() {
    Path bench = Views.file(directory, "bench.magpie.yaml", SECRETS);
    try (PeerView view = Views.as(bench, "magpie/0")) {
      Recording recording = Recording.of(view).maskAddresses().maskSettings("tok*");
      String text = recording.text();
      assertEquals(
          """
          # A recorded peer set. To see what magpie/0 saw:
          # magpie-peers nodes --topology FILE --as magpie/0
          version: 1
          name: "magpie"
          application: "magpie"
          networks:
            "oam":
              cidrs:
                - "192.0.2.0/24"
                - "2001:db8::/64"
            "storage":
              cidrs:
                - "203.0.113.0/24"
            "point":
              cidrs:
                - "198.18.0.0/30"
          defaults:
            network: "storage"
          nodes:
            "192.0.2.4":
              addresses:
                - "192.0.2.4/24"
            "magpie/0":
              addresses:
                - "192.0.2.2/24"
                - "203.0.113.11/24"
                - "2001:db8::2/64"
              hostname: "host-1.example"
              labels:
                "gateway": "192.0.2.1"
              settings:
                "lists": "[\\"192.0.2.2\\",\\"127.0.0.1\\"] mask 255.255.255.0 net 192.0.2.0/24"
                "not": "1.2.3 10.20.3.256 12:30:45 02:00:00:00:00:01 node-1 192.0.2.5"
                "peer": "tcp:192.0.2.3:5001,[2001:db8::1]:5001 ::ffff:203.0.113.12 via 198.51.100.1/24"
                "token": "masked"
                "url": "http://host-2.example:80/192.0.2.2"
            "magpie/1":
              addresses:
                - "192.0.2.3/24"
                - "203.0.113.12/24"
                - "2001:db8::1/64"
                - "198.18.0.1/30"
              hostname: "host-2.example"
            "magpie/2":
              addresses:
                - "203.0.113.13/24"
                - "198.18.0.2/30"
          """,
          text);
      assertEquals(text, recording.text());
      recorded(text);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {3, 100, 1000})
  void keepsTheStructureOfMaskedPeers(int nodes) {
    Path bench = Views.file(directory, "bench.magpie.yaml", Views.bench(nodes));
    List<PeerNode> live;
    String text;
    try (PeerView view = Views.observer(bench)) {
      live = view.nodes();
      text = Recording.of(view).maskAddresses().text();
    }
    assertFalse(text.matches("(?s).*\\b10\\.[01]\\..*"), text);
    try (PeerView replay = Views.observer(recorded(text))) {
      assertEquals(structure(live), structure(replay.nodes()));
    }
  }

  /** Who is in which network with how many addresses, and which of them counts. */
  private static List<String> structure(List<PeerNode> nodes) {
    return nodes.stream()
        .map(
            node ->
                node.id()
                    + " "
                    + node.address().flatMap(PeerAddress::network)
                    + node.addresses().stream().map(PeerAddress::network).toList()
                    + node.addresses().indexOf(node.address().orElse(null))
                    + node.settings()
                    + node.labels())
        .toList();
  }

  @Test
  void masksMoreNetworksThanThereAreForDocumentation() {
    List<PeerNode> nodes = new ArrayList<>();
    for (int i = 0; i < 900; i++) {
      nodes.add(
          Views.node("n" + i)
              .address("10." + (i / 250) + "." + (i % 250) + ".7/24", "topology")
              .address("fd00:0:0:" + Integer.toHexString(i) + "::7/64", "topology")
              .build());
    }
    try (PeerView view = Views.of(Optional.empty(), nodes, List.of())) {
      String text = Recording.of(view).maskAddresses().text();
      try (PeerView replay = Views.observer(recorded(text))) {
        Set<String> networks = new TreeSet<>();
        replay
            .nodes()
            .forEach(n -> n.addresses().forEach(c -> networks.add(c.subnet().toString())));
        assertEquals(1800, networks.size());
        assertEquals("192.0.2.7", replay.nodes().get(0).address().orElseThrow().text());
        assertEquals("240.1.128.7", replay.nodes().get(899).address().orElseThrow().text());
      }
    }
  }

  // ---- files ----

  private Recording some(String id) {
    try (PeerView view = Views.of(Optional.empty(), List.of(Views.node(id).build()), List.of())) {
      return Recording.of(view);
    }
  }

  @Test
  void writesOnlyWhatIsNew() throws IOException {
    Path file = directory.resolve("peers.magpie.yaml");
    assertTrue(some("a").write(file));
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
    assertFalse(some("a").write(file));
    assertTrue(some("b").write(file));
    assertEquals(some("b").text(), Files.readString(file));
    assertEquals("rw-r-----", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
    assertEquals(List.of("peers.magpie.yaml"), names());
  }

  /** As where hooks record as root and a service reads. */
  @Test
  void keepsTheOwnerAndTheGroupOfTheFile() throws IOException {
    Path file = directory.resolve("peers.magpie.yaml");
    assertTrue(some("a").write(file));
    assumeTrue(
        Integer.valueOf(0).equals(Files.getAttribute(file, "unix:uid")),
        "only root gives files to other users");
    Files.setAttribute(file, "unix:uid", 1234);
    Files.setAttribute(file, "unix:gid", 5678);
    assertTrue(some("b").write(file));
    assertEquals(Map.of("uid", 1234, "gid", 5678), Files.readAttributes(file, "unix:uid,gid"));
    assertEquals(some("b").text(), Files.readString(file));
  }

  @Test
  void followsLinks() throws IOException {
    Path real = Files.createDirectory(directory.resolve("real")).resolve("peers.magpie.yaml");
    Files.writeString(real, "old");
    Path link = Files.createSymbolicLink(directory.resolve("link"), real);
    assertTrue(some("a").write(link));
    assertTrue(Files.isSymbolicLink(link));
    assertEquals(some("a").text(), Files.readString(real));
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(f -> f.getFileName().toString()).sorted().collect(Collectors.toList());
    }
  }

  @Test
  void saysWhyAFileCannotBeWritten() {
    Path missing = directory.resolve("none/peers.magpie.yaml");
    assertEquals(
        "expected to write \""
            + missing
            + "\", found that it cannot be written: its directory does not exist; it is as it was:"
            + " create the directory or choose another file",
        assertThrows(SourceUnavailableException.class, () -> some("a").write(missing))
            .getMessage());
    assertEquals(
        "expected to write \""
            + directory
            + "\", found that it cannot be written: it is a directory; it is as it was: name a"
            + " file in it or choose another file",
        assertThrows(SourceUnavailableException.class, () -> some("a").write(directory))
            .getMessage());
  }

  @Test
  void putsNoFileInThePlaceOfADeviceOrAPipe() throws Exception {
    Path pipe = directory.resolve("pipe");
    assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
    Path link = Files.createSymbolicLink(directory.resolve("link"), pipe);
    for (Path file : List.of(pipe, link)) {
      assertEquals(
          "expected to write \""
              + file
              + "\", found that it cannot be written: it is a pipe, socket or device; it is as it"
              + " was: remove it or choose another file",
          assertThrows(SourceUnavailableException.class, () -> some("a").write(file)).getMessage());
    }
    assertTrue(Files.readAttributes(pipe, BasicFileAttributes.class).isOther());
  }

  @Test
  void showsReadersTheOldFileOrTheNew() throws Exception {
    Path file = directory.resolve("peers.magpie.yaml");
    Recording one = some("one-" + "x".repeat(200));
    Recording other = some("other");
    one.write(file);
    Set<String> known = Set.of(one.text(), other.text());
    AtomicBoolean done = new AtomicBoolean();
    AtomicReference<String> odd = new AtomicReference<>();
    Thread reader =
        new Thread(
            () -> {
              while (!done.get()) {
                try {
                  String text = Files.readString(file);
                  if (!known.contains(text)) {
                    odd.set(text);
                  }
                } catch (IOException e) {
                  odd.set(e.toString());
                }
              }
            });
    reader.start();
    try {
      for (int i = 0; i < 200; i++) {
        (i % 2 == 0 ? other : one).write(file);
      }
    } finally {
      done.set(true);
      reader.join();
    }
    assertEquals(null, odd.get());
  }

  @Test
  void refusesANameThatNoBenchCanHave() {
    assertEquals(
        "expected a name (1 to 63 ASCII letters, digits, '.', '-', '_', beginning with a letter),"
            + " found \"7 of 9\"",
        assertThrows(IllegalArgumentException.class, () -> some("a").name("7 of 9")).getMessage());
  }
}
