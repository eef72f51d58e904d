/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.lab;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.IntFunction;
import magpie.peers.text.Quote;

/** The ranges of host names of Ansible: {@code web[01:20]}, {@code [a:f].example}, with a step. */
final class HostRange {
  private static final String LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  private static final int MOST = 100_000;

  /** As long as a host name can be. */
  private static final int LONGEST = 253;

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
    if (pattern.length() > LONGEST) {
      throw fault(pattern, "it has more than " + LONGEST + " characters");
    }
    // Text between the ranges is a range of one.
    List<Values> parts = new ArrayList<>();
    long count = 1;
    int from = 0;
    for (; open >= 0; open = pattern.indexOf('[', from)) {
      int close = pattern.indexOf(']', open);
      if (close < 0) {
        throw fault(pattern, "the range has no end");
      }
      parts.add(Values.of(pattern.substring(from, open)));
      Values values = values(pattern, pattern.substring(open + 1, close));
      parts.add(values);
      count *= values.count;
      if (count > MOST) {
        throw fault(pattern, "it has more than " + MOST + " hosts");
      }
      from = close + 1;
    }
    parts.add(Values.of(pattern.substring(from)));
    List<String> all = new ArrayList<>((int) count);
    for (int number = 0; number < count; number++) {
      StringBuilder name = new StringBuilder();
      long block = count;
      for (Values values : parts) {
        block /= values.count;
        name.append(values.text.apply((int) (number / block % values.count)));
      }
      all.add(name.toString());
    }
    return all;
  }

  /** The values of a range by their numbers, none of them made before all ranges are known. */
  private record Values(long count, IntFunction<String> text) {
    static Values of(String one) {
      return new Values(1, i -> one);
    }
  }

  private static Values values(String pattern, String range) {
    String[] bounds = range.split(":", -1);
    if (bounds.length < 2 || bounds.length > 3 || bounds[1].isEmpty()) {
      throw fault(pattern, "a range is BEGIN:END or BEGIN:END:STEP");
    }
    if (bounds.length == 3 && !bounds[2].matches("[1-9][0-9]{0,8}")) {
      throw fault(pattern, "the step is a number from 1");
    }
    int step = bounds.length == 3 ? Integer.parseInt(bounds[2]) : 1;
    return values(pattern, bounds[0].isEmpty() ? "0" : bounds[0], bounds[1], step);
  }

  private static Values values(String pattern, String begin, String end, int step) {
    if (begin.matches("[0-9]{1,9}") && end.matches("[0-9]{1,9}")) {
      boolean filled = begin.length() > 1 && begin.charAt(0) == '0';
      if (filled && begin.length() != end.length()) {
        throw fault(pattern, "a beginning with leading zeros is as long as the end");
      }
      long first = Long.parseLong(begin);
      long last = Long.parseLong(end);
      if (first <= last) {
        String format = "%0" + begin.length() + "d";
        return new Values(
            (last - first) / step + 1,
            i -> {
              long value = first + (long) i * step;
              return filled ? String.format(Locale.ROOT, format, value) : Long.toString(value);
            });
      }
    } else if (begin.length() == 1 && end.length() == 1) {
      int first = LETTERS.indexOf(begin);
      int last = LETTERS.indexOf(end);
      if (first >= 0 && first <= last) {
        return new Values(
            (last - first) / step + 1,
            i -> LETTERS.substring(first + i * step, first + i * step + 1));
      }
    }
    throw fault(pattern, "it has no hosts; a range goes from a number or letter to a later one");
  }

  private static IllegalArgumentException fault(String pattern, String reason) {
    return new IllegalArgumentException(
        "expected hosts such as web[01:20], found " + Quote.of(pattern) + ": " + reason);
  }
}
