/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InterfaceAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import magpie.peers.AddressCandidate;
import magpie.peers.SourceUnavailableException;

/** The addresses of this machine that another one could reach. */
final class OwnInterfaces {
  private OwnInterfaces() {}

  /** Addresses of real interfaces that are up, without bridges, loopback and link-local. */
  static List<AddressCandidate> read() {
    List<AddressCandidate> addresses = new ArrayList<>();
    try (Stream<NetworkInterface> all = NetworkInterface.networkInterfaces()) {
      for (NetworkInterface each :
          all.sorted(Comparator.comparingInt(NetworkInterface::getIndex)).toList()) {
        if (!carries(each)) {
          continue;
        }
        for (InterfaceAddress on : each.getInterfaceAddresses()) {
          InetAddress address = on.getAddress();
          if (!address.isLinkLocalAddress() && !address.isLoopbackAddress()) {
            String text = address.getHostAddress();
            int zone = text.indexOf('%');
            addresses.add(
                AddressCandidate.of(
                    (zone < 0 ? text : text.substring(0, zone)) + "/" + on.getNetworkPrefixLength(),
                    each.getName()));
          }
        }
      }
    } catch (SocketException e) {
      throw new SourceUnavailableException(
          "network interfaces",
          "expected to list the network interfaces of this machine, found "
              + e
              + "; try again in a later hook",
          e);
    }
    return addresses;
  }

  /** Whether an interface can carry traffic from another machine. */
  private static boolean carries(NetworkInterface each) {
    try {
      return each.isUp() && !each.isLoopback() && !bridge(each.getName());
    } catch (SocketException e) {
      // It was there a moment ago: those of containers come and go while they are listed.
      return false;
    }
  }

  /**
   * Linux marks a bridge with a directory in sysfs; the usual names serve where it is not mounted.
   */
  private static boolean bridge(String name) {
    return Files.isDirectory(Path.of("/sys/class/net", name, "bridge"))
        || openVirtualSwitch(name)
        || name.matches("(docker|virbr|lxdbr|lxcbr|cni|br-|flannel).*");
  }

  private static boolean openVirtualSwitch(String name) {
    try {
      Path master = Path.of("/sys/class/net", name, "uevent");
      return Files.exists(master) && Files.readString(master).contains("DEVTYPE=openvswitch");
    } catch (IOException e) {
      return false;
    }
  }
}
