/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.lab;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import magpie.peers.Cidr;
import magpie.peers.Network;
import magpie.peers.Notice;
import magpie.peers.PeerAddress;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.Snapshot;
import magpie.peers.reach.ReachMatrix;
import magpie.peers.text.Quote;
import magpie.peers.topology.Recording;
import magpie.peers.topology.Subnets;
import org.jspecify.annotations.Nullable;

/**
 * A peer set as a picture: networks are lanes, nodes hang on them.
 *
 * <p>The same peers give the same text. Networks are those of the source and, where addresses lie
 * in none, those that {@link Recording} would derive. This node is drawn among the others; a
 * suspect or departed one looks different and says so.
 *
 * <p>Immutable, and safe for use by many threads.
 */
public final class Graph {
  /** How a node is drawn. */
  enum State {
    PRESENT(""),
    OWN("this node"),
    SUSPECT("suspect"),
    DEPARTED("departed");

    private final String words;

    State(String words) {
      this.words = words;
    }

    String words() {
      return words;
    }
  }

  /** Whether other nodes reach an address. */
  enum Way {
    OPEN,
    PARTLY,
    BROKEN
  }

  /** A node as it is drawn, with the addresses that some or all others do not reach. */
  record Item(PeerNode node, State state, Map<String, Way> ways) {
    Item(PeerNode node, State state) {
      this(node, state, Map.of());
    }

    Way way(PeerAddress address) {
      return ways.getOrDefault(address.text(), Way.OPEN);
    }

    /** The worst way to some addresses. */
    Way way(List<PeerAddress> addresses) {
      Way worst = Way.OPEN;
      for (PeerAddress address : addresses) {
        worst = way(address).compareTo(worst) > 0 ? way(address) : worst;
      }
      return worst;
    }
  }

  /** Nodes that belong together; the title is empty where nothing tells groups apart. */
  record Group(String title, List<Item> items) {}

  private final List<Item> items;
  private final List<Network> declared;
  private final @Nullable String groupKey;

  private Graph(List<Item> items, List<Network> declared, @Nullable String groupKey) {
    this.items = items;
    this.declared = declared;
    this.groupKey = groupKey;
  }

  /**
   * Draws what a view shows now.
   *
   * @param view the view, which stays open
   * @return the picture, without groups and without departed nodes
   * @throws magpie.peers.PeersException if the view cannot tell
   * @throws IllegalStateException if the view is closed
   */
  public static Graph of(PeerView view) {
    Snapshot snapshot = view.snapshot();
    Optional<PeerId> self = snapshot.selfId();
    List<Item> items = new ArrayList<>();
    for (PeerNode node : Recording.withSelf(snapshot, view)) {
      State state =
          self.equals(Optional.of(node.id()))
              ? State.OWN
              : node.suspect() ? State.SUSPECT : State.PRESENT;
      items.add(new Item(node, state));
    }
    return new Graph(List.copyOf(items), snapshot.networks(), null);
  }

  /**
   * Returns this picture with nodes in groups; by default there is one group.
   *
   * @param label the key of the label whose values are the groups
   * @return a new picture
   */
  public Graph groupBy(String label) {
    return new Graph(items, declared, Objects.requireNonNull(label, "label"));
  }

  /**
   * Returns this picture with departed nodes too, as they were last known.
   *
   * @param notices the departed notices; joined ones are passed over
   * @return a new picture
   */
  public Graph withDeparted(Collection<Notice> notices) {
    List<Item> more = new ArrayList<>(items);
    for (Notice notice : notices) {
      if (notice.kind() == Notice.Kind.DEPARTED
          && items.stream().noneMatch(item -> item.node.id().equals(notice.id()))) {
        more.add(
            new Item(
                notice.lastKnown().orElseGet(() -> PeerNode.builder(notice.id()).build()),
                State.DEPARTED));
      }
    }
    more.sort(Comparator.comparing(item -> item.node.id()));
    return new Graph(List.copyOf(more), declared, groupKey);
  }

  /**
   * Returns this picture with the addresses marked that other nodes do not reach, by what the nodes
   * published of the present.
   *
   * @param matrix what the nodes published; stale results are passed over
   * @return a new picture
   */
  public Graph withReach(ReachMatrix matrix) {
    Map<PeerId, Map<String, int[]>> counts = new HashMap<>();
    for (ReachMatrix.Row row : matrix.rows()) {
      for (ReachMatrix.Cell cell : row.cells()) {
        if (!cell.stale()) {
          int[] count =
              counts
                  .computeIfAbsent(cell.to(), to -> new TreeMap<>())
                  .computeIfAbsent(cell.address(), address -> new int[2]);
          count[cell.outcome().reached() ? 1 : 0]++;
        }
      }
    }
    List<Item> marked = new ArrayList<>();
    for (Item item : items) {
      Map<String, Way> ways = new TreeMap<>();
      counts
          .getOrDefault(item.node.id(), Map.of())
          .forEach(
              (address, count) -> {
                if (count[0] > 0) {
                  ways.put(address, count[1] > 0 ? Way.PARTLY : Way.BROKEN);
                }
              });
      marked.add(new Item(item.node, item.state, Collections.unmodifiableMap(ways)));
    }
    return new Graph(List.copyOf(marked), declared, groupKey);
  }

