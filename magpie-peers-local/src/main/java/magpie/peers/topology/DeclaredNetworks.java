/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import magpie.peers.Cidr;
import magpie.peers.IpAddress;
import magpie.peers.Network;
import magpie.peers.PeerAddress;
import magpie.peers.topology.yaml.Code;
import magpie.peers.topology.yaml.Problems;
import magpie.peers.topology.yaml.YamlText;
import org.jspecify.annotations.Nullable;

/**
 * The networks of one file: which overlap, and which one an address lies in.
 *
 * <p>Of prefixes that overlap one contains the other, so one pass over the sorted prefixes finds
 * every overlap, and a binary search finds the network of an address, however many there are.
 */
final class DeclaredNetworks {
  private static final Cidr ANY_V4 = Cidr.parse("0.0.0.0/0");
  private static final Cidr ANY_V6 = Cidr.parse("::/0");
  private static final int MOST_DOUBTS = 20;

  /** One CIDR as it is declared; {@code path} leads to it. */
  record Declared(String network, Cidr cidr, long place, String path) {}

  private final List<Declared> declared = new ArrayList<>();
  private final Map<String, List<Cidr>> cidrs = new LinkedHashMap<>();
  private final List<Declared> widest = new ArrayList<>();
  private final Set<Cidr> doubts = new LinkedHashSet<>();
  private boolean namesUnknown;

  /** Names a network. */
  void add(String name) {
    cidrs.putIfAbsent(name, new ArrayList<>());
  }

  void add(Declared one) {
    declared.add(one);
    cidrs.getOrDefault(one.network, new ArrayList<>()).add(one.cidr);
  }

  /** Notes that a network is missing here which the file may name. */
  void namesUnknown() {
    namesUnknown = true;
    doubts.add(ANY_V4);
    doubts.add(ANY_V6);
  }

  /** Notes that a network is named here whose CIDRs are not all known. */
  void cidrsUnknown() {
    doubts.add(ANY_V4);
    doubts.add(ANY_V6);
  }

  /**
   * Notes a CIDR that could not be read. The addresses that it was meant for are not outside every
   * network, however it is corrected: those that begin like it or, where not even its address can
   * be read, all of the same family.
   */
  void doubt(String written) {
    int slash = written.indexOf('/');
    Optional<IpAddress> meant =
        PeerAddress.of(slash < 0 ? written : written.substring(0, slash), "").ip();
    boolean v6 = written.indexOf(':') >= 0;
    if (meant.isPresent() && doubts.size() < MOST_DOUBTS) {
      doubts.add(Cidr.of(meant.get(), v6 ? 32 : 16));
    } else {
      doubts.add(v6 ? ANY_V6 : ANY_V4);
    }
  }

  boolean namesKnown() {
    return !namesUnknown;
  }

  /** Tells whether an address may lie in a network that could not be read. */
  boolean mayMiss(IpAddress address) {
    return doubts.stream().anyMatch(doubt -> doubt.contains(address));
  }

  boolean isEmpty() {
    return cidrs.isEmpty();
  }

  boolean has(String name) {
    return cidrs.containsKey(name);
  }

  List<String> names() {
    return List.copyOf(cidrs.keySet());
  }

  /** Sorts the networks and reports those that overlap. */
  void check(Problems problems, YamlText text) {
    declared.sort(Comparator.comparing(Declared::cidr).thenComparingLong(Declared::place));
    Deque<Declared> around = new ArrayDeque<>();
    for (Declared one : declared) {
      while (!around.isEmpty() && !around.peek().cidr.contains(one.cidr)) {
        around.pop();
      }
      if (around.isEmpty()) {
        widest.add(one);
      } else {
        Declared other = around.peek();
        boolean later = one.place > other.place;
        overlap(later ? one : other, later ? other : one, problems, text);
      }
      around.push(one);
    }
  }

  private static void overlap(Declared one, Declared first, Problems problems, YamlText text) {
    problems.add(
        Code.OVERLAPPING_NETWORKS,
        one.place,
        "expected networks that share no address, found "
            + one.cidr
            + ", which overlaps "
            + first.cidr
            + " of "
            + first.network
            + " ("
            + text.locate(first.place)
            + ")",
        one.path,
        "correct one of the two");
  }

  /** Returns the CIDR that an address lies in; {@link #check} was called. */
  @Nullable Declared of(IpAddress address) {
    int low = 0;
    int high = widest.size() - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      Declared candidate = widest.get(middle);
      if (candidate.cidr.contains(address)) {
        return candidate;
      }
      if (candidate.cidr.address().compareTo(address) < 0) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return null;
  }

  List<Network> toNetworks() {
    List<Network> networks = new ArrayList<>();
    cidrs.forEach((name, list) -> networks.add(new Network(name, list)));
    return networks;
  }
}
