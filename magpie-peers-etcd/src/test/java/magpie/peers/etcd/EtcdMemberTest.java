/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.etcd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import magpie.peers.ConfigurationException;
import magpie.peers.Notice;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.PeersOptions;
import magpie.peers.SourceUnavailableException;
import magpie.peers.host.OwnInterfaces;
import magpie.peers.spi.PeerBackend;
import magpie.peers.spi.PeerSource;
import magpie.peers.spi.Reading;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;

/** Joining, leaving, forgetting and publishing, with one real server. */
@SuppressWarnings("try") // views are open for what they do, not to be asked
@Tag("alone")
class EtcdMemberTest {
  @TempDir static Path data;
  private static EtcdCluster cluster;
  @TempDir Path directory;

  /** A peer set for each test. */
  private String set;

  @BeforeAll
  static void startEtcd() {
    EtcdCluster.required();
    cluster = EtcdCluster.start(data, 1);
  }

  @AfterAll
  static void stopEtcd() {
    if (cluster != null) {
      cluster.close();
    }
  }

  @BeforeEach
  void name(TestInfo info) {
    set = info.getTestMethod().orElseThrow().getName();
  }

  private PeersOptions.Builder options(String id) {
    return Nodes.options(cluster.endpoints(), set, directory.resolve("state-" + id)).self(id);
  }

  private PeerView node(String id) {
    return Peers.open(options(id).build());
  }

  private PeerView joined(String id, String address) {
    PeerView view = node(id);
    EtcdMember.of(view).join(List.of(address), Map.of());
    return view;
  }

  private String keys() {
    return cluster.ctl("get", "--prefix", "--keys-only", "/magpie/v1/" + set + "/");
  }

  @Test
  void isFoundAndDoesNotApplyWithoutEndpoints() {
    assertEquals(
        List.of("etcd"),
        ServiceLoader.load(PeerBackend.class).stream()
            .filter(provider -> provider.type().equals(EtcdBackend.class))
            .map(provider -> provider.get().name())
            .toList());
    assertEquals(
        Optional.of(
            "no etcd endpoints are given; name them with -Dmagpie.peers.etcd=HOST:PORT,... or"
                + " MAGPIE_PEERS_ETCD=HOST:PORT,..."),
        new EtcdBackend().whyNot(PeersOptions.builder().build()));
  }

  @Test
  void whoJoinedIsAPeerOfAllOthersAndLeavesWithItsLastData() {
    try (PeerView a = joined("a", "192.0.2.1/24");
        PeerView b = node("b")) {
      assertEquals(List.of("a at 192.0.2.1"), Nodes.shown(b));
      assertEquals(Optional.empty(), b.self());
      assertEquals("192.0.2.0/24", b.nodes().get(0).requireAddress().subnet().orElseThrow() + "");
      EtcdMember.of(b).join(List.of("192.0.2.2", "b.example"), Map.of("rack", "1"));
      PeerNode second = a.nodes().get(0);
      assertEquals("b at 192.0.2.2", Nodes.shown(second));
      assertEquals("b.example", second.addresses().get(1).text());
      assertEquals(Map.of("rack", "1"), second.labels());
      assertEquals(PeerId.of("b"), b.self().orElseThrow().id());
      b.publish(Map.of("port", "5001"));
      a.notices();

      assertTrue(EtcdMember.of(b).leave());
      assertFalse(EtcdMember.of(b).leave());
      Notice departed = a.notices().departed().get(0);
      assertEquals("b at 192.0.2.2", departed.lastKnown().orElseThrow().toString());
      assertEquals(Map.of("port", "5001"), departed.lastKnown().orElseThrow().settings());
      assertEquals("/magpie/v1/" + set + "/alive/a\n\n/magpie/v1/" + set + "/member/a\n\n", keys());
      EtcdMember.of(b).join(List.of("192.0.2.2"), Map.of());
      assertEquals(List.of("b at 192.0.2.2"), Nodes.shown(a));
    }
  }

