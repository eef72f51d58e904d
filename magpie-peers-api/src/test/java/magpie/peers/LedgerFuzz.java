/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import magpie.peers.fuzz.Bounds;
import org.jspecify.annotations.Nullable;

/** Reads any text as the state that notices live in. */
final class LedgerFuzz {
  /** A few bytes may stand for a million ids. */
  private static final Bounds BOUNDS = new Bounds(400_000_000, 2_000);

  private LedgerFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) {
    String text = new String(input, UTF_8);
    Ledger ledger = BOUNDS.parse(input, () -> parse(text));
    if (ledger != null) {
      String printed = LedgerText.print(ledger);
      assertEquals(printed, LedgerText.print(LedgerText.parse(printed, "printed")));
    }
  }

  private static @Nullable Ledger parse(String text) {
    try {
      return LedgerText.parse(text, "fuzz");
    } catch (StateException e) {
      String message = String.valueOf(e.getMessage());
      assertTrue(message.matches("(?s)fuzz:[1-9][0-9]*: damaged state: .+; remove .+"), message);
      return null;
    }
  }
}
