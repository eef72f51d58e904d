/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.lab;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Splits a line as the POSIX shell and Ansible's INI inventories do. */
final class ShellWords {
  private ShellWords() {}

  /**
   * Splits a line into words at blanks; quotes hold together, a backslash keeps the next character,
   * and {@code #} begins a comment.
   *
   * @return the words, or null if a quote is not closed or the last character is a backslash
   */
  static @Nullable List<String> split(String line) {
    List<String> words = new ArrayList<>();
    StringBuilder word = new StringBuilder();
    boolean begun = false;
    char quote = 0;
    for (int i = 0; i < line.length(); i++) {
      char c = line.charAt(i);
      if (quote != 0) {
        boolean escape =
            c == '\\'
                && quote == '"'
                && i + 1 < line.length()
                && "\"\\".indexOf(line.charAt(i + 1)) >= 0;
        if (escape) {
          word.append(line.charAt(++i));
        } else if (c == quote) {
          quote = 0;
        } else {
          word.append(c);
        }
      } else if (c == '"' || c == '\'') {
        quote = c;
        begun = true;
      } else if (c == '#') {
        break;
      } else if (c == ' ' || c == '\t') {
        if (begun) {
          words.add(word.toString());
          word.setLength(0);
          begun = false;
        }
      } else {
        boolean escape = c == '\\';
        if (escape && i + 1 == line.length()) {
          return null;
        }
        word.append(escape ? line.charAt(++i) : c);
        begun = true;
      }
    }
    if (begun) {
      words.add(word.toString());
    }
    return quote == 0 ? words : null;
  }
}
