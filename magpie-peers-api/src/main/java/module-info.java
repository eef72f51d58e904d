/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/**
 * Who my peers are, and at which address I reach each of them.
 *
 * <p>Operators choose the backend with the system property {@code magpie.peers.backend} or the
 * environment variable {@code MAGPIE_PEERS_BACKEND}; every other option of {@link
 * magpie.peers.PeersOptions} has a property and a variable of the same form.
 *
 * @see magpie.peers.Peers
 */
@SuppressWarnings("module") // the modules that tools of ours are exported to are built later
module magpie.peers {
  requires transitive jakarta.inject;
  requires static transitive org.jspecify;

  exports magpie.peers;
  exports magpie.peers.spi;
  exports magpie.peers.host to
      magpie.peers.cli,
      magpie.peers.etcd,
      magpie.peers.juju,
      magpie.peers.lab,
      magpie.peers.local;
  exports magpie.peers.text to
      magpie.peers.cli,
      magpie.peers.etcd,
      magpie.peers.hk2,
      magpie.peers.juju,
      magpie.peers.lab,
      magpie.peers.local;

  uses magpie.peers.spi.PeerBackend;
}
