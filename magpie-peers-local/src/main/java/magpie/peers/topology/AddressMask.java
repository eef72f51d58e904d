/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology;

import java.math.BigInteger;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import magpie.peers.Cidr;
import magpie.peers.IpAddress;
import magpie.peers.Network;
import magpie.peers.PeerAddress;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.PeersException;
import magpie.peers.SourceUnavailableException;
import org.jspecify.annotations.Nullable;

/**
 * Other addresses for those of a peer set, each the same wherever it occurs: networks become
 * networks, and nodes of one network stay in one network.
 *
 * <p>A network keeps its size and an address its place in it, unless that is too large for the
 * ranges set aside for documentation (RFC 5737, RFC 3849), benchmarks (RFC 2544) and, when those
 * are full, future use (RFC 1112). Where it is too large, hosts are numbered in their order.
 */
final class AddressMask {
  private static final List<Cidr> POOLS_V4 =
      List.of(
          Cidr.parse("192.0.2.0/24"),
          Cidr.parse("198.51.100.0/24"),
          Cidr.parse("203.0.113.0/24"),
          Cidr.parse("198.18.0.0/15"),
          Cidr.parse("240.0.0.0/5"));
  private static final List<Cidr> POOLS_V6 = List.of(Cidr.parse("2001:db8::/32"));

  /** How many bits of a place in a network are kept; more could be a hardware address. */
  private static final int KEPT_V4 = 8;

  private static final int KEPT_V6 = 16;

  private static final Pattern ADDRESS =
      Pattern.compile(
          "(?<![0-9A-Za-z.])"
              + "([0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,8}(?:(?:\\.[0-9]{1,3}){3})?"
              + "|[0-9]{1,3}(?:\\.[0-9]{1,3}){3})"
              + "(?:/([0-9]{1,3}))?(?![0-9A-Za-z]|\\.[0-9])");

  private final Subnets networks;
  private final Map<Cidr, Cidr> masks = new HashMap<>();
  private final Map<IpAddress, IpAddress> addresses = new HashMap<>();
  private final Map<String, String> hostNames = new LinkedHashMap<>();

  /**
   * Finds other addresses for everything that a peer set shows.
   *
   * @param declared the networks, in which all candidates lie
   * @param nodes the nodes
   * @throws SourceUnavailableException if there are more addresses than the ranges hold
   */
  AddressMask(List<Network> declared, Collection<PeerNode> nodes) {
    NavigableSet<IpAddress> all = new TreeSet<>();
    List<PeerAddress> within = new ArrayList<>();
    for (PeerNode node : nodes) {
      for (PeerAddress candidate : node.addresses()) {
        candidate.ip().ifPresent(all::add);
        within.add(candidate);
      }
    }
    for (PeerNode node : nodes) {
      List<String> texts = new ArrayList<>(node.settings().values());
      texts.addAll(node.labels().values());
      texts.add(node.id().value());
      node.addresses().stream()
          .filter(candidate -> candidate.ip().isEmpty())
          .forEach(candidate -> texts.add(candidate.text()));
      for (String text : texts) {
        for (IpAddress address : found(text)) {
          if (!common(address) && all.add(address)) {
            within.add(PeerAddress.of(address.toString(), ""));
          }
        }
      }
    }
    networks = new Subnets(declared, within, left -> {});
    allocate(all);
    for (PeerNode node : nodes) {
      for (PeerAddress candidate : node.addresses()) {
        if (candidate.ip().isEmpty() && text(candidate.text()).equals(candidate.text())) {
          hostNames.putIfAbsent(candidate.text(), "host-" + (hostNames.size() + 1) + ".example");
        }
      }
    }
  }

  private static List<IpAddress> found(String text) {
    List<IpAddress> found = new ArrayList<>();
    Matcher matcher = ADDRESS.matcher(text);
    while (matcher.find()) {
      String written = matcher.group(1);
      IpAddress address = parsed(written);
      if (address != null) {
        found.add(address);
      } else if (embedded(written) > 0) {
        found.addAll(found(written.substring(embedded(written))));
      }
    }
    return found;
  }

