/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import java.util.ArrayList;
import java.util.List;

/**
 * What is different between two snapshots.
 *
 * @param joined the peers that are only in the later one; unmodifiable, ordered by id
 * @param departed the peers that are only in the earlier one, as they were; unmodifiable, ordered
 * @param updated the peers that are in both and not equal; unmodifiable, ordered
 */
public record Changes(List<PeerNode> joined, List<PeerNode> departed, List<Update> updated) {

  /**
   * One peer that is no longer as it was.
   *
   * @param before the peer as it was
   * @param after the peer as it is
   */
  public record Update(PeerNode before, PeerNode after) {}

  /**
   * Copies the lists.
   *
   * @param joined the peers that are only in the later one
   * @param departed the peers that are only in the earlier one, as they were
   * @param updated the peers that are in both and not equal
   */
  public Changes {
    joined = List.copyOf(joined);
    departed = List.copyOf(departed);
    updated = List.copyOf(updated);
  }

  /**
   * Compares two lists of peers.
   *
   * @param before the earlier peers, ordered by id as a snapshot has them
   * @param after the later peers, ordered by id
   * @return what is different; empty lists where nothing is
   */
  public static Changes between(List<PeerNode> before, List<PeerNode> after) {
    List<PeerNode> joined = new ArrayList<>();
    List<PeerNode> departed = new ArrayList<>();
    List<Update> updated = new ArrayList<>();
    int i = 0;
    int j = 0;
    while (i < before.size() || j < after.size()) {
      int order =
          i == before.size()
              ? 1
              : j == after.size() ? -1 : before.get(i).id().compareTo(after.get(j).id());
      if (order < 0) {
        departed.add(before.get(i++));
      } else if (order > 0) {
        joined.add(after.get(j++));
      } else {
        if (!before.get(i).equals(after.get(j))) {
          updated.add(new Update(before.get(i), after.get(j)));
        }
        i++;
        j++;
      }
    }
    return new Changes(joined, departed, updated);
  }

  /**
   * Tells whether nothing is different.
   *
   * @return whether all three lists are empty
   */
  public boolean isEmpty() {
    return joined.isEmpty() && departed.isEmpty() && updated.isEmpty();
  }
}
