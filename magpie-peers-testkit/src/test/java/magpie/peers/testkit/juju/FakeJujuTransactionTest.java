/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit.juju;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a hook sees of others, what it changes, and when. */
class FakeJujuTransactionTest {
  @TempDir Path directory;

  private FakeJuju juju(JujuVersion version) {
    return FakeJuju.create(directory, version).peerRelation("magpie").units(3).build();
  }

  private static String get(HookContext hook, String key, String unit) {
    return hook.call("relation-get", "-r", "magpie:1", key, unit).stdout();
  }

  private static String list(HookContext hook) {
    return hook.call("relation-list", "-r", "magpie:1").stdout();
  }

  @Test
  void changesAreCommittedWhenTheProcessEndsWellAndElseDiscarded() {
    try (FakeJuju juju = juju(JujuVersion.JUJU_3_6)) {
      FakeUnit unit = juju.unit("magpie/0");
      String script = "relation-set a=1; state-set s=1; status-set active on; juju-log hi; exit ";
      HookRun failed = unit.run("magpie-relation-created", "", "sh", "-c", script + 3);
      assertFalse(failed.committed());
      assertEquals(3, failed.exitCode());
      assertEquals("hook failed: \"magpie-relation-created\" (exit status 3)", failed.failure());
      assertEquals(Map.of(), failed.unitSettings());
      assertFalse(unit.settings("magpie").containsKey("a"));
      assertEquals(Map.of(), unit.charmState());
      assertEquals("active: on", unit.status());
      assertEquals(List.of("INFO magpie:1: hi"), unit.logs());
      assertTrue(unit.isInError());

      HookRun again = unit.run("magpie-relation-created", "", "sh", "-c", script + 0);
      assertTrue(again.committed());
      assertEquals(2, again.attempt());
      assertFalse(again.contextId().equals(failed.contextId()));
      assertEquals(Map.of("magpie:1", Map.of("a", "1")), again.unitSettings());
      assertEquals(Map.of("s", "1"), again.charmState());
      assertEquals("1", unit.settings("magpie").get("a"));
      assertFalse(unit.isInError());

      HookRun removing =
          unit.run("magpie-relation-created", "", "sh", "-c", "relation-set a=; state-delete s");
      assertEquals(Map.of("magpie:1", Map.of("a", "")), removing.unitSettings());
      assertEquals(List.of("s"), removing.deletedState());
      assertEquals(Map.of(), unit.charmState());
    }
  }

  @Test
  void aHookReadsItsOwnWritesAndOthersDoNot() {
    try (FakeJuju juju = juju(JujuVersion.JUJU_3_6)) {
      juju.settle();
      juju.unit("magpie/0")
          .inHook(
              "update-status",
              "",
              hook -> {
                hook.call("relation-set", "-r1", "a=1");
                hook.call("relation-set", "-r1", "--app", "b=2");
                assertEquals("1\n", get(hook, "a", "magpie/0"));
                assertEquals(
                    "2\n", hook.call("relation-get", "-r1", "--app", "b", "magpie").stdout());
                hook.call("relation-set", "-r1", "a=");
                assertEquals("", get(hook, "a", "magpie/0"));
                hook.call("relation-set", "-r1", "a=3");
                juju.unit("magpie/1")
                    .inHook(
                        "update-status",
                        "",
                        other -> assertEquals("", get(other, "a", "magpie/0")));
              });
      assertEquals("3", juju.unit("magpie/0").settings("magpie").get("a"));
    }
  }

