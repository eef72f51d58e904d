/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Duplicates are found, also where all hashes are one. */
class FirstOccurrencesTest {
  @ParameterizedTest
  @ValueSource(ints = {0, 5, 9, 1000})
  void agreesWithAMap(int expected) {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    FirstOccurrences<String> seen = new FirstOccurrences<>(expected);
    Map<String, Integer> first = new HashMap<>();
    for (int number = 0; number < 5000; number++) {
      if (random.nextInt(10) == 0) {
        seen.pass();
        continue;
      }
      String value = "magpie/" + random.nextInt(3000);
      Integer before = first.putIfAbsent(value, number);
      assertEquals(before == null ? -1 : before, seen.add(value), "seed " + seed);
      assertEquals(number + 1, seen.count());
    }
  }

  @Test
  void staysFastWhenEveryHashIsTheSame() {
    FirstOccurrences<String> seen = new FirstOccurrences<>(0);
    int number = 0;
    for (int bits = 0; bits < 1 << 16; bits++) {
      assertEquals(-1, seen.add(ofOneHash(bits)));
      number++;
    }
    assertEquals(number, seen.count());
    assertEquals(12_345, seen.add(ofOneHash(12_345)));
    assertEquals(3, seen.add(ofOneHash(3)));
  }

  /** "Aa" and "BB" have one hash, and so have all texts made of as many of them. */
  private static String ofOneHash(int bits) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 16; i++) {
      text.append((bits >> i & 1) == 0 ? "Aa" : "BB");
    }
    return text.toString();
  }
}
