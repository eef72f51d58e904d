/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.lab;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import magpie.peers.spi.Quote;

/** The ranges of host names of Ansible: {@code web[01:20]}, {@code [a:f].example}, with a step. */
final class HostRange {
  private static final String LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  private static final int MOST = 100_000;

  private HostRange() {}

  /**
   * Writes a range out.
   *
   * @return the names; the pattern itself where it has no range
   * @throws IllegalArgumentException if the range is malformed or has more than 100,000 hosts
   */
  static List<String> expand(String pattern) {
    int open = pattern.indexOf('[');
    if (open < 0) {
      return List.of(pattern);
    }
    int close = pattern.indexOf(']', open);
    if (close < 0) {
      throw fault(pattern, "the range has no end");
    }
    String[] bounds = pattern.substring(open + 1, close).split(":", -1);
    if (bounds.length < 2 || bounds.length > 3 || bounds[1].isEmpty()) {
      throw fault(pattern, "a range is BEGIN:END or BEGIN:END:STEP");
    }
    if (bounds.length == 3 && !bounds[2].matches("[1-9][0-9]{0,8}")) {
      throw fault(pattern, "the step is a number from 1");
    }
    int step = bounds.length == 3 ? Integer.parseInt(bounds[2]) : 1;
    List<String> rest = expand(pattern.substring(close + 1));
    List<String> all = new ArrayList<>();
    for (String middle : values(pattern, bounds[0].isEmpty() ? "0" : bounds[0], bounds[1], step)) {
      for (String tail : rest) {
        if (all.size() == MOST) {
          throw fault(pattern, "it has more than " + MOST + " hosts");
        }
        all.add(pattern.substring(0, open) + middle + tail);
      }
    }
    return all;
  }

  private static List<String> values(String pattern, String begin, String end, int step) {
    List<String> values = new ArrayList<>();
    if (begin.matches("[0-9]{1,9}") && end.matches("[0-9]{1,9}")) {
      boolean filled = begin.length() > 1 && begin.charAt(0) == '0';
      if (filled && begin.length() != end.length()) {
        throw fault(pattern, "a beginning with leading zeros is as long as the end");
      }
      long first = Long.parseLong(begin);
      long last = Long.parseLong(end);
      if ((last - first) / step >= MOST) {
        throw fault(pattern, "it has more than " + MOST + " hosts");
      }
      for (long i = first; i <= last; i += step) {
        values.add(
            filled ? String.format(Locale.ROOT, "%0" + begin.length() + "d", i) : Long.toString(i));
      }
    } else if (begin.length() == 1 && end.length() == 1) {
      int first = LETTERS.indexOf(begin);
      int last = LETTERS.indexOf(end);
      for (int i = first; first >= 0 && i <= last; i += step) {
        values.add(LETTERS.substring(i, i + 1));
      }
    }
    if (values.isEmpty()) {
      throw fault(pattern, "it has no hosts; a range goes from a number or letter to a later one");
    }
    return values;
  }

  private static IllegalArgumentException fault(String pattern, String reason) {
    return new IllegalArgumentException(
        "expected hosts such as web[01:20], found " + Quote.of(pattern) + ": " + reason);
  }
}
