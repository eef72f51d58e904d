/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

/** The forms of output. */
enum Format {
  TABLE,
  JSON,
  YAML,
  HOSTS,
  SVG,
  MERMAID,
  DOT
}
