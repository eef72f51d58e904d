/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import magpie.peers.fuzz.Bounds;

/** Reads each line as a peer id, and orders the first three. */
final class PeerIdFuzz {
  private static final Bounds BOUNDS = new Bounds(1 << 20, 8 * 1024);
  private static final Pattern NAME =
      Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*+(/[A-Za-z0-9][A-Za-z0-9._-]*+)?");

  private PeerIdFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) {
    String[] lines = new String(input, UTF_8).split("\n", -1);
    List<PeerId> ids = BOUNDS.parse(input, () -> parse(lines));
    for (int i = 0; i + 1 < Math.min(3, ids.size()); i++) {
      PeerId a = ids.get(i);
      PeerId b = ids.get(i + 1);
      assertEquals(Integer.signum(a.compareTo(b)), -Integer.signum(b.compareTo(a)));
      assertEquals(a.equals(b), a.compareTo(b) == 0);
    }
    if (ids.size() > 2) {
      List<PeerId> order = new ArrayList<>(ids.subList(0, 3));
      order.sort(null);
      assertTrue(order.get(0).compareTo(order.get(2)) <= 0, order::toString);
    }
  }

  private static List<PeerId> parse(String[] lines) {
    List<PeerId> ids = new ArrayList<>();
    for (String line : lines) {
      boolean valid = line.length() <= 253 && NAME.matcher(line).matches();
      try {
        ids.add(PeerId.of(line));
        assertTrue(valid, line);
      } catch (IllegalArgumentException e) {
        assertTrue(!valid, line);
      }
    }
    return ids;
  }
}
