/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import magpie.peers.Notices;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.PeersException;
import magpie.peers.PeersOptions;
import magpie.peers.testkit.juju.FakeJuju;
import magpie.peers.testkit.juju.FakeUnit;
import magpie.peers.testkit.juju.Fault;
import magpie.peers.testkit.juju.Hook;
import magpie.peers.testkit.juju.HookContext;
import magpie.peers.testkit.juju.JujuVersion;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Units live the same random lives under two fake Jujus, one with incremental reading and one
 * without, and what they see is compared hook by hook: peers join, depart, change and come back,
 * the agent restarts, hooks fail before, while and after they read, and are retried or skipped.
 *
 * <p>What may differ is stated here. A hook that ends before the charm has opened its view is one
 * that the cache knows nothing of: its unit may be out of date until its next hook or the next hook
 * that reads everything, and if the agent restarts before that, so may all. What it did not read
 * then, the agent does not have either; so the hook that reads everything may see settings that are
 * newer than those which the agent would have kept, until the next hook of that unit.
 *
 * <p>{@code -Dmagpie.lives=1000} lives more of them, {@code -Dmagpie.lives.seed=N} the same again.
 */
class IncrementalLivesTest {
  private static final int LIVES =
      Integer.getInteger("magpie.lives", Boolean.getBoolean("magpie.thorough") ? 60 : 6);
  private static final int STEPS = 12;
  private static final String FILE = ".magpie-peers.magpie.settings";

  @TempDir Path directory;
  private int hooks;
  private int failed;
  private int restarts;
  private int skipped;
  private int excused;
  private int readWith;
  private int readWithout;

  /** How far a charm comes in a hook. */
  private enum End {
    WELL,
    BEFORE_OPENING,
    OPENED,
    HALF_READ,
    READ
  }

  /** What a charm reads. */
  private enum What {
    NOTHING,
    IDS,
    ONE,
    NOTICES,
    ALL
  }

  /** What a charm does in a hook, and which peer publishes something meanwhile. */
  private record Plan(End end, What what, int publisher, String value, boolean unreadable) {}

  /** What a charm saw. */
  private record Seen(List<PeerId> ids, List<PeerNode> nodes, List<String> notices) {}

  private static final class Died extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  /** One of the two units, with its world. */
  private final class World implements AutoCloseable {
    final boolean incremental;
    final FakeJuju juju;
    final FakeUnit unit;

    World(boolean incremental, Path place, JujuVersion version, boolean twoRelations, int peers) {
      this.incremental = incremental;
      FakeJuju.Builder builder =
          FakeJuju.create(place, version).peerRelation("magpie").units(peers + 1);
      this.juju = (twoRelations ? builder.peerRelation("magpie") : builder).build();
      this.unit = juju.unit("magpie/0");
    }

    /** Runs a hook; empty if the charm saw nothing. */
    Optional<Seen> run(Hook hook, Plan plan, boolean unreadable) {
      List<Seen> seen = new ArrayList<>();
      int before = juju.calls("relation-get").size();
      if (unreadable) {
        juju.inject(Fault.exit(1, "ERROR connection is shut down").on("relation-get").always());
      }
      try {
        unit.inHook(
            hook, (HookContext.Body<RuntimeException>) context -> look(context, plan, seen));
      } catch (Died | PeersException e) {
        // The hook has failed, as it was to.
      }
      juju.clearFaults();
      int read = juju.calls("relation-get").size() - before;
      if (incremental) {
        readWith += read;
      } else {
        readWithout += read;
      }
      return seen.isEmpty() ? Optional.empty() : Optional.of(seen.get(0));
    }

    private void look(HookContext context, Plan plan, List<Seen> seen) {
      if (plan.end() == End.BEFORE_OPENING) {
        throw new Died();
      }
      try (PeerView view =
          Peers.open(
              PeersOptions.builder()
                  .environment(HookScene.environment(context))
                  .peerSet("magpie")
                  .option("incremental-reading", Boolean.toString(incremental))
                  .build())) {
        if (plan.end() == End.OPENED) {
          throw new Died();
        }
        if (plan.publisher() > 0) {
          publish(juju, plan.publisher(), plan.value());
        }
        List<PeerId> ids = plan.what() == What.NOTHING ? List.of() : view.ids();
        List<PeerNode> nodes = new ArrayList<>();
        if (plan.what() == What.ONE || plan.end() == End.HALF_READ) {
          if (!ids.isEmpty()) {
            view.node(ids.get(ids.size() / 2)).ifPresent(nodes::add);
          }
        }
        if (plan.end() == End.HALF_READ) {
          throw new Died();
        }
        List<String> notices = List.of();
        if (plan.what() == What.NOTICES) {
          Notices now = view.notices();
          notices = HookScene.texts(now.joined());
          now.dismissJoined();
        }
        if (plan.what() == What.ALL) {
          nodes.addAll(view.nodes());
        }
        seen.add(new Seen(ids, nodes, notices));
        if (plan.end() == End.READ) {
          throw new Died();
        }
      }
    }

