/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/**
 * What others test with: the contract a backend has to keep, peers in memory, and a fake Juju.
 *
 * <p>Whoever writes a backend extends {@link magpie.peers.testkit.PeerViewContract} and supplies a
 * {@link magpie.peers.testkit.PeerSetHarness}. Whoever writes a program that uses peers tests it
 * with {@link magpie.peers.testkit.InMemoryPeers}. {@link magpie.peers.testkit.FakeJuju} has the
 * semantics of Juju and real executable hook tools, for tests of charms and of whatever calls hook
 * tools.
 *
 * <p>Unless a page says otherwise: no argument may be null and none is ever returned; every
 * collection that is returned is unmodifiable or a copy.
 */
@NullMarked
package magpie.peers.testkit;

import org.jspecify.annotations.NullMarked;
