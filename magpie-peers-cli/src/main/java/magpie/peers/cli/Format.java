/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import java.util.Locale;

/** The forms of output. */
enum Format {
  TABLE,
  JSON,
  YAML,
  HOSTS;

  /** Returns the form as it is written on the command line. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
