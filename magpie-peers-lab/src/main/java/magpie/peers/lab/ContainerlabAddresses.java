/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.lab;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import magpie.peers.Cidr;
import magpie.peers.IpAddress;
import magpie.peers.Network;
import magpie.peers.PeerAddress;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.lab.Diagnostics.Place;
import magpie.peers.text.Quote;
import magpie.peers.topology.Subnets;
import magpie.peers.topology.TopologyText;

/**
 * The addresses of a lab: those that nodes have in the management subnets, those that they have
 * from the container whose network they share, and the networks that all of these lie in.
 */
final class ContainerlabAddresses {
  private static final String SUBNET_V4 = "172.20.20.0/24";
  private static final String SUBNET_V6 = "3fff:172:20:20::/64";

  private final ContainerlabTexts texts;
  private final Diagnostics diagnostics;
  private final Map<String, YamlValue.Field> mgmt;
  private final Map<String, Cidr> subnets;
  private final Map<IpAddress, String> addresses = new HashMap<>();
  private final Map<PeerId, Sharing> sharing = new HashMap<>();

  ContainerlabAddresses(
      ContainerlabTexts texts, Diagnostics diagnostics, Map<String, YamlValue.Field> mgmt) {
    this.texts = texts;
    this.diagnostics = diagnostics;
    this.mgmt = mgmt;
    this.subnets = subnets();
  }

  /** The management subnets: those that are written, else the usual ones. */
  private Map<String, Cidr> subnets() {
    Map<String, Cidr> subnets = new LinkedHashMap<>();
    for (YamlValue.Field field : mgmt.values()) {
      switch (field.key()) {
        case "network" -> {}
        case "ipv4-subnet", "ipv6-subnet", "ipv4_subnet", "ipv6_subnet" -> {
          String text = texts.text(field);
          if (text == null || text.isEmpty() || text.equals("auto")) {
            continue;
          }
          PeerAddress written = PeerAddress.of(text, "");
          written
              .subnet()
              .ifPresentOrElse(
                  cidr -> subnets.put(cidr.address().isV6() ? "v6" : "v4", cidr),
                  () ->
                      diagnostics.error(
                          "bad-cidr",
                          field.value().place(),
                          "expected a network such as 172.20.20.0/24, found " + Quote.of(text),
                          "mgmt." + field.key(),
                          "correct the network"));
        }
        default -> texts.leaveOut("mgmt." + field.key(), field.place());
      }
    }
    return subnets;
  }

  /** The usual subnets are declared only where nodes have addresses in them. */
  List<Network> networks(List<PeerNode> nodes) {
    List<PeerAddress> addresses =
        nodes.stream()
            .flatMap(node -> node.addresses().stream())
            .filter(candidate -> candidate.ip().isPresent())
            .toList();
    List<Cidr> cidrs = new ArrayList<>(subnets.values());
    for (String usual : List.of(SUBNET_V4, SUBNET_V6)) {
      Cidr cidr = Cidr.parse(usual);
      if (!subnets.containsKey(cidr.address().isV6() ? "v6" : "v4")
          && addresses.stream().anyMatch(a -> a.ip().filter(cidr::contains).isPresent())) {
        cidrs.add(cidr);
      }
    }
    String called = texts.text(mgmt.get("network"));
    String name = called != null && Network.isName(called) ? called : "mgmt";
    YamlValue.Field network = mgmt.get("network");
    if (network != null && called != null && !called.isEmpty() && !called.equals(name)) {
      diagnostics.leaveOut(
          "the network name " + Quote.of(called),
          "it is no name of a network; this one is " + name,
          network.value().place());
    }
    List<Network> declared = cidrs.isEmpty() ? List.of() : List.of(new Network(name, cidrs));
    return declared.isEmpty() ? declared : new Subnets(declared, addresses, left -> {}).networks();
  }

