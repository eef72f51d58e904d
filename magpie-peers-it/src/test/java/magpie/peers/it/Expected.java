/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What the peer program is expected to say. */
final class Expected {
  private Expected() {}

  /** Returns the arguments that make it report on every subnet of the node. */
  static String[] report(Node node) {
    return Stream.concat(
            Stream.of("report"), node.networks().stream().flatMap(n -> n.subnets().stream()))
        .toArray(String[]::new);
  }

  /** Returns its report when it lists and reaches every peer on every subnet. */
  static List<String> reports(Node node, List<Node> peers) {
    List<String> lines = new ArrayList<>();
    for (NodeNetwork network : node.networks()) {
      peers.forEach(peer -> lines.add(reached(network.v4(), peer, network.v4(peer))));
      peers.forEach(peer -> lines.add(reached(network.v6(), peer, network.v6(peer))));
    }
    return lines;
  }

  private static String reached(String subnet, Node peer, String address) {
    return answer(subnet, peer, address, peer.name());
  }

  static String answer(String subnet, Node peer, String address, String answer) {
    return "{\"network\":\"%s\",\"peer\":\"%s\",\"address\":\"%s\",\"answer\":\"%s\"}"
        .formatted(subnet, peer.name(), address, answer);
  }

  /** Returns the report when a node does not answer on a network. */
  static List<String> unreachable(List<String> report, NodeNetwork network, Node node) {
    List<String> lines = new ArrayList<>(report);
    for (String subnet : network.subnets()) {
      String address = subnet.equals(network.v4()) ? network.v4(node) : network.v6(node);
      lines.replaceAll(
          line ->
              line.equals(reached(subnet, node, address))
                  ? answer(subnet, node, address, "none")
                  : line);
    }
    return lines;
  }

  static String joined(Node node) {
    return "{\"joined\":\"%s\"}".formatted(node.name());
  }

  /**
   * Waits until the answer is as expected: neighbours on a network take a moment to notice that a
   * node is back.
   */
  static <T> void soon(T expected, Supplier<T> answer) {
    long deadline = System.nanoTime() + Node.DEADLINE.toNanos();
    T last = answer.get();
    while (!last.equals(expected) && System.nanoTime() < deadline) {
      last = answer.get();
    }
    assertEquals(expected, last);
  }

  /** Leaves out why a node did not answer, which is the network's affair. */
  static List<String> withoutReasons(List<String> lines) {
    return lines.stream().map(line -> line.replaceAll("\"none: \\w+\"", "\"none\"")).toList();
  }

  /** Returns the notice that a node departed, with its last known addresses. */
  static String departed(Node node) {
    String last = node.addresses().stream().map(Expected::quoted).collect(Collectors.joining(","));
    return "{\"departed\":\"%s\",\"last\":[%s]}".formatted(node.name(), last);
  }

  /** Returns what a watching node says when it has recorded these notices. */
  static String noticed(List<Node> joined, List<Node> departed) {
    return "{\"event\":\"notices\",\"joined\":%s,\"departed\":%s}"
        .formatted(names(joined), names(departed));
  }

  /** Returns what a watching node says of a change. */
  static String changed(List<Node> joined, List<Node> departed, List<Node> peers) {
    return "{\"event\":\"changed\",\"joined\":%s,\"departed\":%s,\"peers\":%s}"
        .formatted(names(joined), names(departed), names(peers));
  }

  /** Returns what a watching node says when the topology broke. */
  static String stale(String why, List<Node> peers) {
    String escaped = why.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
    return "{\"event\":\"stale\",\"reason\":\"%s\",\"peers\":%s}".formatted(escaped, names(peers));
  }

  /** Returns what a watching node says when the topology is whole again. */
  static String fresh(List<Node> peers) {
    return "{\"event\":\"fresh\",\"reason\":\"\",\"peers\":%s}".formatted(names(peers));
  }

  private static String names(List<Node> nodes) {
    return nodes.stream()
        .map(node -> quoted(node.name()))
        .collect(Collectors.joining(",", "[", "]"));
  }

  private static String quoted(String text) {
    return "\"" + text + "\"";
  }
}
