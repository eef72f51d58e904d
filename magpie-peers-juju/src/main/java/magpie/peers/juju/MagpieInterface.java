/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import magpie.peers.IpAddress;
import magpie.peers.NodeFilter;
import magpie.peers.Notice;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;

/**
 * The vocabulary of the original Python interface over a view: its two states, its methods, and its
 * keys on the wire, so that a charm can be ported name by name, and Java and Python units can share
 * a relation while an application is upgraded.
 *
 * <pre>{@code
 * MagpieInterface magpie = MagpieInterface.of(peers);
 * if (!magpie.joined().isEmpty()) { // @when('magpie.joined')
 *   for (PeerNode node : magpie.getNodes("10.20.0.0/16")) {
 *     configure(node.id(), node.requireAddress());
 *   }
 *   magpie.dismissJoined();
 * }
 * }</pre>
 *
 * <p>The methods have the names of the original. What they do differently on purpose is said at
 * each, and in docs/python.md.
 *
 * <p>Writing is exact: what a Python unit reads is what a Python unit would have written. Reading
 * is tolerant: a value that cannot be understood counts as none, since one peer's bad value must
 * not stop the others. Names are compared as a whole: {@code magpie/1} is not found in {@code
 * magpie/10}.
 *
 * <p>The keys are settings like any others, so this works on a view of any backend that publishes.
 * Every method reads or writes through the view, with its guarantees and exceptions. Safe for use
 * by many threads.
 */
public final class MagpieInterface {
  private static final String SERVER = "iperf.server";
  private static final String CHECKED = "iperf.checked";

  private final PeerView view;

  /** What the states showed last, and what dismissing them dismisses (N3). */
  private volatile List<Notice> joined = List.of();

  private volatile List<Notice> departed = List.of();

  private MagpieInterface(PeerView view) {
    this.view = view;
  }

  /**
   * Speaks the original's keys over a view.
   *
   * @param view the view, which stays the caller's to close
   * @return the interface
   */
  public static MagpieInterface of(PeerView view) {
    return new MagpieInterface(Objects.requireNonNull(view, "view"));
  }

  /**
   * Returns the state {@code joined}: the peers that joined and were not dismissed. This records
   * who is there, as {@link PeerView#notices()} does (N6).
   *
   * <p>The original holds one flag for all; here each peer has its notice.
   *
   * @return the notices, ordered by id; the flag of the original is set while there are any
   */
  public List<Notice> joined() {
    joined = view.notices().joined();
    return joined;
  }

  /**
   * Returns the state {@code departed}: the peers that departed and were not dismissed. This
   * records who is there, as {@link PeerView#notices()} does (N6).
   *
   * <p>The flag of the original stays for ever unless it is dismissed in the very hook that sets
   * it; these notices can be dismissed in any hook.
   *
   * @return the notices, ordered by id, with what was last known of each peer (N5)
   */
  public List<Notice> departed() {
    departed = view.notices().departed();
    return departed;
  }

  /**
   * Returns all peers, in every hook and whatever was dismissed (M3).
   *
   * <p>The original returns the peers whose joined notice was not dismissed, and in a handler of
   * {@code departed} those that left.
   *
   * @return the peers in the order of their ids; an address may be missing
   */
  public List<PeerNode> getNodes() {
    return view.nodes();
  }

  /**
   * Returns the peers that have an address in a network, with the first such address selected (A2).
   *
   * <p>A peer without an address there is left out. The original gives its {@code private-address}
   * without a word; for that, use {@link NodeFilter#preferNetwork(String)}, which marks such peers.
   *
   * @param cidr a CIDR such as {@code 10.20.0.0/16}, or the name of a network
   * @return the peers in the order of their ids
   * @throws IllegalArgumentException if the text is neither; a CIDR with host bits or a netmask is
   *     refused, where the original takes it
   */
  public List<PeerNode> getNodes(String cidr) {
    return view.nodes(NodeFilter.inNetwork(cidr));
  }

  /**
   * Dismisses what {@link #joined()} returned last, and nothing that arrived since (N3).
   *
   * <p>The original forgets the peers themselves with the flag; here they stay listed (M3).
   *
   * @return what was dismissed; nothing if {@code joined()} was not called
   */
  public List<Notice> dismissJoined() {
    return view.dismiss(joined);
  }

  /**
   * Dismisses what {@link #departed()} returned last, and nothing that arrived since (N3).
   *
   * @return what was dismissed; nothing if {@code departed()} was not called
   */
  public List<Notice> dismissDeparted() {
    return view.dismiss(departed);
  }

