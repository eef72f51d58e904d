/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import magpie.peers.fuzz.Bounds;

/** Takes any text for an address, which is never refused. */
final class PeerAddressFuzz {
  private static final Bounds BOUNDS = new Bounds(1 << 20, 64);

  private PeerAddressFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) {
    String text = new String(input, UTF_8);
    PeerAddress candidate = BOUNDS.parse(input, () -> PeerAddress.of(text, "fuzz"));
    assertEquals(candidate, PeerAddress.of(candidate.toString(), "fuzz"));
    assertEquals(candidate.ip().isEmpty(), candidate.note().isPresent());
    candidate
        .ip()
        .ifPresentOrElse(
            ip -> assertEquals(ip, IpAddress.parse(candidate.text())),
            () -> assertEquals(text, candidate.text()));
    candidate
        .subnet()
        .ifPresent(subnet -> assertTrue(subnet.contains(candidate.ip().orElseThrow())));
  }
}
