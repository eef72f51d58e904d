/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.lab;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A literal of Python, as {@code ast.literal_eval} takes it: Ansible reads each value of an INI
 * inventory so, and treats anything else as text.
 *
 * @param text what Python prints of the value; null for {@code None} and for lists, tuples, sets
 *     and mappings
 */
record PythonLiteral(@Nullable String text) {
  private static final PythonLiteral NO_TEXT = new PythonLiteral(null);

  /** Reads a literal, and perhaps a comment behind it; empty if the text is something else. */
  static Optional<PythonLiteral> of(String written) {
    Reader reader = new Reader(written);
    try {
      PythonLiteral literal = reader.values('\0', 0);
      reader.skipBlanks();
      return reader.isAtEnd() || reader.next() == '#' ? Optional.of(literal) : Optional.empty();
    } catch (NotALiteral e) {
      return Optional.empty();
    }
  }

  /** The text is something else. */
  private static final class NotALiteral extends Exception {
    private static final long serialVersionUID = 1;

    NotALiteral() {
      super(null, null, false, false);
    }
  }

  private static final class Reader {
    /** Python allows 200 brackets in each other. */
    private static final int DEEPEST = 200;

    /** How many digits a double tells for certain: so many print as they are written. */
    private static final int SURE_DIGITS = 15;

    private static final Map<String, Integer> RADIXES =
        Map.of("int", 10, "hex", 16, "oct", 8, "bin", 2);
    private static final Pattern WORD = Pattern.compile("(True|False|None)(?![\\w])");
    private static final Pattern PREFIX = Pattern.compile("(?i)([rbu]|br|rb)?(?=[\"'])");

    /** A number, of which underscores may divide the digits. */
    private static final Pattern NUMBER =
        Pattern.compile(
            "(?i)(?:0x(?<hex>[0-9a-f_]+)|0o(?<oct>[0-7_]+)|0b(?<bin>[01_]+)"
                + "|(?<float>[0-9_]*\\.[0-9_]+(?:e[+-]?[0-9_]+)?"
                + "|[0-9_]+\\.(?:e[+-]?[0-9_]+)?|[0-9_]+e[+-]?[0-9_]+)"
                + "|(?<int>0[0_]*|[1-9][0-9_]*))(?![\\w.])");

    private static final Pattern STRAY_UNDERSCORE = Pattern.compile("(?<![0-9a-z])_|_(?![0-9a-f])");

    private final String in;
    private int at;

    Reader(String in) {
      this.in = in;
    }

    boolean isAtEnd() {
      return at == in.length();
    }

    char next() {
      return isAtEnd() ? '\0' : in.charAt(at);
    }

    void skipBlanks() {
      while (next() == ' ' || next() == '\t' || next() == '\f') {
        at++;
      }
    }

    private boolean skip(char c) {
      skipBlanks();
      boolean there = !isAtEnd() && next() == c;
      at += there ? 1 : 0;
      return there;
    }

    /** One value, or several with commas between: up to a bracket, or to the end. */
    PythonLiteral values(char close, int depth) throws NotALiteral {
      PythonLiteral first = value(depth);
      boolean several = false;
      while (skip(',')) {
        several = true;
        skipBlanks();
        if (isAtEnd() || next() == close || next() == '#') {
          break;
        }
        value(depth);
      }
      return several ? NO_TEXT : first;
    }

    private PythonLiteral value(int depth) throws NotALiteral {
      skipBlanks();
      if (depth > DEEPEST) {
        throw new NotALiteral();
      }
      if (skip('[')) {
        list(']', depth);
        return NO_TEXT;
      }
      if (skip('(')) {
        return skip(')') ? NO_TEXT : closed(values(')', depth + 1), ')');
      }
      if (skip('{')) {
        mapping(depth);
        return NO_TEXT;
      }
      return scalar();
    }

    private PythonLiteral closed(PythonLiteral literal, char close) throws NotALiteral {
      if (!skip(close)) {
        throw new NotALiteral();
      }
      return literal;
    }

    private void list(char close, int depth) throws NotALiteral {
      if (!skip(close)) {
        closed(values(close, depth + 1), close);
      }
    }

    /** A mapping, or a set. */
    private void mapping(int depth) throws NotALiteral {
      if (skip('}')) {
        return;
      }
      int begin = at;
      value(depth + 1);
      if (!skip(':')) {
        at = begin;
        list('}', depth);
        return;
      }
      value(depth + 1);
      while (skip(',')) {
        skipBlanks();
        if (next() == '}') {
          break;
        }
        value(depth + 1);
        if (!skip(':')) {
          throw new NotALiteral();
        }
        value(depth + 1);
      }
      closed(NO_TEXT, '}');
    }

    private @Nullable Matcher match(Pattern pattern) {
      Matcher matcher = pattern.matcher(in).region(at, in.length()).useTransparentBounds(true);
      if (!matcher.lookingAt()) {
        return null;
      }
      at = matcher.end();
      return matcher;
    }

