/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class ProblemTest {
  private static Problem at(int column, int length, String excerpt) {
    return new Problem(
        Problem.Severity.WARNING, "odd-thing", "odd", "f.yaml", 7, column, length, excerpt, "", "");
  }

  @Test
  void looksAsTheDocumentsPromise() {
    assertEquals(
        """
        bench-b.magpie.yaml:16:62: error [address-outside-networks] 203.0.113.12 is in none of: oam, storage
          16 |   magpie/1: { hostname: blade-02, addresses: [192.0.2.12/25, 203.0.113.12/24] }
             |                                                              ^^^^^^^^^^^^^^^
          at nodes.magpie/1.addresses[1]; fix: add a network for 203.0.113.0/24 or correct the address""",
        new Problem(
                Problem.Severity.ERROR,
                "address-outside-networks",
                "203.0.113.12 is in none of: oam, storage",
                "bench-b.magpie.yaml",
                16,
                62,
                15,
                "  magpie/1: { hostname: blade-02, addresses: [192.0.2.12/25, 203.0.113.12/24] }",
                "nodes.magpie/1.addresses[1]",
                "add a network for 203.0.113.0/24 or correct the address")
            .toString());
  }

  @Test
  void aProblemOfAFileHasNoLine() {
    assertEquals(
        "a\\nb.yaml: error [missing] no such file\n  fix: create it",
        Problem.ofFile("missing", "a\nb.yaml", "no such file", "create it").toString());
  }

  @Test
  void tabsAndControlCharactersStayInTheirColumns() {
    assertEquals(
        "f.yaml:7:3: warning [odd-thing] odd\n  7 |   x\n    |   ^", at(3, 1, "\t\tx").toString());
    assertEquals(
        "f.yaml:7:2: warning [odd-thing] odd\n  7 | a\\u001bb\n    |  ^^^^^^",
        at(2, 1, "a\033b").toString());
  }

  @Test
  void columnsAreCharactersAndNotHalvesOfThem() {
    assertEquals(
        "f.yaml:7:3: warning [odd-thing] odd\n  7 | \ud83d\udc26\ud83d\udc26x\n    |   ^",
        at(3, 1, "\ud83d\udc26\ud83d\udc26x").toString());
  }

  @Test
  void aColumnBehindTheLineIsMarkedAtItsEnd() {
    assertEquals(
        "f.yaml:7:9: warning [odd-thing] odd\n  7 | abc\n    |    ^", at(9, 5, "abc").toString());
    assertEquals(
        "f.yaml:7:2: warning [odd-thing] odd\n  7 | abc\n    |  ^^",
        at(2, Integer.MAX_VALUE, "abc").toString());
  }

  @Test
  void ofAVeryLongLineThePartAroundIsShown() {
    String line = "x".repeat(500) + "HERE" + "y".repeat(500);
    assertEquals(
        "f.yaml:7:501: warning [odd-thing] odd\n  7 | ..."
            + "x".repeat(80)
            + "HERE"
            + "y".repeat(76)
            + "...\n    |    "
            + " ".repeat(80)
            + "^^^^",
        at(501, 4, line).toString());
    assertEquals(
        "f.yaml:7:1: warning [odd-thing] odd\n  7 | "
            + "x".repeat(160)
            + "...\n    | "
            + "^".repeat(160),
        at(1, 900, line).toString());
  }

  @Test
  void nothingInAMessageReachesTheTerminalRaw() {
    assertEquals(
        "f\\u001b[2J: error [c] m\\u0007\n  at p\\r; fix: x\\n",
        new Problem(Problem.Severity.ERROR, "c", "m\007", "f\033[2J", 0, 0, 0, "", "p\r", "x\n")
            .toString());
  }
}
