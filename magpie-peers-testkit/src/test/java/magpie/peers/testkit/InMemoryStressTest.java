/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit;

/** The reference, by many threads: a source without files breaks and heals most often. */
class InMemoryStressTest extends PeerViewStress {
  @Override
  protected PeerSetHarness harness() {
    return new InMemoryHarness();
  }
}
