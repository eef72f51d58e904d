/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.reach;

import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import magpie.peers.PeerId;

/**
 * What one node saw of all its peers.
 *
 * @param from the id of the node that asked; empty for an observer
 * @param at when it began to ask
 * @param results a result for each address that was asked, by peer and then in the order of its
 *     addresses; unmodifiable
 */
public record ReachReport(Optional<PeerId> from, Instant at, List<ReachResult> results) {

  /**
   * Copies the results.
   *
   * @param from the id of the node that asked
   * @param at when it began to ask
   * @param results a result for each address that was asked, by peer and then in the order of its
   *     addresses
   */
  public ReachReport {
    Objects.requireNonNull(from, "from");
    Objects.requireNonNull(at, "at");
    results = List.copyOf(results);
  }

  /**
   * Tells whether every address that was asked was reached. A peer without an address is no failure
   * of the network.
   *
   * @return whether there is no result but reached addresses and missing ones
   */
  public boolean allReached() {
    for (ReachResult result : results) {
      if (!result.outcome().reached() && result.outcome() != ReachResult.Outcome.NO_ADDRESS) {
        return false;
      }
    }
    return true;
  }
}
