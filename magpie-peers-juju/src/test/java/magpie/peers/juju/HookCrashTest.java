/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import magpie.peers.Notice;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.testkit.NoticeHistory;
import magpie.peers.testkit.NoticeHistory.Moment;
import magpie.peers.testkit.NoticeJournal;
import magpie.peers.testkit.juju.FakeJuju;
import magpie.peers.testkit.juju.FakeUnit;
import magpie.peers.testkit.juju.Fault;
import magpie.peers.testkit.juju.Hook;
import magpie.peers.testkit.juju.HookContext;
import magpie.peers.testkit.juju.HookRun;
import magpie.peers.testkit.juju.JujuVersion;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A charm that records and dismisses notices is killed at its first call of a hook tool, and when
 * Juju runs the hook again at the second, and so on until none is left; and the whole history of
 * what it was shown keeps the rules N1 to N5.
 *
 * <p>{@code -Dmagpie.kills=1000}, or whatever else is many, lets it be killed before and after
 * every call of every hook. A build kills it in fewer hooks, and after those calls alone that
 * change something: what comes after any other is what comes before the next.
 */
class HookCrashTest {
  private static final boolean THOROUGH = Boolean.getBoolean("magpie.thorough");
  private static final boolean EVERYWHERE = Integer.getInteger("magpie.kills", 0) >= 500;

  @TempDir Path directory;
  private final NoticeHistory history = new NoticeHistory();
  private final Map<String, PeerNode> members = new TreeMap<>();
  private final Map<Moment, Integer> moments = new EnumMap<>(Moment.class);
  private final List<String> hooks = new ArrayList<>();
  private int lives;

  @Test
  void aCharmMayBeKilledAtAnyCall() {
    live(
        JujuVersion.JUJU_3_6,
        THOROUGH ? List.of("joined", "changed", "departed") : List.of("departed"));
  }

  @Tag("thorough")
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "JUJU_3_6")
  void underOtherVersionsToo(JujuVersion version) {
    live(version, List.of("departed"));
  }

  /** The life of {@code magpie/0}, which is killed the first time that such a hook runs. */
  private void live(JujuVersion version, List<String> deadly) {
    List<String> still = new ArrayList<>(deadly);
    try (FakeJuju juju = HookScene.juju(directory, version).units(2).build()) {
      FakeUnit unit = juju.unit("magpie/0");
      publish(juju, "5001");
      play(juju, unit, still);
      publish(juju, "5002");
      play(juju, unit, still);
      juju.unit("magpie/1").destroy();
      play(juju, unit, still);
      // It comes back, leaves unseen by anybody who dismisses, and comes back again.
      juju.addUnit("magpie/1");
      publish(juju, "5003");
      play(juju, unit, still);
      juju.unit("magpie/1").destroy();
      play(juju, unit, still);
      juju.addUnit("magpie/1");
      publish(juju, "5004");
      play(juju, unit, still);
    }
    history.check();
    assertEquals(
        List.of(
            "joined 5001",
            "changed 5001",
            "changed 5002",
            "departed -",
            "joined 5003",
            "changed 5003",
            "departed -",
            "joined 5004",
            "changed 5004"),
        hooks);
    int kills = moments.values().stream().mapToInt(Integer::intValue).sum();
    System.out.println(
        version + ": " + kills + " kills of a charm, N1-N5 held; killed while " + moments);
    assertTrue(
        moments
            .keySet()
            .containsAll(List.of(Moment.RECORDING, Moment.DISMISSING, Moment.DISMISSED)),
        version::name);
  }

  private void publish(FakeJuju juju, String port) {
    FakeUnit other = juju.unit("magpie/1");
    other.settle();
    other.publish("magpie", "port", port);
    members.put(
        "magpie/1",
        PeerNode.builder(PeerId.of("magpie/1"))
            .address("10.0.0.11", "ingress-address")
            .setting("port", port)
            .build());
  }

  private void play(FakeJuju juju, FakeUnit unit, List<String> deadly) {
    while (unit.due().isPresent()) {
      Hook hook = unit.due().get();
      String kind = hook.name().replace("magpie-relation-", "");
      List<PeerNode> present =
          hook.kind() == Hook.Kind.DEPARTED ? List.of() : List.copyOf(members.values());
      hooks.add(kind + " " + (present.isEmpty() ? "-" : present.get(0).settings().get("port")));
      long world = history.world(present);
      // The second departure is left for the peer that comes back to clear.
      String dismissal =
          switch (hook.kind()) {
            case CHANGED -> "JOINED";
            case DEPARTED -> hooks.indexOf("departed -") == hooks.size() - 1 ? "DEPARTED" : "";
            default -> "";
          };
      if (deadly.remove(kind) || EVERYWHERE) {
        killed(juju, unit, hook, world, dismissal);
      } else {
        Path journal = journal();
        HookRun run = unit.inHook(hook, context -> charm(context, journal, world, dismissal));
        assertTrue(run.committed(), run.failure());
        history.ended(journal);
      }
    }
  }

  private Path journal() {
    return directory.resolve("life-" + ++lives + ".journal");
  }

  /** Kills the charm at one call after the other, until the hook is through. */
  private void killed(FakeJuju juju, FakeUnit unit, Hook hook, long world, String dismissal) {
    for (int call = 1; ; call++) {
      juju.inject(Fault.charmDies().nth(call));
      HookRun run = run(unit, hook, world, dismissal);
      if (run.committed()) {
        assertEquals(1, juju.pendingFaults(), run::toString);
        juju.clearFaults();
        assertEquals(call - 1, run.calls().size(), run::toString);
        assertEquals("", run.stderr());
        return;
      }
      String tool = run.calls().get(call - 1).tool();
      if (EVERYWHERE || tool.endsWith("-set")) {
        juju.inject(Fault.charmDiesAfterwards().nth(call));
        assertFalse(run(unit, hook, world, dismissal).committed(), tool);
      }
    }
  }

  private HookRun run(FakeUnit unit, Hook hook, long world, String dismissal) {
    Path journal = journal();
    List<String> command = HookProgram.command(HookCrashTest.class, HookProgram.classPath());
    command.addAll(List.of(journal.toString(), String.valueOf(world), dismissal));
    Map<String, String> before = unit.charmState();
    HookRun run = unit.run(hook, command.toArray(new String[0]));
    if (run.committed()) {
      history.ended(journal);
    } else {
      assertEquals(128 + 9, run.exitCode(), () -> run + " " + run.stderr());
      assertEquals(before, unit.charmState());
      moments.merge(history.undone(journal), 1, Integer::sum);
    }
    history.check();
    return run;
  }

  /**
   * The charm as a process.
   *
   * @param arguments its journal, the number of the world, which notices to dismiss
   */
  public static void main(String[] arguments) {
    try (PeerView peers = Peers.open()) {
      charm(peers, Path.of(arguments[0]), Long.parseLong(arguments[1]), arguments[2]);
    }
  }

  private static void charm(HookContext hook, Path journal, long world, String dismissal) {
    try (PeerView peers = HookScene.open(hook)) {
      charm(peers, journal, world, dismissal);
    }
  }

  private static void charm(PeerView peers, Path file, long world, String dismissal) {
    try (NoticeJournal journal = NoticeJournal.begin(file, any -> world)) {
      journal.notices(peers);
      peers.publish("greeting", "hello");
      if (!dismissal.isEmpty()) {
        journal.dismiss(peers, Notice.Kind.valueOf(dismissal));
      }
      // One more call, so that a charm that has dismissed can still be killed.
      JujuUnit.of(peers).setStatus(JujuUnit.Status.ACTIVE, "Ready");
    }
  }
}
