/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.lab;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import magpie.peers.PeerAddress;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.lab.AnsibleGroups.Group;
import magpie.peers.lab.AnsibleGroups.Host;
import magpie.peers.lab.AnsibleGroups.Variable;
import magpie.peers.text.Quote;
import magpie.peers.topology.TopologyText;

/**
 * Makes nodes of the hosts of an inventory: the groups that a host is in, the variables that apply
 * to it, its id and its address.
 *
 * <p>All hosts are in {@code all}, those of no other group in {@code ungrouped}. Variables of a
 * host override those of its groups, inner groups override outer ones, a higher {@code
 * ansible_group_priority} overrides a lower, and a later name an earlier.
 */
final class AnsibleNodes {
  private static final String OWN = "ansible_";

  private final AnsibleGroups groups;
  private final Diagnostics diagnostics;

  AnsibleNodes(AnsibleGroups groups, Diagnostics diagnostics) {
    this.groups = groups;
    this.diagnostics = diagnostics;
  }

  /** The nodes of a read inventory; what none of them can hold is noted. */
  Imported.Content content(String shown) {
    Map<String, List<Group>> parents = new HashMap<>();
    for (Group group : groups.groups().values()) {
      for (String child : group.children) {
        parents.computeIfAbsent(child, c -> new ArrayList<>()).add(group);
      }
    }
    if (!acyclic(parents)) {
      return new Imported.Content("imported", List.of(), List.of());
    }
    Set<String> full = new HashSet<>();
    List<PeerNode> nodes = new ArrayList<>();
    Ids ids = new Ids();
    for (Host host : groups.hosts()) {
      Set<Group> of = groupsOf(host, parents);
      of.forEach(group -> full.add(group.name));
      nodes.add(node(host, of, ids));
    }
    for (Group group : groups.groups().values()) {
      if (!full.contains(group.name)
          && !group.name.equals(AnsibleGroups.ALL)
          && !group.name.equals(AnsibleGroups.UNGROUPED)) {
        diagnostics.leaveOut("group " + Quote.of(group.name), "it has no hosts", group.place);
      }
    }
    return new Imported.Content(Imported.nameOf(shown), List.of(), nodes);
  }

  /** Sets how deep every group is; false if a group is within itself. */
  private boolean acyclic(Map<String, List<Group>> parents) {
    Map<String, Integer> waiting = new HashMap<>();
    Deque<Group> ready = new ArrayDeque<>();
    for (Group group : groups.groups().values()) {
      waiting.put(group.name, parents.getOrDefault(group.name, List.of()).size());
      group.depth = group.name.equals(AnsibleGroups.ALL) ? 0 : 1;
      if (!parents.containsKey(group.name)) {
        ready.add(group);
      }
    }
    int done = 0;
    while (!ready.isEmpty()) {
      Group group = ready.remove();
      done++;
      for (String name : group.children) {
        Group child = groups.groups().get(name);
        if (child != null) {
          child.depth = Math.max(child.depth, group.depth + 1);
          if (waiting.merge(name, -1, Integer::sum) == 0) {
            ready.add(child);
          }
        }
      }
    }
    if (done == groups.groups().size()) {
      return true;
    }
    groups.groups().values().stream()
        .filter(group -> waiting.getOrDefault(group.name, 0) > 0)
        .findFirst()
        .ifPresent(
            group ->
                diagnostics.error(
                    "group-loop",
                    group.place,
                    "expected groups within others, found "
                        + Quote.of(group.name)
                        + " within itself or within groups that are",
                    "",
                    "remove one of the children"));
    return false;
  }

  /** The groups that a host is in, the outer ones first: the order in which variables count. */
  private Set<Group> groupsOf(Host host, Map<String, List<Group>> parents) {
    Set<Group> of =
        new TreeSet<>(
            Comparator.comparingInt((Group group) -> group.depth)
                .thenComparingInt(Group::priority)
                .thenComparing(group -> group.name));
    Deque<Group> open = new ArrayDeque<>();
    open.addAll(host.groups);
    while (!open.isEmpty()) {
      Group group = open.remove();
      if (of.add(group)) {
        open.addAll(parents.getOrDefault(group.name, List.of()));
      }
    }
    Group all = groups.groups().get(AnsibleGroups.ALL);
    if (all != null) {
      of.add(all);
    }
    return of;
  }

