/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import java.util.Objects;

/** The source of truth cannot be read or written now; the same call may succeed later. */
public final class SourceUnavailableException extends PeersException {
  private static final long serialVersionUID = 1L;

  /** What could not be reached. */
  private final String origin;

  /**
   * Creates the exception.
   *
   * @param origin what could not be reached, such as a file
   * @param message what was expected, what was found, and what to do next
   */
  public SourceUnavailableException(String origin, String message) {
    super(message);
    this.origin = Objects.requireNonNull(origin, "origin");
  }

  /**
   * Creates the exception with its cause.
   *
   * @param origin what could not be reached, such as a file
   * @param message what was expected, what was found, and what to do next
   * @param cause what led to it
   */
  public SourceUnavailableException(String origin, String message, Throwable cause) {
    super(message, cause);
    this.origin = Objects.requireNonNull(origin, "origin");
  }

  /**
   * Returns what could not be reached.
   *
   * @return the file or other origin
   */
  public String origin() {
    return origin;
  }
}