  /**
   * Returns the picture as SVG that needs nothing else and follows the colour scheme of the viewer,
   * light or dark.
   *
   * @return the text of an SVG file
   */
  public String svg() {
    List<Network> networks = networks();
    return new GraphPicture(networks, groups()).svg(summary(networks));
  }

  private String summary(List<Network> networks) {
    long departed = items.stream().filter(item -> item.state == State.DEPARTED).count();
    long suspect = items.stream().filter(item -> item.state == State.SUSPECT).count();
    long broken =
        items.stream()
            .flatMap(item -> item.ways.values().stream())
            .filter(way -> way == Way.BROKEN)
            .count();
    long partly = items.stream().mapToLong(item -> item.ways.size()).sum() - broken;
    return count(items.size() - departed, "node")
        + " in "
        + count(networks.size(), "network")
        + (suspect == 0 ? "" : ", " + suspect + " suspect")
        + (departed == 0 ? "" : ", and " + departed + " departed")
        + (broken == 0 ? "" : "; " + addresses(broken) + " not reached")
        + (partly == 0 ? "" : "; " + addresses(partly) + " reached by some only");
  }

  private static String addresses(long number) {
    return number + (number == 1 ? " address" : " addresses");
  }

  private static String count(long number, String what) {
    return number + " " + what + (number == 1 ? "" : "s");
  }

  private List<Network> networks() {
    List<PeerAddress> all = items.stream().flatMap(item -> item.node.addresses().stream()).toList();
    return new Subnets(declared, all, left -> {}).networks();
  }

  private List<Group> groups() {
    String key = groupKey;
    if (key == null) {
      return items.isEmpty() ? List.of() : List.of(new Group("", items));
    }
    Map<String, List<Item>> byValue = new TreeMap<>();
    List<Item> others = new ArrayList<>();
    for (Item item : items) {
      String value = item.node.labels().get(key);
      (value == null ? others : byValue.computeIfAbsent(value, v -> new ArrayList<>())).add(item);
    }
    List<Group> groups = new ArrayList<>();
    byValue.forEach((value, list) -> groups.add(new Group(key + ": " + value, list)));
    if (!others.isEmpty()) {
      groups.add(new Group("no " + key, others));
    }
    return groups;
  }

  /** The addresses of a node by the network that they lie in; host names under the empty name. */
  static Map<String, List<PeerAddress>> placed(PeerNode node, List<Network> networks) {
    Map<String, List<PeerAddress>> placed = new LinkedHashMap<>();
    for (PeerAddress candidate : node.addresses()) {
      String name =
          candidate
              .ip()
              .flatMap(ip -> networks.stream().filter(network -> network.contains(ip)).findFirst())
              .map(Network::name)
              .orElse("");
      placed.computeIfAbsent(name, n -> new ArrayList<>()).add(candidate);
    }
    return placed;
  }

  private static String cidrs(Network network) {
    return String.join(", ", network.cidrs().stream().map(Cidr::toString).toList());
  }

  /**
   * Returns the picture in the language of Mermaid, a flow chart.
   *
   * @return the text
   */
  public String mermaid() {
    StringBuilder out = new StringBuilder("flowchart LR\n");
    List<Network> networks = networks();
    Map<PeerId, String> names = new LinkedHashMap<>();
    int number = 0;
    for (Group group : groups()) {
      String indent = group.title.isEmpty() ? "  " : "    ";
      if (!group.title.isEmpty()) {
        out.append("  subgraph g").append(number++).append("[\"");
        out.append(mermaid(group.title)).append("\"]\n");
      }
      for (Item item : group.items) {
        String name = "n" + names.size();
        names.put(item.node.id(), name);
        out.append(indent).append(name).append("[\"").append(mermaid(item.node.id().value()));
        List<PeerAddress> hosts = placed(item.node, networks).getOrDefault("", List.of());
        hosts.forEach(host -> out.append("<br/>").append(mermaid(host.text())));
        if (item.state != State.PRESENT) {
          out.append("<br/>").append(item.state.words());
        }
        out.append("\"]\n");
      }
      out.append(group.title.isEmpty() ? "" : "  end\n");
    }
    for (int i = 0; i < networks.size(); i++) {
      out.append("  net").append(i).append("([\"").append(mermaid(networks.get(i).name()));
      out.append("<br/>").append(mermaid(cidrs(networks.get(i)))).append("\"])\n");
    }
    StringBuilder styles = new StringBuilder();
    int edges = 0;
    for (Item item : items) {
      Map<String, List<PeerAddress>> placed = placed(item.node, networks);
      for (int i = 0; i < networks.size(); i++) {
        List<PeerAddress> in = placed.getOrDefault(networks.get(i).name(), List.of());
        if (!in.isEmpty()) {
          String colour =
              switch (item.way(in)) {
                case OPEN -> "";
                case PARTLY -> "#b35900";
                case BROKEN -> "#cf222e";
              };
          if (!colour.isEmpty()) {
            styles.append("  linkStyle ").append(edges).append(" stroke:").append(colour);
            styles.append(",stroke-width:3px,stroke-dasharray:4 3\n");
          }
          edges++;
          out.append("  ").append(names.get(item.node.id())).append(" ---|\"");
          out.append(String.join("<br/>", in.stream().map(c -> mermaid(c.text())).toList()))
              .append("\"| net")
              .append(i)
              .append('\n');
        }
      }
    }
    out.append(styles);
    out.append("  classDef suspect stroke:#b35900,stroke-width:2px,stroke-dasharray:5 3\n");
    out.append("  classDef departed opacity:0.5,stroke-dasharray:2 3\n");
    out.append("  classDef own stroke-width:3px\n");
    for (Item item : items) {
      if (item.state != State.PRESENT) {
        String style = item.state == State.OWN ? "own" : item.state.words();
        out.append("  class ").append(names.get(item.node.id())).append(' ').append(style);
        out.append('\n');
      }
    }
    return out.toString();
  }

