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
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
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
import org.jspecify.annotations.Nullable;

/**
 * A topology of containerlab.
 *
 * <p>Names of containers, the default management subnets, and which level overrides which (node,
 * group, kind, defaults) are as containerlab's manual has them: "Topology definition", "Network
 * wiring" and "Node configuration" on containerlab.dev.
 */
final class ContainerlabTopology {
  private static final String SUBNET_V4 = "172.20.20.0/24";
  private static final String SUBNET_V6 = "3fff:172:20:20::/64";
  private static final Set<String> NO_NODES = Set.of("bridge", "ovs-bridge", "host", "k8s-kind");
  private static final Set<String> CARRIED =
      Set.of(
          "kind",
          "group",
          "type",
          "labels",
          "mgmt-ipv4",
          "mgmt-ipv6",
          "mgmt_ipv4",
          "mgmt_ipv6",
          "network-mode");
  private static final Pattern VARIABLE = Pattern.compile("\\$(\\{|[A-Za-z_]).*");

  private final Diagnostics diagnostics;
  private final Map<String, YamlValue.Field> topology;
  private final Map<String, YamlValue.Field> mgmt;
  private final Map<IpAddress, String> addresses = new HashMap<>();
  private final Map<PeerId, Sharing> sharing = new HashMap<>();

  private ContainerlabTopology(
      Diagnostics diagnostics,
      Map<String, YamlValue.Field> topology,
      Map<String, YamlValue.Field> mgmt) {
    this.diagnostics = diagnostics;
    this.topology = topology;
    this.mgmt = mgmt;
  }

  /** Reads a topology; what is wrong is added to the diagnostics. */
  static Imported.Content read(String shown, Diagnostics diagnostics) {
    refuseTemplates(diagnostics);
    diagnostics.refuse();
    YamlValue root = YamlValue.read(diagnostics, false);
    diagnostics.refuse();
    if (root != null) {
      root.visit(value -> refuseTemplate(value, diagnostics));
    }
    diagnostics.refuse();
    Map<String, YamlValue.Field> fields = root == null ? Map.of() : root.fields();
    if (!fields.containsKey("topology") && fields.containsKey("all")) {
      return AnsibleInventory.read(root, shown, diagnostics);
    }
    if (!fields.containsKey("topology")) {
      diagnostics.error(
          "not-containerlab",
          new Place(1, 1, 1),
          "expected a containerlab topology, found no key \"topology\"",
          "",
          "name a *.clab.yml file, or use import ansible");
      diagnostics.refuse();
    }
    ContainerlabTopology lab =
        new ContainerlabTopology(
            diagnostics,
            ContainerlabTexts.fieldsOf(fields.get("topology")),
            ContainerlabTexts.fieldsOf(fields.get("mgmt")));
    for (YamlValue.Field field : fields.values()) {
      if (!Set.of("name", "prefix", "mgmt", "topology").contains(field.key())) {
        lab.leaveOut(field.key(), field.place());
      }
    }
    return lab.content(fields.get("name"), fields.get("prefix"), shown);
  }

  /**
   * Containerlab fills a file in with Go templates before it is YAML: most of them are found before
   * the YAML is read, which they often are not, and those that look like a comment behind.
   */
  private static void refuseTemplates(Diagnostics diagnostics) {
    int number = 0;
    for (String line : diagnostics.text().lines()) {
      number++;
      int at = line.indexOf("{{");
      int comment = line.startsWith("#") ? 0 : line.indexOf(" #");
      if (at >= 0 && (comment < 0 || comment > at)) {
        String template = template(line, at);
        refuseTemplate(template, Place.in(number, line, template), diagnostics);
        return;
      }
    }
  }

  private static void refuseTemplate(YamlValue value, Diagnostics diagnostics) {
    String text = value.text();
    int at = text == null ? -1 : text.indexOf("{{");
    if (text != null && at >= 0) {
      String template = template(text, at);
      refuseTemplate(template, diagnostics.from(value.place(), template), diagnostics);
    }
  }

  private static String template(String text, int at) {
    int end = text.indexOf("}}", at);
    return text.substring(at, end < 0 ? text.length() : end + 2);
  }

  private static void refuseTemplate(String template, Place place, Diagnostics diagnostics) {
    diagnostics.error(
        "template",
        place,
        "expected a value, found the Go template " + Quote.of(template),
        "",
        "write the value that the template comes to");
  }

  private static Map<String, YamlValue.Field> fieldsOf(YamlValue.@Nullable Field field) {
    return field == null ? Map.of() : field.value().fields();
  }

