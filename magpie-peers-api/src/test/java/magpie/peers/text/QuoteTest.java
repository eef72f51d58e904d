/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.text;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class QuoteTest {
  @Test
  void quotesAndEscapesWhatCouldDoHarm() {
    assertEquals("\"\"", Quote.of(""));
    assertEquals("\"a b\"", Quote.of("a b"));
    assertEquals("\"a\\\"b\\\\c\"", Quote.of("a\"b\\c"));
    assertEquals("\"\\n\\r\\t\\u001b[31m\\u0000\"", Quote.of("\n\r\t\033[31m\0"));
    assertEquals("\"\\u202e\\u2028\\u2029\\ufeff\"", Quote.of("\u202e\u2028\u2029\ufeff"));
    assertEquals("\"\\ud83d\"", Quote.of("\ud83d"));
    assertEquals("\"\\U000e0001\"", Quote.of(Character.toString(0xe0001)));
    assertEquals("\"\u00df\u0130\ud83d\udc26\"", Quote.of("\u00df\u0130\ud83d\udc26"));
  }

  @Test
  void showsWhatLooksLikeABlankAndIsNone() {
    assertEquals("\"192.0.2.1\\u00a0\"", Quote.of("192.0.2.1\u00a0"));
    assertEquals("\"\\u2007\\u202f\\u3000\\u1680\"", Quote.of("\u2007\u202f\u3000\u1680"));
    assertEquals("\"\\u200b\\u2060\\u3164\\u2800\"", Quote.of("\u200b\u2060\u3164\u2800"));
    assertEquals("\"\\ufe0f\\U000e0100\"", Quote.of("\ufe0f" + Character.toString(0xe0100)));
    // Only messages do so: what is printed or stored is not changed.
    assertEquals("\"\u00a0\"", Quote.json("\u00a0"));
    assertEquals("\u3000", Quote.visible("\u3000"));
  }

  @Test
  void cutsLongTextBetweenCharacters() {
    assertEquals('"' + "x".repeat(200) + '"', Quote.of("x".repeat(200)));
    assertEquals('"' + "x".repeat(200) + "\"... (201 characters)", Quote.of("x".repeat(201)));
    String bird = "\ud83d\udc26";
    assertEquals(
        '"' + "x".repeat(199) + "\"... (301 characters)",
        Quote.of("x".repeat(199) + bird + "y".repeat(100)));
  }

  @Test
  void showsTextAsItIsWhereNothingIsHidden() {
    assertEquals("a \"b\" \\", Quote.visible("a \"b\" \\"));
    assertEquals("a\\nb\\u001b[0m", Quote.visible("a\nb\033[0m"));
  }

  @Test
  void asJsonNothingIsLeftThatATerminalCouldActOn() {
    assertEquals("\"\"", Quote.json(""));
    assertEquals("\"a \\\"b\\\" \\\\\"", Quote.json("a \"b\" \\"));
    assertEquals("\"\\n\\r\\t\\u001b[31m\\u0000\"", Quote.json("\n\r\t\033[31m\0"));
    assertEquals("\"\\u202e\\u2028\\ud83d\"", Quote.json("\u202e\u2028\ud83d"));
    assertEquals("\"\ufffd\\ufffe\\uffff\"", Quote.json("\ufffd\ufffe\uffff"));
    assertEquals("\"\ud83d\udc26\"", Quote.json("\ud83d\udc26"));
    // YAML has no escape for it that JSON knows too.
    String tag = Character.toString(0xe0001);
    assertEquals('"' + tag + '"', Quote.json(tag));
    assertEquals('"' + "x".repeat(1000) + '"', Quote.json("x".repeat(1000)));
  }

  @Test
  void findsTheNearestWordIfOneIsNear() {
    List<String> known = List.of("oam", "storage", "addresses");
    assertEquals(Optional.of("storage"), Quote.nearest("sotrage", known));
    assertEquals(Optional.of("addresses"), Quote.nearest("ADDRESS", known));
    assertEquals(Optional.of("oam"), Quote.nearest("oma", known));
    assertEquals(Optional.empty(), Quote.nearest("xyz", known));
    assertEquals(Optional.empty(), Quote.nearest("s".repeat(1000), known));
    assertEquals(Optional.empty(), Quote.nearest("a", List.of()));
    // Of two that are equally near the first counts, and three slips in nine letters are not too
    // many.
    assertEquals(Optional.of("oan"), Quote.nearest("oax", List.of("oan", "oam")));
    assertEquals(Optional.of("addresses"), Quote.nearest("adresesx", known));
    assertEquals(Optional.empty(), Quote.nearest("adrsesxx", known));
  }
}
