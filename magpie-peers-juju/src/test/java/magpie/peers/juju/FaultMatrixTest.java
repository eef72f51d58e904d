/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import magpie.peers.Notices;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.PeersOptions;
import magpie.peers.testkit.juju.FakeJuju;
import magpie.peers.testkit.juju.FakeUnit;
import magpie.peers.testkit.juju.Fault;
import magpie.peers.testkit.juju.Hook;
import magpie.peers.testkit.juju.HookContext;
import magpie.peers.testkit.juju.HookRun;
import magpie.peers.testkit.juju.JujuVersion;
import magpie.peers.testkit.juju.ToolCall;
import magpie.peers.text.Quote;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every hook tool call that one unit makes in its life goes wrong, one at a time and in every way.
 *
 * <p>The unit runs each of its hooks again and again, each time with another fault at another call,
 * and after each failure everything durable must be as it was before; so it does not matter that
 * the retry which succeeds comes once, after the last of them. That retry must end in the right
 * state, which is known from the order of hooks alone.
 *
 * <p>Nothing is chosen by chance. Every call of every hook gets every fault, with four exceptions
 * that keep it short: output is spoilt only where a tool has output; a call that hangs costs a
 * second, so each call hangs only in the first hook that makes it; a call that the same hook has
 * made before, at another time or for another peer, gets one fault, each time another; and the
 * calls under Juju 2.9 and 4.0 are those under 3.6 but for {@code goal-state}, so under 4.0 only
 * that one goes wrong.
 */
class FaultMatrixTest {
  /** What a tool with output was expected to say. */
  private static final Map<String, String> OUTPUTS =
      Map.of(
          "goal-state", "a JSON object with the units of goal-state",
          "is-leader", "true or false",
          "network-get", "a JSON object with bind-addresses",
          "relation-get", "a JSON object of settings",
          "relation-ids", "a JSON list of relation ids",
          "relation-list", "a JSON list of unit names",
          "state-get", "a JSON string");

  private static final String AGAIN = "; the hook is to fail, so that Juju runs it again";
  private static final int PATIENT = 60;

  /** Each call of each hook gets every fault; else each different call gets one, once. */
  private static final boolean EVERY = Boolean.getBoolean("magpie.thorough");

  private static final String FLOOD = "#".repeat(1 << 20);

  /** One call of a hook: the n-th with these arguments. */
  private record Spot(String tool, List<String> arguments, int nth) {
    Fault limit(Fault fault) {
      return fault.on(tool).matching(arguments::equals).nth(nth);
    }

    String failed(String rest) {
      return "hook tool " + tool + " " + String.join(" ", arguments) + ": " + rest;
    }
  }

  /** One fault and the message it comes to. */
  private record Case(Fault fault, String message) {
    /** What hangs is to be found out soon; all else has its time, on a busy machine too. */
    int toolTimeout() {
      return message.contains("expected an end within 1000 ms") ? 1 : PATIENT;
    }
  }

  @TempDir Path directory;
  private final TreeSet<String> members = new TreeSet<>();
  private final Set<String> joined = new TreeSet<>();
  private final Set<String> departed = new TreeSet<>();
  private final Set<Spot> hung = new HashSet<>();
  private final Set<List<Object>> tried = new HashSet<>();
  private final List<String> hooks = new ArrayList<>();

  private int failures;
  private int toolTimeout = PATIENT;

  @Test
  void everyCallOfEveryHookMayFail() {
    play(JujuVersion.JUJU_3_6, Set.of());

    assertEquals(
        List.of(
            "install",
            "magpie-relation-created",
            "leader-elected",
            "config-changed",
            "start",
            "magpie-relation-changed", // the leader hears of what it wrote itself
            "magpie-relation-joined magpie/1",
            "magpie-relation-changed magpie/1",
            "magpie-relation-joined magpie/2",
            "magpie-relation-changed magpie/2",
            "config-changed",
            "magpie-relation-departed magpie/2",
            "update-status",
            "magpie-relation-departed magpie/1",
            "stop",
            "remove"),
        hooks);
    // Fourteen calls differ.
    assertTrue(failures > (EVERY ? 400 : 10), failures + " failures");
  }

  @Test
  @Tag("thorough")
  void soMayTheCallThatOnlyJuju4Needs() {
    play(JujuVersion.JUJU_4_0, Set.of("goal-state"));

    // It is asked where there is a peer: joined, changed, config-changed, departed, update-status;
    // each gets seven faults, and the first a hang; the second joined and changed get one.
    assertEquals(5 * 7 + 1 + 2, failures);
  }

