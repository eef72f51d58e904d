/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/**
 * What others test with: a fake Juju for charms, and the contract a backend has to keep.
 *
 * <p>{@link magpie.peers.testkit.FakeJuju} needs neither JUnit nor the api.
 */
module magpie.peers.testkit {
  requires transitive magpie.peers;
  requires transitive org.junit.jupiter.api;
  requires static transitive org.jspecify;

  exports magpie.peers.testkit;
}
