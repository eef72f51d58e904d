/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import java.util.AbstractList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.RandomAccess;
import java.util.Set;
import java.util.function.Function;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;

/**
 * Output for programs: maps, lists, texts, numbers, truth values and null, written as JSON or as
 * YAML.
 *
 * <p>Written here and not by a library, because the start of a JSON generator costs more than a
 * hook spends on everything else in this command, and because one text form for both is what keeps
 * them equal: a text in YAML is a plain word or else stands in double quotes exactly as in JSON. So
 * YAML readers of either version read texts as texts ({@code no}, {@code 1.0}, {@code 12:30}).
 * Everything a terminal could act on is escaped.
 */
final class Tree {
  private static final Set<String> AMBIGUOUS =
      Set.of("y", "n", "yes", "no", "on", "off", "true", "false", "null");

  private Tree() {}

  /** A map in the order of its arguments, which are keys and values by turns. */
  static Map<String, @Nullable Object> map(@Nullable Object... keysAndValues) {
    Map<String, @Nullable Object> map = new LinkedHashMap<>();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      map.put(String.valueOf(keysAndValues[i]), keysAndValues[i + 1]);
    }
    return map;
  }

  /** A list whose elements are made when they are written: 100,000 peers need no tree at once. */
  static <T> List<Object> list(List<T> elements, Function<? super T, ? extends Object> shape) {
    return new Lazy<>(elements, shape);
  }

  private static final class Lazy<T> extends AbstractList<Object> implements RandomAccess {
    private final List<T> elements;
    private final Function<? super T, ? extends Object> shape;

    Lazy(List<T> elements, Function<? super T, ? extends Object> shape) {
      this.elements = elements;
      this.shape = shape;
    }

    @Override
    public Object get(int index) {
      return shape.apply(elements.get(index));
    }

    @Override
    public int size() {
      return elements.size();
    }
  }

  /** Writes JSON over several lines, for programs and people alike, with a final line end. */
  static void json(@Nullable Object value, Output out) {
    StringBuilder text = new StringBuilder();
    if (value instanceof List<?> list && !list.isEmpty()) {
      // Element by element, so that long lists leave as they are made.
      String before = "[\n  ";
      for (Object element : list) {
        text.append(before);
        json(element, text, 2);
        out.write(text);
        text.setLength(0);
        before = ",\n  ";
      }
      out.write("\n]\n");
      return;
    }
    json(value, text, 0);
    out.write(text.append('\n'));
  }

  /** Returns JSON in one line, without a line end. */
  static String jsonLine(@Nullable Object value) {
    StringBuilder text = new StringBuilder();
    json(value, text, -1);
    return text.toString();
  }

  /** Writes a YAML document without its marker. */
  static void yaml(@Nullable Object value, Output out) {
    StringBuilder text = new StringBuilder();
    if (value instanceof List<?> list && !list.isEmpty()) {
      for (Object element : list) {
        yaml(Collections.singletonList(element), text, 0, false);
        out.write(text);
        text.setLength(0);
      }
      return;
    }
    yaml(value, text, 0, false);
    out.write(text);
  }

  /** An indent below zero means: all in one line. */
  private static void json(@Nullable Object value, StringBuilder out, int indent) {
    int inner = indent < 0 ? indent : indent + 2;
    if (value instanceof Map<?, ?> map) {
      String before = "{";
      for (Map.Entry<?, ?> entry : map.entrySet()) {
        line(out.append(before), inner);
        out.append(Quote.json(String.valueOf(entry.getKey())));
        out.append(indent < 0 ? ":" : ": ");
        json(entry.getValue(), out, inner);
        before = ",";
      }
      close(out, map.isEmpty(), "{}", '}', indent);
    } else if (value instanceof List<?> list) {
      String before = "[";
      for (Object element : list) {
        line(out.append(before), inner);
        json(element, out, inner);
        before = ",";
      }
      close(out, list.isEmpty(), "[]", ']', indent);
    } else if (value instanceof String text) {
      out.append(Quote.json(text));
    } else {
      out.append(value);
    }
  }

  private static void close(StringBuilder out, boolean empty, String none, char end, int indent) {
    if (empty) {
      out.append(none);
    } else {
      line(out, indent);
      out.append(end);
    }
  }

  private static void line(StringBuilder out, int indent) {
    if (indent >= 0) {
      out.append('\n');
      indent(out, indent);
    }
  }

  private static void indent(StringBuilder out, int indent) {
    out.append(" ".repeat(indent));
  }

  /** Writes a value at an indent; {@code begun} where the first line has its indent already. */
  private static void yaml(@Nullable Object value, StringBuilder out, int indent, boolean begun) {
    boolean first = begun;
    if (value instanceof Map<?, ?> map && !map.isEmpty()) {
      for (Map.Entry<?, ?> entry : map.entrySet()) {
        indent(out, first ? 0 : indent);
        first = false;
        scalar(String.valueOf(entry.getKey()), out);
        out.append(':');
        Object inner = entry.getValue();
        if (branch(inner)) {
          out.append('\n');
          yaml(inner, out, indent + 2, false);
        } else {
          out.append(' ');
          yaml(inner, out, 0, true);
        }
      }
    } else if (value instanceof List<?> list && !list.isEmpty()) {
      for (Object element : list) {
        indent(out, first ? 0 : indent);
        first = false;
        out.append("- ");
        yaml(element, out, indent + 2, true);
      }
    } else {
      if (value instanceof String text) {
        scalar(text, out);
      } else {
        out.append(value instanceof Map ? "{}" : value instanceof List ? "[]" : value);
      }
      out.append('\n');
    }
  }

  private static boolean branch(@Nullable Object value) {
    if (value instanceof Map<?, ?> map) {
      return !map.isEmpty();
    }
    return value instanceof List<?> list && !list.isEmpty();
  }

  private static void scalar(String text, StringBuilder out) {
    if (plain(text)) {
      out.append(text);
    } else {
      out.append(Quote.json(text));
    }
  }

  private static boolean plain(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      boolean inner = (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '/';
      if (!letter && (i == 0 || !inner)) {
        return false;
      }
    }
    return !text.isEmpty() && !AMBIGUOUS.contains(text.toLowerCase(Locale.ROOT));
  }
}
