/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Objects;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;

/**
 * An IPv4 or IPv6 address, read strictly and never looked up.
 *
 * <p>The JDK's {@link InetAddress} resolves names, takes {@code 010.1} for an address and turns an
 * IPv4-mapped IPv6 address into an IPv4 one; each of these has selected a wrong network in
 * practice. Here (A1, A3) nothing is resolved, and the following are refused, with the reason:
 * leading zeros in IPv4, fewer than four octets, zone ids ({@code fe80::1%eth0}), IPv4-mapped
 * addresses ({@code ::ffff:192.0.2.1}), brackets, prefixes and blanks.
 *
 * <p>A value: equal when it is the same address, printed in the canonical form of RFC 5952, ordered
 * IPv4 before IPv6 and then by number.
 */
public final class IpAddress implements Comparable<IpAddress> {
  private final boolean v6;
  private final long high;
  private final long low;

  private IpAddress(boolean v6, long high, long low) {
    this.v6 = v6;
    this.high = high;
    this.low = low;
  }

  /**
   * Reads an address.
   *
   * @param text the address, such as {@code 192.0.2.1} or {@code 2001:db8::1}; not null
   * @return the address
   * @throws IllegalArgumentException if the text is not an address; the message quotes it and says
   *     what is wrong with it
   */
  public static IpAddress parse(String text) {
    Objects.requireNonNull(text, "text");
    Reader reader = new Reader(text);
    IpAddress address = reader.read();
    if (address == null) {
      throw new IllegalArgumentException(
          "expected an IP address, found " + Quote.of(text) + ": " + reader.fault);
    }
    return address;
  }

  static IpAddress of(boolean v6, long high, long low) {
    return new IpAddress(v6, high, low);
  }

  /**
   * Tells whether this is an IPv6 address.
   *
   * @return true for IPv6, false for IPv4
   */
  public boolean isV6() {
    return v6;
  }

  /**
   * Returns this address for use with sockets; nothing is resolved.
   *
   * @return the address of the JDK
   */
  public InetAddress toInetAddress() {
    byte[] bytes = new byte[v6 ? 16 : 4];
    for (int i = 0; i < bytes.length; i++) {
      int shift = 8 * (bytes.length - 1 - i);
      bytes[i] = (byte) (shift >= 64 ? high >>> (shift - 64) : low >>> shift);
    }
    try {
      return InetAddress.getByAddress(bytes);
    } catch (UnknownHostException impossible) {
      throw new AssertionError("4 and 16 bytes are addresses", impossible);
    }
  }

  /** The number of bits of an address of this family. */
  int bits() {
    return v6 ? 128 : 32;
  }

  long high() {
    return high;
  }

  long low() {
    return low;
  }

  /** Compares IPv4 before IPv6, then by number. */
  @Override
  public int compareTo(IpAddress other) {
    int family = Boolean.compare(v6, other.v6);
    if (family != 0) {
      return family;
    }
    int upper = Long.compareUnsigned(high, other.high);
    return upper != 0 ? upper : Long.compareUnsigned(low, other.low);
  }

  @Override
  public boolean equals(@Nullable Object object) {
    return object instanceof IpAddress other
        && v6 == other.v6
        && high == other.high
        && low == other.low;
  }

  @Override
  public int hashCode() {
    return 31 * (31 * Long.hashCode(high) + Long.hashCode(low)) + Boolean.hashCode(v6);
  }

  /** Returns the canonical text, RFC 5952 for IPv6, without brackets. */
  @Override
  public String toString() {
    if (!v6) {
      return (low >>> 24) + "." + (low >>> 16 & 255) + "." + (low >>> 8 & 255) + "." + (low & 255);
    }
    int runStart = -1;
    int runLength = 1;
    for (int i = 0; i < 8; ) {
      int end = i;
      while (end < 8 && group(end) == 0) {
        end++;
      }
      if (end - i > runLength) {
        runStart = i;
        runLength = end - i;
      }
      i = Math.max(end, i + 1);
    }
    StringBuilder out = new StringBuilder(39);
    for (int i = 0; i < 8; i++) {
      if (i == runStart) {
        out.append("::");
        i += runLength - 1;
        continue;
      }
      if (i > 0 && out.charAt(out.length() - 1) != ':') {
        out.append(':');
      }
      out.append(Integer.toHexString(group(i)));
    }
    return out.toString();
  }

  private int group(int index) {
    long half = index < 4 ? high : low;
    return (int) (half >>> (16 * (3 - index % 4))) & 0xffff;
  }

  /** Reads one text; on failure {@code fault} tells what to mend, for a message to quote. */
  private static final class Reader {
    private final String text;
    private String fault = "";

    Reader(String text) {
      this.text = text;
    }

    @Nullable IpAddress read() {
      if (text.isEmpty()) {
        return fail("it is empty");
      }
      if (text.indexOf('%') >= 0) {
        return fail("a zone id means something on one machine only; leave it out");
      }
      if (text.indexOf('/') >= 0) {
        return fail("an address has no prefix length");
      }
      int port = port(text);
      if (port > 0) {
        return fail(
            "ports do not belong here; write " + Quote.of(text.substring(0, port)) + " alone");
      }
      if (text.charAt(0) == '[') {
        int end = text.indexOf(']');
        boolean more = end > 0 && end < text.length() - 1;
        return fail(
            more
                ? "brackets and ports are for URLs; write "
                    + Quote.of(text.substring(1, end))
                    + " alone"
                : "brackets are for URLs; leave them out");
      }
      if (text.indexOf(':') >= 0) {
        return readV6();
      }
      long number = readV4(0, text.length());
      return number < 0 ? null : new IpAddress(false, 0, number);
    }

