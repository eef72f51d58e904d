/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Tells listeners what changed: one thread, one event at a time (E1).
 *
 * <p>The thread waits for a signal that something may have changed, observes the view, and lets
 * each listener catch up from what it was told last. So a missed or needless signal can neither
 * lose nor invent an event, and the events of each listener always add up to what the view shows.
 */
final class Dispatch implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Dispatch.class.getName());
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(10);

  /** How long after a failure it is tried again, without a signal. */
  private static final Duration RETRY = Duration.ofSeconds(1);

  /** What the view shows at one moment. */
  record Observation(Snapshot snapshot, Health health) {
    boolean tellsTheSameAs(Observation other) {
      return snapshot.revision() == other.snapshot.revision()
          && health.status() == other.health.status();
    }
  }

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition signalled = lock.newCondition();
  private final List<Listening> listeners = new CopyOnWriteArrayList<>();
  private final Supplier<@Nullable Observation> view;
  private final Duration longestWait;
  private final Thread thread;
  private boolean signal;
  private boolean closed;

  Dispatch(String name, Supplier<@Nullable Observation> view) {
    this(name, view, LONGEST_WAIT);
  }

  /** With another time to wait for listeners at the end, for tests. */
  Dispatch(String name, Supplier<@Nullable Observation> view, Duration longestWait) {
    this.view = view;
    this.longestWait = longestWait;
    thread = new Thread(this::run, "magpie-peers " + name);
    thread.setDaemon(true);
    thread.start();
  }

  Subscription add(PeerListener listener) {
    return new Events(this, listener).begin();
  }

  /** Says that something may have changed; never blocks for long, never throws. */
  void signal() {
    lock.lock();
    try {
      signal = true;
      signalled.signal();
    } finally {
      lock.unlock();
    }
  }

  private void run() {
    boolean again = false;
    while (awaitSignal(again)) {
      try {
        Observation now = view.get();
        if (now == null) {
          return;
        }
        again = false;
        for (Listening listening : listeners) {
          again |= !listening.catchUp(now);
        }
      } catch (RuntimeException | Error e) {
        // This thread has no caller, so only the log can be told; the next signal tries again.
        LOG.log(System.Logger.Level.WARNING, "the peers could not be observed", e);
      }
    }
  }

  /** Waits for a signal; or not for long, if something is to be tried again. */
  private boolean awaitSignal(boolean again) {
    lock.lock();
    try {
      long rest = RETRY.toNanos();
      while (!signal && !closed && rest > 0) {
        if (again) {
          try {
            rest = signalled.awaitNanos(rest);
          } catch (InterruptedException e) {
            // Left behind by a listener; who ends this thread has set closed.
          }
        } else {
          signalled.awaitUninterruptibly();
        }
      }
      signal = false;
      return !closed;
    } finally {
      lock.unlock();
    }
  }

  boolean isOnThisThread() {
    return Thread.currentThread() == thread;
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      signalled.signal();
    } finally {
      lock.unlock();
    }
    // All of them before any is waited for: the call of one may be what the others wait for.
    listeners.forEach(listening -> listening.ended = true);
    listeners.forEach(Listening::close);
    if (isOnThisThread()) {
      return;
    }
    if (!within(longestWait.toNanos(), nanos -> joined(thread, nanos))) {
      thread.interrupt();
      if (!within(longestWait.toNanos(), nanos -> joined(thread, nanos))) {
        LOG.log(
            System.Logger.Level.WARNING, "a listener does not return; its thread is left behind");
      }
    }
  }

  private static boolean joined(Thread thread, long nanos) throws InterruptedException {
    TimeUnit.NANOSECONDS.timedJoin(thread, nanos);
    return !thread.isAlive();
  }

  /** Something to wait for. */
  interface Wait {
    boolean until(long nanos) throws InterruptedException;
  }

  /** Waits as long as is worth it, interrupted or not: nothing may come after close() (E1). */
  static boolean within(long longest, Wait wait) {
    long end = System.nanoTime() + longest;
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return wait.until(end - System.nanoTime());
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Somebody who listens. */
  abstract static class Listening implements Subscription {
    private final Dispatch dispatch;
    private final ReentrantLock calling = new ReentrantLock();
    private volatile boolean ended;

    Listening(Dispatch dispatch) {
      this.dispatch = dispatch;
    }

    /** Begins here, and not where it is made: so a hook that only could listen loads none of it. */
    final Subscription begin() {
      dispatch.listeners.add(this);
      dispatch.signal();
      return this;
    }

    /** Tells what there is to tell; false if it is to be tried again. */
    abstract boolean catchUp(Observation now);

    /** Calls the listener, unless it does not listen any more. */
    final void call(Runnable listener, Object what) {
      calling.lock();
      try {
        if (!ended) {
          listener.run();
        }
      } catch (Throwable e) {
        // Whatever it is, a class that is missing for instance: the others are to hear theirs (E1).
        LOG.log(System.Logger.Level.WARNING, "a listener failed at " + what, e);
      } finally {
        calling.unlock();
        // An interrupt that it leaves behind is not meant for others, nor for reading the source.
        Thread.interrupted();
      }
    }

    @Override
    public void close() {
      ended = true;
      dispatch.listeners.remove(this);
      // Within the listener the lock is already ours, so this waits for other threads only.
      if (within(
          dispatch.longestWait.toNanos(), nanos -> calling.tryLock(nanos, TimeUnit.NANOSECONDS))) {
        calling.unlock();
      } else {
        LOG.log(System.Logger.Level.WARNING, "a listener does not return; it was not waited for");
      }
    }
  }

  /** A listener to events, and what it was told last. */
  private static final class Events extends Listening {
    private final PeerListener listener;
    private @Nullable Observation told;

    Events(Dispatch dispatch, PeerListener listener) {
      super(dispatch);
      this.listener = listener;
    }

    @Override
    boolean catchUp(Observation now) {
      Observation before = told;
      told = now;
      if (before == null) {
        call(new PeerEvent.Started(now.snapshot()));
        if (now.health().stale()) {
          Health fresh = new Health(Health.Status.FRESH, now.snapshot().readAt(), "");
          call(new PeerEvent.HealthChanged(fresh, now.health(), now.snapshot()));
        }
        return true;
      }
      if (before.health().status() != now.health().status()) {
        call(new PeerEvent.HealthChanged(before.health(), now.health(), before.snapshot()));
      }
      if (before.snapshot().revision() != now.snapshot().revision()) {
        call(new PeerEvent.Changed(before.snapshot(), now.snapshot()));
      }
      return true;
    }

    private void call(PeerEvent event) {
      call(() -> listener.onEvent(event), event.kind());
    }
  }
}
