/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/**
 * The backend {@code local}: peers from a static YAML topology, live while the program runs.
 *
 * <p>Nothing here is for programs to call; they use {@code magpie.peers.Peers}. Operators set, each
 * as the system property {@code magpie.peers.X}, the variable {@code MAGPIE_PEERS_X} or {@code
 * MAGPIE_X}:
 *
 * <table>
 * <caption>Options of this backend</caption>
 * <tr><th>option</th><th>meaning</th><th>default</th></tr>
 * <tr><td>{@code topology}</td><td>the topology file</td><td>none: the backend does not
 *     apply</td></tr>
 * <tr><td>{@code self}</td><td>the id of this node; it takes precedence over the rules of
 *     the file</td><td>found by the rules that the file lists under {@code self}</td></tr>
 * <tr><td>{@code observer}</td><td>{@code true}: look from outside, as no node</td><td>{@code
 *     false}</td></tr>
 * <tr><td>{@code peer-set}</td><td>the name that the topology must have</td><td>any name</td></tr>
 * <tr><td>{@code state}</td><td>the directory for notices</td><td>{@code
 *     $XDG_STATE_HOME/magpie-peers}, else {@code $HOME/.local/state/magpie-peers}</td></tr>
 * <tr><td>{@code poll-interval-ms}</td><td>how often files are looked at although no event came;
 *     where the file system has no events (NFS) this is how soon a change is noticed; 10 to
 *     86400000</td><td>{@code 2000}</td></tr>
 * <tr><td>{@code settle-ms}</td><td>how long a topology that is written in place must be quiet
 *     before it is used; one that is replaced by a rename is used at once; 0 to
 *     10000</td><td>{@code 200}</td></tr>
 * </table>
 *
 * <p>jnr-posix ({@code com.github.jnr:jnr-posix}) is needed on systems without {@code /proc} only.
 */
// jnr-posix has no descriptor, it is not needed to run; the lab is compiled after this module.
@SuppressWarnings({"module", "requires-automatic"})
module magpie.peers.local {
  requires transitive magpie.peers;
  requires com.fasterxml.jackson.core;
  requires org.snakeyaml.engine;
  requires static org.jnrproject.posix;
  requires static org.jspecify;

  exports magpie.peers.topology;
  exports magpie.peers.topology.yaml to
      magpie.peers.lab;

  provides magpie.peers.spi.PeerBackend with
      magpie.peers.local.LocalBackend;
}
