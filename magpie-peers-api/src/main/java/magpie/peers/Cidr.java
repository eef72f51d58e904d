/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import java.util.Objects;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;

/**
 * A network in prefix notation, such as {@code 192.0.2.0/25} or {@code 2001:db8:0:a::/64}.
 *
 * <p>Read strictly (A3): the prefix length is required, bits behind it must be zero (the message
 * tells the corrected network), and everything {@link IpAddress} refuses is refused here. IPv4 and
 * IPv6 never mix: {@code ::/0} contains no IPv4 address.
 *
 * <p>A value: equal when it is the same network, ordered by address, then the wider first.
 */
public final class Cidr implements Comparable<Cidr> {
  private final IpAddress address;
  private final int prefixLength;
  private final long maskHigh;
  private final long maskLow;

  private Cidr(IpAddress address, int prefixLength) {
    this.prefixLength = prefixLength;
    this.maskHigh = address.isV6() ? mask(prefixLength) : 0;
    this.maskLow = address.isV6() ? mask(prefixLength - 64) : mask(prefixLength + 32);
    this.address = IpAddress.of(address.isV6(), address.high() & maskHigh, address.low() & maskLow);
  }

  /** The mask of one 64-bit half whose first {@code ones} bits count. */
  private static long mask(int ones) {
    return ones <= 0 ? 0 : ones >= 64 ? -1L : -1L << (64 - ones);
  }

  /**
   * Returns the network of {@code prefixLength} bits that contains {@code address}.
   *
   * @param address an address in the network, host bits allowed; not null
   * @param prefixLength 0 to 32 for IPv4, 0 to 128 for IPv6
   * @return the network
   * @throws IllegalArgumentException if the prefix length is out of range
   */
  public static Cidr of(IpAddress address, int prefixLength) {
    Objects.requireNonNull(address, "address");
    if (prefixLength < 0 || prefixLength > address.bits()) {
      throw new IllegalArgumentException(
          "expected a prefix length of 0 to " + address.bits() + ", found " + prefixLength);
    }
    return new Cidr(address, prefixLength);
  }

  /**
   * Reads a network.
   *
   * @param text the network, such as {@code 192.0.2.0/25}; not null
   * @return the network
   * @throws IllegalArgumentException if the text is not a network in prefix notation; the message
   *     quotes it, says what is wrong and, where bits behind the prefix are set, what to write
   */
  public static Cidr parse(String text) {
    Objects.requireNonNull(text, "text");
    Parts parts = Parts.read(text);
    if (parts.fault() != null) {
      throw malformed(text, parts.fault());
    }
    IpAddress address = Objects.requireNonNull(parts.address());
    if (parts.prefixLength() < 0) {
      throw malformed(
          text,
          "the prefix length is missing; for this one address write "
              + address
              + "/"
              + address.bits());
    }
    Cidr cidr = new Cidr(address, parts.prefixLength());
    if (!cidr.address.equals(address)) {
      throw malformed(text, "bits behind the prefix are set; the network is " + cidr);
    }
    return cidr;
  }

  private static IllegalArgumentException malformed(String text, String reason) {
    return new IllegalArgumentException(
        "expected a network such as 192.0.2.0/24, found " + Quote.of(text) + ": " + reason);
  }

  /**
   * An address and the prefix length written behind it: -1 where there is none, and {@code fault}
   * where the text is neither.
   */
  record Parts(@Nullable IpAddress address, int prefixLength, @Nullable String fault) {
    static Parts read(String text) {
      int slash = text.indexOf('/');
      String host = slash < 0 ? text : text.substring(0, slash);
      IpAddress address = IpAddress.orNull(host);
      if (address == null) {
        return new Parts(null, -1, IpAddress.fault(host));
      }
      if (slash < 0) {
        return new Parts(address, -1, null);
      }
      String digits = text.substring(slash + 1);
      int length = 0;
      for (int i = 0; i < digits.length(); i++) {
        char c = digits.charAt(i);
        length = c < '0' || c > '9' || length > 128 ? 1000 : length * 10 + c - '0';
      }
      if (digits.isEmpty()
          || length > address.bits()
          || (digits.length() > 1 && digits.charAt(0) == '0')) {
        return new Parts(
            null,
            -1,
            "the prefix length is a number from 0 to "
                + address.bits()
                + ", not "
                + Quote.of(digits));
      }
      return new Parts(address, length, null);
    }
  }

  /**
   * Returns the first address of the network.
   *
   * @return the address, all bits behind the prefix zero
   */
  public IpAddress address() {
    return address;
  }

  /**
   * Returns the length of the prefix.
   *
   * @return 0 to 32 for IPv4, 0 to 128 for IPv6, in bits
   */
  public int prefixLength() {
    return prefixLength;
  }

  /**
   * Tells whether an address lies in this network; an address of the other family never does.
   *
   * @param other the address, not null
   * @return whether it lies inside
   */
  public boolean contains(IpAddress other) {
    return address.isV6() == other.isV6()
        && (other.high() & maskHigh) == address.high()
        && (other.low() & maskLow) == address.low();
  }

  /**
   * Tells whether every address of another network lies in this one.
   *
   * @param other the other network, not null
   * @return whether it lies inside; true for an equal network
   */
  public boolean contains(Cidr other) {
    return prefixLength <= other.prefixLength && contains(other.address);
  }

  /**
   * Tells whether this network and another share an address.
   *
   * @param other the other network, not null
   * @return whether they overlap, which two prefixes do only if one contains the other
   */
  public boolean overlaps(Cidr other) {
    return contains(other) || other.contains(this);
  }

  /** Compares by first address, then the wider network first. */
  @Override
  public int compareTo(Cidr other) {
    int order = address.compareTo(other.address);
    return order != 0 ? order : Integer.compare(prefixLength, other.prefixLength);
  }

  @Override
  public boolean equals(@Nullable Object object) {
    return object instanceof Cidr other
        && prefixLength == other.prefixLength
        && address.equals(other.address);
  }

  @Override
  public int hashCode() {
    return 31 * address.hashCode() + prefixLength;
  }

  /** Returns the network in canonical prefix notation. */
  @Override
  public String toString() {
    return address + "/" + prefixLength;
  }
}
