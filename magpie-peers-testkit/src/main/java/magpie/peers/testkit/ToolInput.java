/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * Reads the map of scalars that {@code --file} takes: JSON, and simple block YAML.
 *
 * <p>Juju reads it with a YAML 1.1 parser, to which JSON is not quite a subset. Where that parser
 * fails on good JSON (an escape for half a surrogate pair, a raw control character), this one fails
 * with the same message. Where it would quietly change a text (a raw NEL, or blanks around a raw
 * line separator), and for YAML this reader does not know, it refuses, naming itself.
 */
final class ToolInput {
  /** A key of this length or more is none for the YAML parser. */
  private static final int KEY_LIMIT = 1024;

  private final String text;
  private int at;

  private ToolInput(String text) {
    this.text = text;
  }

  static Map<String, String> read(byte[] bytes) throws ToolFailure {
    String text;
    try {
      text = UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw ToolFailure.failed("yaml: invalid leading UTF-8 octet");
    }
    if (text.startsWith("\ufeff")) {
      text = text.substring(1);
    }
    if (!text.codePoints().allMatch(ToolInput::isPrintable)) {
      throw ToolFailure.failed("yaml: control characters are not allowed");
    }
    return new ToolInput(text).document();
  }

  private static boolean isPrintable(int c) {
    return c == '\t'
        || c == '\n'
        || c == '\r'
        || (c >= 0x20 && c <= 0x7e)
        || c == 0x85
        || (c >= 0xa0 && c <= 0xd7ff)
        || (c >= 0xe000 && c <= 0xfffd && c != 0xfeff)
        || c >= 0x10000;
  }

  private Map<String, String> document() throws ToolFailure {
    skipBlanks();
    if (at == text.length()) {
      return new LinkedHashMap<>();
    }
    char first = text.charAt(at);
    if (first == '{') {
      Map<String, String> map = object();
      skipBlanks();
      if (at < text.length()) {
        throw yaml("did not find expected <document start>");
      }
      return map;
    }
    if (first == '[') {
      throw notMap("!!seq");
    }
    return block();
  }

  private Map<String, String> object() throws ToolFailure {
    Map<String, String> map = new LinkedHashMap<>();
    at++;
    skipBlanks();
    if (peek() == '}') {
      at++;
      return map;
    }
    while (true) {
      skipBlanks();
      if (peek() != '"') {
        throw refuse("a key that is not in double quotes");
      }
      int start = at;
      String key = quoted();
      if (at - start >= KEY_LIMIT) {
        throw yaml("did not find expected ',' or '}'");
      }
      skipBlanks();
      expect(':');
      skipBlanks();
      map.put(key, jsonValue());
      skipBlanks();
      if (peek() == '}') {
        at++;
        return map;
      }
      if (peek() != ',') {
        throw yaml("did not find expected ',' or '}'");
      }
      at++;
    }
  }

  private String jsonValue() throws ToolFailure {
    char c = peek();
    if (c == '"') {
      return quoted();
    } else if (c == '{') {
      throw notText("!!map");
    } else if (c == '[') {
      throw notText("!!seq");
    }
    int start = at;
    while (Character.isLetterOrDigit(peek()) || "+-.".indexOf(peek()) >= 0) {
      at++;
    }
    String scalar = text.substring(start, at);
    if (scalar.equals("null")) {
      return "";
    }
    if (!scalar.matches("true|false|-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][-+]?[0-9]+)?")) {
      throw refuse("the value \"" + scalar + "\", which is no JSON");
    }
    return scalar;
  }

  private String quoted() throws ToolFailure {
    StringBuilder value = new StringBuilder();
    at++;
    while (true) {
      char c = peek();
      at++;
      switch (c) {
        case '"' -> {
          return value.toString();
        }
        case '\0' -> throw yaml("found unexpected end of stream");
        case '\n', '\r', '\t', '\u0085', '\u2028', '\u2029' ->
            throw refuse(
                String.format(
                    Locale.ROOT,
                    "a raw U+%04X in a quoted text, which YAML may fold: escape it",
                    (int) c));
        case '\\' -> value.appendCodePoint(escape());
        default -> value.append(c);
      }
    }
  }

