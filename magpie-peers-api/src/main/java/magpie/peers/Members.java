/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import magpie.peers.spi.Reading;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;

/** What a source says of its members, in order and with one node for each id (M1, M2). */
final class Members {
  private Members() {}

  /**
   * Returns the ids of the peers.
   *
   * @param members the ids of all members in their order, which may be repeated
   * @param self this node, which is not a peer of itself
   */
  static List<PeerId> peers(List<PeerId> members, @Nullable PeerId self) {
    List<PeerId> peers = new ArrayList<>(members.size());
    PeerId last = null;
    for (PeerId id : members) {
      if (!id.equals(last) && !id.equals(self)) {
        peers.add(id);
      }
      last = id;
    }
    return Collections.unmodifiableList(peers);
  }

  /**
   * Returns one node for each id.
   *
   * @param ids the ids in their order, without repetition
   * @param told what the source says of them, in any order; it is sorted
   * @param now the reading that says it
   * @param warnings gets a warning for each id that was named more than once
   * @throws SourceUnavailableException if the source says nothing of an id
   */
  static List<PeerNode> merged(
      List<PeerId> ids, List<PeerNode> told, Reading now, List<String> warnings) {
    // Most sources keep the order, and checking that costs less than sorting.
    if (!isInOrder(told, ids)) {
      told.sort(
          new Comparator<>() {
            @Override
            public int compare(PeerNode a, PeerNode b) {
              return a.id().compareTo(b.id());
            }
          });
    }
    List<PeerNode> nodes = new ArrayList<>(ids.size());
    int next = 0;
    for (PeerId id : ids) {
      while (next < told.size()
          && !told.get(next).id().equals(id)
          && told.get(next).id().compareTo(id) < 0) {
        next++;
      }
      PeerNode node = null;
      int sources = 0;
      for (; next < told.size() && told.get(next).id().equals(id); next++) {
        node = node == null ? told.get(next) : node.merge(told.get(next));
        sources++;
      }
      if (node == null) {
        throw new SourceUnavailableException(
            now.origin(),
            "expected "
                + now.origin()
                + " to describe "
                + Quote.of(id.value())
                + ", which it lists, found nothing; this is a fault of the backend");
      }
      if (sources > 1) {
        warnings.add(id + " is named by more than one source of " + now.origin() + "; merged");
      }
      nodes.add(node.in(now.networks()));
    }
    return nodes;
  }

  private static boolean isInOrder(List<PeerNode> told, List<PeerId> ids) {
    if (told.size() != ids.size()) {
      return false;
    }
    for (int i = 0; i < ids.size(); i++) {
      if (!told.get(i).id().equals(ids.get(i))) {
        return false;
      }
    }
    return true;
  }

  /** Returns one node for each id that is named. */
  static Map<PeerId, PeerNode> byId(List<PeerNode> told) {
    Map<PeerId, PeerNode> byId = new HashMap<>(told.size() * 2);
    for (PeerNode node : told) {
      PeerNode first = byId.putIfAbsent(node.id(), node);
      if (first != null) {
        byId.put(node.id(), first.merge(node));
      }
    }
    return byId;
  }
}
