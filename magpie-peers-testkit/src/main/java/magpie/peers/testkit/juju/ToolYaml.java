/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit.juju;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.math.BigInteger;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Writes values as YAML in the way of yaml.v2, which Juju prints with: the order of keys, which
 * texts are quoted and how, lines broken after 80 columns.
 */
final class ToolYaml {
  private static final int WIDTH = 80;
  private static final int INDENT = 2;

  /** A longer key is written behind a question mark. */
  private static final int SIMPLE_KEY_BYTES = 128;

  /** Plain texts that YAML 1.1 reads as no text. */
  private static final Set<String> OTHER_TYPES =
      Set.of(
          ("y Y yes Yes YES true True TRUE on On ON n N no No NO false False FALSE off Off OFF"
                  + " ~ null Null NULL .nan .NaN .NAN .inf .Inf .INF +.inf +.Inf +.INF -.inf -.Inf"
                  + " -.INF <<")
              .split(" "));

  private static final Pattern FLOAT =
      Pattern.compile("[-+]?(\\.[0-9]+|[0-9]+(\\.[0-9]*)?)([eE][-+]?[0-9]+)?");
  private static final Pattern OTHER_BASE =
      Pattern.compile("[-+]?0(?:[xX]([0-9a-fA-F]+)|[bB]([01]+)|[oO]([0-7]+))");
  private static final Pattern BASE_60 =
      Pattern.compile("[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\\.[0-9_]*)?");
  private static final Pattern TIMESTAMP =
      Pattern.compile(
          "([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
              + "([Tt]([01]?[0-9]|2[0-3]):[0-5]?[0-9]:[0-5]?[0-9](\\.[0-9]+)?"
              + "(Z|[-+][0-9]{2}:[0-9]{2})"
              + "| ([01]?[0-9]|2[0-3]):[0-5]?[0-9]:[0-5]?[0-9](\\.[0-9]+)?)?");

  private final StringBuilder out = new StringBuilder();
  private int column;

  /** The last character was white space or the beginning of something. */
  private boolean whitespace = true;

  /** Nothing but indentation and indicators is on this line. */
  private boolean indention = true;

  private ToolYaml() {}

  /** Returns the value as a document, with one line end. */
  static String print(Object value) {
    ToolYaml yaml = new ToolYaml();
    yaml.node(value, -INDENT, false);
    int end = yaml.out.length();
    while (end > 1 && yaml.out.charAt(end - 1) == '\n') {
      end--;
    }
    yaml.out.setLength(end);
    return yaml.out.append('\n').toString();
  }

  // ---- collections ----

  /** Writes a value; {@code indent} is the one of the collection it is in. */
  private void node(Object value, int indent, boolean inMap) {
    if (value instanceof Map<?, ?> map) {
      if (map.isEmpty()) {
        plain("{}");
      } else {
        map(map, indent + INDENT);
      }
    } else if (value instanceof List<?> list) {
      if (list.isEmpty()) {
        plain("[]");
      } else {
        // A list in a map is not indented any further.
        list(list, inMap && !indention ? indent : indent + INDENT);
      }
    } else if (value instanceof String text) {
      scalar(text, indent, false);
    } else {
      plain(
          value instanceof Optional<?>
              ? "null"
              : value instanceof Number number ? ToolText.number(number) : value.toString());
    }
  }

  private void map(Map<?, ?> map, int indent) {
    for (Map.Entry<?, ?> entry : ordered(map).entrySet()) {
      line(indent);
      String key = entry.getKey().toString();
      if (Analysis.of(key).multiline || key.getBytes(UTF_8).length > SIMPLE_KEY_BYTES) {
        indicator("?", false, true);
        scalar(key, indent, false);
        line(indent);
        indicator(":", false, true);
      } else {
        scalar(key, indent, true);
        put(':');
        whitespace = false;
        indention = false;
      }
      node(entry.getValue(), indent, true);
    }
  }

  private void list(List<?> list, int indent) {
    for (Object item : list) {
      line(indent);
      indicator("-", false, true);
      node(item, indent, false);
    }
  }

  /** Returns a sorted map in the order of yaml.v2, and any other, which stands for a struct. */
  private static Map<?, ?> ordered(Map<?, ?> map) {
    if (!(map instanceof SortedMap<?, ?>)) {
      return map;
    }
    Map<String, Object> ordered = new TreeMap<>(NATURAL);
    map.forEach((key, value) -> ordered.put(key.toString(), value));
    return ordered;
  }

  /** Letters after everything else, and runs of digits as numbers. */
  private static final Comparator<String> NATURAL =
      (first, second) -> {
        int[] a = first.codePoints().toArray();
        int[] b = second.codePoints().toArray();
        for (int i = 0; i < a.length && i < b.length; i++) {
          if (a[i] != b[i]) {
            return compareFrom(i, a, b);
          }
        }
        return Integer.compare(a.length, b.length);
      };

