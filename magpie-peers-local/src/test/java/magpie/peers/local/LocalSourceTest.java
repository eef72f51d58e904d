/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import magpie.peers.ConfigurationException;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.PeersException;
import magpie.peers.SourceUnavailableException;
import magpie.peers.spi.Reading;
import magpie.peers.topology.MalformedTopologyException;
import magpie.peers.topology.TopologyReader;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalSourceTest {
  @TempDir Path directory;
  private Bench bench;

  @BeforeEach
  void makeBench() {
    bench = new Bench(directory).write(Bench.nodes(0, 1, 2));
  }

  private static String message(Class<? extends PeersException> type, LocalSource source) {
    return assertThrows(type, source::read).getMessage();
  }

  @Test
  void aPathBehindALinkIsWhereTheSystemFindsIt() throws IOException {
    Path elsewhere = Files.createDirectories(directory.resolve("elsewhere/deep"));
    Path here = Files.createDirectories(directory.resolve("here"));
    Files.createSymbolicLink(here.resolve("link"), elsewhere);
    Bench plain = new Bench(here).write(Bench.exchanging("ex", 0, 1));
    Bench behind = new Bench(here, "link/../bench.magpie.yaml");
    new Bench(directory.resolve("elsewhere")).write(Bench.exchanging("ex", 0, 1, 2));
    plain.options.put("state", directory.resolve("state").toString());
    behind.options.put("state", directory.resolve("state").toString());

    try (LocalSource one = plain.open();
        LocalSource other = behind.open()) {
      assertEquals(List.of(0, 1), Bench.numbers(one));
      assertEquals(List.of(0, 1, 2), Bench.numbers(other));
      assertNotEquals(one.state().origin(), other.state().origin());
      other.publish(Map.of("k", "v"));
      assertTrue(Files.exists(directory.resolve("elsewhere/ex/magpie+0.json")));
      assertFalse(Files.exists(here.resolve("ex")));
    }
  }

  @Test
  void readsWhoIsThere() {
    bench.write(
        """
        version: 1
        name: bench-b
        networks:
          oam: { cidrs: [192.0.2.0/24] }
        nodes:
          magpie/0: { hostname: blade-0, addresses: [192.0.2.10/24] }
          magpie/1: { addresses: [192.0.2.11/24], labels: { rack: b }, settings: { port: 5001 } }
          magpie/2: { addresses: [192.0.2.12/24], state: departed }
        """);
    try (LocalSource source = bench.open()) {
      Reading reading = source.read();
      assertEquals(List.of(0, 1), Bench.numbers(source));
      assertEquals("bench.magpie.yaml", reading.origin());
      assertEquals(List.of(), reading.warnings());
      assertEquals(
          List.of("oam (192.0.2.0/24)"),
          reading.networks().stream().map(Object::toString).toList());
      PeerNode node = reading.nodes(List.of(PeerId.of("magpie/1"))).iterator().next();
      assertEquals("magpie/1 at 192.0.2.11", node.toString());
      assertEquals(Map.of("rack", "b"), node.labels());
      assertEquals(Map.of("port", "5001"), node.settings());
      assertEquals(List.of(), List.copyOf(reading.nodes(List.of(PeerId.of("magpie/2")))));
      assertFalse(source.remembersDeparted());
    }
  }

  @Test
  void returnsTheSameReadingForTheSameNodes() throws IOException {
    try (LocalSource source = bench.open()) {
      Reading reading = source.read();
      assertSame(reading, source.read());
      bench.rename(Bench.nodes(0, 1, 2));
      assertSame(reading, source.read());
      bench.write("# edited\n" + Bench.nodes(0, 1, 2));
      assertSame(reading, source.read());
      bench.write(Bench.nodes(0, 1));
      assertNotSame(reading, source.read());
    }
  }

  @Test
  void passesOnWhatTheFileWarnsOf() {
    bench.write(Bench.nodes(0) + "  magpie/7: { labels: { rack: b } }\n");
    try (LocalSource source = bench.open()) {
      List<String> expected =
          TopologyReader.read(bench.file, "bench.magpie.yaml").problems().stream()
              .map(Object::toString)
              .toList();
      assertFalse(expected.isEmpty());
      assertEquals(expected, source.read().warnings());
    }
  }

  @Test
  void failsWhileTheFileIsBrokenAndHeals() throws IOException {
    try (LocalSource source = bench.open()) {
      Reading good = source.read();
      bench.write(Bench.nodes(0, 1).replace("bench-b", "[]"));
      String first = message(MalformedTopologyException.class, source);
      assertTrue(first.startsWith("bench.magpie.yaml:2:7: error [wrong-type] "), first);
      assertEquals(first, message(MalformedTopologyException.class, source));
      Files.delete(bench.file);
      String gone = message(SourceUnavailableException.class, source);
      assertTrue(gone.startsWith("bench.magpie.yaml: error [missing-file] "), gone);
      bench.write(Bench.nodes(0, 1, 2));
      assertSame(good, source.read());
    }
  }

  @Test
  void failsWhereThePeerSetIsAnother() {
    bench.options.put("peer-set", "bench-a");
    try (LocalSource source = bench.open()) {
      assertEquals(
          "option peer-set: expected the topology of peer set \"bench-a\", found \"bench-b\" in"
              + " \"bench.magpie.yaml\"; choose its file with"
              + " -Dmagpie.peers.bench-a.topology=FILE or MAGPIE_PEERS_BENCH_A_TOPOLOGY=FILE, or"
              + " leave the option peer-set out",
          message(ConfigurationException.class, source));
      bench.write(Bench.nodes(0, 1).replace("bench-b", "bench-a"));
      assertEquals(List.of(0, 1), Bench.numbers(source));
    }
  }

  @Test
  void remainsTheNodeThatItIs() {
    try (LocalSource source = bench.open()) {
      Reading reading = source.read();
      bench.write(Bench.nodes(0, 1, 2).replace("blade-0", "blade-x").replace("blade-1", "blade-0"));
      assertEquals(
          "expected this machine to remain magpie/0, found that \"bench.magpie.yaml\" now makes it"
              + " magpie/1; correct the file, or start the program again to go on as the other"
              + " node",
          message(ConfigurationException.class, source));
      bench.write(Bench.nodes(0, 1, 2));
      assertSame(reading, source.read());
    }
  }

  @Test
  void keepsNoticesUnderTheTopologyAndTheNode() throws IOException {
    Path state = directory.resolve("state");
    try (LocalSource source = bench.open()) {
      String origin = source.state().origin();
      assertTrue(
          origin.matches("\\Q" + state + "\\E/bench-b-[0-9a-f]{8}-magpie-0\\.state"), origin);
      assertSame(source.state(), source.state());
      assertFalse(Files.exists(state), "nothing is touched before it is needed");
      source.state().update(before -> before + "x");
      assertEquals("x", Files.readString(Path.of(origin)));
      try (LocalSource again = bench.open()) {
        assertEquals(origin, again.state().origin());
        assertEquals("x", again.state().load());
      }
      bench.options.put("self", "magpie/1");
      assertNotEquals(origin, origin());
      bench.options.remove("self");
      bench.options.put("observer", "true");
      assertTrue(origin().endsWith("-observer.state"), origin());
    }
  }

  @Test
  void tellsIdsApartThatReadAlikeInTheNameOfTheState() {
    bench.write(
        """
        version: 1
        name: bench-b
        nodes:
          a/b: { hostname: x }
          a-b: { hostname: y }
          observer: { hostname: z }
        """);
    bench.options.put("self", "a/b");
    String slash = origin();
    bench.options.put("self", "a-b");
    assertNotEquals(slash, origin());
    bench.options.put("self", "observer");
    String node = origin();
    bench.options.remove("self");
    bench.options.put("observer", "true");
    assertNotEquals(node, origin());
  }

  @Test
  void keepsNoticesAcrossTheSwapOfALink() throws IOException {
    Path one = Files.move(bench.file, directory.resolve("one.yaml"));
    Path two = Files.writeString(directory.resolve("two.yaml"), Bench.nodes(0, 1));
    Files.createSymbolicLink(bench.file, one);
    String before = origin();
    Path fresh = Files.createSymbolicLink(directory.resolve("fresh"), two);
    Files.move(fresh, bench.file, StandardCopyOption.ATOMIC_MOVE);
    assertEquals(before, origin());
  }

  private String origin() {
    try (LocalSource source = bench.open()) {
      return source.state().origin();
    }
  }

  @Test
  void refusesToPublishAsAnObserver() {
    bench.options.put("observer", "true");
    bench.write(Bench.exchanging("ex", 0, 1));
    try (LocalSource source = bench.open()) {
      assertEquals(List.of(0, 1), Bench.numbers(source));
      assertEquals(Map.of(), source.published());
      assertEquals(
          "expected a node of \"bench.magpie.yaml\" to publish as, found an observer; leave"
              + " option observer out, and name the node with -Dmagpie.peers.self=ID or"
              + " MAGPIE_PEERS_SELF=ID",
          assertThrows(ConfigurationException.class, () -> source.publish(Map.of("k", "v")))
              .getMessage());
      assertFalse(Files.exists(directory.resolve("ex")));
    }
  }

  @Test
  void refusesToPublishWithoutAnExchangeDirectory() {
    try (LocalSource source = bench.open()) {
      assertEquals(Map.of(), source.published());
      assertEquals(
          "expected an exchange directory in \"bench.magpie.yaml\" to publish in, found none; add"
              + " \"exchange: DIR\" with a directory that all nodes share",
          assertThrows(ConfigurationException.class, () -> source.publish(Map.of("k", "v")))
              .getMessage());
    }
  }

  @Test
  void publishesWhileTheFileIsBroken() {
    bench.write(Bench.exchanging("ex", 0, 1));
    try (LocalSource source = bench.open()) {
      source.read();
      bench.write("broken");
      source.publish(Map.of("k", "v"));
      assertEquals(Map.of("k", "v"), source.published());
    }
  }

  @Test
  void letsWhatIsPublishedCountBeforeWhatTheFileSays() {
    bench.write(
        Bench.exchanging("./ex", 0)
            + Bench.node(1, ", labels: { rack: b }, settings: { a: file, b: file }"));
    try (LocalSource reader = bench.open()) {
      assertEquals(Map.of("a", "file", "b", "file"), Published.of(reader, "magpie/1"));
      bench.hostName = "blade-1";
      try (LocalSource writer = bench.open()) {
        writer.publish(Map.of("b", "published", "rack", "c"));
        assertEquals(Map.of("b", "published", "rack", "c"), writer.published());
        assertEquals(
            Map.of("a", "file", "b", "published", "rack", "c"), Published.of(reader, "magpie/1"));
        PeerNode node = reader.read().nodes(List.of(PeerId.of("magpie/1"))).iterator().next();
        assertEquals(Map.of("rack", "b"), node.labels());
        assertEquals("magpie/1 at 192.0.2.11", node.toString());
        writer.publish(Map.of("b", "", "rack", ""));
        assertEquals(Map.of("a", "file", "b", "file"), Published.of(reader, "magpie/1"));
        assertTrue(Files.exists(directory.resolve("ex/magpie+1.json")));
      }
    }
  }
}
