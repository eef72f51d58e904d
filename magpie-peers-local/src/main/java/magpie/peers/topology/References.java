/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology;

import java.util.List;
import java.util.Optional;
import magpie.peers.Cidr;
import magpie.peers.IpAddress;
import magpie.peers.PeerAddress;
import magpie.peers.text.Quote;
import magpie.peers.topology.yaml.Code;
import magpie.peers.topology.yaml.Problems;
import magpie.peers.topology.yaml.YamlText;
import org.jspecify.annotations.Nullable;

/** Checks what refers to something else in the file, once all of it was read. */
final class References {
  private final YamlText text;
  private final Problems problems;
  private final DeclaredNetworks networks;
  private final Defaults defaults;
  private final @Nullable String application;
  private final Drafts drafts;

  References(
      YamlText text,
      Problems problems,
      DeclaredNetworks networks,
      Defaults defaults,
      @Nullable String application,
      Drafts drafts) {
    this.text = text;
    this.problems = problems;
    this.networks = networks;
    this.defaults = defaults;
    this.application = application;
    this.drafts = drafts;
  }

  void check() {
    networks.check(problems, text);
    String network = defaults.network;
    if (network != null && !networks.has(network) && networks.namesKnown()) {
      List<String> names = networks.names();
      problems.add(
          Code.UNKNOWN_NETWORK,
          defaults.networkPlace,
          names.isEmpty()
              ? "expected a network of this file, found " + Quote.of(network) + " and no networks"
              : "expected one of " + some(names) + ", found " + Quote.of(network),
          "defaults.network",
          names.isEmpty()
              ? "add the network under \"networks\""
              : Quote.nearest(network, names)
                  .map(meant -> "write " + meant)
                  .orElse("write the name of a network, or add this one under \"networks\""));
    }
    FirstOccurrences<IpAddress> addresses = new FirstOccurrences<>(drafts.addresses.count());
    int others = 0;
    int firstOther = -1;
    for (int i = 0; i < drafts.nodes.size(); i++) {
      NodeDraft draft = drafts.nodes.get(i);
      for (int k = 0; k < draft.addressCount; k++) {
        PeerAddress candidate = draft.candidates.get(k);
        IpAddress ip = candidate == null ? null : candidate.ip().orElse(null);
        // The numbers of addresses are those of their places.
        while (addresses.count() < draft.firstPlace + k) {
          addresses.pass();
        }
        if (candidate == null || ip == null) {
          continue;
        }
        if (!draft.departed() && !draft.repeated && !draft.observed) {
          int first = addresses.add(ip);
          if (first >= 0) {
            duplicateAddress(draft, k, candidate, first);
          }
        }
        place(draft, k, candidate, ip);
      }
      if (draft.candidates.isEmpty() && !draft.departed() && !draft.faulty) {
        problems.add(
            Code.NO_ADDRESS,
            drafts.ids.get(i),
            "expected addresses or a host name, found neither: no peer can reach this node",
            "nodes." + draft.writtenId,
            "add \"addresses\", or \"hostname\" where no address is known");
      }
      int slash = draft.writtenId.indexOf('/');
      if (slash > 0 && application != null && !draft.writtenId.startsWith(application + "/")) {
        firstOther = others++ == 0 ? i : firstOther;
      }
    }
    if (others > 0) {
      problems.add(
          Code.OTHER_APPLICATION,
          drafts.ids.get(firstOther),
          "expected ids that begin with \""
              + application
              + "/\", as the application is named, found "
              + Quote.of(drafts.nodes.get(firstOther).writtenId)
              + (others == 1 ? "" : " and " + (others - 1) + " more"),
          "nodes." + drafts.nodes.get(firstOther).writtenId,
          "correct the ids or \"application\"");
    }
  }

  private void duplicateAddress(NodeDraft draft, int index, PeerAddress candidate, int first) {
    int low = 0;
    int high = drafts.nodes.size() - 1;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (drafts.nodes.get(middle).firstPlace <= first) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    NodeDraft other = drafts.nodes.get(low);
    YamlText.Position at = text.locate(drafts.addresses.get(first));
    problems.add(
        Code.DUPLICATE_ADDRESS,
        drafts.addresses.get(draft.firstPlace + index),
        other == draft
            ? "expected every address once, found "
                + candidate.text()
                + " again; it is first at "
                + at
            : "expected an address of this node alone, found "
                + candidate.text()
                + ", which "
                + other.writtenId
                + " has too ("
                + at
                + ")",
        draft.path(index),
        other == draft
            ? "remove one of the two"
            : "correct one of the two, give the node that left \"state: departed\", or list an"
                + " address that nodes share, such as that of a service, under \"candidates\"");
  }

  private void place(NodeDraft draft, int index, PeerAddress candidate, IpAddress ip) {
    DeclaredNetworks.Declared network = networks.of(ip);
    Optional<Cidr> subnet = candidate.subnet();
    long place = drafts.addresses.get(draft.firstPlace + index);
    // Observed addresses cannot be corrected here.
    if (!draft.observed && (network != null || networks.isEmpty())) {
      // The address of a point-to-point link or a loopback is the first of a pool and no mistake.
      HostAddress.whyNot(ip, subnet.orElse(network == null ? null : network.cidr()))
          .ifPresent(
              reason ->
                  problems.add(
                      Code.UNUSABLE_ADDRESS,
                      place,
                      "expected an address that a host can have, found "
                          + candidate.text()
                          + ", "
                          + reason,
                      draft.path(index),
                      "write the address that the node itself has"));
    }
    if (networks.isEmpty()) {
      return;
    }
    if (network == null) {
      if (networks.mayMiss(ip)) {
        return;
      }
      problems.add(
          Code.ADDRESS_OUTSIDE_NETWORKS,
          place,
          candidate.text() + " is in none of: " + some(networks.names()),
          draft.path(index),
          "add a network "
              + subnet.map(cidr -> "for " + cidr).orElse("that contains " + candidate.text())
              + " or correct the address");
    } else if (subnet.isPresent() && disagree(subnet.get(), network.cidr())) {
      problems.add(
          Code.PREFIX_MISMATCH,
          place,
          "expected the prefix length of "
              + network.network()
              + ", which is "
              + network.cidr()
              + ", found "
              + candidate,
          draft.path(index),
          "write " + candidate.text() + "/" + network.cidr().prefixLength());
    }
  }

  /**
   * Whether a node has another idea of its network than the file: a wrong netmask, which lets some
   * peers be reached and others not. Loopback and point-to-point addresses, whose prefixes are
   * those of one or two addresses inside a declared pool, are no mistake.
   */
  private static boolean disagree(Cidr subnet, Cidr network) {
    int bits = subnet.address().isV6() ? 128 : 32;
    return subnet.prefixLength() != network.prefixLength() && subnet.prefixLength() < bits - 1;
  }

  private static String some(List<String> names) {
    return names.size() <= 12
        ? String.join(", ", names)
        : String.join(", ", names.subList(0, 12)) + " and " + (names.size() - 12) + " more";
  }
}
