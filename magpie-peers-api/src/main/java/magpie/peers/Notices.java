/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import java.util.List;

/**
 * The notices that have not been dismissed.
 *
 * @param joined who joined, ordered by id; unmodifiable
 * @param departed who departed, ordered by id; unmodifiable
 */
public record Notices(List<Notice> joined, List<Notice> departed) {

  /**
   * Copies the lists.
   *
   * @param joined who joined, ordered by id
   * @param departed who departed, ordered by id
   */
  public Notices {
    joined = List.copyOf(joined);
    departed = List.copyOf(departed);
  }

  /**
   * Tells whether there is nothing to deal with.
   *
   * @return whether both lists are empty
   */
  public boolean isEmpty() {
    return joined.isEmpty() && departed.isEmpty();
  }
}
