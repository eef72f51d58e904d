/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */
package magpie.peers.local;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import magpie.peers.Problem;

/** Reads topology files. */
final class TopologyReader {
  private TopologyReader() {}

  /**
   * What reading a file came to.
   *
   * @param topology what the file says; empty if one of the problems is an error
   * @param problems errors and warnings, root cause first
   */
  record Outcome(Optional<Topology> topology, List<Problem> problems) {}

  static Outcome read(Path file, String shownName) {
    throw new UnsupportedOperationException();
  }

  static Outcome read(byte[] content, String shownName) {
    throw new UnsupportedOperationException();
  }
}
