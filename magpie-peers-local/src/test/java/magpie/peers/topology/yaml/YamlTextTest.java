/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology.yaml;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class YamlTextTest {
  private static final String[] PIECES = {"a", "b: ", "é", "😀", "\n", "\r", "\r\n", "\u2028"};

  @Test
  void lineAndColumnLeadBackToThePlaceThatTheyAreOf() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int round = 0; round < 20; round++) {
      StringBuilder out = new StringBuilder(round % 2 == 0 ? "" : "\ufeff");
      for (int i = random.nextInt(5000); i > 0; i--) {
        out.append(PIECES[random.nextInt(PIECES.length)]);
      }
      YamlText text = indexed(out.toString());
      int[] points = out.toString().replace("\ufeff", "").codePoints().toArray();
      for (int i = 0; i <= points.length; i++) {
        if (i > 0 && i < points.length && points[i] == '\n' && points[i - 1] == '\r') {
          continue;
        }
        YamlText.Position at = text.locate(YamlText.place(i, 1));
        YamlText.Position again = text.locate(text.place(at.line(), at.column(), 1));
        assertEquals(at, again, "seed " + seed + ", character " + i);
      }
    }
  }

  @Test
  void linesAreThoseThatPlacesCount() {
    YamlText text = indexed("\ufeffa\r\nb\rc\u2028d\n\n");
    List<String> lines = new ArrayList<>();
    text.lines().forEach(lines::add);
    assertEquals(List.of("a", "b", "c\u2028d", "", ""), lines);
    for (int i = 0; i < lines.size(); i++) {
      assertEquals(
          new YamlText.Position(i + 1, 1, 1, lines.get(i)), text.locate(text.place(i + 1, 1, 1)));
    }
  }

  private static YamlText indexed(String content) {
    YamlText text = new YamlText(content.getBytes(UTF_8));
    assertTrue(text.index((at, line, place) -> false));
    return text;
  }
}
