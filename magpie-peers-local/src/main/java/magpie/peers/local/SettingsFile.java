/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.local;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import magpie.peers.PeerId;
import magpie.peers.spi.Quote;

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
 * as an escape, single surrogates among it: what was published comes back as it was (S1).
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

  static Map<String, String> parse(String text, PeerId id) throws Malformed {
    return new Scanner(text, id).file();
  }

  /** Says what was expected, what was found and where in the file. */
  static final class Malformed extends Exception {
    private static final long serialVersionUID = 1L;

    Malformed(String message) {
      super(message);
    }
  }

  private static final class Scanner {
    private final String text;
    private final PeerId id;
    private int at;

    Scanner(String text, PeerId id) {
      this.text = text;
      this.id = id;
    }

    Map<String, String> file() throws Malformed {
      Map<String, String> head = new TreeMap<>();
      Map<String, String> settings = new TreeMap<>();
      object(
          key -> {
            if (key.equals("settings")) {
              once(head, key, "");
              object(name -> once(settings, name, string()));
            } else {
              once(head, key, string());
            }
          });
      blanks();
      if (at < text.length()) {
        throw unexpected("the end of the file");
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

    private static void require(Map<String, String> head, String key, String value)
        throws Malformed {
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

    private void once(Map<String, String> map, String key, String value) throws Malformed {
      if (map.put(key, value) != null) {
        throw new Malformed("expected every key once, found " + Quote.of(key) + " twice" + where());
      }
      if (map.size() > MOST_KEYS) {
        throw new Malformed("expected at most " + MOST_KEYS + " keys, found more");
      }
    }

    /** What to do with the value that follows a key. */
    private interface Member {
      void read(String key) throws Malformed;
    }

    private void object(Member member) throws Malformed {
      expect('{');
      if (found('}')) {
        return;
      }
      do {
        String key = string();
        expect(':');
        member.read(key);
      } while (found(','));
      expect('}');
    }

    private String string() throws Malformed {
      expect('"');
      StringBuilder out = new StringBuilder();
      while (at < text.length()) {
        char c = text.charAt(at);
        if (c < ' ') {
          throw unexpected("a character of a string, written as an escape if it is a control");
        }
        at++;
        if (c == '"') {
          return out.toString();
        }
        out.append(c == '\\' ? escape() : c);
      }
      throw unexpected("the end of a string");
    }

    private char escape() throws Malformed {
      if (at < text.length()) {
        int known = "\"\\/bfnrt".indexOf(text.charAt(at));
        if (known >= 0) {
          at++;
          return "\"\\/\b\f\n\r\t".charAt(known);
        }
        if (text.charAt(at) == 'u' && at + 5 <= text.length()) {
          int unit = 0;
          int digits = 0;
          while (digits < 4 && HexFormat.isHexDigit(text.charAt(at + digits + 1))) {
            unit = unit << 4 | HexFormat.fromHexDigit(text.charAt(at + ++digits));
          }
          if (digits == 4) {
            at += 5;
            return (char) unit;
          }
        }
      }
      throw unexpected("an escape of JSON");
    }

    private void expect(char wanted) throws Malformed {
      if (!found(wanted)) {
        throw unexpected(Quote.of(String.valueOf(wanted)));
      }
    }

    private boolean found(char wanted) {
      blanks();
      if (at < text.length() && text.charAt(at) == wanted) {
        at++;
        return true;
      }
      return false;
    }

    private void blanks() {
      while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
        at++;
      }
    }

    private Malformed unexpected(String expected) {
      String found =
          at < text.length()
              ? Quote.of(Character.toString(text.codePointAt(at)))
              : "the end of the file";
      return new Malformed("expected " + expected + ", found " + found + where());
    }

    private String where() {
      int line = 1;
      int start = 0;
      for (int i = text.indexOf('\n'); i >= 0 && i < at; i = text.indexOf('\n', i + 1)) {
        line++;
        start = i + 1;
      }
      return " at " + line + ":" + (text.codePointCount(start, Math.min(at, text.length())) + 1);
    }
  }
}
