/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.etcd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import magpie.peers.PeerEvent;
import magpie.peers.PeerView;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What happens to one and two of three servers, as the table of docs/etcd.md tells it. */
@SuppressWarnings("try") // views are open for what they do, not to be asked
@Tag("alone")
class ClusterFailuresTest extends RealServers {
  @Test
  void theLeaderDies() {
    start(3);
    try (PeerView a = joined("a", "192.0.2.1");
        PeerView b = joined("b", "192.0.2.2");
        PeerView seen = observer(cluster.endpoints())) {
      assertEquals(List.of("a at 192.0.2.1", "b at 192.0.2.2"), Nodes.shown(seen));
      cluster.kill(cluster.leader());
      assertTrue(a.publish("after", "leader"));
      assertEquals("leader", b.nodes().get(0).settings().get("after"));
      Await.equal("leader", () -> String.valueOf(seen.nodes().get(0).settings().get("after")));
      assertFalse(seen.health().stale());
      nobodyDeparted(seen);
    }
  }

  @Test
  @Tag("thorough")
  void quorumIsLostAndComesBack() {
    start(3);
    try (PeerView a = joined("a", "192.0.2.1");
        PeerView seen = observer(cluster.endpoints())) {
      assertEquals(List.of("a at 192.0.2.1"), Nodes.shown(seen));
      Set<Boolean> told = ConcurrentHashMap.newKeySet();
      seen.listen(
          event -> {
            if (event instanceof PeerEvent.HealthChanged change) {
              told.add(change.after().stale());
            }
          });
      cluster.kill(0);
      cluster.kill(1);
      long lost = System.nanoTime();
      // Nobody asks: the watch hears of it, and not the look that is due after 30 s.
      Await.equal(Set.of(true), () -> Set.copyOf(told));
      Duration until = Duration.ofNanos(System.nanoTime() - lost);
      System.out.println("etcd: the loss of quorum is told after " + until.toMillis() + " ms");
      assertTrue(until.compareTo(Duration.ofSeconds(25)) < 0, until.toString());
      String reason = seen.health().reason();
      assertTrue(
          reason.startsWith(
              "expected an answer of etcd at "
                  + cluster.endpoints()
                  + " within 5 s to read /magpie/v1/set/, found "),
          reason);
      assertEquals(List.of("a"), seen.ids().stream().map(Object::toString).toList());
      cluster.restart(0);
      cluster.restart(1);
      Await.equal(Set.of(true, false), () -> Set.copyOf(told));
      Await.equal(List.of("a at 192.0.2.1"), () -> Nodes.shown(seen));
      assertFalse(seen.health().stale());
      nobodyDeparted(seen);
    }
  }

  /** The old leader can end leases of nodes that live, since it has missed their keep-alives. */
  @Test
  @Tag("thorough")
  void theLeaderIsStoppedForLongerThanTheTtl() {
    start(3);
    try (PeerView a = joined("a", "192.0.2.1");
        PeerView b = joined("b", "192.0.2.2");
        PeerView seen = observer(cluster.endpoints())) {
      assertEquals(2, Nodes.shown(seen).size());
      for (int round = 0; round < 2; round++) {
        int leader = cluster.leader();
        cluster.pause(leader);
        long end = System.nanoTime() + Duration.ofSeconds(6).toNanos();
        while (System.nanoTime() < end) {
          assertEquals(List.of("a", "b"), seen.ids().stream().map(Object::toString).toList());
        }
        cluster.resume(leader);
        Await.equal(List.of("a at 192.0.2.1", "b at 192.0.2.2"), () -> Nodes.shown(seen));
        a.publish("round", "" + round);
        Await.equal("" + round, () -> b.nodes().get(0).settings().get("round"));
      }
      nobodyDeparted(seen);
    }
  }
}
