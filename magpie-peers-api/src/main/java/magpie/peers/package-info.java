/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/**
 * Who my peers are, at which address I reach each of them, what each has published, and who has
 * joined or departed since I last dealt with it.
 *
 * <p>Start at {@link magpie.peers.Peers}, which opens a {@link magpie.peers.PeerView}. Rule ids
 * such as M1 or N3 in these pages refer to the numbered contract of the project ({@code
 * docs/contract.md}).
 *
 * <p>Nodes that are peers of each other are a <em>peer set</em>, such as the nodes of one topology.
 * A program that belongs to several opens a view for each, and operators set {@linkplain
 * magpie.peers.PeersOptions options} for all of them or for one, such as {@code
 * MAGPIE_PEERS_STORAGE_TOPOLOGY} for the peer set {@code storage}.
 *
 * <p>Unless a page says otherwise: no argument may be null and none is ever returned; a null
 * argument throws {@link NullPointerException} naming the parameter; every collection that is
 * returned is unmodifiable; every type is immutable and safe for use by many threads.
 */
@NullMarked
package magpie.peers;

import org.jspecify.annotations.NullMarked;
