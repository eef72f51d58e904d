/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import java.util.List;
import java.util.Objects;

/**
 * Why a peer counts, and at which address (A3).
 *
 * @param node the peer as its source shows it, with every address
 * @param filter the rule that was applied, as text
 * @param verdict what the rule said
 */
public record Explanation(PeerNode node, String filter, Verdict verdict) {

  /**
   * Checks the components.
   *
   * @param node the peer as its source shows it, with every address
   * @param filter the rule that was applied, as text
   * @param verdict what the rule said
   */
  public Explanation {
    Objects.requireNonNull(node, "node");
    Objects.requireNonNull(filter, "filter");
    Objects.requireNonNull(verdict, "verdict");
  }

  /**
   * Returns every address that was considered, best first.
   *
   * @return the addresses; unmodifiable
   */
  public List<PeerAddress> addresses() {
    return node.addresses();
  }
}
