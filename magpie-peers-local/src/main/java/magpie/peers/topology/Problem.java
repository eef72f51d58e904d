/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology;

import java.util.Objects;
import java.util.Optional;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;

/**
 * One problem of an input that people write, with everything needed to find and correct it.
 *
 * <p>{@link #toString()} gives the form that a terminal shows:
 *
 * <pre>{@code
 * bench-b.magpie.yaml:16:62: error [address-outside-networks] 203.0.113.12 is in none of: oam
 *   16 |   magpie/1: { hostname: blade-02, addresses: [192.0.2.12/25, 203.0.113.12/24] }
 *      |                                                              ^^^^^^^^^^^^^^^
 *   at nodes.magpie/1.addresses[1]; fix: add a network for 203.0.113.0/24 or correct the address
 * }</pre>
 *
 * @param severity whether the input can still be used
 * @param code the kind of problem, stable across releases: lower-case words joined by hyphens
 * @param message what was expected and what was found
 * @param file the input, as the user named it
 * @param line the line, from 1; 0 where the problem is the file itself
 * @param column the column in characters (Unicode code points), from 1; 0 where the problem is the
 *     file itself
 * @param length the number of characters that the problem covers on that line, at least 1
 * @param excerpt the line, as it is in the file; empty where the problem is the file itself
 * @param path the place in the document, such as {@code nodes.magpie/1.addresses[1]}; empty at its
 *     root
 * @param fix what to do next; empty where the message already says it
 */
public record Problem(
    Severity severity,
    String code,
    String message,
    String file,
    int line,
    int column,
    int length,
    String excerpt,
    String path,
    String fix) {

  /** Whether an input with the problem can still be used. */
  public enum Severity {
    /** The input cannot be used. */
    ERROR,
    /** The input can be used, but is probably not what was meant. */
    WARNING
  }

  private static final int WIDEST = 160;

  /**
   * Checks the components.
   *
   * @param severity whether the input can still be used
   * @param code the kind of problem, stable across releases: lower-case words joined by hyphens
   * @param message what was expected and what was found
   * @param file the input, as the user named it
   * @param line the line, from 1
   * @param column the column in characters (Unicode code points), from 1
   * @param length the number of characters that the problem covers on that line, at least 1
   * @param excerpt the line, as it is in the file
   * @param path the place in the document, such as {@code nodes.magpie/1.addresses[1]}
   * @param fix what to do next
   */
  public Problem {
    Objects.requireNonNull(severity, "severity");
    Objects.requireNonNull(code, "code");
    Objects.requireNonNull(message, "message");
    Objects.requireNonNull(file, "file");
    Objects.requireNonNull(excerpt, "excerpt");
    Objects.requireNonNull(path, "path");
    Objects.requireNonNull(fix, "fix");
    length = Math.max(1, length);
  }

  /**
   * Returns a problem of a whole file, such as one that does not exist.
   *
   * @param code the kind of problem
   * @param file the input, as the user named it
   * @param message what was expected and what was found
   * @param fix what to do next
   * @return the problem, an error
   */
  public static Problem ofFile(String code, String file, String message, String fix) {
    return new Problem(Severity.ERROR, code, message, file, 0, 0, 1, "", "", fix);
  }

  /**
   * Returns where the problem is.
   *
   * @return {@code file:line:column}, or the file alone
   */
  public String location() {
    return line == 0 ? Quote.visible(file) : Quote.visible(file) + ":" + line + ":" + column;
  }

  /** Returns the problem as a terminal shows it, in one to four lines without a final line end. */
  @Override
  public String toString() {
    StringBuilder out = new StringBuilder(location()).append(": ");
    out.append(severity == Severity.ERROR ? "error" : "warning");
    out.append(" [").append(code).append("] ").append(Quote.visible(message));
    if (line > 0 && !excerpt.isBlank()) {
      marked(out);
    }
    String where = path.isEmpty() ? null : "at " + Quote.visible(path);
    String what = fix.isEmpty() ? null : "fix: " + Quote.visible(fix);
    if (where != null || what != null) {
      out.append("\n  ").append(join(where, what));
    }
    return out.toString();
  }

  private static String join(@Nullable String where, @Nullable String what) {
    if (where == null || what == null) {
      return Optional.ofNullable(where).orElse(String.valueOf(what));
    }
    return where + "; " + what;
  }

  /** Shows the line with carets under the faulty part; of a very long line, the part around it. */
  private void marked(StringBuilder out) {
    int[] points = excerpt.codePoints().toArray();
    int start = Math.min(Math.max(0, column - 1), points.length);
    int from = start > WIDEST - 20 ? start - WIDEST / 2 : 0;
    int to = Math.min(points.length, from + WIDEST);
    StringBuilder shown = new StringBuilder(from > 0 ? "..." : "");
    StringBuilder carets = new StringBuilder(from > 0 ? "   " : "");
    for (int i = from; i < to; i++) {
      String glyph = Quote.visible(Character.toString(points[i]));
      if (points[i] == '\t') {
        glyph = " ";
      }
      shown.append(glyph);
      if (i - start < length) {
        carets.append((i < start ? " " : "^").repeat(glyph.codePointCount(0, glyph.length())));
      }
    }
    if (to < points.length) {
      shown.append("...");
    }
    if (start >= to) {
      carets.append('^');
    }
    String number = Integer.toString(line);
    out.append("\n  ").append(number).append(" | ").append(shown);
    out.append("\n  ").append(" ".repeat(number.length())).append(" | ").append(carets);
  }
}
