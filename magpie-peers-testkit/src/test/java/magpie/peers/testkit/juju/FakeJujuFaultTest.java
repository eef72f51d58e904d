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
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What can go wrong with a call, and that only the chosen call goes wrong. */
class FakeJujuFaultTest {
  @TempDir Path directory;

  private FakeJuju juju(Duration deadline) {
    FakeJuju juju =
        FakeJuju.create(directory, JujuVersion.JUJU_3_6)
            .peerRelation("magpie")
            .units(3)
            .deadline(deadline)
            .build();
    juju.settle();
    return juju;
  }

  private FakeJuju juju() {
    return juju(Duration.ofSeconds(30));
  }

  private static HookContext.Output call(FakeJuju juju, String... command) {
    HookContext.Output[] output = new HookContext.Output[1];
    juju.unit("magpie/0").inHook("update-status", "", hook -> output[0] = hook.call(command));
    return output[0];
  }

  @Test
  void aFaultStrikesTheChosenCallOnly() {
    try (FakeJuju juju = juju()) {
      juju.inject(
          Fault.exit(7, "ERROR boom")
              .on("relation-get")
              .unit("magpie/0")
              .during("update-status")
              .matching(arguments -> arguments.contains("magpie/2"))
              .nth(2));
      juju.unit("magpie/1")
          .inHook(
              "update-status",
              "",
              hook ->
                  assertEquals(0, hook.call("relation-get", "-r1", "a", "magpie/2").exitCode()));
      juju.unit("magpie/0")
          .inHook(
              "update-status",
              "",
              hook -> {
                assertEquals(0, hook.call("relation-get", "-r1", "a", "magpie/2").exitCode());
                assertEquals(0, hook.call("relation-get", "-r1", "a", "magpie/1").exitCode());
                assertEquals(
                    new HookContext.Output(7, "", "ERROR boom\n"),
                    hook.call("relation-get", "-r1", "a", "magpie/2"));
                assertEquals(0, hook.call("relation-get", "-r1", "a", "magpie/2").exitCode());
              });
      assertEquals(0, juju.pendingFaults());
      ToolCall struck = juju.calls("relation-get").get(3);
      assertEquals(
          "exit 7 at call number 2 of relation-get in update-status by magpie/0",
          struck.fault().orElseThrow().toString());
      assertEquals(OptionalInt.of(7), struck.exitCode());
      assertEquals(4, struck.number());
      assertEquals("relation-get -r1 a magpie/2", struck.toString());
    }
  }

  @Test
  void aFaultMayStrikeAlways() {
    try (FakeJuju juju = juju()) {
      juju.inject(Fault.exit(2, "").nth(2).always());
      juju.unit("magpie/0")
          .inHook(
              "update-status",
              "",
              hook -> {
                assertEquals(0, hook.call("is-leader").exitCode());
                assertEquals(2, hook.call("is-leader").exitCode());
                assertEquals(2, hook.call("goal-state").exitCode());
                juju.clearFaults();
                assertEquals(0, hook.call("is-leader").exitCode());
              });
    }
  }

  @Test
  void outputIsSpoiltAfterTheWorkIsDone() {
    try (FakeJuju juju = juju()) {
      juju.inject(Fault.truncate(9).on("relation-list"));
      assertEquals(
          new HookContext.Output(0, "[\"magpie/", ""),
          call(juju, "relation-list", "-r1", "--format=json"));
      juju.inject(Fault.garbage());
      assertEquals(
          new HookContext.Output(0, "\u0000\u0007}{]\"\\\ufffd\n\u001b[31m", ""),
          call(juju, "relation-list", "-r1"));
      juju.inject(Fault.stdout("[1,{}]"));
      assertEquals(new HookContext.Output(0, "[1,{}]", ""), call(juju, "relation-list", "-r1"));
      juju.inject(Fault.stdout("x"));
      assertEquals(new HookContext.Output(0, "x", ""), call(juju, "state-set", "a=1"));
      assertEquals("{a=1}", juju.unit("magpie/0").charmState().toString());
    }
  }

