/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

/**
 * Receives the peers and every change.
 *
 * <p>The listeners of a view are called on one thread of the view, one event at a time, so a
 * listener must not block for long: it delays the others. It may call the view, and may close the
 * view or its own subscription. What it throws is logged and harms no other listener (E1).
 */
@FunctionalInterface
public interface PeerListener {

  /**
   * Receives an event.
   *
   * @param event the event, not null
   */
  void onEvent(PeerEvent event);
}
