/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import magpie.peers.ConfigurationException;
import magpie.peers.Notices;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.PeersOptions;
import magpie.peers.StateException;
import magpie.peers.juju.HookToolException.Reason;
import magpie.peers.spi.PeerSource;
import magpie.peers.spi.Reading;
import magpie.peers.spi.StateStore;
import magpie.peers.testkit.juju.FakeJuju;
import magpie.peers.testkit.juju.FakeUnit;
import magpie.peers.testkit.juju.Hook;
import magpie.peers.testkit.juju.HookContext;
import magpie.peers.testkit.juju.HookRun;
import magpie.peers.testkit.juju.JujuVersion;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is kept from hook to hook, and where. */
class JujuStateTest {
  private static final String KEY = "magpie-peers.magpie";

  @TempDir Path directory;
  private FakeJuju juju;
  private FakeUnit unit;

  @BeforeEach
  void threeUnits() {
    juju = HookScene.settled(directory, 3);
    unit = juju.unit("magpie/0");
  }

  @AfterEach
  void end() {
    juju.close();
  }

  private String stored() {
    return unit.charmState().getOrDefault(KEY, "");
  }

  private void store(String text) {
    unit.inHook(
        Hook.action("store"),
        hook ->
            assertEquals(
                0,
                hook.callWithInput(Json.object(Map.of(KEY, text)), "state-set", "--file", "-")
                    .exitCode()));
  }

  @Test
  void isOneKeyOfTheUnitsStateInAFormThatIsDocumented() {
    HookScene.run(unit, PeerView::notices);
    assertEquals(
        """
        magpie-peers-state 1
        recorded 1
        members magpie//1+1
        joined 1 0+1
        end
        """,
        stored());

    HookScene.run(unit, view -> view.publish("greeting", "hello"));
    assertEquals(
        """
        published magpie:1 -js9o0231a1vu.8=-1e9fcrvkejlrp.5
        magpie-peers-state 1
        recorded 1
        members magpie//1+1
        joined 1 0+1
        end
        """,
        stored());

    assertEquals(Map.of(KEY, stored()), unit.charmState());
  }

  /** One thread records notices while another publishes: neither loses what the other stored. */
  @Test
  void noticesAndFingerprintsAreStoredByTwoThreadsAtOnce() throws Exception {
    HookScene.run(
        unit,
        view -> {
          FutureTask<Void> noticing =
              new FutureTask<>(
                  () -> {
                    for (int i = 0; i < 20; i++) {
                      view.dismiss(view.notices().joined());
                    }
                    return null;
                  });
          Thread thread = new Thread(noticing);
          thread.start();
          for (int i = 0; i < 10; i++) {
            assertTrue(view.publish("count", String.valueOf(i)));
          }
          noticing.get(60, TimeUnit.SECONDS);
        });
    String[] lines = stored().split("\n", 2);
    assertTrue(lines[0].startsWith("published magpie:1 "), lines[0]);
    assertEquals(
        """
        magpie-peers-state 1
        recorded 1
        members magpie//1+1
        end
        """,
        lines[1]);
    HookScene.run(unit, view -> assertFalse(view.publish("count", "9")));
  }

  @Test
  void isReadOnceAndWrittenOnlyWhenItChanges() {
    HookRun first =
        HookScene.run(
            unit,
            view -> {
              view.notices();
              view.notices();
            });
    assertEquals(
        Map.of("relation-ids", 1, "relation-list", 1, "state-get", 1, "state-set", 1),
        first.toolCounts());

    HookRun second = HookScene.run(unit, PeerView::notices);
    assertEquals(
        List.of(
            "relation-ids --format=json magpie",
            "state-get --format=json magpie-peers.magpie",
            "relation-list --format=json -r magpie:1"),
        HookScene.calls(second));
    assertEquals(Map.of(), second.charmState());
  }

  @Test
  void aFailedHookLeavesItAsItWas() {
    HookScene.run(unit, PeerView::notices);
    String before = stored();

    IllegalStateException onPurpose = new IllegalStateException("on purpose");
    assertThrows(
        IllegalStateException.class,
        () ->
            HookScene.run(
                unit,
                view -> {
                  assertEquals(2, view.notices().dismissJoined().size());
                  view.publish("greeting", "hello");
                  throw onPurpose;
                }));

    assertEquals(before, stored());
    assertFalse(unit.settings("magpie").containsKey("greeting"));
    Notices again = HookScene.look(unit, PeerView::notices);
    assertEquals(List.of("magpie/1", "magpie/2"), HookScene.texts(again.joined()));
    // What was published in the failed hook is published again in the next.
    assertTrue(HookScene.publish(unit, "greeting", "hello"));
    assertEquals("hello", unit.settings("magpie").get("greeting"));
  }

