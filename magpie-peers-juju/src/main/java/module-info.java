/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

import magpie.peers.juju.JujuBackend;
import magpie.peers.spi.PeerBackend;

/**
 * The Juju backend of magpie-peers.
 *
 * <p>Operators can set {@code magpie.peers.peer-set} (the endpoint of the peer relation) and {@code
 * magpie.peers.tool-timeout} (seconds), as system properties or as the environment variables {@code
 * MAGPIE_PEERS_PEER_SET} and {@code MAGPIE_PEERS_TOOL_TIMEOUT}. A charm sets {@code
 * incremental-reading} itself, since it says what the charm does.
 */
module magpie.peers.juju {
  requires transitive magpie.peers;
  requires com.fasterxml.jackson.core;
  requires static transitive java.logging;
  requires static org.jspecify;

  exports magpie.peers.juju;

  provides PeerBackend with
      JujuBackend;
}
