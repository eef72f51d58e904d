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
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import magpie.peers.PeerAddress;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.lab.Diagnostics.Place;
import magpie.peers.text.Quote;
import magpie.peers.topology.TopologyText;
import magpie.peers.topology.yaml.YamlText;
import org.jspecify.annotations.Nullable;

/**
 * A static Ansible inventory: hosts, groups within groups, and variables of both.
 *
 * <p>The rules are those of Ansible's own {@code ini} and {@code yaml} inventory plugins, as its
 * inventory guide describes them: all hosts are in {@code all}, those of no other group in {@code
 * ungrouped}, and variables of a host count before those of its groups, inner groups before outer
 * ones, a higher {@code ansible_group_priority} before a lower, a later name before an earlier.
 */
final class AnsibleInventory {
  private static final String ALL = "all";
  private static final String UNGROUPED = "ungrouped";
  private static final String OWN = "ansible_";
  private static final Pattern INI_LINE = Pattern.compile("\\[.*\\]|[^:\\s]+(\\s.*)?");

  /**
   * A variable as it is written; the value is null where it is no text.
   *
   * @param foreign what about it only Ansible can read; empty where nothing is
   */
  private record Variable(@Nullable String value, Place place, Optional<String> foreign) {
    Variable(@Nullable String value, Place place) {
      this(value, place, value == null ? Optional.empty() : YamlValue.template(value));
    }
  }

  private static final class Group {
    private final String name;
    private final int number;
    private final Place place;
    private final Map<String, Variable> variables = new LinkedHashMap<>();
    private final Set<String> hosts = new LinkedHashSet<>();
    private final Set<String> children = new LinkedHashSet<>();
    private int depth;

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

  private static final class Host {
    private final String name;
    private final Place place;
    private final Map<String, Variable> variables = new LinkedHashMap<>();
    private final List<Group> groups = new ArrayList<>();

    Host(String name, Place place) {
      this.name = name;
      this.place = place;
    }
  }

  private final Diagnostics diagnostics;
  private final Map<String, Group> groups = new LinkedHashMap<>();
  private final Map<String, Host> hosts = new LinkedHashMap<>();
  private final Set<YamlValue.Field> seen = new HashSet<>();

  private AnsibleInventory(Diagnostics diagnostics) {
    this.diagnostics = diagnostics;
    group(ALL, new Place(1, 1, 1));
  }

  /** Reads an inventory in either form; what is wrong is added to the diagnostics. */
  static Imported.Content read(String shown, Diagnostics diagnostics) {
    String first = diagnostics.firstLine();
    if (first.startsWith("$ANSIBLE_VAULT")) {
      diagnostics.error(
          "vault",
          Place.in(1, first, null),
          "expected an inventory, found one encrypted by vault",
          "",
          "decrypt a copy with ansible-vault view and import that");
    }
    diagnostics.refuse();
    if (isYaml(diagnostics.text())) {
      return read(YamlValue.read(diagnostics, true), shown, diagnostics);
    }
    AnsibleInventory inventory = new AnsibleInventory(diagnostics);
    if (diagnostics.linesWithin(Ini.LONGEST_LINE)) {
      new Ini(inventory).read();
    }
    return inventory.content(shown);
  }

  /** Reads an inventory in the form of YAML. */
  static Imported.Content read(@Nullable YamlValue root, String shown, Diagnostics diagnostics) {
    AnsibleInventory inventory = new AnsibleInventory(diagnostics);
    if (root != null) {
      inventory.yaml(root);
    } else if (!diagnostics.hasErrors()) {
      diagnostics.error(
          "empty",
          new Place(1, 1, 1),
          "expected an inventory, found an empty file",
          "",
          "name another file");
    }
    return inventory.content(shown);
  }

  /**
   * Whether the first line that says anything says it in YAML: JSON too, a key with its colon, or a
   * document marker. In INI it is a section in brackets or a host.
   */
  private static boolean isYaml(YamlText text) {
    for (String line : text.lines()) {
      String stripped = line.strip();
      if (stripped.isEmpty() || stripped.startsWith("#") || stripped.startsWith(";")) {
        continue;
      }
      return stripped.startsWith("---")
          || stripped.startsWith("{")
          || stripped.startsWith("%YAML")
          || stripped.matches("(\"[^\"]*\"|'[^']*'|[^\\s=\\[\\]:]+)\\s*:(\\s.*)?")
          || (!INI_LINE.matcher(stripped).matches() && stripped.contains(": "));
    }
    return false;
  }

  /** Whether a line that is no UTF-8 is only a comment, which Ansible does not decode. */
  static boolean isComment(byte first) {
    return first == '#' || first == ';';
  }

  /** Says that a file is in TOML. */
  static void refuseToml(Diagnostics diagnostics, Place place, @Nullable String line) {
    diagnostics.error(
        "toml",
        place,
        "expected an inventory in INI or YAML, found "
            + (line == null ? "one in TOML" : "a line of TOML: " + Quote.of(line.strip())),
        "",
        "import what it says: ansible-inventory -i FILE --list --yaml");
  }
}
