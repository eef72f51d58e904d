/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import magpie.peers.spi.PeerSource;
import magpie.peers.spi.StateStore;
import org.jspecify.annotations.Nullable;

/**
 * The one view there is: a source, what was good in it last, and its notices, under one lock.
 *
 * <p>It lives until it is closed. What the parts hold is guarded by the lock; listeners and notices
 * are dealt with on threads of their own.
 */
final class SourcedView implements PeerView {
  /**
   * First come, first served: the thread that tells listeners reads again at once where a source
   * takes long to fail, and callers would wait for many of its readings.
   */
  private final ReentrantLock lock = new ReentrantLock(true);

  private final String backend;
  private final CheckedSource source;
  private final LastGood good;
  private final NoticeBoard board;
  private PeerSource.@Nullable Watch watch;

  /** Signalled from any thread, with or without the lock. */
  private volatile @Nullable Dispatch events;

  /** On a thread of its own, because notices may have to wait for the state, and events not. */
  private volatile @Nullable Dispatch notices;

  private boolean closed;

  SourcedView(String backend, PeerSource source, Environment environment) {
    this.backend = backend;
    this.source = new CheckedSource(backend, source, environment);
    this.good = new LastGood(this, this.source, environment);
    this.board = new NoticeBoard(this, this.source);
  }

  /**
   * Takes the lock of an open view; callers must unlock.
   *
   * <p>What every hook runs through is written without lambdas and streams, which a process links
   * at their first use: together they were a third of what a hook cost (docs/performance.md).
   */
  private void enter() {
    lock.lock();
    if (closed) {
      lock.unlock();
      throw closedFailure();
    }
  }

  static IllegalStateException closedFailure() {
    return new IllegalStateException("this view of the peers is closed");
  }

