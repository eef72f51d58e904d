/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit.juju;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads the map of scalars that {@code --file} takes: JSON, and simple block YAML.
 *
 * <p>Juju reads it with a YAML 1.1 parser, to which JSON is not quite a subset. Where that parser
 * fails on good JSON (an escape for half a surrogate pair, a raw control character), this one fails
 * with the same message. Where it would quietly change a text (a raw NEL, or blanks around a raw
 * line separator), and for YAML this reader does not know, it refuses, naming itself.
 */
final class ToolInput {
  /** For the YAML parser nothing is a key whose colon comes later, unless it says so with "?". */
  private static final int KEY_LIMIT = 1024;

  /** What stands for nothing, which is the empty text here. */
  private static final Set<String> NULLS = Set.of("", "~", "null", "Null", "NULL");

  private static final Pattern SINGLE_QUOTED = Pattern.compile("'((?:[^']++|'')*+)'");

  private final String text;
  private int at;

  /** The lines before the text, where it is part of a longer one. */
  private int linesBefore;

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
      // What follows the first document is not read.
      return object();
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
      boolean explicit = peek() == '?';
      if (explicit) {
        at++;
        skipBlanks();
      }
      if (peek() != '"') {
        throw refuse("a key that is not in double quotes");
      }
      int start = at;
      String key = quoted();
      skipBlanks();
      if (!explicit && text.codePointCount(start, at) > KEY_LIMIT) {
        throw parser("did not find expected ',' or '}'");
      }
      if (explicit && peek() != ':') {
        map.put(key, "");
      } else {
        expect(':');
        skipBlanks();
        map.put(key, jsonValue());
        skipBlanks();
      }
      if (peek() == '}') {
        at++;
        return map;
      }
      expect(',');
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
        case '\0' -> throw scanner("found unexpected end of stream");
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
      case '"', '\'', '\\', ' ' -> c;
      case '0' -> 0;
      case 'a' -> 7;
      case 'b' -> '\b';
      case 't', '\t' -> '\t';
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
      default -> throw scanner("found unknown escape character");
    };
  }

  private int hex(int digits) throws ToolFailure {
    long value = 0;
    for (int i = 0; i < digits; i++) {
      int digit = Character.digit(peek(), 16);
      if (digit < 0) {
        throw scanner("did not find expected hexdecimal number");
      }
      value = value * 16 + digit;
      at++;
    }
    if ((value >= 0xd800 && value <= 0xdfff) || value > 0x10ffff) {
      throw scanner("found invalid Unicode character escape code");
    }
    return (int) value;
  }

  /** Reads lines of {@code key: value} or {@code ? key}, plain or quoted. */
  private Map<String, String> block() throws ToolFailure {
    Map<String, String> map = new LinkedHashMap<>();
    at = 0;
    boolean first = true;
    Optional<String> waiting = Optional.empty();
    while (at < text.length()) {
      int end = text.indexOf('\n', at);
      int next = end < 0 ? text.length() : end + 1;
      String line = text.substring(at, end < 0 ? text.length() : end).stripTrailing();
      if (!first && (isMark("---", line) || isMark("...", line))) {
        // What follows the first document is not read.
        break;
      }
      if (!line.isBlank() && !line.startsWith("#") && !(first && line.equals("---"))) {
        if (Character.isWhitespace(line.charAt(0)) || line.chars().anyMatch(ToolInput::isBreak)) {
          throw refuse("anything but lines of plain \"key: value\", or JSON");
        }
        if (isMark("-", line)) {
          throw notMap("!!seq");
        }
        if (isMark("?", line)) {
          waiting.ifPresent(key -> map.put(key, ""));
          waiting = Optional.of(blockScalar(line.substring(1).strip()));
        } else if (isMark(":", line) && waiting.isPresent()) {
          map.put(waiting.get(), blockScalar(line.substring(1).strip()));
          waiting = Optional.empty();
        } else {
          waiting.ifPresent(key -> map.put(key, ""));
          waiting = Optional.empty();
          entry(line, map, next == text.length());
        }
        first = false;
      }
      at = next;
    }
    waiting.ifPresent(key -> map.put(key, ""));
    return map;
  }

  private static boolean isMark(String mark, String line) {
    return line.equals(mark) || line.startsWith(mark + " ");
  }

  private static boolean isBreak(int c) {
    return c == 0x85 || c == 0x2028 || c == 0x2029 || c == '\r';
  }

  private void entry(String line, Map<String, String> map, boolean isLast) throws ToolFailure {
    int colon = keyEnd(line);
    if (colon < 0 && map.isEmpty() && isLast) {
      if (NULLS.contains(line)) {
        return;
      }
      throw notMap("!!str `" + (line.length() > 10 ? line.substring(0, 7) + "..." : line) + "`");
    }
    if (colon < 0 && map.isEmpty()) {
      throw refuse("a text of several lines");
    }
    if (colon < 0 || (line.codePointCount(0, colon) > KEY_LIMIT && !map.isEmpty())) {
      at = Math.min(text.length(), at + line.length() + 1);
      throw scanner("could not find expected ':'");
    }
    if (line.codePointCount(0, colon) > KEY_LIMIT) {
      throw scanner("mapping values are not allowed in this context");
    }
    String key = blockScalar(line.substring(0, colon));
    map.put(key, blockScalar(line.substring(colon + 1).strip()));
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

  private String blockScalar(String given) throws ToolFailure {
    if (given.startsWith("\"")) {
      ToolInput inner = new ToolInput(given);
      inner.linesBefore = linesBefore + (int) newLines();
      String value = inner.quoted();
      requireEnd(given.substring(inner.at));
      return value;
    } else if (given.startsWith("'")) {
      Matcher quoted = SINGLE_QUOTED.matcher(given);
      if (!quoted.lookingAt()) {
        throw refuse("a text in single quotes that does not end with its line");
      }
      requireEnd(given.substring(quoted.end()));
      return quoted.group(1).replace("''", "'");
    }
    int comment = given.startsWith("#") ? 0 : given.indexOf(" #");
    String scalar = (comment < 0 ? given : given.substring(0, comment)).stripTrailing();
    if (NULLS.contains(scalar)) {
      return "";
    }
    if (scalar.startsWith("[")) {
      throw notText("!!seq");
    } else if (scalar.startsWith("{")) {
      throw notText("!!map");
    } else if ("]}&*!|>%@`,".indexOf(scalar.charAt(0)) >= 0
        || isMark("-", scalar)
        || isMark("?", scalar)
        || isMark(":", scalar)) {
      throw refuse("the plain text \"" + scalar + "\"");
    } else if (scalar.contains(": ") || scalar.endsWith(":")) {
      throw scanner("mapping values are not allowed in this context");
    }
    return scalar;
  }

  /** Checks that nothing but a comment follows a quoted text. */
  private void requireEnd(String rest) throws ToolFailure {
    String words = rest.strip();
    if (!words.isEmpty() && !(words.startsWith("#") && rest.charAt(0) == ' ')) {
      throw parser("did not find expected key");
    }
  }

  private char peek() {
    return at < text.length() ? text.charAt(at) : '\0';
  }

  private void expect(char c) throws ToolFailure {
    if (peek() != c) {
      throw parser("did not find expected ',' or '}'");
    }
    at++;
  }

  private void skipBlanks() {
    while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
  }

  private long newLines() {
    return text.substring(0, Math.min(at, text.length())).chars().filter(c -> c == '\n').count();
  }

  private long line() {
    return 1 + linesBefore + newLines();
  }

  /** A fault of characters; yaml.v2 names the line, unless it is the first. */
  private ToolFailure scanner(String problem) {
    long line = line();
    return ToolFailure.failed("yaml: " + (line == 1 ? "" : "line " + line + ": ") + problem);
  }

  /** A fault of structure, for which yaml.v2 names the line before. */
  private ToolFailure parser(String problem) {
    boolean unfinished = at >= text.length() && !text.endsWith("\n");
    long line = unfinished ? line() : line() - 1;
    return ToolFailure.failed("yaml: " + (line == 0 ? "" : "line " + line + ": ") + problem);
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
