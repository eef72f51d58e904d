/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import java.nio.file.Path;
import magpie.peers.testkit.PeerSetHarness;
import magpie.peers.testkit.PeerViewStress;
import org.junit.jupiter.api.io.TempDir;

/** Many threads of one hook use its view, over real hook tools. */
class JujuStressTest extends PeerViewStress {
  @TempDir Path directory;

  @Override
  protected PeerSetHarness harness() {
    return new JujuContractTest.JujuHarness(directory);
  }
}
