/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/**
 * Binds peer views into an HK2 service locator.
 *
 * <p>A module of its own, because a locator costs a fresh JVM about 100 ms, which a hook should not
 * pay, and because HK2 consists of automatic modules, which no runtime image can hold.
 */
// HK2 has no module descriptors, and its binder is what ours extends; the 2 is part of its name.
@SuppressWarnings({"module", "requires-automatic", "requires-transitive-automatic"})
module magpie.peers.hk2 {
  requires transitive magpie.peers;
  requires transitive org.glassfish.hk2.api;

  exports magpie.peers.hk2;
}