    @Override
    public void close() {
      juju.close();
    }
  }

  private static void publish(FakeJuju juju, int peer, String value) {
    FakeUnit unit =
        juju.units().stream().filter(u -> u.name().equals("magpie/" + peer)).findAny().orElse(null);
    if (unit != null) {
      unit.publish("magpie", "key", value);
    }
  }

  @Test
  void whatIsSeenIsTheSame() throws IOException {
    long base = Long.getLong("magpie.lives.seed", System.nanoTime());
    int lives = 0;
    // A few short lives may have no hook that could spare a reading; then some more are lived.
    for (int i = 0; i < LIVES || (readWith == readWithout && i < 10 * LIVES); i++) {
      long seed = base + i;
      JujuVersion version = JujuVersion.values()[i % JujuVersion.values().length];
      new Life(seed, version, i % 4 == 3, directory.resolve("life" + i)).live();
      lives++;
    }
    System.out.println(
        lives
            + " lives from seed "
            + base
            + ": "
            + hooks
            + " hooks, "
            + failed
            + " of them failed, "
            + skipped
            + " skipped, "
            + restarts
            + " restarts; relation-get "
            + readWith
            + " times instead of "
            + readWithout
            + "; "
            + excused
            + " hooks after one that ended unseen");
    assertTrue(readWith < readWithout);
  }

  /** One life. */
  private final class Life {
    private final Random random;
    private final long seed;
    private final JujuVersion version;
    private final boolean twoRelations;
    private final Path place;
    private final List<String> story = new ArrayList<>();
    private final List<World> worlds = new ArrayList<>();

    /** Relation and unit of each member of which a hook ended before the view was opened. */
    private final Set<String> unseen = new HashSet<>();

    /** Members whose settings the agent may have read later with the cache than without. */
    private final Set<String> ahead = new HashSet<>();

    /** What each unit published, in turn; an empty text is a new unit. */
    private final Map<String, List<String>> published = new HashMap<>();

    /** Whether the agent restarted and no hook has read everything since. */
    private boolean restarted;

    /** Whether a hook that would have read everything ended unseen. */
    private boolean allUnseen;

    private Optional<Hook> lastOpened = Optional.empty();
    private boolean leaving;
    private int next;

    Life(long seed, JujuVersion version, boolean twoRelations, Path place) {
      this.random = new Random(seed);
      this.seed = seed;
      this.version = version;
      this.twoRelations = twoRelations;
      this.place = place;
    }

    void live() throws IOException {
      int peers = 1 + random.nextInt(3);
      boolean met = random.nextInt(4) > 0;
      next = peers + 1;
      try (World with = new World(true, place.resolve("with"), version, twoRelations, peers);
          World without =
              new World(false, place.resolve("without"), version, twoRelations, peers)) {
        worlds.addAll(List.of(with, without));
        if (met) {
          with.unit.settle();
          without.unit.settle();
        }
        for (int step = 0; step < STEPS; step++) {
          if (random.nextBoolean()) {
            happen();
          }
          hook(with, without);
        }
      }
    }

    /** Something happens in both worlds. */
    private void happen() throws IOException {
      int what = random.nextInt(12);
      int peer = 1 + random.nextInt(next - 1);
      String value = "v" + random.nextInt(1000);
      story.add("happens " + what + " " + peer + " " + value);
      if (what <= 2 || what == 5) {
        history("magpie/" + peer).add(what == 5 ? "" : value);
      }
      for (World world : worlds) {
        FakeJuju juju = world.juju;
        FakeUnit unit = juju.unit("magpie/" + peer);
        switch (what) {
          case 0, 1, 2 -> publish(juju, peer, value);
          case 3 -> juju.addUnit().settle();
          case 4 -> {
            if (version == JujuVersion.JUJU_4_0 && number(value) < 5) {
              unit.destroyLeavingGhost();
            } else {
              unit.destroy();
            }
          }
          case 5 -> {
            try {
              juju.addUnit(unit.name()).settle();
            } catch (IllegalArgumentException e) {
              // It is still there.
            }
          }
          case 6 -> juju.unit("magpie/0").updateStatus();
          case 7 -> juju.publishApplication("magpie", "app", value);
          case 8, 9 -> world.unit.restartAgent();
          case 10 -> Files.deleteIfExists(world.unit.charmDirectory().resolve(FILE));
          default -> {
            if (number(value) < 3) {
              world.unit.remove();
              leaving = true;
            }
          }
        }
      }
      if (what == 3) {
        next++;
      }
      if (what == 8 || what == 9) {
        ahead.clear();
        restarted = true;
        restarts++;
        boolean openedBefore =
            !worlds.get(0).unit.isInError() || worlds.get(0).unit.due().equals(lastOpened);
        allUnseen |= !openedBefore;
      }
    }

    private static int number(String value) {
      return Integer.parseInt(value.substring(1)) % 10;
    }

