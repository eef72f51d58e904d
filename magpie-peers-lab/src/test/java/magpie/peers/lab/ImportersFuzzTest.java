/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.lab;

import java.nio.file.Path;
import magpie.peers.fuzz.FuzzContract;
import magpie.peers.fuzz.FuzzTarget;

class ImportersFuzzTest extends FuzzContract {
  private static final Path LABS = Path.of("src/test/resources").toAbsolutePath();

  ImportersFuzzTest() {
    super(
        FuzzTarget.of(AnsibleFuzz.class, LABS.resolve("labs/ansible"), LABS.resolve("inventories")),
        FuzzTarget.of(
            ContainerlabFuzz.class, LABS.resolve("labs/containerlab"), LABS.resolve("inventories")),
        FuzzTarget.of(
            RecordingFuzz.class,
            LABS.resolve("../../../../magpie-peers-local/src/test/resources/topologies/good")));
  }
}