  boolean isClosed() {
    lock.lock();
    try {
      return closed;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public String backend() {
    return backend;
  }

  @Override
  public Optional<PeerId> selfId() {
    enter();
    try {
      return good.read().selfId();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Optional<PeerNode> self() {
    enter();
    try {
      return good.self();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public List<PeerId> ids() {
    enter();
    try {
      return good.ids();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Snapshot snapshot() {
    enter();
    try {
      return good.snapshot();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public List<PeerNode> nodes(NodeFilter filter) {
    Objects.requireNonNull(filter, "filter");
    Snapshot now;
    NodeFilter resolved;
    enter();
    try {
      now = good.snapshot();
      resolved = filter.resolve(good::network);
    } finally {
      lock.unlock();
    }
    // Outside the lock, since a filter is the caller's code and may call this view.
    return now.nodes(resolved);
  }

  @Override
  public Optional<PeerNode> node(PeerId id) {
    Objects.requireNonNull(id, "id");
    enter();
    try {
      return good.node(id);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Optional<Explanation> explain(PeerId id, NodeFilter filter) {
    Objects.requireNonNull(filter, "filter");
    PeerNode node;
    NodeFilter resolved;
    enter();
    try {
      node = node(id).orElse(null);
      if (node == null) {
        return Optional.empty();
      }
      resolved = filter.resolve(good::network);
    } finally {
      lock.unlock();
    }
    return Optional.of(new Explanation(node, filter.toString(), resolved.apply(node)));
  }

  @Override
  public Network network(String name) {
    Objects.requireNonNull(name, "name");
    enter();
    try {
      return good.network(name);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Notices notices() {
    return board.notices();
  }

  /** Reads, and returns where to record it. */
  StateStore readForRecording() {
    enter();
    try {
      StateStore store = source.prefetchedState();
      good.read();
      return store;
    } finally {
      lock.unlock();
    }
  }

  /** Returns where notices are kept. */
  StateStore state() {
    enter();
    try {
      return source.state();
    } finally {
      lock.unlock();
    }
  }

  boolean isUnread() {
    lock.lock();
    try {
      return good.isUnread();
    } finally {
      lock.unlock();
    }
  }

  /** Reads who is there and records it, unless it cannot be read now. */
  void record(Ledger ledger) {
    enter();
    try {
      good.record(ledger);
    } finally {
      lock.unlock();
    }
  }

  /** The notices that wait, with what the last good reading knows. */
  Notices noticesOf(Ledger ledger) {
    enter();
    try {
      return new Notices(
          this,
          good.notices(ledger, Notice.Kind.JOINED),
          good.notices(ledger, Notice.Kind.DEPARTED));
    } finally {
      lock.unlock();
    }
  }

  @Override
  public List<Notice> dismiss(Collection<Notice> dismissed) {
    return board.dismiss(dismissed);
  }

  @Override
  public Subscription listen(PeerListener listener) {
    Objects.requireNonNull(listener, "listener");
    enter();
    try {
      watch();
      Dispatch running = events;
      if (running == null) {
        running = new Dispatch("events " + backend, this::observe);
        events = running;
      }
      return running.add(listener);
    } finally {
      lock.unlock();
    }
  }

  /** Makes sure that there is something to tell, and that changes of it are noticed. */
  private void watch() {
    good.snapshot();
    if (watch == null) {
      watch = source.watch(this::signal);
    }
  }

  /** What listeners are to know now, or null after the end. */
  private Dispatch.@Nullable Observation observe() {
    lock.lock();
    try {
      if (closed) {
        return null;
      }
      return new Dispatch.Observation(good.snapshotForListeners(), good.known());
    } finally {
      lock.unlock();
    }
  }

  /** Wakes those who tell listeners; called when something is, or may be, different. */
  void signal() {
    Dispatch toEvents = events;
    if (toEvents != null) {
      toEvents.signal();
    }
    Dispatch toNotices = notices;
    if (toNotices != null) {
      toNotices.signal();
    }
  }

  @Override
  public Subscription onNotices(Consumer<Notices> consumer) {
    Objects.requireNonNull(consumer, "consumer");
    // A failure now goes to the caller; one that comes later can go to the log only.
    board.notices();
    enter();
    try {
      watch();
      Dispatch running = notices;
      if (running == null) {
        running = new Dispatch("notices " + backend, this::observe);
        notices = running;
      }
      return board.new Listening(running, consumer).begin();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Map<String, String> published() {
    enter();
    try {
      return source.published();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public boolean publish(Map<String, String> settings) {
    TextMap wanted = TextMap.copyOf(settings);
    PeerSource.check(wanted);
    enter();
    try {
      Map<String, String> changes = source.unpublished(wanted);
      if (changes.isEmpty()) {
        return false;
      }
      source.publish(changes);
      return true;
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Health health() {
    enter();
    try {
      return good.health();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public <T> Optional<T> extension(Class<T> type) {
    Objects.requireNonNull(type, "type");
    enter();
    try {
      return source.extension(type);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    boolean first;
    PeerSource.Watch watching;
    lock.lock();
    try {
      first = !closed;
      closed = true;
      watching = watch;
    } finally {
      lock.unlock();
    }
    Dispatch toEvents = events;
    Dispatch toNotices = notices;
    if (!first) {
      // The second caller, too, may rely on it that nothing more is told. A listener may
      // not: it is waited for.
      if (!isOn(toEvents) && !isOn(toNotices)) {
        end(toEvents, toNotices);
      }
      return;
    }
    board.close();
    // Outside the lock, because a listener that is being waited for may be calling this view.
    try {
      if (watching != null) {
        source.end(watching);
      }
    } finally {
      try {
        end(toEvents, toNotices);
      } finally {
        try {
          board.awaitEnd();
        } finally {
          source.close();
        }
      }
    }
  }

  private static boolean isOn(@Nullable Dispatch dispatch) {
    return dispatch != null && dispatch.isOnThisThread();
  }

  private static void end(@Nullable Dispatch one, @Nullable Dispatch other) {
    try {
      if (one != null) {
        one.close();
      }
    } finally {
      if (other != null) {
        other.close();
      }
    }
  }
}
