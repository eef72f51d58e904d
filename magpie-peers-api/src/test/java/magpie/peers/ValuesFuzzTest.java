/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import magpie.peers.fuzz.FuzzContract;
import magpie.peers.fuzz.FuzzTarget;

class ValuesFuzzTest extends FuzzContract {
  ValuesFuzzTest() {
    super(
        FuzzTarget.of(PeerAddressFuzz.class),
        FuzzTarget.of(CidrFuzz.class),
        FuzzTarget.of(IpAddressFuzz.class),
        FuzzTarget.of(LedgerFuzz.class),
        FuzzTarget.of(PeerIdFuzz.class));
  }
}
