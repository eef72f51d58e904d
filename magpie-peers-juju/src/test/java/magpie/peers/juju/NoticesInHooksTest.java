/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import magpie.peers.Notice;
import magpie.peers.Notices;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.Snapshot;
import magpie.peers.juju.HookToolException.Reason;
import magpie.peers.testkit.juju.FakeJuju;
import magpie.peers.testkit.juju.FakeUnit;
import magpie.peers.testkit.juju.Fault;
import magpie.peers.testkit.juju.Hook;
import magpie.peers.testkit.juju.HookRun;
import magpie.peers.testkit.juju.JujuVersion;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Membership and notices where Juju makes them difficult. */
class NoticesInHooksTest {
  @TempDir Path directory;

  private FakeJuju settled(JujuVersion version, int units) {
    FakeJuju juju = HookScene.juju(directory, version).units(units).build();
    juju.settle();
    return juju;
  }

  @ParameterizedTest
  @EnumSource
  void aDepartedNoticeCarriesAddressAndSettingsInItsHookAndInLaterOnes(JujuVersion version) {
    try (FakeJuju juju = settled(version, 3)) {
      FakeUnit unit = juju.unit("magpie/0");
      juju.unit("magpie/2").publish("magpie", "port", "5001");
      juju.settle();
      HookScene.run(unit, PeerView::notices);
      juju.unit("magpie/2").destroy();

      for (Hook hook :
          List.of(
              Hook.departed("magpie", "magpie/2"),
              Hook.named("update-status"),
              Hook.joined("magpie", "magpie/1"),
              Hook.action("look"))) {
        Notices notices = HookScene.look(unit, hook, PeerView::notices);

        assertEquals(List.of("magpie/2"), HookScene.texts(notices.departed()), hook.toString());
        PeerNode gone = notices.departed().get(0).lastKnown().orElseThrow();
        assertEquals("10.0.0.12", gone.address().orElseThrow().text());
        assertEquals(Map.of("port", "5001"), gone.settings());
        assertEquals(
            List.of("magpie/1"),
            HookScene.look(unit, hook, view -> view.ids().stream().map(Object::toString).toList()));
      }
      assertEquals(1, HookScene.look(unit, view -> view.notices().dismissDeparted()).size());
      assertEquals(List.of(), HookScene.look(unit, PeerView::notices).departed());
    }
  }

  @Test
  void notToBeToldOfADepartureInItsOwnHookLosesNothing() {
    try (FakeJuju juju = settled(JujuVersion.JUJU_3_6, 2)) {
      FakeUnit unit = juju.unit("magpie/0");
      HookScene.run(unit, PeerView::notices);
      juju.unit("magpie/1").destroy();
      // The charm does not look in the departed hook, nor in any before the next update-status.
      HookScene.run(unit, Hook.departed("magpie", "magpie/1"), view -> {});

      Notices notices = HookScene.look(unit, PeerView::notices);
      assertEquals(List.of("magpie/1"), HookScene.texts(notices.departed()));
      assertEquals(List.of(), notices.joined());
      assertEquals(
          "10.0.0.11",
          notices.departed().get(0).lastKnown().orElseThrow().address().orElseThrow().text());
    }
  }

  @ParameterizedTest
  @EnumSource
  void aPeerThatComesBackHasJoinedAndNotDeparted(JujuVersion version) {
    try (FakeJuju juju = settled(version, 2)) {
      FakeUnit unit = juju.unit("magpie/0");
      HookScene.run(unit, PeerView::notices);
      juju.unit("magpie/1").destroy();
      HookScene.run(unit, Hook.departed("magpie", "magpie/1"), PeerView::notices);
      juju.addUnit("magpie/1");
      juju.settle();

      Notices notices = HookScene.look(unit, PeerView::notices);
      assertEquals(List.of("magpie/1"), HookScene.texts(notices.joined()));
      assertEquals(List.of(), notices.departed());
    }
  }

  @ParameterizedTest
  @EnumSource
  void aDepartedUnitThatNoBodyKnowsAnyMoreHasANoticeAllTheSame(JujuVersion version) {
    try (FakeJuju juju = settled(version, 2)) {
      FakeUnit unit = juju.unit("magpie/0");
      HookScene.run(unit, PeerView::notices);
      juju.unit("magpie/1").destroy();
      String words =
          version == JujuVersion.JUJU_4_0
              ? "ERROR relation unit not found"
              : "ERROR cannot read settings for unit \"magpie/1\" in relation \"magpie:magpie\":"
                  + " unit \"magpie/1\": settings not found";
      juju.inject(Fault.exit(1, words).on("relation-get"));

      Notices notices =
          HookScene.look(unit, Hook.departed("magpie", "magpie/1"), PeerView::notices);

      assertEquals(
          List.of(new Notice(Notice.Kind.DEPARTED, HookScene.unit(1), 2, Optional.empty())),
          notices.departed());
    }
  }

