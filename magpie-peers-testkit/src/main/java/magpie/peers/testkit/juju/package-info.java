/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/**
 * A fake Juju for tests of charms: units whose hooks run real processes, with hook tools that
 * answer as those of Juju do.
 *
 * <p>It needs neither JUnit nor the api. No argument may be null, and nothing returned is.
 */
@NullMarked
package magpie.peers.testkit.juju;

import org.jspecify.annotations.NullMarked;
