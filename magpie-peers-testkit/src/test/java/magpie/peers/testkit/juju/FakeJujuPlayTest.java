/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit.juju;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Which hooks run, in which order, with which environment. */
class FakeJujuPlayTest {
  @TempDir Path directory;

  private FakeJuju.Builder juju(JujuVersion version) {
    return FakeJuju.create(directory.resolve("juju"), version).peerRelation("magpie");
  }

  private static List<String> hooksOf(List<HookRun> runs, String unit) {
    return runs.stream()
        .filter(run -> run.unit().equals(unit))
        .map(run -> (run.hook().name() + " " + run.hook().remoteUnit()).strip())
        .toList();
  }

  private Path charm(String dispatch) throws IOException {
    Path charm = Files.createDirectories(directory.resolve("charm"));
    Path file = Files.writeString(charm.resolve("dispatch"), "#!/bin/sh\n" + dispatch);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    return charm;
  }

  @ParameterizedTest
  @EnumSource
  void newUnitsRunTheirHooksInOrder(JujuVersion version) {
    try (FakeJuju juju = juju(version).newUnits(3).build()) {
      List<HookRun> runs = juju.play("true");
      assertEquals(
          List.of(
              "install",
              "magpie-relation-created",
              "leader-elected",
              "config-changed",
              "start",
              "magpie-relation-joined magpie/1",
              "magpie-relation-changed magpie/1",
              "magpie-relation-joined magpie/2",
              "magpie-relation-changed magpie/2"),
          hooksOf(runs, "magpie/0"));
      List<String> others = hooksOf(runs, "magpie/2");
      assertEquals(
          version == JujuVersion.JUJU_4_0
              ? List.of("install", "magpie-relation-created", "config-changed", "start")
              : List.of(
                  "install",
                  "magpie-relation-created",
                  "leader-settings-changed",
                  "config-changed",
                  "start"),
          others.subList(0, others.size() - 4));
      assertEquals("install", runs.get(0).hook().name());
      assertEquals("magpie/1", runs.get(1).unit());
      assertEquals(List.of(), juju.play("true"));
    }
  }

  @ParameterizedTest
  @EnumSource
  void aRestartedAgentRetriesWhatFailedAndThenConfiguresAndStartsAnew(JujuVersion version) {
    try (FakeJuju juju = juju(version).units(3).build()) {
      juju.settle();
      FakeUnit unit = juju.unit("magpie/0");
      juju.unit("magpie/1").publish("magpie", "a", "1");
      juju.unit("magpie/2").publish("magpie", "a", "1");
      unit.runDue("false");
      unit.restartAgent();

      assertEquals(
          List.of(
              "magpie-relation-changed magpie/1",
              "config-changed",
              "start",
              "magpie-relation-changed magpie/2"),
          hooksOf(juju.play("true"), "magpie/0"));

      unit.remove();
      unit.restartAgent();
      assertEquals(
          "magpie-relation-departed", unit.due().orElseThrow().name(), "nothing else while dying");
    }
  }

  @Test
  void unitsAreTakenInStringOrder() {
    try (FakeJuju juju = juju(JujuVersion.JUJU_3_6).units(11).build()) {
      List<String> joined = new ArrayList<>();
      FakeUnit unit = juju.unit("magpie/0");
      for (int i = 0; i < 4; i++) {
        unit.runDue("true").ifPresent(run -> joined.add(run.hook().toString()));
      }
      assertEquals(
          List.of(
              "magpie-relation-joined (magpie:1) magpie/1",
              "magpie-relation-changed (magpie:1) magpie/1",
              "magpie-relation-joined (magpie:1) magpie/10",
              "magpie-relation-changed (magpie:1) magpie/10"),
          joined);
      juju.unit("magpie/1").publish("magpie", "a", "1");
      juju.unit("magpie/10").destroy();
      juju.publishApplication("magpie", "a", "1");
      joined.clear();
      for (int i = 0; i < 3; i++) {
        unit.runDue("true").ifPresent(run -> joined.add(run.hook().toString()));
      }
      assertEquals(
          List.of(
              "magpie-relation-departed (magpie:1) magpie/10",
              "magpie-relation-changed (magpie:1)",
              "magpie-relation-joined (magpie:1) magpie/2"),
          joined);
    }
  }