  @Test
  void aMemberThatCannotBeReadFailsTheHook() {
    try (FakeJuju juju = settled(JujuVersion.JUJU_3_6, 3)) {
      juju.inject(
          Fault.exit(1, "ERROR permission denied")
              .on("relation-get")
              .matching(arguments -> arguments.contains("magpie/2")));

      HookToolException failure =
          assertThrows(
              HookToolException.class, () -> HookScene.run(juju.unit("magpie/0"), PeerView::nodes));

      assertEquals(Reason.RELATION_GONE, failure.reason());
      assertEquals(
          "hook tool relation-get --format=json -r magpie:1 - magpie/2: expected the relation to"
              + " be there, found it gone or not visible to this unit; exit code 1, stderr \"ERROR"
              + " permission denied\"; the hook is to fail, or to go on without the relation",
          failure.getMessage());
    }
  }

  @ParameterizedTest
  @EnumSource
  void aRelationThatIsGoneFailsWithItsReason(JujuVersion version) {
    try (FakeJuju juju = settled(version, 2)) {
      juju.unit("magpie/0").restartAgent();
      juju.removeRelation("magpie");

      HookToolException failure =
          assertThrows(
              HookToolException.class, () -> HookScene.run(juju.unit("magpie/0"), PeerView::nodes));
      assertEquals(Reason.RELATION_GONE, failure.reason());
    }
  }

  @ParameterizedTest
  @EnumSource
  void whileTheUnitItselfLeavesEverybodyDeparts(JujuVersion version) {
    try (FakeJuju juju = settled(version, 3)) {
      FakeUnit unit = juju.unit("magpie/0");
      HookScene.run(unit, PeerView::notices);
      unit.remove();

      HookRun first = unit.runDueInside(hook -> assertLeaving(hook, 1)).orElseThrow();
      HookRun second = unit.runDueInside(hook -> assertLeaving(hook, 2)).orElseThrow();
      HookRun third = unit.runDueInside(hook -> assertLeaving(hook, 2)).orElseThrow();

      assertEquals(
          List.of("magpie/1", "magpie/2", ""),
          List.of(
              first.hook().remoteUnit(), second.hook().remoteUnit(), third.hook().remoteUnit()));
      assertEquals("stop", third.hook().name());
      assertEquals("magpie/0", first.environment().get("JUJU_DEPARTING_UNIT"));
    }
  }

  private static void assertLeaving(magpie.peers.testkit.juju.HookContext hook, int departed) {
    try (PeerView view = HookScene.open(hook)) {
      Notices notices = view.notices();
      assertEquals(2 - departed, view.ids().size());
      assertEquals(departed, notices.departed().size());
      assertTrue(notices.departed().stream().allMatch(n -> n.lastKnown().isPresent()));
    }
  }

  @Test
  void theChangeOfTheApplicationsSettingsIsAHookLikeAnyOther() {
    try (FakeJuju juju = settled(JujuVersion.JUJU_3_6, 2)) {
      Hook byApplication = Hook.changed("magpie", "");
      assertEquals(
          List.of(HookScene.unit(1)),
          HookScene.look(juju.unit("magpie/0"), byApplication, PeerView::ids));
    }
  }

  @Test
  void twoRelationsOfOneEndpointAreMergedWithAWarning() {
    try (FakeJuju juju =
        FakeJuju.create(directory, JujuVersion.JUJU_3_6)
            .peerRelation("magpie", 1)
            .peerRelation("magpie", 12)
            .units(3)
            .build()) {
      juju.settle();
      juju.unit("magpie/1").publish("magpie:1", "a", "of 1", "only-1", "yes");
      juju.unit("magpie/1").publish("magpie:12", "a", "of 12", "only-12", "yes");
      juju.settle();

      Snapshot seen = HookScene.look(juju.unit("magpie/0"), PeerView::snapshot);

      assertEquals(List.of(HookScene.unit(1), HookScene.unit(2)), seen.ids());
      assertEquals(
          Map.of("a", "of 1", "only-1", "yes", "only-12", "yes"), seen.nodes().get(0).settings());
      assertEquals("relation magpie:1 and magpie:12", seen.origin());
      assertEquals(
          List.of(
              "magpie/1 is named by more than one source of relation magpie:1 and magpie:12;"
                  + " merged",
              "magpie/2 is named by more than one source of relation magpie:1 and magpie:12;"
                  + " merged"),
          seen.warnings());
    }
  }

  @Test
  void juju4GhostsStayAndAreMarked() {
    try (FakeJuju juju = settled(JujuVersion.JUJU_4_0, 4)) {
      FakeUnit unit = juju.unit("magpie/0");
      juju.unit("magpie/2").destroyLeavingGhost();

      HookRun run =
          HookScene.run(
              unit,
              view -> {
                List<PeerNode> nodes = view.nodes();
                assertEquals(
                    List.of(false, true, false), nodes.stream().map(PeerNode::suspect).toList());
                assertEquals(3, view.ids().size());
                assertTrue(view.node(HookScene.unit(2)).orElseThrow().suspect());
              });

      assertEquals(1, run.toolCounts().get("goal-state"));
      // Nobody departs because of a doubt.
      assertEquals(List.of(), HookScene.look(unit, PeerView::notices).departed());
    }
  }

