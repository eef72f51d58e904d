/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import magpie.peers.PeerAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OwnInterfacesTest {
  @TempDir Path directory;

  @Test
  void addressesThatStandAloneComeLastAndEachComesOnce() {
    assertEquals(
        List.of("192.0.2.1/24", "198.51.100.1", "192.0.2.9/32", "2001:db8::9/128"),
        OwnInterfaces.ordered(
                List.of(
                    PeerAddress.of("192.0.2.9/32", "a"),
                    PeerAddress.of("192.0.2.1", "a"),
                    PeerAddress.of("2001:db8::9/128", "a"),
                    PeerAddress.of("198.51.100.1", "a"),
                    PeerAddress.of("a.example", "a"),
                    PeerAddress.of("192.0.2.1/24", "b")))
            .stream()
            .map(PeerAddress::toString)
            .toList());
  }

  @Test
  void ownIpv6AddressesAreUsableOnesInAStableOrder() {
    // No path has such a name in any locale, as none has one beyond ASCII in the C locale.
    assertFalse(OwnInterfaces.bridge("eth\0"));
    List<OwnInterfaces.Inet6> read =
        OwnInterfaces.inet6(
            List.of(
                "20010db8000000000000000000000003 02 40 00 20     eth0",
                "20010db8000000000000000000000002 02 40 00 80     eth0",
                "20010db8000000000000000000000004 02 40 00 01     eth0",
                "20010db8000000000000000000000001 02 40 00 c0     eth0",
                "20010db8000000000000000000000005 02 40 00 88     eth0",
                "00000000000000000000000000000001 01 80 10 80       lo",
                "fe80000000000000000000000000000a 02 40 20 80     eth0",
                "20010db8000000000000000000000000 03 80 00 80     eth1",
                "rubbish",
                "six words that are no address"));

    assertEquals(
        List.of(
            "eth1 2001:db8::/128 false",
            "eth0 2001:db8::2/64 false",
            "eth0 2001:db8::3/64 true",
            "eth0 2001:db8::4/64 true"),
        read.stream()
            .map(each -> each.device() + " " + each.address() + " " + each.passing())
            .toList());
  }

  /** With preferIPv4Stack the JDK lists no interface that has IPv6 addresses alone. */
  @Test
  void anInterfaceThatTheJdkDoesNotListKeepsItsIpv6Addresses() throws IOException {
    Path kernel = directory.resolve("if_inet6");
    Files.write(
        kernel,
        List.of(
            "20010db8000600000000000000000002 63 40 00 a2    six99",
            "fec00000000000000000000000000005 63 40 40 82    six99",
            "20010db8000600000000000000000001 63 40 00 82    six99",
            "fe8000000000000050ddc9fffefedd5b 63 40 20 80    six99"));

    assertEquals(
        List.of("2001:db8:6::1/64", "fec0::5/64", "2001:db8:6::2/64"),
        OwnInterfaces.read(kernel).stream()
            .filter(each -> each.source().equals("six99"))
            .map(PeerAddress::toString)
            .toList());
  }

  @Test
  void withoutTheKernelsListTheJdksServes() {
    assertEquals(
        OwnInterfaces.read().stream().filter(each -> !each.text().contains(":")).toList(),
        OwnInterfaces.read(directory.resolve("none")).stream()
            .filter(each -> !each.text().contains(":"))
            .toList());
  }
}
