/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit;

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
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import magpie.peers.Health;
import magpie.peers.NodeFilter;
import magpie.peers.Notice;
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

/** One set of views and the threads that use it, from opening to closing. */
final class StressRound {
  /** What one listener was told, each event checked against those before. */
  static final class Chain implements PeerListener {
    private final StressFaults faults;
    private final PeerView view;
    private final AtomicBoolean inside = new AtomicBoolean();
    private volatile @Nullable Snapshot last;
    private volatile Health.Status status = Health.Status.FRESH;

    private volatile boolean ended;

    Chain(StressFaults faults, PeerView view) {
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

    boolean began() {
      return last != null;
    }

    /** To be called when some call that ends it has returned. */
    void end() {
      ended = true;
    }

    boolean upToDate(Snapshot now) {
      return now.equals(last) && status == Health.Status.FRESH;
    }
  }

  /** Checks that no notice is dismissed twice and none is lost, whichever thread dismisses it. */
  static final class Dismissed {
    private final StressFaults faults;
    private final Queue<Notice> all = new ConcurrentLinkedQueue<>();

    Dismissed(StressFaults faults) {
      this.faults = faults;
    }

    int count() {
      return all.size();
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

  static final int THREADS = 8;
  static final int PEERS = 6;

  private final PeerSetHarness set;
  private final StressFaults faults;
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

  /** The present peers, without the node itself. */
  private final Set<PeerId> present;

  StressRound(
      PeerSetHarness set,
      StressFaults faults,
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
      users.add(StressFaults.start("user " + i, () -> use(view, new Random(seed))));
    }
    edit(length);
    if (random.nextBoolean()) {
      rest();
    }
    closing.set(true);
    List<Thread> closers = new ArrayList<>();
    for (PeerView view : views) {
      for (int i = 0; i < 2; i++) {
        closers.add(StressFaults.start("closer " + i, () -> close(view)));
      }
    }
    faults.join(closers);
    faults.join(users);
    PeerViewStress.finish(set, views);
  }

  private void close(PeerView view) {
    view.close();
    chains.stream().filter(chain -> chain.view.equals(view)).forEach(Chain::end);
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
      one.getKey().end();
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
