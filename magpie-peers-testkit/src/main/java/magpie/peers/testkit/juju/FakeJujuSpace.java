/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit.juju;

import java.math.BigInteger;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

/**
 * A network space: a name and its subnets.
 *
 * @param name the name
 * @param index its place among the spaces of the model, which names the units' interfaces
 * @param cidrs the subnets
 */
record FakeJujuSpace(String name, int index, List<String> cidrs) {
  /** Units start here, to leave room for the gateways of a subnet. */
  private static final int FIRST_HOST = 10;

  private static final Pattern CIDR = Pattern.compile("([0-9a-fA-F.:]+)/([0-9]{1,3})");

  FakeJujuSpace {
    cidrs = List.copyOf(cidrs);
    cidrs.forEach(FakeJujuSpace::prefix);
  }

  /** Returns an address with prefix length in each subnet for the unit of that number. */
  List<String> addresses(int unit) {
    List<String> addresses = new ArrayList<>();
    for (String cidr : cidrs) {
      BigInteger host = BigInteger.valueOf((long) FIRST_HOST + unit);
      addresses.add(text(network(cidr).add(host), isV6(cidr)) + "/" + prefix(cidr));
    }
    return addresses;
  }

  /** Returns the subnet an address with prefix length is in. */
  static String subnet(String address) {
    return text(network(address), isV6(address)) + "/" + prefix(address);
  }

  /** Returns the address without its prefix length. */
  static String host(String address) {
    return address.substring(0, address.indexOf('/'));
  }

  static boolean isV6(String address) {
    return address.indexOf(':') >= 0;
  }

  private static int prefix(String cidr) {
    var matcher = CIDR.matcher(cidr);
    int length = matcher.matches() ? Integer.parseInt(matcher.group(2)) : -1;
    if (length < 0 || length > (isV6(cidr) ? 128 : 32)) {
      throw new IllegalArgumentException(
          "expected an address with prefix length such as \"10.0.0.5/24\", got \"" + cidr + "\"");
    }
    bytes(matcher.group(1));
    return length;
  }

  private static BigInteger network(String cidr) {
    int prefix = prefix(cidr);
    byte[] bytes = bytes(host(cidr));
    BigInteger address = new BigInteger(1, bytes);
    int hostBits = bytes.length * 8 - prefix;
    return address.shiftRight(hostBits).shiftLeft(hostBits);
  }

  private static byte[] bytes(String literal) {
    try {
      // A literal, as the pattern saw to: no name service is asked.
      byte[] bytes = InetAddress.getByName(literal).getAddress();
      if (bytes.length == (isV6(literal) ? 16 : 4)) {
        return bytes;
      }
    } catch (UnknownHostException e) {
      // Reported below, like every other text that is no address.
    }
    throw new IllegalArgumentException("expected an IP address, got \"" + literal + "\"");
  }

  private static String text(BigInteger address, boolean v6) {
    byte[] given = address.toByteArray();
    byte[] bytes = new byte[v6 ? 16 : 4];
    int length = Math.min(given.length, bytes.length);
    System.arraycopy(given, given.length - length, bytes, bytes.length - length, length);
    if (!v6) {
      return (bytes[0] & 255)
          + "."
          + (bytes[1] & 255)
          + "."
          + (bytes[2] & 255)
          + "."
          + (bytes[3] & 255);
    }
    int[] groups = new int[8];
    Arrays.setAll(groups, i -> ((bytes[2 * i] & 255) << 8) | (bytes[2 * i + 1] & 255));
    int bestStart = -1;
    int bestLength = 1;
    for (int start = 0; start < 8; start++) {
      int end = start;
      while (end < 8 && groups[end] == 0) {
        end++;
      }
      if (end - start > bestLength) {
        bestStart = start;
        bestLength = end - start;
      }
    }
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < 8; i++) {
      if (i == bestStart) {
        out.append("::");
        i += bestLength - 1;
      } else {
        if (out.length() > 0 && out.charAt(out.length() - 1) != ':') {
          out.append(':');
        }
        out.append(Integer.toHexString(groups[i]));
      }
    }
    return out.toString();
  }
}
