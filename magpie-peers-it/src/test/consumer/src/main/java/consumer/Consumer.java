/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package consumer;

import magpie.peers.NodeFilter;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.Peers;

/** A user's program. */
public final class Consumer {
  private Consumer() {}

  /**
   * Lists the peers in a network.
   *
   * @param arguments the network
   */
  public static void main(String... arguments) {
    System.out.println(Consumer.class.getModule());
    try (PeerView view = Peers.open()) {
      for (PeerNode peer : view.nodes(NodeFilter.inNetwork(arguments[0]))) {
        System.out.println(peer.id() + " " + peer.address().orElseThrow().text());
      }
    }
  }
}
