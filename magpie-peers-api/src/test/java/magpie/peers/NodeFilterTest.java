/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

class NodeFilterTest {
  private static final PeerNode NODE =
      PeerNode.builder(PeerId.of("magpie/1"))
          .address("blade-01", "name")
          .address("192.0.2.1", "oam")
          .address("198.51.100.1/24", "storage")
          .address("2001:db8::1", "v6")
          .label("rack", "b")
          .setting("port", "5001")
          .build();

  private static final List<NodeFilter> FILTERS =
      List.of(
          NodeFilter.all(),
          NodeFilter.inNetwork("192.0.2.0/24"),
          NodeFilter.inNetwork("198.51.100.0/24"),
          NodeFilter.inNetwork("203.0.113.0/24"),
          NodeFilter.preferNetwork("2001:db8::/64"),
          NodeFilter.preferNetwork("203.0.113.0/24"),
          NodeFilter.label("rack", "b"),
          NodeFilter.label("rack", "c"),
          NodeFilter.setting("port", "5001"),
          NodeFilter.id("magpie/?"),
          NodeFilter.id("blade*"));

  private static NodeFilter random(Random random, int depth) {
    NodeFilter leaf = FILTERS.get(random.nextInt(FILTERS.size()));
    if (depth == 0) {
      return leaf;
    }
    return switch (random.nextInt(4)) {
      case 0 -> random(random, depth - 1).and(random(random, depth - 1));
      case 1 -> random(random, depth - 1).or(random(random, depth - 1));
      case 2 -> random(random, depth - 1).negate();
      default -> leaf;
    };
  }

