/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Assumptions;

/**
 * Nodes {@code n0}, {@code n1}, ... in network namespaces of Linux, each with an interface on the
 * networks {@code alpha} and {@code beta}, in IPv4 and IPv6. The networks are bridges in one more
 * namespace, so nothing of this machine's own network is touched.
 *
 * <p>Namespaces carry the number of this process; those of dead processes are removed.
 */
final class NamespaceBench implements AutoCloseable {
  static final List<String> NETWORKS = List.of("alpha", "beta");
  private static final String PREFIX = "magpie-bench-";
  private static final String OWN = PREFIX + ProcessHandle.current().pid() + "-";
  private static final int AT_ONCE = 4;

  private final Path directory;
  private final int nodes;
  private final Map<Integer, Process> listeners = new HashMap<>();

  /** Skips the test where the system lends no namespaces, or fails it where they are required. */
  static void required() {
    Optional<String> obstacle = obstacle();
    if (obstacle.isPresent() && !Boolean.getBoolean("magpie.it.required")) {
      System.out.println("Tests in network namespaces are SKIPPED: " + obstacle.get());
      Assumptions.abort(obstacle.get());
    }
    assertEquals(Optional.empty(), obstacle);
  }

  /** Says why there can be no such bench here. */
  private static Optional<String> obstacle() {
    try {
      removeWhatDeadProcessesLeft();
      call("ip netns add " + OWN + "probe && ip netns delete " + OWN + "probe");
      call("iptables --version && ip6tables --version");
      return Optional.empty();
    } catch (UncheckedIOException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
  }

  private static void removeWhatDeadProcessesLeft() {
    for (String line : call("ip netns list").lines().toList()) {
      String name = line.split(" ", 2)[0];
      if (name.startsWith(PREFIX)) {
        String owner = name.substring(PREFIX.length()).split("-", 2)[0];
        if (ProcessHandle.of(Long.parseLong(owner)).isEmpty()) {
          call("ip netns delete " + name);
        }
      }
    }
  }

  NamespaceBench(Path directory, int nodes) {
    this.directory = directory;
    this.nodes = nodes;
    try {
      StringBuilder script = new StringBuilder("set -e\nip netns add " + OWN + "switch\n");
      for (String network : NETWORKS) {
        script.append("ip -n " + OWN + "switch link add " + network + " type bridge\n");
        script.append("ip -n " + OWN + "switch link set " + network + " up\n");
      }
      for (int i = 0; i < nodes; i++) {
        script.append("ip netns add " + OWN + i + "\nip -n " + OWN + i + " link set lo up\n");
        for (String network : NETWORKS) {
          String port = network + i;
          script.append("ip -n " + OWN + i + " link add " + network + " type veth peer name ");
          script.append(port + " netns " + OWN + "switch\n");
          script.append(
              "ip -n " + OWN + "switch link set " + port + " master " + network + " up\n");
          script.append("ip -n " + OWN + i + " link set " + network + " up\n");
        }
      }
      call(script.toString());
      for (int i = 0; i < nodes; i++) {
        for (String network : NETWORKS) {
          address(i, network, 24, 64);
        }
      }
      topology(-1, -1);
    } catch (UncheckedIOException e) {
      close();
      throw e;
    }
  }

  static String v4(int node, String network) {
    return (network.equals("alpha") ? "198.51.100." : "203.0.113.") + (11 + node);
  }

  static String v6(int node, String network) {
    return (network.equals("alpha") ? "2001:db8:a::" : "2001:db8:b::")
        + Integer.toHexString(11 + node);
  }

  /** Gives a node its addresses in a network, with these prefix lengths. */
  void address(int node, String network, int four, int six) {
    inside(
        node,
        "ip addr flush dev "
            + network
            + " scope global\n"
            + "ip addr add "
            + v4(node, network)
            + "/"
            + four
            + " dev "
            + network
            + "\n"
            + "ip addr add "
            + v6(node, network)
            + "/"
            + six
            + " dev "
            + network
            + " nodad\n");
  }

  /** Writes the topology; two nodes have each other's addresses in it, unless they are negative. */
  void topology(int one, int other) {
    StringBuilder text =
        new StringBuilder(
            """
            version: 1
            name: bench
            networks:
              alpha: { cidrs: [198.51.100.0/24, "2001:db8:a::/64"] }
              beta: { cidrs: [203.0.113.0/24, "2001:db8:b::/64"] }
            exchange: ./bench.d
            nodes:
            """);
    for (int i = 0; i < nodes; i++) {
      int at = i == one ? other : i == other ? one : i;
      List<String> addresses = new ArrayList<>();
      for (String network : NETWORKS) {
        addresses.add(v4(at, network));
        addresses.add('"' + v6(at, network) + '"');
      }
      text.append("  n" + i + ": { addresses: [" + String.join(", ", addresses) + "] }\n");
    }
    try {
      Path fresh = directory.resolve("fresh");
      Files.writeString(fresh, text);
      Files.move(fresh, file(), StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Path file() {
    return directory.resolve("bench.magpie.yaml");
  }

  /** Runs a script of the shell on a node. */
  void inside(int node, String script) {
    call("ip netns exec " + OWN + node + " sh -e -c '" + script + "'");
  }

  /** Starts the listeners of all nodes, and waits until they listen. */
  void listen() throws IOException {
    for (int i = 0; i < nodes; i++) {
      listeners.put(i, process(i, "listen").redirectErrorStream(true).start());
    }
    awaitListeners();
  }

  /** As {@link #listen()}, with a line of the shell. */
  void listen(String line) throws IOException {
    for (int i = 0; i < nodes; i++) {
      ProcessBuilder builder = Launched.process(directory, variables(), shell(i, "exec " + line));
      listeners.put(i, builder.redirectErrorStream(true).start());
    }
    awaitListeners();
  }

  /** Runs a line of the shell on a node, in the directory of the bench. */
  Launched shell(String line, int node) {
    return Launched.run(directory, variables(), shell(node, line));
  }

  /** The command is on the path, as if it was installed. */
  private List<String> shell(int node, String line) {
    Path installed = directory.resolve("magpie-peers");
    try {
      if (Files.notExists(installed)) {
        Launched.install(installed);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    String path = "PATH='" + directory + "':\"$PATH\"; ";
    return List.of("ip", "netns", "exec", OWN + node, "sh", "-c", path + line);
  }

  private void awaitListeners() throws IOException {
    for (int i = 0; i < nodes; i++) {
      BufferedReader out = listeners.get(i).inputReader();
      String line = String.valueOf(out.readLine());
      if (!line.equals("n" + i + " listens on every address, port 26497")) {
        throw new AssertionError("n" + i + " says: " + line);
      }
    }
  }

  /** Sends a signal to the listener of a node. */
  void signal(int node, String name) {
    call("kill -" + name + " " + listeners.get(node).pid());
  }

  private ProcessBuilder process(int node, String command, String... arguments) {
    List<String> line = new ArrayList<>(List.of("ip", "netns", "exec", OWN + node));
    line.addAll(Launched.command(command));
    line.addAll(List.of(arguments));
    line.addAll(List.of("--topology", file().toString(), "--as", "n" + node));
    return Launched.process(directory, variables(), line);
  }

  private Map<String, String> variables() {
    return Map.of("XDG_STATE_HOME", directory.resolve("state").toString());
  }

  /** Runs a command on a node. */
  Launched run(int node, String command, String... arguments) {
    return Launched.run(directory, variables(), process(node, command, arguments).command());
  }

  /** Runs a command on some nodes, a few at a time. */
  Map<Integer, Launched> run(List<Integer> on, String command, String... arguments)
      throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(AT_ONCE);
    try {
      Map<Integer, Future<Launched>> running = new HashMap<>();
      for (int node : on) {
        Callable<Launched> call = () -> run(node, command, arguments);
        running.put(node, pool.submit(call));
      }
      Map<Integer, Launched> ended = new HashMap<>();
      for (int node : on) {
        ended.put(node, running.get(node).get());
      }
      return ended;
    } finally {
      pool.shutdownNow();
    }
  }

  private static String call(String script) {
    try {
      Process process =
          new ProcessBuilder("sh", "-e", "-c", script)
              .redirectErrorStream(true)
              .redirectInput(Path.of("/dev/null").toFile())
              .start();
      String said = new String(process.getInputStream().readAllBytes()).strip();
      int code = Launched.await(process);
      if (code != 0) {
        throw new IOException("\"" + script.strip() + "\" failed with " + code + ": " + said);
      }
      return said;
    } catch (IOException e) {
      throw new UncheckedIOException(e.getMessage(), e);
    }
  }

  @Override
  public void close() {
    for (Process listener : listeners.values()) {
      listener.destroyForcibly();
      Launched.await(listener);
    }
    for (String line : call("ip netns list").lines().toList()) {
      String name = line.split(" ", 2)[0];
      if (name.startsWith(OWN)) {
        call("ip netns delete " + name);
      }
    }
  }
}
