/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import java.util.ArrayList;
import java.util.List;
import magpie.peers.spi.Quote;

/**
 * Lines for people: columns at least two blanks apart, without tabs and trailing blanks, a hyphen
 * for nothing.
 *
 * <p>On a terminal the headings stand out and lines are cut to its width. Elsewhere nothing is ever
 * cut or coloured, so that {@code awk} can take the columns.
 */
final class Table {
  private final List<String[]> rows = new ArrayList<>();
  private final List<Output.Style> styles = new ArrayList<>();

  Table(String... headings) {
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
      out.line(out.styled(styles.get(r), cut(line.toString(), out.terminal().width())));
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

  /** Blocks that are wide or full width in Unicode's East Asian Width (UAX 11), and emoji. */
  private static boolean wide(int c) {
    return c >= 0x1100 && c <= 0x115f
        || c >= 0x2e80 && c <= 0x303e
        || c >= 0x3041 && c <= 0xa4cf
        || c >= 0xa960 && c <= 0xa97f
        || c >= 0xac00 && c <= 0xd7a3
        || c >= 0xf900 && c <= 0xfaff
        || c >= 0xfe30 && c <= 0xfe6f
        || c >= 0xff01 && c <= 0xff60
        || c >= 0xffe0 && c <= 0xffe6
        || c >= 0x1f300 && c <= 0x1f64f
        || c >= 0x1f680 && c <= 0x1f6ff
        || c >= 0x1f900 && c <= 0x1faff
        || c >= 0x20000 && c <= 0x3fffd;
  }
}
