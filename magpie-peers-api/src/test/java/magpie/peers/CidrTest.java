/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.math.BigInteger;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CidrTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "192.0.2.1/24|bits behind the prefix are set; the network is 192.0.2.0/24",
        "192.0.2.129/25|bits behind the prefix are set; the network is 192.0.2.128/25",
        "2001:db8::1/64|bits behind the prefix are set; the network is 2001:db8::/64",
        "192.0.2.1|the prefix length is missing; for this one address write 192.0.2.1/32",
        "2001:db8::1|the prefix length is missing; for this one address write 2001:db8::1/128",
        "192.0.2.0/33|the prefix length is a number from 0 to 32, not \"33\"",
        "192.0.2.0/-1|the prefix length is a number from 0 to 32, not \"-1\"",
        "192.0.2.0/|the prefix length is a number from 0 to 32, not \"\"",
        "192.0.2.0/024|the prefix length is a number from 0 to 32, not \"024\"",
        "192.0.2.0/255.255.255.0|the prefix length is a number from 0 to 32, not \"255.255.255.0\"",
        "::/129|the prefix length is a number from 0 to 128, not \"129\"",
        "::/99999999999999999999|the prefix length is a number from 0 to 128, not \"99999999999999999999\"",
        "192.00.2.0/24|\"00\" has a leading zero, which some read as octal; write decimal",
        "fe80::%eth0/64|a zone id means something on one machine only; leave it out",
        "oam|an IPv4 address is four numbers with dots between them; \"o\" is no digit",
        "/24|it is empty"
      })
  void refusesWhatIsNoStrictNetworkAndSaysWhatToWrite(String text, String why) {
    assertEquals(
        "expected a network such as 192.0.2.0/24, found \"" + text + "\": " + why,
        assertThrows(IllegalArgumentException.class, () -> Cidr.parse(text)).getMessage());
  }

  @Test
  void refusesAPrefixLengthOutOfRange() {
    IpAddress v4 = IpAddress.parse("192.0.2.1");
    assertEquals(
        "expected a prefix length of 0 to 32, found 33",
        assertThrows(IllegalArgumentException.class, () -> Cidr.of(v4, 33)).getMessage());
    assertThrows(IllegalArgumentException.class, () -> Cidr.of(v4, -1));
  }

  @Test
  void familiesNeverMix() {
    assertFalse(Cidr.parse("::/0").contains(IpAddress.parse("192.0.2.1")));
    assertFalse(Cidr.parse("0.0.0.0/0").contains(IpAddress.parse("::c000:201")));
    assertFalse(Cidr.parse("::/0").overlaps(Cidr.parse("0.0.0.0/0")));
  }

  @Test
  void isOrderedByFirstAddressAndThenTheWiderNetworkFirst() {
    List<Cidr> ordered =
        Stream.of(
                "10.0.0.0/8",
                "10.0.0.0/16",
                "10.0.0.0/32",
                "11.0.0.0/8",
                "::/0",
                "::/1",
                "8000::/1")
            .map(Cidr::parse)
            .toList();
    for (Cidr first : ordered) {
      for (Cidr second : ordered) {
        assertEquals(
            Integer.signum(Integer.compare(ordered.indexOf(first), ordered.indexOf(second))),
            Integer.signum(first.compareTo(second)),
            () -> first + " and " + second);
        assertEquals(first == second, first.equals(second), () -> first + " and " + second);
      }
    }
  }

  @Test
  void agreesWithBigNumbers() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int i = 0; i < 20_000; i++) {
      IpAddress base = IpAddressTest.random(random);
      Cidr cidr = Cidr.of(base, random.nextInt(base.bits() + 1));
      assertEquals(cidr, Cidr.parse(cidr.toString()), () -> cidr + " seed " + seed);
      int host = base.bits() - cidr.prefixLength();
      IpAddress near =
          random.nextBoolean()
              ? IpAddressTest.random(random)
              : IpAddress.of(base.isV6(), base.high(), base.low() ^ 1L << random.nextInt(32));
      boolean expected =
          near.isV6() == base.isV6() && prefix(near, host).equals(prefix(base, host));
      assertEquals(expected, cidr.contains(near), () -> near + " in " + cidr + " seed " + seed);
      Cidr other = Cidr.of(near, random.nextInt(near.bits() + 1));
      int wider = Math.min(cidr.prefixLength(), other.prefixLength());
      boolean overlap =
          near.isV6() == base.isV6()
              && prefix(near, base.bits() - wider).equals(prefix(base, base.bits() - wider));
      assertEquals(overlap, cidr.overlaps(other), () -> cidr + " " + other + " seed " + seed);
      assertEquals(
          overlap && cidr.prefixLength() <= other.prefixLength(),
          cidr.contains(other),
          () -> cidr + " " + other + " seed " + seed);
    }
  }

  private static BigInteger prefix(IpAddress address, int hostBits) {
    return IpAddressTest.number(address).shiftRight(hostBits);
  }
}
