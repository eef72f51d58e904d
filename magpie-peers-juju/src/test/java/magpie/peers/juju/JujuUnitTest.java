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
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.SourceUnavailableException;
import magpie.peers.juju.HookToolException.Reason;
import magpie.peers.spi.PeerSource;
import magpie.peers.spi.Reading;
import magpie.peers.spi.StateStore;
import magpie.peers.testkit.juju.FakeJuju;
import magpie.peers.testkit.juju.FakeUnit;
import magpie.peers.testkit.juju.Fault;
import magpie.peers.testkit.juju.Hook;
import magpie.peers.testkit.juju.HookRun;
import magpie.peers.testkit.juju.JujuVersion;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a unit shares with its application, and how it says how it is. */
class JujuUnitTest {
  @TempDir Path directory;
  private FakeJuju juju;
  private FakeUnit leader;
  private FakeUnit other;

  @BeforeEach
  void aLeaderAndAnother() {
    juju = HookScene.settled(directory, 2);
    leader = juju.unit("magpie/0");
    other = juju.unit("magpie/1");
  }

  @AfterEach
  void end() {
    juju.close();
  }

  @Test
  void theLeaderSharesAndEverybodyReads() {
    HookRun run =
        HookScene.run(
            leader,
            view -> {
              JujuUnit unit = JujuUnit.of(view);
              assertTrue(unit.isLeader());
              assertTrue(unit.publishApplicationSettings(Map.of("b", "  2\n", "a", "1")));
              assertEquals("{a=1, b=  2\n}", unit.applicationSettings().toString(), "in order");
              assertFalse(unit.publishApplicationSettings(Map.of("a", "1")));
              assertFalse(unit.publishApplicationSettings(Map.of("never", "")));
              assertTrue(unit.publishApplicationSettings(Map.of("a", "")));
            });
    assertEquals(Map.of("magpie:1", Map.of("b", "  2\n")), run.applicationSettings());

    HookScene.run(
        other,
        view -> {
          JujuUnit unit = JujuUnit.of(view);
          assertFalse(unit.isLeader());
          Map<String, String> read = unit.applicationSettings();
          assertEquals(Map.of("b", "  2\n"), read);
          assertThrows(UnsupportedOperationException.class, () -> read.put("c", "3"));
        });
  }

  @Test
  void nothingButLeadershipIsAskedForTwiceInAHook() {
    HookRun run =
        HookScene.run(
            leader,
            view -> {
              JujuUnit unit = JujuUnit.of(view);
              for (int i = 0; i < 2; i++) {
                unit.isLeader();
                unit.applicationSettings();
                unit.publishAddresses();
                view.network("magpie");
                view.published();
              }
              assertTrue(unit.publishApplicationSettings(Map.of("a", "1")));
              assertEquals(Map.of("a", "1"), unit.applicationSettings(), "after its own write");
              assertTrue(view.publish(Map.of("b", "2")));
              assertEquals("2", view.published().get("b"), "after its own write");
            });

    Map<String, Integer> launches = new TreeMap<>();
    run.calls().forEach(call -> launches.merge(call.tool(), 1, Integer::sum));
    assertEquals(2, launches.get("is-leader"), run::toString);
    assertEquals(1, launches.get("network-get"), run::toString);
    // The bags of the unit and of the application, and both again after a write.
    assertEquals(4, launches.get("relation-get"), run::toString);
  }

  @Test
  void nobodyElseMayShare() {
    HookToolException refused =
        assertThrows(
            HookToolException.class,
            () ->
                HookScene.run(
                    other, view -> JujuUnit.of(view).publishApplicationSettings(Map.of("a", "1"))));

    assertEquals(Reason.NOT_LEADER, refused.reason());
    assertEquals(
        "hook tool relation-set -r magpie:1 --app --file -: expected this unit to be the leader,"
            + " found it is not; exit code 1, stderr \"ERROR cannot write relation settings\"; only"
            + " the leader may do this; another unit will",
        refused.getMessage());
    assertEquals(Map.of(), juju.applicationSettings("magpie"));
  }