  @Test
  void twoEndpointsHaveTwo() {
    try (FakeJuju two =
        FakeJuju.create(directory.resolve("two"), JujuVersion.JUJU_3_6)
            .peerRelation("one")
            .peerRelation("two")
            .units(2)
            .build()) {
      two.settle();
      for (String endpoint : List.of("one", "two")) {
        two.unit("magpie/0")
            .inHook(
                Hook.action("look"),
                hook -> {
                  PeersOptions options =
                      PeersOptions.builder()
                          .environment(HookScene.environment(hook))
                          .peerSet(endpoint)
                          .build();
                  try (PeerView view = Peers.open(options)) {
                    view.publish("where", endpoint);
                    view.notices();
                  }
                });
      }

      assertEquals(
          List.of("magpie-peers.one", "magpie-peers.two"),
          List.copyOf(two.unit("magpie/0").charmState().keySet()));
      assertEquals("one", two.unit("magpie/0").settings("one").get("where"));
      assertEquals("two", two.unit("magpie/0").settings("two").get("where"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"published magpie:1", "published magpie:1 a=b"})
  void aLineOfFingerprintsWithoutEndIsDamage(String text) {
    store(text);

    StateException damaged =
        assertThrows(StateException.class, () -> HookScene.look(unit, PeerView::notices));

    assertEquals(
        "unit state magpie-peers.magpie:1: damaged state: expected a line end behind \"published\","
            + " found none; remove the state to start anew: all peers are then joined once more",
        damaged.getMessage());
    assertEquals("unit state magpie-peers.magpie", damaged.origin());
  }

  @Test
  void whatElseIsDamagedIsNamedToo() {
    store("garbage");

    StateException damaged =
        assertThrows(StateException.class, () -> HookScene.look(unit, PeerView::notices));

    assertEquals(
        "unit state magpie-peers.magpie:1: damaged state: expected magpie-peers-state 1, found"
            + " \"garbage\"; remove the state to start anew: all peers are then joined once more",
        damaged.getMessage());
    // Membership has nothing to do with it (M3).
    unit.resolved();
    assertEquals(2, HookScene.look(unit, PeerView::ids).size());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "published ",
        "published magpie:1 =  x= =y nothing",
        "published magpie:2 -js9o0231a1vu.8=-1e9fcrvkejlrp.5"
      })
  void aFingerprintThatIsNoneOrOfAnotherRelationCostsOneWrite(String header) {
    store(header + "\n");

    assertTrue(HookScene.publish(unit, "greeting", "hello"));
    assertFalse(HookScene.publish(unit, "greeting", "hello"));
    assertEquals(2, HookScene.look(unit, view -> view.notices().dismissJoined()).size());
  }

  @Test
  void keysThatComeAndGoDoNotFillIt() {
    String longest = "";
    for (int round = 0; round < 8; round++) {
      Map<String, String> tasks = new LinkedHashMap<>();
      for (int i = 0; i < 250; i++) {
        tasks.put("task-" + round + "-" + i, "running");
      }
      HookScene.run(unit, view -> view.publish(tasks));
      tasks.replaceAll((key, value) -> "");
      HookScene.run(unit, view -> view.publish(tasks));
      longest = stored().length() > longest.length() ? stored() : longest;
    }

    assertTrue(longest.length() <= 24 * 1024 + 1, longest.length() + " characters");
    assertEquals(
        List.of("egress-subnets", "ingress-address", "private-address"),
        List.copyOf(unit.settings("magpie").keySet()));
  }

  @Test
  void moreKeysThanItHoldsAreForgottenAndStillPublished() {
    Map<String, String> many = new LinkedHashMap<>();
    for (int i = 0; i < 3000; i++) {
      many.put("key-" + i, "value " + i);
    }
    HookScene.run(unit, view -> view.publish(many));
    assertEquals("published magpie:1\n", stored());
    assertEquals(3003, unit.settings("magpie").size());

    HookRun again = HookScene.run(unit, view -> view.publish(many));
    assertEquals(Map.of(), again.unitSettings(), "no peer hears of it");
  }

  /** A source of any number of peers over a state that is this module's. */
  private static final class Crowd implements PeerSource {
    private final JujuState state;
    private List<PeerNode> nodes;

    Crowd(JujuState state, Collection<PeerId> ids) {
      this.state = state;
      this.nodes = ids.stream().map(id -> PeerNode.builder(id).build()).toList();
    }

    @Override
    public Reading read() {
      return Reading.of("crowd", Instant.EPOCH, Optional.empty(), nodes, List.of());
    }

    @Override
    public StateStore state() {
      return state;
    }

    @Override
    public boolean remembersDeparted() {
      return true;
    }
  }

  @Test
  void staysFarBelow64KibibytesForTenThousandPeers() throws Exception {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    List<PeerId> all = new ArrayList<>();
    List<PeerId> holes = new ArrayList<>();
    for (int i = 0; i < 10_000; i++) {
      all.add(HookScene.unit(i));
      if (random.nextBoolean()) {
        holes.add(HookScene.unit(i));
      }
    }
    int whole = sizeAfter(List.of(all));
    int half = sizeAfter(List.of(holes));
    int halfGone = sizeAfter(List.of(all, holes));

    assertTrue(whole < 100, whole + " bytes for all in a row");
    assertTrue(half < 16 * 1024, half + " bytes with random holes, seed " + seed);
    assertTrue(halfGone < 32 * 1024, halfGone + " bytes with random half departed, seed " + seed);
  }

  /** The size of the state after these recordings, of which nothing is dismissed. */
  private int sizeAfter(List<List<PeerId>> recordings) throws Exception {
    store("");
    for (List<PeerId> present : recordings) {
      unit.inHook(
          Hook.action("record"),
          (HookContext.Body<Exception>)
              context -> {
                CharmProcess hook =
                    CharmProcess.of(
                        PeersOptions.builder().environment(HookScene.environment(context)).build());
                try (HookTools tools = new HookTools(hook.environment(), Duration.ofSeconds(60));
                    PeerView view =
                        Peers.open(
                            "crowd",
                            new Crowd(JujuState.of(hook, tools), present),
                            hook.environment())) {
                  assertEquals(present.size(), view.ids().size());
                  view.notices();
                }
              });
    }
    return stored().getBytes(UTF_8).length;
  }

  @Test
  void tooMuchIsRefusedByJujuAndSaysSo() {
    HookToolException refused =
        assertThrows(
            HookToolException.class,
            () ->
                unit.inHook(
                    "update-status",
                    "",
                    context -> {
                      CharmProcess hook =
                          CharmProcess.of(
                              PeersOptions.builder()
                                  .environment(HookScene.environment(context))
                                  .build());
                      try (HookTools tools =
                          new HookTools(hook.environment(), Duration.ofSeconds(60))) {
                        JujuState.of(hook, tools).update(before -> "x".repeat(65537));
                      }
                    }));

    assertEquals(Reason.OVER_QUOTA, refused.reason());
    assertEquals(
        "hook tool state-set --file -: expected to store less, found it over Juju's limit; exit"
            + " code 1, stderr \"ERROR max allowed value length (65536) exceeded\"; store less, or"
            + " store it elsewhere",
        refused.getMessage());
  }

  @Test
  void anAgentWithoutUnitStateIsToldWhichVersionIsNeeded() {
    List.of("state-get", "state-set", "state-delete").forEach(juju::removeTool);

    ConfigurationException tooOld =
        assertThrows(ConfigurationException.class, () -> HookScene.run(unit, PeerView::notices));

    assertEquals(
        "expected an agent of Juju 2.8 or later, whose hook tools include state-set, found no"
            + " state-set on PATH, and JUJU_VERSION is \"3.6.26\"; upgrade the agents of this"
            + " model, or start this program with the PATH that the agent gave the hook",
        tooOld.getMessage());
    assertEquals(List.of(), juju.calls());
  }

  /** Where there are no hook tools at all, the version is not what is wrong. */
  @Test
  void aPathWithoutHookToolsIsNotTakenForAnOldAgent() {
    HookToolException none =
        assertThrows(
            HookToolException.class,
            () ->
                unit.inHook(
                    "update-status",
                    "",
                    hook -> {
                      try (PeerView view =
                          HookScene.open(HookScene.environment(hook, Map.of("PATH", "/nowhere")))) {
                        view.notices();
                      }
                    }));
    assertEquals(Reason.NOT_STARTED, none.reason());
  }
}
