/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/**
 * What others test with: the contract a backend has to keep, peers in memory, and a fake Juju.
 *
 * <p>Authors of a backend extend {@link magpie.peers.testkit.PeerViewContract} and supply a {@link
 * magpie.peers.testkit.PeerSetHarness}. Authors of a program that uses peers test it with {@link
 * magpie.peers.testkit.InMemoryPeers}. {@link magpie.peers.testkit.juju.FakeJuju} has the semantics
 * of Juju and real executable hook tools, for tests of charms and of other programs that call hook
 * tools.
 *
 * <p>Unless a page says otherwise: no argument may be null and none is ever returned; every
 * collection that is returned is unmodifiable or a copy.
 */
@NullMarked
package magpie.peers.testkit;

import org.jspecify.annotations.NullMarked;
