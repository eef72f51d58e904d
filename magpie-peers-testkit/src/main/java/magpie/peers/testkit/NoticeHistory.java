/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import magpie.peers.Notice.Kind;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.testkit.NoticeStep.Told;
import magpie.peers.testkit.NoticeStep.Verb;

/**
 * All that a program was ever shown of notices and dismissed, over all its lives, and whether the
 * rules N1 to N5 of the contract held all the time.
 *
 * <pre>{@code
 * NoticeHistory history = new NoticeHistory();
 * history.world(peers);            // before the program can see them
 * Process program = start(journal); // it keeps a NoticeJournal
 * program.destroyForcibly().waitFor();
 * history.killed(journal);
 * history.check();                 // throws an AssertionError that names the rule
 * }</pre>
 *
 * <p>It replays every step of every life on what must be remembered according to the rules. Where a
 * kill leaves open whether a step was done, or the world changed while the program looked, it
 * follows all possibilities, and each observation must fit one of them. Not for use by several
 * threads.
 */
public final class NoticeHistory {

  /** Where a program was when it was killed, as its journal tells. */
  public enum Moment {
    /** It had not begun its first step: the JVM started, or the views were opened. */
    STARTING,
    /** It had asked for notices and was not shown any. */
    RECORDING,
    /** It had been shown notices, and had not begun to dismiss any. */
    SHOWN,
    /** It had begun to dismiss and was not told of success. */
    DISMISSING,
    /** It had been told of success. */
    DISMISSED
  }

  private enum End {
    /** All that was begun has been done. */
    BY_ITSELF,
    /** What was begun last may have been done. */
    KILLED,
    /** Nothing of it has been done, since the unit of work failed as a whole. */
    UNDONE
  }

  private record Life(Path journal, List<NoticeStep> steps, End end, long lastWorld) {}

  /** Nothing was ever recorded. */
  private static final Memory NEW =
      new Memory(0, Collections.unmodifiableSortedMap(new TreeMap<>()), Set.of());

  private final List<SortedMap<PeerId, String>> worlds = new ArrayList<>();
  private final List<Life> lives = new ArrayList<>();

  /** Begins with no world and no life. */
  public NoticeHistory() {}

  /**
   * Adds the peers as they are going to be, the program itself left out.
   *
   * @param peers the peers; only ids, selected addresses and settings matter
   * @return the number of this world, from 1
   */
  public long world(Collection<PeerNode> peers) {
    SortedMap<PeerId, String> facts = new TreeMap<>();
    peers.forEach(peer -> facts.put(peer.id(), NoticeStep.facts(peer)));
    worlds.add(Collections.unmodifiableSortedMap(facts));
    return worlds.size();
  }

  /**
   * Adds a life of the program that ended by itself and well.
   *
   * @param journal its journal
   */
  public void ended(Path journal) {
    add(journal, End.BY_ITSELF);
  }

  /**
   * Adds a life of the program that was killed, on a backend that stores at once. What was begun
   * last may have been done or not.
   *
   * @param journal its journal; it may be missing, and its last line may be torn
   * @return where the program was
   */
  public Moment killed(Path journal) {
    return add(journal, End.KILLED);
  }

  /**
   * Adds a life of the program that was killed or failed, on a backend that drops then all that was
   * done in it, as Juju does with a hook.
   *
   * @param journal its journal; it may be missing, and its last line may be torn
   * @return where the program was
   */
  public Moment undone(Path journal) {
    return add(journal, End.UNDONE);
  }

