/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.reach;

import java.nio.charset.StandardCharsets;
import java.util.Optional;
import magpie.peers.PeerId;
import org.jspecify.annotations.Nullable;

/**
 * What a listener says to a peer that connects: one line, {@code magpie-reach 1 ID}.
 *
 * <p>The number is the version of this protocol. Behind the greeting the connection is closed by
 * the peer, which may first ask for throughput with a line of its own.
 */
record Greeting(PeerId id) {
  /** No longer than this, with its line end; a peer id has at most 253 characters. */
  static final int LONGEST = 300;

  private static final String START = "magpie-reach 1 ";

  byte[] bytes() {
    return (START + id + "\n").getBytes(StandardCharsets.UTF_8);
  }

  /** Reads a greeting, or finds out that something else was said. */
  static Optional<Greeting> read(@Nullable String line) {
    if (line == null || !line.startsWith(START)) {
      return Optional.empty();
    }
    try {
      return Optional.of(new Greeting(PeerId.of(line.substring(START.length()))));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** Whether what was said so far may become a greeting. */
  static boolean mayBegin(String said) {
    return START.startsWith(said) || said.startsWith(START);
  }
}