  /**
   * Publishes addresses under {@code iperf_addresses}: a JSON list, sorted as text, of the IPv4
   * addresses among those given, because the original knows no others.
   *
   * @param addresses the addresses
   * @return whether anything was written
   */
  public boolean advertiseAddresses(Collection<IpAddress> addresses) {
    Set<String> sorted = new TreeSet<>();
    for (IpAddress address : addresses) {
      if (!address.isV6()) {
        sorted.add(address.toString());
      }
    }
    List<String> quoted = sorted.stream().map(text -> "\"" + text + "\"").toList();
    return view.publish(Bags.IPERF_ADDRESSES, "[" + String.join(", ", quoted) + "]");
  }

  /**
   * Returns the IPv4 addresses that each peer advertised.
   *
   * @return the addresses in the order in which each peer gave them, without what is no strict
   *     address; peers that advertised none are left out; unmodifiable
   */
  public Map<PeerId, List<IpAddress>> advertisedAddresses() {
    Map<PeerId, List<IpAddress>> all = new TreeMap<>();
    for (PeerNode peer : view.nodes()) {
      List<IpAddress> addresses = new ArrayList<>();
      for (String text : Bags.texts(peer.settings().get(Bags.IPERF_ADDRESSES))) {
        try {
          addresses.add(IpAddress.parse(text));
        } catch (IllegalArgumentException e) {
          // The original lets such an entry fail every hook of every other unit; here it is none.
        }
      }
      if (!addresses.isEmpty()) {
        all.put(peer.id(), List.copyOf(addresses));
      }
    }
    return Collections.unmodifiableMap(all);
  }

  /**
   * Publishes that this unit's iperf server is ready: {@code iperf.server} is {@code True}.
   *
   * @return whether anything was written
   */
  public boolean setIperfServerReady() {
    return view.publish(SERVER, "True");
  }

  /**
   * Returns the peers whose iperf server is ready: as in the original, any text counts.
   *
   * @return the peers in the order of their ids
   */
  public List<PeerNode> checkReadyIperfServers() {
    return view.nodes().stream()
        .filter(peer -> !peer.settings().getOrDefault(SERVER, "").isEmpty())
        .toList();
  }

  /**
   * Publishes which peers this unit has checked, as the text of a Python list such as {@code ['None
   * magpie/1', 'None magpie/2']}.
   *
   * <p>The original repeats in each entry what that peer's own list was, so that two units which
   * answer each other double the text every time. All that any reader looks for is the name, so the
   * text in front of it stays at the original's word for "nothing yet", {@code None}.
   *
   * @param peers the peers that have been checked, all of them so far
   * @return whether anything was written
   */
  public boolean setIperfChecked(Collection<PeerId> peers) {
    List<String> entries =
        new TreeSet<>(peers).stream().map(peer -> "'None " + peer + "'").toList();
    return view.publish(CHECKED, "[" + String.join(", ", entries) + "]");
  }

  /**
   * Returns which peers each peer has checked, this unit perhaps among them.
   *
   * @return the checked ids for each peer that published some; unmodifiable
   */
  public Map<PeerId, Set<PeerId>> getIperfChecked() {
    Map<PeerId, Set<PeerId>> all = new TreeMap<>();
    for (PeerNode peer : view.nodes()) {
      Set<PeerId> ids = new TreeSet<>();
      for (String entry : pythonList(peer.settings().getOrDefault(CHECKED, ""))) {
        String name = entry.substring(entry.lastIndexOf(' ') + 1);
        try {
          ids.add(PeerId.of(name));
        } catch (IllegalArgumentException e) {
          // No unit name, so it says nothing about a check.
        }
      }
      if (!ids.isEmpty()) {
        all.put(peer.id(), Collections.unmodifiableSet(ids));
      }
    }
    return Collections.unmodifiableMap(all);
  }

  /** The texts of a Python list as {@code repr} writes it; nothing where it is anything else. */
  static List<String> pythonList(String text) {
    List<String> entries = new ArrayList<>();
    String list = text.strip();
    if (!list.startsWith("[") || !list.endsWith("]")) {
      return entries;
    }
    int end = list.length() - 1;
    int i = 1;
    while (i < end) {
      char quote = list.charAt(i);
      if (quote != '\'' && quote != '"') {
        i++;
        continue;
      }
      StringBuilder entry = new StringBuilder();
      i++;
      while (i < end && list.charAt(i) != quote) {
        if (list.charAt(i) == '\\' && i + 1 < end) {
          i++;
        }
        entry.append(list.charAt(i++));
      }
      i++;
      entries.add(entry.toString());
    }
    return entries;
  }
}
