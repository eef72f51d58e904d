/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/**
 * Three servers of etcd and nodes of a peer set, each in a container of its own.
 *
 * <p>They speak on the network {@code oam}. Nodes have a second one, at which the test asks them,
 * which takes an engine on this machine.
 */
final class EtcdBench {
  /** Their numbers, which are behind those of the nodes. */
  private static final List<Integer> SERVERS = List.of(201, 202, 203);

  /** Time enough for a busy machine, and little to wait for. */
  private static final int TTL_SECONDS = 8;

  private static final int TIMEOUT_SECONDS = 10;

  private final NodeNetwork oam;
  private final NodeNetwork storage;
  private final List<Node> servers = new ArrayList<>();
  private final Map<Integer, Node> nodes = new TreeMap<>();

  private EtcdBench(Containers containers, int size) {
    oam = containers.network("oam");
    storage = containers.network("storage");
    Path etcd = required("etcd");
    Path etcdctl = required("etcdctl");
    for (int number : SERVERS) {
      servers.add(
          containers.node("etcd/" + number, List.of(oam)).withProgram(etcd).withProgram(etcdctl));
    }
    for (Node server : servers) {
      server.executing(command(server));
    }
    for (int i = 0; i < size; i++) {
      nodes.put(
          i,
          containers
              .node("storm/" + i, List.of(oam, storage))
              .with(PackagedJars.forEtcd())
              .variable("MAGPIE_ETCD", clients())
              .variable("MAGPIE_PEER_SET", "storm")
              .variable("MAGPIE_PEERS_SELF", "storm/" + i)
              .variable("MAGPIE_PEERS_ETCD_TTL", Integer.toString(TTL_SECONDS))
              .variable("MAGPIE_PEERS_ETCD_TIMEOUT", Integer.toString(TIMEOUT_SECONDS))
              .variable("XDG_STATE_HOME", "/root/state")
              .running(StormProgram.class, "storm/" + i));
    }
  }

  /** Makes servers and nodes {@code storm/0} and so on, an even number, all up and joined. */
  static EtcdBench of(Containers containers, int size) {
    EtcdBench bench = new EtcdBench(containers, size);
    containers.start(bench.servers);
    // Two at a time: each needs a processor for seconds to load the client.
    for (int i = 0; i < size; i += 2) {
      containers.start(bench.nodes().subList(i, i + 2));
    }
    return bench;
  }

  /** Returns a program of this machine; where there is none the test is skipped, unless it must. */
  private static Path required(String program) {
    Optional<Path> found =
        Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1))
            .map(directory -> Path.of(directory, program))
            .filter(Files::isExecutable)
            .findFirst();
    if (found.isEmpty()) {
      String why = "no " + program + " on PATH (Debian: etcd-server, etcd-client)";
      if (Boolean.getBoolean("magpie.it.required")) {
        fail(why + ", and -Dmagpie.it.required=true");
      }
      Assumptions.abort(why);
    }
    return found.get();
  }

  private String[] command(Node server) {
    String own = "http://" + oam.v4(server);
    String all =
        servers.stream()
            .map(each -> hostname(each) + "=http://" + oam.v4(each) + ":2380")
            .collect(Collectors.joining(","));
    return new String[] {
      "etcd",
      "--name=" + hostname(server),
      "--data-dir=/root/etcd",
      "--listen-client-urls=" + own + ":2379",
      "--advertise-client-urls=" + own + ":2379",
      "--listen-peer-urls=" + own + ":2380",
      "--initial-advertise-peer-urls=" + own + ":2380",
      "--initial-cluster=" + all,
      "--initial-cluster-state=new"
    };
  }

  private static String hostname(Node server) {
    return server.name().replace('/', '-');
  }

  private String clients() {
    return servers.stream()
        .map(server -> oam.v4(server) + ":2379")
        .collect(Collectors.joining(","));
  }

  NodeNetwork oam() {
    return oam;
  }

  Node node(int number) {
    return nodes.get(number);
  }

  List<Node> nodes() {
    return List.copyOf(nodes.values());
  }

  /** Returns the server that leads. */
  Node leader() {
    List<Node> leading =
        servers.stream()
            .filter(
                server ->
                    status(server)
                        .map(line -> line.split(", ", -1)[4].equals("true"))
                        .orElse(false))
            .toList();
    assertEquals(1, leading.size(), leading::toString);
    return leading.get(0);
  }

  private Optional<String> status(Node server) {
    Shell.Result result =
        server.execute(
            Map.of("ETCDCTL_API", "3"),
            "/",
            "etcdctl",
            "--endpoints=" + oam.v4(server) + ":2379",
            "endpoint",
            "status");
    return result.stdout().lines().findFirst();
  }

  /** Asks the program of a node, also while that is cut off its servers. */
  List<String> ask(Node node, String word) {
    try (Socket socket = new Socket()) {
      socket.connect(
          new InetSocketAddress(storage.v4(node), StormProgram.PORT),
          (int) Node.DEADLINE.toMillis());
      socket.setSoTimeout((int) Node.DEADLINE.toMillis());
      socket.getOutputStream().write(word.getBytes(UTF_8));
      socket.shutdownOutput();
      return new String(socket.getInputStream().readAllBytes(), UTF_8).lines().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(node.name() + ": " + word, e);
    }
  }

  /** Asks the program of a node for a count. */
  int count(Node node, String word) {
    return Integer.parseInt(ask(node, word).get(0));
  }
}
