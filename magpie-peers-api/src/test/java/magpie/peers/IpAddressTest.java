/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Random;
import magpie.peers.text.Quote;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IpAddressTest {
  static BigInteger number(IpAddress address) {
    return new BigInteger(1, address.toInetAddress().getAddress());
  }

  static IpAddress random(Random random) {
    boolean v6 = random.nextBoolean();
    // Few different groups, so that runs of zeros are common.
    long high = v6 ? sparse(random) : 0;
    long low = v6 ? sparse(random) : random.nextInt() & 0xffffffffL;
    boolean mapped = v6 && high == 0 && low >>> 32 == 0xffff;
    return IpAddress.of(v6, high, mapped ? 0 : low);
  }

  private static long sparse(Random random) {
    long half = 0;
    for (int i = 0; i < 4; i++) {
      half =
          half << 16 | (random.nextBoolean() ? 0 : random.nextInt(0x10000) >>> random.nextInt(16));
    }
    return half;
  }

  /** The examples of RFC 5952 sections 1, 2 and 4, and the corners of its rules. */
  @ParameterizedTest
  @CsvSource({
    "2001:db8:0:0:1:0:0:1, 2001:db8::1:0:0:1",
    "2001:0db8:0:0:1:0:0:1, 2001:db8::1:0:0:1",
    "2001:db8::1:0:0:1, 2001:db8::1:0:0:1",
    "2001:db8::0:1:0:0:1, 2001:db8::1:0:0:1",
    "2001:DB8:0:0:1::1, 2001:db8::1:0:0:1",
    "2001:db8:aaaa:bbbb:cccc:dddd:eeee:0001, 2001:db8:aaaa:bbbb:cccc:dddd:eeee:1",
    "2001:db8:0:1:1:1:1:1, 2001:db8:0:1:1:1:1:1",
    "2001:0:0:1:0:0:0:1, 2001:0:0:1::1",
    "0:0:0:0:0:0:0:0, ::",
    "::1, ::1",
    "1::, 1::",
    "0:1:0:1:0:1:0:1, 0:1:0:1:0:1:0:1",
    "::2:3:4:5:6:7:8, 0:2:3:4:5:6:7:8",
    "64:ff9b::192.0.2.33, 64:ff9b::c000:221",
    "::192.0.2.33, ::c000:221",
    "::0.0.0.0, ::",
    "1:2:3:4:5:6:1.2.3.4, 1:2:3:4:5:6:102:304",
    "192.0.2.255, 192.0.2.255",
    "0.0.0.0, 0.0.0.0"
  })
  void printsTheCanonicalForm(String text, String canonical) {
    assertEquals(canonical, IpAddress.parse(text).toString());
    assertEquals(IpAddress.parse(canonical), IpAddress.parse(text));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "``|it is empty",
        "fe80::1%eth0|a zone id means something on one machine only; leave it out",
        "%eth0|a zone id means something on one machine only; leave it out",
        "192.0.2.1/24|an address has no prefix length",
        "/24|an address has no prefix length",
        "192.0.02.1|\"02\" has a leading zero, which some read as octal; write decimal",
        "192.0.2.00|\"00\" has a leading zero, which some read as octal; write decimal",
        "192.0.2.256|\"256\" is more than 255",
        "192.0.2.1234|\"1234\" is more than 255",
        "192.0.2|an IPv4 address has four numbers, this has 3",
        "3221225985|\"3221225985\" is more than 255",
        "1.2.3.4.5|an IPv4 address has four numbers, this has 5",
        "1..2.3|a number is missing",
        "1.2.3.|a number is missing",
        "0x7f.0.0.1|an IPv4 address is four numbers with dots between them; \"x\" is no digit",
        "blade-02|an IPv4 address is four numbers with dots between them; \"b\" is no digit",
        "` 1.2.3.4`|an IPv4 address is four numbers with dots between them; \" \" is no digit",
        "\u0661.2.3.4|an IPv4 address is four numbers with dots between them; \"\u0661\" is no digit",
        "::ffff:192.0.2.1|an IPv4-mapped IPv6 address is an IPv4 address in disguise; write 192.0.2.1",
        "::ffff:c000:201|an IPv4-mapped IPv6 address is an IPv4 address in disguise; write 192.0.2.1",
        "[2001:db8::1]|brackets are for URLs; leave them out",
        "[2001:db8::1]:22|brackets and ports are for URLs; write \"2001:db8::1\" alone",
        "192.0.2.1:22|ports do not belong here; write \"192.0.2.1\" alone",
        "blade-01:8080|ports do not belong here; write \"blade-01\" alone",
        "2001:db8::1::2|\"::\" may stand once only",
        "::1::|\"::\" may stand once only",
        ":1:2:3:4:5:6:7|it begins with a single colon",
        "1:2:3:4:5:6:7:|it ends with a single colon",
        "1:::2|three colons stand together",
        "1:2:3:4:5:6:7|an IPv6 address has eight groups, this has 7",
        "1:2:3:4:5:6:7:8:9|it has more than eight groups",
        "1:2:3:4:5:6:7:1.2.3.4|it has more than eight groups",
        "1:2:3:4::5:6:7:8|\"::\" stands where nothing is left out",
        "::1:2:3:4:5:6:7:8|\"::\" stands where nothing is left out",
        "12345::|the group \"12345\" has more than four digits",
        "::1.2.3.4:1|dots may stand only at the end",
        "::.1.2.3|a number is missing",
        "::g|\"g\" is no hex digit"
      })
  void refusesWhatIsNoStrictAddressAndSaysWhy(String text, String why) {
    assertEquals(
        "expected an IP address, found " + Quote.of(text) + ": " + why,
        assertThrows(IllegalArgumentException.class, () -> IpAddress.parse(text)).getMessage());
  }

  @Test
  void aMegabyteOfDigitsMakesNoMegabyteOfMessage() {
    String digits = "1".repeat(1_000_000);
    String message =
        assertThrows(IllegalArgumentException.class, () -> IpAddress.parse("1.2.3." + digits))
            .getMessage();
    assertTrue(message.length() < 1000, () -> message.length() + " characters");
  }

  @Test
  void readsBackWhatItPrintsAndAgreesWithTheJdk() throws UnknownHostException {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int i = 0; i < 20_000; i++) {
      IpAddress address = random(random);
      String text = address.toString();
      assertEquals(address, IpAddress.parse(text), () -> text + " seed " + seed);
      InetAddress jdk = InetAddress.getByName(address.isV6() ? "[" + text + "]" : text);
      assertEquals(jdk, address.toInetAddress(), () -> text + " seed " + seed);
    }
  }

  @Test
  void isOrderedByFamilyAndNumber() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int i = 0; i < 20_000; i++) {
      IpAddress a = random(random);
      IpAddress b = random(random);
      int expected =
          a.isV6() == b.isV6()
              ? number(a).compareTo(number(b))
              : Boolean.compare(a.isV6(), b.isV6());
      assertEquals(expected, Integer.signum(a.compareTo(b)), () -> a + " " + b + " seed " + seed);
    }
  }

  @Test
  void noTextMakesParsersThrowAnythingElse() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    String alphabet = "0123456789abcdefF:::...//%[]x \n\u0661\ud83d\udc26";
    for (int i = 0; i < 100_000; i++) {
      StringBuilder text = new StringBuilder();
      for (int n = random.nextInt(24); n > 0; n--) {
        text.append(alphabet.charAt(random.nextInt(alphabet.length())));
      }
      String input = text.toString();
      try {
        assertEquals(IpAddress.parse(input), IpAddress.parse(IpAddress.parse(input).toString()));
      } catch (IllegalArgumentException e) {
        assertTrue(e.getMessage().startsWith("expected an IP address, found \""));
      } catch (RuntimeException e) {
        throw new AssertionError(Quote.of(input) + " seed " + seed, e);
      }
      try {
        Cidr cidr = Cidr.parse(input);
        assertEquals(cidr, Cidr.parse(cidr.toString()));
      } catch (IllegalArgumentException e) {
        assertTrue(e.getMessage().startsWith("expected a network such as 192.0.2.0/24, found \""));
      } catch (RuntimeException e) {
        throw new AssertionError(Quote.of(input) + " seed " + seed, e);
      }
    }
  }
}
