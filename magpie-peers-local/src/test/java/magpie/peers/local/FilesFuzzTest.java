/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.local;

import magpie.peers.fuzz.FuzzContract;
import magpie.peers.fuzz.FuzzTarget;

class FilesFuzzTest extends FuzzContract {
  FilesFuzzTest() {
    super(FuzzTarget.of(SettingsFileFuzz.class));
  }
}