  @Test
  void streamsAreFlooded() {
    try (FakeJuju juju = juju()) {
      juju.inject(Fault.stderrFlood(10 << 20).on("relation-list"));
      HookContext.Output output = call(juju, "relation-list", "-r1");
      assertEquals("magpie/1\nmagpie/2\n", output.stdout());
      assertEquals(10 << 20, output.stderr().length());
      juju.inject(Fault.stdoutFlood(1 << 20));
      output = call(juju, "relation-list", "-r1");
      assertTrue(output.stdout().startsWith("magpie/1\nmagpie/2\n####"), "keeps its answer");
      assertEquals((1 << 20) + 18, output.stdout().length());
      juju.inject(Fault.stderrFlood(100));
      output = call(juju, "relation-list");
      assertEquals(2, output.exitCode());
      assertTrue(output.stderr().endsWith("###ERROR no relation id specified\n"), output.stderr());
    }
  }

  @Test
  void aToolHangsUntilItIsKilled() {
    try (FakeJuju juju = juju(Duration.ofMillis(300))) {
      for (Fault fault : List.of(Fault.hang(), Fault.hangInChild())) {
        juju.inject(fault.on("state-set"));
        String message =
            assertThrows(IllegalStateException.class, () -> call(juju, "state-set", "a=1"))
                .getMessage();
        assertTrue(
            message.endsWith("state-set, a=1] to end within PT0.3S, it was killed"), message);
        juju.unit("magpie/0").resolved();
        assertEquals(OptionalInt.empty(), juju.calls("state-set").get(0).exitCode());
        assertEquals("{}", juju.unit("magpie/0").charmState().toString());
      }
    }
  }

  @Test
  void otherToolsAreServedWhileOneHangs() {
    try (FakeJuju juju = juju()) {
      juju.inject(Fault.hangInChild().on("goal-state"));
      HookRun run =
          juju.unit("magpie/0")
              .run(
                  "update-status",
                  "",
                  "sh",
                  "-c",
                  "goal-state & i=0; while [ $i -lt 40 ]; do relation-list -r1; i=$((i + 1));"
                      + " done; kill $!");
      assertEquals("magpie/1\nmagpie/2\n".repeat(40), run.stdout());
      assertTrue(run.committed(), run.toString());
    }
  }

  @Test
  void aSlowCallTakesItsTime() {
    try (FakeJuju juju = juju()) {
      juju.inject(Fault.slow(Duration.ofMillis(200)).on("state-set"));
      long start = System.nanoTime();
      assertEquals(new HookContext.Output(0, "", ""), call(juju, "state-set", "a=1"));
      assertTrue(System.nanoTime() - start >= 200_000_000L, "it was not slow");
      assertEquals("{a=1}", juju.unit("magpie/0").charmState().toString());
    }
  }

  @Test
  void aToolIsKilledBeforeItDoesAnything() {
    try (FakeJuju juju = juju()) {
      juju.inject(Fault.kill().on("state-set"));
      assertEquals(new HookContext.Output(137, "", ""), call(juju, "state-set", "a=1"));
      assertEquals("{}", juju.unit("magpie/0").charmState().toString());
      assertEquals(OptionalInt.empty(), juju.calls("state-set").get(0).exitCode());
    }
  }

  @Test
  void theCharmIsKilledWhenItCallsATool() {
    try (FakeJuju juju = juju()) {
      juju.inject(Fault.charmDies().on("state-set").nth(2));
      HookRun run =
          juju.unit("magpie/0")
              .run("update-status", "", "sh", "-c", "state-set a=1; state-set b=2; echo later");
      assertEquals(137, run.exitCode());
      assertEquals("hook failed: \"update-status\" (exit status 137)", run.failure());
      assertEquals("", run.stdout() + run.stderr());
      assertEquals(Map.of("state-set", 2), run.toolCounts());
      assertEquals(OptionalInt.empty(), run.calls().get(1).exitCode());
      assertEquals("{}", juju.unit("magpie/0").charmState().toString());
      assertEquals(2, juju.unit("magpie/0").run("update-status", "", "state-get").attempt());
    }
  }

