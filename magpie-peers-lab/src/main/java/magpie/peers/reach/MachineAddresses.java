/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.reach;

import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import magpie.peers.IpAddress;
import magpie.peers.SourceUnavailableException;
import org.jspecify.annotations.Nullable;

/** The addresses that this machine has, whatever is declared. */
final class MachineAddresses {
  private MachineAddresses() {}

  /**
   * Returns the addresses of all interfaces that are up, without zone ids.
   *
   * @throws SourceUnavailableException if the system does not list them
   */
  static List<IpAddress> all() {
    List<IpAddress> found = new ArrayList<>();
    try {
      for (NetworkInterface each : NetworkInterface.networkInterfaces().toList()) {
        if (each.isUp()) {
          each.inetAddresses().forEach(address -> found.add(of(address)));
        }
      }
    } catch (SocketException e) {
      throw new SourceUnavailableException(
          "this machine",
          "expected the system to list the addresses of this machine, found an error: "
              + e.getMessage()
              + "; name an address to ask from",
          e);
    }
    return found;
  }

  /**
   * The first address in a network, the preferred ones before all others; null if there is none.
   */
  @Nullable
  static IpAddress first(
      List<IpAddress> machine, List<IpAddress> preferred, Predicate<IpAddress> network) {
    for (IpAddress address : preferred) {
      if (network.test(address) && machine.contains(address)) {
        return address;
      }
    }
    for (IpAddress address : machine) {
      if (network.test(address)) {
        return address;
      }
    }
    return null;
  }

  static IpAddress of(InetAddress address) {
    String text = address.getHostAddress();
    int zone = text.indexOf('%');
    return IpAddress.parse(zone < 0 ? text : text.substring(0, zone));
  }
}
