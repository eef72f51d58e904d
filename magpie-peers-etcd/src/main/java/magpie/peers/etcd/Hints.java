/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.etcd;

import io.etcd.jetcd.Watch;
import io.etcd.jetcd.options.WatchOption;
import io.etcd.jetcd.watch.WatchResponse;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import magpie.peers.PeersException;
import magpie.peers.spi.PeerSource;
import org.jspecify.annotations.Nullable;

/**
 * Hears of changes, and looks now and then where it hears nothing.
 *
 * <p>The watch of the client is a hint, and what it says is kept in {@link Events} for the reading
 * that follows, which asks whether that is all. When the watch breaks it is begun anew. It asks for
 * a leader, so that a server that lost the others ends it.
 */
final class Hints implements PeerSource.Watch {
  /** How often it is tried again while something is broken. */
  private static final Duration AGAIN = Duration.ofSeconds(1);

  private final Etcd etcd;
  private final String prefix;
  private final Duration slow;
  private final BooleanSupplier failing;
  private final Runnable maybeChanged;
  private final Thread thread;
  private final Events events = new Events();

  // Guarded by this.
  private boolean hinted;
  private boolean begun;
  private boolean closed;

  /** Whether the watch has said anything. One that breaks at once is not begun anew at once. */
  private boolean heard;

  /** The watch that is under way; what an older one says is no longer of interest. */
  private @Nullable Object current;

  private Hints(
      Etcd etcd, String prefix, Duration slow, BooleanSupplier failing, Runnable maybeChanged) {
    this.etcd = etcd;
    this.prefix = prefix;
    this.slow = slow;
    this.failing = failing;
    this.maybeChanged = maybeChanged;
    this.thread = Etcd.daemon(this::run, "magpie-etcd-watch");
  }

  static Hints start(
      Etcd etcd, String prefix, Duration slow, BooleanSupplier failing, Runnable maybeChanged) {
    Hints hints = new Hints(etcd, prefix, slow, failing, maybeChanged);
    hints.thread.start();
    return hints;
  }

  private void run() {
    Watch.@Nullable Watcher watcher = null;
    try {
      while (await()) {
        if (broken()) {
          end(watcher);
          watcher = begin();
        }
        maybeChanged.run();
      }
    } finally {
      end(watcher);
    }
  }

  /** Waits until something may have changed; false when it is over. */
  private synchronized boolean await() {
    long start = System.nanoTime();
    try {
      // The first time there is no watch yet, and nothing to wait for.
      while (begun && !hinted && !closed) {
        Duration wait = current == null || failing.getAsBoolean() ? AGAIN : slow;
        long left = start + wait.toNanos() - System.nanoTime();
        if (left <= 0) {
          break;
        }
        TimeUnit.NANOSECONDS.timedWait(this, left);
      }
    } catch (InterruptedException e) {
      return false;
    }
    hinted = false;
    return !closed;
  }

  private synchronized boolean broken() {
    return current == null;
  }

  private Watch.@Nullable Watcher begin() {
    Object token = new Object();
    synchronized (this) {
      begun = true;
      heard = false;
      current = token;
      events.end();
    }
    try {
      return etcd.client()
          .getWatchClient()
          .watch(
              Etcd.bytes(prefix),
              WatchOption.builder()
                  .isPrefix(true)
                  .withRequireLeader(true)
                  .withCreateNotify(true)
                  .build(),
              new Watch.Listener() {
                @Override
                public void onNext(WatchResponse response) {
                  if (!tell(token, response)) {
                    hint(token, false);
                  }
                }

                @Override
                public void onError(Throwable throwable) {
                  hint(token, true);
                }

                @Override
                public void onCompleted() {
                  hint(token, true);
                }
              });
    } catch (PeersException e) {
      // Closed, or not to be reached: reading says why.
      synchronized (this) {
        current = null;
      }
      return null;
    }
  }

  /** What the watch has told since the last reading. */
  Events events() {
    return events;
  }

  /**
   * Keeps what the watch tells, and calls at once if it is a change, since each thread on the way
   * makes it later; false if somebody else is to call.
   */
  private synchronized boolean tell(Object token, WatchResponse response) {
    if (!token.equals(current)) {
      return false;
    }
    if (response.isCreatedNotify()) {
      events.begin(response.getHeader().getClusterId(), response.getHeader().getRevision());
      return false;
    }
    events.add(response.getEvents());
    if (!closed) {
      maybeChanged.run();
    }
    return true;
  }

  private synchronized void hint(Object token, boolean broke) {
    if (token.equals(current)) {
      hinted |= !broke || heard;
      heard = true;
      if (broke) {
        current = null;
        events.end();
      }
      notifyAll();
    }
  }

  /** Looks again soon, since reading has failed. */
  synchronized void wake() {
    notifyAll();
  }

  private static void end(Watch.@Nullable Watcher watcher) {
    if (watcher != null) {
      watcher.close();
    }
  }

  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      notifyAll();
    }
    boolean interrupted = false;
    while (thread.isAlive() && !Thread.currentThread().equals(thread)) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
