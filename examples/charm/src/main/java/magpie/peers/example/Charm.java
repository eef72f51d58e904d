/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.example;

import java.util.logging.Level;
import java.util.logging.Logger;
import magpie.peers.Environment;
import magpie.peers.Notice;
import magpie.peers.Notices;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.PeersException;
import magpie.peers.PeersOptions;
import magpie.peers.juju.JujuBackend;
import magpie.peers.juju.JujuLogHandler;
import magpie.peers.juju.JujuUnit;

/** A whole charm: on every hook it lists its peers, publishes its addresses and says how it is. */
public final class Charm {
  private static final Logger LOG = Logger.getLogger("charm");

  private Charm() {}

  /**
   * Runs one hook; a failure makes the hook fail, so that Juju drops what it did and runs it again.
   *
   * @param args none
   */
  public static void main(String[] args) {
    Environment environment = Environment.system();
    try (JujuLogHandler log = JujuLogHandler.install(environment);
        PeerView peers =
            Peers.open(
                new JujuBackend(),
                PeersOptions.builder()
                    .environment(environment)
                    // It opens its view in every hook, so a relation hook need not read all peers.
                    .option("incremental-reading", "true")
                    .build())) {
      LOG.info("peers: " + peers.nodes());
      hook(peers);
      log.flush();
    } catch (PeersException e) {
      // Outside the log, which may be what failed; the agent records what a hook says on stderr.
      System.err.println(e.getMessage());
      System.exit(1);
    }
  }

  private static void hook(PeerView peers) {
    JujuUnit unit = JujuUnit.of(peers);
    // In every hook: a change of addresses arrives as config-changed. Nothing is written, and no
    // other unit is woken, while they stay the same, nor before there is a relation to publish to.
    unit.publishAddresses();
    Notices notices = peers.notices();
    for (Notice notice : notices.joined()) {
      LOG.log(Level.INFO, "{0} joined", notice.id());
    }
    for (Notice notice : notices.departed()) {
      String last = notice.lastKnown().map(PeerNode::toString).orElse(notice.id().value());
      LOG.log(Level.INFO, "departed: {0}", last);
    }
    unit.setStatus(JujuUnit.Status.ACTIVE, "Ready, with " + peers.ids().size() + " peers");
    // Last, so that a hook that failed before this repeats the notices.
    peers.dismiss(notices);
  }
}
