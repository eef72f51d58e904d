/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.etcd;

import static org.junit.jupiter.api.Assertions.fail;

import io.etcd.jetcd.Client;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Assumptions;

/** Real etcd servers on free ports of the loopback interface, each with a directory of its own. */
final class EtcdCluster implements AutoCloseable {
  private static final Duration LONGEST = Duration.ofSeconds(60);

  private final Path directory;
  private final List<String> more;
  private final List<Integer> clientPorts;
  private final List<Integer> peerPorts;
  private final boolean tls;
  private final List<Process> servers = new ArrayList<>();

  private EtcdCluster(Path directory, int size, boolean tls, List<String> more) {
    this.directory = directory;
    this.tls = tls;
    this.more = List.copyOf(more);
    List<Integer> ports = freePorts(2 * size);
    clientPorts = ports.subList(0, size);
    peerPorts = ports.subList(size, 2 * size);
    for (int i = 0; i < size; i++) {
      servers.add(launch(i, List.of()));
    }
  }

  /**
   * Whether there is an etcd; a test that needs one is skipped otherwise, or fails where it must
   * not.
   */
  static void required() {
    if (binary("etcd") && binary("etcdctl")) {
      return;
    }
    String why = "no etcd and etcdctl on PATH (Debian: etcd-server, etcd-client)";
    if (Boolean.getBoolean("magpie.it.required")) {
      fail(why + ", and -Dmagpie.it.required=true");
    }
    System.out.println("tests with etcd are skipped: " + why);
    Assumptions.abort(why);
  }

