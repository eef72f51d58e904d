/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.etcd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import magpie.peers.ConfigurationException;
import magpie.peers.Environment;
import magpie.peers.PeerId;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.SourceUnavailableException;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What happens to a node, and what operators do, as the table of docs/etcd.md tells it. */
@SuppressWarnings("try") // views are open for what they do, not to be asked
@Tag("alone")
class FailuresTest extends RealServers {
  @Test
  void aNodeIsCutOff() {
    start(1);
    try (TcpProxy wire = new TcpProxy(cluster.port(0));
        PeerView a = Nodes.joined(wire.endpoint(), SET, directory, "a", "192.0.2.1");
        PeerView b = joined("b", "192.0.2.2");
        PeerView seen = observer(cluster.endpoints())) {
      assertEquals(List.of("b at 192.0.2.2"), Nodes.shown(a));
      wire.stall();
      Await.equal(List.of("a at 192.0.2.1?", "b at 192.0.2.2"), () -> Nodes.shown(seen));
      assertEquals(List.of("b at 192.0.2.2"), Nodes.shown(a));
      assertTrue(a.health().stale());
      assertTrue(a.health().reason().contains(wire.endpoint()), a.health().reason());
      // What it missed, and what can no longer be read of the past.
      b.publish("key", "while-cut-off");
      try (PeerView c = joined("c", "192.0.2.3")) {
        // Only who was seen can depart.
        assertTrue(
            seen.notices().joined().stream()
                .anyMatch(notice -> notice.id().equals(PeerId.of("c"))));
        Await.equal(true, () -> listed.contains("c"));
        assertTrue(EtcdMember.of(c).leave());
      }
      Nodes.joined(cluster.endpoints(), SET, directory, "d", "192.0.2.4").close();
      String json = cluster.ctl("get", "none", "-w", "json");
      cluster.ctl("compact", json.replaceFirst("(?s).*\"revision\":(\\d+).*", "$1"));
      wire.cut();
      wire.mend();
      Await.equal(List.of("b at 192.0.2.2", "d at 192.0.2.4?"), () -> Nodes.shown(a));
      assertEquals("while-cut-off", a.nodes().get(0).settings().get("key"));
      assertFalse(a.health().stale());
      Await.equal("a at 192.0.2.1", () -> Nodes.shown(seen).get(0));
      assertEquals(List.of("c"), Nodes.departed(seen));
      Await.equal(Set.of("c"), () -> Set.copyOf(departures));
      assertEquals(List.of(), Nodes.departed(a), "it never saw c");
    }
  }

  @Test
  @Tag("thorough")
  void aNodeIsKilledAndComesBack() throws Exception {
    start(1);
    try (PeerView seen = observer(cluster.endpoints())) {
      Process first = Nodes.start(cluster.endpoints(), SET, directory, "a", "192.0.2.1");
      Await.equal(List.of("a at 192.0.2.1"), () -> Nodes.shown(seen));
      first.destroyForcibly();
      Await.equal(List.of("a at 192.0.2.1?"), () -> Nodes.shown(seen));
      Process second = Nodes.start(cluster.endpoints(), SET, directory, "a", "192.0.2.1");
      Await.equal(List.of("a at 192.0.2.1"), () -> Nodes.shown(seen));
      // At once, before its lease is over: nothing is seen of it.
      second.destroyForcibly();
      EtcdCluster.await(second);
      Process third = Nodes.start(cluster.endpoints(), SET, directory, "a", "192.0.2.1");
      assertEquals(List.of("a at 192.0.2.1"), Nodes.shown(seen));
      third.getOutputStream().close();
      EtcdCluster.await(third);
      nobodyDeparted(seen);
    }
  }

  @Test
  void theClusterIsRestoredFromABackup() throws Exception {
    start(1);
    Path backup = directory.resolve("backup");
    try (PeerView a = joined("a", "192.0.2.1");
        PeerView seen = observer(cluster.endpoints())) {
      cluster.ctl("snapshot", "save", backup.toString());
      a.publish("after", "backup");
      assertEquals("backup", seen.nodes().get(0).settings().get("after"));
      cluster.kill(0);
      Files.move(cluster.data(0), directory.resolve("lost"));
      cluster.restore(backup);
      Await.equal(
          true,
          () ->
              seen.health()
                  .reason()
                  .endsWith(
                      ", as after a restore from a backup; open the view again (start the program"
                          + " again) to take it as it is"));
      assertEquals("backup", seen.nodes().get(0).settings().get("after"));
      try (PeerView anew =
          Nodes.observer(cluster.endpoints(), SET, directory.resolve("observer"))) {
        assertEquals(Map.of(), anew.nodes().get(0).settings());
        assertEquals(List.of(), Nodes.departed(anew));
      }
    }
  }

