/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Optional;
import magpie.peers.Cidr;
import magpie.peers.IpAddress;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HostAddressTest {
  /** IPv6 has no broadcast, and its first address is that of any router (RFC 4291, 2.6.1). */
  @ParameterizedTest
  @CsvSource({
    "2001:db8::, 2001:db8::/29",
    "2001:db8::, 2001:db8::/64",
    "2001:dbf:ffff:ffff:ffff:ffff:ffff:ffff, 2001:db8::/29"
  })
  void theFirstAndTheLastAddressOfAnIpv6NetworkAreThoseOfHosts(String address, String network) {
    assertEquals(
        Optional.empty(), HostAddress.whyNot(IpAddress.parse(address), Cidr.parse(network)));
  }
}
