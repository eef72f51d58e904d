/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PeerNodeTest {
  private static final PeerId ID = PeerId.of("magpie/1");

  @Test
  void theSelectedAddressIsThereToConnectTo() {
    PeerNode v6 = PeerNode.builder(ID).address("2001:db8::1/64", "test").build();

    assertEquals("2001:db8::1", v6.requireAddress().text());
    InetSocketAddress socket = v6.socketAddress(5001);
    assertEquals("2001:db8:0:0:0:0:0:1", socket.getAddress().getHostAddress());
    assertEquals(5001, socket.getPort());
    assertThrows(IllegalArgumentException.class, () -> v6.socketAddress(65536));
  }

  @Test
  void aHostNameIsNotLookedUp() {
    InetSocketAddress socket =
        PeerNode.builder(ID).address("localhost", "test").build().socketAddress(22);

    assertTrue(socket.isUnresolved());
    assertEquals("localhost", socket.getHostString());
  }

  @Test
  void aPeerWithoutAddressIsNamed() {
    PeerNode bare = PeerNode.builder(ID).build();

    String expected =
        "expected magpie/1 to have an address by the rule \"first address\", found no address at"
            + " all; the peer must publish an address, or be given one in the topology";
    assertEquals(
        expected, assertThrows(ConfigurationException.class, bare::requireAddress).getMessage());
    assertEquals(
        expected,
        assertThrows(ConfigurationException.class, () -> bare.socketAddress(22)).getMessage());
  }

  @Test
  void aBuilderOfANodeMakesTheSameNode() {
    PeerNode node =
        PeerNode.builder(ID)
            .address("192.0.2.1", "test")
            .address("198.51.100.1", "test")
            .setting("key", "value")
            .label("rack", "b")
            .suspect(true)
            .build();
    PeerNode second = node.choosing(1, "by hand", false);

    assertEquals(node, node.toBuilder().build());
    assertEquals(second, second.toBuilder().build());
    assertEquals(PeerNode.builder(ID).build(), PeerNode.builder(ID).build().toBuilder().build());
    assertEquals("v", second.toBuilder().setting("k", "v").build().settings().get("k"));
    assertFalse(node.choosing(0, "first", true).toBuilder().build().fallback());
  }

  @Test
  void allEventsOfAListenerAddUp() {
    PeerNode one = PeerNode.builder(ID).address("192.0.2.1", "test").build();
    PeerNode other = PeerNode.builder(PeerId.of("magpie/2")).build();
    Snapshot first = snapshot(1, one);
    Snapshot second = snapshot(2, other);
    Health fresh = new Health(Health.Status.FRESH, first.readAt(), "");
    Health stale = new Health(Health.Status.STALE, first.readAt(), "gone");

    assertEquals(
        new Changes(List.of(one), List.of(), List.of()), new PeerEvent.Started(first).changes());
    assertEquals(
        new Changes(List.of(other), List.of(one), List.of()),
        new PeerEvent.Changed(first, second).changes());
    assertTrue(new PeerEvent.HealthChanged(fresh, stale, second).changes().isEmpty());
  }

  private static Snapshot snapshot(long revision, PeerNode... nodes) {
    return new Snapshot(
        revision, Instant.EPOCH, "test", Optional.empty(), List.of(nodes), List.of(), List.of());
  }
}
