/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.lab;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import magpie.peers.lab.AnsibleGroups.Group;
import magpie.peers.lab.AnsibleGroups.Variable;
import magpie.peers.text.Quote;

/** Reads an inventory in the form of YAML: groups with hosts, variables and children. */
final class AnsibleYaml {
  private final AnsibleGroups groups;
  private final Diagnostics diagnostics;
  private final Set<YamlValue.Field> seen = new HashSet<>();

  AnsibleYaml(AnsibleGroups groups, Diagnostics diagnostics) {
    this.groups = groups;
    this.diagnostics = diagnostics;
  }

  /** Reads the groups at the root of a document. */
  void read(YamlValue root) {
    if (!root.isMapping()) {
      diagnostics.error(
          "wrong-type",
          root.place(),
          "expected a mapping of groups, found " + root.found(),
          "",
          "begin with \"all:\"");
      return;
    }
    Map<String, YamlValue.Field> fields = root.fields();
    YamlValue.Field plugin = fields.get("plugin");
    if (plugin != null) {
      diagnostics.error(
          "plugin",
          plugin.place(),
          "expected a static inventory, found the configuration of the inventory plugin "
              + Quote.of(String.valueOf(plugin.value().text())),
          "plugin",
          "import what it finds: ansible-inventory -i FILE --list --yaml");
      return;
    }
    for (YamlValue.Field field : fields.values()) {
      if (field.value().isMapping() || field.value().isNull()) {
        yamlGroup(field, 0);
      } else {
        diagnostics.leaveOut(
            "key " + Quote.of(field.key()),
            field
                .value()
                .foreign()
                .map(foreign -> "it is " + foreign)
                .orElse("it is no group, and Ansible skips it too"),
            field.place());
      }
    }
  }

  private void yamlGroup(YamlValue.Field field, int depth) {
    Group group = groups.group(field.key(), field.place());
    if (depth > 64) {
      diagnostics.error(
          "too-deep",
          field.place(),
          "expected groups within at most 64 others, found one more",
          "",
          "correct the nesting");
      return;
    }
    // An alias may lead here again, and 50 of them 2^25 times.
    if (!seen.add(field) || !mapping(field.value(), "the group " + field.key())) {
      return;
    }
    for (YamlValue.Field part : field.value().fields().values()) {
      switch (part.key()) {
        case "hosts" -> yamlHosts(part, group);
        case "vars" -> variables(part.value(), group.variables, "the variables of " + group.name);
        case "children" -> {
          if (mapping(part.value(), "the children of " + group.name)) {
            for (YamlValue.Field child : part.value().fields().values()) {
              group.children.add(child.key());
              yamlGroup(child, depth + 1);
            }
          }
        }
        default ->
            diagnostics.leaveOut(
                "key " + Quote.of(part.key()) + " of group " + group.name,
                "a group has hosts, vars and children, and Ansible skips it too",
                part.place());
      }
    }
  }

  private void yamlHosts(YamlValue.Field part, Group group) {
    String one = part.value().text();
    if (one != null && part.value().foreign().isEmpty()) {
      groups.hosts(one, group, part.value().place());
    } else if (mapping(part.value(), "the hosts of " + group.name)) {
      for (YamlValue.Field entry : part.value().fields().values()) {
        Map<String, Variable> given = new LinkedHashMap<>();
        variables(entry.value(), given, "the variables of " + entry.key());
        groups
            .hosts(entry.key(), group, entry.place())
            .forEach(host -> host.variables.putAll(given));
      }
    }
  }

  private void variables(YamlValue value, Map<String, Variable> into, String what) {
    if (mapping(value, what)) {
      value
          .fields()
          .values()
          .forEach(
              field ->
                  into.put(
                      field.key(),
                      new Variable(field.value().text(), field.place(), field.value().foreign())));
    }
  }

  /** Whether the value is a mapping; null is an empty one, and encrypted values are named. */
  private boolean mapping(YamlValue value, String what) {
    Optional<String> foreign = value.foreign();
    if (!value.isMapping() && foreign.isPresent()) {
      diagnostics.leaveOut(what, "it is " + foreign.get(), value.place());
    } else if (!value.isMapping() && !value.isNull()) {
      diagnostics.error(
          "wrong-type",
          value.place(),
          "expected a mapping for " + what + ", found " + value.found(),
          "",
          "write \"key: value\" lines, or nothing");
    }
    return value.isMapping();
  }
}