  private static Map<String, YamlValue.Field> fieldsOf(
      Map<String, YamlValue.Field> fields, String key) {
    return fieldsOf(fields.get(key));
  }

  private void leaveOut(String what, Place place) {
    diagnostics.leaveOut(Quote.of(what), "a topology has no place for it", place);
  }

  /** A text that is carried over, which must be whole: variables are replaced by containerlab. */
  private @Nullable String text(YamlValue.@Nullable Field field) {
    String text = field == null ? null : field.value().text();
    if (field != null && text != null && VARIABLE.matcher(text).find()) {
      diagnostics.error(
          "template",
          field.value().place(),
          "expected a value, found the variable "
              + Quote.of(text.replaceFirst("^[^$]*", ""))
              + ", which containerlab replaces",
          field.key(),
          "write the value itself");
      return null;
    } else if (field != null && text == null && !field.value().isNull()) {
      diagnostics.leaveOut(
          Quote.of(field.key()) + ": " + field.value().found(),
          "expected one text",
          field.value().place());
    }
    return text;
  }

  private Imported.Content content(
      YamlValue.@Nullable Field nameField, YamlValue.@Nullable Field prefixField, String shown) {
    String given = text(nameField);
    String lab = given == null ? Imported.nameOf(shown) : given;
    String name = given == null ? lab : Imported.nameOf(given);
    if (given == null) {
      diagnostics.leaveOut(
          "a name", "the lab has none; this topology is " + name, new Place(1, 1, 1));
    }
    if (nameField != null && given != null && !name.equals(given)) {
      diagnostics.leaveOut(
          "the name " + Quote.of(String.valueOf(given)),
          "it is no name of a topology; this one is " + name,
          nameField.value().place());
    }
    String prefix = text(prefixField);
    String before =
        prefix == null
            ? "clab-" + lab + "-"
            : prefix.isEmpty()
                ? ""
                : prefix.equals("__lab-name") ? lab + "-" : prefix + "-" + lab + "-";
    List<PeerNode> nodes = new ArrayList<>();
    ContainerlabTexts.fieldsOf(topology, "nodes")
        .values()
        .forEach(node -> node(node, before, nodes));
    addresses.share(nodes, before);
    YamlValue.Field links = topology.get("links");
    int count = links == null ? 0 : links.value().items().size();
    if (links != null && count > 0) {
      diagnostics.leaveOut(
          count + (count == 1 ? " link" : " links"), "a topology has none", links.place());
    }
    for (YamlValue.Field field : topology.values()) {
      if (!Set.of("nodes", "links", "kinds", "groups", "defaults").contains(field.key())) {
        leaveOut(field.key(), field.place());
      }
    }
    for (String section : List.of("kinds", "groups")) {
      fieldsOf(topology, section).values().forEach(entry -> rest(entry.value()));
    }
    YamlValue.Field defaults = topology.get("defaults");
    if (defaults != null) {
      rest(defaults.value());
    }
    return new Imported.Content(name, networks(subnets, nodes), nodes);
  }

  private void rest(YamlValue node) {
    for (YamlValue.Field field : node.fields().values()) {
      if (!CARRIED.contains(field.key())) {
        leaveOut(field.key(), field.place());
      }
    }
  }

