/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** What the peer program is expected to say. */
final class Expected {
  private Expected() {}

  /** Returns the arguments that make it report on every subnet of the node. */
  static String[] report(Node node) {
    return Stream.concat(
            Stream.of("report"), node.networks().stream().flatMap(n -> n.subnets().stream()))
        .toArray(String[]::new);
  }

  /** Returns its report when it lists and reaches every peer on every subnet. */
  static List<String> reports(Node node, List<Node> peers) {
    List<String> lines = new ArrayList<>();
    for (NodeNetwork network : node.networks()) {
      peers.forEach(peer -> lines.add(reached(network.v4(), peer, network.v4(peer))));
      peers.forEach(peer -> lines.add(reached(network.v6(), peer, network.v6(peer))));
    }
    return lines;
  }

  private static String reached(String subnet, Node peer, String address) {
    return answer(subnet, peer, address, peer.name());
  }

  static String answer(String subnet, Node peer, String address, String answer) {
    return "{\"network\":\"%s\",\"peer\":\"%s\",\"address\":\"%s\",\"answer\":\"%s\"}"
        .formatted(subnet, peer.name(), address, answer);
  }
}
