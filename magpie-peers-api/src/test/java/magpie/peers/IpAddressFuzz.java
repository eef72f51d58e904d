/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.UnknownHostException;
import magpie.peers.fuzz.Bounds;
import org.jspecify.annotations.Nullable;

/** Reads any text as an address. */
final class IpAddressFuzz {
  private static final Bounds BOUNDS = new Bounds(1 << 20, 64);

  private IpAddressFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) throws UnknownHostException {
    String text = new String(input, UTF_8);
    IpAddress address = BOUNDS.parse(input, () -> parse(text));
    assertEquals(address, IpAddress.orNull(text));
    if (address == null) {
      assertNotNull(IpAddress.fault(text));
      return;
    }
    assertNull(IpAddress.fault(text));
    assertEquals(address, IpAddress.parse(address.toString()));
    // The JDK looks nothing up that has digits and dots or colons alone.
    assertTrue(text.chars().allMatch(c -> "0123456789abcdefABCDEF:.".indexOf(c) >= 0), text);
    assertArrayEquals(
        InetAddress.getByName(text).getAddress(), address.toInetAddress().getAddress());
  }

  static @Nullable IpAddress parse(String text) {
    try {
      return IpAddress.parse(text);
    } catch (IllegalArgumentException e) {
      String message = String.valueOf(e.getMessage());
      assertTrue(message.startsWith("expected an IP address, found "), message);
      return null;
    }
  }
}
