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

  /** What the view shows at one moment. */
  record Observation(Snapshot snapshot, Health health) {}

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition signalled = lock.newCondition();
  private final List<Listening> listeners = new CopyOnWriteArrayList<>();
  private final Supplier<@Nullable Observation> view;
  private final Thread thread;
  private boolean signal;
  private boolean closed;

  Dispatch(String name, Supplier<@Nullable Observation> view) {
    this.view = view;
    thread = new Thread(this::run, "magpie-peers events " + name);
    thread.setDaemon(true);
    thread.start();
  }

  Subscription add(PeerListener listener) {
    Listening listening = new Listening(listener);
    listeners.add(listening);
    signal();
    return listening;
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
    while (awaitSignal()) {
      try {
        Observation now = view.get();
        if (now == null) {
          return;
        }
        for (Listening listening : listeners) {
          listening.catchUp(now);
        }
      } catch (RuntimeException e) {
        // Nobody calls this thread, so nobody but the log can be told; the next signal tries again.
        LOG.log(System.Logger.Level.WARNING, "the peers could not be observed", e);
      }
    }
  }

  private boolean awaitSignal() {
    lock.lock();
    try {
      while (!signal && !closed) {
        signalled.awaitUninterruptibly();
      }
      signal = false;
      return !closed;
    } finally {
      lock.unlock();
    }
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
    listeners.forEach(Listening::close);
    if (Thread.currentThread() == thread) {
      return;
    }
    boolean interrupted = false;
    try {
      thread.join(LONGEST_WAIT.toMillis());
      if (thread.isAlive()) {
        thread.interrupt();
        thread.join(LONGEST_WAIT.toMillis());
      }
    } catch (InterruptedException e) {
      interrupted = true;
    }
    if (thread.isAlive()) {
      LOG.log(System.Logger.Level.WARNING, "a listener does not return; its thread is left behind");
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** One listener, and what it was told last. */
  private final class Listening implements Subscription {
    private final ReentrantLock calling = new ReentrantLock();
    private final PeerListener listener;
    private @Nullable Observation told;
    private volatile boolean ended;

    Listening(PeerListener listener) {
      this.listener = listener;
    }

    void catchUp(Observation now) {
      calling.lock();
      try {
        Observation before = told;
        told = now;
        if (before == null) {
          call(new PeerEvent.Started(now.snapshot()));
          if (now.health().stale()) {
            Health fresh = new Health(Health.Status.FRESH, now.snapshot().readAt(), "");
            call(new PeerEvent.HealthChanged(fresh, now.health(), now.snapshot()));
          }
          return;
        }
        if (before.health().status() != now.health().status()) {
          call(new PeerEvent.HealthChanged(before.health(), now.health(), before.snapshot()));
        }
        if (before.snapshot().revision() != now.snapshot().revision()) {
          call(new PeerEvent.Changed(before.snapshot(), now.snapshot()));
        }
      } finally {
        calling.unlock();
      }
    }

    private void call(PeerEvent event) {
      if (ended) {
        return;
      }
      try {
        listener.onEvent(event);
      } catch (RuntimeException | StackOverflowError | AssertionError e) {
        LOG.log(System.Logger.Level.WARNING, "a listener failed at " + event.kind(), e);
      }
    }

    @Override
    public void close() {
      ended = true;
      listeners.remove(this);
      try {
        // Within the listener the lock is already ours, so this waits for other threads only.
        if (calling.tryLock(LONGEST_WAIT.toSeconds(), TimeUnit.SECONDS)) {
          calling.unlock();
        } else {
          LOG.log(System.Logger.Level.WARNING, "a listener does not return; it was not waited for");
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
