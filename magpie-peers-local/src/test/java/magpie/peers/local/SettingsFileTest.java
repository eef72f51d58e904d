/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import magpie.peers.PeerId;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SettingsFileTest {
  private static final PeerId ID = PeerId.of("magpie/0");

  private static Map<String, String> parse(String text) throws SettingsFile.Malformed {
    return SettingsFile.parse(text.getBytes(StandardCharsets.UTF_8), ID);
  }

  @Test
  void writesJsonThatPeopleCanRead() {
    assertEquals(
        """
        {
          "format": "magpie-settings-1",
          "node": "magpie/0",
          "settings": {
            "größe": "say \\"hi\\"\\\\",
            "port": "5001",
            "text": "a\\nb\\u0009\\u2028"
          }
        }
        """,
        SettingsFile.print(
            ID, Map.of("port", "5001", "größe", "say \"hi\"\\", "text", "a\nb\t\u2028")));
    assertEquals(
        """
        {
          "format": "magpie-settings-1",
          "node": "magpie/0",
          "settings": {}
        }
        """,
        SettingsFile.print(ID, Map.of()));
  }

  @Test
  void keepsAnyText() throws SettingsFile.Malformed {
    Random random = new Random();
    long seed = random.nextLong();
    random.setSeed(seed);
    for (int round = 0; round < 500; round++) {
      Map<String, String> settings = new TreeMap<>();
      for (int i = random.nextInt(5); i > 0; i--) {
        settings.put(text(random), text(random));
      }
      assertEquals(settings, parse(SettingsFile.print(ID, settings)), "seed " + seed);
    }
  }

  /** Every kind of character, and the signs that JSON means. */
  private static String text(Random random) {
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(12); i > 0; i--) {
      switch (random.nextInt(5)) {
        case 0 -> text.append((char) random.nextInt(0xd800));
        case 1 -> text.appendCodePoint(0xe000 + random.nextInt(0x110000 - 0xe000));
        case 2 -> text.appendCodePoint(0x10000 + random.nextInt(0x1000));
        case 3 -> text.append("\"\\/\b\f\n\r\t{}[]:, \u0000\u001b".charAt(random.nextInt(17)));
        default -> text.append((char) (' ' + random.nextInt(95)));
      }
    }
    return text.toString();
  }

  @Test
  void readsWhatOtherProgramsWrite() throws SettingsFile.Malformed {
    assertEquals(
        Map.of("a", "/\b\f\r\t\"é😀", "b", ""),
        parse(
            "{\"settings\":{\"a\":\"\\/\\b\\f\\r\\t\\\"\\u00E9\\uD83D\\ude00\",\"b\":\"\"},"
                + "\r\n\t \"node\":\"magpie/0\",\"format\":\"magpie-settings-1\"}"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "``| expected a mapping in braces, found the end of the file at 1:1",
        "[]| expected a mapping in braces, found \"[\" at 1:1",
        "{\"format\": 1}| expected a text in quotes, found \"1\" at 1:12",
        "{\"format\": \"magpie-settings-1\"| expected JSON, found this: Unexpected end-of-input: expected"
            + " close marker for Object at 1:31",
        "{\"settings\": {\"a\": \"b\", }}| expected JSON, found this: Unexpected character ('}' (code"
            + " 125)): was expecting double-quote to start field name at 1:25",
        "{\"settings\": {\"a\": \"b\", \"a\": \"c\"}}| expected every key once, found \"a\" twice at"
            + " 1:30",
        "{\"settings\": {\"a\": \"b\"}, \"settings\": {}}| expected every key once, found \"settings\" twice"
            + " at 1:26",
        "{} x| expected JSON, found this: Unrecognized token 'x': was expecting (JSON String, Number,"
            + " Array, Object or token 'null', 'true' or 'false') at 1:4",
        "{\"a| expected JSON, found this: Unexpected end-of-input in field name at 1:4",
        "{\"a\\x\"| expected JSON, found this: Unrecognized character escape 'x' (code 120) at 1:5",
        "{\"\\u12g4\"| expected JSON, found this: Unexpected character ('g' (code 103)): expected a"
            + " hex-digit for character escape sequence at 1:7",
        "{\"\\ug041\"| expected JSON, found this: Unexpected character ('g' (code 103)): expected a"
            + " hex-digit for character escape sequence at 1:5",
        "{\"\\u12| expected JSON, found this: Unexpected end-of-input in character escape sequence at"
            + " 1:7",
        "{\"\\| expected JSON, found this: Unexpected end-of-input in character escape sequence at 1:4",
        "{}| expected \"format\" to be \"magpie-settings-1\", found none",
        "{\"format\": \"magpie-settings-2\"}| expected \"format\" to be \"magpie-settings-1\", found"
            + " \"magpie-settings-2\"",
        "{\"format\": \"magpie-settings-1\", \"node\": \"magpie/1\"}| expected \"node\" to be"
            + " \"magpie/0\", found \"magpie/1\"",
        "{\"format\": \"magpie-settings-1\", \"node\": \"magpie/0\", \"more\": \"\"}| expected the"
            + " keys \"format\", \"node\" and \"settings\", found \"more\"",
      })
  void saysWhatIsWrong(String text, String message) {
    assertEquals(
        message, assertThrows(SettingsFile.Malformed.class, () -> parse(text)).getMessage());
  }

  @Test
  void saysInWhichLineControlCharactersStand() {
    assertEquals(
        "expected JSON, found this: Illegal unquoted character ((CTRL-CHAR, code 10)): has to be"
            + " escaped using backslash to be included in name at 2:4",
        assertThrows(SettingsFile.Malformed.class, () -> parse("{\n \"a\nb\"}")).getMessage());
  }

  @Test
  void refusesBytesThatAreNotUtf8() {
    assertEquals(
        "expected UTF-8 text, found other bytes",
        assertThrows(
                SettingsFile.Malformed.class,
                () -> SettingsFile.parse(new byte[] {'{', (byte) 0xff, '}'}, ID))
            .getMessage());
  }

  @Test
  void refusesTooManyKeys() {
    Map<String, String> many = new TreeMap<>();
    IntStream.rangeClosed(0, SettingsFile.MOST_KEYS).forEach(i -> many.put("k" + i, ""));
    assertEquals(
        "expected at most 10000 keys, found more",
        assertThrows(SettingsFile.Malformed.class, () -> parse(SettingsFile.print(ID, many)))
            .getMessage());
  }

  @Test
  void throwsNothingElseForNoise() {
    Random random = new Random();
    long seed = random.nextLong();
    random.setSeed(seed);
    String good = SettingsFile.print(ID, Map.of("a", "b\n\u0000"));
    for (int round = 0; round < 5000; round++) {
      char[] noisy = good.toCharArray();
      for (int i = random.nextInt(3); i >= 0; i--) {
        noisy[random.nextInt(noisy.length)] = good.charAt(random.nextInt(good.length()));
      }
      try {
        parse(new String(noisy, 0, random.nextInt(noisy.length) + 1));
      } catch (SettingsFile.Malformed e) {
        assertTrue(e.getMessage().startsWith("expected "), "seed " + seed + ": " + e);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "magpie/0, magpie+0.json",
    "blade-02.lab_x, blade-02.lab_x.json",
    "Blade/1, =blade+1.json",
  })
  void namesTheFileAfterTheNode(String id, String name) {
    assertEquals(name, SettingsFile.nameOf(PeerId.of(id)));
  }

  @Test
  void givesEachNodeAFileOfItsOwn() {
    Set<String> names = new HashSet<>();
    List<String> ids =
        List.of(
            "a/b",
            "a-b",
            "a.b",
            "a_b",
            "A/b",
            "a/B",
            "A/B",
            "ab",
            "a",
            "A",
            "aA",
            "Aa",
            "a/b.json",
            "x".repeat(253),
            "x".repeat(252),
            "X".repeat(253),
            "x".repeat(252) + "y",
            "x".repeat(251) + "/y",
            "x".repeat(160),
            "x".repeat(161));
    for (String id : ids) {
      String name = SettingsFile.nameOf(PeerId.of(id));
      // As a file system sees it that does not tell upper from lower case.
      assertTrue(names.add(name.toUpperCase(Locale.ROOT)), name);
      assertTrue(name.length() <= 255 - ".lock".length(), name);
      assertTrue(name.matches("[a-z0-9=][a-z0-9._+=~-]*\\.json"), name);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"magpie+0.json.lock", "magpie+0.json.tmp", "README"})
  void knowsWhatIsNoSettingsFile(String name) {
    assertEquals(false, SettingsFile.isName(name));
  }
}