  @Test
  void joinsWithTheAddressesOfTheRealInterfaces() {
    List<String> own =
        OwnInterfaces.ordered(OwnInterfaces.read()).stream().map(Object::toString).toList();
    try (PeerView a = node("a");
        PeerView b = node("b")) {
      if (own.isEmpty()) {
        assertThrows(IllegalArgumentException.class, () -> EtcdMember.of(a).join());
      } else {
        EtcdMember.of(a).join();
        assertEquals(own, b.nodes().get(0).addresses().stream().map(Object::toString).toList());
      }
    }
  }

  @Test
  void anIdThatAnotherInstallationHoldsIsRefusedWithItsHolder() throws Exception {
    try (PeerView a = joined("a", "192.0.2.1")) {
      PeersOptions other = options("a").stateDirectory(directory.resolve("elsewhere")).build();
      try (PeerView second = Peers.open(other)) {
        String instance;
        try (var files = Files.newDirectoryStream(directory.resolve("state-a"), "*.instance")) {
          instance = Files.readString(files.iterator().next());
        }
        ConfigurationException refused =
            assertThrows(
                ConfigurationException.class,
                () -> EtcdMember.of(second).join(List.of("192.0.2.9"), Map.of()));
        assertTrue(
            refused
                .getMessage()
                .startsWith(
                    "expected a to be free in /magpie/v1/"
                        + set
                        + "/, found that instance \""
                        + instance
                        + "\" on host \""),
            refused.getMessage());
        assertThrows(ConfigurationException.class, () -> EtcdMember.of(second).leave());
        assertThrows(ConfigurationException.class, () -> second.publish("key", "value"));
        // The same installation beside it is welcome.
        try (PeerView same = node("a")) {
          EtcdMember.of(same).join(List.of("192.0.2.3"), Map.of());
          assertEquals("a at 192.0.2.3", Nodes.shown(a.self().orElseThrow()));
        }
        // After its death another one may take the id, and has published nothing.
        a.publish("port", "1");
        a.close();
        try (PeerView observer =
            Nodes.observer(cluster.endpoints(), set, directory.resolve("observer"))) {
          observer.notices().dismissJoined();
          Await.equal(List.of("a at 192.0.2.3?"), () -> Nodes.shown(observer));
          EtcdMember.of(second).join(List.of("192.0.2.9"), Map.of());
          assertEquals(List.of("a at 192.0.2.9"), Nodes.shown(observer));
          assertEquals(Map.of(), observer.nodes().get(0).settings());
          assertEquals(List.of(), observer.notices().departed());
        }
      }
    }
  }

  @Test
  void comesBackAsTheSameWithWhatItPublishedAndNobodySeesItDepart() {
    try (PeerView observer =
        Nodes.observer(cluster.endpoints(), set, directory.resolve("observer"))) {
      try (PeerView a = joined("a", "192.0.2.1")) {
        a.publish("port", "1");
      }
      observer.notices();
      try (PeerView a = joined("a", "192.0.2.1")) {
        assertEquals(Map.of("port", "1"), a.published());
      }
      assertEquals(List.of(), observer.notices().departed());
      Await.equal(List.of("a at 192.0.2.1?"), () -> Nodes.shown(observer));
      assertEquals(List.of(), observer.notices().departed());
    }
  }

  @Test
  void forgetsOnlyWhoIsGone() {
    try (PeerView b = joined("b", "192.0.2.2")) {
      PeerView a = joined("a", "192.0.2.1");
      ConfigurationException alive =
          assertThrows(ConfigurationException.class, () -> EtcdMember.of(b).forget(PeerId.of("a")));
      assertTrue(
          alive.getMessage().startsWith("expected a to be gone before it is forgotten, found that"),
          alive.getMessage());
      a.close();
      b.notices();
      Await.equal(List.of("a at 192.0.2.1?"), () -> Nodes.shown(b));
      assertTrue(EtcdMember.of(b).forget(PeerId.of("a")));
      assertFalse(EtcdMember.of(b).forget(PeerId.of("a")));
      assertEquals(List.of("a"), Nodes.departed(b));
    }
  }

