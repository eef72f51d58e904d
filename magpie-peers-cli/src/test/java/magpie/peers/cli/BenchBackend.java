/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import java.util.Optional;
import magpie.peers.PeersOptions;
import magpie.peers.spi.PeerBackend;
import magpie.peers.spi.PeerSource;

/** The backend {@code bench}: opens whatever {@link Bench} a test has set up. */
public final class BenchBackend implements PeerBackend {
  static Bench bench = new Bench();

  @Override
  public String name() {
    return "bench";
  }

  @Override
  public Optional<String> whyNot(PeersOptions options) {
    return options.backend().isPresent()
        ? Optional.empty()
        : Optional.of("it is for tests; name it with --backend bench");
  }

  @Override
  public PeerSource open(PeersOptions options) {
    bench.opened(options);
    return bench;
  }
}
