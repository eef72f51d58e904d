/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import magpie.peers.Health;
import magpie.peers.NodeFilter;
import magpie.peers.Notice;
import magpie.peers.Notices;
import magpie.peers.PeerEvent;
import magpie.peers.PeerId;
import magpie.peers.PeerListener;
import magpie.peers.PeerView;
import magpie.peers.PeersException;
import magpie.peers.Snapshot;
import magpie.peers.Subscription;
import magpie.peers.testkit.PeerSetHarness.Capability;
import magpie.peers.testkit.PeerSetHarness.Peer;
import org.jspecify.annotations.Nullable;
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
  private static final int THREADS = 8;
  private static final int PEERS = 6;
  private static final Duration LONGEST_ANSWER = Duration.ofSeconds(60);
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

  /** What several threads found wrong, told once they have ended. */
  private static final class Faults {
    private final long seed = Long.getLong("magpie.stress.seed", new Random().nextLong());
    private final Queue<String> all = new ConcurrentLinkedQueue<>();

    void add(String fault) {
      if (all.size() < 20) {
        all.add(fault);
      }
    }

    void add(String what, Throwable thrown) {
      add(what + ": " + thrown + " at " + List.of(thrown.getStackTrace()));
    }

    void check() {
      assertEquals(List.of(), List.copyOf(all), "-Dmagpie.stress.seed=" + seed);
    }

    /** Fails with what every thread is doing. */
    void hangs(String what) {
      StringBuilder dump = new StringBuilder(what);
      dump.append(" (-Dmagpie.stress.seed=").append(seed).append(")\n");
      Thread.getAllStackTraces()
          .forEach(
              (thread, trace) -> {
                dump.append(thread.getName()).append(' ').append(thread.getState()).append('\n');
                for (StackTraceElement frame : trace) {
                  dump.append("    ").append(frame).append('\n');
                }
              });
      all.forEach(fault -> dump.append(fault).append('\n'));
      fail(dump.toString());
    }

    void await(String what, BooleanSupplier condition) {
      long end = System.nanoTime() + LONGEST_ANSWER.toNanos();
      while (!condition.getAsBoolean()) {
        if (System.nanoTime() > end) {
          hangs(what);
        }
        LockSupport.parkNanos(Duration.ofMillis(1).toNanos());
      }
    }

    void join(List<Thread> threads) throws InterruptedException {
      long end = System.nanoTime() + LONGEST_ANSWER.toNanos();
      for (Thread thread : threads) {
        TimeUnit.NANOSECONDS.timedJoin(thread, end - System.nanoTime());
        if (thread.isAlive()) {
          hangs(thread.getName() + " gets no answer");
        }
      }
    }
  }

  private static Thread start(String name, Runnable work) {
    Thread thread = new Thread(work, "stress " + name);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  private static List<PeerView> open(PeerSetHarness set) {
    List<PeerView> views = new ArrayList<>();
    views.add(set.open());
    if (set.capabilities().contains(Capability.CONCURRENT_VIEWS)) {
      views.add(set.open());
    }
    return views;
  }

  private static void finish(PeerSetHarness set, List<PeerView> views) {
    views.forEach(set::finish);
  }

  // ---- everything at once ----

  /** What one listener was told, each event checked against those before. */
  private static final class Chain implements PeerListener {
    private final Faults faults;
    private final PeerView view;
    private final AtomicBoolean inside = new AtomicBoolean();
    private volatile @Nullable Snapshot last;
    private volatile Health.Status status = Health.Status.FRESH;

    /** Some call that ends it has returned. */
    private volatile boolean ended;

    Chain(Faults faults, PeerView view) {
      this.faults = faults;
      this.view = view;
    }

    @Override
    public void onEvent(PeerEvent event) {
      if (!inside.compareAndSet(false, true)) {
        faults.add("E1: two events at a time, one of them " + event.kind());
      }
      check(!ended, "E1: an event after close() returned", event);
      Snapshot before = last;
      switch (event.kind()) {
        case STARTED -> check(before == null, "E1: a second start", event);
        case CHANGED -> {
          Snapshot told = ((PeerEvent.Changed) event).before();
          check(before != null && told.equals(before), "E1: not from what was told last", event);
          check(!told.equals(event.snapshot()), "E1: an event for no change", event);
        }
        case HEALTH_CHANGED -> {
          PeerEvent.HealthChanged health = (PeerEvent.HealthChanged) event;
          check(event.snapshot().equals(before), "E2: health with other peers", event);
          check(health.before().status() == status, "E2: not from the health told last", event);
          check(health.after().status() != status, "E2: an event for the same health", event);
          status = health.after().status();
        }
        default -> faults.add("E1: an unknown event " + event);
      }
      last = event.snapshot();
      try {
        // A listener may ask the view, which must not wait for the listener.
        view.ids();
      } catch (IllegalStateException closed) {
        // It is being closed, and waits for this listener.
      }
      check(!ended, "E1: close() returned while its listener was called", event);
      inside.set(false);
    }

    private void check(boolean right, String fault, PeerEvent event) {
      if (!right) {
        faults.add(fault + ": " + event + " after " + last);
      }
    }

    boolean upToDate(Snapshot now) {
      return now.equals(last) && status == Health.Status.FRESH;
    }
  }

  /** What is true of notices whoever dismisses them: none is dismissed twice, none is lost. */
  private static final class Dismissed {
    private final Faults faults;
    private final Queue<Notice> all = new ConcurrentLinkedQueue<>();

    Dismissed(Faults faults) {
      this.faults = faults;
    }

    void check(List<PeerId> present, List<Notice> pending) {
      Map<PeerId, Notice> latest = new HashMap<>();
      TreeSet<String> once = new TreeSet<>();
      List<Notice> ever = new ArrayList<>(all);
      ever.addAll(pending);
      for (Notice notice : ever) {
        String which = notice.kind() + " " + notice.id() + " " + notice.sequence();
        if (!once.add(which)) {
          faults.add("N3: dismissed twice, or dismissed and still there: " + which);
        }
        latest.merge(notice.id(), notice, (a, b) -> a.sequence() > b.sequence() ? a : b);
      }
      for (PeerId id : present) {
        Notice notice = latest.get(id);
        if (notice == null || notice.kind() != Notice.Kind.JOINED) {
          faults.add("N1: " + id + " is there, and the last notice of it is " + notice);
        }
      }
      latest.forEach(
          (id, notice) -> {
            if (notice.kind() == Notice.Kind.JOINED && !present.contains(id)) {
              faults.add("N1: " + id + " is gone, and the last notice of it is " + notice);
            }
          });
    }
  }

  /** One set of views and the threads that use it, from opening to closing. */
  private static final class Round {
    private final PeerSetHarness set;
    private final Faults faults;
    private final Dismissed dismissed;
    private final Random random;
    private final AtomicLong answers;
    private final List<PeerView> views;
    private final List<PeerId> ids = new ArrayList<>();
    private final Set<Capability> capabilities;
    private final Queue<Chain> chains = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean closing = new AtomicBoolean();
    private final AtomicBoolean resting = new AtomicBoolean();
    private volatile boolean broken;
    private boolean brokenNow;

    /** The peers there are, besides the node itself. */
    private final Set<PeerId> present;

    Round(
        PeerSetHarness set,
        Faults faults,
        Dismissed dismissed,
        Random random,
        AtomicLong answers,
        Set<PeerId> present) {
      this.set = set;
      this.present = present;
      this.faults = faults;
      this.dismissed = dismissed;
      this.random = random;
      this.answers = answers;
      this.capabilities = Set.copyOf(set.capabilities());
      // The harness is for one thread, and the threads that use the views need these.
      for (int i = 0; i < PEERS + 2; i++) {
        ids.add(set.id(i));
      }
      this.views = PeerViewStress.open(set);
      views.forEach(PeerView::snapshot);
    }

    void run(Duration length) throws InterruptedException {
      List<Thread> users = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        PeerView view = views.get(i % views.size());
        long seed = random.nextLong();
        users.add(start("user " + i, () -> use(view, new Random(seed))));
      }
      edit(length);
      if (random.nextBoolean()) {
        rest();
      }
      closing.set(true);
      List<Thread> closers = new ArrayList<>();
      for (PeerView view : views) {
        for (int i = 0; i < 2; i++) {
          closers.add(start("closer " + i, () -> close(view)));
        }
      }
      faults.join(closers);
      faults.join(users);
      finish(set, views);
    }

    private void close(PeerView view) {
      view.close();
      chains.stream().filter(chain -> chain.view.equals(view)).forEach(chain -> chain.ended = true);
    }

    private void edit(Duration length) {
      long end = System.nanoTime() + length.toNanos();
      boolean live = capabilities.contains(Capability.LIVE);
      while (System.nanoTime() < end) {
        if (live) {
          change();
        }
        LockSupport.parkNanos(random.nextInt(5_000_000));
      }
      heal();
    }

    private void change() {
      int number = 1 + random.nextInt(PEERS);
      PeerId id = ids.get(number);
      int what = random.nextInt(10);
      if (what < 2 && capabilities.contains(Capability.STALE_SOURCE)) {
        if (brokenNow) {
          heal();
        } else {
          broken = true;
          brokenNow = true;
          List<PeerSetHarness.Breakage> kinds = List.copyOf(set.breakages());
          set.breakSource(kinds.get(random.nextInt(kinds.size())));
        }
      } else if (what < 5 && present.contains(id)) {
        present.remove(id);
        set.remove(id);
      } else {
        Map<String, String> settings =
            capabilities.contains(Capability.SETTINGS)
                ? Map.of("round", String.valueOf(random.nextInt()))
                : Map.of();
        present.add(id);
        // No two have one address, and some are outside the network that is asked for.
        String address = "192.0.2." + (number * 20 + random.nextInt(20));
        set.put(new Peer(id, List.of(address), settings, Map.of()));
      }
    }

    private void heal() {
      if (brokenNow) {
        set.healSource();
        brokenNow = false;
      }
    }

    /** Nothing changes any more: then events add up to the peers there are, and notices too. */
    private void rest() {
      for (PeerView view : views) {
        faults.await(
            "E2: the view does not become as its source",
            () ->
                view.health().status() == Health.Status.FRESH
                    && view.ids().equals(List.copyOf(present)));
      }
      resting.set(true);
      for (PeerView view : views) {
        faults.await(
            "E1: the events do not add up to the snapshot",
            () ->
                chains.stream()
                    .filter(chain -> chain.view.equals(view) && !chain.ended)
                    .allMatch(chain -> chain.upToDate(view.snapshot())));
      }
    }

    private void use(PeerView view, Random random) {
      Map<Chain, Subscription> mine = new HashMap<>();
      while (true) {
        try {
          call(view, random, mine);
          answers.incrementAndGet();
        } catch (IllegalStateException e) {
          if (!closing.get() || !"this view of the peers is closed".equals(e.getMessage())) {
            faults.add("F1: an unforeseen answer", e);
          }
          return;
        } catch (PeersException e) {
          if (!broken) {
            faults.add("F1: a failure without a cause", e);
          }
        } catch (RuntimeException | Error e) {
          faults.add("F1: an unforeseen answer", e);
          return;
        }
      }
    }

    private void call(PeerView view, Random random, Map<Chain, Subscription> mine) {
      PeerId id = ids.get(random.nextInt(ids.size()));
      switch (random.nextInt(14)) {
        case 0 -> ordered(view.ids());
        case 1 -> view.nodes(NodeFilter.inNetwork("192.0.2.0/25"));
        case 2 -> view.node(id);
        case 3 -> view.explain(id, NodeFilter.preferNetwork("192.0.2.0/25"));
        case 4 -> view.notices();
        case 5 -> dismissed.all.addAll(view.notices().dismissJoined());
        case 6 -> dismissed.all.addAll(view.notices().dismissDeparted());
        case 7 -> dismissed.all.addAll(view.dismiss(view.notices()));
        case 8 -> view.health();
        case 9 -> {
          if (capabilities.contains(Capability.PUBLISH) && random.nextInt(8) == 0) {
            view.publish("stress", String.valueOf(random.nextInt(3)));
          }
        }
        case 10 -> view.published();
        case 11, 12 -> {
          if (mine.size() < 4 && !resting.get()) {
            Chain chain = new Chain(faults, view);
            Subscription subscription = view.listen(chain);
            mine.put(chain, subscription);
            chains.add(chain);
          } else {
            end(mine);
          }
        }
        default -> ordered(view.snapshot().ids());
      }
    }

    private static void end(Map<Chain, Subscription> mine) {
      if (!mine.isEmpty()) {
        Map.Entry<Chain, Subscription> one = mine.entrySet().iterator().next();
        one.getValue().close();
        one.getKey().ended = true;
        mine.remove(one.getKey());
      }
    }

    private void ordered(List<PeerId> ids) {
      List<PeerId> sorted = new ArrayList<>(ids);
      Collections.sort(sorted);
      if (!sorted.equals(ids) || ids.contains(this.ids.get(0))) {
        faults.add("M1: not the peers in their order: " + ids);
      }
    }
  }

  @Test
  @DisplayName("E1 E2 N3 F2 keeps its promises to each thread, and ends each at close()")
  void everythingAtOnce() throws Exception {
    Faults faults = new Faults();
    Dismissed dismissed = new Dismissed(faults);
    Random random = new Random(faults.seed);
    AtomicLong answers = new AtomicLong();
    int rounds = 0;
    try (PeerSetHarness set = harness()) {
      long end = System.nanoTime() + share(600, 60).toNanos();
      Set<PeerId> present = new TreeSet<>(List.of(set.id(1), set.id(2)));
      put(set, 2);
      while (rounds == 0 || System.nanoTime() < end) {
        new Round(set, faults, dismissed, random, answers, present)
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
    assertTrue(answers.get() > rounds * (long) THREADS, answers + " answers");
    tell(
        rounds + " rounds, " + answers + " answers, " + dismissed.all.size() + " dismissed",
        faults);
  }

  private static void put(PeerSetHarness set, int peers) {
    for (int i = 1; i <= peers; i++) {
      set.put(new Peer(set.id(i), List.of("192.0.2." + i), Map.of(), Map.of()));
    }
  }

  private void tell(String what, Faults faults) {
    if (SECONDS > 0) {
      System.out.println(getClass().getSimpleName() + ": " + what + ", seed " + faults.seed);
    }
  }

  // ---- notices ----

  @Test
  @DisplayName("N3 gives each notice to one of several threads that dismiss it, and to one only")
  void eachNoticeIsDismissedOnce() throws Exception {
    Faults faults = new Faults();
    int rounds = 0;
    try (PeerSetHarness set = harness()) {
      long end = System.nanoTime() + share(250, 20).toNanos();
      while (rounds == 0 || System.nanoTime() < end) {
        put(set, PEERS);
        race(set, faults, Notice.Kind.JOINED);
        for (int i = 1; i <= PEERS; i++) {
          set.remove(set.id(i));
        }
        race(set, faults, Notice.Kind.DEPARTED);
        rounds++;
      }
    }
    tell(rounds + " rounds of " + 2 * PEERS + " notices", faults);
  }

  private static void race(PeerSetHarness set, Faults faults, Notice.Kind kind)
      throws InterruptedException {
    List<PeerView> views = open(set);
    CyclicBarrier ready = new CyclicBarrier(THREADS);
    Queue<String> dismissed = new ConcurrentLinkedQueue<>();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < THREADS; i++) {
      PeerView view = views.get(i % views.size());
      threads.add(
          start(
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
    for (int i = 1; i <= PEERS; i++) {
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
    Faults faults = new Faults();
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

  private static void cycle(PeerSetHarness set, Faults faults) {
    PeerView view = set.open();
    Chain chain = new Chain(faults, view);
    view.listen(chain);
    view.notices();
    faults.await("E1: a listener hears nothing", () -> chain.last != null);
    set.finish(view);
    chain.ended = true;
  }
}
