/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.hk2;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import magpie.peers.ConfigurationException;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.PeersOptions;
import magpie.peers.spi.PeerBackend;
import magpie.peers.spi.PeerSource;
import magpie.peers.spi.Reading;
import magpie.peers.spi.StateStore;

/**
 * A backend whose only peer is called like its option {@code bench-peer}, else like the peer set,
 * and which tells what was opened and closed.
 */
public final class BenchBackend implements PeerBackend {
  static final List<String> LOG = new ArrayList<>();

  @Override
  public String name() {
    return "bench";
  }

  @Override
  public Optional<String> whyNot(PeersOptions options) {
    return Optional.empty();
  }

  @Override
  public PeerSource open(PeersOptions options) {
    String peerSet = options.peerSet().orElse("default");
    LOG.add("open " + peerSet);
    if (peerSet.equals("broken")) {
      throw new ConfigurationException("expected a bench that works, found \"broken\"");
    }
    Reading reading =
        Reading.of(
            "bench " + peerSet,
            Instant.EPOCH,
            Optional.empty(),
            List.of(
                PeerNode.builder(PeerId.of(options.option("bench-peer").orElse(peerSet))).build()),
            List.of());
    return new PeerSource() {
      @Override
      public Reading read() {
        return reading;
      }

      @Override
      public StateStore state() {
        throw new ConfigurationException("expected no need for state, found one");
      }

      @Override
      public void close() {
        LOG.add("close " + peerSet);
      }
    };
  }
}