    private PythonLiteral scalar() throws NotALiteral {
      Matcher word = match(WORD);
      if (word != null) {
        return word.group().equals("None") ? NO_TEXT : new PythonLiteral(word.group());
      }
      boolean negative = next() == '-';
      if (negative || next() == '+') {
        at++;
        skipBlanks();
        return new PythonLiteral(number(negative));
      }
      return (next() >= '0' && next() <= '9') || next() == '.'
          ? new PythonLiteral(number(false))
          : new PythonLiteral(strings());
    }

    private static String lower(String text) {
      return text.toLowerCase(Locale.ROOT);
    }

    private String number(boolean negative) throws NotALiteral {
      Matcher number = match(NUMBER);
      if (number == null || STRAY_UNDERSCORE.matcher(lower(number.group())).find()) {
        throw new NotALiteral();
      }
      String sign = negative ? "-" : "";
      if (number.group("float") != null) {
        if (number.group().matches("(?i).*(_e|e_).*")) {
          throw new NotALiteral();
        }
        return sign + printed(number.group("float").replace("_", ""));
      }
      BigInteger value = BigInteger.ZERO;
      for (Map.Entry<String, Integer> radix : RADIXES.entrySet()) {
        String digits = number.group(radix.getKey());
        if (digits != null) {
          value = new BigInteger(digits.replace("_", ""), radix.getValue());
        }
      }
      return (value.signum() == 0 ? "" : sign) + value;
    }

    /** A number with a point or an exponent as Python prints it. */
    private static String printed(String written) {
      double value = Double.parseDouble(written);
      if (Double.isInfinite(value)) {
        return "inf";
      }
      if (value == 0) {
        return "0.0";
      }
      BigDecimal exact = new BigDecimal(written).stripTrailingZeros();
      BigDecimal shown =
          exact.precision() > SURE_DIGITS
              ? new BigDecimal(Double.toString(value)).stripTrailingZeros()
              : exact;
      int exponent = shown.precision() - shown.scale() - 1;
      if (exponent >= -4 && exponent < 16) {
        String plain = shown.toPlainString();
        return plain.contains(".") ? plain : plain + ".0";
      }
      String digits = shown.unscaledValue().toString();
      String rest = digits.length() == 1 ? "" : "." + digits.substring(1);
      int size = Math.abs(exponent);
      return digits.charAt(0) + rest + (exponent < 0 ? "e-" : "e+") + (size < 10 ? "0" : "") + size;
    }

    /** Texts in quotes, which are one text if they stand side by side. */
    private String strings() throws NotALiteral {
      StringBuilder out = new StringBuilder();
      Matcher prefix = match(PREFIX);
      if (prefix == null) {
        throw new NotALiteral();
      }
      while (prefix != null) {
        string(lower(prefix.group()).contains("r"), out);
        skipBlanks();
        prefix = match(PREFIX);
      }
      return out.toString();
    }

    private void string(boolean raw, StringBuilder out) throws NotALiteral {
      String quote = String.valueOf(next());
      String three = quote.repeat(3);
      quote = in.startsWith(three, at) ? three : quote;
      at += quote.length();
      while (!in.startsWith(quote, at)) {
        if (isAtEnd()) {
          throw new NotALiteral();
        }
        char c = in.charAt(at++);
        if (c != '\\') {
          out.append(c);
        } else if (isAtEnd()) {
          throw new NotALiteral();
        } else if (raw) {
          out.append(c).append(in.charAt(at++));
        } else {
          escape(out);
        }
      }
      at += quote.length();
    }

    private void escape(StringBuilder out) throws NotALiteral {
      char c = in.charAt(at++);
      switch (c) {
        case 'n' -> out.append('\n');
        case 't' -> out.append('\t');
        case 'r' -> out.append('\r');
        case 'a' -> out.append('\u0007');
        case 'b' -> out.append('\b');
        case 'f' -> out.append('\f');
        case 'v' -> out.append('\u000b');
        case '\\', '\'', '"' -> out.append(c);
        case 'x' -> hex(2, out);
        case 'u' -> hex(4, out);
        case 'U' -> hex(8, out);
        default -> {
          if (c >= '0' && c <= '7') {
            int end = at;
            while (end < Math.min(in.length(), at + 2) && "01234567".indexOf(in.charAt(end)) >= 0) {
              end++;
            }
            out.append((char) Integer.parseInt(in.substring(at - 1, end), 8));
            at = end;
          } else {
            out.append('\\').append(c);
          }
        }
      }
    }

    private void hex(int length, StringBuilder out) throws NotALiteral {
      int end = at + length;
      if (end > in.length() || !in.substring(at, end).matches("[0-9A-Fa-f]+")) {
        throw new NotALiteral();
      }
      long code = Long.parseLong(in.substring(at, end), 16);
      if (!Character.isValidCodePoint((int) code) || code > Character.MAX_CODE_POINT) {
        throw new NotALiteral();
      }
      out.appendCodePoint((int) code);
      at = end;
    }
  }
}
