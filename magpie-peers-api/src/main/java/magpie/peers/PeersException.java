/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

/**
 * The root of everything that can go wrong with peers through no fault of the calling program (F1).
 *
 * <p>Its few final leaves are those that a caller can act on, and each holds its data: {@link
 * ConfigurationException}, {@link SourceUnavailableException}, {@link StateException}, and those of
 * a backend, such as one for a file with errors. Every message says what was expected, what was
 * found, where, and what to do next. Faults of the program itself stay {@link
 * IllegalArgumentException}, {@link IllegalStateException} and {@link NullPointerException}.
 */
public abstract class PeersException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception, for leaves of a backend.
   *
   * @param message what was expected, what was found, where, and what to do next
   */
  protected PeersException(String message) {
    super(message);
  }

  /**
   * Creates the exception with its cause, for leaves of a backend.
   *
   * @param message what was expected, what was found, where, and what to do next
   * @param cause what it comes from
   */
  protected PeersException(String message, Throwable cause) {
    super(message, cause);
  }
}
