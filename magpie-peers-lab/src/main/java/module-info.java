/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/**
 * Between live peer sets and lab benches: recordings that replay, drift, pictures, and imports of
 * what other lab tools wrote.
 *
 * <p>It sees peers through the api alone and knows no backend. Only what reads YAML (imports, files
 * of settings) loads the YAML parser; recording from a hook does not.
 */
module magpie.peers.lab {
  requires transitive magpie.peers;
  requires transitive magpie.peers.local;
  requires static org.jspecify;
  requires org.snakeyaml.engine;

  exports magpie.peers.lab;
  exports magpie.peers.reach;
}
