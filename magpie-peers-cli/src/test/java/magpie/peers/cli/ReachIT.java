/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The commands listen and reach, each in a process of its own. */
class ReachIT {
  @TempDir Path directory;
  private final List<Process> processes = new ArrayList<>();

  @BeforeEach
  void bench() throws IOException {
    Files.writeString(
        directory.resolve("bench.magpie.yaml"),
        """
        version: 1
        name: bench
        networks:
          lab: { cidrs: [127.0.0.0/8] }
        exchange: ./bench.d
        nodes:
          a: { addresses: [127.0.0.1] }
          b: { addresses: [127.0.0.2] }
          c: { addresses: [127.0.0.3] }
        """);
  }

  @AfterEach
  void end() throws InterruptedException {
    for (Process process : processes) {
      process.destroyForcibly().waitFor();
    }
  }

  private static List<String> command(String... arguments) {
    List<String> all = Launched.command(arguments);
    all.addAll(List.of("--topology", "bench.magpie.yaml"));
    return all;
  }

  /** A build that runs in the background of a shell ignores SIGINT, and so would its children. */
  private static List<String> interruptible(String... arguments) {
    List<String> all = new ArrayList<>(List.of("env", "--default-signal=INT"));
    all.addAll(command(arguments));
    return all;
  }

  private static void signal(String name, Process process) throws Exception {
    assertEquals(
        0, Launched.await(new ProcessBuilder("kill", "-" + name, "" + process.pid()).start()));
  }

  private Map<String, String> variables() {
    return Map.of("XDG_STATE_HOME", directory.resolve("state").toString());
  }

  private Launched run(String... arguments) {
    return Launched.run(directory, variables(), command(arguments));
  }

  /** Starts a listener, and returns its port. */
  private int listen(String id) throws IOException {
    Process process =
        Launched.process(directory, variables(), interruptible("listen", "--as", id, "--port", "0"))
            .redirectError(directory.resolve(id + ".err").toFile())
            .start();
    processes.add(process);
    BufferedReader out = process.inputReader();
    String line = String.valueOf(out.readLine());
    assertTrue(line.startsWith(id + " listens on every address, port "), line);
    return Integer.parseInt(line.substring(line.lastIndexOf(' ') + 1));
  }

  private String published(String id) throws IOException {
    return Files.readString(directory.resolve("bench.d").resolve(id + ".json"));
  }

  @ParameterizedTest
  @CsvSource({"TERM,143", "INT,130"})
  void aListenerIsFoundAskedAndTakesItsPortBackAtASignal(String signal, int code) throws Exception {
    int port = listen("b");

    Launched asked = run("reach", "--as", "a", "--port", "1", "--count", "1");

    assertEquals("", asked.err());
    List<String> lines = asked.out().lines().toList();
    assertTrue(lines.get(0).startsWith("PEER  ADDRESS    NETWORK  PORT "), asked.out());
    assertTrue(lines.get(1).matches("b     127\\.0\\.0\\.2  lab      " + port + " +answered .*"));
    assertTrue(lines.get(2).matches("c     127\\.0\\.0\\.3  lab      1 +refused .*"), asked.out());
    assertEquals(0, asked.code());

    signal(signal, processes.get(0));
    assertEquals(code, Launched.await(processes.get(0)));
    assertTrue(published("b").contains("\"settings\": {}"), published("b"));
  }

  @Test
  void whatAllNodesSawIsShownAndABrokenAddressIsExitCodeFive() throws Exception {
    listen("b");
    // Another node listens where c should: the mistake that costs an afternoon.
    int port =
        Integer.parseInt(published("b").replaceAll("(?s).*magpie.listen\": \"(\\d+).*", "$1"));
    assertEquals(0, run("publish", "--as", "c", "magpie.listen=" + port).code());

    Launched first = run("reach", "--as", "a", "--publish", "--format", "json");

    assertEquals(5, first.code(), first.err());
    assertTrue(first.out().contains("\"outcome\": \"wrong-node\""), first.out());
    assertTrue(first.out().contains("\"detail\": \"b listens there\""), first.out());
    String written = published("a");
    assertEquals(5, run("reach", "--as", "a", "--publish").code());
    assertEquals(written, published("a"));

    Launched matrix = run("reach", "--matrix", "--as", "b");
    assertEquals(
        """
        network lab
        FROM  a  b         c
        a     -  answered  wrong-node
        b     -  -         -
        c     -  -         -
        """,
        matrix.out().substring(0, matrix.out().indexOf("\n\n") + 1));
    assertTrue(matrix.out().endsWith("nothing published: b, c\n"), matrix.out());
    assertEquals(5, matrix.code());
    assertTrue(run("graph", "--reach", "--as", "a").out().contains("1 address not reached"));
    String yaml = run("reach", "--matrix", "--as", "b", "--format", "yaml").out();
    assertTrue(yaml.contains("outcome: wrong-node"), yaml);
    assertTrue(yaml.contains("stale: false"), yaml);
  }

