/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/**
 * Binds {@link magpie.peers.PeerView} into an HK2 service locator: see {@link
 * magpie.peers.hk2.PeersBinder}.
 */
@NullMarked
package magpie.peers.hk2;

import org.jspecify.annotations.NullMarked;
