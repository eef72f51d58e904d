/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/**
 * The topology file: its content, its reader, its writer, and what is wrong with one.
 *
 * <p>{@link magpie.peers.topology.TopologyReader} reads a file and finds every problem in one pass.
 * {@link magpie.peers.topology.Recording} writes the peers that a view shows now as such a file.
 * The format is described in {@code docs/topology.md}.
 *
 * <p>No argument may be null, and nothing returned is.
 */
@NullMarked
package magpie.peers.topology;

import org.jspecify.annotations.NullMarked;
