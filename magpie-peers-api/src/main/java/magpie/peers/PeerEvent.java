/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import java.util.List;
import java.util.Objects;

/**
 * What a listener receives: first the peers as they are, then every change, in order (E1).
 *
 * <pre>{@code
 * peers.listen(event -> {
 *   for (PeerNode peer : event.changes().joined()) {
 *     pool.add(peer.id(), peer.socketAddress(5001));
 *   }
 *   for (PeerNode peer : event.changes().departed()) {
 *     pool.remove(peer.id());
 *   }
 * });
 * }</pre>
 *
 * <p>Sealed, so that all cases are known; {@link #kind()} serves a {@code switch} on Java 17.
 */
public sealed interface PeerEvent {

  /** The kinds of event. */
  enum Kind {
    /** The first event of every listener, {@link PeerEvent.Started}. */
    STARTED,
    /** A change of the peers, {@link PeerEvent.Changed}. */
    CHANGED,
    /** The source broke or healed, {@link PeerEvent.HealthChanged}. */
    HEALTH_CHANGED
  }

  /**
   * Returns the kind of this event.
   *
   * @return the kind
   */
  Kind kind();

  /**
   * Returns the peers after this event.
   *
   * @return the snapshot that the events up to here add up to
   */
  Snapshot snapshot();

  /**
   * Returns what is different after this event. All events of a listener, from the first on, add up
   * to the snapshot (E1), so a program that applies them needs no case for each kind of event.
   *
   * @return who joined, departed and was updated: everyone has joined in the first event; nothing
   *     in an event about health, or about declared networks and warnings only
   */
  Changes changes();

  /**
   * The peers as they are when listening begins.
   *
   * @param snapshot the present
   */
  record Started(Snapshot snapshot) implements PeerEvent {
    /**
     * Checks the components.
     *
     * @param snapshot the present
     */
    public Started {
      Objects.requireNonNull(snapshot, "snapshot");
    }

    @Override
    public Kind kind() {
      return Kind.STARTED;
    }

    @Override
    public Changes changes() {
      return Changes.between(List.of(), snapshot.nodes());
    }
  }

  /**
   * The peers are no longer as the event before told. Several changes in quick succession may
   * arrive as one.
   *
   * @param before the peers as they were
   * @param snapshot the peers as they are
   */
  record Changed(Snapshot before, Snapshot snapshot) implements PeerEvent {
    /**
     * Checks the components.
     *
     * @param before the peers as they were
     * @param snapshot the peers as they are
     */
    public Changed {
      Objects.requireNonNull(before, "before");
      Objects.requireNonNull(snapshot, "snapshot");
    }

    @Override
    public Kind kind() {
      return Kind.CHANGED;
    }

    @Override
    public Changes changes() {
      return Changes.between(before.nodes(), snapshot.nodes());
    }
  }

  /**
   * The source broke, and {@code snapshot} is the last good one; or it healed (E2).
   *
   * @param before the health as it was
   * @param after the health as it is
   * @param snapshot the peers, unchanged by this event
   */
  record HealthChanged(Health before, Health after, Snapshot snapshot) implements PeerEvent {
    /**
     * Checks the components.
     *
     * @param before the health as it was
     * @param after the health as it is
     * @param snapshot the peers, unchanged by this event
     */
    public HealthChanged {
      Objects.requireNonNull(before, "before");
      Objects.requireNonNull(after, "after");
      Objects.requireNonNull(snapshot, "snapshot");
    }

    @Override
    public Kind kind() {
      return Kind.HEALTH_CHANGED;
    }

    @Override
    public Changes changes() {
      return new Changes(List.of(), List.of(), List.of());
    }
  }
}