  @Test
  void severalWritesMakeOneChangedHookAndEqualOnesNone() {
    try (FakeJuju juju = juju(JujuVersion.JUJU_3_6).units(2).build()) {
      juju.settle();
      juju.unit("magpie/1").publish("magpie", "a", "1");
      juju.unit("magpie/1").publish("magpie", "a", "2");
      juju.unit("magpie/1").publish("magpie", "b", "2");
      assertEquals(
          List.of("magpie-relation-changed magpie/1"), hooksOf(juju.play("true"), "magpie/0"));
      juju.unit("magpie/1").publish("magpie", "a", "2");
      assertEquals(List.of(), juju.play("true"));
    }
  }

  @ParameterizedTest
  @EnumSource
  void aChangeThatIsTakenBackIsSeenBeforeJuju4Only(JujuVersion version) {
    try (FakeJuju juju = juju(version).units(2).build()) {
      juju.settle();
      juju.unit("magpie/1").publish("magpie", "a", "1");
      juju.unit("magpie/1").publish("magpie", "a", "");
      assertEquals(version == JujuVersion.JUJU_4_0 ? 0 : 1, juju.play("true").size());
    }
  }

  @Test
  void theLeaderHearsItsOwnApplicationWrite() {
    try (FakeJuju juju = juju(JujuVersion.JUJU_3_6).units(2).build()) {
      juju.settle();
      juju.unit("magpie/0").run(Hook.exec(), "relation-set", "-r1", "--app", "a=1");
      List<HookRun> runs = juju.play("true");
      assertEquals(2, runs.size());
      HookRun leader = runs.get(0);
      assertEquals("magpie/0: magpie-relation-changed (magpie:1)", leader.toString());
      assertEquals("", leader.environment().get("JUJU_REMOTE_UNIT"));
      assertEquals("magpie", leader.environment().get("JUJU_REMOTE_APP"));
    }
  }

  @Test
  void aFailedHookIsRetriedBeforeAllOthersWithANewContext() {
    try (FakeJuju juju = juju(JujuVersion.JUJU_3_6).units(2).build()) {
      juju.inject(Fault.exit(1, "ERROR boom").on("relation-list").unit("magpie/0").nth(2));
      List<HookRun> runs = juju.play("sh", "-ec", "relation-list -r magpie:1");
      assertEquals(
          List.of(
              "magpie-relation-joined magpie/1",
              "magpie-relation-changed magpie/1",
              "magpie-relation-changed magpie/1"),
          hooksOf(runs, "magpie/0"));
      List<HookRun> ofZero = runs.stream().filter(run -> run.unit().equals("magpie/0")).toList();
      assertEquals("ERROR boom\n", ofZero.get(1).stderr());
      assertEquals(List.of(1, 1, 2), ofZero.stream().map(HookRun::attempt).toList());
      assertTrue(!ofZero.get(1).contextId().equals(ofZero.get(2).contextId()));
      assertEquals("magpie/1\n", ofZero.get(2).stdout());
    }
  }

  @Test
  void aHookThatAlwaysFailsIsGivenUpUntilTheNextPlay() {
    try (FakeJuju juju = juju(JujuVersion.JUJU_3_6).units(2).attempts(4).build()) {
      List<HookRun> runs =
          juju.playInside(
              hook -> {
                if (hook.unit().equals("magpie/0")) {
                  throw new IOException("no disk");
                }
              });
      assertEquals(4, hooksOf(runs, "magpie/0").size());
      assertEquals(2, hooksOf(runs, "magpie/1").size());
      assertEquals(
          "hook failed: \"magpie-relation-joined\" (java.io.IOException: no disk)",
          runs.get(0).failure());
      assertTrue(juju.unit("magpie/0").isInError());
      assertEquals(5, juju.play("true").get(0).attempt());
      assertEquals(List.of("magpie/1"), juju.unit("magpie/0").members("magpie"));
    }
  }

