/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.host;

import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InterfaceAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.StringTokenizer;
import magpie.peers.Cidr;
import magpie.peers.PeerAddress;
import magpie.peers.SourceUnavailableException;

/**
 * The addresses of this machine that another one could reach.
 *
 * <p>Of IPv6 addresses only Linux tells the state, in {@code /proc/net/if_inet6} (proc(5), flags in
 * {@code linux/if_addr.h}); the JDK does not, and lists none at all with {@code
 * java.net.preferIPv4Stack}, nor interfaces that have no others. Where there is no such file the
 * JDK's list serves.
 *
 * <p>Every hook of a charm that publishes its addresses runs this, and pays for each class that it
 * loads; so there are no streams here, no lambdas and no regular expressions.
 */
public final class OwnInterfaces {
  private static final Path KERNEL = Path.of("/sys/class/net");
  private static final Path IPV6 = Path.of("/proc/net/if_inet6");
  private static final int TEMPORARY = 0x01;
  private static final int DUPLICATE = 0x08;
  private static final int DEPRECATED = 0x20;
  private static final int TENTATIVE = 0x40;

  /** Scopes that reach no further than this machine, or than its link. */
  private static final String HOST = "10";

  private static final String LINK = "20";

  /** Flags of an interface, in {@code linux/if.h}. */
  private static final int UP = 0x1;

  private static final int LOOPBACK = 0x8;

  /** What virtual networks call their bridges. */
  private static final List<String> BRIDGES =
      List.of("docker", "virbr", "lxdbr", "lxcbr", "cni", "br-", "flannel");

  private static final Comparator<NetworkInterface> BY_INDEX =
      new Comparator<>() {
        @Override
        public int compare(NetworkInterface a, NetworkInterface b) {
          return Integer.compare(a.getIndex(), b.getIndex());
        }
      };

  private OwnInterfaces() {}

  /** An IPv6 address of an interface; one that will go soon is not the first to be used. */
  record Inet6(String device, PeerAddress address, boolean passing) {}

  /**
   * Returns the addresses of real interfaces that are up, without bridges, loopback and link-local;
   * deprecated and temporary ones last.
   *
   * @return the addresses, each with the prefix length of its network and the interface as source
   * @throws SourceUnavailableException if the interfaces cannot be listed
   */
  public static List<PeerAddress> read() {
    return read(IPV6);
  }

  /**
   * Puts addresses in the order in which a node publishes its own: each once, and last of all those
   * in a network of one address. That is what a virtual address looks like, and no node wants to be
   * found there.
   *
   * @param addresses the addresses, best first; one that stands there twice is taken with a prefix
   *     length
   * @return the IP addresses among them; the caller's own
   */
  public static List<PeerAddress> ordered(List<PeerAddress> addresses) {
    Map<String, PeerAddress> once = new LinkedHashMap<>();
    for (PeerAddress each : addresses) {
      if (each.ip().isPresent()) {
        PeerAddress before = once.get(each.text());
        // On Kubernetes only the interface knows the prefix length.
        if (before == null || before.subnet().isEmpty()) {
          once.put(each.text(), each);
        }
      }
    }
    List<PeerAddress> ordered = new ArrayList<>(once.size());
    List<PeerAddress> alone = new ArrayList<>();
    for (PeerAddress each : once.values()) {
      (standsAlone(each) ? alone : ordered).add(each);
    }
    ordered.addAll(alone);
    return ordered;
  }

  private static boolean standsAlone(PeerAddress address) {
    Cidr network = address.subnet().orElse(null);
    return network != null && network.prefixLength() == (network.address().isV6() ? 128 : 32);
  }

  static List<PeerAddress> read(Path ipv6) {
    List<PeerAddress> addresses = new ArrayList<>();
    List<PeerAddress> passing = new ArrayList<>();
    Optional<List<Inet6>> told = told(ipv6);
    Set<String> listed = new HashSet<>();
    try {
      List<NetworkInterface> all = Collections.list(NetworkInterface.getNetworkInterfaces());
      all.sort(BY_INDEX);
      for (NetworkInterface each : all) {
        listed.add(each.getName());
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
                PeerAddress.of(
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
              + "; try again later",
          e);
    }
    for (Inet6 address : told.orElse(List.of())) {
      if (!listed.contains(address.device()) && carries(address.device())) {
        (address.passing() ? passing : addresses).add(address.address());
      }
    }
    addresses.addAll(passing);
    return addresses;
  }

  /** The IPv6 addresses that the kernel lists, usable ones only, in the order of their numbers. */
  private static Optional<List<Inet6>> told(Path ipv6) {
    try {
      return Optional.of(inet6(Files.readAllLines(ipv6)));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  static List<Inet6> inet6(List<String> lines) {
    List<Inet6> all = new ArrayList<>();
    List<String> sorted = new ArrayList<>(lines);
    Collections.sort(sorted);
    for (String line : sorted) {
      StringTokenizer words = new StringTokenizer(line);
      if (words.countTokens() != 6) {
        continue;
      }
      String digits = words.nextToken();
      if (digits.length() != 32) {
        continue;
      }
      // The number of the interface.
      words.nextToken();
      int prefix = Integer.parseInt(words.nextToken(), 16);
      String scope = words.nextToken();
      int flags = Integer.parseInt(words.nextToken(), 16);
      String device = words.nextToken();
      PeerAddress address = PeerAddress.of(groups(digits) + "/" + prefix, device);
      boolean usable = (flags & (TENTATIVE | DUPLICATE)) == 0;
      boolean farther = !scope.equals(LINK) && !scope.equals(HOST);
      if (usable && farther && address.ip().isPresent()) {
        all.add(new Inet6(device, address, (flags & (DEPRECATED | TEMPORARY)) != 0));
      }
    }
    return all;
  }

  private static String groups(String digits) {
    StringBuilder groups = new StringBuilder(digits.substring(0, 4));
    for (int i = 4; i < digits.length(); i += 4) {
      groups.append(':').append(digits, i, i + 4);
    }
    return groups.toString();
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

  /** The same of an interface that the JDK does not list. */
  private static boolean carries(String name) {
    try {
      int flags = Integer.decode(kernel(name, "flags").strip());
      return (flags & UP) != 0 && (flags & LOOPBACK) == 0 && !bridge(name);
    } catch (IOException | NumberFormatException e) {
      // The kernel lists its addresses, so it is there; sysfs may be another container's, or none.
      return !name.equals("lo") && !bridge(name);
    }
  }

  /** What the kernel says of an interface. */
  private static String kernel(String name, String file) throws IOException {
    try {
      return Files.readString(KERNEL.resolve(name).resolve(file));
    } catch (InvalidPathException e) {
      // Under LANG=C no path can have a name beyond ASCII, which an interface may have.
      throw new IOException(e);
    }
  }

  private static boolean isDirectory(String name, String file) {
    try {
      return Files.isDirectory(KERNEL.resolve(name).resolve(file));
    } catch (InvalidPathException e) {
      return false;
    }
  }

  /**
   * Linux marks a bridge with a directory in sysfs; the usual names serve where it is not mounted.
   */
  static boolean bridge(String name) {
    for (String usual : BRIDGES) {
      if (name.startsWith(usual)) {
        return true;
      }
    }
    return isDirectory(name, "bridge") || openVirtualSwitch(name);
  }

  private static boolean openVirtualSwitch(String name) {
    try {
      return kernel(name, "uevent").contains("DEVTYPE=openvswitch");
    } catch (IOException e) {
      return false;
    }
  }
}
