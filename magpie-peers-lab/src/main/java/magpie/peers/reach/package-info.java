/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/**
 * Whether the declared networks are real: from this node to every peer, on every network, does
 * something answer, and how fast.
 *
 * <p>{@link magpie.peers.reach.ReachListener} answers on the addresses of this node, {@link
 * magpie.peers.reach.Reach} asks the peers, and {@link magpie.peers.reach.ReachMatrix} holds what
 * all nodes published. Everything is TCP of the JDK: no privileges, no agent, no installed tool,
 * and no name is looked up (A1).
 */
@NullMarked
package magpie.peers.reach;

import org.jspecify.annotations.NullMarked;