    private Plan plan() {
      End end =
          random.nextInt(4) > 0 ? End.WELL : End.values()[random.nextInt(End.values().length)];
      What what = random.nextInt(3) > 0 ? What.ALL : What.values()[random.nextInt(5)];
      return new Plan(
          end,
          what,
          random.nextInt(4) == 0 ? 1 + random.nextInt(next - 1) : 0,
          "w" + random.nextInt(1000),
          random.nextInt(8) == 0);
    }

    private void hook(World with, World without) {
      Optional<Hook> due = with.unit.due();
      assertEquals(due, without.unit.due(), this::told);
      if (with.unit.isInError() && random.nextInt(3) == 0) {
        story.add("skipped " + due);
        with.unit.resolved();
        without.unit.resolved();
        skipped++;
        return;
      }
      boolean action = random.nextInt(8) == 0;
      Hook hook = action ? Hook.action("look") : due.orElse(Hook.named("update-status"));
      Plan plan = plan();
      story.add(hook + " " + plan);
      Optional<Seen> one = with.run(hook, plan, plan.unreadable());
      if (plan.publisher() > 0) {
        history("magpie/" + plan.publisher()).add(plan.value());
      }
      // The agent itself reads anew, when it is asked, what it had of this unit.
      if (hook.kind() == Hook.Kind.JOINED || hook.kind() == Hook.Kind.CHANGED) {
        ahead.remove(member(hook));
      }
      // What is not read cannot fail; then nothing is to fail in the other world either.
      Optional<Seen> two = without.run(hook, plan, plan.unreadable() && one.isEmpty());
      boolean fails = plan.end() != End.WELL || one.isEmpty();
      hooks++;
      failed += fails ? 1 : 0;
      assertEquals(with.unit.isInError(), without.unit.isInError(), this::told);
      account(with, hook, plan, action);
      assertEquals(one.isPresent(), two.isPresent(), this::told);
      if (one.isPresent()) {
        compare(one.get(), two.get());
      }
      if (plan.end() != End.BEFORE_OPENING && !action) {
        lastOpened = Optional.of(hook);
      }
    }

    /** Keeps account of what may differ. */
    private void account(World with, Hook hook, Plan plan, boolean action) {
      boolean ofPeer =
          switch (hook.kind()) {
            case JOINED, CHANGED -> true;
            case DEPARTED -> !hook.departingUnit().equals("magpie/0");
            default -> false;
          };
      boolean full = !ofPeer || Optional.of(hook).equals(lastOpened);
      if (plan.end() == End.BEFORE_OPENING) {
        if (ofPeer) {
          unseen.add(member(hook));
        } else if (!action) {
          // If it is skipped, so may be what it would have told of a restart.
          allUnseen |= restarted;
        }
      } else if (full) {
        if (allUnseen) {
          for (FakeUnit unit : with.juju.units()) {
            ahead.add("1 " + unit.name());
            ahead.add("2 " + unit.name());
          }
        }
        ahead.addAll(unseen);
        unseen.clear();
        restarted = false;
        allUnseen = false;
      } else {
        unseen.remove(member(hook));
        // Nothing tells a unit that is leaving that its agent restarted.
        allUnseen |= restarted && leaving;
        assertTrue(!restarted || allUnseen, this::told);
      }
    }

    private void compare(Seen with, Seen without) {
      assertEquals(without.ids(), with.ids(), this::told);
      assertEquals(without.notices(), with.notices(), this::told);
      if (unseen.isEmpty() && !allUnseen && ahead.isEmpty()) {
        assertEquals(without.nodes(), with.nodes(), this::told);
        return;
      }
      excused++;
      assertEquals(
          without.nodes().stream().map(PeerNode::id).toList(),
          with.nodes().stream().map(PeerNode::id).toList(),
          this::told);
      if (allUnseen) {
        return;
      }
      for (int i = 0; i < with.nodes().size(); i++) {
        PeerNode one = with.nodes().get(i);
        PeerNode other = without.nodes().get(i);
        String id = one.id().value();
        if (isIn(unseen, id)) {
          continue;
        }
        if (isIn(ahead, id)) {
          assertEquals(other.addresses(), one.addresses(), this::told);
          int newer = history(id).lastIndexOf(one.settings().getOrDefault("key", ""));
          int older = history(id).indexOf(other.settings().getOrDefault("key", ""));
          assertTrue(0 <= older && older <= newer, this::told);
        } else {
          assertEquals(other, one, this::told);
        }
      }
    }

    private static String member(Hook hook) {
      return hook.relation() + " " + hook.remoteUnit();
    }

    private static boolean isIn(Set<String> members, String unit) {
      return members.contains("1 " + unit) || members.contains("2 " + unit);
    }

    private List<String> history(String unit) {
      return published.computeIfAbsent(unit, name -> new ArrayList<>(List.of("")));
    }

    private String told() {
      return "-Dmagpie.lives.seed="
          + seed
          + " "
          + version
          + (twoRelations ? ", two relations" : "")
          + "\n"
          + String.join("\n", story);
    }
  }
}
