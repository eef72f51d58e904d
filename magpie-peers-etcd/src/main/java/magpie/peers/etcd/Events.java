/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.etcd;

import io.etcd.jetcd.watch.WatchEvent;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * What a watch has told and no reading has taken in yet: every change behind one revision up to
 * another one, or nothing.
 *
 * <p>A watch that the client has begun anew may tell late, or twice, what came before; so from then
 * on only what comes behind its new beginning counts as complete.
 */
final class Events {
  /** More than this is dropped, since a reading gets it from the keys as well. */
  private static final int MOST_BYTES = 4 * 1024 * 1024;

  private static final long NONE = -1;

  // Guarded by this.
  private final Deque<WatchEvent> waiting = new ArrayDeque<>();
  private long cluster;
  private long from = NONE;
  private long to = NONE;
  private int bytes;

  /** A watch has begun that tells of each change behind a revision of a cluster. */
  synchronized void begin(long id, long revision) {
    drop();
    cluster = id;
    from = revision;
    to = revision;
  }

  /** The watch is broken: what it may have missed is not known. */
  synchronized void end() {
    drop();
    from = NONE;
    to = NONE;
  }

  /** Takes what the watch tells: all changes of some revisions in their order. */
  synchronized void add(List<WatchEvent> told) {
    if (from == NONE) {
      return;
    }
    for (WatchEvent each : told) {
      waiting.add(each);
      bytes += each.getKeyValue().getValue().size();
      to = Math.max(to, each.getKeyValue().getModRevision());
    }
    if (bytes > MOST_BYTES) {
      drop();
      from = to;
    }
  }

  private void drop() {
    waiting.clear();
    bytes = 0;
  }

  /** Whether no change behind a revision of a cluster is missing. */
  synchronized boolean completeFrom(long id, long revision) {
    return cluster == id && from != NONE && from <= revision;
  }

  /**
   * Takes out every change behind a revision, if nothing is missing up to another one.
   *
   * @param until a revision that the store has reached
   * @return the changes in their order; none if some are missing. Of the last one on it is the
   *     state of its revision.
   */
  synchronized List<WatchEvent> take(long behind, long until) {
    if (from == NONE || from > behind || to < until) {
      return List.of();
    }
    List<WatchEvent> taken = new ArrayList<>(waiting.size());
    for (WatchEvent each : waiting) {
      if (each.getKeyValue().getModRevision() > behind) {
        taken.add(each);
      }
    }
    drop();
    from = to;
    return taken;
  }
}
