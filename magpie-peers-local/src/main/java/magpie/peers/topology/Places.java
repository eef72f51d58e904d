/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology;

import java.util.Arrays;

/** Places in the order of their numbers, without an object for each. */
final class Places {
  private long[] all = new long[16];
  private int count;

  void add(long place) {
    if (count == all.length) {
      all = Arrays.copyOf(all, count + (count >> 1));
    }
    all[count++] = place;
  }

  long get(int number) {
    return all[number];
  }

  int count() {
    return count;
  }
}
