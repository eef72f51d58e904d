/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import magpie.peers.spi.PeerSource;
import magpie.peers.spi.Reading;
import magpie.peers.spi.StateStore;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;

/** The one view there is: everything that users see, made from what a source says. */
final class SourcedView implements PeerView {
  /** Made when there is something to log: the first logger of a process costs a hook 20 ms. */
  private static final class Log {
    private static final System.Logger LOG = System.getLogger(SourcedView.class.getName());

    private Log() {}
  }

  private final ReentrantLock lock = new ReentrantLock();
  private final String backend;
  private final CheckedSource source;
  private final Environment environment;

  private @Nullable Reading reading;
  private @Nullable Reading snapshotReading;
  private @Nullable Snapshot snapshot;
  private @Nullable Health health;

  /** The log was told that the source broke, and is to be told that it healed. */
  private boolean logged;

  /** The last reading failed. */
  private boolean unread;

  /** The ids can be read and some peer cannot: then reading ids alone heals nothing (E2). */
  private boolean unreadablePeers;

  /** Everything could be read once: from then on there is something good to fall back to. */
  private boolean wasWhole;

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
    this.environment = environment;
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
      return read().selfId();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Optional<PeerNode> self() {
    enter();
    try {
      Reading now = read();
      PeerId self = now.selfId().orElse(null);
      return self == null ? Optional.empty() : placed(byId(now, List.of(self)).get(self), now);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public List<PeerId> ids() {
    enter();
    try {
      return peerIds(read());
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Snapshot snapshot() {
    enter();
    try {
      return current();
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
      now = current();
      resolved = resolved(filter);
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
      Reading now = read();
      Snapshot last = snapshot;
      if (last != null && shown(now)) {
        return last.node(id);
      }
      if (id.equals(now.selfId().orElse(null)) || !now.ids().contains(id)) {
        return Optional.empty();
      }
      try {
        return Optional.of(merged(now, List.of(id), new ArrayList<>()).get(0));
      } catch (PeersException e) {
        if (last == null) {
          throw e;
        }
        unreadable(e);
        log(e);
        return last.node(id);
      }
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
      resolved = resolved(filter);
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
      return declared().network(name, source::network);
    } finally {
      lock.unlock();
    }
  }

  private NodeFilter resolved(NodeFilter filter) {
    return filter.resolve(name -> declared().network(name, source::network));
  }

  /** The networks that the source declares, without reading any peer. */
  private Snapshot declared() {
    Reading now = read();
    return new Snapshot(
        0, now.readAt(), now.origin(), now.selfId(), List.of(), now.networks(), List.of());
  }

  /** Reads the source; while it is broken, the last good reading stays (E2). */
  private Reading read() {
    try {
      Reading now = source.read();
      reading = now;
      unread = false;
      if (!unreadablePeers) {
        fresh();
      }
      return now;
    } catch (PeersException e) {
      if (reading == null) {
        throw e;
      }
      unread = true;
      stale(e);
      log(e);
      return reading;
    }
  }

  private void fresh() {
    Health before = health;
    if (before == null || before.stale()) {
      health = new Health(Health.Status.FRESH, environment.clock().instant(), "");
      if (before != null) {
        if (logged) {
          logged = false;
          Log.LOG.log(System.Logger.Level.INFO, "the source of peers can be read again");
        }
        signal();
      }
    }
  }

  /** Every peer of the reading is at hand. */
  private void whole() {
    wasWhole = true;
    unreadablePeers = false;
    if (!unread) {
      fresh();
    }
  }

  private void unreadable(PeersException e) {
    unreadablePeers = true;
    stale(e);
  }

  private void stale(PeersException e) {
    String reason = String.valueOf(e.getMessage());
    Health before = health;
    if (before == null || !before.stale()) {
      health = new Health(Health.Status.STALE, environment.clock().instant(), reason);
      signal();
    } else if (!before.reason().equals(reason)) {
      health = new Health(Health.Status.STALE, before.since(), reason);
    }
  }

  /** Logs what the caller cannot see, because older peers are returned instead of a failure. */
  private void log(PeersException e) {
    if (!logged) {
      logged = true;
      Log.LOG.log(
          System.Logger.Level.WARNING, "the last good peers stay, because the source broke", e);
    }
  }

  /** The present snapshot: a new one only if something in it is different. */
  private Snapshot current() {
    Reading now = read();
    Snapshot before = snapshot;
    if (before != null && shown(now)) {
      whole();
      return before;
    }
    Snapshot built;
    try {
      List<String> merging = new ArrayList<>();
      List<PeerNode> nodes = merged(now, peerIds(now), merging);
      // Asked behind the nodes: a source that reads each by itself learns what is odd meanwhile.
      List<String> warnings = source.warnings(now);
      warnings.addAll(merging);
      built =
          new Snapshot(
              before == null ? 1 : before.revision() + 1,
              now.readAt(),
              now.origin(),
              now.selfId(),
              nodes,
              now.networks(),
              warnings);
    } catch (PeersException e) {
      unreadable(e);
      if (before == null) {
        throw e;
      }
      log(e);
      return before;
    }
    whole();
    snapshotReading = now;
    if (before != null && before.sameAs(built)) {
      return before;
    }
    snapshot = built;
    if (before != null) {
      signal();
    }
    return built;
  }

  /** Whether the snapshot was made from this very reading: readings do not change. */
  @SuppressWarnings("ReferenceEquality")
  private boolean shown(Reading now) {
    return now == snapshotReading;
  }

  private List<PeerId> peerIds(Reading now) {
    PeerId self = now.selfId().orElse(null);
    List<PeerId> all = source.ids(now);
    List<PeerId> peers = new ArrayList<>(all.size());
    PeerId last = null;
    for (PeerId id : all) {
      if (!id.equals(last) && !id.equals(self)) {
        peers.add(id);
      }
      last = id;
    }
    return Collections.unmodifiableList(peers);
  }

  /** What the reading says of some members, in order without repetition, one node each (M1, M2). */
  private List<PeerNode> merged(Reading now, List<PeerId> ids, List<String> warnings) {
    List<PeerNode> told = source.nodes(now, ids);
    // Most sources tell it in order, and to see that costs less than to compare by order.
    if (!named(told, ids)) {
      told.sort(
          new Comparator<>() {
            @Override
            public int compare(PeerNode a, PeerNode b) {
              return a.id().compareTo(b.id());
            }
          });
    }
    List<PeerNode> nodes = new ArrayList<>(ids.size());
    int next = 0;
    for (PeerId id : ids) {
      while (next < told.size()
          && !told.get(next).id().equals(id)
          && told.get(next).id().compareTo(id) < 0) {
        next++;
      }
      PeerNode node = null;
      int sources = 0;
      for (; next < told.size() && told.get(next).id().equals(id); next++) {
        node = node == null ? told.get(next) : node.merge(told.get(next));
        sources++;
      }
      if (node == null) {
        throw new SourceUnavailableException(
            now.origin(),
            "expected "
                + now.origin()
                + " to tell of "
                + Quote.of(id.value())
                + ", which it lists, found nothing; this is a fault of the backend");
      }
      if (sources > 1) {
        warnings.add(id + " is named by more than one source of " + now.origin() + "; merged");
      }
      nodes.add(node.in(now.networks()));
    }
    return nodes;
  }

  private static boolean named(List<PeerNode> told, List<PeerId> ids) {
    if (told.size() != ids.size()) {
      return false;
    }
    for (int i = 0; i < ids.size(); i++) {
      if (!told.get(i).id().equals(ids.get(i))) {
        return false;
      }
    }
    return true;
  }

  /** What the reading says of some nodes, one each (M2). */
  private Map<PeerId, PeerNode> byId(Reading now, Collection<PeerId> ids) {
    Map<PeerId, PeerNode> byId = new HashMap<>(ids.size() * 2);
    for (PeerNode node : source.nodes(now, ids)) {
      PeerNode first = byId.putIfAbsent(node.id(), node);
      if (first != null) {
        byId.put(node.id(), first.merge(node));
      }
    }
    return byId;
  }

  private static Optional<PeerNode> placed(@Nullable PeerNode node, Reading now) {
    return node == null ? Optional.empty() : Optional.of(node.in(now.networks()));
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
      read();
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
      return unread;
    } finally {
      lock.unlock();
    }
  }

  /** Reads who is there and records it, unless it cannot be read now. */
  void record(Ledger ledger) {
    enter();
    try {
      Reading now = read();
      if (unread) {
        return;
      }
      List<PeerId> present = peerIds(now);
      List<PeerNode> known = List.of();
      if (!source.remembersDeparted()) {
        try {
          known = merged(now, present, new ArrayList<>());
        } catch (PeersException e) {
          if (!wasWhole) {
            throw e;
          }
          unreadable(e);
          log(e);
          return;
        }
        whole();
      }
      ledger.record(present, known);
    } finally {
      lock.unlock();
    }
  }

  /** The notices that wait, with what the last good reading knows. */
  Notices noticesOf(Ledger ledger) {
    enter();
    try {
      Reading now = Objects.requireNonNull(reading, "reading");
      return new Notices(
          this, list(ledger, Notice.Kind.JOINED, now), list(ledger, Notice.Kind.DEPARTED, now));
    } finally {
      lock.unlock();
    }
  }

  private List<Notice> list(Ledger ledger, Notice.Kind kind, Reading now) {
    Map<PeerId, Long> pending = ledger.pending(kind);
    boolean departed = kind == Notice.Kind.DEPARTED;
    Map<PeerId, PeerNode> remembered =
        departed && source.remembersDeparted() && !pending.isEmpty()
            ? byId(now, pending.keySet())
            : Map.of();
    List<Notice> notices = new ArrayList<>(pending.size());
    for (Map.Entry<PeerId, Long> each : pending.entrySet()) {
      PeerId id = each.getKey();
      PeerNode known = remembered.get(id);
      if (departed && known == null) {
        known = ledger.lastKnown(id).orElse(null);
      }
      notices.add(new Notice(kind, id, each.getValue(), placed(known, now)));
    }
    return notices;
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
    current();
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
      Snapshot now = current();
      return new Dispatch.Observation(now, Objects.requireNonNull(health, "health"));
    } finally {
      lock.unlock();
    }
  }

  private void signal() {
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
    // What cannot begin is told to the caller; what breaks later can be told to the log alone.
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
      try {
        current();
      } catch (PeersException e) {
        stale(e);
      }
      return Objects.requireNonNull(health, "health");
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
