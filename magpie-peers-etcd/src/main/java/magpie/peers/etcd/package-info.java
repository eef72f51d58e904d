/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/**
 * The backend {@code etcd}: nodes that share an etcd cluster, live while the program runs.
 *
 * <p>Programs use {@code magpie.peers.Peers} to look, and {@link magpie.peers.etcd.EtcdMember} to
 * join, leave and forget. Operators set, each as the system property {@code magpie.peers.X}, the
 * variable {@code MAGPIE_PEERS_X} or {@code MAGPIE_X}:
 *
 * <table>
 * <caption>Options of this backend</caption>
 * <tr><th>option</th><th>meaning</th><th>default</th></tr>
 * <tr><td>{@code etcd}</td><td>the endpoints: {@code HOST:PORT} separated by commas, with {@code
 *     https://} for TLS</td><td>none: the backend does not apply</td></tr>
 * <tr><td>{@code peer-set}</td><td>the peer set</td><td>none: it must be set</td></tr>
 * <tr><td>{@code self}</td><td>the id of this node</td><td>none: it must be set, or {@code
 *     observer}</td></tr>
 * <tr><td>{@code observer}</td><td>{@code true}: look from outside, as no node</td><td>{@code
 *     false}</td></tr>
 * <tr><td>{@code state}</td><td>the directory for notices and for the instance id of this
 *     node</td><td>{@code $XDG_STATE_HOME/magpie-peers}, else {@code
 *     $HOME/.local/state/magpie-peers}</td></tr>
 * <tr><td>{@code etcd-prefix}</td><td>where the keys are</td><td>{@code /magpie/v1}</td></tr>
 * <tr><td>{@code etcd-ttl}</td><td>for how many seconds a node is alive after its last sign; 2 to
 *     3600</td><td>{@code 30}</td></tr>
 * <tr><td>{@code etcd-timeout}</td><td>how many seconds a call may take, over all endpoints; 1 to
 *     60</td><td>{@code 5}</td></tr>
 * <tr><td>{@code etcd-ca}</td><td>a PEM file with the certificates to trust</td><td>those of the
 *     JDK</td></tr>
 * <tr><td>{@code etcd-cert}, {@code etcd-key}</td><td>PEM files with the certificate and the PKCS#8
 *     key of this client</td><td>none</td></tr>
 * <tr><td>{@code etcd-user}, {@code etcd-password-file}</td><td>the user, and a file with the
 *     password in its first line</td><td>none</td></tr>
 * </table>
 */
@NullMarked
package magpie.peers.etcd;

import org.jspecify.annotations.NullMarked;
