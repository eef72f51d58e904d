/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.etcd;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import magpie.peers.Environment;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.PeersOptions;

/** A node of a peer set in etcd, and the program that keeps one alive until it is killed. */
final class Nodes {
  private Nodes() {}

  static PeersOptions.Builder options(String endpoints, String set, Path state) {
    return PeersOptions.builder()
        .environment(Environment.system().withVariables(Map.of()))
        .backend("etcd")
        .option("etcd", endpoints)
        .option("peer-set", set)
        .option("etcd-ttl", "2")
        .option("etcd-timeout", "5")
        .stateDirectory(state);
  }

  static PeerView observer(String endpoints, String set, Path state) {
    return Peers.open(options(endpoints, set, state).observer().build());
  }

  static PeerView node(String endpoints, String set, Path directory, String id) {
    return Peers.open(options(endpoints, set, directory.resolve("state-" + id)).self(id).build());
  }

  /** A node that has joined. */
  static PeerView joined(String endpoints, String set, Path directory, String id, String address) {
    PeerView view = node(endpoints, set, directory, id);
    EtcdMember.of(view).join(List.of(address), Map.of());
    return view;
  }

  /** The peers as words: {@code a at 192.0.2.1}, with {@code ?} behind a suspect. */
  static List<String> shown(PeerView view) {
    return view.nodes().stream().map(Nodes::shown).toList();
  }

  static String shown(PeerNode node) {
    return node + (node.suspect() ? "?" : "");
  }

  static List<String> departed(PeerView view) {
    return view.notices().departed().stream().map(notice -> notice.id().value()).toList();
  }

  /** Starts a process that joins and says so. */
  static Process start(String endpoints, String set, Path directory, String id, String address)
      throws IOException {
    Process process = Jvm.start(Nodes.class, endpoints, set, directory.toString(), id, address);
    String said = process.inputReader().readLine();
    if (!"joined".equals(said)) {
      throw new AssertionError("expected the program to join, found " + said);
    }
    return process;
  }

  /** The program: joins, and stays until it is killed or standard input ends. */
  public static void main(String[] args) throws IOException {
    try (PeerView view = joined(args[0], args[1], Path.of(args[2]), args[3], args[4])) {
      System.out.println("joined");
      while (System.in.read() >= 0) {
        view.nodes();
      }
    }
  }
}
