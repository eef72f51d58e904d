/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import magpie.peers.Notice;
import magpie.peers.Notices;
import magpie.peers.PeerId;
import magpie.peers.PeerView;
import magpie.peers.testkit.PeerSetHarness.Capability;
import magpie.peers.testkit.PeerSetHarness.Peer;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

/**
 * The contract of a peer view while many threads use it at once: looking, listening, dismissing,
 * publishing and closing, over a source that is changed, broken and healed meanwhile.
 *
 * <p>What it does next is drawn at random from a seed, which every failure tells; threads
 * interleave as they like, so a seed repeats the calls and not their order. It takes some two
 * seconds, and with {@code -Dmagpie.stress.seconds=300} about as long as that. A thread that gets
 * no answer fails the test with what every thread was doing.
 *
 * <p>Subclasses are as those of {@link PeerViewContract}, with the same harness.
 */
@DisplayName("A peer view used by many threads")
@Isolated
public abstract class PeerViewStress {
  private static final int CYCLES = 1000;
  private static final long SECONDS = Long.getLong("magpie.stress.seconds", 0);

  /** For subclasses. */
  protected PeerViewStress() {}

  /**
   * Makes a harness without peers, notices or published settings; called before each test.
   *
   * @return a new harness, which the test closes
   * @throws Exception if it cannot be made, which fails the test
   */
  protected abstract PeerSetHarness harness() throws Exception;

  /** How long a test is to go on. */
  private static Duration share(long millis, long percent) {
    return SECONDS > 0 ? Duration.ofMillis(SECONDS * 10 * percent) : Duration.ofMillis(millis);
  }

  static List<PeerView> open(PeerSetHarness set) {
    List<PeerView> views = new ArrayList<>();
    views.add(set.open());
    if (set.capabilities().contains(Capability.CONCURRENT_VIEWS)) {
      views.add(set.open());
    }
    return views;
  }

  static void finish(PeerSetHarness set, List<PeerView> views) {
    views.forEach(set::finish);
  }

  @Test
  @DisplayName("E1 E2 N3 F2 keeps its promises to each thread, and ends each at close()")
  void everythingAtOnce() throws Exception {
    StressFaults faults = new StressFaults();
    StressRound.Dismissed dismissed = new StressRound.Dismissed(faults);
    Random random = new Random(faults.seed);
    AtomicLong answers = new AtomicLong();
    int rounds = 0;
    try (PeerSetHarness set = harness()) {
      long end = System.nanoTime() + share(600, 60).toNanos();
      Set<PeerId> present = new TreeSet<>(List.of(set.id(1), set.id(2)));
      put(set, 2);
      while (rounds == 0 || System.nanoTime() < end) {
        new StressRound(set, faults, dismissed, random, answers, present)
            .run(Duration.ofMillis(50 + random.nextInt(200)));
        faults.check();
        rounds++;
      }
      PeerView view = set.open();
      view.notices();
      List<Notice> pending = new ArrayList<>(view.notices().joined());
      pending.addAll(view.notices().departed());
      List<PeerId> ids = view.ids();
      dismissed.check(ids, pending);
      set.finish(view);
      faults.check();
      assertEquals(List.copyOf(present), ids);
    }
    assertTrue(answers.get() > rounds * (long) StressRound.THREADS, answers + " answers");
    tell(rounds + " rounds, " + answers + " answers, " + dismissed.count() + " dismissed", faults);
  }

  private static void put(PeerSetHarness set, int peers) {
    for (int i = 1; i <= peers; i++) {
      set.put(new Peer(set.id(i), List.of("192.0.2." + i), Map.of(), Map.of()));
    }
  }

  private void tell(String what, StressFaults faults) {
    if (SECONDS > 0) {
      System.out.println(getClass().getSimpleName() + ": " + what + ", seed " + faults.seed);
    }
  }

  // ---- notices ----

