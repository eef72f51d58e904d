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
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;

/**
 * The keys on the wire of the original Python interface, so that Java and Python units can share a
 * relation while an application is upgraded.
 *
 * <p>Writing is exact: what a Python unit reads is what a Python unit would have written. Reading
 * is tolerant: a value that cannot be understood counts as none, since one peer's bad value must
 * not stop the others. Names are compared as a whole: {@code magpie/1} is not found in {@code
 * magpie/10}.
 *
 * <p>These are settings like any others, so this works on a view of any backend that publishes.
 * Every method reads or writes through the view, with its guarantees and exceptions.
 */
public final class MagpieInterface {
  private static final String SERVER = "iperf.server";
  private static final String CHECKED = "iperf.checked";

  private final PeerView view;

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
  public boolean serverReady() {
    return view.publish(SERVER, "True");
  }

  /**
   * Returns the peers whose iperf server is ready: as in the original, any text counts.
   *
   * @return the peers in the order of their ids
   */
  public List<PeerNode> readyServers() {
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
  public boolean markChecked(Collection<PeerId> peers) {
    List<String> entries =
        new TreeSet<>(peers).stream().map(peer -> "'None " + peer + "'").toList();
    return view.publish(CHECKED, "[" + String.join(", ", entries) + "]");
  }

  /**
   * Returns which peers each peer has checked, this unit perhaps among them.
   *
   * @return the checked ids for each peer that published some; unmodifiable
   */
  public Map<PeerId, Set<PeerId>> checked() {
    Map<PeerId, Set<PeerId>> all = new TreeMap<>();
    for (PeerNode peer : view.nodes()) {
      Set<PeerId> ids = new TreeSet<>();
      for (String entry : pythonList(peer.settings().getOrDefault(CHECKED, ""))) {
        String name = entry.substring(entry.lastIndexOf(' ') + 1);
        try {
          ids.add(PeerId.of(name));
        } catch (IllegalArgumentException e) {
          // No name, so nobody was checked by it.
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
