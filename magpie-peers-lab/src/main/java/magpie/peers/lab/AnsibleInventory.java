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
  static Imported.Content read(String text, String shown, Diagnostics diagnostics) {
    if (text.startsWith("$ANSIBLE_VAULT")) {
      diagnostics.error(
          "vault",
          diagnostics.in(1, null),
          "expected an inventory, found one encrypted by vault",
          "",
          "decrypt a copy with ansible-vault view and import that");
    }
    diagnostics.refuse();
    if (isYaml(text)) {
      return read(YamlValue.read(text, diagnostics, true), shown, diagnostics);
    }
    AnsibleInventory inventory = new AnsibleInventory(diagnostics);
    if (diagnostics.linesWithin(Ini.LONGEST_LINE)) {
      new Ini(inventory, text).read();
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
  private static boolean isYaml(String text) {
    for (String line : text.split("\\R", -1)) {
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

  // ---- what stands in the file ----

  private Group group(String name, Place place) {
    return groups.computeIfAbsent(name, n -> new Group(n, groups.size(), place));
  }

  /** Adds the hosts that a pattern stands for, and returns them. */
  private List<Host> hosts(String pattern, Group group, Place place) {
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

  private void yaml(YamlValue root) {
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
    Group group = group(field.key(), field.place());
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
      hosts(one, group, part.value().place());
    } else if (mapping(part.value(), "the hosts of " + group.name)) {
      for (YamlValue.Field entry : part.value().fields().values()) {
        Map<String, Variable> given = new LinkedHashMap<>();
        variables(entry.value(), given, "the variables of " + entry.key());
        hosts(entry.key(), group, entry.place()).forEach(host -> host.variables.putAll(given));
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

  /** Whether there is a mapping; nothing at all is an empty one, what is encrypted is named. */
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

  /** The form of INI. */
  private static final class Ini {
    /** Each word is looked for in its line, to tell where it stands. */
    private static final int LONGEST_LINE = 1 << 16;

    private static final Pattern SECTION =
        Pattern.compile("\\[([^:\\]\\s]+)(?::(\\w+))?\\]\\s*(?:#.*)?");

    /** A key with a value of TOML; where a host is expected, no INI has it. */
    private static final Pattern TOML =
        Pattern.compile(
            "\\s*[\\w.\"'-]+\\s+=\\s+(?:[\\[{\"'].*|[+-]?[0-9].*|(?:true|false)\\s*(?:#.*)?)");

    private static final Pattern NAME = Pattern.compile("([^:\\]\\s]+)\\s*(?:#.*)?");

    private final AnsibleInventory inventory;
    private final Diagnostics diagnostics;
    private final String text;
    private final Map<String, Place> awaited = new LinkedHashMap<>();

    Ini(AnsibleInventory inventory, String text) {
      this.inventory = inventory;
      this.diagnostics = inventory.diagnostics;
      this.text = text;
    }

    void read() {
      if (refusesToml()) {
        return;
      }
      Group group = inventory.group(UNGROUPED, new Place(1, 1, 1));
      String kind = "hosts";
      int number = 0;
      for (String line : text.split("\\R", -1)) {
        number++;
        String stripped = strip(line);
        if (stripped.isEmpty() || stripped.startsWith("#") || stripped.startsWith(";")) {
          continue;
        }
        var section = SECTION.matcher(stripped);
        if (section.matches()) {
          Place place = diagnostics.in(number, section.group(1));
          kind = section.group(2) == null ? "hosts" : section.group(2);
          if (!Set.of("hosts", "children", "vars").contains(kind)) {
            diagnostics.error(
                "bad-section",
                diagnostics.in(number, kind),
                "expected a section of hosts, :children or :vars, found " + Quote.of(stripped),
                "",
                "correct the section");
          }
          if (kind.equals("vars") && !inventory.groups.containsKey(section.group(1))) {
            awaited.putIfAbsent(section.group(1), place);
          } else if (!kind.equals("vars")) {
            awaited.remove(section.group(1));
          }
          group = inventory.group(section.group(1), place);
        } else if (stripped.startsWith("[") && stripped.endsWith("]")) {
          diagnostics.error(
              "bad-section",
              diagnostics.in(number, stripped),
              "expected a section such as [web], [web:children] or [web:vars], found "
                  + Quote.of(stripped),
              "",
              "correct the section");
        } else {
          switch (kind) {
            case "hosts" -> host(stripped, number, group);
            case "children" -> child(stripped, number, group);
            case "vars" -> variable(stripped, number, group);
            default -> {
              // Reported with its section.
            }
          }
        }
      }
      awaited.forEach(
          (name, place) ->
              diagnostics.error(
                  "unknown-group",
                  place,
                  "expected a group that the inventory has, found " + Quote.of(name),
                  "",
                  "add [" + name + "], or remove this"));
    }

    /** Tells one line that is TOML, rather than every line that is therefore not INI. */
    private boolean refusesToml() {
      int number = 0;
      boolean hosts = true;
      for (String line : text.split("\\R", -1)) {
        number++;
        var section = SECTION.matcher(strip(line));
        hosts = section.matches() ? section.group(2) == null : hosts;
        if (hosts && TOML.matcher(line).matches()) {
          refuseToml(diagnostics, diagnostics.in(number, null), line);
          return true;
        }
      }
      return false;
    }

    /** Strips blanks as Python does, which knows more of them. */
    private static String strip(String text) {
      int from = 0;
      int to = text.length();
      while (from < to && blank(text.charAt(from))) {
        from++;
      }
      while (from < to && blank(text.charAt(to - 1))) {
        to--;
      }
      return text.substring(from, to);
    }

    private static boolean blank(char c) {
      return Character.isWhitespace(c) || Character.isSpaceChar(c);
    }

    /** Reads a value as Ansible does: as a literal of Python, else as text, comment and all. */
    private static Variable value(String written, Place place) {
      return PythonLiteral.of(written)
          .map(literal -> new Variable(literal.text(), place))
          .orElseGet(() -> new Variable(written, place));
    }

    private void host(String line, int number, Group group) {
      List<String> words = ShellWords.split(line);
      if (words == null) {
        diagnostics.error(
            "syntax",
            diagnostics.in(number, line),
            line.endsWith("\\")
                ? "expected a character behind the backslash, found the end of the line"
                : "expected a closing quote, found the end of the line",
            "",
            line.endsWith("\\")
                ? "remove the backslash; a line is not continued"
                : "close the quote");
        return;
      }
      if (words.isEmpty()) {
        return;
      }
      List<Host> hosts = inventory.hosts(words.get(0), group, diagnostics.in(number, words.get(0)));
      for (String word : words.subList(1, words.size())) {
        int equals = word.indexOf('=');
        Optional<String> template = YamlValue.template(line);
        if (equals < 1 && template.isPresent()) {
          diagnostics.error(
              "template",
              diagnostics.in(number, word),
              "expected KEY=VALUE behind the host, found "
                  + Quote.of(word)
                  + " of "
                  + template.get()
                  + ", which stands in no quotes",
              "",
              "write the value that the template comes to");
          return;
        }
        if (equals < 1) {
          diagnostics.error(
              "bad-variable",
              diagnostics.in(number, word),
              "expected KEY=VALUE behind the host, found " + Quote.of(word),
              "",
              "write KEY=VALUE, or the host on a line of its own");
          continue;
        }
        Variable variable = value(word.substring(equals + 1), diagnostics.in(number, word));
        hosts.forEach(host -> host.variables.put(word.substring(0, equals), variable));
      }
    }

    private void child(String line, int number, Group group) {
      var name = NAME.matcher(line);
      if (!name.matches()) {
        diagnostics.error(
            "bad-group",
            diagnostics.in(number, line),
            "expected the name of a group, found " + Quote.of(line),
            "",
            "write one group in each line");
        return;
      }
      String child = name.group(1);
      if (!inventory.groups.containsKey(child)) {
        awaited.putIfAbsent(child, diagnostics.in(number, child));
      }
      inventory.group(child, diagnostics.in(number, child));
      group.children.add(child);
    }

    private void variable(String line, int number, Group group) {
      int equals = line.indexOf('=');
      String key = equals < 0 ? "" : strip(line.substring(0, equals));
      if (key.isEmpty()) {
        diagnostics.error(
            "bad-variable",
            diagnostics.in(number, line),
            "expected KEY=VALUE, found " + Quote.of(line),
            "",
            "write KEY=VALUE");
        return;
      }
      group.variables.put(
          key, value(strip(line.substring(equals + 1)), diagnostics.in(number, key)));
    }
  }

  // ---- what it comes to ----

  private Imported.Content content(String shown) {
    Map<String, List<Group>> parents = new HashMap<>();
    for (Group group : groups.values()) {
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
    for (Host host : hosts.values()) {
      Set<Group> of = groupsOf(host, parents);
      of.forEach(group -> full.add(group.name));
      nodes.add(node(host, of, ids));
    }
    for (Group group : groups.values()) {
      if (!full.contains(group.name) && !group.name.equals(ALL) && !group.name.equals(UNGROUPED)) {
        diagnostics.leaveOut("group " + Quote.of(group.name), "it has no hosts", group.place);
      }
    }
    return new Imported.Content(Imported.nameOf(shown), List.of(), nodes);
  }

  /** Sets how deep every group is; false if a group is within itself. */
  private boolean acyclic(Map<String, List<Group>> parents) {
    Map<String, Integer> waiting = new HashMap<>();
    Deque<Group> ready = new ArrayDeque<>();
    for (Group group : groups.values()) {
      waiting.put(group.name, parents.getOrDefault(group.name, List.of()).size());
      group.depth = group.name.equals(ALL) ? 0 : 1;
      if (!parents.containsKey(group.name)) {
        ready.add(group);
      }
    }
    int done = 0;
    while (!ready.isEmpty()) {
      Group group = ready.remove();
      done++;
      for (String name : group.children) {
        Group child = groups.get(name);
        if (child != null) {
          child.depth = Math.max(child.depth, group.depth + 1);
          if (waiting.merge(name, -1, Integer::sum) == 0) {
            ready.add(child);
          }
        }
      }
    }
    if (done == groups.size()) {
      return true;
    }
    groups.values().stream()
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
    Group all = groups.get(ALL);
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
              diagnostics.leaveOut("variable " + key, "it is for Ansible alone", variable.place);
            }
          } else if (variable.foreign.isPresent()) {
            diagnostics.leaveOut(
                "variable " + Quote.of(key), "it is " + variable.foreign.get(), variable.place);
          } else if (variable.value == null || variable.value.isEmpty()) {
            diagnostics.leaveOut(
                "variable " + Quote.of(key), "a setting is one text, not empty", variable.place);
          } else {
            node.setting(key, variable.value);
          }
        });
    List<String> direct = new ArrayList<>();
    List<Group> written = new ArrayList<>(of);
    written.sort(Comparator.comparingInt(group -> group.number));
    for (Group group : written) {
      if (group.name.equals(ALL) || group.name.equals(UNGROUPED)) {
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
        given == null || (given.value == null && given.foreign.isEmpty())
            ? YamlValue.template(host.name)
            : given.foreign;
    if (foreign.isPresent()) {
      diagnostics.leaveOut(
          "the address of " + host.name,
          "it is " + foreign.get(),
          given == null ? host.place : given.place);
      return;
    }
    String text = given == null || given.value == null ? host.name : given.value;
    PeerAddress address = PeerAddress.of(text, TopologyText.ADDRESS);
    if (address.ip().isPresent()) {
      node.addresses(List.of(address));
    } else if (TopologyText.isHostName(text)) {
      node.address(text, TopologyText.HOSTNAME);
    } else {
      diagnostics.leaveOut(
          "the address " + Quote.of(text) + " of " + host.name,
          "it is neither an IP address nor a host name",
          given == null ? host.place : given.place);
    }
  }
}
