/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One address at which a peer may be reached, and the source that told it.
 *
 * <p>An address is never resolved through DNS: a host name, or text that only looks like an
 * address, is an address that no CIDR matches (A1), and {@link #note()} says why. A value; a
 * snapshot adds the network that the address lies in.
 */
public final class PeerAddress {
  /** The text of what is no IP address; an address keeps none, as 300,000 of them cost 17 MB. */
  private final @Nullable String name;

  private final String source;
  private final @Nullable IpAddress ip;
  private final int prefixLength;
  private final @Nullable String network;

  private PeerAddress(
      @Nullable String name,
      String source,
      @Nullable IpAddress ip,
      int prefixLength,
      @Nullable String network) {
    this.name = name;
    this.source = source;
    this.ip = ip;
    this.prefixLength = prefixLength;
    this.network = network;
  }

  /**
   * Reads an address as a source gives it; no text is refused.
   *
   * @param text an address, an address with the prefix length of its network ({@code
   *     192.0.2.11/25}), or a host name; not null
   * @param source what told it, such as {@code ingress-address} or {@code topology}; not null
   * @return the address
   */
  public static PeerAddress of(String text, String source) {
    Objects.requireNonNull(text, "text");
    Objects.requireNonNull(source, "source");
    if (isHostName(text)) {
      // To find out why a name is no address costs more than to read ten addresses.
      return new PeerAddress(text, source, null, -1, null);
    }
    Cidr.Parts parts = Cidr.Parts.read(text);
    IpAddress ip = parts.address();
    return new PeerAddress(ip == null ? text : null, source, ip, parts.prefixLength(), null);
  }

  PeerAddress inNetwork(@Nullable String named) {
    return Objects.equals(named, network)
        ? this
        : new PeerAddress(name, source, ip, prefixLength, named);
  }

  /**
   * Returns the address, canonical and without prefix length, or the host name as it was given.
   *
   * @return the text to connect to
   */
  public String text() {
    return ip == null ? Objects.requireNonNull(name) : ip.toString();
  }

  /**
   * Returns what told this address.
   *
   * @return the source, such as {@code ingress-address} or {@code topology}
   */
  public String source() {
    return source;
  }

  /**
   * Returns the IP address.
   *
   * @return the address, or empty for a host name and for text that is no strict address
   */
  public Optional<IpAddress> ip() {
    return Optional.ofNullable(ip);
  }

  @Nullable IpAddress ipOrNull() {
    return ip;
  }

  /**
   * Returns the network that the source gave with the address, by its prefix length.
   *
   * @return the network, or empty where no prefix length is known
   */
  public Optional<Cidr> subnet() {
    return ip == null || prefixLength < 0
        ? Optional.empty()
        : Optional.of(Cidr.of(ip, prefixLength));
  }

  /**
   * Returns the name of the declared network that this address lies in.
   *
   * @return the name, or empty if it lies in none that the snapshot knows
   */
  public Optional<String> network() {
    return Optional.ofNullable(network);
  }

  /**
   * Says why no CIDR can match this address.
   *
   * @return the reason, or empty for an IP address
   */
  public Optional<String> note() {
    if (ip != null) {
      return Optional.empty();
    }
    return Optional.of(
        isHostName(text())
            ? "a host name, which is never looked up"
            : "no IP address: " + Cidr.Parts.read(text()).fault());
  }

  /** Whether the last part of a dotted name begins with a letter, as that of no address does. */
  private static boolean isHostName(String text) {
    int last = text.lastIndexOf('.') + 1;
    return last < text.length()
        && Character.isLetter(text.charAt(last))
        && text.indexOf(':') < 0
        && text.indexOf('%') < 0;
  }

  @Override
  public boolean equals(@Nullable Object object) {
    return object instanceof PeerAddress other
        && Objects.equals(name, other.name)
        && Objects.equals(ip, other.ip)
        && source.equals(other.source)
        && prefixLength == other.prefixLength
        && Objects.equals(network, other.network);
  }

  @Override
  public int hashCode() {
    return Objects.hash(name, ip, source, prefixLength, network);
  }

  /** Returns the text with its prefix length, as {@link #of} takes it. */
  @Override
  public String toString() {
    return prefixLength < 0 ? text() : text() + "/" + prefixLength;
  }
}
