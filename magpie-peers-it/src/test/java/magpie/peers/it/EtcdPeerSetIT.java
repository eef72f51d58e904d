/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Peer sets in etcd. */
@InContainers
class EtcdPeerSetIT {
  /**
   * While all nodes publish without pause, one is cut off, one is killed, the server that leads is
   * killed, and one leaves. Then the others come back.
   */
  @Test
  @Tag("thorough")
  void everyListOfTenIsTheExpectedOneAfterAStorm(Containers containers) {
    EtcdBench bench = EtcdBench.of(containers, 10);
    List<Node> nodes = bench.nodes();
    Node leaves = bench.node(0);
    Node cutOff = bench.node(1);
    Node killed = bench.node(2);
    Node witness = bench.node(3);
    Map<Node, Integer> counts = new TreeMap<>(Comparator.comparingInt(Node::number));
    nodes.forEach(node -> counts.put(node, 0));
    for (Node node : nodes) {
      Expected.soon(list(counts, node), () -> bench.ask(node, "list"));
      // From now on whoever departs is in the notices, whatever becomes of the events.
      assertEquals(
          nodes.stream().filter(other -> !other.equals(node)).map(Node::name).toList(),
          bench.ask(node, "joined"));
    }

    nodes.forEach(node -> bench.ask(node, "storm"));
    nodes.forEach(node -> awaitProgress(bench, node));
    cutOff.cutOff(bench.oam());
    killed.kill();
    Node leader = bench.leader();
    leader.kill();
    awaitProgress(bench, witness);
    Expected.soon(List.of(cutOff.name(), killed.name()), () -> suspects(bench, witness));
    counts.put(leaves, bench.count(leaves, "rest"));
    assertEquals(List.of("true"), bench.ask(leaves, "leave"));

    cutOff.reconnect(bench.oam());
    killed.startAgain();
    leader.startAgain();
    awaitProgress(bench, cutOff);
    for (Node node : nodes) {
      if (!node.equals(leaves)) {
        counts.put(node, bench.count(node, "rest"));
      }
    }

    counts.remove(leaves);
    String departed = "[" + leaves.name() + "]";
    for (Node node : counts.keySet()) {
      Expected.soon(list(counts, node), () -> bench.ask(node, "list"));
      // What its first life was told by events is gone; notices are kept.
      String told = node.equals(killed) ? "[]" : departed;
      assertEquals(List.of(told, departed), bench.ask(node, "departed"), node.name());
    }
    assertEquals(list(counts, leaves), bench.ask(leaves, "list"));
    assertEquals(List.of("[]", "[]"), bench.ask(leaves, "departed"));
  }

  /** Waits until a node has published three times more. */
  private static void awaitProgress(EtcdBench bench, Node node) {
    int before = bench.count(node, "count");
    Expected.soon(true, () -> bench.count(node, "count") >= before + 3);
  }

  private static List<String> suspects(EtcdBench bench, Node node) {
    return bench.ask(node, "list").stream()
        .filter(line -> line.contains(" suspect "))
        .map(line -> line.substring(0, line.indexOf(' ')))
        .toList();
  }

  /** What a node is to list: its peers with all addresses of their interfaces. */
  private static List<String> list(Map<Node, Integer> counts, Node node) {
    return counts.entrySet().stream()
        .filter(each -> !each.getKey().equals(node))
        .map(
            each ->
                each.getKey().name()
                    + " at "
                    + each.getKey().addresses().stream().sorted().toList()
                    + " count "
                    + each.getValue())
        .toList();
  }
}