  @Test
  void theCharmIsKilledWhenAToolHasAnswered() {
    try (FakeJuju juju = juju()) {
      // One answer that the tool prints by itself, and one that needs another program.
      String large = "x".repeat(20_000);
      juju.unit("magpie/0").run("update-status", "", "state-set", "large=" + large);
      for (String key : List.of("small", "large")) {
        juju.inject(Fault.charmDiesAfterwards().on("state-get"));
        HookRun run =
            juju.unit("magpie/0")
                .run(
                    "update-status",
                    "",
                    "sh",
                    "-c",
                    "state-set small=1; state-get " + key + "; echo later");
        assertEquals(137, run.exitCode());
        assertEquals((key.equals("small") ? "1" : large) + "\n", run.stdout());
        assertEquals(OptionalInt.of(0), run.calls().get(1).exitCode());
        assertFalse(run.committed(), run.toString());
        assertEquals(List.of("large"), List.copyOf(juju.unit("magpie/0").charmState().keySet()));
      }
    }
  }

  @Test
  void aCharmDiesWithItsChildren() {
    try (FakeJuju juju = juju()) {
      juju.inject(Fault.charmDies().on("is-leader"));
      HookRun run =
          juju.unit("magpie/0")
              .run("update-status", "", "sh", "-c", "sh -c 'is-leader; echo later'; echo later");
      assertEquals(137, run.exitCode());
      assertEquals("", run.stdout());
      assertEquals(0, ProcessHandle.current().descendants().count());
    }
  }

  @Test
  void aCharmInsideTheTestIsNotKilled() {
    try (FakeJuju juju = juju()) {
      juju.inject(Fault.charmDies());
      // A process that the hook started is killed in its place.
      assertEquals(137, call(juju, "sh", "-c", "is-leader; :").exitCode());
      juju.inject(Fault.charmDies());
      IllegalStateException broken =
          assertThrows(
              IllegalStateException.class,
              () ->
                  juju.unit("magpie/0")
                      .inHook(
                          "update-status",
                          "",
                          hook -> {
                            ProcessBuilder direct =
                                new ProcessBuilder(hook.tools().resolve("is-leader").toString());
                            direct.environment().putAll(hook.environment());
                            direct.start().waitFor();
                          }));
      assertEquals(
          "expected a charm to kill that is a process of its own, found that update-status runs"
              + " inside this one; run it with a command",
          broken.getCause().getMessage());
    }
  }

  @Test
  void aDeadAgentFailsTheHook() {
    try (FakeJuju juju = juju()) {
      juju.inject(Fault.agentDies().on("goal-state"));
      HookRun run =
          juju.unit("magpie/0")
              .run("update-status", "", "sh", "-c", "state-set a=1; goal-state; relation-list; :");
      assertEquals(0, run.exitCode());
      assertEquals("hook failed: \"update-status\" (the agent died)", run.failure());
      assertEquals(
          "ERROR unexpected EOF\nERROR dial unix "
              + run.environment().get("JUJU_AGENT_SOCKET_ADDRESS")
              + ": connect: no such file or directory\n",
          run.stderr());
      assertEquals("{}", juju.unit("magpie/0").charmState().toString());
      assertTrue(juju.unit("magpie/0").run("update-status", "", "goal-state").committed());
    }
  }

  @Test
  void aToolCanBeMissing() {
    try (FakeJuju juju = juju()) {
      juju.removeTool("state-get");
      assertEquals(127, juju.unit("magpie/0").run(Hook.exec(), "sh", "-c", "state-get").exitCode());
      juju.restoreTool("state-get");
      assertEquals(0, juju.unit("magpie/0").run(Hook.exec(), "sh", "-c", "state-get").exitCode());
      assertTrue(
          assertThrows(IllegalArgumentException.class, () -> juju.removeTool("open-port"))
              .getMessage()
              .endsWith(", got \"open-port\""));
    }
  }
}
