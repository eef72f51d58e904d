/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import magpie.peers.IpAddress;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.juju.MagpieInterface;

/**
 * Shares a relation with units of the original Python interface.
 *
 * <pre>
 * speak ADDRESS...  publishes what the original would, with every peer as checked
 * hear              says what each peer published, original or not
 * </pre>
 */
public final class MagpieProgram {
  private MagpieProgram() {}

  /**
   * Runs the program.
   *
   * @param arguments a command and its arguments
   */
  public static void main(String... arguments) {
    try (PeerView view = Peers.open()) {
      MagpieInterface magpie = MagpieInterface.of(view);
      if (arguments[0].equals("speak")) {
        List<IpAddress> own = new ArrayList<>();
        for (String address : List.of(arguments).subList(1, arguments.length)) {
          own.add(IpAddress.parse(address));
        }
        magpie.advertiseAddresses(own);
        magpie.setIperfServerReady();
        magpie.setIperfChecked(view.ids());
      } else {
        hear(view, magpie);
      }
    }
  }

  private static void hear(PeerView view, MagpieInterface magpie) {
    List<PeerNode> ready = magpie.checkReadyIperfServers();
    Map<Object, Object> advertised = new TreeMap<>(magpie.advertisedAddresses());
    Map<Object, Object> checked = new TreeMap<>(magpie.getIperfChecked());
    for (PeerNode peer : view.nodes()) {
      System.out.println(
          peer.id()
              + " advertises "
              + advertised.get(peer.id())
              + (ready.contains(peer) ? " is ready" : " is not ready")
              + " checked "
              + checked.get(peer.id()));
    }
  }
}
