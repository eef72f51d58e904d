/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Values in the order in which they came, each with a number, and which of them came before.
 *
 * <p>A hash map costs some 50 bytes per entry, and a bench has 300,000 addresses; this costs 12.
 */
final class FirstOccurrences<T extends Comparable<T>> {
  private static final int FEW = 8;
  private static final int MOST_STEPS = 32;

  private @Nullable Object[] values;
  private int[] slots = new int[0];
  private int count;

  /** Takes what many values of one hash would make slow: its buckets are trees. */
  private final Map<T, Integer> crowded = new HashMap<>(0);

  /** Expects about {@code expected} values. */
  FirstOccurrences(int expected) {
    values = new Object[Math.max(FEW, expected)];
    if (expected > FEW) {
      slots = new int[Integer.highestOneBit(expected) << 2];
    }
  }

  /**
   * Adds a value, whose number is the count of values added before, new or not.
   *
   * @return the number of the same value when it came first, or -1 if this is the first time
   */
  int add(T value) {
    grow();
    int number = count++;
    if (slots.length == 0) {
      for (int i = 0; i < number; i++) {
        if (value.equals(values[i])) {
          return i;
        }
      }
      values[number] = value;
      return -1;
    }
    int first = insert(value, number);
    if (first < 0) {
      values[number] = value;
    }
    return first;
  }

  /** Counts a value that nothing is to be compared with. */
  void pass() {
    grow();
    count++;
  }

  int count() {
    return count;
  }

  private int insert(T value, int number) {
    int mask = slots.length - 1;
    int slot = ((value.hashCode() * 0x9e3779b9) >>> 7) & mask;
    for (int steps = 0; steps < MOST_STEPS; steps++) {
      int held = slots[slot];
      if (held == 0) {
        slots[slot] = number + 1;
        return -1;
      }
      if (value.equals(values[held - 1])) {
        return held - 1;
      }
      slot = (slot + 1) & mask;
    }
    Integer first = crowded.putIfAbsent(value, number);
    return first == null ? -1 : first;
  }

  @SuppressWarnings("unchecked")
  private void grow() {
    if (count < values.length) {
      return;
    }
    values = Arrays.copyOf(values, 2 * count);
    slots = new int[Integer.highestOneBit(count) << 2];
    crowded.clear();
    for (int i = 0; i < count; i++) {
      T value = (T) values[i];
      if (value != null) {
        insert(value, i);
      }
    }
  }
}
