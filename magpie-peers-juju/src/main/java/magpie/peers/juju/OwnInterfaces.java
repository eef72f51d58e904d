/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InterfaceAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import magpie.peers.AddressCandidate;
import magpie.peers.SourceUnavailableException;

/**
 * The addresses of this machine that another one could reach.
 *
 * <p>Of IPv6 addresses only Linux tells the state, in {@code /proc/net/if_inet6} (proc(5), flags in
 * {@code linux/if_addr.h}); the JDK does not, and lists none at all with {@code
 * java.net.preferIPv4Stack}. Where there is no such file the JDK's list serves.
 */
final class OwnInterfaces {
  private static final Path IPV6 = Path.of("/proc/net/if_inet6");
  private static final int TEMPORARY = 0x01;
  private static final int DUPLICATE = 0x08;
  private static final int DEPRECATED = 0x20;
  private static final int TENTATIVE = 0x40;

  private OwnInterfaces() {}

  /** An IPv6 address of an interface; one that will go soon is not the first to be used. */
  record Inet6(String device, AddressCandidate address, boolean passing) {}

  /**
   * Addresses of real interfaces that are up, without bridges, loopback and link-local; deprecated
   * and temporary ones last.
   */
  static List<AddressCandidate> read() {
    return read(IPV6);
  }

  static List<AddressCandidate> read(Path ipv6) {
    List<AddressCandidate> addresses = new ArrayList<>();
    List<AddressCandidate> passing = new ArrayList<>();
    Optional<List<Inet6>> told = told(ipv6);
    try (Stream<NetworkInterface> all = NetworkInterface.networkInterfaces()) {
      for (NetworkInterface each :
          all.sorted(Comparator.comparingInt(NetworkInterface::getIndex)).toList()) {
        if (!carries(each)) {
          continue;
        }
        for (InterfaceAddress on : each.getInterfaceAddresses()) {
          InetAddress address = on.getAddress();
          if (told.isPresent() && address instanceof Inet6Address) {
            continue;
          }
          if (!address.isLinkLocalAddress() && !address.isLoopbackAddress()) {
            String text = address.getHostAddress();
            int zone = text.indexOf('%');
            addresses.add(
                AddressCandidate.of(
                    (zone < 0 ? text : text.substring(0, zone)) + "/" + on.getNetworkPrefixLength(),
                    each.getName()));
          }
        }
        for (Inet6 address : told.orElse(List.of())) {
          if (address.device().equals(each.getName())) {
            (address.passing() ? passing : addresses).add(address.address());
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
    addresses.addAll(passing);
    return addresses;
  }

  /** What the kernel tells of IPv6 addresses, usable ones only, in the order of their numbers. */
  private static Optional<List<Inet6>> told(Path ipv6) {
    try {
      return Optional.of(inet6(Files.readAllLines(ipv6)));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  static List<Inet6> inet6(List<String> lines) {
    List<Inet6> all = new ArrayList<>();
    for (String line : lines.stream().sorted().toList()) {
      String[] words = line.strip().split("\\s+", -1);
      if (words.length != 6 || words[0].length() != 32) {
        continue;
      }
      int flags = Integer.parseInt(words[4], 16);
      String groups = words[0].replaceAll("(.{4})(?=.)", "$1:");
      AddressCandidate address =
          AddressCandidate.of(groups + "/" + Integer.parseInt(words[2], 16), words[5]);
      boolean usable = (flags & (TENTATIVE | DUPLICATE)) == 0;
      // Scope 0 is global; others reach no further than the link or this machine.
      if (usable && words[3].equals("00") && address.ip().isPresent()) {
        all.add(new Inet6(words[5], address, (flags & (DEPRECATED | TEMPORARY)) != 0));
      }
    }
    return all;
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
