/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import nl.jqno.equalsverifier.EqualsVerifier;
import nl.jqno.equalsverifier.Warning;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ValuesTest {
  @ParameterizedTest
  @ValueSource(
      classes = {
        PeerId.class,
        IpAddress.class,
        Notice.class,
        Health.class,
        Explanation.class,
        Changes.class,
        Changes.Update.class,
        Verdict.Kept.class,
        Verdict.Dropped.class
      })
  void equalWhenEverythingIsEqual(Class<?> type) {
    EqualsVerifier.forClass(type)
        .withPrefabValues(PeerNode.class, node().build(), PeerNode.builder(PeerId.of("b")).build())
        .suppress(Warning.NULL_FIELDS)
        .verify();
  }

  @Test
  void noticesAreEqualWhateverViewDismissesThem() {
    EqualsVerifier.forClass(Notices.class)
        .withPrefabValues(PeerNode.class, node().build(), PeerNode.builder(PeerId.of("b")).build())
        .withIgnoredFields("view")
        .suppress(Warning.NULL_FIELDS)
        .verify();
  }

  @Test
  void nodesAndCandidatesAreValuesOfWhatTheyShow() {
    List<PeerNode> different =
        List.of(
            node().build(),
            node().address("198.51.100.1", "test").build(),
            PeerNode.builder(PeerId.of("b")).address("192.0.2.1", "test").build(),
            PeerNode.builder(PeerId.of("a")).address("192.0.2.1", "other").build(),
            PeerNode.builder(PeerId.of("a")).address("192.0.2.1/24", "test").build(),
            PeerNode.builder(PeerId.of("a")).address("192.0.2.1.", "test").build(),
            node().setting("k", "v").build(),
            node().label("k", "v").build(),
            node().suspect(true).build(),
            ((Verdict.Kept) NodeFilter.inNetwork("192.0.2.0/24").apply(node().build())).kept(),
            ((Verdict.Kept) NodeFilter.preferNetwork("::/0").apply(node().build())).kept(),
            node().build().in(List.of(new Network("oam", List.of(Cidr.parse("192.0.2.0/24"))))));
    for (int i = 0; i < different.size(); i++) {
      for (int j = 0; j < different.size(); j++) {
        assertEquals(i == j, different.get(i).equals(different.get(j)), i + " and " + j);
      }
    }
    assertEquals(node().build(), node().build());
    assertEquals(node().build().hashCode(), node().build().hashCode());
    assertEquals(Cidr.parse("192.0.2.0/24"), Cidr.of(IpAddress.parse("192.0.2.9"), 24));
    assertEquals(
        Cidr.parse("192.0.2.0/24").hashCode(),
        Cidr.of(IpAddress.parse("192.0.2.9"), 24).hashCode());
  }

  private static PeerNode.Builder node() {
    return PeerNode.builder(PeerId.of("a")).address("192.0.2.1", "test");
  }

  @Test
  void theAddressThatCountsIsOneOfTheCandidates() {
    PeerAddress other = PeerAddress.of("198.51.100.1", "test");
    assertEquals(
        "expected the address of a to be one of its addresses [192.0.2.1], found 198.51.100.1",
        assertThrows(IllegalStateException.class, () -> node().selected(other, "rule").build())
            .getMessage());
    assertEquals("a at 192.0.2.1", node().build().toString());
    assertEquals("a without address", PeerNode.builder(PeerId.of("a")).build().toString());
  }

  @Test
  void candidatesKeepWhatTheyWereGiven() {
    PeerAddress address = PeerAddress.of("2001:DB8::1/64", "test");
    assertEquals("2001:db8::1", address.text());
    assertEquals("2001:db8::1/64", address.toString());
    assertEquals(Optional.of(Cidr.parse("2001:db8::/64")), address.subnet());
    assertEquals(Optional.empty(), address.note());
    PeerAddress name = PeerAddress.of("blade-02.lab", "test");
    assertEquals("blade-02.lab", name.text());
    assertEquals(Optional.of("a host name, which is never looked up"), name.note());
    PeerAddress lookalike = PeerAddress.of("192.0.02.1", "test");
    assertEquals(
        Optional.of(
            "no IP address: \"02\" has a leading zero, which some read as octal; write decimal"),
        lookalike.note());
    assertEquals(
        Optional.of("no IP address: it begins with a single colon"),
        PeerAddress.of(":x.lab", "test").note());
    assertEquals(
        Optional.of("no IP address: a zone id means something on one machine only; leave it out"),
        PeerAddress.of("%x.lab", "test").note());
  }

  @Test
  void aPrefixLengthOfNothingIsOneToo() {
    PeerAddress candidate = PeerAddress.of("192.0.2.1/0", "test");
    assertEquals("192.0.2.1/0", candidate.toString());
    assertEquals(Optional.of(IpAddress.parse("192.0.2.1")), candidate.ip());
    assertEquals(Optional.of(Cidr.parse("0.0.0.0/0")), candidate.subnet());
    assertEquals(Optional.empty(), PeerAddress.of("192.0.2.1", "test").subnet());
  }

  @Test
  void whatIsEqualHashesAlikeAndTheRestSpreads() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    Set<Integer> hashes = new HashSet<>();
    for (int i = 0; i < 1000; i++) {
      IpAddress address = IpAddressTest.random(random);
      Cidr cidr = Cidr.of(address, address.bits() - 8);
      assertEquals(cidr.hashCode(), Cidr.parse(cidr.toString()).hashCode(), () -> "seed " + seed);
      hashes.add(cidr.hashCode());
      hashes.add(PeerAddress.of(address.toString(), "test").hashCode());
    }
    assertTrue(hashes.size() > 1500, () -> hashes.size() + " of 2000, seed " + seed);
  }

  @Test
  void networksHaveANameAndCidrs() {
    List<Cidr> cidrs = List.of(Cidr.parse("192.0.2.0/25"), Cidr.parse("2001:db8:0:a::/64"));
    assertEquals("oam (192.0.2.0/25, 2001:db8:0:a::/64)", new Network("oam", cidrs).toString());
    assertEquals(
        "expected a network name (1 to 63 ASCII letters, digits, '.', '-', '_', beginning with a"
            + " letter), found \"1oam\"",
        assertThrows(IllegalArgumentException.class, () -> new Network("1oam", cidrs))
            .getMessage());
    StringBuilder first = new StringBuilder();
    StringBuilder further = new StringBuilder();
    for (char c = 0; c < 0x180; c++) {
      first.append(Network.isName("" + c) ? "" + c : "");
      further.append(Network.isName("x" + c) ? "" + c : "");
    }
    String letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    assertEquals(letters + letters.toLowerCase(Locale.ROOT), first.toString());
    assertEquals(
        "-.0123456789" + letters + "_" + letters.toLowerCase(Locale.ROOT), further.toString());
    assertFalse(Network.isName(""));
    assertTrue(Network.isName("x".repeat(63)));
    assertFalse(Network.isName("x".repeat(64)));
    assertEquals(
        "expected at least one CIDR in network \"oam\", found none",
        assertThrows(IllegalArgumentException.class, () -> new Network("oam", List.of()))
            .getMessage());
  }

  @Test
  void textMapsBehaveLikeTrees() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int round = 0; round < 200; round++) {
      Map<String, String> tree = new TreeMap<>();
      for (int i = random.nextInt(10); i > 0; i--) {
        tree.put("k" + random.nextInt(20), "v" + random.nextInt(20));
      }
      Map<String, String> map = TextMap.copyOf(tree);
      assertEquals(tree, map, () -> "seed " + seed);
      assertEquals(map, tree, () -> "seed " + seed);
      assertEquals(tree.hashCode(), map.hashCode(), () -> "seed " + seed);
      assertEquals(tree.entrySet(), map.entrySet(), () -> "seed " + seed);
      assertEquals(tree.size(), map.entrySet().size(), () -> "seed " + seed);
      assertEquals(tree.toString(), map.toString(), () -> "seed " + seed);
      for (int i = 0; i < 20; i++) {
        assertEquals(tree.get("k" + i), map.get("k" + i), () -> "seed " + seed);
        assertEquals(tree.containsKey("k" + i), map.containsKey("k" + i), () -> "seed " + seed);
      }
      assertThrows(UnsupportedOperationException.class, () -> map.put("a", "b"));
    }
  }
}
