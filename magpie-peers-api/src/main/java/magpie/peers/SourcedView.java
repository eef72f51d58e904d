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
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import magpie.peers.spi.PeerSource;
import magpie.peers.spi.Quote;
import magpie.peers.spi.Reading;
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
  private final PeerSource source;
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

  private final Set<Notice> shown = new HashSet<>();
  private @Nullable Dispatch dispatch;
  private PeerSource.@Nullable Watch watch;
  private boolean closed;

  SourcedView(String backend, PeerSource source, Environment environment) {
    this.backend = backend;
    this.source = source;
    this.environment = environment;
  }

  /**
   * Takes the lock of an open view; whoever calls this unlocks in the end.
   *
   * <p>What every hook runs through is written without lambdas and streams, which a process links
   * at their first use: together they were a third of what a hook cost (docs/performance.md).
   */
  private void enter() {
    lock.lock();
    if (closed) {
      lock.unlock();
      throw new IllegalStateException("this view of the peers is closed");
    }
  }

  private boolean closed() {
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
  public Optional<PeerId> self() {
    enter();
    try {
      return read().self();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Optional<PeerNode> own() {
    enter();
    try {
      Reading now = read();
      PeerId self = now.self().orElse(null);
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
    enter();
    try {
      return current().nodes(resolved(filter));
    } finally {
      lock.unlock();
    }
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
      if (id.equals(now.self().orElse(null)) || !now.ids().contains(id)) {
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
    enter();
    try {
      PeerNode node = node(id).orElse(null);
      return node == null
          ? Optional.empty()
          : Optional.of(new Explanation(node, filter.toString(), resolved(filter).apply(node)));
    } finally {
      lock.unlock();
    }
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
        0, now.readAt(), now.origin(), now.self(), List.of(), now.networks(), List.of());
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
      List<String> warnings = new ArrayList<>(now.warnings());
      warnings.addAll(merging);
      built =
          new Snapshot(
              before == null ? 1 : before.revision() + 1,
              now.readAt(),
              now.origin(),
              now.self(),
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

  private static List<PeerId> peerIds(Reading now) {
    PeerId self = now.self().orElse(null);
    List<PeerId> all = new ArrayList<>(now.ids());
    Collections.sort(all);
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
  private static List<PeerNode> merged(Reading now, List<PeerId> ids, List<String> warnings) {
    List<PeerNode> told = new ArrayList<>(now.nodes(ids));
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
  private static Map<PeerId, PeerNode> byId(Reading now, Collection<PeerId> ids) {
    Map<PeerId, PeerNode> byId = new HashMap<>(ids.size() * 2);
    for (PeerNode node : now.nodes(ids)) {
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
    enter();
    try {
      source.state().prefetch();
      read();
      Ledger ledger = unread ? load() : change(new Recording());
      Reading now = Objects.requireNonNull(reading, "reading");
      Notices notices =
          new Notices(
              list(ledger, Notice.Kind.JOINED, now), list(ledger, Notice.Kind.DEPARTED, now));
      // Those shown before are among these, or they are gone or replaced.
      shown.clear();
      shown.addAll(notices.joined());
      shown.addAll(notices.departed());
      return notices;
    } finally {
      lock.unlock();
    }
  }

  private Ledger load() {
    return Ledger.parse(source.state().load(), stateOrigin());
  }

  /**
   * Records who is there, as read while nobody else can record: between the reading and the lock of
   * the state another process may have recorded a later one, and all that changed since would be
   * told as if it had changed back (N1).
   */
  private final class Recording extends Change {
    @Override
    void to(Ledger ledger) {
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
    }
  }

  /** One change of what is remembered, from text to text. */
  private abstract class Change implements UnaryOperator<String> {
    private @Nullable Ledger changed;

    abstract void to(Ledger ledger);

    @Override
    public String apply(String before) {
      Ledger ledger = Ledger.parse(before, stateOrigin());
      to(ledger);
      String after = ledger.print();
      // What could not be read again must not be stored.
      changed = Ledger.parse(after, stateOrigin());
      return after;
    }
  }

  private Ledger change(Change change) {
    source.state().update(change);
    return Objects.requireNonNull(change.changed, "a change that was made");
  }

  private String stateOrigin() {
    return source.state().origin();
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
  public List<Notice> dismissJoined() {
    return dismissShown(Notice.Kind.JOINED);
  }

  @Override
  public List<Notice> dismissDeparted() {
    return dismissShown(Notice.Kind.DEPARTED);
  }

  private List<Notice> dismissShown(Notice.Kind kind) {
    enter();
    try {
      List<Notice> ofKind = new ArrayList<>();
      for (Notice notice : shown) {
        if (notice.kind() == kind) {
          ofKind.add(notice);
        }
      }
      return dismiss(ofKind);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public List<Notice> dismiss(Collection<Notice> notices) {
    List<Notice> given = List.copyOf(notices);
    enter();
    try {
      if (given.isEmpty()) {
        return List.of();
      }
      Map<PeerId, Notice> dismissed = new TreeMap<>();
      change(
          new Change() {
            @Override
            void to(Ledger ledger) {
              for (Notice notice : ledger.dismiss(given)) {
                dismissed.put(notice.id(), notice);
              }
            }
          });
      for (Notice notice : given) {
        shown.remove(notice);
      }
      return List.copyOf(dismissed.values());
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Subscription listen(PeerListener listener) {
    Objects.requireNonNull(listener, "listener");
    enter();
    try {
      current();
      Dispatch running = dispatch;
      if (running == null) {
        running = new Dispatch(backend, this::observe);
        try {
          watch = source.watch(running::signal);
        } catch (RuntimeException | Error e) {
          // Not waited for: its thread may be waiting for the lock that is held here.
          running.end();
          throw e;
        }
        dispatch = running;
      }
      return running.add(listener);
    } finally {
      lock.unlock();
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
    Dispatch running = dispatch;
    if (running != null) {
      running.signal();
    }
  }

  @Override
  public Subscription onNotices(Consumer<Notices> consumer) {
    Objects.requireNonNull(consumer, "consumer");
    return listen(
        new PeerListener() {
          private Notices told = new Notices(List.of(), List.of());

          @Override
          public void onEvent(PeerEvent event) {
            Notices now;
            try {
              now = notices();
            } catch (IllegalStateException e) {
              if (closed()) {
                // Closed since the event was made: nothing more is to be told.
                return;
              }
              throw e;
            }
            if (!now.isEmpty() && !now.equals(told)) {
              told = now;
              consumer.accept(now);
            }
          }
        });
  }

  @Override
  public Map<String, String> published() {
    enter();
    try {
      return TextMap.copyOf(source.published());
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
      source.publish(TextMap.copyOf(changes));
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
    Dispatch running;
    PeerSource.Watch watching;
    boolean first;
    lock.lock();
    try {
      first = !closed;
      closed = true;
      running = dispatch;
      watching = watch;
    } finally {
      lock.unlock();
    }
    if (!first) {
      // Whoever closes it second may rely on it as well that nothing more is told.
      if (running != null) {
        running.close();
      }
      return;
    }
    // Outside the lock, because a listener that is being waited for may be calling this view.
    try {
      if (watching != null) {
        watching.close();
      }
    } finally {
      try {
        if (running != null) {
          running.close();
        }
      } finally {
        source.close();
      }
    }
  }
}
