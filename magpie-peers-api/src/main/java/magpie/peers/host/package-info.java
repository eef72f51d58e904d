/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/**
 * What this library needs of the machine it runs on, once for all modules: files that are read and
 * replaced safely, the user, the interfaces, the encoding of the locale.
 *
 * <p>Exported to modules of this project alone, and not part of the api.
 */
@NullMarked
package magpie.peers.host;

import org.jspecify.annotations.NullMarked;
