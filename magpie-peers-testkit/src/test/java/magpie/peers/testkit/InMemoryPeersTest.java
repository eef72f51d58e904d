/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit;

/** The reference keeps the whole contract, with nothing skipped. */
class InMemoryPeersTest extends PeerViewContract {
  @Override
  protected PeerSetHarness harness() {
    return new InMemoryHarness();
  }
}
