/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.spi;

import java.util.List;
import java.util.Map;
import magpie.peers.PeerId;

/**
 * What a node can do about its own membership, where the backend leaves that to the nodes: an
 * {@linkplain PeerSource#extension extension} of such a backend.
 *
 * <p>Programs use what their backend documents; this is for programs that serve any backend.
 */
public interface Membership {

  /**
   * Joins with the addresses of the real interfaces of this machine, without loopback, bridges and
   * link-local addresses, and without labels.
   *
   * @throws magpie.peers.PeersException as {@link #join(List, Map)}
   * @throws IllegalArgumentException if this machine has no address that others could reach
   */
  void join();

  /**
   * Joins, or changes what this node said when it joined, and keeps it alive until the view is
   * closed.
   *
   * @param addresses at which peers reach this node, best first
   * @param labels the labels of this node
   * @throws magpie.peers.ConfigurationException if this node may not join under its id
   * @throws magpie.peers.PeersException if it cannot be written
   * @throws IllegalArgumentException if there is no address, or one that is neither an address nor
   *     a host name
   */
  void join(List<String> addresses, Map<String, String> labels);

  /**
   * Leaves: this node departs at all others.
   *
   * @return whether it was a member
   * @throws magpie.peers.PeersException if it cannot be written
   */
  boolean leave();

  /**
   * Lets a node depart that will not come back; for operators.
   *
   * @param id the node
   * @return whether it was a member
   * @throws magpie.peers.ConfigurationException if it is alive
   * @throws magpie.peers.PeersException if it cannot be written
   */
  boolean forget(PeerId id);
}