  private static boolean binary(String name) {
    return Arrays.stream(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1))
        .anyMatch(each -> Files.isExecutable(Path.of(each, name)));
  }

  /** Starts servers and waits until they have a leader. */
  static EtcdCluster start(Path directory, int size, String... more) {
    EtcdCluster cluster = new EtcdCluster(directory, size, false, List.of(more));
    cluster.awaitHealth();
    return cluster;
  }

  /** Starts servers that speak TLS; how they do, and who waits for them, is the caller's. */
  static EtcdCluster startTls(Path directory, int size, String... more) {
    return new EtcdCluster(directory, size, true, List.of(more));
  }

  static List<Integer> freePorts(int count) {
    List<ServerSocket> held = new ArrayList<>();
    try {
      for (int i = 0; i < count; i++) {
        held.add(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
      }
      return held.stream().map(ServerSocket::getLocalPort).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      for (ServerSocket each : held) {
        try {
          each.close();
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    }
  }

  private Process launch(int i, List<String> others) {
    String scheme = tls ? "https" : "http";
    String peers =
        IntStream.range(0, clientPorts.size())
            .mapToObj(n -> "s" + n + "=http://127.0.0.1:" + peerPorts.get(n))
            .collect(Collectors.joining(","));
    List<String> command =
        new ArrayList<>(
            List.of(
                "etcd",
                "--name=s" + i,
                "--data-dir=" + data(i),
                "--listen-client-urls=" + scheme + "://127.0.0.1:" + clientPorts.get(i),
                "--advertise-client-urls=" + scheme + "://127.0.0.1:" + clientPorts.get(i),
                "--listen-peer-urls=http://127.0.0.1:" + peerPorts.get(i),
                "--initial-advertise-peer-urls=http://127.0.0.1:" + peerPorts.get(i),
                "--initial-cluster=" + peers,
                "--initial-cluster-state=new",
                "--heartbeat-interval=100",
                "--election-timeout=1000"));
    command.addAll(more);
    command.addAll(others);
    try {
      Files.createDirectories(directory);
      return new ProcessBuilder(command)
          .redirectErrorStream(true)
          .redirectOutput(
              ProcessBuilder.Redirect.appendTo(directory.resolve("s" + i + ".log").toFile()))
          .start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Path data(int i) {
    return directory.resolve("s" + i);
  }

  /** What a server has said so far. */
  String log(int i) {
    try {
      return Files.readString(directory.resolve("s" + i + ".log"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The memory of a server, as Linux tells it. */
  long residentMegabytes(int i) throws IOException {
    return Files.readAllLines(Path.of("/proc/" + servers.get(i).pid() + "/status")).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024)
        .sum();
  }

  int size() {
    return servers.size();
  }

  int port(int i) {
    return clientPorts.get(i);
  }

  String endpoint(int i) {
    return "127.0.0.1:" + port(i);
  }

  String endpoints() {
    return IntStream.range(0, size()).mapToObj(this::endpoint).collect(Collectors.joining(","));
  }

  /** A client of the first server alone, to be closed by the caller. */
  Client client() {
    return Client.builder().endpoints("http://" + endpoint(0)).build();
  }

  void kill(int i) {
    servers.get(i).destroyForcibly();
    await(servers.get(i));
  }

  void restart(int i, String... more) {
    servers.set(i, launch(i, List.of(more)));
  }

  /** Starts the one server anew from a backup, as operators do. */
  void restore(Path backup) {
    run(
        List.of(
            "etcdctl",
            "snapshot",
            "restore",
            backup.toString(),
            "--name=s0",
            "--data-dir=" + data(0),
            "--initial-cluster=s0=http://127.0.0.1:" + peerPorts.get(0),
            "--initial-advertise-peer-urls=http://127.0.0.1:" + peerPorts.get(0)));
    restart(0);
    awaitHealth();
  }

  void pause(int i) {
    signal(i, "STOP");
  }

  void resume(int i) {
    signal(i, "CONT");
  }

  private void signal(int i, String name) {
    run(List.of("kill", "-" + name, Long.toString(servers.get(i).pid())));
  }

  /** Which server leads. */
  int leader() {
    long end = System.nanoTime() + LONGEST.toNanos();
    while (System.nanoTime() < end) {
      for (int i = 0; i < size(); i++) {
        if (servers.get(i).isAlive()) {
          String[] fields = tryCtl(endpoint(i), "endpoint", "status").split(", ", -1);
          if (fields.length > 4 && fields[4].equals("true")) {
            return i;
          }
        }
      }
    }
    throw new AssertionError("no leader");
  }

  void awaitHealth() {
    long end = System.nanoTime() + LONGEST.toNanos();
    while (System.nanoTime() < end) {
      if (tryCtl(endpoints(), "get", "no-such-key", "-w", "json").contains("revision")) {
        return;
      }
    }
    throw new AssertionError("etcd did not start; see " + directory);
  }

  /** Runs etcdctl, as operators do, and returns what it prints. */
  String ctl(String... args) {
    return ctl(List.of(args));
  }

  String ctl(List<String> args) {
    List<String> command =
        new ArrayList<>(List.of("etcdctl", "--endpoints=" + (tls ? "https://" : "") + endpoints()));
    command.addAll(args);
    return run(command);
  }

  private static String tryCtl(String endpoints, String... args) {
    List<String> command =
        new ArrayList<>(
            List.of(
                "etcdctl",
                "--endpoints=" + endpoints,
                "--command-timeout=2s",
                "--dial-timeout=1s"));
    command.addAll(List.of(args));
    try {
      return run(command);
    } catch (AssertionError e) {
      return "";
    }
  }

  static String run(List<String> command) {
    try {
      ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
      builder.environment().put("ETCDCTL_API", "3");
      Process process = builder.start();
      process.getOutputStream().close();
      String out = new String(process.getInputStream().readAllBytes());
      await(process);
      if (process.exitValue() != 0) {
        throw new AssertionError(command + ": " + out);
      }
      return out;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static void await(Process process) {
    try {
      if (!process.waitFor(LONGEST.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new AssertionError("it does not end: " + process);
      }
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void close() {
    for (Process server : servers) {
      server.destroyForcibly();
    }
    servers.forEach(EtcdCluster::await);
  }
}