  /** Where an IPv4 address begins in what only looks like IPv6, as IPv4-mapped addresses do. */
  private static int embedded(String written) {
    return written.indexOf('.') < 0 ? 0 : written.lastIndexOf(':') + 1;
  }

  private static @Nullable IpAddress parsed(String text) {
    return PeerAddress.of(text, "").ip().orElse(null);
  }

  /** Addresses and masks that mean the same everywhere and tell nothing of anybody. */
  private static boolean common(IpAddress address) {
    InetAddress known = address.toInetAddress();
    return known.isLoopbackAddress()
        || known.isAnyLocalAddress()
        || known.isMulticastAddress()
        || address.toString().startsWith("255.");
  }

  private void allocate(NavigableSet<IpAddress> all) {
    Map<Cidr, List<IpAddress>> used = new TreeMap<>();
    for (Network network : networks.networks()) {
      network.cidrs().forEach(cidr -> used.put(cidr, new ArrayList<>()));
    }
    for (IpAddress address : all) {
      Cidr cidr = networks.of(address);
      if (cidr != null) {
        used.computeIfAbsent(cidr, c -> new ArrayList<>()).add(address);
      }
    }
    Map<Cidr, Integer> sizes = new HashMap<>();
    used.forEach((cidr, hosts) -> sizes.put(cidr, size(cidr, hosts)));
    List<Cidr> largestFirst = new ArrayList<>(used.keySet());
    largestFirst.sort((a, b) -> sizes.getOrDefault(b, 0) - sizes.getOrDefault(a, 0));
    Map<Cidr, BigInteger> next = new HashMap<>();
    for (Cidr cidr : largestFirst) {
      int size = sizes.getOrDefault(cidr, 0);
      Cidr mask = take(cidr.address().isV6() ? POOLS_V6 : POOLS_V4, size, next);
      masks.put(cidr, mask);
      number(cidr, mask, used.getOrDefault(cidr, List.of()), size);
    }
  }

  /** How many bits of the mask tell hosts apart. */
  private static int size(Cidr cidr, List<IpAddress> hosts) {
    int size = Subnets.bits(cidr.address()) - cidr.prefixLength();
    int kept = cidr.address().isV6() ? KEPT_V6 : KEPT_V4;
    if (size <= kept) {
      return size;
    }
    int needed = Math.max(kept, 32 - Integer.numberOfLeadingZeros(hosts.size() + 1));
    return cidr.address().isV6() ? Math.max(needed, Math.min(size, 64)) : needed;
  }

  private static Cidr take(List<Cidr> pools, int size, Map<Cidr, BigInteger> next) {
    for (Cidr pool : pools) {
      BigInteger step = BigInteger.ONE.shiftLeft(size);
      BigInteger start = next.getOrDefault(pool, number(pool.address()));
      BigInteger aligned =
          start.add(step).subtract(BigInteger.ONE).shiftRight(size).shiftLeft(size);
      BigInteger end = aligned.add(step);
      int bits = Subnets.bits(pool.address());
      BigInteger limit =
          number(pool.address()).add(BigInteger.ONE.shiftLeft(bits - pool.prefixLength()));
      if (end.compareTo(limit) <= 0) {
        next.put(pool, end);
        return Cidr.of(address(aligned, bits), bits - size);
      }
    }
    throw exhausted();
  }

  private static PeersException exhausted() {
    return new SourceUnavailableException(
        "the ranges for masked addresses",
        "expected no more addresses than the ranges for documentation hold, found more; record"
            + " without masking addresses, or fewer peers");
  }

  /** Keeps the places of hosts in their network where all of them are small, else counts. */
  private void number(Cidr cidr, Cidr mask, List<IpAddress> hosts, int size) {
    int kept = cidr.address().isV6() ? KEPT_V6 : KEPT_V4;
    BigInteger first = number(cidr.address());
    boolean keep =
        hosts.stream()
            .allMatch(host -> number(host).subtract(first).bitLength() <= Math.min(size, kept));
    BigInteger base = number(mask.address());
    BigInteger count = BigInteger.ZERO;
    for (IpAddress host : hosts) {
      BigInteger place = number(host).subtract(first);
      if (!keep && place.signum() > 0) {
        count = count.add(BigInteger.ONE);
        place = count;
      }
      addresses.put(host, address(base.add(place), Subnets.bits(host)));
    }
  }

