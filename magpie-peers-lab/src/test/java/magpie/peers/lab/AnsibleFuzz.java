/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.lab;

import magpie.peers.fuzz.Bounds;

/** Imports any bytes as an Ansible inventory. */
final class AnsibleFuzz {
  /** A few bytes may stand for as many hosts as a topology has room for. */
  private static final Bounds BOUNDS = new Bounds(1 << 30, 16 * 1024);

  private AnsibleFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) {
    ImportedFuzz.check(input, BOUNDS, AnsibleInventory::read);
  }
}
