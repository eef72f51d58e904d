/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.lab;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import magpie.peers.PeerAddress;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.lab.Diagnostics.Place;
import magpie.peers.text.Quote;
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

  private final Diagnostics diagnostics;
  private final ContainerlabTexts texts;
  private final Map<String, YamlValue.Field> topology;
  private final ContainerlabAddresses addresses;

  private ContainerlabTopology(
      Diagnostics diagnostics,
      Map<String, YamlValue.Field> topology,
      Map<String, YamlValue.Field> mgmt) {
    this.diagnostics = diagnostics;
    this.texts = new ContainerlabTexts(diagnostics);
    this.topology = topology;
    this.addresses = new ContainerlabAddresses(texts, diagnostics, mgmt);
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
        lab.texts.leaveOut(field.key(), field.place());
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

  private Imported.Content content(
      YamlValue.@Nullable Field nameField, YamlValue.@Nullable Field prefixField, String shown) {
    String given = texts.text(nameField);
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
    String prefix = texts.text(prefixField);
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
        texts.leaveOut(field.key(), field.place());
      }
    }
    for (String section : List.of("kinds", "groups")) {
      ContainerlabTexts.fieldsOf(topology, section).values().forEach(entry -> rest(entry.value()));
    }
    YamlValue.Field defaults = topology.get("defaults");
    if (defaults != null) {
      rest(defaults.value());
    }
    return new Imported.Content(name, addresses.networks(nodes), nodes);
  }

  private void rest(YamlValue node) {
    for (YamlValue.Field field : node.fields().values()) {
      if (!CARRIED.contains(field.key())) {
        texts.leaveOut(field.key(), field.place());
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
    ContainerlabLevels levels = new ContainerlabLevels(texts, topology, own);
    String kindName = levels.kindName();
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
    put(labels, "group", levels.groupName());
    put(labels, "type", texts.text(levels.first("type")));
    String mode = texts.set(levels.first("network-mode"));
    put(labels, "network-mode", mode);
    for (Map<String, YamlValue.Field> level : levels.outermostFirst()) {
      Map<String, YamlValue.Field> given = ContainerlabTexts.fieldsOf(level, "labels");
      diagnostics.grow((long) Diagnostics.LINE * given.size(), field.place());
      given.values().forEach(label -> label(labels, label));
    }
    PeerNode.Builder node = PeerNode.builder(id).labels(labels);
    if (mode == null || mode.equals("bridge")) {
      List<PeerAddress> candidates = addresses.addresses(field.key(), own);
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
        addresses.shares(id, other, field.place());
      }
    }
    PeerNode built = node.build();
    diagnostics.grow(built, field.place());
    nodes.add(built);
  }

  /** Adds a label; an empty one hides the one that is inherited. */
  private void label(Map<String, String> labels, YamlValue.Field label) {
    String text = texts.text(label);
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
