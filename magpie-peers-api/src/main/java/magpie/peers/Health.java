/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import java.time.Instant;
import java.util.Objects;

/**
 * Whether a view shows its source as it is now, or as it last was (E2).
 *
 * @param status whether the last reading went well
 * @param since when that began: the first good or the first failed reading in a row
 * @param reason why the source cannot be read; empty while it can
 */
public record Health(Status status, Instant since, String reason) {

  /** Whether the last reading went well. */
  public enum Status {
    /** The source was read and understood. */
    FRESH,
    /** The source could not be read or understood; the last good snapshot stays. */
    STALE
  }

  /**
   * Checks the components.
   *
   * @param status whether the last reading went well
   * @param since when that began: the first good or the first failed reading in a row
   * @param reason why the source cannot be read
   */
  public Health {
    Objects.requireNonNull(status, "status");
    Objects.requireNonNull(since, "since");
    Objects.requireNonNull(reason, "reason");
  }

  /**
   * Tells whether the view shows an older reading.
   *
   * @return true if the status is {@link Status#STALE}
   */
  public boolean stale() {
    return status == Status.STALE;
  }
}