  /** A clock that somebody sets a day ahead or back, before each look at it. */
  private static final class JumpingClock extends Clock {
    private final Duration jump;
    private Duration off = Duration.ZERO;

    JumpingClock(Duration jump) {
      this.jump = jump;
    }

    @Override
    public synchronized Instant instant() {
      off = off.plus(jump);
      return Clock.systemUTC().instant().plus(off);
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }
  }

  @Test
  void aClockIsADayOff() {
    start(1);
    try (PeerView a = clocked("a", Duration.ofDays(-1));
        PeerView b = clocked("b", Duration.ofDays(1));
        PeerView seen = observer(cluster.endpoints())) {
      EtcdMember.of(a).join(List.of("192.0.2.1"), Map.of());
      EtcdMember.of(b).join(List.of("192.0.2.2"), Map.of());
      for (PeerView each : List.of(a, b)) {
        Duration off = Duration.between(Instant.now(), each.snapshot().readAt()).abs();
        assertTrue(off.compareTo(Duration.ofHours(12)) > 0, "the clock is in use: " + off);
      }
      // Longer than the lease lives without a beat.
      long end = System.nanoTime() + Duration.ofSeconds(4).toNanos();
      while (System.nanoTime() < end) {
        assertEquals(List.of("a at 192.0.2.1", "b at 192.0.2.2"), Nodes.shown(seen));
      }
      Await.equal(Set.of("a", "b"), () -> Set.copyOf(listed));
      nobodyDeparted(seen);
    }
  }

  private PeerView clocked(String id, Duration jump) {
    return Peers.open(
        Nodes.options(cluster.endpoints(), SET, directory.resolve("state-" + id))
            .environment(new Environment(Map.of(), Map.of(), directory, new JumpingClock(jump)))
            .self(id)
            .build());
  }

  @Test
  void usersAndRoles() throws Exception {
    // In this way a server tells what becomes of tokens.
    start(1, "--auth-token-ttl=1", "--logger=zap");
    for (String command :
        List.of(
            "role add magpie",
            "role grant-permission magpie readwrite /magpie/v1/set/ --prefix=true",
            "user add root:root-password",
            "user grant-role root root",
            "user add node:node-password",
            "user grant-role node magpie",
            "user add idle:node-password",
            "user grant-role idle magpie",
            "auth enable")) {
      cluster.ctl(List.of(command.split(" ", -1)));
    }
    Path password = directory.resolve("password");
    Files.writeString(password, "node-password\n");
    try (PeerView a = Peers.open(user("a", SET, password).build());
        PeerView b = Peers.open(user("b", SET, password).build())) {
      Set<String> heard = ConcurrentHashMap.newKeySet();
      b.listen(event -> event.snapshot().nodes().forEach(node -> heard.add(Nodes.shown(node))));
      EtcdMember.of(a).join(List.of("192.0.2.1"), Map.of());
      Await.equal(Set.of("a at 192.0.2.1"), () -> Set.copyOf(heard));
      // Who says nothing for as long as tokens are good for, logs in again.
      try (PeerView idle =
          Peers.open(user("idle", SET, password).option("etcd-user", "idle").build())) {
        assertEquals(List.of("a at 192.0.2.1"), Nodes.shown(idle));
        Await.equal(
            true, () -> cluster.log(0).contains("deleted a simple token\",\"user-name\":\"idle\""));
        assertEquals(List.of("a at 192.0.2.1"), Nodes.shown(idle));
        assertFalse(idle.health().stale(), idle.health().reason());
      }
      // A server that was started again knows no token at all.
      cluster.kill(0);
      cluster.restart(0);
      Await.equal(true, () -> published(a));
      Await.equal(true, () -> "2".equals(b.nodes().get(0).settings().get("port")));
      ConfigurationException denied =
          assertThrows(
              ConfigurationException.class,
              () -> Peers.open(user("a", "other", password).build()).close());
      assertEquals(
          "expected etcd at "
              + cluster.endpoints()
              + " to read /magpie/v1/other/, found that user \"node\" may not; grant its role the"
              + " permission readwrite for the keys of the peer set",
          denied.getMessage());
      Files.writeString(password, "wrong\n");
      ConfigurationException wrong =
          assertThrows(
              ConfigurationException.class,
              () -> Peers.open(user("a", SET, password).build()).close());
      assertTrue(
          wrong.getMessage().contains("check the user, the password and the certificate"),
          wrong.getMessage());
    }
  }

  private static boolean published(PeerView view) {
    try {
      view.publish("port", "2");
      return true;
    } catch (SourceUnavailableException e) {
      return false;
    }
  }

  private magpie.peers.PeersOptions.Builder user(String id, String set, Path password) {
    return Nodes.options(cluster.endpoints(), set, directory.resolve("state-" + id))
        .option("etcd-user", "node")
        .option("etcd-password-file", password.toString())
        .self(id);
  }
}
