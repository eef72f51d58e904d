/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it.benchmarks;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.UnaryOperator;
import magpie.peers.Cidr;
import magpie.peers.Environment;
import magpie.peers.Network;
import magpie.peers.PeerAddress;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.PeersOptions;
import magpie.peers.spi.PeerSource;
import magpie.peers.spi.Reading;
import magpie.peers.spi.StateStore;

/** Peers by the thousand, always the same: three addresses each, a host name, labels, a setting. */
final class Crowd {
  static final List<Network> NETWORKS =
      List.of(
          new Network("oam", List.of(Cidr.parse("10.0.0.0/10"), Cidr.parse("2001:db8:0:a::/64"))),
          new Network("storage", List.of(Cidr.parse("10.64.0.0/10"))));

  private Crowd() {}

  static PeerId id(int number) {
    return PeerId.of("magpie/" + number);
  }

  /** The addresses of a node in oam, storage and, with IPv6, oam again. */
  static List<String> addresses(int node) {
    int number = node + 1;
    String rest = (number >> 16) % 64 + "." + (number >> 8 & 255) + "." + (number & 255);
    return List.of(
        "10." + rest + "/10",
        "10." + (64 + (number >> 16) % 64) + rest.substring(rest.indexOf('.')) + "/10",
        "2001:db8:0:a::"
            + Integer.toHexString(number >> 16)
            + ":"
            + Integer.toHexString(number & 0xffff)
            + "/64");
  }

  static String hostname(int number) {
    return String.format(Locale.ROOT, "blade-%06d", number);
  }

  static PeerNode node(int number, String port) {
    List<PeerAddress> candidates = new ArrayList<>();
    for (String address : addresses(number)) {
      candidates.add(PeerAddress.of(address, "topology"));
    }
    candidates.add(PeerAddress.of(hostname(number), "hostname"));
    return PeerNode.builder(id(number))
        .addresses(candidates)
        .label("rack", "r" + number / 40)
        .label("unit", Integer.toString(number % 40))
        .setting("iperf-port", port)
        .build();
  }

  static List<PeerNode> nodes(int count) {
    List<PeerNode> nodes = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      nodes.add(node(i, Integer.toString(5001 + i % 8)));
    }
    return nodes;
  }

  /** Writes a topology of the same nodes: 100,000 are 18 MB. */
  static Path topology(Path file, int count) throws IOException {
    try (BufferedWriter out = Files.newBufferedWriter(file)) {
      out.write(
          """
          version: 1
          name: bench-b
          application: magpie
          networks:
            oam:     { cidrs: [10.0.0.0/10, "2001:db8:0:a::/64"] }
            storage: { cidrs: [10.64.0.0/10] }
          defaults:
            network: oam
            labels:   { site: lab }
          self: [env, hostname, address]
          nodes:
          """);
      for (int i = 0; i < count; i++) {
        List<String> at = addresses(i);
        out.write(
            "  %s: { hostname: %s, addresses: [%s, %s, \"%s\"], labels: { rack: r%d, unit: \"%d\" }, settings: { iperf-port: %d } }\n"
                .formatted(
                    id(i),
                    hostname(i),
                    at.get(0),
                    at.get(1),
                    at.get(2),
                    i / 40,
                    i % 40,
                    5001 + i % 8));
      }
    }
    return file;
  }

  static PeersOptions observing(Path topology) {
    return PeersOptions.builder().backend("local").topology(topology).observer().build();
  }

  static Reading reading(List<PeerNode> nodes, List<Network> networks) {
    return Reading.of("a crowd", Instant.EPOCH, Optional.of(PeerId.of("me")), nodes, networks);
  }

  /** A view of readings that take turns: it sees a change whenever it looks. */
  static PeerView view(Reading... turns) {
    PeerSource source =
        new PeerSource() {
          private int next;

          @Override
          public Reading read() {
            return turns[next++ % turns.length];
          }

          @Override
          public StateStore state() {
            return new Memory();
          }
        };
    return Peers.open("crowd", source, Environment.system());
  }

  /** State that costs nothing to keep. */
  private static final class Memory implements StateStore {
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
  }
}
