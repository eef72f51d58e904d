/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */
package magpie.peers.local;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Texts in the order in which they came, each with a number, and which of them came before.
 *
 * <p>A hash map costs some 50 bytes per entry, and a bench has 300,000 addresses; this costs 12.
 * The hash is seeded, so that no file can be written that makes the search slow.
 */
final class Seen {
  private final int seed = System.identityHashCode(this) ^ (int) System.nanoTime() | 1;
  private @Nullable String[] texts = new String[16];
  private int[] slots = new int[32];
  private int count;

  /**
   * Adds a text, whose number is the count of texts added before, new or not.
   *
   * @return the number of the same text when it came first, or -1 if this is the first time
   */
  int add(String text) {
    grow();
    int slot = find(text);
    int number = count++;
    if (slots[slot] != 0) {
      return slots[slot] - 1;
    }
    texts[number] = text;
    slots[slot] = number + 1;
    return -1;
  }

  /** Counts a text that nothing is to be compared with. */
  void pass() {
    grow();
    count++;
  }

  private void grow() {
    if (count == texts.length) {
      texts = Arrays.copyOf(texts, 2 * count);
      slots = new int[4 * count];
      for (int i = 0; i < count; i++) {
        String again = texts[i];
        if (again != null) {
          slots[find(again)] = i + 1;
        }
      }
    }
  }

  int count() {
    return count;
  }

  private int find(String text) {
    int hash = seed;
    for (int i = 0; i < text.length(); i++) {
      hash = (hash ^ text.charAt(i)) * 0x2c1b3c6d;
      hash ^= hash >>> 15;
    }
    int slot = hash & slots.length - 1;
    while (slots[slot] != 0 && !text.equals(texts[slots[slot] - 1])) {
      slot = slot + 1 & slots.length - 1;
    }
    return slot;
  }
}
