/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import magpie.peers.topology.yaml.Code;
import magpie.peers.topology.yaml.Problems;
import magpie.peers.topology.yaml.YamlText;
import org.junit.jupiter.api.Test;

/** {@code docs/topology.md} says what the code does. */
class TopologyDocumentTest {
  private static String document() throws IOException {
    return Files.readString(Corpus.root().resolve("docs/topology.md"));
  }

  @Test
  void listsEveryCodeWithItsStageAndNoOther() throws IOException {
    List<String> listed =
        Pattern.compile("^\\| ([a-z]+) \\| `([a-z0-9-]+)` \\|", Pattern.MULTILINE)
            .matcher(document())
            .results()
            .map(row -> row.group(1) + " " + row.group(2))
            .toList();

    assertEquals(
        Arrays.stream(Code.values())
            .map(code -> code.stage().name().toLowerCase(Locale.ROOT) + " " + code)
            .toList(),
        listed);
  }

  @Test
  void beginsWithATopologyThatIsOne() throws IOException {
    MatchResult sample =
        Pattern.compile("```yaml\n(.*?)```", Pattern.DOTALL)
            .matcher(document())
            .results()
            .findFirst()
            .orElseThrow();
    TopologyReader.Outcome outcome =
        TopologyReader.read(sample.group(1).getBytes(StandardCharsets.UTF_8), "sample");

    assertEquals("", Corpus.said(outcome));
    assertEquals("bench-b", outcome.topology().orElseThrow().name());
  }

  @Test
  void tellsTheLimits() throws IOException {
    String document = document();

    assertTrue(
        document.contains("| file | " + (TopologyReader.LONGEST_FILE >> 20) + " MiB |"), document);
    assertTrue(
        document.contains(
            String.format(Locale.ROOT, "| line | %,d characters |", YamlText.LONGEST_LINE)),
        document);
    assertTrue(
        document.contains(
            String.format(Locale.ROOT, "| value | %,d characters |", YamlEvents.LONGEST_VALUE)),
        document);
    assertTrue(document.contains("other | " + YamlEvents.DEEPEST + " |"), document);
    assertTrue(document.contains("| problems told | " + Problems.MOST + ","), document);
  }
}
