/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import magpie.peers.fuzz.FuzzContract;
import magpie.peers.fuzz.FuzzTarget;

class AnswersFuzzTest extends FuzzContract {
  AnswersFuzzTest() {
    super(
        FuzzTarget.of(BagsFuzz.class),
        FuzzTarget.of(HookToolFuzz.class),
        FuzzTarget.of(JujuStateFuzz.class),
        FuzzTarget.of(MetadataFuzz.class));
  }
}
