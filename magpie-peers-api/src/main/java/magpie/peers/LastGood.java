/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import magpie.peers.spi.Reading;
import org.jspecify.annotations.Nullable;

/**
 * The last good answer of a source: its reading, the snapshot made of it, and how fresh they are.
 *
 * <p>A source can break in two places. It may no longer say who is there, or it may say that and
 * not what one of the peers is like. Each of the two heals by itself, and the answer is fresh when
 * neither is broken (E2).
 *
 * <p>Guarded by the lock of the view.
 */
final class LastGood {
  /** Made when there is something to log: the first logger of a process costs a hook 20 ms. */
  private static final class Log {
    private static final System.Logger LOG = System.getLogger(LastGood.class.getName());

    private Log() {}
  }

  private final SourcedView view;
  private final CheckedSource source;
  private final Environment environment;

  private @Nullable Reading reading;

  private @Nullable Snapshot snapshot;
  private @Nullable Reading snapshotReading;

  private boolean membersBroken;
  private boolean peersBroken;
  private @Nullable Health health;

  /** Every peer could be read once: from then on there is something good to fall back to. */
  private boolean wasWhole;

  /** The log says that the source broke, and is to say that it healed. */
  private boolean logged;

  LastGood(SourcedView view, CheckedSource source, Environment environment) {
    this.view = view;
    this.source = source;
    this.environment = environment;
  }

  // ---- what it answers ----

  /** Reads the source; while it is broken, the last good reading stays. */
  Reading read() {
    return read(false);
  }

  private Reading read(boolean forListeners) {
    try {
      Reading now = source.read(forListeners);
      reading = now;
      membersBroken = false;
      freshUnlessBroken();
      return now;
    } catch (PeersException e) {
      if (reading == null) {
        throw e;
      }
      membersBroken = true;
      stale(e);
      log(e);
      return reading;
    }
  }

  /** Whether the last reading failed, and an older one is what there is. */
  boolean isUnread() {
    return membersBroken;
  }

  /** The ids of the peers. */
  List<PeerId> ids() {
    return ids(read());
  }

  private List<PeerId> ids(Reading now) {
    return Members.peers(source.ids(now), now.selfId().orElse(null));
  }

  /** This node as its peers see it. */
  Optional<PeerNode> self() {
    Reading now = read();
    PeerId self = now.selfId().orElse(null);
    return self == null ? Optional.empty() : placed(byId(now, List.of(self)).get(self), now);
  }

  /** The present snapshot: a new one only if something in it is different. */
  Snapshot snapshot() {
    return snapshot(false);
  }

  /** As {@link #snapshot}, of what the watch of the source has told at least. */
  Snapshot snapshotForListeners() {
    return snapshot(true);
  }

  private Snapshot snapshot(boolean forListeners) {
    Reading now = read(forListeners);
    Snapshot before = snapshot;
    if (before != null && isOfSnapshot(now)) {
      peersRead();
      return before;
    }
    Snapshot built;
    try {
      built = build(now, before == null ? 1 : before.revision() + 1);
    } catch (PeersException e) {
      peersBroke(e);
      if (before == null) {
        throw e;
      }
      log(e);
      return before;
    }
    peersRead();
    snapshotReading = now;
    if (before != null && before.sameAs(built)) {
      return before;
    }
    snapshot = built;
    if (before != null) {
      view.signal();
    }
    return built;
  }

  private Snapshot build(Reading now, long revision) {
    List<String> merging = new ArrayList<>();
    List<PeerNode> nodes = merged(now, ids(now), merging);
    // Asked behind the nodes: a source that reads each by itself learns what is odd meanwhile.
    List<String> warnings = source.warnings(now);
    warnings.addAll(merging);
    return new Snapshot(
        revision, now.readAt(), now.origin(), now.selfId(), nodes, now.networks(), warnings);
  }

  /** Whether the snapshot was made from this very reading: readings do not change. */
  @SuppressWarnings("ReferenceEquality")
  private boolean isOfSnapshot(Reading now) {
    return now == snapshotReading;
  }

  /** One peer, without reading the others. */
  Optional<PeerNode> node(PeerId id) {
    Reading now = read();
    Snapshot last = snapshot;
    if (last != null && isOfSnapshot(now)) {
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
      peersBroke(e);
      log(e);
      return last.node(id);
    }
  }

  /** What a network name means, without reading any peer. */
  Network network(String name) {
    Reading now = read();
    Snapshot declared =
        new Snapshot(
            0, now.readAt(), now.origin(), now.selfId(), List.of(), now.networks(), List.of());
    return declared.network(name, source::network);
  }

  Health health() {
    try {
      snapshot();
    } catch (PeersException e) {
      stale(e);
    }
    return known();
  }

  /** The health as the last reading left it. */
  Health known() {
    return Objects.requireNonNull(health, "health");
  }

  // ---- what is recorded of it ----

  /** Reads who is there and records it, unless it cannot be read now. */
  void record(Ledger ledger) {
    Reading now = read();
    if (membersBroken) {
      return;
    }
    List<PeerId> present = ids(now);
    List<PeerNode> known = List.of();
    if (!source.remembersDeparted()) {
      try {
        known = merged(now, present, new ArrayList<>());
      } catch (PeersException e) {
        if (!wasWhole) {
          throw e;
        }
        peersBroke(e);
        log(e);
        return;
      }
      peersRead();
    }
    ledger.record(present, known);
  }

  /** The notices of one kind that wait, with what the last good reading knows. */
  List<Notice> notices(Ledger ledger, Notice.Kind kind) {
    Reading now = Objects.requireNonNull(reading, "reading");
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

  private List<PeerNode> merged(Reading now, List<PeerId> ids, List<String> warnings) {
    return Members.merged(ids, source.nodes(now, ids), now, warnings);
  }

  private Map<PeerId, PeerNode> byId(Reading now, Collection<PeerId> ids) {
    return Members.byId(source.nodes(now, ids));
  }

  private static Optional<PeerNode> placed(@Nullable PeerNode node, Reading now) {
    return node == null ? Optional.empty() : Optional.of(node.in(now.networks()));
  }

  // ---- how fresh it is ----

  /** Every peer of the reading is at hand. */
  private void peersRead() {
    wasWhole = true;
    peersBroken = false;
    freshUnlessBroken();
  }

  private void peersBroke(PeersException e) {
    peersBroken = true;
    stale(e);
  }

  private void freshUnlessBroken() {
    Health before = health;
    if (membersBroken || peersBroken || (before != null && !before.stale())) {
      return;
    }
    health = new Health(Health.Status.FRESH, environment.clock().instant(), "");
    if (before != null) {
      if (logged) {
        logged = false;
        Log.LOG.log(System.Logger.Level.INFO, "the source of peers can be read again");
      }
      view.signal();
    }
  }

  private void stale(PeersException e) {
    String reason = String.valueOf(e.getMessage());
    Health before = health;
    if (before == null || !before.stale()) {
      health = new Health(Health.Status.STALE, environment.clock().instant(), reason);
      view.signal();
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
}
