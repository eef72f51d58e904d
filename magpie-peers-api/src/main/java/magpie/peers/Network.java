/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import java.util.List;
import java.util.Objects;
import magpie.peers.text.Quote;

/**
 * A named network: one or more CIDRs that belong together, such as a VLAN or a space.
 *
 * @param name 1 to 63 ASCII letters, digits, dots, hyphens and underscores, beginning with a letter
 * @param cidrs at least one CIDR, in the order in which they were declared; unmodifiable
 */
public record Network(String name, List<Cidr> cidrs) {

  /**
   * Checks the name and copies the CIDRs.
   *
   * @param name 1 to 63 ASCII letters, digits, dots, hyphens and underscores, beginning with a
   *     letter
   * @param cidrs at least one CIDR, in the order in which they were declared
   * @throws IllegalArgumentException if the name is not one or there is no CIDR
   */
  public Network {
    Objects.requireNonNull(name, "name");
    if (!isName(name)) {
      throw new IllegalArgumentException(
          "expected a network name (1 to 63 ASCII letters, digits, '.', '-', '_', beginning with a"
              + " letter), found "
              + Quote.of(name));
    }
    cidrs = List.copyOf(cidrs);
    if (cidrs.isEmpty()) {
      throw new IllegalArgumentException(
          "expected at least one CIDR in network " + Quote.of(name) + ", found none");
    }
  }

  /**
   * Tells whether a text may name a network; it can then never be mistaken for a CIDR.
   *
   * @param text any text, not null
   * @return whether it is a network name
   */
  public static boolean isName(String text) {
    if (text.isEmpty() || text.length() > 63) {
      return false;
    }
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      if (!letter && (i == 0 || !((c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_'))) {
        return false;
      }
    }
    return true;
  }

  /**
   * Tells whether an address lies in this network.
   *
   * @param address the address, not null
   * @return whether one of the CIDRs contains it
   */
  public boolean contains(IpAddress address) {
    // An indexed loop, because a filter asks this for every address and must not allocate.
    for (int i = 0; i < cidrs.size(); i++) {
      if (cidrs.get(i).contains(address)) {
        return true;
      }
    }
    return false;
  }

  /** Returns the name with its CIDRs: {@code oam (192.0.2.0/25, 2001:db8:0:a::/64)}. */
  @Override
  public String toString() {
    return name + " (" + String.join(", ", cidrs.stream().map(Cidr::toString).toList()) + ")";
  }
}