  @Test
  void aLeaseThatWasRevokedIsReplacedAtTheNextBeat() {
    try (PeerView a = joined("a", "192.0.2.1");
        PeerView b = node("b")) {
      assertEquals(List.of("a at 192.0.2.1"), Nodes.shown(b));
      b.notices();
      String before = lease();
      cluster.ctl("lease", "revoke", before);
      assertEquals(List.of("a at 192.0.2.1?"), Nodes.shown(b));
      Await.equal(List.of("a at 192.0.2.1"), () -> Nodes.shown(b));
      assertEquals(List.of(), Nodes.departed(b));
      assertFalse(lease().equals(before));
      // A key that is gone while its lease lives is found missing as well.
      cluster.ctl("del", "/magpie/v1/" + set + "/alive/a");
      assertEquals(List.of("a at 192.0.2.1?"), Nodes.shown(b));
      Await.equal(List.of("a at 192.0.2.1"), () -> Nodes.shown(b));
      assertEquals(a.selfId(), Optional.of(PeerId.of("a")));
    }
  }

  private String lease() {
    String json = cluster.ctl("get", "/magpie/v1/" + set + "/alive/a", "-w", "json");
    String number = json.replaceFirst("(?s).*\"lease\":(\\d+).*", "$1");
    return Long.toHexString(Long.parseLong(number));
  }

  @Test
  void whoWasForgottenWhileItLivesIsNotKeptAliveAnyMore() {
    try (PeerView a = joined("a", "192.0.2.1");
        PeerView b = node("b")) {
      b.notices();
      cluster.ctl("del", "/magpie/v1/" + set + "/member/a");
      assertEquals(List.of("a"), Nodes.departed(b));
      Await.equal("", this::keys);
      assertEquals(List.of(), b.ids());
      EtcdMember.of(a).join(List.of("192.0.2.1"), Map.of());
      assertEquals(List.of("a at 192.0.2.1"), Nodes.shown(b));
    }
  }

  @Test
  void openingAndLookingWritesNothing() {
    try (PeerView a = node("a")) {
      a.nodes();
      assertEquals(List.of(), a.ids());
      assertEquals("", keys());
      assertFalse(Files.exists(directory.resolve("state-a")));
      ConfigurationException early =
          assertThrows(ConfigurationException.class, () -> a.publish("key", "value"));
      assertEquals(
          "expected a to have joined before it publishes, found no key \"/magpie/v1/"
              + set
              + "/member/a\"; join with EtcdMember.of(view).join() or 'magpie-peers join'",
          early.getMessage());
    }
  }

  @Test
  void publishesAtMost256KiB() {
    try (PeerView a = joined("a", "192.0.2.1")) {
      assertTrue(a.publish("big", "x".repeat(250_000)));
      ConfigurationException tooLarge =
          assertThrows(ConfigurationException.class, () -> a.publish("bigger", "x".repeat(20_000)));
      assertTrue(
          tooLarge.getMessage().startsWith("expected at most 262144 bytes"), tooLarge.getMessage());
      assertEquals(250_000, a.published().get("big").length());
      assertEquals(1, a.published().size());
    }
  }

  @Test
  void twoWhoPublishAtTheSameTimeLoseNothing() throws Exception {
    try (PeerView first = joined("a", "192.0.2.1");
        PeerView second = node("a")) {
      Thread other =
          new Thread(
              () -> {
                for (int i = 0; i < 20; i++) {
                  second.publish("second-" + i, "x");
                }
              });
      other.start();
      for (int i = 0; i < 20; i++) {
        first.publish("first-" + i, "x");
      }
      other.join();
      assertEquals(40, first.published().size());
    }
  }

  @Test
  void readsOnlyWhatChangedSince() {
    EtcdSource source = (EtcdSource) new EtcdBackend().open(options("reader").build());
    try (source) {
      try (PeerView writer = joined("writer", "192.0.2.1")) {
        for (String id : List.of("n0", "n1", "n441")) {
          cluster.ctl(
              "put",
              "/magpie/v1/" + set + "/member/" + id,
              "{\"version\":1,\"addresses\":[\"198.51.100.1\"]}");
        }
        Reading all = source.read();
        assertEquals(4, all.ids().size());
        long values = source.mirror().values();
        assertSame(all, source.read());
        assertEquals(values, source.mirror().values());
        writer.publish("key", "value");
        assertEquals("value", one(source.read(), "writer").settings().get("key"));
        assertEquals(values + 1, source.mirror().values());
        cluster.ctl("del", "/magpie/v1/" + set + "/member/n441");
        cluster.ctl("del", "/magpie/v1/" + set + "/member/n0");
        cluster.ctl("put", "/magpie/v1/" + set + "/member/n0", "{\"version\":1,\"addresses\":[]}");
        assertEquals(3, source.read().ids().size());
        assertEquals(Optional.empty(), one(source.read(), "n0").address());
      }
    }
  }