  private void node(YamlValue.Field field, String prefix, List<PeerNode> nodes) {
    Map<String, YamlValue.Field> own = field.value().fields();
    if (!field.value().isMapping() && !field.value().isNull()) {
      diagnostics.error(
          "wrong-type",
          field.value().place(),
          "expected a mapping for the node " + field.key() + ", found " + field.value().found(),
          "topology.nodes." + field.key(),
          "write its keys below it, or nothing");
      return;
    }
    Map<String, YamlValue.Field> defaults = fieldsOf(topology, "defaults");
    Map<String, YamlValue.Field> groups = fieldsOf(topology, "groups");
    String kindName = kind(own, groups, defaults);
    String groupName = groupOf(own, kindName, defaults);
    Map<String, YamlValue.Field> group = groupName == null ? Map.of() : fieldsOf(groups, groupName);
    if (kindName == null) {
      kindName = lower(set(group.get("kind")));
    }
    Map<String, YamlValue.Field> kind = kind(kindName);
    rest(field.value());
    if (kindName != null && NO_NODES.contains(kindName)) {
      diagnostics.leaveOut(
          "node " + field.key(),
          switch (kindName) {
            case "host" -> "it is the lab host itself";
            case "k8s-kind" -> "it is a cluster, whose containers have other names";
            default -> "it is a bridge of the lab host";
          },
          field.place());
      return;
    }
    PeerId id;
    try {
      id = PeerId.of(field.key());
    } catch (IllegalArgumentException e) {
      diagnostics.error(
          "bad-id",
          field.place(),
          String.valueOf(e.getMessage()),
          "topology.nodes." + field.key(),
          "rename the node");
      return;
    }
    Map<String, String> labels = new TreeMap<>();
    put(labels, "kind", kindName);
    put(labels, "group", groupName);
    put(labels, "type", text(first(own, group, kind, defaults, "type")));
    String mode = set(first(own, group, kind, defaults, "network-mode"));
    put(labels, "network-mode", mode);
    for (Map<String, YamlValue.Field> level : List.of(defaults, kind, group, own)) {
      Map<String, YamlValue.Field> given = fieldsOf(level, "labels");
      diagnostics.grow((long) Diagnostics.LINE * given.size(), field.place());
      given.values().forEach(label -> label(labels, label));
    }
    PeerNode.Builder node = PeerNode.builder(id).labels(labels);
    if (mode == null || mode.equals("bridge")) {
      List<PeerAddress> candidates = addresses(field.key(), own, subnets);
      String hostname = "ext-container".equals(kindName) ? field.key() : prefix + field.key();
      if (TopologyText.isHostName(hostname)) {
        candidates.add(PeerAddress.of(hostname, TopologyText.HOSTNAME));
      } else {
        diagnostics.leaveOut("the name " + Quote.of(hostname), "it is no host name", field.place());
      }
      node.addresses(candidates);
    } else {
      String other = mode.startsWith("container:") ? mode.substring("container:".length()) : "";
      if (other.isEmpty()) {
        diagnostics.leaveOut(
            "an address of " + field.key(),
            "it has none of its own, with network-mode " + mode,
            field.place());
      } else {
        sharing.put(id, new Sharing(other, field.place()));
      }
    }
    PeerNode built = node.build();
    diagnostics.grow(built, field.place());
    nodes.add(built);
  }

  /** A node in the network of another container. */
  private record Sharing(String with, Place place) {}

  /** Gives nodes in the network of another one its addresses, also where that shares another's. */
  private void share(List<PeerNode> nodes, String prefix) {
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

  /** The kind of a node: its own, that of the group it names, or the usual one; null for none. */
  private @Nullable String kind(
      Map<String, YamlValue.Field> own,
      Map<String, YamlValue.Field> groups,
      Map<String, YamlValue.Field> defaults) {
    String kind = set(own.get("kind"));
    String group = set(own.get("group"));
    group = group == null ? set(defaults.get("group")) : group;
    if (kind == null && group != null) {
      kind = set(fieldsOf(groups, group).get("kind"));
    }
    return lower(kind == null ? set(defaults.get("kind")) : kind);
  }

  /** The group of a node: its own, that of its kind, or the usual one; null for none. */
  private @Nullable String groupOf(
      Map<String, YamlValue.Field> own,
      @Nullable String kind,
      Map<String, YamlValue.Field> defaults) {
    String group = set(own.get("group"));
    group = group == null ? set(kind(kind).get("group")) : group;
    return group == null ? set(defaults.get("group")) : group;
  }

  /** What is said of a kind; containerlab compares kinds without case. */
  private Map<String, YamlValue.Field> kind(@Nullable String name) {
    for (YamlValue.Field kind : fieldsOf(topology, "kinds").values()) {
      if (kind.key().equalsIgnoreCase(name)) {
        return kind.value().fields();
      }
    }
    return Map.of();
  }

  private static @Nullable String lower(@Nullable String kind) {
    return kind == null ? null : kind.toLowerCase(Locale.ROOT);
  }

  /** A text that is set: to containerlab an empty one is as good as none. */
  private @Nullable String set(YamlValue.@Nullable Field field) {
    String text = text(field);
    return text == null || text.isEmpty() ? null : text;
  }

  /** Adds a label; an empty one hides the one that is inherited. */
  private void label(Map<String, String> labels, YamlValue.Field label) {
    String text = text(label);
    if (text != null && !text.isEmpty()) {
      labels.put(label.key(), text);
    } else if (label.value().isNull() || text != null) {
      labels.remove(label.key());
      diagnostics.leaveOut(
          "label " + Quote.of(label.key()), "a label is one text, not empty", label.place());
    }
  }

  private static void put(Map<String, String> labels, String key, @Nullable String value) {
    if (value != null && !value.isEmpty()) {
      labels.put(key, value);
    }
  }
}
