/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.etcd;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import magpie.peers.Changes;
import magpie.peers.PeerEvent;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.SourceUnavailableException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Nodes and three servers, each pair with a wire of its own, while all nodes publish without rest:
 * what joins, leaves, is cut off and comes back, and what the leader's death changes of it.
 */
@Tag("alone")
class StormTest {
  private static final int NODES = Boolean.getBoolean("magpie.thorough") ? 10 : 3;

  /** Leaves in the storm. */
  private static final int LEAVER = 0;

  /** Is cut off in the storm. */
  private static final int CUT_OFF = 1;

  @TempDir Path directory;

  /** A node with its wires, who departed at it as events tell, and the thread that publishes. */
  private static final class Node implements AutoCloseable {
    final String id;
    final String address;
    final List<TcpProxy> wires;
    final PeerView view;
    final Set<String> departed = ConcurrentHashMap.newKeySet();
    final AtomicInteger acknowledged = new AtomicInteger();
    volatile boolean publishing = true;
    final Thread publisher;

    Node(EtcdCluster cluster, Path directory, int number) {
      id = "n" + number;
      address = "192.0.2." + (number + 1);
      wires =
          IntStream.range(0, cluster.size()).mapToObj(i -> new TcpProxy(cluster.port(i))).toList();
      String endpoints = String.join(",", wires.stream().map(TcpProxy::endpoint).toList());
      view =
          Peers.open(
              Nodes.options(endpoints, "storm", directory.resolve("state-" + id)).self(id).build());
      EtcdMember.of(view).join(List.of(address), Map.of());
      view.listen(
          event -> {
            if (event instanceof PeerEvent.Changed change) {
              Changes.between(change.before().nodes(), change.snapshot().nodes())
                  .departed()
                  .forEach(node -> departed.add(node.id().value()));
            }
          });
      publisher = new Thread(this::publish, "publisher of " + id);
    }

    /** Ends with a count that was acknowledged: one whose answer was lost is published again. */
    private void publish() {
      boolean answered = true;
      while (publishing || !answered) {
        int next = acknowledged.get() + 1;
        try {
          view.publish("count", "" + next);
          acknowledged.set(next);
          answered = true;
        } catch (SourceUnavailableException e) {
          // Cut off, or the cluster has no leader: it goes on.
          answered = false;
        }
      }
    }

    void rest() throws InterruptedException {
      publishing = false;
      publisher.join();
    }

    /** As its peers are to see it. */
    String shown() {
      return id + " at " + address + " count " + acknowledged;
    }

    List<String> sees() {
      return view.nodes().stream()
          .map(node -> Nodes.shown(node) + " count " + node.settings().get("count"))
          .toList();
    }

    @Override
    public void close() {
      publishing = false;
      view.close();
      wires.forEach(TcpProxy::close);
    }
  }

  @Test
  void everyListIsTheExpectedOneInTheEnd() throws Exception {
    EtcdCluster.required();
    List<Node> nodes = new ArrayList<>();
    try (EtcdCluster cluster = EtcdCluster.start(directory.resolve("cluster"), 3)) {
      try {
        for (int i = 0; i < NODES; i++) {
          nodes.add(new Node(cluster, directory, i));
        }
        for (Node each : nodes) {
          Await.equal(NODES - 1, () -> each.view.ids().size());
          // From now on whoever departs is in the notices, whatever becomes of the events.
          assertEquals(NODES - 1, each.view.notices().joined().size());
        }
        nodes.forEach(each -> each.publisher.start());
        nodes.forEach(this::awaitProgress);

        nodes.get(CUT_OFF).wires.forEach(TcpProxy::stall);
        int leader = cluster.leader();
        cluster.kill(leader);
        for (int i = 0; i < NODES; i++) {
          if (i != CUT_OFF) {
            awaitProgress(nodes.get(i));
          }
        }
        String cutOff = nodes.get(CUT_OFF).id;
        Node witness = nodes.get(NODES - 1);
        Await.equal(
            true,
            () ->
                witness.view.nodes().stream()
                    .anyMatch(node -> node.suspect() && node.id().value().equals(cutOff)));
        nodes.get(LEAVER).rest();
        assertEquals(true, EtcdMember.of(nodes.get(LEAVER).view).leave());
        for (TcpProxy wire : nodes.get(CUT_OFF).wires) {
          wire.cut();
          wire.mend();
        }
        cluster.restart(leader);
        awaitProgress(nodes.get(CUT_OFF));
        for (Node each : nodes) {
          each.rest();
        }

        String left = nodes.get(LEAVER).id;
        for (Node each : nodes) {
          List<String> expected =
              nodes.stream()
                  .filter(other -> other != each && !other.id.equals(left))
                  .map(Node::shown)
                  .toList();
          Await.equal(expected, each::sees);
          if (!each.id.equals(left)) {
            assertEquals(List.of(left), Nodes.departed(each.view));
            Await.equal(Set.of(left), () -> Set.copyOf(each.departed));
          } else {
            assertEquals(List.of(), Nodes.departed(each.view));
            assertEquals(Set.of(), each.departed);
          }
        }
      } finally {
        nodes.forEach(Node::close);
      }
    }
    System.out.printf(
        "etcd: %d nodes, 3 servers, %d publishes in the storm%n",
        NODES, nodes.stream().mapToInt(each -> each.acknowledged.get()).sum());
  }

  /** Waits until a node has published five times more. */
  private void awaitProgress(Node node) {
    int before = node.acknowledged.get();
    Await.equal(true, () -> node.acknowledged.get() >= before + 5);
  }
}