  private static BigInteger number(IpAddress address) {
    return new BigInteger(1, address.toInetAddress().getAddress());
  }

  private static IpAddress address(BigInteger number, int bits) {
    byte[] bytes = new byte[bits / 8];
    byte[] given = number.toByteArray();
    for (int i = 1; i <= Math.min(bytes.length, given.length); i++) {
      bytes[bytes.length - i] = given[given.length - i];
    }
    try {
      return IpAddress.parse(InetAddress.getByAddress(bytes).getHostAddress());
    } catch (UnknownHostException impossible) {
      throw new AssertionError("4 and 16 bytes are addresses", impossible);
    }
  }

  /** The networks as they are to be shown, of those that were given. */
  Network network(Network network) {
    return new Network(
        network.name(),
        network.cidrs().stream().map(cidr -> masks.getOrDefault(cidr, cidr)).toList());
  }

  /** A node with other addresses, also in what it published and in its labels. */
  PeerNode node(PeerNode node) {
    List<PeerAddress> candidates =
        node.addresses().stream()
            .map(
                candidate ->
                    PeerAddress.of(
                        candidate
                            .ip()
                            .map(ip -> address(ip, candidate.subnet().orElse(null)))
                            .orElseGet(() -> hostName(candidate.text())),
                        candidate.source()))
            .toList();
    PeerNode.Builder masked =
        PeerNode.builder(PeerId.of(text(node.id().value())))
            .addresses(candidates)
            .suspect(node.suspect());
    node.settings().forEach((key, value) -> masked.setting(key, names(text(value))));
    node.labels().forEach((key, value) -> masked.label(key, names(text(value))));
    node.address()
        .ifPresent(
            address ->
                masked.selected(candidates.get(node.addresses().indexOf(address)), node.rule()));
    return masked.build();
  }

  private String hostName(String text) {
    return hostNames.getOrDefault(text, text(text));
  }

  private String address(IpAddress ip, @Nullable Cidr subnet) {
    IpAddress mask = addresses.getOrDefault(ip, ip);
    return subnet == null ? mask.toString() : mask + "/" + length(ip, subnet.prefixLength());
  }

  /** The prefix length that goes with a mask: that of its network where it was that. */
  private int length(IpAddress ip, int length) {
    Cidr network = networks.of(ip);
    Cidr mask = network == null ? null : masks.get(network);
    if (network == null || mask == null) {
      return length;
    }
    return length == network.prefixLength()
        ? mask.prefixLength()
        : Math.max(mask.prefixLength(), length);
  }

  /** A text with other addresses in it. */
  private String text(String text) {
    return ADDRESS
        .matcher(text)
        .replaceAll(
            match -> {
              String written = match.group(1);
              String length = match.group(2);
              IpAddress ip = parsed(written);
              if (ip == null && embedded(written) > 0) {
                int from = embedded(written);
                return Matcher.quoteReplacement(
                    written.substring(0, from) + text(match.group().substring(from)));
              }
              if (ip == null || !addresses.containsKey(ip)) {
                return Matcher.quoteReplacement(match.group());
              }
              boolean prefix = length != null && Integer.parseInt(length) <= Subnets.bits(ip);
              return Matcher.quoteReplacement(
                  addresses.getOrDefault(ip, ip)
                      + (length == null
                          ? ""
                          : "/" + (prefix ? length(ip, Integer.parseInt(length)) : length)));
            });
  }

  /** A text with other host names in it; those without a dot could be any word. */
  private String names(String text) {
    String masked = text;
    for (Map.Entry<String, String> name : hostNames.entrySet()) {
      if (name.getKey().indexOf('.') > 0 && masked.contains(name.getKey())) {
        masked =
            masked.replaceAll(
                "(?<![0-9A-Za-z.-])"
                    + Pattern.quote(name.getKey())
                    + "(?![0-9A-Za-z-]|\\.[0-9A-Za-z])",
                Matcher.quoteReplacement(name.getValue()));
      }
    }
    return masked;
  }
}