  private PeerNode node(Host host, Set<Group> of, Ids ids) {
    Map<String, Variable> variables = new TreeMap<>();
    for (Group group : of) {
      diagnostics.grow((long) Diagnostics.LINE * group.variables.size(), host.place);
      variables.putAll(group.variables);
    }
    variables.putAll(host.variables);
    PeerNode.Builder node = PeerNode.builder(id(host, ids));
    address(host, variables, node);
    variables.forEach(
        (key, variable) -> {
          if (key.startsWith(OWN)) {
            if (!key.equals("ansible_host") && !key.equals("ansible_ssh_host")) {
              diagnostics.leaveOut("variable " + key, "it is for Ansible alone", variable.place());
            }
          } else if (variable.foreign().isPresent()) {
            diagnostics.leaveOut(
                "variable " + Quote.of(key), "it is " + variable.foreign().get(), variable.place());
          } else if (variable.value() == null || variable.value().isEmpty()) {
            diagnostics.leaveOut(
                "variable " + Quote.of(key), "a setting is one text, not empty", variable.place());
          } else {
            node.setting(key, variable.value());
          }
        });
    List<String> direct = new ArrayList<>();
    List<Group> written = new ArrayList<>(of);
    written.sort(Comparator.comparingInt(group -> group.number));
    for (Group group : written) {
      if (group.name.equals(AnsibleGroups.ALL) || group.name.equals(AnsibleGroups.UNGROUPED)) {
        continue;
      }
      node.label("group." + group.name, "true");
      if (group.hosts.contains(host.name)) {
        direct.add(group.name);
      }
    }
    if (!direct.isEmpty()) {
      node.label("group", String.join(",", direct));
    }
    PeerNode built = node.build();
    diagnostics.grow(built, host.place);
    return built;
  }

  /** The ids that are given out, and for each name how many times it was tried for another. */
  private static final class Ids {
    private final Set<String> taken = new HashSet<>();
    private final Map<String, Integer> last = new HashMap<>();

    String free(String name) {
      String free = name;
      while (!taken.add(free)) {
        free = name + "-" + last.merge(name, 2, (n, first) -> n + 1);
      }
      return free;
    }
  }

  private PeerId id(Host host, Ids ids) {
    String fit = host.name.replaceAll("[^A-Za-z0-9._-]", "-").replaceFirst("^[^A-Za-z0-9]+", "");
    fit = fit.substring(0, Math.min(240, fit.length()));
    String free = ids.free(fit.isEmpty() ? "host" : fit);
    if (!free.equals(host.name)) {
      String why =
          YamlValue.template(host.name).map(it -> "it is " + it).orElse("it is no peer id");
      diagnostics.leaveOut(
          "the name " + Quote.of(host.name), why + "; the node is " + free, host.place);
    }
    return PeerId.of(free);
  }

  private void address(Host host, Map<String, Variable> variables, PeerNode.Builder node) {
    Variable given = variables.getOrDefault("ansible_host", variables.get("ansible_ssh_host"));
    Optional<String> foreign =
        given == null || (given.value() == null && given.foreign().isEmpty())
            ? YamlValue.template(host.name)
            : given.foreign();
    if (foreign.isPresent()) {
      diagnostics.leaveOut(
          "the address of " + host.name,
          "it is " + foreign.get(),
          given == null ? host.place : given.place());
      return;
    }
    String text = given == null || given.value() == null ? host.name : given.value();
    PeerAddress address = PeerAddress.of(text, TopologyText.ADDRESS);
    if (address.ip().isPresent()) {
      node.addresses(List.of(address));
    } else if (TopologyText.isHostName(text)) {
      node.address(text, TopologyText.HOSTNAME);
    } else {
      diagnostics.leaveOut(
          "the address " + Quote.of(text) + " of " + host.name,
          "it is neither an IP address nor a host name",
          given == null ? host.place : given.place());
    }
  }
}
