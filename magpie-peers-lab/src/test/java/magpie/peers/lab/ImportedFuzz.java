/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import magpie.peers.PeerView;
import magpie.peers.fuzz.Bounds;
import magpie.peers.topology.MalformedTopologyException;
import magpie.peers.topology.Problem;
import org.jspecify.annotations.Nullable;

/** What holds for an import of any bytes. */
final class ImportedFuzz {
  /** What is read back by the backend: more would only take longer. */
  private static final int MOST_READ_BACK = 100;

  private ImportedFuzz() {}

  interface Importer {
    Imported.Content read(String shown, Diagnostics diagnostics);
  }

  static void check(byte[] input, Bounds bounds, Importer importer) {
    Imported imported = bounds.parse(input, () -> imported(input, importer));
    if (imported == null) {
      return;
    }
    imported.leftOut().forEach(problem -> holds(problem, input));
    if (imported.ids().size() > MOST_READ_BACK) {
      return;
    }
    String text = bounds.parse(input, imported::text);
    List<Problem> errors =
        Views.check(Scratch.directory(), text).stream()
            .filter(problem -> problem.severity() == Problem.Severity.ERROR)
            .toList();
    assertEquals(List.of(), errors);
    try (PeerView view =
        Views.observer(Views.file(Scratch.directory(), "imported.magpie.yaml", text))) {
      assertEquals(imported.ids(), view.ids());
    }
  }

  private static @Nullable Imported imported(byte[] input, Importer importer) {
    try {
      Diagnostics diagnostics = new Diagnostics(input, "fuzz", "a file");
      return importer.read("fuzz", diagnostics).imported("fuzz", diagnostics);
    } catch (MalformedTopologyException e) {
      hold(e, input);
      return null;
    }
  }

  /** What is said of an input that is refused. */
  static void hold(MalformedTopologyException e, byte[] input) {
    assertFalse(e.problems().isEmpty());
    e.problems().forEach(problem -> holds(problem, input));
  }

  private static void holds(Problem problem, byte[] input) {
    assertFalse(problem.message().isBlank());
    if (problem.line() == 0) {
      return;
    }
    String text = new String(input, StandardCharsets.UTF_8).replaceFirst("^\ufeff", "");
    boolean decodes = Arrays.equals(text.getBytes(StandardCharsets.UTF_8), input);
    if (decodes) {
      String[] lines = text.split("\\R", -1);
      assertTrue(problem.line() <= lines.length + 1, problem::toString);
      assertTrue(problem.column() >= 1, problem::toString);
    }
  }
}
