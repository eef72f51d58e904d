/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/**
 * What a backend supplies: truth and transport, nothing else.
 *
 * <p>A backend is a {@link magpie.peers.spi.PeerBackend} found with {@link
 * java.util.ServiceLoader}; it opens a {@link magpie.peers.spi.PeerSource}, which reads the peers
 * there are now, publishes, keeps a little durable state and calls when something may have changed.
 * Everything that users see (filters, address choice, notices, events, explanations, health) is
 * made from that by the api, once, so that two backends cannot disagree. Programs that merely use
 * peers never import this package.
 */
@NullMarked
package magpie.peers.spi;

import org.jspecify.annotations.NullMarked;
