/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/** A charm to start from. */
package magpie.peers.example;
