/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.etcd;

import java.util.Objects;
import java.util.Optional;
import magpie.peers.ConfigurationException;
import magpie.peers.PeersOptions;
import magpie.peers.spi.PeerBackend;
import magpie.peers.spi.PeerSource;

/** The backend {@code etcd}; public because {@link java.util.ServiceLoader} makes it. */
public final class EtcdBackend implements PeerBackend {

  /** Does nothing, as providers do. */
  public EtcdBackend() {}

  @Override
  public String name() {
    return "etcd";
  }

  @Override
  public Optional<String> whyNot(PeersOptions options) {
    return options.option("etcd").isPresent()
        ? Optional.empty()
        : Optional.of(
            "no etcd endpoints are given; name them with "
                + options.howToSet("etcd", "HOST:PORT,..."));
  }

  @Override
  public PeerSource open(PeersOptions options) {
    Objects.requireNonNull(options, "options");
    String prefix = Access.prefix(options);
    if (options.self().isEmpty() && !options.observer()) {
      throw new ConfigurationException(
          "expected the id of this node in "
              + prefix
              + ", found none; set "
              + options.howToSet("self", "ID")
              + ", or look from outside with "
              + options.howToSet("observer", "true"));
    }
    Etcd etcd = new Etcd(Access.of(options));
    boolean opened = false;
    try {
      EtcdSource source = new EtcdSource(etcd, prefix, options);
      // So that a cluster that cannot be reached, or lets this client not in, is told now.
      source.read();
      opened = true;
      return source;
    } finally {
      if (!opened) {
        etcd.close();
      }
    }
  }
}
