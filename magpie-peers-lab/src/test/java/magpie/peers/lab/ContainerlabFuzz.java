/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.lab;

import magpie.peers.fuzz.Bounds;

/** Imports any bytes as a topology of containerlab. */
final class ContainerlabFuzz {
  /** A few labels of all nodes may be as many as a topology has room for. */
  private static final Bounds BOUNDS = new Bounds(1 << 30, 16 * 1024);

  private ContainerlabFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) {
    ImportedFuzz.check(input, BOUNDS, ContainerlabTopology::read);
  }
}
