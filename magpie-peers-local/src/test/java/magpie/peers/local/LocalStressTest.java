/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.local;

import java.nio.file.Path;
import magpie.peers.testkit.PeerSetHarness;
import magpie.peers.testkit.PeerViewStress;
import org.junit.jupiter.api.io.TempDir;

/** Many threads use a topology that is edited, broken and mended meanwhile. */
class LocalStressTest extends PeerViewStress {
  @TempDir Path directory;

  @Override
  protected PeerSetHarness harness() {
    return new LocalContractTest.BenchHarness(directory);
  }
}
