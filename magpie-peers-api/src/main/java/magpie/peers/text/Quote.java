/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.text;

import java.util.Collection;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;

/**
 * Puts text that is not ours into a message, so that it can be read and cannot do harm.
 *
 * <p>Whatever a peer, a file or a process says may hold line breaks, terminal escapes or a megabyte
 * of noise; a message shows it quoted, escaped and cut.
 */
public final class Quote {
  private static final int LONGEST = 200;
  private static final HexFormat HEX = HexFormat.of();

  private Quote() {}

  /**
   * Returns {@code text} in double quotes, cut after 200 characters, with control characters
   * escaped, and also characters that look like a blank or like nothing, such as a no-break space.
   *
   * @param text the text, not null
   * @return the quoted text, never empty
   */
  public static String of(String text) {
    Objects.requireNonNull(text, "text");
    StringBuilder out = new StringBuilder(Math.min(text.length(), LONGEST) + 2).append('"');
    int end = cut(text);
    for (int i = 0; i < end; ) {
      int c = text.codePointAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append((char) c);
      } else if (looksBlank(c)) {
        hex(out, c);
      } else {
        escape(out, c);
      }
      i += Character.charCount(c);
    }
    out.append('"');
    if (end < text.length()) {
      out.append("... (").append(text.length()).append(" characters)");
    }
    return out.toString();
  }

  /**
   * Returns {@code text} in double quotes as JSON writes it, whole, with everything a terminal
   * could act on escaped; languages that contain JSON read it as the same text.
   *
   * @param text any text, unpaired surrogates included; not null
   * @return the quoted text, in one line
   */
  public static String json(String text) {
    Objects.requireNonNull(text, "text");
    StringBuilder out = new StringBuilder(text.length() + 16).append('"');
    for (int i = 0; i < text.length(); ) {
      int c = text.codePointAt(i);
      i += Character.charCount(c);
      if (c == '"' || c == '\\') {
        out.append('\\').append((char) c);
      } else if (c > 0xffff) {
        // As it is: a language that contains JSON may read no pair of escapes as one character.
        out.appendCodePoint(c);
      } else if (c == 0xfffe || c == 0xffff) {
        // Characters to Java, but not printable in every language that contains JSON.
        out.append("\\u").append(HEX.toHexDigits((char) c));
      } else {
        escape(out, c);
      }
    }
    return out.append('"').toString();
  }

  /**
   * Returns {@code text} with everything a terminal could act on made visible: control, format,
   * surrogate and line-separating characters appear as {@code \n}, {@code \t} or {@code \\u001b}.
   *
   * @param text the text, not null
   * @return the same text when it holds nothing of the kind
   */
  public static String visible(String text) {
    Objects.requireNonNull(text, "text");
    int at = 0;
    while (at < text.length() && !hidden(text.codePointAt(at))) {
      at += Character.charCount(text.codePointAt(at));
    }
    if (at == text.length()) {
      return text;
    }
    StringBuilder out = new StringBuilder(text.length() + 16).append(text, 0, at);
    while (at < text.length()) {
      int c = text.codePointAt(at);
      escape(out, c);
      at += Character.charCount(c);
    }
    return out.toString();
  }

  /**
   * Returns the known word nearest to {@code word}, if one is near enough to be what was meant.
   *
   * @param word what was written, not null
   * @param known what could have been meant, not null
   * @return the nearest known word, at most a third of its letters away
   */
  public static Optional<String> nearest(String word, Collection<String> known) {
    Objects.requireNonNull(word, "word");
    String best = null;
    int least = Integer.MAX_VALUE;
    String lower = word.toLowerCase(Locale.ROOT);
    for (String candidate : known) {
      int distance = distance(lower, candidate.toLowerCase(Locale.ROOT));
      if (distance < least && distance <= Math.max(1, candidate.length() / 3)) {
        best = candidate;
        least = distance;
      }
    }
    return Optional.ofNullable(best);
  }

  private static int cut(String text) {
    if (text.length() <= LONGEST) {
      return text.length();
    }
    return Character.isHighSurrogate(text.charAt(LONGEST - 1)) ? LONGEST - 1 : LONGEST;
  }

  private static boolean hidden(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          true;
      default -> false;
    };
  }

  /**
   * Whether a character shows as a blank, or not at all, and is no plain blank: a reader of a
   * message must see it. Beside the separators of Unicode these are letters and marks without ink.
   */
  private static boolean looksBlank(int c) {
    if (Character.getType(c) == Character.SPACE_SEPARATOR) {
      return c != ' ';
    }
    return switch (c) {
      case 0x034f, // combining grapheme joiner
          0x115f, // Hangul fillers
          0x1160,
          0x3164,
          0xffa0,
          0x17b4, // Khmer inherent vowels
          0x17b5,
          0x2800 -> // Braille without dots
          true;
      // Variation selectors
      default -> (c >= 0xfe00 && c <= 0xfe0f) || (c >= 0xe0100 && c <= 0xe01ef);
    };
  }

  private static void escape(StringBuilder out, int c) {
    switch (c) {
      case '\n' -> out.append("\\n");
      case '\r' -> out.append("\\r");
      case '\t' -> out.append("\\t");
      default -> {
        if (hidden(c)) {
          hex(out, c);
        } else {
          out.appendCodePoint(c);
        }
      }
    }
  }

  private static void hex(StringBuilder out, int c) {
    if (c <= 0xffff) {
      out.append("\\u").append(HEX.toHexDigits((char) c));
    } else {
      out.append("\\U").append(HEX.toHexDigits(c));
    }
  }

  /** Edit distance in which swapping two neighbours is one step: the commonest slip of a hand. */
  private static int distance(String a, String b) {
    if (Math.abs(a.length() - b.length()) > 4 || a.length() > 64) {
      return Integer.MAX_VALUE;
    }
    int[][] d = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          d[i][j] = i + j;
          continue;
        }
        int change = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        d[i][j] = Math.min(Math.min(d[i - 1][j], d[i][j - 1]) + 1, d[i - 1][j - 1] + change);
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
        }
      }
    }
    return d[a.length()][b.length()];
  }
}