  @Test
  void anEndlessExchangeIsStopped() {
    try (FakeJuju juju = juju(JujuVersion.JUJU_3_6).units(2).stepLimit(50).build()) {
      String message =
          assertThrows(
                  IllegalStateException.class,
                  () -> juju.play("sh", "-c", "relation-set now=$JUJU_CONTEXT_ID"))
              .getMessage();
      assertTrue(
          message.startsWith("expected the hooks to come to an end, 50 have run, the last ones: ["),
          message);
    }
  }

  @ParameterizedTest
  @EnumSource
  void aUnitThatIsRemovedLosesItsPeersThenStops(JujuVersion version) {
    try (FakeJuju juju = juju(version).units(3).build()) {
      juju.settle();
      juju.unit("magpie/1").remove();
      List<HookRun> runs = juju.play("relation-list", "-r1");
      assertEquals(
          List.of(
              "magpie-relation-departed magpie/0",
              "magpie-relation-departed magpie/2",
              "stop",
              "remove"),
          hooksOf(runs, "magpie/1"));
      List<HookRun> own = runs.stream().filter(run -> run.unit().equals("magpie/1")).toList();
      assertEquals(List.of("magpie/2\n", "", "", ""), own.stream().map(HookRun::stdout).toList());
      assertEquals("magpie/1", own.get(0).environment().get("JUJU_DEPARTING_UNIT"));
      assertEquals(List.of("magpie-relation-departed magpie/1"), hooksOf(runs, "magpie/0"));
      assertEquals(
          "magpie/1",
          runs.stream()
              .filter(run -> run.unit().equals("magpie/0"))
              .findFirst()
              .orElseThrow()
              .environment()
              .get("JUJU_DEPARTING_UNIT"));
      String first = runs.get(0).unit();
      assertEquals(version == JujuVersion.JUJU_4_0 ? "magpie/1" : "magpie/0", first);
    }
  }

  @Test
  void juju4LeavesGhosts() {
    try (FakeJuju juju = juju(JujuVersion.JUJU_4_0).units(3).build()) {
      juju.settle();
      juju.unit("magpie/1").destroyLeavingGhost();
      assertEquals(List.of(), juju.play("true"));
      juju.unit("magpie/0")
          .inHook(
              "update-status",
              "",
              hook -> {
                assertEquals("magpie/1\nmagpie/2\n", hook.call("relation-list", "-r1").stdout());
                assertTrue(!hook.call("goal-state").stdout().contains("magpie/1"));
              });
    }
    try (FakeJuju juju = FakeJuju.create(directory, JujuVersion.JUJU_3_6).units(1).build()) {
      assertEquals(
          "expected Juju 4, which alone leaves ghosts, this is 3.6.26",
          assertThrows(
                  IllegalStateException.class, () -> juju.unit("magpie/0").destroyLeavingGhost())
              .getMessage());
    }
  }

  @Test
  void aNameThatIsUsedAgainStartsWithNewSettings() {
    try (FakeJuju juju = juju(JujuVersion.JUJU_3_6).units(2).build()) {
      juju.settle();
      juju.unit("magpie/1").publish("magpie", "a", "1");
      juju.unit("magpie/1").destroy();
      assertEquals(
          List.of("magpie-relation-departed magpie/1"), hooksOf(juju.play("true"), "magpie/0"));
      juju.addUnit("magpie/1");
      assertEquals(
          List.of("magpie-relation-joined magpie/1", "magpie-relation-changed magpie/1"),
          hooksOf(juju.play("true"), "magpie/0"));
      assertTrue(!juju.unit("magpie/1").settings("magpie").containsKey("a"));
    }
  }

  @Test
  void updateStatusRunsWhenNothingElseIsDue() {
    try (FakeJuju juju = juju(JujuVersion.JUJU_3_6).units(2).build()) {
      FakeUnit unit = juju.unit("magpie/0");
      unit.updateStatus();
      juju.config("n", 5);
      List<String> hooks = hooksOf(juju.play("true"), "magpie/0");
      assertEquals("config-changed", hooks.get(0));
      assertEquals("update-status", hooks.get(hooks.size() - 1));
    }
  }

