/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

/**
 * The root of everything that can go wrong with peers through no fault of the calling program (F1).
 *
 * <p>Its few final leaves are those that a caller can act on, and each holds its data: {@link
 * ConfigurationException}, {@link SourceUnavailableException}, {@link MalformedTopologyException},
 * {@link HookToolException}, {@link StateException}. Every message says what was expected, what was
 * found, where, and what to do next. Faults of the program itself stay {@link
 * IllegalArgumentException}, {@link IllegalStateException} and {@link NullPointerException}.
 */
public abstract sealed class PeersException extends RuntimeException
    permits ConfigurationException,
        HookToolException,
        MalformedTopologyException,
        SourceUnavailableException,
        StateException {
  private static final long serialVersionUID = 1L;

  PeersException(String message) {
    super(message);
  }

  PeersException(String message, Throwable cause) {
    super(message, cause);
  }
}
