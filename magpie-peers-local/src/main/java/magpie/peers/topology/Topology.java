/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology;

import java.util.List;
import java.util.Optional;
import magpie.peers.Network;
import magpie.peers.PeerNode;

/**
 * What a topology file without errors says, with every default filled in.
 *
 * @param name the bench
 * @param application the application whose peers these are; the name of the bench by default
 * @param networks the networks in the order of the file, none overlapping another
 * @param defaultNetwork the network whose address counts by default; one of {@code networks}
 * @param self how a machine finds its own node, best first; never empty
 * @param exchange the exchange directory as it is written, to be resolved against the directory of
 *     the file
 * @param entries every node in the order of the file, departed ones included; no two of one id
 */
public record Topology(
    String name,
    String application,
    List<Network> networks,
    Optional<String> defaultNetwork,
    List<SelfRule> self,
    Optional<String> exchange,
    List<Entry> entries) {

  /** A way for a machine to find its own node. */
  public enum SelfRule {
    /** The environment names the id. */
    ENV,
    /** The host name of the machine is that of the node. */
    HOSTNAME,
    /** The machine has one of the node's addresses. */
    ADDRESS
  }

  /**
   * One node of the file.
   *
   * @param node the peer, complete: addresses, the selected one, labels and settings with the
   *     defaults of the file
   * @param hostname the host name, which is also the last candidate
   * @param departed whether the file says that the node has left
   */
  public record Entry(PeerNode node, Optional<String> hostname, boolean departed) {}
}