  @Test
  void dispatchRunsForEveryHookAndElseTheHooksOwnFile() throws IOException {
    Path charm = charm("echo \"$JUJU_DISPATCH_PATH in $PWD\"\n");
    try (FakeJuju juju = juju(JujuVersion.JUJU_3_6).charm(charm).units(1).build()) {
      HookRun run = juju.unit("magpie/0").run("update-status", "");
      assertEquals("hooks/update-status in " + charm.toRealPath() + "\n", run.stdout());
      assertEquals(
          "actions/x in " + charm.toRealPath() + "\n",
          juju.unit("magpie/0").run(Hook.action("x")).stdout());
    }
    Files.createDirectories(charm.resolve("hooks"));
    Files.move(charm.resolve("dispatch"), charm.resolve("hooks/start"));
    try (FakeJuju juju = juju(JujuVersion.JUJU_3_6).charm(charm).units(1).build()) {
      assertEquals(
          "hooks/start in " + charm.toRealPath() + "\n",
          juju.unit("magpie/0").run("start", "").stdout());
      HookRun skipped = juju.unit("magpie/0").run("update-status", "");
      assertTrue(skipped.committed());
      assertEquals("", skipped.stdout());
    }
  }

  @ParameterizedTest
  @EnumSource
  void theEnvironmentIsMadeFromNothing(JujuVersion version) {
    try (FakeJuju juju = juju(version).environment("EXTRA", "1").units(2).build()) {
      HookRun run = juju.unit("magpie/0").run("magpie-relation-joined", "magpie/1", "/usr/bin/env");
      Map<String, String> seen = new TreeMap<>();
      run.stdout()
          .lines()
          .forEach(line -> seen.put(line.replaceAll("=.*", ""), line.replaceAll("^[^=]*=", "")));
      assertEquals(new TreeMap<>(run.environment()), seen);
      Path root = directory.resolve("juju");
      Map<String, String> expected = new TreeMap<>();
      expected.put("APT_LISTCHANGES_FRONTEND", "none");
      expected.put("CHARM_DIR", root + "/agents/unit-magpie-0/charm");
      expected.put("CLOUD_API_VERSION", "");
      expected.put("DEBIAN_FRONTEND", "noninteractive");
      expected.put("EXTRA", "1");
      expected.put("JUJU_AGENT_SOCKET_ADDRESS", root + "/agents/unit-magpie-0/agent.socket");
      expected.put("JUJU_AGENT_SOCKET_NETWORK", "unix");
      expected.put("JUJU_API_ADDRESSES", "192.0.2.1:17070 192.0.2.2:17070");
      expected.put("JUJU_AVAILABILITY_ZONE", "");
      expected.put("JUJU_CHARM_DIR", root + "/agents/unit-magpie-0/charm");
      expected.put("JUJU_CHARM_FTP_PROXY", "");
      expected.put("JUJU_CHARM_HTTPS_PROXY", "");
      expected.put("JUJU_CHARM_HTTP_PROXY", "");
      expected.put("JUJU_CHARM_NO_PROXY", "");
      expected.put("JUJU_CONTEXT_ID", run.contextId());
      expected.put("JUJU_DISPATCH_PATH", "hooks/magpie-relation-joined");
      expected.put("JUJU_HOOK_NAME", "magpie-relation-joined");
      expected.put("JUJU_MACHINE_ID", "0");
      expected.put("JUJU_MODEL_NAME", "bench");
      expected.put("JUJU_MODEL_UUID", "5a7e1f0c-4a51-4c7e-8d15-0f8f6f1c2b3d");
      expected.put("JUJU_PRINCIPAL_UNIT", "");
      expected.put("JUJU_RELATION", "magpie");
      expected.put("JUJU_RELATION_ID", "magpie:1");
      expected.put("JUJU_REMOTE_APP", "magpie");
      expected.put("JUJU_REMOTE_UNIT", "magpie/1");
      expected.put("JUJU_UNIT_NAME", "magpie/0");
      expected.put("JUJU_VERSION", version.agentVersion());
      expected.put("LANG", "C.UTF-8");
      expected.put(
          "PATH",
          root
              + "/tools/unit-magpie-0:/usr/local/sbin:/usr/local/bin:/usr/sbin:"
              + "/usr/bin:/sbin:/bin");
      expected.put("TERM", "tmux-256color");
      if (version != JujuVersion.JUJU_4_0) {
        expected.put("JUJU_SLA", "unsupported");
      }
      if (version == JujuVersion.JUJU_2_9) {
        expected.put("JUJU_METER_STATUS", "AMBER");
        expected.put("JUJU_METER_INFO", "not set");
      }
      assertEquals(expected, seen);
      assertTrue(
          run.contextId().matches("magpie/0-magpie-relation-joined-[0-9a-f]{32}"), run.contextId());
      Map<String, String> action =
          juju.unit("magpie/1").run(Hook.action("a"), "true").environment();
      assertEquals("", action.get("JUJU_HOOK_NAME"));
      assertEquals("a", action.get("JUJU_ACTION_NAME"));
      Map<String, String> exec = juju.unit("magpie/1").run(Hook.exec(), "true").environment();
      assertTrue(!exec.containsKey("JUJU_DISPATCH_PATH"));
      assertTrue(exec.get("JUJU_CONTEXT_ID").startsWith("magpie/1-run-commands-"));
    }
  }