  private static String mermaid(String text) {
    StringBuilder out = new StringBuilder();
    Quote.visible(text)
        .codePoints()
        .forEach(
            c -> {
              if ("\"#&<>`;".indexOf(c) >= 0) {
                out.append('#').append(c).append(';');
              } else {
                out.appendCodePoint(c);
              }
            });
    return out.toString();
  }

  /**
   * Returns the picture in the language of Graphviz.
   *
   * @return the text
   */
  public String dot() {
    List<Network> networks = networks();
    StringBuilder out = new StringBuilder("graph peers {\n");
    out.append("  graph [rankdir=LR, fontname=\"sans-serif\", nodesep=0.2, ranksep=1.5];\n");
    out.append("  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n");
    out.append("  edge [fontname=\"sans-serif\", fontsize=10, color=gray50];\n");
    int number = 0;
    for (Group group : groups()) {
      String indent = group.title.isEmpty() ? "  " : "    ";
      if (!group.title.isEmpty()) {
        out.append("  subgraph cluster_").append(number++).append(" {\n    label=");
        out.append(dot(group.title)).append(";\n");
      }
      for (Item item : group.items) {
        out.append(indent).append(dot("node " + item.node.id())).append(" [label=");
        List<String> lines = new ArrayList<>(List.of(item.node.id().value()));
        placed(item.node, networks)
            .getOrDefault("", List.of())
            .forEach(host -> lines.add(host.text()));
        if (item.state != State.PRESENT) {
          lines.add(item.state.words());
        }
        out.append(dot(String.join("\n", lines)));
        out.append(
            switch (item.state) {
              case PRESENT -> "";
              case OWN -> ", penwidth=3";
              case SUSPECT -> ", color=\"#b35900\", style=\"rounded,dashed\"";
              case DEPARTED -> ", color=gray60, fontcolor=gray60, style=\"rounded,dotted\"";
            });
        out.append("];\n");
      }
      out.append(group.title.isEmpty() ? "" : "  }\n");
    }
    for (Network network : networks) {
      out.append("  ")
          .append(dot("network " + network.name()))
          .append(" [shape=box, style=filled,");
      out.append(" fillcolor=\"#dbe9f6\", label=");
      out.append(dot(network.name() + "\n" + cidrs(network))).append("];\n");
    }
    for (Item item : items) {
      Map<String, List<PeerAddress>> placed = placed(item.node, networks);
      for (Network network : networks) {
        List<PeerAddress> in = placed.getOrDefault(network.name(), List.of());
        if (!in.isEmpty()) {
          out.append("  ").append(dot("node " + item.node.id())).append(" -- ");
          out.append(dot("network " + network.name())).append(" [label=");
          out.append(dot(String.join("\n", in.stream().map(PeerAddress::text).toList())));
          out.append(
              switch (item.way(in)) {
                case OPEN -> "];\n";
                case PARTLY -> ", color=\"#b35900\", penwidth=2, style=dashed];\n";
                case BROKEN -> ", color=\"#cf222e\", penwidth=3, style=dashed];\n";
              });
        }
      }
    }
    return out.append("}\n").toString();
  }

  private static String dot(String text) {
    StringBuilder out = new StringBuilder("\"");
    for (String line : text.split("\n", -1)) {
      out.append(out.length() == 1 ? "" : "\\n");
      // Graphviz reads "&lt;" and the like in labels as the character.
      out.append(
          Quote.visible(line).replace("\\", "\\\\").replace("\"", "\\\"").replace("&", "&amp;"));
    }
    return out.append('"').toString();
  }
}
