/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology;

import java.util.List;
import java.util.stream.Collectors;
import magpie.peers.PeersException;

/**
 * A topology that people wrote has errors; all of them are listed, root cause first.
 *
 * <p>The message is the problems as a terminal shows them, one after the other.
 */
public final class MalformedTopologyException extends PeersException {
  private static final long serialVersionUID = 1L;

  /** The problems; not serialized, because the message tells them already. */
  private final transient List<Problem> problems;

  /**
   * Creates the exception.
   *
   * @param problems what is wrong, root cause first; at least one
   * @throws IllegalArgumentException if there is no problem
   */
  public MalformedTopologyException(List<Problem> problems) {
    super(problems.stream().map(Problem::toString).collect(Collectors.joining("\n")));
    this.problems = List.copyOf(problems);
    if (problems.isEmpty()) {
      throw new IllegalArgumentException("expected at least one problem, found none");
    }
  }

  /**
   * Returns what is wrong.
   *
   * @return the problems, root cause first, at least one; unmodifiable; empty after deserialization
   */
  public List<Problem> problems() {
    return problems == null ? List.of() : problems;
  }
}
