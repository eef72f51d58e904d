/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it;

import jakarta.inject.Inject;
import magpie.peers.PeerView;
import magpie.peers.hk2.PeersBinder;
import org.glassfish.hk2.api.ServiceLocator;
import org.glassfish.hk2.utilities.ServiceLocatorUtilities;

/** Lists its peers through a view that HK2 gives it. */
public final class InjectedProgram {
  private final PeerView peers;

  @Inject
  InjectedProgram(PeerView peers) {
    this.peers = peers;
  }

  /**
   * Runs the program.
   *
   * @param arguments none
   */
  public static void main(String... arguments) {
    ServiceLocator locator =
        ServiceLocatorUtilities.bind("node", PeersBinder.builder().view().build());
    locator.create(InjectedProgram.class).list();
    locator.shutdown();
  }

  private void list() {
    peers.ids().forEach(System.out::println);
  }
}
