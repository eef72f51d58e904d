/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import magpie.peers.spi.StateStore;
import org.jspecify.annotations.Nullable;

/**
 * The notices of one view: recorded in the state, and dismissed.
 *
 * <p>The state may have to be waited for, because another process has its lock, and nothing else of
 * the view waits with it. So the locks have an order: first the one of this board, then that of the
 * state, then that of the view. A thread that has the lock of the view never asks for the state.
 */
final class NoticeBoard {
  /** Made when there is something to log: the first logger of a process costs a hook 20 ms. */
  private static final class Log {
    private static final System.Logger LOG = System.getLogger(NoticeBoard.class.getName());

    private Log() {}
  }

  private static final long LONGEST_WAIT = TimeUnit.SECONDS.toNanos(10);

  private final SourcedView view;
  private final CheckedSource source;

  /** First come, first served, as the lock of the view. */
  private final ReentrantLock lock = new ReentrantLock(true);

  /** Who waits for the state now, and whether close() has woken it; guarded by this object. */
  private @Nullable Thread waiting;

  private boolean woken;
  private boolean closed;

  NoticeBoard(SourcedView view, CheckedSource source) {
    this.view = view;
    this.source = source;
  }

  /** Records who is there, and returns the notices that wait. */
  Notices notices() {
    lock.lock();
    try {
      StateStore store = view.readForRecording();
      return view.noticesOf(
          view.isUnread() ? load(store) : change(store, new Recording(store.origin())));
    } finally {
      lock.unlock();
    }
  }

  List<Notice> dismiss(Collection<Notice> notices) {
    List<Notice> given = List.copyOf(notices);
    lock.lock();
    try {
      StateStore store = view.state();
      if (given.isEmpty()) {
        return List.of();
      }
      Map<PeerId, Notice> dismissed = new TreeMap<>();
      change(
          store,
          new Change(store.origin()) {
            @Override
            void to(Ledger ledger) {
              for (Notice notice : ledger.dismiss(given)) {
                dismissed.put(notice.id(), notice);
              }
            }
          });
      return List.copyOf(dismissed.values());
    } finally {
      lock.unlock();
    }
  }

  private Ledger load(StateStore store) {
    beginToWait();
    try {
      return LedgerText.parse(store.load(), store.origin());
    } catch (RuntimeException | LinkageError e) {
      throw failure(store, e, true);
    } finally {
      goOn();
    }
  }

  private Ledger change(StateStore store, Change change) {
    beginToWait();
    try {
      store.update(change);
      return Objects.requireNonNull(change.changed, "a change that was made");
    } catch (RuntimeException | LinkageError e) {
      throw failure(store, e, !change.begun);
    } finally {
      goOn();
    }
  }

  private RuntimeException failure(StateStore store, Throwable e, boolean waited) {
    return view.isClosed() && (waited || e instanceof IllegalStateException)
        ? SourcedView.closedFailure()
        : source.stateFailure(store.origin(), e);
  }

  private synchronized void beginToWait() {
    if (closed) {
      throw SourcedView.closedFailure();
    }
    waiting = Thread.currentThread();
  }

  /** The wait is over: from here on close() interrupts nothing, and lets it be finished. */
  private synchronized void goOn() {
    waiting = null;
    if (woken) {
      woken = false;
      // It was meant for the wait, not for what this thread does next.
      Thread.interrupted();
    }
  }

  /** Ends the wait for the state; who waited learns that the view is closed. */
  synchronized void close() {
    closed = true;
    if (waiting != null && !woken) {
      woken = true;
      waiting.interrupt();
    }
  }

  /** Waits until nothing is being recorded any more, after {@link #close}. */
  void awaitEnd() {
    if (!lock.tryLock()) {
      if (!Dispatch.within(LONGEST_WAIT, nanos -> lock.tryLock(nanos, TimeUnit.NANOSECONDS))) {
        Log.LOG.log(
            System.Logger.Level.WARNING,
            "the state does not answer; the thread that asked it was not waited for");
        return;
      }
    }
    lock.unlock();
  }

  /** One change of what is remembered, from text to text. */
  private abstract class Change implements UnaryOperator<String> {
    private final String origin;
    private boolean begun;
    private @Nullable Ledger changed;

    Change(String origin) {
      this.origin = origin;
    }

    abstract void to(Ledger ledger);

    @Override
    public String apply(String before) {
      goOn();
      begun = true;
      Ledger ledger = LedgerText.parse(before, origin);
      to(ledger);
      String after = LedgerText.print(ledger);
      LedgerText.check(ledger, after, origin);
      changed = ledger;
      return after;
    }
  }

  /**
   * Records who is there, as read while no other can record: between the reading and the lock of
   * the state another process may have recorded a later one, and all that changed since would be
   * told as if it had changed back (N1).
   */
  private final class Recording extends Change {
    Recording(String origin) {
      super(origin);
    }

    @Override
    void to(Ledger ledger) {
      view.record(ledger);
    }
  }

  /** Tells a consumer of new notices, and tries again where they cannot be recorded. */
  final class Listening extends Dispatch.Listening {
    private final Consumer<Notices> consumer;
    private @Nullable Notices told;
    private Dispatch.@Nullable Observation seen;
    private @Nullable String broken;

    Listening(Dispatch dispatch, Consumer<Notices> consumer) {
      super(dispatch);
      this.consumer = consumer;
    }

    @Override
    boolean catchUp(Dispatch.Observation now) {
      Dispatch.Observation before = seen;
      if (broken == null && before != null && before.tellsTheSameAs(now)) {
        return true;
      }
      Notices notices;
      try {
        notices = notices();
      } catch (PeersException e) {
        String reason = String.valueOf(e.getMessage());
        if (!reason.equals(broken)) {
          broken = reason;
          Log.LOG.log(
              System.Logger.Level.WARNING,
              "notices cannot be recorded; it is tried again until they can be",
              e);
        }
        return false;
      } catch (IllegalStateException e) {
        if (view.isClosed()) {
          // Closed since it was observed: nothing more is to be told.
          return true;
        }
        throw e;
      }
      seen = now;
      if (broken != null) {
        broken = null;
        Log.LOG.log(System.Logger.Level.INFO, "notices can be recorded again");
      }
      if (!notices.isEmpty() && !notices.equals(told)) {
        told = notices;
        call(() -> consumer.accept(notices), "notices");
      }
      return true;
    }
  }
}
