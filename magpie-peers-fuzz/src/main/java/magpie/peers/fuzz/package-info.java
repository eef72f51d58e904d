/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/** Fuzzing of parsers: targets, what may come out of them, and two ways to run them. */
@NullMarked
package magpie.peers.fuzz;

import org.jspecify.annotations.NullMarked;
