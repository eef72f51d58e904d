/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import com.fasterxml.jackson.core.JsonFactory;
import java.util.Objects;
import java.util.Optional;
import magpie.peers.PeersOptions;
import magpie.peers.spi.PeerBackend;
import magpie.peers.spi.PeerSource;

/**
 * The peers of a Juju unit, as its hook tools tell them; applies wherever {@code JUJU_CONTEXT_ID}
 * is set, which is in every hook, action and {@code juju-exec}.
 *
 * <p>Works in any hook, not only relation hooks. Options: {@code peer-set} names the endpoint of
 * the peer relation (by default that of a peer relation hook, else the only one in {@code
 * metadata.yaml}); {@code tool-timeout} is the deadline of every hook tool in seconds, 60 by
 * default; {@code incremental-reading} is {@code true} for a charm that opens its view in every
 * hook, whose relation hooks then read the settings of the unit that they are about and take all
 * others from a file in the charm directory (docs/juju.md). The view's {@linkplain
 * magpie.peers.PeerView#extension extension} is {@link JujuUnit}.
 *
 * <p>Made by {@link java.util.ServiceLoader}. A charm that runs under Juju and nowhere else may
 * make it itself, and saves the search: {@code Peers.open(new JujuBackend(), options)}.
 */
public final class JujuBackend implements PeerBackend {

  /** Creates the backend, which does nothing. */
  public JujuBackend() {}

  @Override
  public String name() {
    return "juju";
  }

  @Override
  public Optional<String> whyNot(PeersOptions options) {
    return options.environment().variable("JUJU_CONTEXT_ID").isPresent()
        ? Optional.empty()
        : Optional.of("JUJU_CONTEXT_ID is not set, so this is no Juju hook");
  }

  @Override
  public PeerSource open(PeersOptions options) {
    // Linked here, so that a class path without jackson-core is told before a tool is started.
    Objects.requireNonNull(JsonFactory.class);
    return new JujuSource(CharmProcess.of(options));
  }
}
