/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import magpie.peers.fuzz.Bounds;
import org.jspecify.annotations.Nullable;

/** Reads two texts, with a blank between, as networks, and asks what lies in what. */
final class CidrFuzz {
  private static final Bounds BOUNDS = new Bounds(1 << 20, 64);

  private CidrFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) {
    String text = new String(input, UTF_8);
    int blank = text.indexOf(' ');
    String first = blank < 0 ? text : text.substring(0, blank);
    String second = text.substring(blank + 1);
    Cidr cidr = BOUNDS.parse(input, () -> parse(first));
    if (cidr == null) {
      return;
    }
    assertEquals(cidr, Cidr.parse(cidr.toString()));
    assertEquals(cidr, Cidr.of(cidr.address(), cidr.prefixLength()));
    assertTrue(cidr.contains(cidr.address()));
    Cidr.Parts parts = Cidr.Parts.read(second);
    IpAddress address = parts.address();
    if (address == null) {
      return;
    }
    assertEquals(slowlyContains(cidr, address), cidr.contains(address));
    Cidr other = Cidr.of(address, parts.prefixLength() < 0 ? address.bits() : parts.prefixLength());
    boolean contains =
        cidr.prefixLength() <= other.prefixLength() && slowlyContains(cidr, other.address());
    boolean within =
        other.prefixLength() <= cidr.prefixLength() && slowlyContains(other, cidr.address());
    assertEquals(contains, cidr.contains(other));
    assertEquals(contains || within, cidr.overlaps(other));
    assertEquals(contains && within, cidr.equals(other));
    assertEquals(cidr.equals(other), cidr.compareTo(other) == 0);
    assertEquals(Integer.signum(cidr.compareTo(other)), -Integer.signum(other.compareTo(cidr)));
  }

  /** Whether an address is among as many as the network has, counted from its first. */
  private static boolean slowlyContains(Cidr cidr, IpAddress address) {
    if (cidr.address().isV6() != address.isV6()) {
      return false;
    }
    BigInteger first = number(cidr.address());
    BigInteger size = BigInteger.TWO.pow(address.bits() - cidr.prefixLength());
    BigInteger number = number(address);
    return number.compareTo(first) >= 0 && number.compareTo(first.add(size)) < 0;
  }

  private static BigInteger number(IpAddress address) {
    return new BigInteger(1, address.toInetAddress().getAddress());
  }

  private static @Nullable Cidr parse(String text) {
    try {
      return Cidr.parse(text);
    } catch (IllegalArgumentException e) {
      String message = String.valueOf(e.getMessage());
      assertTrue(message.startsWith("expected a network such as 192.0.2.0/24, found "), message);
      return null;
    }
  }
}