  @Test
  @DisplayName("N3 gives each notice to one of several threads that dismiss it, and to one only")
  void eachNoticeIsDismissedOnce() throws Exception {
    StressFaults faults = new StressFaults();
    int rounds = 0;
    try (PeerSetHarness set = harness()) {
      long end = System.nanoTime() + share(250, 20).toNanos();
      while (rounds == 0 || System.nanoTime() < end) {
        put(set, StressRound.PEERS);
        race(set, faults, Notice.Kind.JOINED);
        for (int i = 1; i <= StressRound.PEERS; i++) {
          set.remove(set.id(i));
        }
        race(set, faults, Notice.Kind.DEPARTED);
        rounds++;
      }
    }
    tell(rounds + " rounds of " + 2 * StressRound.PEERS + " notices", faults);
  }

  private static void race(PeerSetHarness set, StressFaults faults, Notice.Kind kind)
      throws InterruptedException {
    List<PeerView> views = open(set);
    CyclicBarrier ready = new CyclicBarrier(StressRound.THREADS);
    Queue<String> dismissed = new ConcurrentLinkedQueue<>();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < StressRound.THREADS; i++) {
      PeerView view = views.get(i % views.size());
      threads.add(
          StressFaults.start(
              "dismisser " + i,
              () -> {
                try {
                  ready.await();
                  Notices notices = view.notices();
                  List<Notice> mine =
                      kind == Notice.Kind.JOINED
                          ? notices.dismissJoined()
                          : notices.dismissDeparted();
                  mine.forEach(notice -> dismissed.add(notice.id().value()));
                } catch (Exception e) {
                  faults.add("N3: an unforeseen answer", e);
                }
              }));
    }
    faults.join(threads);
    faults.check();
    List<String> expected = new ArrayList<>();
    for (int i = 1; i <= StressRound.PEERS; i++) {
      expected.add(set.id(i).value());
    }
    assertEquals(expected, dismissed.stream().sorted().toList(), "N3: " + kind);
    for (PeerView view : views) {
      assertTrue(view.notices().isEmpty(), "N3: " + view.notices());
    }
    finish(set, views);
  }

  // ---- what is left behind ----

  @Test
  @DisplayName(
      "F2 leaves no thread and no descriptor behind, however often it is opened and closed")
  void nothingIsLeftBehind() throws Exception {
    StressFaults faults = new StressFaults();
    int cycles = 0;
    try (PeerSetHarness set = harness()) {
      put(set, 1);
      for (int i = 0; i < 3; i++) {
        cycle(set, faults);
      }
      // What ends by itself after a moment, such as an idle thread, is not left behind.
      faults.await("F2: threads do not end", () -> LeftBehind.threads().equals(settled()));
      List<String> threads = LeftBehind.threads();
      int descriptors = LeftBehind.descriptors().size();
      long end = System.nanoTime() + Duration.ofMillis(250).toNanos();
      while (SECONDS > 0 ? cycles < CYCLES : System.nanoTime() < end) {
        cycle(set, faults);
        cycles++;
      }
      faults.await(
          "F2: threads are left behind, beside " + threads,
          () -> noMore(LeftBehind.threads(), threads));
      faults.await(
          "F2: descriptors are left behind, more than " + descriptors,
          () -> LeftBehind.descriptors().size() <= descriptors);
    }
    faults.check();
    tell(cycles + " views opened and closed", faults);
  }

  /** Whether every thread was there before; one that was there may have ended meanwhile. */
  private static boolean noMore(List<String> threads, List<String> before) {
    List<String> more = new ArrayList<>(threads);
    before.forEach(more::remove);
    return more.isEmpty();
  }

  /** The threads there are after a moment, those that end meanwhile left out. */
  private static List<String> settled() {
    LockSupport.parkNanos(Duration.ofMillis(150).toNanos());
    return LeftBehind.threads();
  }

  private static void cycle(PeerSetHarness set, StressFaults faults) {
    PeerView view = set.open();
    StressRound.Chain chain = new StressRound.Chain(faults, view);
    view.listen(chain);
    view.notices();
    faults.await("E1: a listener hears nothing", chain::began);
    set.finish(view);
    chain.end();
  }
}