  /** Plays the life of {@code magpie/0}, with faults at the calls of these tools, or all. */
  private void play(JujuVersion version, Set<String> tools) {
    try (FakeJuju juju = HookScene.juju(directory, version).newUnits(3).build()) {
      playAll(juju, tools);
      juju.config("level", 2);
      playAll(juju, tools);
      juju.unit("magpie/2").destroy();
      playAll(juju, tools);
      juju.unit("magpie/0").updateStatus();
      playAll(juju, tools);
      juju.unit("magpie/0").remove();
      playAll(juju, tools);
    }
  }

  private void playAll(FakeJuju juju, Set<String> tools) {
    FakeUnit unit = juju.unit("magpie/0");
    boolean idle = false;
    while (!idle) {
      idle = true;
      for (FakeUnit other : juju.units()) {
        if (!other.equals(unit)) {
          idle &= other.runDueInside(FaultMatrixTest::greet).isEmpty();
        }
      }
      if (unit.due().isPresent()) {
        idle = false;
        faultyHook(juju, unit, unit.due().get(), tools);
      }
    }
  }

  /** The other units publish the same in every hook. */
  private static void greet(HookContext hook) {
    if (hook.hook().kind() == Hook.Kind.CREATED) {
      hook.call("relation-set", "greeting=hello from " + hook.unit());
    }
  }

  private void faultyHook(FakeJuju juju, FakeUnit unit, Hook hook, Set<String> tools) {
    hooks.add((hook.name() + " " + hook.remoteUnit()).strip());
    List<Spot> spots = spots(juju, unit, hook);
    Object before = durable(juju, unit);
    for (Spot spot : spots) {
      if (!tools.isEmpty() && !tools.contains(spot.tool())) {
        continue;
      }
      boolean first =
          tried.add(
              EVERY ? List.of(hook.name(), hook.remoteUnit().isEmpty(), spot) : List.of(spot));
      if (!EVERY && !first) {
        continue;
      }
      List<Case> cases = cases(spot);
      if (!EVERY || !first) {
        cases = List.of(cases.get(failures % cases.size()));
      }
      for (Case wrong : cases) {
        juju.inject(spot.limit(wrong.fault()));
        toolTimeout = wrong.toolTimeout();
        String where = hook + ": " + wrong.fault() + " " + spot;
        HookToolException failure =
            assertThrows(HookToolException.class, () -> unit.inHook(hook, this::charm), where);
        assertEquals(wrong.message(), failure.getMessage(), where);
        assertEquals(spot.tool(), failure.tool(), where);
        assertEquals(spot.arguments(), failure.arguments(), where);
        assertEquals(0, juju.pendingFaults(), where);
        assertEquals(before, durable(juju, unit), where);
        assertEquals(0, ProcessHandle.current().descendants().count(), where);
        failures++;
      }
    }
    toolTimeout = PATIENT;
    // However much a tool that does well has to say besides, it does well.
    juju.inject(spots.get(0).limit(Fault.stderrFlood(10 << 20)));
    HookRun run = unit.inHook(hook, this::charm);
    assertTrue(run.committed(), run.failure());
    assertRight(unit, hook);
  }

  /** Every call that the hook makes, found by a run that fails when all is done. */
  private List<Spot> spots(FakeJuju juju, FakeUnit unit, Hook hook) {
    int before = juju.calls().size();
    IllegalStateException onPurpose = new IllegalStateException("on purpose");
    assertThrows(
        IllegalStateException.class,
        () ->
            unit.inHook(
                hook,
                context -> {
                  charm(context);
                  throw onPurpose;
                }));
    Map<String, Integer> times = new HashMap<>();
    List<Spot> spots = new ArrayList<>();
    for (ToolCall call : juju.calls().subList(before, juju.calls().size())) {
      int nth = times.merge(call.toString(), 1, Integer::sum);
      spots.add(new Spot(call.tool(), call.arguments(), nth));
    }
    return spots;
  }