  @Test
  void aDyingPeerIsNoGhost() {
    try (FakeJuju juju = settled(JujuVersion.JUJU_4_0, 3)) {
      juju.unit("magpie/2").remove();

      assertFalse(
          HookScene.look(juju.unit("magpie/0"), view -> view.node(HookScene.unit(2)))
              .orElseThrow()
              .suspect());
    }
  }

  @Test
  void goalStateIsAskedForMembersAlone() {
    try (FakeJuju juju = settled(JujuVersion.JUJU_4_0, 2)) {
      FakeUnit unit = juju.unit("magpie/0");
      HookScene.run(unit, PeerView::notices);
      juju.unit("magpie/1").destroy();

      HookRun run = HookScene.run(unit, Hook.departed("magpie", "magpie/1"), PeerView::notices);

      assertEquals(
          Map.of(
              "relation-get",
              1,
              "relation-ids",
              1,
              "relation-list",
              1,
              "state-get",
              1,
              "state-set",
              1),
          run.toolCounts());
    }
  }

  @Test
  void noToolOutlivesTheCallThatFailed() {
    try (FakeJuju juju = settled(JujuVersion.JUJU_3_6, 2)) {
      for (String fails : List.of("relation-ids", "relation-list")) {
        noToolOutlivesTheCall(juju, fails, Fault.exit(1, "ERROR connection is shut down"));
        noToolOutlivesTheCall(juju, fails, Fault.garbage());
      }
    }
  }

  private static void noToolOutlivesTheCall(FakeJuju juju, String fails, Fault fault) {
    juju.inject(Fault.hang().on("state-get"));
    juju.inject(fault.on(fails));
    HookScene.run(
        juju.unit("magpie/0"),
        view -> {
          HookToolException failure = assertThrows(HookToolException.class, view::notices);
          assertEquals(fails, failure.tool());
          assertEquals(0, ProcessHandle.current().descendants().count(), fails);
          // It has not struck where the tool was ended before it could ask.
          juju.clearFaults();
          assertEquals(List.of("magpie/1"), HookScene.texts(view.notices().joined()));
        });
  }

  @Test
  void onlyUnitNamesAreTakenFromTools() {
    try (FakeJuju juju = settled(JujuVersion.JUJU_3_6, 2)) {
      FakeUnit unit = juju.unit("magpie/0");
      juju.inject(Fault.stdout("[\"magpie/1\",\"--app\"]\n").on("relation-list"));
      HookToolException name =
          assertThrows(HookToolException.class, () -> HookScene.run(unit, PeerView::ids));
      assertEquals(
          "hook tool relation-list --format=json -r magpie:1: expected unit names such as magpie/0"
              + " on stdout, found \"--app\"; exit code 0, nothing on stderr; the hook is to fail,"
              + " so that Juju runs it again",
          name.getMessage());

      juju.inject(Fault.stdout("[\"-x\"]\n").on("relation-ids"));
      HookToolException id =
          assertThrows(HookToolException.class, () -> HookScene.run(unit, PeerView::ids));
      assertEquals(
          "hook tool relation-ids --format=json magpie: expected relation ids such as magpie:0 on"
              + " stdout, found \"-x\"; exit code 0, nothing on stderr; the hook is to fail, so"
              + " that Juju runs it again",
          id.getMessage());

      juju.inject(Fault.stdout("[\"magpie/1\"] []\n").on("relation-list"));
      HookToolException more =
          assertThrows(HookToolException.class, () -> HookScene.run(unit, PeerView::ids));
      assertEquals(
          "hook tool relation-list --format=json -r magpie:1: expected a JSON list of unit names"
              + " on stdout, found more behind it: \"[\\\"magpie/1\\\"] []\\n\"; exit code 0,"
              + " nothing on stderr; the hook is to fail, so that Juju runs it again",
          more.getMessage());
    }
  }

  @Test
  void outsideAHookTheToolsSaySo() {
    try (FakeJuju juju = settled(JujuVersion.JUJU_3_6, 2)) {
      PeerView[] kept = new PeerView[1];
      juju.unit("magpie/0")
          .inHook(
              "update-status",
              "",
              (magpie.peers.testkit.juju.HookContext.Body<RuntimeException>)
                  hook -> kept[0] = HookScene.openMagpie(hook));

      try (PeerView view = kept[0]) {
        HookToolException over = assertThrows(HookToolException.class, view::ids);
        assertEquals(Reason.OUTSIDE_HOOK, over.reason());
        juju.unit("magpie/0")
            .inHook(
                "update-status",
                "",
                hook ->
                    assertEquals(
                        Reason.STALE_CONTEXT,
                        assertThrows(HookToolException.class, view::ids).reason()));
      }
    }
  }
}