  private static int compareFrom(int i, int[] a, int[] b) {
    boolean letterA = Character.isLetter(a[i]);
    boolean letterB = Character.isLetter(b[i]);
    if (letterA != letterB) {
      return letterB ? -1 : 1;
    }
    if (!letterA) {
      long numberA = 0;
      long numberB = 0;
      if (a[i] == '0' || b[i] == '0') {
        // Behind another digit a zero is one more digit.
        for (int j = i - 1; j >= 0 && Character.isDigit(a[j]); j--) {
          if (a[j] != '0') {
            numberA = 1;
            numberB = 1;
            break;
          }
        }
      }
      int endA = i;
      for (; endA < a.length && Character.isDigit(a[endA]); endA++) {
        numberA = numberA * 10 + a[endA] - '0';
      }
      int endB = i;
      for (; endB < b.length && Character.isDigit(b[endB]); endB++) {
        numberB = numberB * 10 + b[endB] - '0';
      }
      if (numberA != numberB) {
        return Long.compare(numberA, numberB);
      }
      if (endA != endB) {
        return Integer.compare(endA, endB);
      }
    }
    return Integer.compare(a[i], b[i]);
  }

  // ---- scalars ----

  /** What the characters of a text allow. */
  private static final class Analysis {
    boolean multiline;
    boolean plainAllowed;
    boolean singleQuotedAllowed;
    boolean blockAllowed;

    static Analysis of(String text) {
      Analysis found = new Analysis();
      int[] all = text.codePoints().toArray();
      boolean indicators = text.startsWith("---") || text.startsWith("...");
      boolean special = false;
      boolean breakSpace = false;
      boolean spaceBreak = false;
      boolean afterBlank = true;
      boolean afterSpace = false;
      boolean afterBreak = false;
      for (int i = 0; i < all.length; i++) {
        int c = all[i];
        boolean blankNext = i + 1 == all.length || all[i + 1] == ' ' || all[i + 1] == '\t';
        indicators |=
            i == 0
                ? "#,[]{}&*!|>'\"%@`".indexOf(c) >= 0 || ("?:-".indexOf(c) >= 0 && blankNext)
                : (c == ':' && blankNext) || (c == '#' && afterBlank);
        special |= !isPrintable(c);
        breakSpace |= c == ' ' && afterBreak;
        spaceBreak |= isBreak(c) && afterSpace;
        found.multiline |= isBreak(c);
        afterSpace = c == ' ';
        afterBreak = isBreak(c);
        afterBlank = c == ' ' || c == '\t' || isBreak(c);
      }
      boolean blankAround =
          all.length > 0 && (isSpaceOrBreak(all[0]) || isSpaceOrBreak(all[all.length - 1]));
      found.plainAllowed = !(indicators || special || blankAround || found.multiline);
      found.singleQuotedAllowed = !(breakSpace || spaceBreak || special);
      found.blockAllowed = all.length > 0 && !(spaceBreak || special || all[all.length - 1] == ' ');
      return found;
    }
  }

  private static boolean isSpaceOrBreak(int c) {
    return c == ' ' || isBreak(c);
  }

  private static boolean isBreak(int c) {
    return c == '\n' || c == '\r' || c == 0x85 || c == 0x2028 || c == 0x2029;
  }

  private static boolean isPrintable(int c) {
    return c == '\n'
        || (c >= 0x20 && c <= 0x7e)
        || (c >= 0xa0 && c <= 0xd7ff)
        || (c >= 0xe000 && c <= 0xfffd && c != 0xfeff);
  }

  private void scalar(String text, int indent, boolean isKey) {
    Analysis analysis = Analysis.of(text);
    int continued = Math.max(indent, 0) + INDENT;
    boolean lines = text.indexOf('\n') >= 0;
    if (lines && analysis.blockAllowed && !isKey) {
      literal(text, continued);
    } else if (lines || isOtherType(text)) {
      doubleQuoted(text, continued, isKey);
    } else if (analysis.plainAllowed) {
      if (!whitespace) {
        put(' ');
      }
      folded(text, continued, isKey);
    } else if (analysis.singleQuotedAllowed && !(isKey && analysis.multiline)) {
      indicator("'", false, false);
      folded(text.replace("'", "''"), continued, isKey);
      indicatorHere("'");
    } else {
      doubleQuoted(text, continued, isKey);
    }
  }

  /** Tells whether a plain text would be read as something else. */
  private static boolean isOtherType(String text) {
    if (text.isEmpty() || OTHER_TYPES.contains(text)) {
      return true;
    }
    char first = text.charAt(0);
    if (first == '.') {
      return isFinite(text);
    }
    if (first != '+' && first != '-' && !(first >= '0' && first <= '9')) {
      return false;
    }
    String bare = text.replace("_", "");
    return isTimestamp(text)
        || isFinite(bare)
        || fitsInLong(bare)
        || BASE_60.matcher(text).matches();
  }

  private static boolean isFinite(String text) {
    return FLOAT.matcher(text).matches()
        && (text.matches("[-+]?[0-9]+") || !Double.isInfinite(Double.parseDouble(text)));
  }