  private List<Case> cases(Spot spot) {
    List<Case> cases = new ArrayList<>();
    cases.add(
        new Case(
            Fault.exit(1, "ERROR connection is shut down"),
            spot.failed(
                "expected success; exit code 1, stderr \"ERROR connection is shut down\""
                    + AGAIN)));
    cases.add(
        new Case(
            Fault.exit(2, "ERROR option provided but not defined: --x"),
            spot.failed(
                "expected success; exit code 2, stderr"
                    + " \"ERROR option provided but not defined: --x\""
                    + AGAIN)));
    cases.add(
        new Case(
            Fault.exit(1, FLOOD),
            spot.failed(
                "expected success; exit code 1, stderr \""
                    + "#".repeat(200)
                    + "\"... (16383 characters)"
                    + AGAIN)));
    cases.add(
        new Case(
            Fault.kill(),
            spot.failed("expected success; exit code 137, nothing on stderr" + AGAIN)));
    String expected = OUTPUTS.get(spot.tool());
    if (expected != null) {
      String garbage = "\u0000\u0007}{]\"\\\ufffd\n\u001b[31m";
      cases.add(new Case(Fault.garbage(), spot.failed(unreadable(expected, Quote.of(garbage)))));
      cases.add(new Case(Fault.truncate(0), spot.failed(unreadable(expected, "nothing"))));
      cases.add(
          new Case(
              Fault.truncate(1),
              spot.failed(unreadable(expected, Quote.of(firstByte(spot.tool()))))));
    }
    if (hung.add(spot)) {
      cases.add(
          new Case(
              Fault.hang(),
              spot.failed(
                  "expected an end within 1000 ms, found it still running; no exit code, nothing"
                      + " on stderr; it was killed; see why the agent does not answer, or raise"
                      + " the option tool-timeout")));
    }
    return cases;
  }

  private static String firstByte(String tool) {
    return switch (tool) {
      case "relation-ids", "relation-list" -> "[";
      case "state-get" -> "\"";
      case "is-leader" -> "t";
      default -> "{";
    };
  }

  private static String unreadable(String expected, String found) {
    return "expected "
        + expected
        + " on stdout, found "
        + found
        + "; exit code 0, nothing on stderr"
        + AGAIN;
  }

  /** Everything that outlives a hook. */
  private static Object durable(FakeJuju juju, FakeUnit unit) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("state", unit.charmState());
    all.put("members", unit.members("magpie"));
    all.put("application", juju.applicationSettings("magpie"));
    if (!unit.due().orElseThrow().name().equals("install")) {
      all.put("settings", unit.settings("magpie"));
    }
    return all;
  }

  /** What the charm does in every hook, all that calls a tool. */
  private void charm(HookContext hook) {
    PeersOptions options =
        PeersOptions.builder()
            .environment(HookScene.environment(hook))
            .option("tool-timeout", Integer.toString(toolTimeout))
            .build();
    try (PeerView view = Peers.open(options)) {
      Notices notices = view.notices();
      view.nodes();
      if (!hook.hook().name().equals("install")) {
        view.publish("last-hook", hook.hook().name() + " " + hook.hook().remoteUnit());
        JujuUnit unit = JujuUnit.of(view);
        unit.publishAddresses(candidate -> candidate.source().equals("network-get"));
        if (unit.isLeader()) {
          unit.publishApplicationSettings(Map.of("leader", hook.unit()));
        }
      }
      if (hook.hook().kind() == Hook.Kind.CHANGED) {
        notices.dismissJoined();
      }
    }
  }

  /** After the hook that succeeded in the end. */
  private void assertRight(FakeUnit unit, Hook hook) {
    String remote = hook.remoteUnit();
    switch (hook.kind()) {
      case JOINED -> {
        members.add(remote);
        joined.add(remote);
      }
      case CHANGED -> joined.clear();
      case DEPARTED -> {
        members.remove(remote);
        departed.add(remote);
      }
      default -> {}
    }
    assertEquals(List.copyOf(members), unit.members("magpie"), hook.toString());
    if (hook.name().equals("install")) {
      return;
    }
    assertEquals(hook.name() + " " + remote, unit.settings("magpie").get("last-hook"));
    assertEquals(
        "{\"version\":1,\"addresses\":[\"10.0.0.10/16\"]}",
        unit.settings("magpie").get("magpie-addresses"));
    // An action looks without disturbing the order of hooks.
    Notices notices = HookScene.look(unit, Hook.action("look"), PeerView::notices);
    assertEquals(List.copyOf(joined), HookScene.texts(notices.joined()), hook.toString());
    assertEquals(List.copyOf(departed), HookScene.texts(notices.departed()), hook.toString());
  }
}
