/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.text;

/**
 * Patterns in which {@code *} stands for any text, also none, and {@code ?} for one character.
 *
 * <p>The same everywhere in this project: in filters, masks and lists of what to ignore.
 */
public final class Glob {
  private Glob() {}

  /**
   * Tells whether a pattern matches a text as a whole, in upper and lower case as written.
   *
   * @param glob the pattern, not null
   * @param text the text, not null
   * @return whether it matches
   */
  public static boolean matches(String glob, String text) {
    // In linear time: only the last star is ever tried again.
    int g = 0;
    int t = 0;
    int star = -1;
    int retry = 0;
    while (t < text.length()) {
      if (g < glob.length() && glob.charAt(g) == '*') {
        star = g++;
        retry = t;
      } else if (g < glob.length() && (glob.charAt(g) == '?' || glob.charAt(g) == text.charAt(t))) {
        g++;
        t++;
      } else if (star >= 0) {
        g = star + 1;
        t = ++retry;
      } else {
        return false;
      }
    }
    while (g < glob.length() && glob.charAt(g) == '*') {
      g++;
    }
    return g == glob.length();
  }
}
