/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology;

import magpie.peers.fuzz.FuzzContract;
import magpie.peers.fuzz.FuzzTarget;

class TopologyFuzzTest extends FuzzContract {
  TopologyFuzzTest() {
    super(FuzzTarget.of(TopologyFuzz.class, Corpus.directory()));
  }
}
