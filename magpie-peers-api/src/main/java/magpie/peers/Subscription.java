/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

/** A listener's tie to a view. */
public interface Subscription extends AutoCloseable {

  /**
   * Ends it: when this returns, the listener is not being called and never will be (E1).
   *
   * <p>Idempotent. Waits for a call that is under way, at most 10 seconds; called from within the
   * listener it returns at once, and that call is the last.
   */
  @Override
  void close();
}