  @Test
  void aStaleResultIsMarkedAndIsNoFailure() {
    String old = "magpie.reach=1 2020-01-01T00:00:00Z; b 127.0.0.2 timed-out";
    assertEquals(0, run("publish", "--as", "a", old).code());

    Launched matrix = run("reach", "--matrix", "--as", "c");

    assertTrue(matrix.out().contains("a     -  timed-out (stale)  -\n"), matrix.out());
    assertEquals(0, matrix.code());
    Launched json = run("reach", "--matrix", "--as", "c", "--format", "json");
    assertTrue(json.out().contains("\"stale\": true"), json.out());
    assertEquals(0, json.code());
  }

  @Test
  void helpSaysWhatExitCodeFiveMeans() {
    Launched help = run("reach", "--help");
    assertEquals(0, help.code());
    assertTrue(help.out().contains("Exit code 5: a declared address was not reached."), help.out());
    assertEquals(0, run("listen", "--help").code());
  }

  /** Two hundred nodes; nothing answers at the port. */
  private void manyNodes() throws IOException {
    StringBuilder text =
        new StringBuilder("version: 1\nname: bench\nexchange: ./bench.d\nnodes:\n");
    text.append("  a: { addresses: [127.0.0.1] }\n");
    for (int i = 1; i <= 200; i++) {
      text.append("  n" + i + ": { addresses: [127.0.1." + i + "] }\n");
    }
    Files.writeString(directory.resolve("bench.magpie.yaml"), text);
  }

  /** A port whose queue is full, so that the system drops what comes. */
  private static List<AutoCloseable> deaf() throws IOException {
    List<AutoCloseable> open = new ArrayList<>();
    ServerSocket deaf = new ServerSocket(0, 1);
    open.add(deaf);
    for (int i = 0; i < 8; i++) {
      Socket socket = new Socket();
      open.add(socket);
      try {
        socket.connect(new InetSocketAddress("127.0.0.1", deaf.getLocalPort()), 300);
      } catch (SocketTimeoutException e) {
        return open;
      }
    }
    throw new AssertionError("the system takes connections without end");
  }

  /** How many connections to a port are being made, on the whole machine. */
  private static long connecting(int port) throws IOException {
    String remote = String.format(Locale.ROOT, ":%04X 02 ", port);
    long found = 0;
    for (String table : List.of("/proc/net/tcp", "/proc/net/tcp6")) {
      try (Stream<String> lines = Files.lines(Path.of(table))) {
        found += lines.filter(line -> line.contains(remote)).count();
      }
    }
    return found;
  }

  @Test
  void anInterruptInTheMiddleLeavesNothing() throws Exception {
    manyNodes();
    List<AutoCloseable> open = deaf();
    try {
      int port = ((ServerSocket) open.get(0)).getLocalPort();
      open.remove(open.size() - 1).close();
      Process process =
          Launched.process(
                  directory,
                  variables(),
                  interruptible(
                      "reach", "--as", "a", "--publish", "--timeout", "100", "--port", "" + port))
              .redirectError(directory.resolve("a.err").toFile())
              .start();
      processes.add(process);
      long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(Launched.DEADLINE_SECONDS);
      while (connecting(port) < 200) {
        assertTrue(process.isAlive(), () -> text("a.err"));
        assertTrue(System.nanoTime() < until, "it does not ask");
      }
      long threads;
      try (Stream<Path> tasks = Files.list(Path.of("/proc/" + process.pid() + "/task"))) {
        threads = tasks.count();
      }
      assertTrue(threads < 100, threads + " threads");

      signal("INT", process);

      assertEquals(130, Launched.await(process));
      assertEquals("", text("a.err"));
      assertEquals(0, connecting(port));
      assertTrue(Files.notExists(directory.resolve("bench.d").resolve("a.json")));
      // Nothing is locked.
      assertEquals(0, run("publish", "--as", "a", "rack=7").code());
    } finally {
      for (AutoCloseable each : open) {
        each.close();
      }
    }
  }

