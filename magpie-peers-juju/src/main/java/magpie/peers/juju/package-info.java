/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/**
 * The Juju backend: peers as the hook tools of a unit tell them.
 *
 * <p>Programs use {@link magpie.peers.Peers} and, for what only Juju offers, {@link
 * magpie.peers.juju.JujuUnit}, {@link magpie.peers.juju.MagpieInterface} and {@link
 * magpie.peers.juju.JujuLogHandler}. Nothing here speaks to the agent's socket: only hook tools are
 * called, by their documented interface. References such as J2 are to the list in {@code
 * docs/juju.md}, and those such as juju/juju#23326 to public issues.
 */
@NullMarked
package magpie.peers.juju;

import org.jspecify.annotations.NullMarked;