  @RepeatedTest(100)
  void lawsHoldForAnyFilters() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    NodeFilter f = random(random, 3);
    NodeFilter g = random(random, 3);
    NodeFilter h = random(random, 3);
    String why = f + " / " + g + " / " + h + " seed " + seed;
    assertEquals(f.and(g).and(h).apply(NODE), f.and(g.and(h)).apply(NODE), why);
    assertEquals(f.apply(NODE), f.and(NodeFilter.all()).apply(NODE), why);
    assertEquals(f.apply(NODE), NodeFilter.all().and(f).apply(NODE), why);
    assertEquals(f, f.negate().negate(), why);
    Optional<PeerNode> left = f.apply(NODE).node();
    assertEquals(left.or(() -> g.apply(NODE).node()), f.or(g).apply(NODE).node(), why);
    assertEquals(left.isEmpty(), f.negate().apply(NODE).node().isPresent(), why);
    // The negation of a negation is the filter itself, which may choose an address.
    if (!f.toString().startsWith("not ")) {
      assertEquals(
          left.isEmpty() ? Optional.of(NODE) : Optional.empty(),
          f.negate().apply(NODE).node(),
          why);
    }
    assertEquals(left.flatMap(n -> g.apply(n).node()), f.and(g).apply(NODE).node(), why);
    assertEquals(f.apply(NODE), f.apply(NODE), why);
  }

  @Test
  void filtersReadAsTheyWereWritten() {
    assertEquals("all", NodeFilter.all().toString());
    assertEquals("inNetwork(storage)", NodeFilter.inNetwork("storage").toString());
    assertEquals(
        "preferNetwork(192.0.2.0/24)",
        NodeFilter.preferNetwork(Cidr.parse("192.0.2.0/24")).toString());
    assertEquals(
        "((inNetwork(oam) and label(rack=b)) or not (id(blade-*) and setting(port=5001)))",
        NodeFilter.inNetwork("oam")
            .and(NodeFilter.label("rack", "b"))
            .or(NodeFilter.id("blade-*").and(NodeFilter.setting("port", "5001")).negate())
            .toString());
    assertEquals("big", NodeFilter.where("big", node -> true).toString());
  }

  private static String verdict(NodeFilter filter) {
    return filter.apply(NODE).toString();
  }

  @Test
  void everyVerdictSaysWhy() {
    assertEquals("kept: blade-01 by first address", verdict(NodeFilter.all()));
    assertEquals(
        "kept: 192.0.2.1 by inNetwork(192.0.2.0/24)",
        verdict(NodeFilter.inNetwork("192.0.2.0/24")));
    assertEquals(
        "dropped: no address lies in 203.0.113.0/24",
        verdict(NodeFilter.inNetwork("203.0.113.0/24")));
    assertEquals(
        "kept: blade-01 by first address (fallback)",
        verdict(NodeFilter.preferNetwork("203.0.113.0/24")));
    assertEquals(
        "dropped: not label(rack=c); not id(blade*)",
        verdict(NodeFilter.label("rack", "c").or(NodeFilter.id("blade*"))));
    assertEquals("dropped: not label(rack=b)", verdict(NodeFilter.label("rack", "b").negate()));
    assertEquals(
        "dropped: no address lies in lab (203.0.113.0/24, ::/0)".replace("::/0", "fd00::/8"),
        verdict(
            NodeFilter.inNetwork("lab")
                .resolve(
                    name ->
                        new Network(
                            name, List.of(Cidr.parse("203.0.113.0/24"), Cidr.parse("fd00::/8"))))));
  }

  @Test
  void whatIsNeitherNameNorNetworkIsRefused() {
    assertEquals(
        "expected the name of a network or a CIDR, found \"192.0.2.1/24\": expected a network such as"
            + " 192.0.2.0/24, found \"192.0.2.1/24\": bits behind the prefix are set; the network is"
            + " 192.0.2.0/24",
        assertThrows(IllegalArgumentException.class, () -> NodeFilter.preferNetwork("192.0.2.1/24"))
            .getMessage());
  }

  @Test
  void aNameMeansNothingWithoutAView() {
    assertEquals(
        "inNetwork(oam) names a network; apply it with PeerView.nodes, or resolve it first",
        assertThrows(IllegalStateException.class, () -> NodeFilter.inNetwork("oam").apply(NODE))
            .getMessage());
  }

  private static String unknown(List<Network> networks, String name) {
    Snapshot snapshot =
        new Snapshot(
            1, Instant.EPOCH, "bench.yaml", Optional.empty(), List.of(NODE), networks, List.of());
    NodeFilter filter =
        NodeFilter.all().and(NodeFilter.label("rack", "b").or(NodeFilter.inNetwork(name).negate()));
    return assertThrows(ConfigurationException.class, () -> snapshot.nodes(filter)).getMessage();
  }

  @Test
  void anUnknownNetworkIsNamedWithTheKnownOnes() {
    List<Cidr> cidrs = List.of(Cidr.parse("192.0.2.0/24"));
    List<Network> networks = List.of(new Network("oam", cidrs), new Network("storage", cidrs));
    assertEquals(
        "expected a network of bench.yaml, found \"stroage\"; it declares oam, storage; did you mean"
            + " storage?",
        unknown(networks, "stroage"));
    assertEquals(
        "expected a network of bench.yaml, found \"public\"; it declares oam, storage",
        unknown(networks, "public"));
    assertEquals(
        "expected a network of bench.yaml, found \"oam\"; it declares none, so name a CIDR instead",
        unknown(List.of(), "oam"));
  }

  @Test
  void globsMatchTheWholeId() {
    assertTrue(matches("magpie/*", "magpie/12"));
    assertTrue(matches("*", "a"));
    assertTrue(matches("*a*b?c*", "xxaxbbxcx"));
    assertFalse(matches("magpie/1", "magpie/12"));
    assertFalse(matches("?", "ab"));
    assertFalse(matches("", "a"));
    assertFalse(matches("*a".repeat(100) + "b", "a".repeat(250)));
  }

  private static boolean matches(String glob, String id) {
    return NodeFilter.id(glob).apply(PeerNode.builder(PeerId.of(id)).build()).node().isPresent();
  }
}
