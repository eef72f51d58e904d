/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit;

import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.spi.PeerSource;

/** The harness with every capability. */
class InMemoryHarness implements PeerSetHarness {
  private final InMemoryPeers peers = InMemoryPeers.ofNode("magpie/0");
  private final Set<PeerId> doubted = new HashSet<>();

  InMemoryHarness() {
    NETWORKS.forEach(peers::declare);
  }

  @Override
  public Set<Capability> capabilities() {
    return EnumSet.allOf(Capability.class);
  }

  @Override
  public String lacks(Capability missing) {
    throw new AssertionError("nothing is missing in memory, not even " + missing);
  }

  @Override
  public PeerView open() {
    return peers.open();
  }

  private PeerNode node(Peer peer, String source) {
    PeerNode.Builder node = PeerNode.builder(peer.id()).settings(peer.settings());
    peer.addresses().forEach(address -> node.address(address, source));
    return node.labels(peer.labels()).suspect(doubted.contains(peer.id())).build();
  }

  @Override
  public void put(Peer peer) {
    peers.put(node(peer, "test"));
  }

  @Override
  public void nameTwice(Peer peer) {
    peers.putFromAnotherSource(node(peer, "second"));
  }

  @Override
  public void remove(PeerId id) {
    peers.remove(id);
  }

  @Override
  public Set<Breakage> breakages() {
    return EnumSet.allOf(Breakage.class);
  }

  @Override
  public void breakSource(Breakage kind) {
    peers.breakWith("one that is " + kind + " on purpose");
  }

  @Override
  public Optional<PeerSource> source() {
    return Optional.of(peers.source());
  }

  @Override
  public void healSource() {
    peers.heal();
  }

  @Override
  public void doubt(PeerId id) {
    doubted.add(id);
    put(new Peer(id, List.of("192.0.2.2"), Map.of(), Map.of()));
  }

  @Override
  public Map<String, String> seenByPeers() {
    return peers.published();
  }

  @Override
  public Set<PeerId> peersRead() {
    return peers.peersRead();
  }

  @Override
  public Object writes() {
    return peers.writes();
  }
}
