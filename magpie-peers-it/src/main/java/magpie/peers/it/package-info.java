/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/** The program that runs in the nodes of whole peer sets, with either backend. */
@NullMarked
package magpie.peers.it;

import org.jspecify.annotations.NullMarked;