  @Test
  void aHookThatOutlivesItsDeadlineIsKilledWithItsChildren() throws IOException {
    try (FakeJuju juju =
        juju(JujuVersion.JUJU_3_6).units(2).deadline(Duration.ofMillis(300)).build()) {
      HookRun run =
          juju.unit("magpie/0")
              .run("start", "", "sh", "-c", "sleep 600 & echo $!; sleep 601; true");
      assertEquals(137, run.exitCode());
      assertEquals("hook failed: \"start\" (killed, it ran longer than PT0.3S)", run.failure());
      long child = Long.parseLong(run.stdout().strip());
      FakeJujuShellTest.await(() -> !FakeJujuShellTest.runs(child));
    }
  }

  @Test
  void aUnitAmongHundredsIsSettledAlone() {
    try (FakeJuju juju = juju(JujuVersion.JUJU_3_6).units(301).build()) {
      FakeUnit unit = juju.unit("magpie/0");
      unit.settle();
      assertTrue(unit.due().isEmpty());
      assertEquals(300, unit.members("magpie").size());
      assertTrue(juju.unit("magpie/1").due().isPresent());
      assertEquals(List.of(), juju.runs());
      juju.removeRelation("magpie");
      assertTrue(juju.unit("magpie/1").due().isEmpty());
    }
  }

  @Test
  void observersHearOfEveryHook() {
    List<String> seen = new ArrayList<>();
    try (FakeJuju juju =
        juju(JujuVersion.JUJU_3_6)
            .units(2)
            .afterEachHook(run -> seen.add(run.toString()))
            .build()) {
      List<HookRun> runs = juju.play("true");
      assertEquals(runs.stream().map(HookRun::toString).toList(), seen);
      assertEquals(runs, juju.runs());
    }
  }

  @Test
  void aUnitsOwnCharmDeclaresTheRelationsThereAre() throws IOException {
    try (FakeJuju juju =
        FakeJuju.create(directory, JujuVersion.JUJU_3_6)
            .application("bird")
            .peerRelation("nest")
            .peerRelation("nest")
            .peerRelation("flock")
            .units(2)
            .build()) {
      Path own = juju.unit("bird/0").charmDirectory().resolve("metadata.yaml");
      juju.unit("bird/0").run("update-status", "", "true");
      assertEquals(
          "name: bird\nsummary: The charm of a fake Juju\n"
              + "description: It has the peer relations that were asked for.\n"
              + "peers:\n  nest:\n    interface: nest\n  flock:\n    interface: flock\n",
          Files.readString(own));
      Path other = juju.unit("bird/1").charmDirectory().resolve("metadata.yaml");
      Files.createDirectories(other.getParent());
      Files.writeString(other, "name: mine\n");
      juju.unit("bird/1").run("update-status", "", "true");
      assertEquals("name: mine\n", Files.readString(other), "a charm that is there stays");
      Files.delete(own);
      juju.unit("bird/0").run("update-status", "", "true");
      assertTrue(Files.notExists(own), "what a hook or a test removed stays away");
    }
  }
}
