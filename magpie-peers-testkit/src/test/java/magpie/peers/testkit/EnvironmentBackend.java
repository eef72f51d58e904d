/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit;

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
import magpie.peers.text.Quote;

/** Peers from one environment variable: {@code PEERS=a=192.0.2.1,b=192.0.2.2}. */
public final class EnvironmentBackend implements PeerBackend {
  static final String VARIABLE = "PEERS";

  @Override
  public String name() {
    return "environment";
  }

  @Override
  public Optional<String> whyNot(PeersOptions options) {
    return options.environment().variables().containsKey(VARIABLE)
        ? Optional.empty()
        : Optional.of("the environment variable " + VARIABLE + " is not set");
  }

  @Override
  public PeerSource open(PeersOptions options) {
    String text = options.environment().variables().getOrDefault(VARIABLE, "");
    Optional<PeerId> self = options.observer() ? Optional.empty() : options.self();
    Reading reading =
        Reading.of("variable " + VARIABLE, Instant.now(), self, parse(text), List.of());
    StateStore state = StateStore.file(options.stateDirectory().resolve("environment.state"));
    return new PeerSource() {
      @Override
      public Reading read() {
        return reading;
      }

      @Override
      public StateStore state() {
        return state;
      }
    };
  }

  private static List<PeerNode> parse(String text) {
    List<PeerNode> nodes = new ArrayList<>();
    for (String entry : text.isBlank() ? new String[0] : text.split(",", -1)) {
      int equals = entry.indexOf('=');
      try {
        PeerId id = PeerId.of(entry.substring(0, Math.max(0, equals)));
        nodes.add(PeerNode.builder(id).address(entry.substring(equals + 1), VARIABLE).build());
      } catch (IllegalArgumentException e) {
        throw new ConfigurationException(
            "expected id=address in " + VARIABLE + ", found " + Quote.of(entry) + "; mend it", e);
      }
    }
    return nodes;
  }
}
