/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Prints values as the hook tools print them: smart, YAML, JSON.
 *
 * <p>Values are text, {@link Boolean}, {@link Number}, lists, maps, and {@link Optional#empty()}
 * for nothing. Maps are printed in their own order.
 */
final class ToolText {
  private static final Pattern PLAIN_YAML =
      Pattern.compile("[A-Za-z_/][A-Za-z0-9_/.@+: -]*|[0-9.][A-Za-z0-9_/.@+ -]*");
  private static final Pattern OTHER_TYPE =
      Pattern.compile(
          "(?i)~|null|true|false|yes|no|on|off|y|n|<<|=|[-+]?[0-9][0-9_]*(\\.[0-9_]*)?(e[-+]?[0-9]+)?"
              + "|[-+]?\\.[0-9_]+(e[-+]?[0-9]+)?|0[xob].*"
              + "|[-+]?\\.(inf|nan)|[0-9]{4}-[0-9].*|.*[: ]|.*: .*");

  private ToolText() {}

  static String print(Object value, String format) {
    return switch (format) {
      case "json" -> json(value) + "\n";
      case "yaml" -> line(yaml(value, 0));
      default -> line(smart(value));
    };
  }

  private static String line(String text) {
    String bare = text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
    return bare.isEmpty() ? "" : bare + "\n";
  }

  private static String smart(Object value) {
    if (value instanceof String text) {
      // Printed as it is: a line end of its own is kept and one more added.
      return text.isEmpty() ? "" : text + "\n";
    } else if (value instanceof Boolean bool) {
      return bool ? "True" : "False";
    } else if (value instanceof List<?> list) {
      List<String> lines = new ArrayList<>();
      list.forEach(item -> lines.add(item.toString()));
      return String.join("\n", lines);
    } else if (value instanceof Optional<?>) {
      return "";
    }
    return yaml(value, 0);
  }

  static String json(Object value) {
    StringBuilder out = new StringBuilder();
    json(value, out);
    return out.toString();
  }

  private static void json(Object value, StringBuilder out) {
    if (value instanceof Map<?, ?> map) {
      String separator = "{";
      for (Map.Entry<?, ?> entry : map.entrySet()) {
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
      out.append(value instanceof Optional<?> ? "null" : value.toString());
    }
  }

  private static String yaml(Object value, int depth) {
    StringBuilder out = new StringBuilder();
    String indent = "  ".repeat(depth);
    if (value instanceof Map<?, ?> map && !map.isEmpty()) {
      for (Map.Entry<?, ?> entry : map.entrySet()) {
        out.append(indent).append(scalar(entry.getKey())).append(':');
        nested(entry.getValue(), depth, out);
      }
    } else if (value instanceof List<?> list && !list.isEmpty()) {
      for (Object item : list) {
        out.append(indent).append("- ").append(yaml(item, depth + 1).stripLeading());
      }
    } else {
      out.append(indent).append(scalar(value)).append('\n');
    }
    return out.toString();
  }

  private static void nested(Object value, int depth, StringBuilder out) {
    if (value instanceof Map<?, ?> map && !map.isEmpty()) {
      out.append('\n').append(yaml(value, depth + 1));
    } else if (value instanceof List<?> list && !list.isEmpty()) {
      out.append('\n').append(yaml(value, depth));
    } else {
      out.append(' ').append(scalar(value)).append('\n');
    }
  }

  private static String scalar(Object value) {
    if (value instanceof Map<?, ?>) {
      return "{}";
    } else if (value instanceof List<?>) {
      return "[]";
    } else if (value instanceof String text) {
      return PLAIN_YAML.matcher(text).matches() && !OTHER_TYPE.matcher(text).matches()
          ? text
          : json(text);
    }
    return value instanceof Optional<?> ? "null" : value.toString();
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
