/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import java.util.Objects;

/**
 * The durable state that notices live in cannot be used: unreadable, damaged, not writable, or not
 * safe to trust because another user could change it. Nothing of it was changed.
 */
public final class StateException extends PeersException {
  private static final long serialVersionUID = 1L;

  /** Where the state is. */
  private final String origin;

  /**
   * Creates the exception.
   *
   * @param origin where the state is, such as a file
   * @param message what was expected, what was found, and what to do next
   */
  public StateException(String origin, String message) {
    super(message);
    this.origin = Objects.requireNonNull(origin, "origin");
  }

  /**
   * Creates the exception with its cause.
   *
   * @param origin where the state is, such as a file
   * @param message what was expected, what was found, and what to do next
   * @param cause what led to it
   */
  public StateException(String origin, String message, Throwable cause) {
    super(message, cause);
    this.origin = Objects.requireNonNull(origin, "origin");
  }

  /**
   * Returns where the state is.
   *
   * @return the file or other origin
   */
  public String origin() {
    return origin;
  }
}
