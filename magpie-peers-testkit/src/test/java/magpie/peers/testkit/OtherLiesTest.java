/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit;

import java.util.List;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The contract finds lies about addresses, settings, events and failures, too. In a class of its
 * own, since each lie takes half a second of waiting, and classes share a build's JVMs.
 */
@Isolated("the subject of the inner run is a static field")
class OtherLiesTest {
  static List<LyingView> lies() {
    return PeerViewContractTest.lies("MN", false);
  }

  @ParameterizedTest
  @MethodSource("lies")
  void everyOneIsFoundAndBlamedOnItsRule(LyingView lie) {
    PeerViewContractTest.assertFound(lie);
  }
}