  /** The management addresses that a node itself has. */
  List<PeerAddress> addresses(String node, Map<String, YamlValue.Field> own) {
    List<PeerAddress> found = new ArrayList<>();
    for (String key : List.of("mgmt-ipv4", "mgmt_ipv4", "mgmt-ipv6", "mgmt_ipv6")) {
      YamlValue.Field field = own.get(key);
      String text = texts.text(field);
      if (field == null || text == null || text.isEmpty()) {
        continue;
      }
      PeerAddress written = PeerAddress.of(text, TopologyText.ADDRESS);
      if (written.ip().isEmpty()) {
        diagnostics.error(
            "bad-address",
            field.value().place(),
            "expected an address, found " + Quote.of(text),
            key,
            "correct the address");
        continue;
      }
      String other = addresses.putIfAbsent(written.ip().get(), node);
      if (other != null && !other.equals(node)) {
        diagnostics.error(
            "duplicate-address",
            field.value().place(),
            "expected an address of this node alone, found "
                + written.text()
                + ", which "
                + other
                + " has too",
            key,
            "correct one of the two");
      }
      boolean v6 = written.ip().get().isV6();
      Cidr subnet = subnets.getOrDefault(v6 ? "v6" : "v4", Cidr.parse(v6 ? SUBNET_V6 : SUBNET_V4));
      if (!subnet.contains(written.ip().get())) {
        diagnostics.leaveOut(
            "the network of " + written.text(),
            "it is outside the management subnet " + subnet,
            field.value().place());
      }
      found.add(
          subnet.contains(written.ip().get())
              ? PeerAddress.of(written.text() + "/" + subnet.prefixLength(), TopologyText.ADDRESS)
              : written);
    }
    return found;
  }

  /** Notes that a node is in the network of another container. */
  void shares(PeerId id, String with, Place place) {
    sharing.put(id, new Sharing(with, place));
  }

  /** A node in the network of another container. */
  private record Sharing(String with, Place place) {}

  /** Gives nodes in the network of another one its addresses, also where that shares another's. */
  void share(List<PeerNode> nodes, String prefix) {
    Map<String, PeerId> named = new HashMap<>();
    nodes.forEach(node -> named.put(prefix + node.id(), node.id()));
    nodes.forEach(node -> named.put(node.id().value(), node.id()));
    Map<PeerId, Shared> known = new HashMap<>();
    nodes.forEach(node -> known.put(node.id(), new Shared(node.addresses(), "")));
    known.keySet().removeAll(sharing.keySet());
    for (int i = 0; i < nodes.size(); i++) {
      PeerNode node = nodes.get(i);
      Sharing of = sharing.get(node.id());
      if (of == null) {
        continue;
      }
      Shared shared = shared(node.id(), named, known);
      if (shared.addresses.isEmpty()) {
        diagnostics.leaveOut(
            "an address of " + node.id(),
            "it has that of the container " + Quote.of(of.with) + ", which " + shared.lacks,
            of.place);
        continue;
      }
      PeerNode.Builder with = node.toBuilder();
      for (PeerAddress address : shared.addresses) {
        String length = address.subnet().map(cidr -> "/" + cidr.prefixLength()).orElse("");
        with.address(address.text() + length, "network-mode");
      }
      nodes.set(i, with.build());
    }
  }

  /** The addresses that a node gets from another one, or why there are none. */
  private record Shared(List<PeerAddress> addresses, String lacks) {}

  private Shared shared(PeerId id, Map<String, PeerId> named, Map<PeerId, Shared> known) {
    Set<PeerId> way = new LinkedHashSet<>();
    PeerId next = id;
    Shared end = null;
    while (end == null) {
      if (!way.add(next)) {
        end = new Shared(List.of(), "has that of " + next + " in turn");
        break;
      }
      Sharing of = sharing.get(next);
      PeerId with = of == null ? null : named.get(of.with);
      end = with == null ? new Shared(List.of(), "is no node here") : known.get(with);
      next = with == null ? next : with;
    }
    Shared found =
        end.addresses.isEmpty() && end.lacks.isEmpty()
            ? new Shared(List.of(), "has none of its own")
            : end;
    way.forEach(one -> known.put(one, found));
    return found;
  }
}
