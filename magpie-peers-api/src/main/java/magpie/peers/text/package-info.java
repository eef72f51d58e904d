/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/**
 * How foreign text is shown and matched, once for all modules.
 *
 * <p>Exported to modules of this project alone, and not part of the api.
 */
@NullMarked
package magpie.peers.text;

import org.jspecify.annotations.NullMarked;
