/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import magpie.peers.Environment;
import magpie.peers.Network;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.PeersOptions;
import magpie.peers.spi.PeerSource;
import magpie.peers.spi.Reading;
import magpie.peers.spi.StateStore;
import magpie.peers.topology.Problem;
import magpie.peers.topology.TopologyReader;

/** Views to record, compare and draw: of topology files, and of peers made in a test. */
final class Views {
  private Views() {}

  static PeersOptions.Builder options(Path topology) {
    return PeersOptions.builder()
        .environment(new Environment(Map.of(), Map.of(), topology.getParent(), Clock.systemUTC()))
        .backend("local")
        .stateDirectory(topology.resolveSibling("state"))
        .topology(topology);
  }

  static PeerView as(Path topology, String self) {
    return Peers.open(options(topology).self(self).build());
  }

  static PeerView observer(Path topology) {
    return Peers.open(options(topology).observer().build());
  }

  static Path file(Path directory, String name, String text) {
    try {
      return Files.writeString(directory.resolve(name), text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What the backend that replays finds wrong with a text. */
  static List<Problem> check(Path directory, String text) {
    Path file = file(directory, "checked.magpie.yaml", text);
    return TopologyReader.read(file, "checked.magpie.yaml").problems();
  }

  /** A view of peers that no backend supplied; {@code self} is among the nodes or unknown. */
  static PeerView of(Optional<PeerId> self, Collection<PeerNode> nodes, List<Network> networks) {
    return Peers.open("made", new Made(self, List.copyOf(nodes), networks), Environment.system());
  }

  static PeerNode.Builder node(String id) {
    return PeerNode.builder(PeerId.of(id));
  }

  private record Made(Optional<PeerId> self, List<PeerNode> nodes, List<Network> networks)
      implements PeerSource {
    @Override
    public Reading read() {
      return Reading.of("made", Instant.EPOCH, self, nodes, networks);
    }

    @Override
    public StateStore state() {
      return new StateStore() {
        private String text = "";

        @Override
        public String origin() {
          return "memory";
        }

        @Override
        public String load() {
          return text;
        }

        @Override
        public String update(UnaryOperator<String> change) {
          text = change.apply(text);
          return text;
        }
      };
    }

    @Override
    public Map<String, String> published() {
      return Map.of();
    }

    @Override
    public void publish(Map<String, String> changes) {
      throw new UnsupportedOperationException("nothing is published in a test");
    }
  }

  /** A bench whose nodes have all that a node can have, in every mixture. */
  static String bench(int nodes) {
    List<String> lines =
        new ArrayList<>(
            List.of(
                "version: 1",
                "name: bench",
                "application: magpie",
                "networks:",
                "  oam: { cidrs: [10.0.0.0/16, \"2001:db8:0:a::/64\"] }",
                "  storage: { cidrs: [10.1.0.0/16] }",
                "defaults:",
                "  network: storage",
                "  labels: { rack: b }",
                "nodes:"));
    for (int i = 0; i < nodes; i++) {
      String place = (i / 250) + "." + (i % 250 + 1);
      List<String> addresses = new ArrayList<>();
      if (i % 5 != 4) {
        addresses.add("10.0." + place + "/16");
      }
      if (i % 3 == 0) {
        addresses.add("\"2001:db8:0:a::" + Integer.toHexString(i + 1) + "/64\"");
      }
      if (i % 2 == 0) {
        addresses.add("10.1." + place);
      }
      boolean named = i % 4 == 1 || addresses.isEmpty();
      lines.add(
          "  magpie/"
              + i
              + ": { addresses: ["
              + String.join(", ", addresses)
              + "]"
              + (named ? ", hostname: blade-" + i + ".lab.example" : "")
              + (i % 7 == 3 ? ", labels: { role: \"r" + i + "\" }" : "")
              + (i % 6 == 2
                  ? ", settings: { iperf-port: " + (5000 + i) + ", odd: \" a: b \" }"
                  : "")
              + (i % 11 == 5 ? ", state: suspect" : "")
              + " }");
    }
    return String.join("\n", lines) + "\n";
  }
}
