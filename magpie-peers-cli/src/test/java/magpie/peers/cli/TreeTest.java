/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** Reads back what is written, with the parsers that the backends use. */
class TreeTest {
  private static String written(Object tree, BiConsumer<Object, Output> how) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    Output out = new Output(bytes, Terminal.NONE);
    how.accept(tree, out);
    out.flush();
    return bytes.toString(StandardCharsets.UTF_8);
  }

  private static Object json(String text) {
    try (JsonParser parser = new JsonFactory().createParser(text)) {
      parser.nextToken();
      Object value = json(parser);
      assertEquals(null, parser.nextToken(), text);
      return value;
    } catch (IOException e) {
      throw new UncheckedIOException(text, e);
    }
  }

  private static Object json(JsonParser parser) throws IOException {
    return switch (parser.currentToken()) {
      case START_OBJECT -> {
        Map<String, Object> map = new LinkedHashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
          String key = parser.currentName();
          parser.nextToken();
          map.put(key, json(parser));
        }
        yield map;
      }
      case START_ARRAY -> {
        List<Object> list = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
          list.add(json(parser));
        }
        yield list;
      }
      case VALUE_STRING -> parser.getText();
      case VALUE_NUMBER_INT -> parser.getIntValue();
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      case VALUE_NULL -> null;
      default -> throw new AssertionError(parser.currentToken());
    };
  }

  private static Object yaml(String text) {
    return new Load(LoadSettings.builder().build()).loadFromString(text);
  }

  private static void assertReadsBack(Object tree, String hint) {
    assertEquals(tree, json(written(tree, Tree::json)), hint);
    assertEquals(tree, json(Tree.jsonLine(tree)), hint);
    assertFalse(Tree.jsonLine(tree).contains("\n"), hint);
    assertEquals(tree, yaml(written(tree, Tree::yaml)), hint);
  }

  @Test
  void anyTreeReadsBackFromBothForms() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int i = 0; i < 2000; i++) {
      assertReadsBack(tree(random, 4), "seed " + seed + ", tree " + i);
    }
  }

  private static Object tree(Random random, int depth) {
    return switch (random.nextInt(depth == 0 ? 4 : 6)) {
      case 0 -> random.nextInt();
      case 1 -> random.nextBoolean();
      case 2 -> null;
      case 3 -> text(random);
      case 4 -> {
        List<Object> list = new ArrayList<>();
        for (int n = random.nextInt(4); n > 0; n--) {
          list.add(tree(random, depth - 1));
        }
        yield list;
      }
      default -> {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int n = random.nextInt(4); n > 0; n--) {
          map.put(text(random), tree(random, depth - 1));
        }
        yield map;
      }
    };
  }

  private static final List<String> PIECES =
      List.of(
          "a",
          "Z",
          "7",
          "0x1F",
          "no",
          "On",
          "null",
          "~",
          "-",
          "- ",
          ": ",
          " #",
          "#",
          "\"",
          "'",
          "\\",
          "/",
          "\n",
          "\r",
          "\t",
          " ",
          "\u0000",
          "\u001b[2J",
          "\u007f",
          "\u0085",
          "\u009b",
          "\u2028",
          "\u202e",
          "\ufeff",
          "\ufffe",
          "é",
          "日本",
          "😀",
          "&x",
          "*x",
          "!x",
          "{",
          "]",
          "%",
          "@",
          "`",
          "|",
          ">",
          "?",
          ",",
          "1.0",
          ".inf",
          "12:30",
          "2001-01-01",
          "<<",
          "=");

  private static String text(Random random) {
    StringBuilder text = new StringBuilder();
    for (int n = random.nextInt(4); n > 0; n--) {
      text.append(PIECES.get(random.nextInt(PIECES.size())));
    }
    return text.toString();
  }

  @Test
  void textsThatYaml11TakesForSomethingElseAreQuoted() {
    for (String text :
        List.of(
            "y", "NO", "Off", "TRUE", "null", "~", "1", "1e3", "0o17", "12:30", "", "=", "<<")) {
      assertEquals("\"" + text + "\"\n", written(text, Tree::yaml));
    }
    for (String text : List.of("magpie/0", "rack-b", "e1", "tor_1.x")) {
      assertEquals(text + "\n", written(text, Tree::yaml));
    }
  }

  @Test
  void whatATerminalCouldActOnIsEscapedInBothForms() {
    String text = "\u001b\u007f\u009b\u202e\u2028\ud800é😀";
    String escaped = "\"\\u001b\\u007f\\u009b\\u202e\\u2028\\ud800é😀\"";
    assertEquals(escaped, Tree.jsonLine(text));
    assertEquals(escaped + "\n", written(text, Tree::yaml));
  }

  @Test
  void nestedListsAndMapsAreBlocks() {
    Object tree =
        List.of(List.of(1, List.of("a")), Map.of("m", List.of(Map.of("k", Map.of()), List.of())));
    assertEquals(
        """
        - - 1
          - - a
        - m:
            - k: {}
            - []
        """,
        written(tree, Tree::yaml));
    assertEquals("[[1,[\"a\"]],{\"m\":[{\"k\":{}},[]]}]", Tree.jsonLine(tree));
    assertReadsBack(tree, "nested");
  }
}
