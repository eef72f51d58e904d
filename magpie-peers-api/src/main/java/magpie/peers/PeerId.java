/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import java.util.Objects;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;

/**
 * The name by which a peer is known to its deployment, such as {@code magpie/3} or {@code
 * blade-02}.
 *
 * <p>A peer id is a value: identity is the id alone (M2). Ids have their natural order, in which
 * numbers count as numbers, so {@code magpie/2} comes before {@code magpie/10} and all units of one
 * application stand together (M1).
 *
 * <p>An id is 1 to 253 ASCII letters, digits, dots, hyphens and underscores, starts with a letter
 * or a digit, and may hold one slash, with another such name behind it. So it can never be mistaken
 * for an option, a path or a terminal escape.
 *
 * @param value the id as it is written
 */
public record PeerId(String value) implements Comparable<PeerId> {
  private static final int LONGEST = 253;

  /**
   * Checks the id.
   *
   * @param value the id as it is written
   * @throws IllegalArgumentException if {@code value} is not a peer id
   */
  public PeerId {
    Objects.requireNonNull(value, "value");
    if (!valid(value)) {
      throw new IllegalArgumentException(
          "expected a peer id such as \"magpie/3\" or \"blade-02\" (1 to 253 ASCII letters, digits,"
              + " '.', '-', '_', beginning with a letter or digit, at most one '/'), found "
              + Quote.of(value));
    }
  }

  /**
   * Returns the peer id written as {@code value}.
   *
   * @param value the id, not null
   * @return the peer id
   * @throws IllegalArgumentException if {@code value} is not a peer id
   */
  public static PeerId of(String value) {
    return new PeerId(value);
  }

  private static boolean valid(String value) {
    if (value.isEmpty() || value.length() > LONGEST) {
      return false;
    }
    boolean start = true;
    boolean slash = false;
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c == '/') {
        if (slash || start) {
          return false;
        }
        slash = true;
        start = true;
        continue;
      }
      boolean alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || digit(c);
      if (!alphanumeric && (start || (c != '.' && c != '-' && c != '_'))) {
        return false;
      }
      start = false;
    }
    return !start;
  }

  private static boolean digit(char c) {
    return c >= '0' && c <= '9';
  }

  /**
   * Compares in natural order: text as text, runs of digits as numbers, the part before a slash
   * before the part behind it.
   *
   * <p>The order is total and agrees with {@code equals}: where two ids differ only in leading
   * zeros, the one with fewer comes first.
   */
  @Override
  public int compareTo(PeerId other) {
    String a = value;
    String b = other.value;
    int i = 0;
    int j = 0;
    while (i < a.length() && j < b.length()) {
      char x = a.charAt(i);
      char y = b.charAt(j);
      if (digit(x) && digit(y)) {
        int endA = endOfDigits(a, i);
        int endB = endOfDigits(b, j);
        int order = compareNumbers(a, i, endA, b, j, endB);
        if (order != 0) {
          return order;
        }
        i = endA;
        j = endB;
      } else {
        if (x != y) {
          return Integer.compare(weight(x), weight(y));
        }
        i++;
        j++;
      }
    }
    int rest = Integer.compare(a.length() - i, b.length() - j);
    if (rest != 0) {
      return rest;
    }
    int length = Integer.compare(a.length(), b.length());
    return length != 0 ? length : a.compareTo(b);
  }

  /** The slash weighs least, so that {@code a/1} stands before {@code a-b/1}. */
  private static int weight(char c) {
    return c == '/' ? 0 : c;
  }

  private static int endOfDigits(String text, int from) {
    int end = from;
    while (end < text.length() && digit(text.charAt(end))) {
      end++;
    }
    return end;
  }

  private static int compareNumbers(String a, int fromA, int endA, String b, int fromB, int endB) {
    int i = fromA;
    int j = fromB;
    while (i < endA - 1 && a.charAt(i) == '0') {
      i++;
    }
    while (j < endB - 1 && b.charAt(j) == '0') {
      j++;
    }
    int length = Integer.compare(endA - i, endB - j);
    if (length != 0) {
      return length;
    }
    for (; i < endA; i++, j++) {
      int order = Character.compare(a.charAt(i), b.charAt(j));
      if (order != 0) {
        return order;
      }
    }
    return 0;
  }

  // Written out, because what the JDK makes for a record costs a hook 10 ms the first time.

  @Override
  public boolean equals(@Nullable Object object) {
    return object instanceof PeerId other && value.equals(other.value);
  }

  @Override
  public int hashCode() {
    return value.hashCode();
  }

  /** Returns the id as it is written. */
  @Override
  public String toString() {
    return value;
  }
}
