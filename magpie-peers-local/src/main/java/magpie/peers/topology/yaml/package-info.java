/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/**
 * From the bytes of a YAML file to problems with line and caret: the text with its places, what is
 * wrong with its syntax, and the list of problems.
 *
 * <p>It knows no format. The reader of topologies uses it, and the importers of the lab do; it is
 * exported to them alone.
 *
 * <p>No argument may be null, and nothing returned is.
 */
@NullMarked
package magpie.peers.topology.yaml;

import org.jspecify.annotations.NullMarked;
