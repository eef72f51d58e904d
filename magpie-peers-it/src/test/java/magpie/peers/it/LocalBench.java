/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import org.testcontainers.images.builder.Transferable;

/**
 * A bench without Juju: nodes that share a topology and an exchange directory on a volume, and
 * watch both.
 */
final class LocalBench {
  private static final String DIRECTORY = "/bench";
  private static final String TOPOLOGY = DIRECTORY + "/bench.magpie.yaml";

  private final Containers containers;
  private final UnaryOperator<Node> program;
  private final NodeNetwork oam;
  private final NodeNetwork storage;
  private final String volume;
  private final Map<Integer, Node> nodes = new TreeMap<>();
  private final Map<Integer, String> states = new TreeMap<>();

  private LocalBench(Containers containers, UnaryOperator<Node> program) {
    this.containers = containers;
    this.program = program;
    this.oam = containers.network("oam");
    this.storage = containers.network("storage");
    this.volume = containers.volume();
  }

  /** Makes a bench of nodes {@code magpie/0} and so on, all up. */
  static LocalBench of(Containers containers, int size) {
    return of(containers, size, PackagedJars.forBench());
  }

  /** Makes a bench whose nodes have these jars. */
  static LocalBench of(Containers containers, int size, PackagedJars jars) {
    return of(containers, size, node -> node.with(jars).running("watch"));
  }

  /** Makes a bench whose nodes run {@code magpie-peers listen}. */
  static LocalBench listening(Containers containers, int size) {
    return of(containers, size, node -> node.with(PackagedJars.forCommand()).listening());
  }

  private static LocalBench of(Containers containers, int size, UnaryOperator<Node> program) {
    LocalBench bench = new LocalBench(containers, program);
    for (int i = 0; i < size; i++) {
      bench.declare(i);
    }
    // The volume is empty as yet; the first node brings the topology along.
    Node first = bench.node(0);
    first.container().withCopyToContainer(Transferable.of(bench.topology()), TOPOLOGY);
    containers.start(List.of(first));
    containers.start(bench.nodes().subList(1, size));
    return bench;
  }

  private Node declare(int number) {
    Node node =
        program.apply(
            containers
                .node("magpie/" + number, List.of(oam, storage))
                .mount(volume, DIRECTORY)
                .variable("MAGPIE_TOPOLOGY", TOPOLOGY)
                .variable("XDG_STATE_HOME", "/root/state"));
    nodes.put(number, node);
    states.put(number, "");
    return node;
  }

  NodeNetwork oam() {
    return oam;
  }

  NodeNetwork storage() {
    return storage;
  }

  Node node(int number) {
    return nodes.get(number);
  }

  /** Returns the nodes that ever were on the bench, in the order of their numbers. */
  List<Node> nodes() {
    return new ArrayList<>(nodes.values());
  }

  /** Returns the others on the bench. */
  List<Node> peersOf(Node node) {
    return nodes().stream().filter(other -> other != node).toList();
  }

  /** Adds a node to the topology and then to the bench. */
  Node add() {
    Node added = declare(nodes.size());
    writeTopology(topology());
    containers.start(List.of(added));
    return added;
  }

  /** Marks a node as departed in the topology, or as present again. */
  void depart(Node node) {
    state(node, ", state: departed");
  }

  void rejoin(Node node) {
    state(node, "");
  }

  private void state(Node node, String state) {
    states.put(node.number(), state);
    writeTopology(topology());
  }

  /** Returns what the topology should say. */
  String topology() {
    StringBuilder text =
        new StringBuilder("version: 1\nname: bench\napplication: magpie\nnetworks:\n");
    for (NodeNetwork network : List.of(oam, storage)) {
      text.append("  ")
          .append(network.name())
          .append(": { cidrs: ")
          .append(quoted(network.subnets()))
          .append(" }\n");
    }
    text.append("exchange: ./bench.d\nnodes:\n");
    for (Node node : nodes.values()) {
      text.append("  ")
          .append(node.name())
          .append(": { hostname: ")
          .append(node.name().replace('/', '-'))
          .append(", addresses: ")
          .append(quoted(node.addresses()))
          .append(states.get(node.number()))
          .append(" }\n");
    }
    return text.toString();
  }

  private static String quoted(Collection<String> texts) {
    return texts.stream().map(t -> "\"" + t + "\"").collect(Collectors.joining(", ", "[", "]"));
  }

  /** Saves the shared topology as an editor does, by any node that is up. */
  void writeTopology(String text) {
    Node any = nodes().stream().filter(n -> n.container().isRunning()).findFirst().orElseThrow();
    shell(any, "printf %s \"$1\" >.new && mv .new bench.magpie.yaml", text);
  }

  /**
   * Saves the shared topology again and again, each time with one host more at its end, until
   * {@link #noMoreHosts}.
   */
  void appendHosts(Node by, int first) {
    shell(
        by,
        "i=$1; until [ -e .enough ]; do"
            + " cp bench.magpie.yaml .new;"
            + " echo \"  magpie/$i: { hostname: host-$i }\" >>.new;"
            + " mv .new bench.magpie.yaml;"
            + " i=$((i + 1)); done; rm .enough",
        Integer.toString(first));
  }

  void noMoreHosts(Node by) {
    shell(by, ": >.enough");
  }

  private static void shell(Node node, String script, String... arguments) {
    List<String> command = new ArrayList<>(List.of("sh", "-ec", script, "sh"));
    command.addAll(List.of(arguments));
    Shell.Result result = node.execute(Map.of(), DIRECTORY, command.toArray(String[]::new));
    if (result.exitCode() != 0) {
      throw new IllegalStateException(result.stderr());
    }
  }
}
