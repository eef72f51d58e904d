/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit;

import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import org.junit.jupiter.api.Test;

/** The reference keeps the whole contract, with nothing skipped. */
class InMemoryPeersTest extends PeerViewContract {
  @Override
  protected PeerSetHarness harness() {
    return new InMemoryHarness();
  }

  /**
   * A recording reads the peers while it has the state, and a reading never waits for the state.
   */
  @Test
  void recordingsAndListingsOfOneViewDoNotWaitForEachOther() throws Exception {
    InMemoryPeers peers = InMemoryPeers.ofNode("a");
    PeerView view = peers.open();
    FutureTask<Void> recording =
        new FutureTask<>(
            () -> {
              for (int i = 0; i < 2000; i++) {
                view.notices();
              }
              return null;
            });
    Thread thread = new Thread(recording);
    thread.setDaemon(true);
    thread.start();
    FutureTask<Void> listing =
        new FutureTask<>(
            () -> {
              while (!recording.isDone()) {
                peers.put(PeerNode.builder(PeerId.of("b")).build());
                view.snapshot();
              }
              return null;
            });
    Thread other = new Thread(listing);
    other.setDaemon(true);
    other.start();
    recording.get(20, TimeUnit.SECONDS);
    listing.get(20, TimeUnit.SECONDS);
    // Not where they hang: the end would wait for them.
    view.close();
  }
}
