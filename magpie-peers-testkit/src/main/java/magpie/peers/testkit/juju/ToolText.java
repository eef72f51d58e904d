/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit.juju;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Prints values as the hook tools print them: smart, YAML, JSON.
 *
 * <p>Values are text, {@link Boolean}, {@link Number}, lists, maps, and {@link Optional#empty()}
 * for nothing. A {@link SortedMap} is printed in the order that its format has for keys, any other
 * map in its own, as Go prints a struct.
 */
final class ToolText {
  /** Go compares the bytes of its strings. */
  private static final Comparator<String> BYTES =
      (a, b) -> Arrays.compareUnsigned(a.getBytes(UTF_8), b.getBytes(UTF_8));

  private ToolText() {}

  static String print(Object value, String format) {
    return switch (format) {
      case "json" -> json(value) + "\n";
      case "yaml" -> yaml(value);
      default -> smart(value);
    };
  }

  /** Nothing is printed as nothing. */
  private static String yaml(Object value) {
    return value instanceof Optional<?> ? "" : ToolYaml.print(value);
  }

  private static String smart(Object value) {
    if (value instanceof Boolean bool) {
      return bool ? "True\n" : "False\n";
    } else if (value instanceof String || value instanceof List<?>) {
      // Printed as it is: a line end of its own is kept and one more added.
      String text = value instanceof List<?> list ? lines(list) : value.toString();
      return text.isEmpty() ? "" : text + "\n";
    }
    return yaml(value);
  }

  private static String lines(List<?> list) {
    List<String> lines = new ArrayList<>();
    list.forEach(item -> lines.add(item.toString()));
    return String.join("\n", lines);
  }

  static String json(Object value) {
    StringBuilder out = new StringBuilder();
    json(value, out);
    return out.toString();
  }

  private static void json(Object value, StringBuilder out) {
    if (value instanceof Map<?, ?> map) {
      String separator = "{";
      for (Map.Entry<?, ?> entry : ordered(map).entrySet()) {
        out.append(separator);
        json(entry.getKey(), out);
        out.append(':');
        json(entry.getValue(), out);
        separator = ",";
      }
      out.append(map.isEmpty() ? "{}" : "}");
    } else if (value instanceof List<?> list) {
      String separator = "[";
      for (Object item : list) {
        out.append(separator);
        json(item, out);
        separator = ",";
      }
      out.append(list.isEmpty() ? "[]" : "]");
    } else if (value instanceof String text) {
      out.append('"');
      for (int i = 0; i < text.length(); i++) {
        char c = text.charAt(i);
        switch (c) {
          case '"' -> out.append("\\\"");
          case '\\' -> out.append("\\\\");
          case '\n' -> out.append("\\n");
          case '\r' -> out.append("\\r");
          case '\t' -> out.append("\\t");
          default -> {
            // Go's encoder escapes what could end a script element, and JavaScript's line ends.
            if (c < ' ' || c == '<' || c == '>' || c == '&' || c == '\u2028' || c == '\u2029') {
              out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
            } else {
              out.append(c);
            }
          }
        }
      }
      out.append('"');
    } else {
      out.append(
          value instanceof Optional<?>
              ? "null"
              : value instanceof Number number ? number(number) : value.toString());
    }
  }

  private static Map<?, ?> ordered(Map<?, ?> map) {
    if (!(map instanceof SortedMap<?, ?>)) {
      return map;
    }
    SortedMap<String, Object> ordered = new TreeMap<>(BYTES);
    map.forEach((key, value) -> ordered.put(key.toString(), value));
    return ordered;
  }

  /** Returns a number as Go prints it: a whole one without a fraction. */
  static String number(Number number) {
    if (!(number instanceof Double) && !(number instanceof Float)) {
      return number.toString();
    }
    double value = number.doubleValue();
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      return Double.isNaN(value) ? ".nan" : value > 0 ? ".inf" : "-.inf";
    }
    BigDecimal shortest = new BigDecimal(number.toString()).stripTrailingZeros();
    int exponent = shortest.precision() - shortest.scale() - 1;
    if (shortest.signum() == 0 || (exponent >= -4 && exponent < 21)) {
      return shortest.toPlainString();
    }
    String digits = shortest.unscaledValue().abs().toString();
    return (shortest.signum() < 0 ? "-" : "")
        + digits.charAt(0)
        + (digits.length() > 1 ? "." + digits.substring(1) : "")
        + (exponent < 0 ? "e-" : "e+")
        + (Math.abs(exponent) < 10 ? "0" : "")
        + Math.abs(exponent);
  }

  /** Quotes a text as Go's {@code %q} does. */
  static String quote(String text) {
    StringBuilder out = new StringBuilder("\"");
    text.codePoints()
        .forEach(
            c -> {
              switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                  if (c < ' ' || c == 0x7f) {
                    out.append(String.format(Locale.ROOT, "\\x%02x", c));
                  } else if (Character.isISOControl(c)
                      || Character.getType(c) == Character.FORMAT) {
                    out.append(String.format(Locale.ROOT, c < 0x10000 ? "\\u%04x" : "\\U%08x", c));
                  } else {
                    out.appendCodePoint(c);
                  }
                }
              }
            });
    return out.append('"').toString();
  }
}