  private String text(String file) {
    try {
      return Files.readString(directory.resolve(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void noSocketsAreNoFaultOfAnAddress() throws Exception {
    manyNodes();
    List<AutoCloseable> open = deaf();
    try {
      List<String> line = new ArrayList<>(List.of("sh", "-c", "ulimit -n 100; exec \"$@\"", "sh"));
      int port = ((ServerSocket) open.get(0)).getLocalPort();
      line.addAll(command("reach", "--as", "a", "--publish", "--port", "" + port));

      Launched launched = Launched.run(directory, variables(), line);

      assertEquals(1, launched.code(), launched.out());
      assertTrue(
          launched.err().contains("expected sockets to ask peers with, found an error: "),
          launched.err());
    } finally {
      for (AutoCloseable each : open) {
        each.close();
      }
    }
  }

  private static Socket from(String address, int port) throws IOException {
    Socket socket = new Socket();
    socket.bind(new InetSocketAddress(address, 0));
    socket.connect(new InetSocketAddress("127.0.0.2", port));
    socket.setSoTimeout((int) TimeUnit.SECONDS.toMillis(Launched.DEADLINE_SECONDS));
    return socket;
  }

  private static String greeting(Socket socket) throws IOException {
    return new String(socket.getInputStream().readNBytes("magpie-reach 1 b\n".length()));
  }

  /** Leaves a process no descriptor beyond those that it has, and takes that back. */
  private static void limit(long pid, String limit) throws Exception {
    assertEquals(
        0,
        Launched.await(
            new ProcessBuilder("prlimit", "--pid", "" + pid, "--nofile=" + limit + ":").start()));
  }

  @Test
  @Tag("thorough")
  void aListenerWithoutDescriptorsRestsSaysItOnceAndGoesOn() throws Exception {
    int port = listen("b");
    Process process = processes.get(0);
    try (Socket first = from("127.0.0.1", port)) {
      assertEquals("magpie-reach 1 b\n", greeting(first));
    }
    int highest = 0;
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/" + process.pid() + "/fd"))) {
      for (Path each : descriptors.toList()) {
        highest = Math.max(highest, Integer.parseInt(each.getFileName().toString()));
      }
    }
    limit(process.pid(), String.valueOf(highest + 1));
    List<Socket> open = new ArrayList<>();
    try {
      for (int i = 0; i < 32; i++) {
        open.add(from(i % 2 == 0 ? "127.0.0.1" : "127.0.0.2", port));
      }
      Socket late = from("127.0.0.3", port);
      open.add(late);
      long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(Launched.DEADLINE_SECONDS);
      while (!text("b.err").contains("peers that connect are not answered")) {
        assertTrue(System.nanoTime() < until, () -> "it says nothing: " + text("b.err"));
      }
      Duration before = process.info().totalCpuDuration().orElseThrow();
      assertFalse(process.waitFor(2, TimeUnit.SECONDS), () -> text("b.err"));
      Duration used = process.info().totalCpuDuration().orElseThrow().minus(before);
      assertTrue(used.toMillis() < 1000, "it spins: " + used);

      limit(process.pid(), "1024");

      assertEquals("magpie-reach 1 b\n", greeting(late));
      assertEquals(
          1,
          text("b.err").split("peers that connect are not answered", -1).length - 1,
          () -> text("b.err"));
    } finally {
      for (Socket socket : open) {
        socket.close();
      }
    }
  }

  @Test
  void aJvmWithoutIpv6SaysSo() throws Exception {
    Path file = directory.resolve("bench.magpie.yaml");
    Files.writeString(
        file,
        Files.readString(file)
            .replace("[127.0.0.0/8]", "[127.0.0.0/8, \"2001:db8::/64\"]")
            .replace("127.0.0.3", "\"2001:db8::3\""));
    List<String> line = command("reach", "--as", "a", "--port", "1");
    line.add(1, "-Djava.net.preferIPv4Stack=true");

    Launched launched = Launched.run(directory, variables(), line);

    assertEquals("", launched.err());
    assertEquals(5, launched.code());
    assertTrue(launched.out().contains("no-route"), launched.out());
    assertTrue(launched.out().contains("this JVM has no IPv6"), launched.out());
  }

  @Test
  @Tag("thorough")
  void wrongUsageIsSaid() {
    assertEquals(2, run("reach", "--as", "a", "--count", "0").code());
    assertEquals(2, run("reach", "--as", "a", "--timeout", "0").code());
    assertEquals(2, run("reach", "--as", "a", "--matrix", "--publish").code());
    assertEquals(2, run("reach", "--as", "a", "--publish", "--id", "b").code());
    assertEquals(2, run("reach", "--as", "a", "--from-address", "here").code());
    assertEquals(2, run("listen", "--as", "a", "--port", "70000").code());
    assertEquals(1, run("listen", "--observer").code());
    assertEquals(1, run("reach", "--as", "a", "--network", "storage").code());
  }
}