  @Test
  void sharingIsUndoneIfLeadershipIsLostBeforeTheHookEnds() {
    HookRun lost =
        HookScene.run(
            leader,
            view -> {
              JujuUnit.of(view).publishApplicationSettings(Map.of("a", "1"));
              juju.leader("magpie/1");
            });

    assertFalse(lost.committed());
    assertEquals(Map.of(), juju.applicationSettings("magpie"));
  }

  @Test
  void whatIsNoSettingIsRefusedBeforeAnythingIsCalled() {
    Map<Map<String, String>, String> refused =
        Map.of(
            Map.of("", "x"),
            "expected a key for every setting, found an empty one",
            Map.of("bird", "mag\ud83e"),
            "expected Unicode text in the setting \"bird\", found half of a surrogate pair in"
                + " \"mag\\ud83e\"");
    HookRun run =
        HookScene.run(
            leader,
            view ->
                refused.forEach(
                    (settings, message) ->
                        assertEquals(
                            message,
                            assertThrows(
                                    IllegalArgumentException.class,
                                    () -> JujuUnit.of(view).publishApplicationSettings(settings))
                                .getMessage())));
    assertEquals(List.of(), run.calls());
  }

  @Test
  void beforeThereIsARelationThereIsNothingToShareIn() {
    try (FakeJuju young =
        HookScene.juju(directory.resolve("young"), JujuVersion.JUJU_3_6).newUnits(1).build()) {
      SourceUnavailableException none =
          assertThrows(
              SourceUnavailableException.class,
              () ->
                  HookScene.run(
                      young.unit("magpie/0"),
                      Hook.named("install"),
                      view -> JujuUnit.of(view).publishApplicationSettings(Map.of("a", "1"))));
      assertEquals("relation magpie", none.origin());
    }
  }

  @ParameterizedTest
  @EnumSource
  void saysHowItIsAtOnce(JujuUnit.Status status) {
    HookScene.run(other, view -> JujuUnit.of(view).setStatus(status, "--with 2 peers, $HOME é"));

    assertEquals(
        status.name().toLowerCase(java.util.Locale.ROOT) + ": --with 2 peers, $HOME é",
        other.status());
  }

  /** A charm that calls it in every hook, as the class example does. */
  @Test
  void aChangeOfAddressesReachesThePeersInWhateverHookItArrives() {
    try (FakeJuju young =
        HookScene.juju(directory.resolve("young"), JujuVersion.JUJU_3_6).newUnits(2).build()) {
      young.playInside(
          hook -> {
            try (PeerView view = HookScene.openMagpie(hook)) {
              JujuUnit.of(view).publishAddresses();
            }
          });
      young.unit("magpie/1").addresses("alpha", "10.20.0.77/16");
      young.playInside(
          hook -> {
            try (PeerView view = HookScene.openMagpie(hook)) {
              JujuUnit.of(view).publishAddresses();
            }
          });

      assertEquals(
          "magpie/1 at 10.20.0.77",
          HookScene.look(
              young.unit("magpie/0"),
              view -> view.node(HookScene.unit(1)).orElseThrow().toString()));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ERROR no network config found for binding \"magpie\"",
        "ERROR no addresses attached to space for binding \"magpie\""
      })
  void noNetworkForTheEndpointIsNoFailure(String refusal) {
    juju.inject(Fault.exit(1, refusal).on("network-get"));

    HookScene.run(leader, view -> JujuUnit.of(view).publishAddresses());

    assertEquals(0, juju.pendingFaults());
  }

  @Test
  void writesToTheLogAtEveryLevel() {
    HookScene.run(
        other,
        view -> {
          JujuUnit unit = JujuUnit.of(view);
          for (System.Logger.Level level : System.Logger.Level.values()) {
            unit.log(level, "--said at " + level + "\u001b\n\0 \u00e9");
          }
          unit.log(System.Logger.Level.INFO, "");
          assertThrows(NullPointerException.class, () -> unit.log(null, "never"));
        });

    String rest = "\\u001b\n\\0 \u00e9";
    assertEquals(
        List.of(
            "TRACE --said at ALL" + rest,
            "TRACE --said at TRACE" + rest,
            "DEBUG --said at DEBUG" + rest,
            "INFO --said at INFO" + rest,
            "WARNING --said at WARNING" + rest,
            "ERROR --said at ERROR" + rest),
        other.logs());
  }