  private static boolean fitsInLong(String text) {
    Matcher digits = OTHER_BASE.matcher(text);
    if (!digits.matches()) {
      return false;
    }
    BigInteger number =
        digits.group(1) != null
            ? new BigInteger(digits.group(1), 16)
            : digits.group(2) != null
                ? new BigInteger(digits.group(2), 2)
                : new BigInteger(digits.group(3), 8);
    return number.bitLength() <= (text.charAt(0) == '0' ? 64 : 63);
  }

  private static boolean isTimestamp(String text) {
    Matcher matcher = TIMESTAMP.matcher(text);
    if (!matcher.matches()) {
      return false;
    }
    try {
      LocalDate.of(
          Integer.parseInt(matcher.group(1)),
          Integer.parseInt(matcher.group(2)),
          Integer.parseInt(matcher.group(3)));
      return true;
    } catch (DateTimeException e) {
      return false;
    }
  }

  private void plain(String text) {
    indicator(text, false, false);
  }

  /** Writes a text whose lines are broken at single spaces, where they are long. */
  private void folded(String text, int continued, boolean isKey) {
    int[] all = text.codePoints().toArray();
    boolean spaces = false;
    boolean breaks = false;
    for (int i = 0; i < all.length; i++) {
      int c = all[i];
      boolean inside = i > 0 && i + 1 < all.length && all[i + 1] != ' ';
      if (c == ' ' && inside && !isKey && !spaces && column > WIDTH) {
        line(continued);
      } else if (isBreak(c)) {
        lineBreak(c);
      } else {
        if (breaks && c != ' ') {
          line(continued);
        }
        put(c);
      }
      spaces = c == ' ';
      breaks = isBreak(c) || (breaks && spaces);
      indention &= breaks || spaces;
    }
    whitespace = false;
    indention = false;
  }

  private void doubleQuoted(String text, int continued, boolean isKey) {
    indicator("\"", false, false);
    int[] all = text.codePoints().toArray();
    boolean spaces = false;
    for (int i = 0; i < all.length; i++) {
      int c = all[i];
      if (!isPrintable(c) || isBreak(c) || c == '"' || c == '\\') {
        escaped(c).chars().forEach(this::put);
        spaces = false;
      } else if (c == ' ') {
        if (!isKey && !spaces && column > WIDTH && i > 0 && i + 1 < all.length) {
          line(continued);
          if (all[i + 1] == ' ') {
            put('\\');
          }
        } else {
          put(c);
        }
        spaces = true;
      } else {
        put(c);
        spaces = false;
      }
    }
    indicatorHere("\"");
  }

  private static String escaped(int c) {
    return switch (c) {
      case 0 -> "\\0";
      case 7 -> "\\a";
      case '\b' -> "\\b";
      case '\t' -> "\\t";
      case '\n' -> "\\n";
      case 0xb -> "\\v";
      case '\f' -> "\\f";
      case '\r' -> "\\r";
      case 0x1b -> "\\e";
      case '"' -> "\\\"";
      case '\\' -> "\\\\";
      case 0x85 -> "\\N";
      case 0x2028 -> "\\L";
      case 0x2029 -> "\\P";
      default ->
          String.format(
              Locale.ROOT, c <= 0xff ? "\\x%02X" : c <= 0xffff ? "\\u%04X" : "\\U%08X", c);
    };
  }

  /** Writes a text of several lines as it is, below a bar. */
  private void literal(String text, int continued) {
    indicator("|", false, false);
    if (text.startsWith(" ") || isBreak(text.charAt(0))) {
      indicatorHere(Integer.toString(INDENT));
    }
    int last = text.length() - 1;
    if (!isBreak(text.charAt(last))) {
      indicatorHere("-");
    } else if (last == 0 || isBreak(text.charAt(last - 1))) {
      indicatorHere("+");
    }
    newLine();
    boolean breaks = true;
    for (int c : text.codePoints().toArray()) {
      if (isBreak(c)) {
        lineBreak(c);
        breaks = true;
      } else {
        if (breaks) {
          line(continued);
        }
        put(c);
        indention = false;
        breaks = false;
      }
    }
    whitespace = breaks;
  }

  // ---- characters ----

  private void put(int c) {
    out.appendCodePoint(c);
    column++;
  }

  private void lineBreak(int c) {
    out.appendCodePoint(c);
    column = 0;
    indention = true;
  }

  private void newLine() {
    out.append('\n');
    column = 0;
    whitespace = true;
    indention = true;
  }

  /** Goes to the indentation of a new line, or on this one if there is nothing on it yet. */
  private void line(int indent) {
    if (!indention || column > indent || (column == indent && !whitespace)) {
      newLine();
    }
    while (column < indent) {
      put(' ');
    }
    whitespace = true;
    indention = true;
  }

  private void indicator(String text, boolean isWhitespace, boolean isIndention) {
    if (!whitespace) {
      put(' ');
    }
    text.chars().forEach(this::put);
    whitespace = isWhitespace;
    indention &= isIndention;
  }

  private void indicatorHere(String text) {
    whitespace = true;
    indicator(text, false, false);
  }
}
