/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import magpie.peers.topology.MalformedTopologyException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Settings in files keep their text, and faults are told with their places. */
class SettingsTest {
  private static Map<String, String> read(String text) {
    return Settings.read(text.getBytes(StandardCharsets.UTF_8), "settings.yaml");
  }

  private static void assertRefused(String text, String message) {
    MalformedTopologyException e = assertThrows(MalformedTopologyException.class, () -> read(text));
    assertEquals(message, e.getMessage());
  }

  @Test
  void readsYamlAsItIsWritten() {
    assertEquals(
        Map.of(
            "port",
            "5001",
            "version",
            "1.10",
            "on",
            "yes",
            "hex",
            "0x1F",
            "date",
            "2001-01-01",
            "text",
            " a: b ",
            "block",
            "one\ntwo\n",
            "gone",
            "",
            "template",
            "{{ x }}"),
        read(
            """
            port: 5001
            version: 1.10
            on: yes
            hex: 0x1F
            date: 2001-01-01
            text: " a: b "
            gone: ""
            template: "{{ x }}"
            block: |
              one
              two
            """));
  }

  @Test
  void readsJson() {
    assertEquals(
        Map.of("a", "é\n😀", "b", "1.50", "c", "true", "d", ""),
        read("{\"a\": \"\\u00e9\\n\\ud83d\\ude00\", \"b\": 1.50, \"c\": true, \"d\": \"\"}"));
  }

  @Test
  void tellsEveryFault() {
    assertRefused(
        "a:\nb: [1]\n\"\": x\na: 2\n",
        """
        settings.yaml:1:3: error [wrong-type] expected a text, a number, true or false, found nothing
          1 | a:
            |   ^
          at a; fix: write "" to remove the key
        settings.yaml:2:4: error [wrong-type] expected a text, a number, true or false, found a list
          2 | b: [1]
            |    ^
          at b; fix: write the value as one text, in quotes
        settings.yaml:3:1: error [bad-key] expected a key, found an empty one
          3 | "": x
            | ^
          fix: name the key
        settings.yaml:4:1: error [duplicate-key] expected every key once, found "a" again; it is first at 1:1
          4 | a: 2
            | ^
          fix: remove one of the two""");
  }

  @Test
  void refusesWhatIsNoMapping() {
    assertRefused(
        "- a\n",
        """
        settings.yaml:1:1: error [wrong-type] expected a mapping of keys to values, found a list
          1 | - a
            | ^
          fix: write "key: value" lines, or a JSON object""");
    assertRefused(
        "# nothing\n",
        """
        settings.yaml:1:1: error [wrong-type] expected a mapping of keys to values, found nothing
          1 | # nothing
            | ^
          fix: write "key: value" lines, or a JSON object""");
    assertRefused(
        "a: 'b\n",
        """
        settings.yaml:1:4: error [syntax] expected a closing quote, found the end of the file
          1 | a: 'b
            |    ^
          fix: close the text that begins here""");
    assertRefused(
        "a: *b\n",
        """
        settings.yaml:1:4: error [syntax] expected an anchor for every alias, found none for "*b"
          1 | a: *b
            |    ^
          fix: write the anchor in front of the alias, or put the value in quotes""");
    assertRefused(
        "a: b\n---\nc: d\n",
        """
        settings.yaml:2:1: error [syntax] expected one document in the file, found a second
          2 | ---
            | ^
          fix: remove it or move it to a file of its own""");
    assertRefused(
        "a: \u0007\n\tb: c\n",
        """
        settings.yaml:1:4: error [control-character] expected text, found the character U+0007, which YAML does not allow
          1 | a: \\u0007
            |    ^^^^^^
          fix: delete it, or write it as an escape in double quotes, such as "\\u0007"
        settings.yaml:2:1: error [tab] expected spaces, found a tab
          2 |  b: c
            | ^
          fix: indent with spaces; YAML has no tabs in front of keys and values""");
    assertRefused(
        "a: !vault x\n",
        """
        settings.yaml:1:4: error [vault] expected a value, found one encrypted by vault
          1 | a: !vault x
            |    ^
          fix: decrypt it into a copy, or remove it from the copy""");
  }

  @Test
  void refusesBytesThatAreNoText() {
    MalformedTopologyException e =
        assertThrows(
            MalformedTopologyException.class,
            () -> Settings.read(new byte[] {'a', ':', (byte) 0xff}, "settings.yaml"));
    assertEquals(
        "settings.yaml:1:3: error [not-utf8] expected settings in UTF-8, found the byte 0xff\n"
            + "  fix: save it as UTF-8",
        e.getMessage());
  }

  @ParameterizedTest
  @ValueSource(strings = {"\\u", "\\UFFFFFFFF\""})
  void saysBehindWhatItCannotRead(String escape) {
    assertRefused(
        "port: 5001\nmotd: \"" + escape,
        """
        settings.yaml:2:1: error [syntax] expected an escape such as "\\u00e9" in double quotes, found another behind this
          2 | motd: "%s
            | ^
          fix: write the number of a character behind \\x, \\u or \\U"""
            .formatted(escape));
  }
}