  @Test
  void aStatusThatIsLongerThanAnArgumentCanBeIsShortened() {
    HookScene.run(
        leader,
        view -> JujuUnit.of(view).setStatus(JujuUnit.Status.ACTIVE, "\u00e9".repeat(100_000)));

    assertTrue(leader.status().contains("\u00e9\u00e9... (shortened to 100000 bytes)"));
  }

  @Test
  void noMessageCarriesALongArgument() {
    juju.inject(Fault.exit(1, "ERROR connection is shut down").on("status-set"));
    HookScene.run(
        leader,
        view -> {
          String message =
              assertThrows(
                      HookToolException.class,
                      () -> JujuUnit.of(view).setStatus(JujuUnit.Status.ACTIVE, "x".repeat(90_000)))
                  .getMessage();
          assertTrue(message.length() < 1000, () -> message.length() + " characters");
        });
  }

  @Test
  void noMessageCarriesManyArguments() {
    HookToolException many =
        new HookToolException(
            Reason.OTHER, "tool", Collections.nCopies(1000, "a".repeat(150)), 1, "", "m", "n");

    String message = many.getMessage();
    assertTrue(message.length() < 3000, () -> message.length() + " characters");
    assertTrue(message.contains("... (1000 arguments): m"), message);
    assertEquals(1000, many.arguments().size());
  }

  @Test
  void saysNothingThatATerminalActsOn() {
    HookScene.run(
        other,
        view ->
            JujuUnit.of(view)
                .setStatus(JujuUnit.Status.ACTIVE, "\u001b]0;evil\u0007\u009b2J\u202e\n\0 é 日本"));

    assertEquals("active: \\u001b]0;evil\\u0007\\u009b2J\\u202e\\n\\u0000 é 日本", other.status());
  }

  @Test
  void leadershipThatIsUnknownIsAFailure() {
    juju.inject(Fault.exit(1, "ERROR leadership status unknown: timeout").on("is-leader"));
    assertThrows(
        HookToolException.class, () -> HookScene.run(leader, view -> JujuUnit.of(view).isLeader()));

    juju.inject(Fault.stdout("\"true\"\n").on("is-leader"));
    HookToolException text =
        assertThrows(
            HookToolException.class,
            () -> HookScene.run(leader, view -> JujuUnit.of(view).isLeader()));
    assertEquals(
        "hook tool is-leader --format=json: expected true or false on stdout, found"
            + " \"\\\"true\\\"\\n\"; exit code 0, nothing on stderr; the hook is to fail, so that"
            + " Juju runs it again",
        text.getMessage());
  }

  @Test
  void onlyAViewOfJujuHasAUnit() {
    PeerSource empty =
        new PeerSource() {
          @Override
          public Reading read() {
            return Reading.of("nothing", Instant.EPOCH, Optional.empty(), List.of(), List.of());
          }

          @Override
          public StateStore state() {
            throw new AssertionError("nobody asks for it");
          }
        };
    try (PeerView view = Peers.open("empty", empty, magpie.peers.Environment.system())) {
      IllegalArgumentException refused =
          assertThrows(IllegalArgumentException.class, () -> JujuUnit.of(view));
      assertEquals(
          "expected a view of the backend juju, found one of \"empty\"", refused.getMessage());
    }
  }

  @Test
  void aClosedViewRunsNoMoreTools() {
    leader.inHook(
        "update-status",
        "",
        hook -> {
          JujuUnit unit;
          try (PeerView view = HookScene.open(hook)) {
            unit = JujuUnit.of(view);
          }
          IllegalStateException closed = assertThrows(IllegalStateException.class, unit::isLeader);
          assertEquals("the hook tools are closed, so is-leader cannot run", closed.getMessage());
        });
  }
}
