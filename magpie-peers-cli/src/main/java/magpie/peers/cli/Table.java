/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import java.util.ArrayList;
import java.util.List;
import magpie.peers.text.Quote;

/**
 * Lines for people: columns at least two blanks apart, without tabs and trailing blanks, a hyphen
 * for nothing.
 *
 * <p>On a terminal the headings stand out and lines are cut to its width. Elsewhere nothing is ever
 * cut or coloured, so that {@code awk} can take the columns.
 */
final class Table {
  /**
   * First and last of the blocks that are wide or full width in Unicode's East Asian Width (UAX
   * 11), and of the emoji; ascending.
   */
  private static final int[] WIDE = {
    0x1100, 0x115f,
    0x2e80, 0x303e,
    0x3041, 0xa4cf,
    0xa960, 0xa97f,
    0xac00, 0xd7a3,
    0xf900, 0xfaff,
    0xfe30, 0xfe6f,
    0xff01, 0xff60,
    0xffe0, 0xffe6,
    0x1f300, 0x1f64f,
    0x1f680, 0x1f6ff,
    0x1f900, 0x1faff,
    0x20000, 0x3fffd,
  };

  private final List<String[]> rows = new ArrayList<>();
  private final List<Output.Style> styles = new ArrayList<>();

  private final boolean fitted;

  Table(String... headings) {
    this(true, headings);
  }

  /** A table whose lines are cut to the width of a terminal, or are not. */
  Table(boolean fitted, String... headings) {
    this.fitted = fitted;
    row(Output.Style.HEADING, headings);
  }

  void row(Output.Style style, String... cells) {
    String[] shown = new String[cells.length];
    for (int i = 0; i < cells.length; i++) {
      shown[i] = cells[i].isEmpty() ? "-" : Quote.visible(cells[i]);
    }
    rows.add(shown);
    styles.add(style);
  }

  void print(Output out) {
    print(out, "");
  }

  void print(Output out, String indent) {
    int[] widths = new int[rows.get(0).length];
    for (String[] row : rows) {
      for (int i = 0; i < row.length; i++) {
        widths[i] = Math.max(widths[i], width(row[i]));
      }
    }
    StringBuilder line = new StringBuilder();
    for (int r = 0; r < rows.size(); r++) {
      line.append(indent);
      String[] row = rows.get(r);
      for (int i = 0; i < row.length; i++) {
        line.append(row[i]);
        if (i < row.length - 1) {
          line.append(" ".repeat(widths[i] - width(row[i]) + 2));
        }
      }
      out.line(
          out.styled(styles.get(r), cut(line.toString(), fitted ? out.terminal().width() : 0)));
      line.setLength(0);
    }
  }

  private static String cut(String line, int limit) {
    if (limit == 0 || width(line) <= limit) {
      return line;
    }
    int used = 0;
    int end = 0;
    while (end < line.length()) {
      int c = line.codePointAt(end);
      used += width(c);
      if (used > limit - 1) {
        break;
      }
      end += Character.charCount(c);
    }
    return line.substring(0, end) + "…";
  }

  /** The number of cells that a terminal gives a text. */
  static int width(String text) {
    int width = 0;
    for (int i = 0; i < text.length(); ) {
      int c = text.codePointAt(i);
      width += width(c);
      i += Character.charCount(c);
    }
    return width;
  }

  private static int width(int c) {
    if (c < 0x300) {
      return 1;
    }
    int type = Character.getType(c);
    if (type == Character.NON_SPACING_MARK || type == Character.ENCLOSING_MARK) {
      return 0;
    }
    return wide(c) ? 2 : 1;
  }

  private static boolean wide(int c) {
    for (int i = 0; i < WIDE.length && c >= WIDE[i]; i += 2) {
      if (c <= WIDE[i + 1]) {
        return true;
      }
    }
    return false;
  }
}
