/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import magpie.peers.fuzz.Bounds;

/** Reads any bytes as a topology, about which everything that is said holds. */
final class TopologyFuzz {
  /** A thousand problems may each show the line on which they are. */
  private static final Bounds BOUNDS = new Bounds(8 << 20, 16 * 1024);

  private TopologyFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) {
    TopologyReader.Outcome outcome = BOUNDS.parse(input, () -> TopologyReader.read(input, "x"));
    boolean error = false;
    String text = new String(input, StandardCharsets.UTF_8);
    boolean decodes = Arrays.equals(text.getBytes(StandardCharsets.UTF_8), input);
    String[] lines = text.replaceFirst("^\ufeff", "").split("\r\n|\r|\n", -1);
    for (Problem problem : outcome.problems()) {
      error |= problem.severity() == Problem.Severity.ERROR;
      assertFalse(problem.toString().isBlank());
      if (problem.line() > 0 && decodes) {
        String line = lines[problem.line() - 1];
        int length = line.codePointCount(0, line.length());
        assertEquals(line, problem.excerpt());
        assertTrue(problem.column() >= 1 && problem.column() <= length + 1, problem::toString);
        assertTrue(problem.column() + problem.length() <= length + 2, problem::toString);
      }
    }
    assertEquals(!error, outcome.topology().isPresent());
    outcome
        .topology()
        .ifPresent(
            topology ->
                assertEquals(
                    topology.entries().size(),
                    topology.entries().stream()
                        .map(entry -> entry.node().id())
                        .distinct()
                        .count()));
  }
}
