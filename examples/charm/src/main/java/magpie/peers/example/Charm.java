/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.example;

import static java.lang.System.Logger.Level.INFO;

import magpie.peers.Notice;
import magpie.peers.Notices;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.PeersException;
import magpie.peers.PeersOptions;
import magpie.peers.juju.JujuBackend;
import magpie.peers.juju.JujuUnit;

/** A whole charm: on every hook it lists its peers, publishes its addresses and says how it is. */
public final class Charm {
  private Charm() {}

  /**
   * Runs one hook; a failure makes the hook fail, so that Juju drops what it did and runs it again.
   *
   * @param args none
   */
  public static void main(String[] args) {
    // It opens its view in every hook, so a relation hook need not read all peers.
    PeersOptions options = PeersOptions.builder().option("incremental-reading", "true").build();
    try (PeerView peers = Peers.open(new JujuBackend(), options)) {
      hook(peers, JujuUnit.of(peers));
    } catch (PeersException e) {
      // The agent records what a hook says on stderr.
      System.err.println(e.getMessage());
      System.exit(1);
    }
  }

  private static void hook(PeerView peers, JujuUnit unit) {
    unit.log(INFO, "peers: " + peers.nodes());
    // In every hook: a change of addresses arrives as config-changed. Nothing is written, and no
    // other unit is woken, while they stay the same, nor before there is a relation to publish to.
    unit.publishAddresses();
    Notices notices = peers.notices();
    for (Notice notice : notices.joined()) {
      unit.log(INFO, notice.id() + " joined");
    }
    for (Notice notice : notices.departed()) {
      PeerNode last = notice.lastKnown().orElse(null);
      unit.log(INFO, "departed: " + (last == null ? notice.id() : last));
    }
    unit.setStatus(JujuUnit.Status.ACTIVE, "Ready, with " + peers.ids().size() + " peers");
    // Last, so that a hook that failed before this repeats the notices.
    peers.dismiss(notices);
  }
}
