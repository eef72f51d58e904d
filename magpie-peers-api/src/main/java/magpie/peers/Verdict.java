/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import java.util.Objects;
import java.util.Optional;

/** What a {@link NodeFilter} says of one node: kept, perhaps with another address, or dropped. */
public sealed interface Verdict {

  /**
   * Returns the node as it counts after the filter.
   *
   * @return the node, or empty if it was dropped
   */
  Optional<PeerNode> node();

  /**
   * The node stays.
   *
   * @param kept the node, with the address that the filter chose
   */
  record Kept(PeerNode kept) implements Verdict {
    /**
     * Checks the components.
     *
     * @param kept the node, with the address that the filter chose
     */
    public Kept {
      Objects.requireNonNull(kept, "kept");
    }

    @Override
    public Optional<PeerNode> node() {
      return Optional.of(kept);
    }

    /** Returns {@code kept}, with the rule that chose the address. */
    @Override
    public String toString() {
      return "kept"
          + kept.address().map(a -> ": " + a.text() + " by " + kept.rule()).orElse("")
          + (kept.fallback() ? " (fallback)" : "");
    }
  }

  /**
   * The node does not count.
   *
   * @param reason why, in words for people
   */
  record Dropped(String reason) implements Verdict {
    /**
     * Checks the components.
     *
     * @param reason why, in words for people
     */
    public Dropped {
      Objects.requireNonNull(reason, "reason");
    }

    @Override
    public Optional<PeerNode> node() {
      return Optional.empty();
    }

    /** Returns {@code dropped} with the reason. */
    @Override
    public String toString() {
      return "dropped: " + reason;
    }
  }
}
