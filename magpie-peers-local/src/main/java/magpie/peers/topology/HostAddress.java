/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology;

import java.util.Optional;
import magpie.peers.Cidr;
import magpie.peers.IpAddress;
import org.jspecify.annotations.Nullable;

/**
 * Which addresses no host can have.
 *
 * <p>IPv4: RFC 1122 section 3.2.1.3 and RFC 1112; a network of one or two addresses has neither a
 * network nor a broadcast address (RFC 3021). IPv6: RFC 4291 section 2; its first address in a
 * network is one that routers share, and is left alone.
 */
final class HostAddress {
  private static final Cidr THIS_NETWORK = Cidr.parse("0.0.0.0/8");
  private static final Cidr MULTICAST_V4 = Cidr.parse("224.0.0.0/4");
  private static final Cidr MULTICAST_V6 = Cidr.parse("ff00::/8");
  private static final IpAddress BROADCAST = IpAddress.parse("255.255.255.255");
  private static final IpAddress UNSPECIFIED = IpAddress.parse("0.0.0.0");
  private static final IpAddress UNSPECIFIED_V6 = IpAddress.parse("::");
  private static final int IPV4_BITS = 32;

  private HostAddress() {}

  /**
   * Says why no host can have an address.
   *
   * @param ip the address
   * @param network the network that it lies in, or null where none is known
   * @return what the address is instead, in words that follow a comma, or empty if a host can have
   *     it
   */
  static Optional<String> whyNot(IpAddress ip, @Nullable Cidr network) {
    if (ip.equals(UNSPECIFIED) || ip.equals(UNSPECIFIED_V6)) {
      return Optional.of("which means any address of a host");
    }
    if (MULTICAST_V4.contains(ip) || MULTICAST_V6.contains(ip)) {
      return Optional.of("a multicast address, which many hosts share");
    }
    if (ip.equals(BROADCAST)) {
      return Optional.of("the broadcast address of every network");
    }
    if (THIS_NETWORK.contains(ip)) {
      return Optional.of("an address of 0.0.0.0/8, which means this network");
    }
    if (network == null || ip.isV6() || network.prefixLength() > IPV4_BITS - 2) {
      return Optional.empty();
    }
    int hostBits = -1 >>> network.prefixLength();
    int host = bits(ip) & hostBits;
    if (host == 0) {
      return Optional.of("the address of the network " + network + " itself");
    }
    return host == hostBits
        ? Optional.of("the broadcast address of the network " + network)
        : Optional.empty();
  }

  private static int bits(IpAddress v4) {
    int bits = 0;
    for (byte part : v4.toInetAddress().getAddress()) {
      bits = bits << 8 | (part & 0xff);
    }
    return bits;
  }
}
