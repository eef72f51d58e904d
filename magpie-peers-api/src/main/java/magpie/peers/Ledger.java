/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What is remembered between two recordings: who was present, and which notices wait (N1-N5).
 *
 * <p>{@link LedgerText} says how it is written down.
 */
final class Ledger {
  private long sequence;

  /** In natural order, each once: who is there is compared in every hook, and told seldom. */
  private List<PeerId> members = List.of();

  private final Map<PeerId, Long> joined = new TreeMap<>();
  private final Map<PeerId, Long> departed = new TreeMap<>();

  /** What was last known of members and departed peers, if the source does not remember it. */
  private final Map<PeerId, PeerNode> lastKnown = new TreeMap<>();

  /** Nothing was ever recorded. */
  Ledger() {}

  /** As it was written down; the members in their order. */
  Ledger(
      long sequence,
      List<PeerId> members,
      Map<PeerId, Long> joined,
      Map<PeerId, Long> departed,
      Map<PeerId, PeerNode> lastKnown) {
    this.sequence = sequence;
    this.members = members;
    this.joined.putAll(joined);
    this.departed.putAll(departed);
    this.lastKnown.putAll(lastKnown);
  }

  /** The number of the last recording that found a difference; 0 if there was none. */
  long sequence() {
    return sequence;
  }

  /** Who was present at the last recording, in order. */
  List<PeerId> members() {
    return members;
  }

  /**
   * Notes who is present now. Each recording that finds a difference has a number, and the notices
   * it makes carry it.
   *
   * @param present the present peers
   * @param known what is known of the present peers, to be kept; empty if the source remembers
   */
  void record(Collection<PeerId> present, Collection<PeerNode> known) {
    List<PeerId> now = List.copyOf(present);
    if (!now.equals(members)) {
      change(new TreeSet<>(now));
    }
    for (PeerNode node : known) {
      lastKnown.put(node.id(), node);
    }
    forget();
  }

  private void change(NavigableSet<PeerId> now) {
    NavigableSet<PeerId> before = new TreeSet<>(members);
    if (now.equals(before)) {
      return;
    }
    sequence++;
    for (PeerId id : now) {
      if (!before.contains(id)) {
        joined.put(id, sequence);
        departed.remove(id);
      }
    }
    for (PeerId id : before) {
      if (!now.contains(id)) {
        departed.put(id, sequence);
        joined.remove(id);
      }
    }
    members = List.copyOf(now);
  }

  /** Keeps what was last known only of those that are members or have a departed notice. */
  private void forget() {
    Iterator<PeerId> known = lastKnown.keySet().iterator();
    while (known.hasNext()) {
      PeerId id = known.next();
      if (Collections.binarySearch(members, id) < 0 && !departed.containsKey(id)) {
        known.remove();
      }
    }
  }

  /** Removes the notices that are still as they were shown, and returns them. */
  List<Notice> dismiss(Collection<Notice> notices) {
    List<Notice> dismissed = new ArrayList<>();
    for (Notice notice : notices) {
      if (pending(notice.kind()).remove(notice.id(), notice.sequence())) {
        dismissed.add(notice);
      }
    }
    forget();
    return List.copyOf(dismissed);
  }

  /** The notices of one kind: whom they are about, and the number of the recording. */
  Map<PeerId, Long> pending(Notice.Kind kind) {
    return kind == Notice.Kind.JOINED ? joined : departed;
  }

  Optional<PeerNode> lastKnown(PeerId id) {
    return Optional.ofNullable(lastKnown.get(id));
  }

  /** What was last known, of everybody of whom something is kept. */
  Collection<PeerNode> lastKnown() {
    return lastKnown.values();
  }
}
