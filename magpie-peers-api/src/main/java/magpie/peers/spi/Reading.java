/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.spi;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import magpie.peers.Network;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;

/**
 * What a source says of one moment: who is there, and on request what each is like.
 *
 * <p>A reading never changes and never runs ahead of itself: asked twice, it gives the same answer.
 * A source that reads each peer separately does so when {@link #nodes} is first asked for that
 * peer, several at a time; a source that has everything at hand uses {@link #of}.
 */
public interface Reading {

  /**
   * Returns the id of this node.
   *
   * @return the id, or empty for an observer
   */
  Optional<PeerId> selfId();

  /**
   * Returns the ids of all that are present.
   *
   * <p>The order does not matter, self may or may not be among them, and an id that two of the
   * source's own sources name stands there twice.
   *
   * @return the ids; never partial (M1)
   */
  Collection<PeerId> ids();

  /**
   * Returns what is known of some nodes.
   *
   * <p>May be asked for ids that are no longer {@linkplain #ids() present} where the source
   * {@linkplain PeerSource#remembersDeparted() remembers the departed}. What the source cannot tell
   * of such a one is left out. Where two of the source's own sources name one id, there are two
   * nodes for it, and the view merges them (M2).
   *
   * @param ids which nodes
   * @return the nodes, in any order; each present id that was asked for is there at least once
   * @throws magpie.peers.PeersException if one of them cannot be read; never partial (M1)
   */
  Collection<PeerNode> nodes(Collection<PeerId> ids);

  /**
   * Returns the networks that the source declares.
   *
   * @return the networks, no two of one name; none by default
   */
  default List<Network> networks() {
    return List.of();
  }

  /**
   * Returns where this was read.
   *
   * @return words for people, such as a file or {@code relation magpie:0}
   */
  String origin();

  /**
   * Returns when this was read.
   *
   * @return the time of the reading
   */
  Instant readAt();

  /**
   * Returns what people should know about this reading.
   *
   * @return the warnings, none by default
   */
  default List<String> warnings() {
    return List.of();
  }

  /**
   * Returns a reading of which everything is at hand.
   *
   * @param origin where it was read
   * @param readAt when it was read
   * @param self the id of this node, or empty for an observer
   * @param nodes the nodes that are present; self may be among them
   * @param networks the networks that the source declares
   * @return the reading
   */
  @SuppressWarnings("OptionalUsedAsFieldOrParameterType") // it is handed on as it was received
  static Reading of(
      String origin,
      Instant readAt,
      Optional<PeerId> self,
      Collection<PeerNode> nodes,
      List<Network> networks) {
    return of(origin, readAt, self, nodes, networks, List.of());
  }

  /**
   * Returns a reading of which everything is at hand, with warnings.
   *
   * @param origin where it was read
   * @param readAt when it was read
   * @param self the id of this node, or empty for an observer
   * @param nodes the nodes that are present; self may be among them
   * @param networks the networks that the source declares
   * @param warnings what people should know about this reading
   * @return the reading
   */
  @SuppressWarnings("OptionalUsedAsFieldOrParameterType") // it is handed on as it was received
  static Reading of(
      String origin,
      Instant readAt,
      Optional<PeerId> self,
      Collection<PeerNode> nodes,
      List<Network> networks,
      List<String> warnings) {
    return new Complete(origin, readAt, self, nodes, networks, warnings);
  }
}

/** A reading with everything at hand. */
final class Complete implements Reading {
  private final String origin;
  private final Instant readAt;
  private final Optional<PeerId> self;

  /** In the order of their ids: an array costs a tenth of a map, and 100,000 nodes fit. */
  private final PeerNode[] nodes;

  private final List<Network> networks;
  private final List<String> warnings;

  Complete(
      String origin,
      Instant readAt,
      Optional<PeerId> self,
      Collection<PeerNode> nodes,
      List<Network> networks,
      List<String> warnings) {
    this.origin = Objects.requireNonNull(origin, "origin");
    this.readAt = Objects.requireNonNull(readAt, "readAt");
    this.self = Objects.requireNonNull(self, "self");
    this.networks = List.copyOf(networks);
    this.warnings = List.copyOf(warnings);
    this.nodes = nodes.toArray(new PeerNode[0]);
    Arrays.sort(this.nodes, (a, b) -> a.id().compareTo(b.id()));
  }

  @Override
  public Optional<PeerId> selfId() {
    return self;
  }

  @Override
  public Collection<PeerId> ids() {
    List<PeerId> ids = new ArrayList<>(nodes.length);
    for (PeerNode node : nodes) {
      ids.add(node.id());
    }
    return ids;
  }

  @Override
  public Collection<PeerNode> nodes(Collection<PeerId> ids) {
    List<PeerNode> found = new ArrayList<>(ids.size());
    int next = 0;
    for (PeerId id : ids) {
      // Ids that are asked for in their order are found in one walk.
      next = next < nodes.length && nodes[next].id().equals(id) ? next : first(id);
      for (; next < nodes.length && nodes[next].id().equals(id); next++) {
        found.add(nodes[next]);
      }
    }
    return found;
  }

  /** The position of the first node that has this id, or would stand behind it. */
  private int first(PeerId id) {
    int low = 0;
    int high = nodes.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (nodes[middle].id().compareTo(id) < 0) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  @Override
  public List<Network> networks() {
    return networks;
  }

  @Override
  public String origin() {
    return origin;
  }

  @Override
  public Instant readAt() {
    return readAt;
  }

  @Override
  public List<String> warnings() {
    return warnings;
  }
}
