/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Peer sets on a bench. */
@InContainers
class LocalPeerSetIT {
  @ParameterizedTest
  @ValueSource(ints = {3, 10})
  void everyNodeListsAndReachesAllOthersOnEachNetworkInBothFamilies(
      int size, Containers containers) {
    LocalBench bench = LocalBench.of(containers, size);
    for (Node node : bench.nodes()) {
      assertEquals(
          Expected.reports(node, bench.peersOf(node)),
          node.ask(Expected.report(node)),
          node.name());
    }
  }
}
