/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.local;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import magpie.peers.PeerId;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;

/**
 * The file in which a node publishes its settings: its name and its text.
 *
 * <pre>{@code
 * {
 *   "format": "magpie-settings-1",
 *   "node": "magpie/0",
 *   "settings": {
 *     "iperf-port": "5001"
 *   }
 * }
 * }</pre>
 *
 * <p>The text is JSON (RFC 8259) in UTF-8 in which every value is a string and no key stands twice,
 * so that programs in other languages can publish too. Everything that is not plain text is written
 * as an escape: what was published comes back as it was (S1).
 */
final class SettingsFile {
  static final int LARGEST = 1024 * 1024;
  static final int MOST_KEYS = 10_000;

  private static final String FORMAT = "magpie-settings-1";
  private static final String SUFFIX = ".json";

  /** With the suffix, and that of the lock, far below the 255 bytes that file systems allow. */
  private static final int LONGEST_STEM = 160;

  private SettingsFile() {}

  /**
   * Returns the file name for a node; no two nodes share one, even where file systems do not tell
   * upper from lower case: {@code magpie/0} publishes in {@code magpie+0.json}, {@code Blade/1} in
   * {@code =blade+1.json}. Neither sign can stand in an id; nor can the one before the digest that
   * takes the place of what is too long.
   */
  static String nameOf(PeerId id) {
    StringBuilder stem = new StringBuilder();
    for (char c : id.value().toCharArray()) {
      if (c == '/') {
        stem.append('+');
      } else if (c >= 'A' && c <= 'Z') {
        stem.append('=').append((char) (c - 'A' + 'a'));
      } else {
        stem.append(c);
      }
    }
    if (stem.length() > LONGEST_STEM) {
      byte[] digest = TrackedFile.sha256(id.value().getBytes(StandardCharsets.UTF_8));
      stem.setLength(LONGEST_STEM - 65);
      stem.append('~').append(HexFormat.of().formatHex(digest));
    }
    return stem.append(SUFFIX).toString();
  }

  static boolean isName(String name) {
    return name.endsWith(SUFFIX);
  }

  static String print(PeerId id, Map<String, String> settings) {
    StringBuilder out = new StringBuilder("{\n  \"format\": ");
    quote(out, FORMAT);
    quote(out.append(",\n  \"node\": "), id.value());
    out.append(",\n  \"settings\": {");
    String separator = "\n    ";
    for (Map.Entry<String, String> setting : new TreeMap<>(settings).entrySet()) {
      quote(out.append(separator), setting.getKey());
      quote(out.append(": "), setting.getValue());
      separator = ",\n    ";
    }
    return out.append(settings.isEmpty() ? "}\n}\n" : "\n  }\n}\n").toString();
  }

  private static void quote(StringBuilder out, String text) {
    out.append('"');
    text.codePoints()
        .forEach(
            c -> {
              if (c == '"' || c == '\\') {
                out.append('\\').append((char) c);
              } else if (c == '\n') {
                out.append("\\n");
              } else if (plain(c)) {
                out.appendCodePoint(c);
              } else {
                for (char unit : Character.toChars(c)) {
                  out.append("\\u").append(HexFormat.of().toHexDigits(unit));
                }
              }
            });
    out.append('"');
  }

  private static boolean plain(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> true;
    };
  }

  /**
   * Returns the settings that a text holds.
   *
   * @param id the node that the file belongs to
   * @throws Malformed if it is anything else than what {@link #print} could have meant
   */
  static Map<String, String> parse(byte[] content, PeerId id) throws Malformed {
    try {
      return parse(
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(content)).toString(), id);
    } catch (CharacterCodingException e) {
      throw new Malformed("expected UTF-8 text, found other bytes");
    }
  }

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNameLength(LARGEST)
                  .maxStringLength(LARGEST)
                  .build())
          // Keys are other people's: they are neither kept beyond the file nor hashed.
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .build();

  static Map<String, String> parse(String text, PeerId id) throws Malformed {
    try (JsonParser json = JSON.createParser(text)) {
      return parse(json, id);
    } catch (JsonProcessingException e) {
      // Some name the place of a bracket besides, in the form of the library.
      String message =
          String.valueOf(e.getOriginalMessage()).replaceAll(" \\((start marker )?at \\[.*", "");
      throw new Malformed(
          "expected JSON, found this: " + Quote.visible(message) + at(e.getLocation()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Map<String, String> parse(JsonParser json, PeerId id)
      throws IOException, Malformed {
    Map<String, String> head = new TreeMap<>();
    Map<String, String> settings = new TreeMap<>();
    object(
        json,
        json.nextToken(),
        key -> {
          if (key.equals("settings")) {
            once(json, head, key, "");
            object(json, json.nextToken(), name -> once(json, settings, name, string(json)));
          } else {
            once(json, head, key, string(json));
          }
        });
    if (json.nextToken() != null) {
      throw unexpected(json, "the end of the file");
    }
    head.remove("settings");
    require(head, "format", FORMAT);
    require(head, "node", id.value());
    if (!head.isEmpty()) {
      throw new Malformed(
          "expected the keys \"format\", \"node\" and \"settings\", found "
              + Quote.of(head.keySet().iterator().next()));
    }
    return settings;
  }

  private static void require(Map<String, String> head, String key, String value) throws Malformed {
    String found = head.remove(key);
    if (!value.equals(found)) {
      throw new Malformed(
          "expected "
              + Quote.of(key)
              + " to be "
              + Quote.of(value)
              + ", found "
              + (found == null ? "none" : Quote.of(found)));
    }
  }

  /** What to do with the value that follows a key. */
  private interface Member {
    void read(String key) throws IOException, Malformed;
  }

  private static void object(JsonParser json, @Nullable JsonToken first, Member member)
      throws IOException, Malformed {
    if (first != JsonToken.START_OBJECT) {
      throw unexpected(json, "a mapping in braces");
    }
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      member.read(json.currentName());
    }
  }

  private static String string(JsonParser json) throws IOException, Malformed {
    if (json.nextToken() != JsonToken.VALUE_STRING) {
      throw unexpected(json, "a text in quotes");
    }
    return json.getText();
  }

  private static void once(JsonParser json, Map<String, String> map, String key, String value)
      throws Malformed {
    if (map.put(key, value) != null) {
      throw new Malformed(
          "expected every key once, found "
              + Quote.of(key)
              + " twice"
              + at(json.currentTokenLocation()));
    }
    if (map.size() > MOST_KEYS) {
      throw new Malformed("expected at most " + MOST_KEYS + " keys, found more");
    }
  }

  private static Malformed unexpected(JsonParser json, String expected) throws IOException {
    return json.currentToken() == null
        ? new Malformed(
            "expected " + expected + ", found the end of the file" + at(json.currentLocation()))
        : new Malformed(
            "expected "
                + expected
                + ", found "
                + Quote.of(json.getText())
                + at(json.currentTokenLocation()));
  }

  private static String at(JsonLocation place) {
    return " at " + place.getLineNr() + ":" + place.getColumnNr();
  }

  /** Says what was expected, what was found and where in the file. */
  static final class Malformed extends Exception {
    private static final long serialVersionUID = 1L;

    Malformed(String message) {
      super(message);
    }
  }
}
