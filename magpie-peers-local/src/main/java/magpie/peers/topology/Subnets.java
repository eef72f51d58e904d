/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import magpie.peers.Cidr;
import magpie.peers.IpAddress;
import magpie.peers.Network;
import magpie.peers.PeerAddress;
import org.jspecify.annotations.Nullable;

/**
 * Networks that share no address, and in which every address of a peer set lies: what a topology
 * must declare.
 *
 * <p>What the source declares stays. After it come networks made of the prefix lengths of
 * addresses, and for the rest the usual ones: a /24 for IPv4 and a /64 for IPv6, narrowed where
 * that would overlap another. The same addresses give the same networks with the same names, in any
 * order, so that two recordings can be compared.
 */
public final class Subnets {
  private static final int USUAL_V4 = 24;
  private static final int USUAL_V6 = 64;

  private final Map<String, List<Cidr>> named = new LinkedHashMap<>();
  private final TreeMap<IpAddress, Cidr> byStart = new TreeMap<>();

  /**
   * Finds the networks.
   *
   * @param declared what the source declares
   * @param candidates the addresses to cover; host names are none
   * @param omitted receives a line for everything that had to be left out
   */
  public Subnets(
      List<Network> declared, Collection<PeerAddress> candidates, Consumer<String> omitted) {
    for (Network network : declared) {
      for (Cidr cidr : network.cidrs()) {
        Cidr other = overlapping(cidr);
        if (other == null) {
          byStart.put(cidr.address(), cidr);
          named.computeIfAbsent(network.name(), name -> new ArrayList<>()).add(cidr);
        } else if (!other.equals(cidr)
            || !named.getOrDefault(network.name(), List.of()).contains(cidr)) {
          omitted.accept(
              "network "
                  + network.name()
                  + ": "
                  + cidr
                  + " overlaps "
                  + other
                  + " and is left out; networks of a topology share no address");
        }
      }
    }
    TreeSet<Cidr> more = new TreeSet<>();
    for (Cidr cidr : stated(candidates)) {
      if (overlapping(cidr) == null) {
        byStart.put(cidr.address(), cidr);
        more.add(cidr);
      }
    }
    TreeSet<IpAddress> rest = new TreeSet<>();
    candidates.forEach(candidate -> candidate.ip().ifPresent(rest::add));
    for (IpAddress address : rest) {
      if (of(address) == null) {
        Cidr cidr = usual(address);
        byStart.put(cidr.address(), cidr);
        more.add(cidr);
      }
    }
    for (Cidr cidr : more) {
      String name = "net-" + cidr.toString().replace(':', '-').replace('/', '-');
      while (named.containsKey(name)) {
        name += "-derived";
      }
      named.put(name, List.of(cidr));
    }
  }

  /**
   * The networks that candidates state, the widest first; those of one or two addresses are none.
   */
  private static List<Cidr> stated(Collection<PeerAddress> candidates) {
    TreeSet<Cidr> all = new TreeSet<>();
    for (PeerAddress candidate : candidates) {
      candidate
          .subnet()
          .filter(cidr -> cidr.prefixLength() < bits(cidr.address()) - 1)
          .ifPresent(all::add);
    }
    List<Cidr> widestFirst = new ArrayList<>(all);
    widestFirst.sort(
        (a, b) -> {
          int order = Integer.compare(a.prefixLength(), b.prefixLength());
          return order != 0 ? order : a.compareTo(b);
        });
    return widestFirst;
  }

  private Cidr usual(IpAddress address) {
    int length = address.isV6() ? USUAL_V6 : USUAL_V4;
    Cidr cidr = Cidr.of(address, length);
    while (overlapping(cidr) != null) {
      cidr = Cidr.of(address, ++length);
    }
    return cidr;
  }

  /** The first known network that shares an address with another, or null. */
  private @Nullable Cidr overlapping(Cidr cidr) {
    Cidr around = of(cidr.address());
    if (around != null) {
      return around;
    }
    Map.Entry<IpAddress, Cidr> inside = byStart.ceilingEntry(cidr.address());
    return inside != null && cidr.contains(inside.getValue()) ? inside.getValue() : null;
  }

  /**
   * Returns the network that an address lies in.
   *
   * @param address the address
   * @return one of the networks, or null if none of them has it
   */
  public @Nullable Cidr of(IpAddress address) {
    Map.Entry<IpAddress, Cidr> entry = byStart.floorEntry(address);
    return entry != null && entry.getValue().contains(address) ? entry.getValue() : null;
  }

  /**
   * Returns all networks.
   *
   * @return the networks, the declared ones first and in their order
   */
  public List<Network> networks() {
    List<Network> networks = new ArrayList<>();
    named.forEach((name, cidrs) -> networks.add(new Network(name, cidrs)));
    return networks;
  }

  static int bits(IpAddress address) {
    return address.isV6() ? 128 : 32;
  }
}