  private static PeerNode one(Reading reading, String id) {
    return reading.nodes(List.of(PeerId.of(id))).iterator().next();
  }

  @Test
  void moreThanAPageIsReadAtOneRevision() {
    StringBuilder txn = new StringBuilder();
    for (int start = 0; start < 480; start += 120) {
      txn.setLength(0);
      for (int i = start; i < start + 120; i++) {
        txn.append("put /magpie/v1/").append(set).append("/member/n").append(i);
        txn.append(" \"{\\\"version\\\":1,\\\"addresses\\\":[]}\"\n");
      }
      EtcdCluster.run(
          List.of(
              "sh",
              "-c",
              "printf '\\n%s\\n\\n' \"$1\" | etcdctl --endpoints=" + cluster.endpoints() + " txn",
              "sh",
              txn.toString()));
    }
    try (PeerSource source = new EtcdBackend().open(options("reader").build())) {
      assertEquals(480, source.read().ids().size());
    }
  }

  @Test
  void aValueThatCannotBeReadIsNamedWithWhoKeepsItAlive() {
    try (PeerView a = joined("a", "192.0.2.1");
        PeerView b = node("b")) {
      assertEquals(1, b.ids().size());
      cluster.ctl(
          "put", "/magpie/v1/" + set + "/member/a", "{\"version\":1,\"addresses\":\"192.0.2.1\"}");
      assertEquals(1, b.ids().size());
      assertTrue(
          b.health()
              .reason()
              .matches(
                  "expected a value as docs/etcd\\.md says in key \"/magpie/v1/"
                      + set
                      + "/member/a\", found one that cannot be used \\(expected an array of texts in"
                      + " \"addresses\", found a text\\), written at revision \\d+; instance"
                      + " \"[-0-9a-f]+\" on host \".+\" keeps it alive; correct it where it is"
                      + " written, or remove it with 'etcdctl del'"),
          b.health().reason());
      assertThrows(SourceUnavailableException.class, () -> node("c"));
      EtcdMember.of(a).join(List.of("192.0.2.7"), Map.of());
      assertEquals(List.of("a at 192.0.2.7"), Nodes.shown(b));
      assertFalse(b.health().stale());
    }
  }

  @Test
  void optionsThatMakeNoSenseAreToldApart() {
    assertEquals(
        "option etcd: expected endpoints such as \"192.0.2.1:2379,[2001:db8::2]:2379\", found"
            + " \"127.0.0.1:x\"",
        refused(options("a").option("etcd", "127.0.0.1:x")));
    assertEquals(
        "option peer-set: expected 1 to 253 ASCII letters, digits, '.', '-' and '_', beginning with"
            + " a letter or digit, found \"a/b\"",
        refused(options("a").option("peer-set", "a/b")));
    assertEquals(
        "option etcd-ttl: expected a whole number of seconds from 2 to 3600, found \"1\"",
        refused(options("a").option("etcd-ttl", "1")));
    assertEquals(
        "option etcd-user: expected the option etcd-password-file with it, found none; set"
            + " -Dmagpie.peers.etcd-password-file=FILE or MAGPIE_PEERS_ETCD_PASSWORD_FILE=FILE",
        refused(options("a").option("etcd-user", "root")));
    assertEquals(
        "expected the id of this node in /magpie/v1/"
            + set
            + "/, found none; set -Dmagpie.peers.self=ID or MAGPIE_PEERS_SELF=ID, or look from"
            + " outside with -Dmagpie.peers.observer=true or MAGPIE_PEERS_OBSERVER=true",
        refused(Nodes.options(cluster.endpoints(), set, directory)));
  }

  private static String refused(PeersOptions.Builder options) {
    return assertThrows(ConfigurationException.class, () -> Peers.open(options.build()).close())
        .getMessage();
  }
}
