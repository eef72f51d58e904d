/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import magpie.peers.NodeFilter;
import magpie.peers.Notices;
import magpie.peers.PeerId;
import magpie.peers.testkit.juju.FakeJuju;
import magpie.peers.testkit.juju.FakeUnit;
import magpie.peers.testkit.juju.HookRun;
import magpie.peers.testkit.juju.JujuVersion;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * How many hook tools a hook with many peers launches; 300 where the build is thorough.
 *
 * <p>docs/juju.md states these numbers; change them together.
 */
class ManyPeersTest {
  private static final int PEERS = Boolean.getBoolean("magpie.thorough") ? 300 : 40;

  @TempDir Path directory;

  private FakeJuju crowd(JujuVersion version) {
    FakeJuju juju = HookScene.juju(directory, version).units(PEERS + 1).build();
    FakeUnit unit = juju.unit("magpie/0");
    unit.settle();
    return juju;
  }

  private static List<PeerId> all() {
    return IntStream.rangeClosed(1, PEERS).mapToObj(HookScene::unit).toList();
  }

  @Test
  void whoIsThereTakesTwoLaunchesAndReadsNoBag() {
    try (FakeJuju juju = crowd(JujuVersion.JUJU_3_6)) {
      HookRun run =
          HookScene.run(
              juju.unit("magpie/0"),
              view -> {
                assertEquals(PEERS, view.ids().size());
                assertEquals(all(), view.ids());
                assertEquals(HookScene.unit(0), view.selfId().orElseThrow());
              });

      assertEquals(
          List.of("relation-ids --format=json magpie", "relation-list --format=json -r magpie:1"),
          HookScene.calls(run));
    }
  }

  @Test
  void onePeerTakesOneMore() {
    try (FakeJuju juju = crowd(JujuVersion.JUJU_3_6)) {
      HookRun run =
          HookScene.run(
              juju.unit("magpie/0"),
              view -> {
                assertTrue(view.node(HookScene.unit(PEERS / 2)).isPresent());
                assertFalse(view.node(HookScene.unit(PEERS + 1)).isPresent());
              });

      assertEquals(
          List.of(
              "relation-ids --format=json magpie",
              "relation-list --format=json -r magpie:1",
              "relation-get --format=json -r magpie:1 - magpie/" + PEERS / 2),
          HookScene.calls(run));
    }
  }

  @Test
  void aWholeHookReadsEachBagOnce() {
    aWholeHookReadsEachBagOnce(JujuVersion.JUJU_3_6);
  }

  @Tag("thorough")
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "JUJU_3_6")
  void aWholeHookReadsEachBagOnce(JujuVersion version) {
    try (FakeJuju juju = crowd(version)) {
      FakeUnit unit = juju.unit("magpie/0");
      HookRun first =
          HookScene.run(
              unit,
              view -> {
                Notices notices = view.notices();
                assertEquals(PEERS, notices.joined().size());
                assertEquals(PEERS, view.nodes().size());
                assertEquals(PEERS, view.nodes(NodeFilter.inNetwork("10.0.0.0/8")).size());
                assertTrue(view.node(HookScene.unit(5)).isPresent());
                assertTrue(view.explain(HookScene.unit(6), NodeFilter.all()).isPresent());
                view.publish("greeting", "hello");
                assertEquals(PEERS, notices.dismissJoined().size());
                assertEquals(PEERS, view.nodes().size());
              });

      Map<String, Integer> expected =
          new java.util.TreeMap<>(
              Map.of(
                  "relation-get", PEERS,
                  "relation-ids", 1,
                  "relation-list", 1,
                  "relation-set", 1,
                  "state-get", 1,
                  // Recorded, published, dismissed.
                  "state-set", 3));
      if (version == JujuVersion.JUJU_4_0) {
        expected.put("goal-state", 1);
      }
      assertEquals(expected, first.toolCounts());
      List<String> bags =
          HookScene.calls(first).stream().filter(c -> c.startsWith("relation-get")).toList();
      assertEquals(PEERS, bags.stream().distinct().count());
      assertFalse(bags.stream().anyMatch(call -> call.endsWith(" magpie/0")), "the own bag");

      HookRun second =
          HookScene.run(
              unit,
              view -> {
                assertTrue(view.notices().isEmpty());
                assertEquals(PEERS, view.nodes().size());
                assertFalse(view.publish("greeting", "hello"));
              });
      expected.remove("relation-set");
      expected.remove("state-set");
      assertEquals(expected, second.toolCounts());
    }
  }
}