  private int escape() throws ToolFailure {
    char c = peek();
    at++;
    return switch (c) {
      case '"', '\\', '/', ' ' -> c;
      case '0' -> 0;
      case 'a' -> 7;
      case 'b' -> '\b';
      case 't' -> '\t';
      case 'n' -> '\n';
      case 'v' -> 0xb;
      case 'f' -> '\f';
      case 'r' -> '\r';
      case 'e' -> 0x1b;
      case 'N' -> 0x85;
      case '_' -> 0xa0;
      case 'L' -> 0x2028;
      case 'P' -> 0x2029;
      case 'x' -> hex(2);
      case 'u' -> hex(4);
      case 'U' -> hex(8);
      default -> throw yaml("found unknown escape character");
    };
  }

  private int hex(int digits) throws ToolFailure {
    long value = 0;
    for (int i = 0; i < digits; i++) {
      int digit = Character.digit(peek(), 16);
      if (digit < 0) {
        throw yaml("did not find expected hexdecimal number");
      }
      value = value * 16 + digit;
      at++;
    }
    if ((value >= 0xd800 && value <= 0xdfff) || value > 0x10ffff) {
      throw yaml("found invalid Unicode character escape code");
    }
    return (int) value;
  }

  /** Reads lines of {@code key: value}, plain or quoted. */
  private Map<String, String> block() throws ToolFailure {
    Map<String, String> map = new LinkedHashMap<>();
    at = 0;
    boolean first = true;
    while (at < text.length()) {
      int end = text.indexOf('\n', at);
      int next = end < 0 ? text.length() : end + 1;
      String line = text.substring(at, end < 0 ? text.length() : end).stripTrailing();
      if (!line.isBlank() && !line.startsWith("#") && !(first && line.equals("---"))) {
        if (Character.isWhitespace(line.charAt(0)) || line.chars().anyMatch(c -> c > 0x7e)) {
          throw refuse("anything but lines of plain \"key: value\", or JSON");
        }
        if (line.startsWith("- ") || line.equals("-")) {
          throw notMap("!!seq");
        }
        int colon = keyEnd(line);
        if (colon < 0) {
          throw notMap(
              "!!str `" + (line.length() > 10 ? line.substring(0, 7) + "..." : line) + "`");
        }
        String key = blockScalar(line.substring(0, colon));
        map.put(key, blockScalar(line.substring(colon + 1).strip()));
      }
      first = false;
      at = next;
    }
    return map;
  }

  private static int keyEnd(String line) {
    int from = 0;
    char c = line.charAt(0);
    if (c == '"' || c == '\'') {
      from = Math.max(line.indexOf(c, 1), 0);
    }
    int colon = line.indexOf(": ", from);
    return colon < 0 && line.endsWith(":") ? line.length() - 1 : colon;
  }

  private String blockScalar(String scalar) throws ToolFailure {
    if (scalar.startsWith("\"")) {
      ToolInput inner = new ToolInput(scalar);
      String value = inner.quoted();
      if (inner.at != scalar.length()) {
        throw refuse("text after a closing quote");
      }
      return value;
    } else if (scalar.startsWith("'")) {
      if (!scalar.matches("'([^']|'')*'")) {
        throw refuse("a text in single quotes that does not end with its line");
      }
      return scalar.substring(1, scalar.length() - 1).replace("''", "'");
    } else if (scalar.isEmpty() || scalar.equals("~") || scalar.equals("null")) {
      return "";
    }
    if ("[]{}&*!|>%@`,?#".indexOf(scalar.charAt(0)) >= 0
        || scalar.startsWith("- ")
        || scalar.contains(" #")
        || scalar.contains(": ")
        || scalar.endsWith(":")) {
      throw refuse("the plain text \"" + scalar + "\"");
    }
    return scalar;
  }

  private char peek() {
    return at < text.length() ? text.charAt(at) : '\0';
  }

  private void expect(char c) throws ToolFailure {
    if (peek() != c) {
      throw yaml("did not find expected ',' or '}'");
    }
    at++;
  }

  private void skipBlanks() {
    while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
  }

  private long line() {
    return 1
        + text.substring(0, Math.min(at, text.length())).chars().filter(c -> c == '\n').count();
  }

  private ToolFailure yaml(String problem) {
    return ToolFailure.failed("yaml: line " + line() + ": " + problem);
  }

  private ToolFailure notMap(String found) {
    return unmarshal(found, "map[string]string");
  }

  private ToolFailure notText(String found) {
    return unmarshal(found, "string");
  }

  private ToolFailure unmarshal(String found, String wanted) {
    return ToolFailure.failed(
        "yaml: unmarshal errors:\n  line "
            + line()
            + ": cannot unmarshal "
            + found
            + " into "
            + wanted);
  }

  private ToolFailure refuse(String what) {
    return ToolFailure.failed("FakeJuju does not read, at line " + line() + " of --file, " + what);
  }
}
