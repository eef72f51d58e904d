/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import magpie.peers.text.Quote;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PeerIdTest {
  @ParameterizedTest
  @CsvSource({
    "magpie/2, magpie/10",
    "magpie/9, magpie-b/1",
    "a/1, a-b/1",
    "a, a/0",
    "blade-2, blade-10",
    "blade-2, blade-02",
    "b9, b10",
    "b19-z, b20-a",
    "b10-z, b19-a",
    "aaaa/10, b/1",
    "rack-1-blade-2, rack-1-blade-11",
    "n99999999999999999999999, n100000000000000000000000",
    "A, a"
  })
  void theFirstComesBeforeTheSecond(String first, String second) {
    assertEquals(-1, Integer.signum(PeerId.of(first).compareTo(PeerId.of(second))));
    assertEquals(1, Integer.signum(PeerId.of(second).compareTo(PeerId.of(first))));
  }

  @Test
  void theOrderIsTotalAndAgreesWithEquals() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    List<PeerId> ids = new ArrayList<>();
    String alphabet = "aAb019/-._";
    while (ids.size() < 150) {
      StringBuilder text = new StringBuilder();
      for (int i = 1 + random.nextInt(6); i > 0; i--) {
        text.append(alphabet.charAt(random.nextInt(alphabet.length())));
      }
      try {
        ids.add(PeerId.of(text.toString()));
      } catch (IllegalArgumentException e) {
        // Not every text is an id.
      }
    }
    for (PeerId a : ids) {
      for (PeerId b : ids) {
        int order = Integer.signum(a.compareTo(b));
        assertEquals(-order, Integer.signum(b.compareTo(a)), () -> a + " " + b + " seed " + seed);
        assertEquals(a.equals(b), order == 0, () -> a + " " + b + " seed " + seed);
        for (PeerId c : ids) {
          if (order <= 0 && b.compareTo(c) <= 0 && a.compareTo(c) > 0) {
            throw new AssertionError(a + " <= " + b + " <= " + c + " but not in all, seed " + seed);
          }
        }
      }
    }
    List<PeerId> shuffled = new ArrayList<>(ids);
    Collections.shuffle(shuffled, random);
    Collections.sort(ids);
    Collections.sort(shuffled);
    assertEquals(ids, shuffled, () -> "seed " + seed);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "/", "a/", "/a", "a/b/c", "-a", "a/-b", ".", "a b", "\u0131", "a\n"})
  void whatIsNoIdIsRefusedWithTheRule(String text) {
    assertEquals(
        "expected a peer id such as \"magpie/3\" or \"blade-02\" (1 to 253 ASCII letters, digits,"
            + " '.', '-', '_', beginning with a letter or digit, at most one '/'), found "
            + Quote.of(text),
        assertThrows(IllegalArgumentException.class, () -> PeerId.of(text)).getMessage());
  }

  @Test
  void theLettersAndDigitsAreThoseOfAscii() {
    StringBuilder accepted = new StringBuilder();
    for (char c = 0; c < 0x180; c++) {
      try {
        accepted.append(PeerId.of("" + c));
      } catch (IllegalArgumentException e) {
        // Not every character is one.
      }
    }
    assertEquals(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", accepted.toString());
  }

  @Test
  void anIdHasAtMost253Characters() {
    assertEquals(253, PeerId.of("a".repeat(253)).value().length());
    assertThrows(IllegalArgumentException.class, () -> PeerId.of("a".repeat(254)));
  }
}
