/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import magpie.peers.text.Quote;

/**
 * All peers at one moment: immutable, ordered by id, and whole (M1).
 *
 * @param revision grows with every change that this view has seen, and stays where nothing changed;
 *     comparable within one view only
 * @param readAt when the source was read
 * @param origin where it was read, in words for people
 * @param selfId the id of the node that the view belongs to; empty for an observer
 * @param nodes the peers in the order of their ids, without self and without the departed;
 *     unmodifiable
 * @param networks the networks that the source declares; unmodifiable
 * @param warnings what people should know about this reading, such as two sources for one id (M2);
 *     unmodifiable
 */
public record Snapshot(
    long revision,
    Instant readAt,
    String origin,
    Optional<PeerId> selfId,
    List<PeerNode> nodes,
    List<Network> networks,
    List<String> warnings) {

  /**
   * Checks the components and copies the lists.
   *
   * @param revision grows with every change that this view has seen, and stays where nothing
   *     changed
   * @param readAt when the source was read
   * @param origin where it was read, in words for people
   * @param selfId the id of the node that the view belongs to
   * @param nodes the peers in the order of their ids, without self and without the departed
   * @param networks the networks that the source declares
   * @param warnings what people should know about this reading, such as two sources for one id (M2)
   */
  public Snapshot {
    Objects.requireNonNull(readAt, "readAt");
    Objects.requireNonNull(origin, "origin");
    Objects.requireNonNull(selfId, "selfId");
    nodes = List.copyOf(nodes);
    networks = List.copyOf(networks);
    warnings = List.copyOf(warnings);
  }

  /**
   * Returns the peer with an id.
   *
   * @param id the id
   * @return the peer, or empty if it is not a member
   */
  public Optional<PeerNode> node(PeerId id) {
    Objects.requireNonNull(id, "id");
    int low = 0;
    int high = nodes.size() - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      int order = nodes.get(middle).id().compareTo(id);
      if (order == 0) {
        return Optional.of(nodes.get(middle));
      }
      if (order < 0) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return Optional.empty();
  }

  /**
   * Returns the ids of the peers.
   *
   * @return the ids in their order
   */
  public List<PeerId> ids() {
    return nodes.stream().map(PeerNode::id).toList();
  }

  /**
   * Returns the peers that a filter keeps, as it keeps them.
   *
   * @param filter the filter; network names mean the {@link #networks()} of this snapshot
   * @return the peers in the order of their ids
   * @throws ConfigurationException if the filter names a network that is not declared
   */
  public List<PeerNode> nodes(NodeFilter filter) {
    NodeFilter resolved = filter.resolve(this::network);
    List<PeerNode> kept = new ArrayList<>();
    for (PeerNode node : nodes) {
      if (resolved.apply(node) instanceof Verdict.Kept verdict) {
        kept.add(verdict.kept());
      }
    }
    return List.copyOf(kept);
  }

  private Network network(String name) {
    return network(name, unknown -> Optional.empty());
  }

  /** A declared network, or the one that {@code elsewhere} knows. */
  Network network(String name, Function<String, Optional<Network>> elsewhere) {
    for (Network network : networks) {
      if (network.name().equals(name)) {
        return network;
      }
    }
    return elsewhere
        .apply(name)
        .orElseThrow(
            () -> {
              List<String> known = networks.stream().map(Network::name).toList();
              return new ConfigurationException(
                  "expected a network of "
                      + origin
                      + ", found "
                      + Quote.of(name)
                      + (known.isEmpty()
                          ? "; it declares none, so name a CIDR instead"
                          : "; it declares "
                              + String.join(", ", known)
                              + Quote.nearest(name, known)
                                  .map(near -> "; did you mean " + near + "?")
                                  .orElse("")));
            });
  }

  /** Whether the same peers are seen, whenever and wherever they were read. */
  boolean sameAs(Snapshot other) {
    return selfId.equals(other.selfId)
        && nodes.equals(other.nodes)
        && networks.equals(other.networks)
        && warnings.equals(other.warnings);
  }
}