  @Test
  void membershipIsFrozenAndFollowsTheHooks() {
    try (FakeJuju juju = juju(JujuVersion.JUJU_3_6)) {
      FakeUnit unit = juju.unit("magpie/0");
      unit.inHook("update-status", "", hook -> assertEquals("", list(hook)));
      unit.inHook(
          "magpie-relation-joined", "magpie/2", hook -> assertEquals("magpie/2\n", list(hook)));
      unit.inHook("update-status", "", hook -> assertEquals("magpie/2\n", list(hook)));
      HookRun failed = unit.run("magpie-relation-changed", "magpie/2", "false");
      assertFalse(failed.committed());
      unit.resolved();
      unit.inHook(
          "magpie-relation-joined",
          "magpie/1",
          hook -> {
            assertEquals("magpie/1\nmagpie/2\n", list(hook));
            juju.unit("magpie/2").destroy();
            assertEquals("magpie/1\nmagpie/2\n", list(hook));
            hook.exit(1);
          });
      assertEquals(List.of("magpie/2"), unit.members("magpie"));
      unit.resolved();
      assertEquals(List.of("magpie/1", "magpie/2"), unit.members("magpie"));
      unit.runDue("true");
      assertEquals(
          Optional.of("magpie-relation-departed (magpie:1) magpie/2"),
          unit.due().map(Hook::toString));
      unit.runDueInside(
          hook -> {
            assertEquals("magpie/1\n", list(hook));
            assertEquals("10.0.0.12\n", get(hook, "ingress-address", "magpie/2"));
            assertEquals("10.0.0.12\n", hook.call("relation-get", "ingress-address").stdout());
            assertEquals("magpie/2", hook.environment().get("JUJU_DEPARTING_UNIT"));
          });
      unit.inHook(
          "update-status",
          "",
          hook -> assertEquals("10.0.0.12\n", get(hook, "ingress-address", "magpie/2")));
    }
  }

  @Test
  void membersAreReadAgainOnlyForTheirOwnHook() {
    try (FakeJuju juju = juju(JujuVersion.JUJU_3_6)) {
      juju.settle();
      FakeUnit unit = juju.unit("magpie/0");
      unit.inHook("update-status", "", hook -> assertEquals("", get(hook, "a", "magpie/1")));
      juju.unit("magpie/1").publish("magpie", "a", "1");
      juju.unit("magpie/2").publish("magpie", "a", "1");
      unit.inHook(
          "magpie-relation-changed",
          "magpie/2",
          hook -> {
            assertEquals("", get(hook, "a", "magpie/1"));
            assertEquals("1\n", get(hook, "a", "magpie/2"));
            juju.unit("magpie/2").publish("magpie", "a", "2");
            assertEquals("1\n", get(hook, "a", "magpie/2"));
          });
      unit.inHook(
          "magpie-relation-changed",
          "magpie/1",
          hook -> {
            assertEquals("1\n", get(hook, "a", "magpie/1"));
            assertEquals("1\n", get(hook, "a", "magpie/2"));
          });
      unit.restartAgent();
      unit.inHook("update-status", "", hook -> assertEquals("2\n", get(hook, "a", "magpie/2")));
    }
  }

  @Test
  void settlingCountsAsTheHooksThatWouldReadAMemberAgain() {
    try (FakeJuju juju = juju(JujuVersion.JUJU_3_6)) {
      juju.settle();
      FakeUnit unit = juju.unit("magpie/0");
      unit.inHook("update-status", "", hook -> assertEquals("", get(hook, "a", "magpie/1")));
      juju.unit("magpie/1").publish("magpie", "a", "1");
      juju.settle();
      unit.inHook("update-status", "", hook -> assertEquals("1\n", get(hook, "a", "magpie/1")));
    }
  }