  private Moment add(Path journal, End end) {
    List<NoticeStep> steps = new ArrayList<>();
    String text = "";
    try {
      text = Files.readString(journal, UTF_8);
    } catch (NoSuchFileException e) {
      if (end == End.BY_ITSELF) {
        throw new UncheckedIOException(e);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    // What stands behind the last line end was being written when the program was killed.
    text.substring(0, text.lastIndexOf('\n') + 1)
        .lines()
        .forEach(line -> steps.add(NoticeStep.parse(line)));
    lives.add(new Life(journal, List.copyOf(steps), end, worlds.size()));
    if (steps.isEmpty()) {
      return Moment.STARTING;
    }
    return switch (steps.get(steps.size() - 1).verb()) {
      case ASKS -> Moment.RECORDING;
      case SHOWN -> Moment.SHOWN;
      case DISMISSES -> Moment.DISMISSING;
      case DISMISSED -> Moment.DISMISSED;
    };
  }

  /**
   * Replays everything.
   *
   * @throws AssertionError if a rule was broken; its message begins with the id of the rule
   */
  public void check() {
    new Replay().run();
  }

  /**
   * What must be remembered: the rules as short as they can be said.
   *
   * @param recordings how many recordings found a difference
   * @param members who was present at the last recording, and what was known of them
   * @param pending the notices that wait
   */
  private record Memory(long recordings, SortedMap<PeerId, String> members, Set<Told> pending) {

    Memory record(SortedMap<PeerId, String> present) {
      Set<PeerId> changed = new TreeSet<>(members.keySet());
      changed.addAll(present.keySet());
      changed.removeIf(id -> members.containsKey(id) && present.containsKey(id));
      long number = changed.isEmpty() ? recordings : recordings + 1;
      Set<Told> notices = new TreeSet<>(pending);
      notices.removeIf(told -> changed.contains(told.id()));
      for (PeerId id : changed) {
        String known = members.get(id);
        notices.add(
            known == null
                ? new Told(Kind.JOINED, id, number, "")
                : new Told(Kind.DEPARTED, id, number, known));
      }
      return new Memory(number, present, notices);
    }

    Set<Told> among(Set<Told> given) {
      Set<Told> found = new TreeSet<>(pending);
      found.removeIf(told -> given.stream().noneMatch(told::same));
      return found;
    }

    boolean shows(Set<Told> notices) {
      return pending.equals(notices);
    }

    Memory dismiss(Set<Told> given) {
      Set<Told> rest = new TreeSet<>(pending);
      rest.removeAll(among(given));
      return new Memory(recordings, members, rest);
    }
  }

  /** One recording that may have happened. */
  private record Recording(Memory before, long world, Memory after) {
    int distance(Set<Told> shown) {
      Set<Told> union = new HashSet<>(after.pending);
      union.addAll(shown);
      Set<Told> both = new HashSet<>(after.pending);
      both.retainAll(shown);
      return union.size() - both.size();
    }
  }

  /** The lives one after the other, and what may be remembered after each step. */
  private final class Replay {
    private Set<Memory> possible = Set.of(NEW);

    /** Dismissed for certain. */
    private final Set<Told> gone = new HashSet<>();

    /** Killed since notices were shown last. */
    private boolean crashed;

    void run() {
      for (int i = 0; i < lives.size(); i++) {
        live(i + 1, lives.get(i));
      }
    }

    private void live(int number, Life life) {
      Set<Memory> before = possible;
      Set<Told> goneBefore = Set.copyOf(gone);
      Map<Integer, Set<Told>> shown = new HashMap<>();
      Optional<NoticeStep> begun = Optional.empty();
      int line = 0;
      for (NoticeStep step : life.steps()) {
        String where = " (life " + number + ", " + life.journal() + ":" + ++line + ")";
        Set<Told> told = shown.computeIfAbsent(step.view(), view -> new TreeSet<>());
        begun = follow(begun, step, told, where);
      }
      switch (life.end()) {
        case BY_ITSELF -> {
          if (begun.isPresent()) {
            throw new AssertionError(
                "expected the end of \"" + begun.get() + "\", found none in " + life.journal());
          }
        }
        case KILLED -> {
          begun.ifPresent(step -> open(step, shown.getOrDefault(step.view(), Set.of()), life));
          crashed = true;
        }
        case UNDONE -> {
          possible = before;
          gone.retainAll(goneBefore);
          crashed = true;
        }
      }
    }

    /** Follows one line; returns the step that has begun and not ended with it. */
    private Optional<NoticeStep> follow(
        Optional<NoticeStep> begun, NoticeStep step, Set<Told> shown, String where) {
      Verb expected =
          step.verb() == Verb.SHOWN
              ? Verb.ASKS
              : step.verb() == Verb.DISMISSED ? Verb.DISMISSES : step.verb();
      boolean begins = expected == step.verb();
      if (begins == begun.isPresent()
          || begun.filter(b -> b.verb() != expected || b.view() != step.view()).isPresent()) {
        throw new AssertionError("expected steps one by one, found \"" + step + "\"" + where);
      }
      if (begins) {
        return Optional.of(step);
      }
      if (step.verb() == Verb.SHOWN) {
        recorded(begun.orElseThrow().world(), step, where);
        shown.addAll(step.notices());
      } else {
        dismissed(step, ofKind(shown, step.kind()), where);
      }
      return Optional.empty();
    }

    private Set<Told> ofKind(Set<Told> shown, Kind kind) {
      Set<Told> of = new TreeSet<>(shown);
      of.removeIf(told -> told.kind() != kind);
      return of;
    }

    /** A step was begun, and it is unknown whether it was done. */
    private void open(NoticeStep step, Set<Told> shown, Life life) {
      Set<Memory> now = new LinkedHashSet<>(possible);
      if (step.verb() == Verb.ASKS) {
        recordings(step.world(), life.lastWorld()).forEach(each -> now.add(each.after()));
      } else {
        possible.forEach(memory -> now.add(memory.dismiss(ofKind(shown, step.kind()))));
      }
      possible = now;
    }

    private List<Recording> recordings(long firstWorld, long lastWorld) {
      if (firstWorld < 1 || firstWorld > lastWorld || lastWorld > worlds.size()) {
        throw new AssertionError(
            "expected worlds from 1 to "
                + worlds.size()
                + " and none older than before, found "
                + firstWorld
                + " and then "
                + lastWorld);
      }
      List<Recording> all = new ArrayList<>();
      for (Memory memory : possible) {
        for (long world = firstWorld; world <= lastWorld; world++) {
          all.add(new Recording(memory, world, memory.record(worlds.get((int) world - 1))));
        }
      }
      return all;
    }

    private void recorded(long firstWorld, NoticeStep step, String where) {
      List<Recording> all = recordings(firstWorld, step.world());
      Set<Memory> now = new LinkedHashSet<>();
      for (Recording each : all) {
        if (each.after().shows(step.notices())) {
          now.add(each.after());
        }
      }
      if (now.isEmpty()) {
        throw new AssertionError(fault(all, step.notices()) + where);
      }
      possible = now;
      crashed = false;
    }

    private String fault(List<Recording> all, Set<Told> shown) {
      for (Told one : shown) {
        for (Told other : shown) {
          if (one.id().equals(other.id()) && one.kind() != other.kind()) {
            return "N2: expected " + one.id() + " to have joined or departed, found both: " + shown;
          }
        }
      }
      if (crashed && isPart(all, shown)) {
        return "N4: expected all of a recording or dismissal or nothing of it after a kill, found a"
            + " part of it: "
            + shown;
      }
      if (crashed
          && !shown.isEmpty()
          && all.stream().anyMatch(each -> NEW.record(each.after().members()).shows(shown))) {
        return "N4: expected what was recorded before a kill to be remembered, found all peers"
            + " joined anew: "
            + shown;
      }
      Recording closest = all.get(0);
      for (Recording each : all) {
        closest = each.distance(shown) < closest.distance(shown) ? each : closest;
      }
      Set<Told> missing = new TreeSet<>(closest.after().pending());
      missing.removeAll(shown);
      Set<Told> extra = new TreeSet<>(shown);
      extra.removeAll(closest.after().pending());
      for (Told expected : missing) {
        for (Told found : extra) {
          if (expected.same(found)) {
            return "N5: expected last known of "
                + expected.id()
                + " "
                + expected.facts()
                + ", found "
                + (found.facts().isEmpty() ? "nothing" : found.facts());
          }
          if (expected.kind() == found.kind() && expected.id().equals(found.id())) {
            return "N1: expected "
                + expected
                + " to have the number of the recording that noticed it, found "
                + found;
          }
        }
      }
      if (!missing.isEmpty()) {
        String found = ", found that it is not: " + shown;
        Set<Told> waiting = new TreeSet<>(missing);
        waiting.retainAll(closest.before().pending());
        if (waiting.isEmpty()) {
          Told due = missing.iterator().next();
          return "N1: expected " + due + " in world " + closest.world() + " to be shown" + found;
        }
        Told lost = waiting.iterator().next();
        return crashed
            ? "N4: expected " + lost + " to be shown again after a kill" + found
            : "N3: expected " + lost + " to be shown until it is dismissed" + found;
      }
      Told more = extra.iterator().next();
      return gone.stream().anyMatch(more::same)
          ? "N3: expected " + more + " not to be shown after it was dismissed, found that it is"
          : "N1: expected nothing of "
              + more.id()
              + ", whose presence is as it was at the recording before world "
              + closest.world()
              + ", found "
              + more;
    }

    /**
     * Whether each notice may be shown and each that must be is, though not all of them at once.
     */
    private boolean isPart(List<Recording> all, Set<Told> shown) {
      Set<Told> some = new HashSet<>();
      Set<Told> always = new HashSet<>(all.get(0).after().pending());
      for (Recording each : all) {
        some.addAll(each.after().pending());
        always.retainAll(each.after().pending());
      }
      return some.containsAll(shown) && shown.containsAll(always);
    }

    private void dismissed(NoticeStep step, Set<Told> shown, String where) {
      Set<Memory> now = new LinkedHashSet<>();
      for (Memory memory : possible) {
        if (memory.among(shown).equals(step.notices())) {
          now.add(memory.dismiss(shown));
        }
      }
      if (now.isEmpty()) {
        throw new AssertionError(
            "N3: expected to dismiss what view "
                + step.view()
                + " was shown and still waits, "
                + possible.iterator().next().among(shown)
                + ", found "
                + step.notices()
                + where);
      }
      gone.addAll(step.notices());
      possible = now;
    }
  }
}
