/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/**
 * Peers on a lab bench without Juju: a backend that reads a static YAML topology, live while the
 * program runs.
 */
@NullMarked
package magpie.peers.local;

import org.jspecify.annotations.NullMarked;
