/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/**
 * What others test with: the contract that a backend has to keep, peers in memory for programs, and
 * a fake Juju for charms.
 *
 * <p>{@link magpie.peers.testkit.juju.FakeJuju} needs neither JUnit nor the api.
 */
module magpie.peers.testkit {
  requires transitive magpie.peers;
  requires transitive org.junit.jupiter.api;
  requires static transitive org.jspecify;

  exports magpie.peers.testkit;
  exports magpie.peers.testkit.juju;

  // JUnit calls the package-private tests of the contract.
  opens magpie.peers.testkit to
      org.junit.platform.commons;
}