  @Test
  void nonMembersAndTheApplicationAreReadAgainInEachHook() {
    try (FakeJuju juju = juju(JujuVersion.JUJU_3_6)) {
      FakeUnit unit = juju.unit("magpie/1");
      for (String value : List.of("1", "2")) {
        juju.unit("magpie/2").publish("magpie", "a", value);
        juju.publishApplication("magpie", "b", value);
        unit.inHook(
            "update-status",
            "",
            hook -> {
              String[] app = {"relation-get", "-r1", "--app", "b", "magpie"};
              assertEquals(value + "\n", get(hook, "a", "magpie/2"));
              assertEquals(value + "\n", hook.call(app).stdout());
              juju.unit("magpie/2").publish("magpie", "a", "later");
              juju.publishApplication("magpie", "b", "later");
              assertEquals(value + "\n", get(hook, "a", "magpie/2"));
              assertEquals(value + "\n", hook.call(app).stdout());
            });
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void readingTheOwnBagSubmitsItAgain(JujuVersion version) {
    try (FakeJuju juju = juju(version)) {
      FakeUnit unit = juju.unit("magpie/0");
      HookRun run =
          unit.inHook(
              "update-status",
              "",
              hook -> {
                get(hook, "-", "magpie/0");
                unit.publish("magpie", "ingress-address", "10.0.9.9", "other", "x");
              });
      boolean four = version == JujuVersion.JUJU_4_0;
      assertEquals(four ? "10.0.9.9" : "10.0.0.10", unit.settings("magpie").get("ingress-address"));
      assertEquals("x", unit.settings("magpie").get("other"));
      assertEquals(four ? 0 : 1, run.unitSettings().size());
    }
  }

  @ParameterizedTest
  @EnumSource
  void addressKeysAreJujusOwn(JujuVersion version) {
    boolean four = version == JujuVersion.JUJU_4_0;
    try (FakeJuju juju = juju(version)) {
      FakeUnit unit = juju.unit("magpie/0");
      assertEquals(
          four
              ? "{egress-subnets=10.0.0.10/32, ingress-address=10.0.0.10}"
              : "{egress-subnets=10.0.0.10/32, ingress-address=10.0.0.10,"
                  + " private-address=10.0.0.10}",
          unit.settings("magpie").toString());
      unit.run("magpie-relation-created", "", "relation-set", "ingress-address=203.0.113.1");
      assertEquals(
          four ? "10.0.0.10" : "203.0.113.1", unit.settings("magpie").get("ingress-address"));
      unit.addresses("alpha", "2001:db8::5/64");
      assertEquals(Optional.of("config-changed"), unit.due().map(Hook::name));
      assertFalse(unit.settings("magpie").get("ingress-address").equals("2001:db8::5"));
      unit.runDue("true");
      assertEquals("2001:db8::5", unit.settings("magpie").get("ingress-address"));
      assertEquals("2001:db8::5/128", unit.settings("magpie").get("egress-subnets"));
      unit.addresses("alpha");
      unit.runDue("true");
      assertFalse(unit.settings("magpie").containsKey("ingress-address"));
    }
  }

  @Test
  void aLostLeadershipFailsTheCommitOfAllChanges() {
    try (FakeJuju juju = juju(JujuVersion.JUJU_3_6)) {
      FakeUnit unit = juju.unit("magpie/0");
      HookRun run =
          unit.inHook(
              "update-status",
              "",
              hook -> {
                hook.call("relation-set", "-r1", "--app", "a=1");
                hook.call("relation-set", "-r1", "b=1");
                hook.call("state-set", "c=1");
                juju.leader("magpie/1");
              });
      assertEquals(
          "hook failed: \"update-status\" (cannot commit: \"magpie/0\" is not leader of"
              + " \"magpie\")",
          run.failure());
      assertEquals(Map.of(), juju.applicationSettings("magpie"));
      assertFalse(unit.settings("magpie").containsKey("b"));
      assertEquals(Map.of(), unit.charmState());
      assertTrue(unit.isInError());
    }
  }

  @Test
  void beingNoLeaderStaysSoToTheEndOfTheHook() {
    try (FakeJuju juju = juju(JujuVersion.JUJU_3_6)) {
      juju.unit("magpie/1")
          .inHook(
              "update-status",
              "",
              hook -> {
                assertEquals("False\n", hook.call("is-leader").stdout());
                juju.leader("magpie/1");
                assertEquals("False\n", hook.call("is-leader").stdout());
              });
      juju.unit("magpie/1")
          .inHook(
              "update-status", "", hook -> assertEquals("True\n", hook.call("is-leader").stdout()));
    }
  }

  @Test
  void theStateOfAUnitHasALimit() {
    try (FakeJuju juju = juju(JujuVersion.JUJU_2_9)) {
      HookRun run =
          juju.unit("magpie/0")
              .inHook(
                  "update-status",
                  "",
                  hook -> {
                    for (int i = 0; i < 33; i++) {
                      String value = "\"k" + i + "\": \"" + "v".repeat(65536) + "\"";
                      assertEquals(
                          0,
                          hook.callWithInput("{" + value + "}", "state-set", "--file", "-")
                              .exitCode());
                    }
                  });
      assertEquals(
          "hook failed: \"update-status\" (cannot commit: max allowed size (2097152) exceeded)",
          run.failure());
    }
  }

  @Test
  void juju4LimitsTheSizeOfABag() {
    try (FakeJuju juju = juju(JujuVersion.JUJU_4_0)) {
      String json = "{\"a\":\"" + "v".repeat((16 << 20) + 1) + "\"}";
      HookRun run =
          juju.unit("magpie/0")
              .inHook(
                  "magpie-relation-created",
                  "",
                  hook -> hook.callWithInput(json, "relation-set", "--file", "-"));
      assertEquals(
          "hook failed: \"magpie-relation-created\" (cannot commit: max allowed total size"
              + " (16777216): quota limit exceeded)",
          run.failure());
    }
  }

  @Test
  void execIsCommittedWhateverItsExitCode() {
    try (FakeJuju juju = juju(JujuVersion.JUJU_3_6)) {
      FakeUnit unit = juju.unit("magpie/0");
      HookRun run = unit.run(Hook.exec(), "sh", "-c", "relation-set -r1 a=1; exit 4");
      assertEquals(4, run.exitCode());
      assertEquals("1", unit.settings("magpie").get("a"));
      HookRun action = unit.run(Hook.action("check"), "sh", "-c", "relation-set -r1 a=2; exit 4");
      assertFalse(action.committed());
      assertEquals("1", unit.settings("magpie").get("a"));
      assertFalse(unit.isInError());
    }
  }

  @Test
  void aThrowingBodyFailsItsHookAndIsPassedOn() {
    try (FakeJuju juju = juju(JujuVersion.JUJU_3_6)) {
      FakeUnit unit = juju.unit("magpie/0");
      var thrown =
          assertThrows(
              java.io.IOException.class,
              () ->
                  unit.inHook(
                      "update-status",
                      "",
                      hook -> {
                        hook.call("relation-set", "-r1", "a=1");
                        throw new java.io.IOException("disk full");
                      }));
      assertEquals("disk full", thrown.getMessage());
      assertTrue(unit.isInError());
      assertFalse(unit.settings("magpie").containsKey("a"));
    }
  }

  @Test
  void severalRelationsOfOneEndpointAreApart() {
    try (FakeJuju juju =
        FakeJuju.create(directory, JujuVersion.JUJU_3_6)
            .peerRelation("magpie", 10)
            .peerRelation("magpie", 9)
            .units(2)
            .build()) {
      juju.unit("magpie/1").publish("magpie:9", "a", "nine");
      juju.unit("magpie/1").publish("magpie:10", "a", "ten");
      juju.unit("magpie/0")
          .inHook(
              Hook.joined("magpie", "magpie/1").on(10),
              hook -> {
                assertEquals("magpie:10\nmagpie:9\n", hook.call("relation-ids").stdout());
                assertEquals("ten\n", hook.call("relation-get", "a").stdout());
                assertEquals("magpie/1\n", hook.call("relation-list").stdout());
                assertEquals("", hook.call("relation-list", "-r", "9").stdout());
                assertEquals("nine\n", hook.call("relation-get", "-r9", "a", "magpie/1").stdout());
              });
    }
  }

  @Test
  void hooksThatCannotBeAreRefused() {
    try (FakeJuju juju = juju(JujuVersion.JUJU_3_6)) {
      FakeUnit unit = juju.unit("magpie/0");
      assertEquals(
          "expected one of the relations [magpie:1], got \"db\"",
          assertThrows(
                  IllegalArgumentException.class,
                  () -> unit.run("db-relation-joined", "magpie/1", "true"))
              .getMessage());
      assertEquals(
          "expected one of the units [magpie/0, magpie/1, magpie/2] of magpie:1, got \"magpie/9\"",
          assertThrows(
                  IllegalArgumentException.class,
                  () -> unit.run("magpie-relation-joined", "magpie/9", "true"))
              .getMessage());
      assertEquals(
          "expected another unit than magpie/0, which never hears of itself",
          assertThrows(
                  IllegalArgumentException.class,
                  () -> unit.run("magpie-relation-joined", "magpie/0", "true"))
              .getMessage());
      unit.run("magpie-relation-joined", "magpie/1", "false");
      assertEquals(
          "magpie/0 is in error after magpie-relation-joined (magpie:1) magpie/1, got"
              + " config-changed: run the failed hook again, or call resolved()",
          assertThrows(IllegalStateException.class, () -> unit.run("config-changed", "", "true"))
              .getMessage());
      juju.unit("magpie/1")
          .inHook(
              "update-status",
              "",
              hook ->
                  assertEquals(
                      "expected magpie/1 to be idle, the calling thread runs a hook of it",
                      assertThrows(
                              IllegalStateException.class,
                              () -> juju.unit("magpie/1").run("start", "", "true"))
                          .getMessage()));
    }
  }
}
