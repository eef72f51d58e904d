/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.lab;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import magpie.peers.PeerAddress;
import magpie.peers.lab.Diagnostics.Place;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;

/** The hosts, groups and variables of an inventory as they are written, in either form. */
final class AnsibleGroups {
  static final String ALL = "all";
  static final String UNGROUPED = "ungrouped";

  /**
   * A variable as it is written; the value is null where it is no text.
   *
   * @param foreign what about it only Ansible can read; empty where nothing is
   */
  record Variable(@Nullable String value, Place place, Optional<String> foreign) {
    Variable(@Nullable String value, Place place) {
      this(value, place, value == null ? Optional.empty() : YamlValue.template(value));
    }
  }

  static final class Group {
    final String name;
    final int number;
    final Place place;
    final Map<String, Variable> variables = new LinkedHashMap<>();
    final Set<String> hosts = new LinkedHashSet<>();
    final Set<String> children = new LinkedHashSet<>();
    int depth;

    Group(String name, int number, Place place) {
      this.name = name;
      this.number = number;
      this.place = place;
    }

    int priority() {
      Variable given = variables.get("ansible_group_priority");
      String value = given == null ? null : given.value;
      return value != null && value.matches("[0-9]{1,9}") ? Integer.parseInt(value) : 1;
    }
  }

  static final class Host {
    final String name;
    final Place place;
    final Map<String, Variable> variables = new LinkedHashMap<>();
    final List<Group> groups = new ArrayList<>();

    Host(String name, Place place) {
      this.name = name;
      this.place = place;
    }
  }

  private final Diagnostics diagnostics;
  private final Map<String, Group> groups = new LinkedHashMap<>();
  private final Map<String, Host> hosts = new LinkedHashMap<>();

  AnsibleGroups(Diagnostics diagnostics) {
    this.diagnostics = diagnostics;
    group(ALL, new Place(1, 1, 1));
  }

  /** The groups by name, in the order in which the file names them. */
  Map<String, Group> groups() {
    return groups;
  }

  /** The hosts, in the order in which the file names them. */
  Iterable<Host> hosts() {
    return hosts.values();
  }

  /** The group of a name, which is new where the file names it first. */
  Group group(String name, Place place) {
    return groups.computeIfAbsent(name, n -> new Group(n, groups.size(), place));
  }

  /** Adds the hosts of a pattern, and returns them. */
  List<Host> hosts(String pattern, Group group, Place place) {
    if (pattern.endsWith(":")) {
      diagnostics.error(
          "bad-host",
          place,
          "expected the name of a host, found " + Quote.of(pattern),
          "",
          "leave the colon out; an inventory in YAML begins with a group");
      return List.of();
    }
    String named = pattern;
    String port = null;
    int bracket = pattern.lastIndexOf(']');
    int colon = pattern.lastIndexOf(':');
    boolean address = PeerAddress.of(pattern, "").ip().isPresent();
    if (!address && colon > bracket && pattern.substring(colon + 1).matches("[0-9]{1,5}")) {
      port = pattern.substring(colon + 1);
      named = pattern.substring(0, colon);
    }
    if (named.startsWith("[") && named.endsWith("]")) {
      String inner = named.substring(1, named.length() - 1);
      named = PeerAddress.of(inner, "").ip().isPresent() ? inner : named;
    }
    List<String> names;
    try {
      names = address ? List.of(named) : HostRange.expand(named);
    } catch (IllegalArgumentException e) {
      diagnostics.error(
          "bad-range",
          place,
          String.valueOf(e.getMessage()),
          "",
          "write a range such as web[01:20].example.com, or the hosts one by one");
      return List.of();
    }
    List<Host> added = new ArrayList<>();
    for (String name : names) {
      diagnostics.grow(Diagnostics.LINE + name.length(), place);
      Host host = hosts.computeIfAbsent(name, n -> new Host(n, place));
      if (group.hosts.add(name)) {
        host.groups.add(group);
      }
      if (port != null) {
        host.variables.put("ansible_port", new Variable(port, place));
      }
      added.add(host);
    }
    return added;
  }
}