    /**
     * Where a port begins behind an IPv4 address or a name, with its colon; -1 where there is none.
     */
    private static int port(String text) {
      int colon = text.indexOf(':');
      if (colon <= 0 || colon == text.length() - 1 || colon != text.lastIndexOf(':')) {
        return -1;
      }
      for (int i = colon + 1; i < text.length(); i++) {
        if (text.charAt(i) < '0' || text.charAt(i) > '9') {
          return -1;
        }
      }
      return colon;
    }

    private long readV4(int from, int to) {
      long number = 0;
      int octets = 0;
      int start = from;
      for (int i = from; i <= to; i++) {
        if (i < to && text.charAt(i) != '.') {
          char c = text.charAt(i);
          if (c < '0' || c > '9') {
            return failV4(
                "an IPv4 address is four numbers with dots between them; "
                    + Quote.of(text.substring(i, text.offsetByCodePoints(i, 1)))
                    + " is no digit");
          }
          continue;
        }
        int length = i - start;
        if (length == 0) {
          return failV4("a number is missing");
        }
        if (length > 1 && text.charAt(start) == '0') {
          return failV4(
              Quote.of(text.substring(start, i))
                  + " has a leading zero, which some read as octal; write decimal");
        }
        int octet = length > 3 ? 256 : Integer.parseInt(text, start, i, 10);
        if (octet > 255) {
          return failV4(Quote.of(text.substring(start, i)) + " is more than 255");
        }
        number = number << 8 | octet;
        octets++;
        start = i + 1;
      }
      if (octets != 4) {
        return failV4("an IPv4 address has four numbers, this has " + octets);
      }
      return number;
    }

    private @Nullable IpAddress readV6() {
      int[] groups = new int[8];
      int count = 0;
      int gap = -1;
      int i = 0;
      int end = text.length();
      if (text.startsWith(":") && !text.startsWith("::")) {
        return fail("it begins with a single colon");
      }
      while (i < end) {
        if (text.startsWith("::", i)) {
          if (gap >= 0) {
            return fail("\"::\" may stand once only");
          }
          gap = count;
          i += 2;
          if (i < end && text.charAt(i) == ':') {
            return fail("three colons stand together");
          }
          continue;
        }
        if (text.charAt(i) == ':') {
          i++;
          if (i == end) {
            return fail("it ends with a single colon");
          }
        }
        int stop = text.indexOf(':', i);
        stop = stop < 0 ? end : stop;
        if (text.substring(i, stop).indexOf('.') >= 0) {
          long tail = stop == end ? readV4(i, stop) : failV4("dots may stand only at the end");
          if (tail < 0) {
            return null;
          }
          if (count > 6) {
            return fail("it has more than eight groups");
          }
          groups[count++] = (int) (tail >>> 16);
          groups[count++] = (int) (tail & 0xffff);
          i = stop;
          continue;
        }
        if (count == 8) {
          return fail("it has more than eight groups");
        }
        int group = hex(i, stop);
        if (group < 0) {
          return null;
        }
        groups[count++] = group;
        i = stop;
      }
      if (gap < 0 ? count != 8 : count > 7) {
        return fail(
            gap < 0
                ? "an IPv6 address has eight groups, this has " + count
                : "\"::\" stands where nothing is left out");
      }
      long[] halves = new long[2];
      for (int g = 0; g < 8; g++) {
        int from = gap < 0 || g < gap ? g : g - (8 - count);
        int value = gap >= 0 && g >= gap && g < gap + 8 - count ? 0 : groups[from];
        halves[g / 4] = halves[g / 4] << 16 | value;
      }
      if (halves[0] == 0 && halves[1] >>> 32 == 0xffff) {
        return fail(
            "an IPv4-mapped IPv6 address is an IPv4 address in disguise; write "
                + new IpAddress(false, 0, halves[1] & 0xffffffffL));
      }
      return new IpAddress(true, halves[0], halves[1]);
    }

    private int hex(int from, int to) {
      if (to - from > 4) {
        fail("the group " + Quote.of(text.substring(from, to)) + " has more than four digits");
        return -1;
      }
      int value = 0;
      for (int i = from; i < to; i++) {
        char c = text.charAt(i);
        int digit = c < 128 ? Character.digit(c, 16) : -1;
        if (digit < 0) {
          fail(Quote.of(text.substring(i, text.offsetByCodePoints(i, 1))) + " is no hex digit");
          return -1;
        }
        value = value << 4 | digit;
      }
      return value;
    }

    private @Nullable IpAddress fail(String reason) {
      fault = reason;
      return null;
    }

    private long failV4(String reason) {
      fault = reason;
      return -1;
    }
  }

  /** Says why {@code text} is no address, or returns null where it is one. */
  static @Nullable String fault(String text) {
    Reader reader = new Reader(text);
    return reader.read() == null ? reader.fault : null;
  }

  static @Nullable IpAddress orNull(String text) {
    return new Reader(text).read();
  }
}
