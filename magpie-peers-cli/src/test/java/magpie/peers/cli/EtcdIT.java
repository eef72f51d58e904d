/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.Writer;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The command with a real etcd, as docs/etcd.md shows it. */
@Tag("alone")
class EtcdIT {
  @TempDir static Path directory;
  private static Process etcd;
  private static String endpoint;

  @BeforeAll
  static void startEtcd() throws IOException {
    String path = System.getenv().getOrDefault("PATH", "");
    if (Arrays.stream(path.split(File.pathSeparator, -1))
        .noneMatch(each -> Files.isExecutable(Path.of(each, "etcd")))) {
      String why = "no etcd on PATH (Debian: etcd-server)";
      if (Boolean.getBoolean("magpie.it.required")) {
        fail(why + ", and -Dmagpie.it.required=true");
      }
      System.out.println("tests with etcd are skipped: " + why);
      Assumptions.abort(why);
    }
    int client = freePort();
    String peers = "http://127.0.0.1:" + freePort();
    endpoint = "127.0.0.1:" + client;
    etcd =
        new ProcessBuilder(
                "etcd",
                "--name=s",
                "--data-dir=" + directory.resolve("data"),
                "--listen-client-urls=http://" + endpoint,
                "--advertise-client-urls=http://" + endpoint,
                "--listen-peer-urls=" + peers,
                "--initial-advertise-peer-urls=" + peers,
                "--initial-cluster=s=" + peers)
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("etcd.log").toFile())
            .start();
    // The command waits for it as long as a call may take.
    long end = System.nanoTime() + 60_000_000_000L;
    while (peers("nodes").code() != 0) {
      assertTrue(System.nanoTime() < end, "etcd does not answer; see " + directory);
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  @AfterAll
  static void stopEtcd() {
    if (etcd != null) {
      etcd.destroyForcibly();
      Launched.await(etcd);
    }
  }

  private static List<String> line(String... arguments) {
    return lineIn("lab", arguments);
  }

  private static List<String> lineIn(String set, String... arguments) {
    List<String> line = Launched.command(arguments);
    line.addAll(List.of("--etcd", endpoint, "--peer-set", set));
    return line;
  }

  private static Map<String, String> variables() {
    // On a busy machine an answer may take longer than the 5 s that are the default.
    return Map.of(
        "XDG_STATE_HOME", directory.resolve("state").toString(), "MAGPIE_PEERS_ETCD_TIMEOUT", "60");
  }

  private static Launched peers(String... arguments) {
    return Launched.run(directory, variables(), line(arguments));
  }

  private static String out(String... arguments) {
    Launched launched = peers(arguments);
    assertEquals("", launched.err(), launched.toString());
    assertEquals(0, launched.code(), launched.toString());
    return launched.out();
  }

  private static Process join(String... arguments) throws IOException {
    List<String> all = new ArrayList<>(List.of("join"));
    all.addAll(List.of(arguments));
    return Launched.process(directory, variables(), line(all.toArray(new String[0])))
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  @Test
  void nodesJoinAndLeaveAndAllCommandsSeeIt() throws IOException {
    Process first = join("--as", "blade-01", "--address", "192.0.2.1/24");
    Process second =
        join(
            "--as",
            "blade-02",
            "--address",
            "192.0.2.2/24",
            "--set-label",
            "rack=r1",
            "--leave-on-exit");
    try {
      assertEquals("joined as blade-01 with 192.0.2.1/24", first.inputReader().readLine());
      assertEquals("joined as blade-02 with 192.0.2.2/24", second.inputReader().readLine());
      assertEquals("published\n", out("publish", "port=5001", "--as", "blade-02"));
      assertEquals(
          """
          ID        ADDRESS    NETWORK  SOURCE  LABELS   NOTES
          blade-02  192.0.2.2  -        etcd    rack=r1  -
          """,
          out("nodes", "--as", "blade-01"));
      assertTrue(out("explain", "blade-02").contains("192.0.2.2/24"));
      assertTrue(out("graph", "--format", "svg").contains("blade-02"));
      Path recorded = directory.resolve("recorded.magpie.yaml");
      Files.writeString(recorded, out("record"));
      assertEquals("", out("drift", recorded.toString()).replaceFirst("(?s)^no drift.*", ""));
      assertTrue(out("notices").contains("blade-02"));
      assertTrue(out("dismiss", "joined").contains("blade-02"));

      Launched alive = peers("forget", "blade-01");
      assertEquals(1, alive.code());
      assertTrue(
          alive
              .err()
              .startsWith(
                  "magpie-peers: expected blade-01 to be gone before it is forgotten, found that"),
          alive.err());
      assertEquals("nothing to do: blade-03 is no member\n", out("forget", "blade-03"));

      second.destroy();
      assertEquals(143, Launched.await(second));
      assertTrue(out("dismiss", "departed").contains("blade-02"));
      first.destroy();
      assertEquals(143, Launched.await(first));
      assertTrue(out("nodes").contains("blade-01"));
      assertEquals("left\n", out("leave", "--as", "blade-01"));
      assertEquals("nothing to do: it is no member\n", out("leave", "--as", "blade-01"));
      assertEquals("[]\n", out("nodes", "--format", "json"));
    } finally {
      first.destroyForcibly();
      second.destroyForcibly();
    }
  }

  /** From a topology to etcd and back, as docs/etcd.md says; and watched meanwhile. */
  @Test
  void nodesJoinFromATopologyAndThereIsNoDrift() throws IOException {
    Files.writeString(
        directory.resolve("bench.magpie.yaml"),
        """
        version: 1
        name: bench
        networks:
          oam: { cidrs: [192.0.2.0/24] }
          storage: { cidrs: [198.51.100.0/24] }
        defaults: { network: storage }
        nodes:
          blade-01:
            addresses: [192.0.2.1/24, 198.51.100.1/24]
            labels: { rack: r1 }
            settings: { iperf-port: 5001 }
          blade-02: { addresses: [192.0.2.2/24, 198.51.100.2/24] }
        """);
    List<Process> processes = new ArrayList<>();
    try {
      Process watch =
          Launched.process(directory, variables(), lineIn("bench", "watch"))
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      processes.add(watch);
      BufferedReader watched = watch.inputReader();
      String started = watched.readLine();
      for (String id : List.of("blade-01", "blade-02")) {
        Process joined =
            Launched.process(
                    directory,
                    variables(),
                    lineIn("bench", "join", "--as", id, "--from", "bench.magpie.yaml"))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        processes.add(joined);
        String said = joined.inputReader().readLine();
        assertTrue(said.startsWith("joined as " + id + " with 198.51.100."), said);
        String line = watched.readLine();
        while (!line.contains("joined") || !line.contains(id)) {
          line = watched.readLine();
          assertTrue(line != null, "watch ended after " + started);
        }
      }
      Launched drift = in("bench", "drift", "bench.magpie.yaml");
      assertEquals("no drift\n", drift.out(), drift.toString());
      Launched recorded = in("bench", "record");
      Files.writeString(directory.resolve("back.magpie.yaml"), recorded.out());
      Launched back = in("bench", "drift", "back.magpie.yaml");
      assertEquals("no drift\n", back.out(), back.toString());
      assertEquals(0, in("bench", "publish", "iperf-port=5002", "--as", "blade-01").code());
      Launched changed = in("bench", "drift", "bench.magpie.yaml");
      assertEquals(4, changed.code(), changed.toString());
      assertTrue(changed.out().contains("iperf-port  5001      5002"), changed.out());

      Launched unknown = in("bench", "join", "--as", "blade-03", "--from", "bench.magpie.yaml");
      assertEquals(
          "magpie-peers: expected a node \"blade-03\" in \"bench.magpie.yaml\", found none among 2;"
              + " declare it there, or name another one with --as ID\n",
          unknown.err());
      assertEquals(1, unknown.code());
      Launched both =
          in("bench", "join", "--as", "x", "--from", "bench.magpie.yaml", "--address", "192.0.2.9");
      assertEquals(2, both.code(), both.toString());
    } finally {
      processes.forEach(Process::destroyForcibly);
      processes.forEach(Launched::await);
    }
  }

  /** A shell in a network of its own, where the ports that documents name are free. */
  private static final class Terminal implements AutoCloseable {
    private final Process shell;
    private final BufferedReader out;
    private final Writer in;

    Terminal(Path home, String... enter) throws IOException {
      List<String> command = new ArrayList<>(List.of(enter));
      command.add("sh");
      shell =
          Launched.process(Launched.ROOT, Map.of("HOME", home.toString()), command)
              .redirectErrorStream(true)
              .start();
      out = shell.inputReader();
      in = shell.outputWriter();
    }

    void type(String line) throws IOException {
      in.write(line + "\n");
      in.flush();
    }

    /** Everything that is printed up to a line that has a text. */
    String until(String text) throws IOException {
      StringBuilder all = new StringBuilder();
      while (!all.toString().contains(text)) {
        String line = out.readLine();
        assertTrue(line != null, () -> "expected " + text + ", found\n" + all);
        all.append(line).append('\n');
      }
      return all.toString();
    }

    String run(String line) throws IOException {
      type(line);
      type("echo ended with $?");
      String said = until("ended with ");
      assertTrue(said.endsWith("ended with 0\n"), () -> line + "\n" + said);
      return said;
    }

    @Override
    public void close() {
      shell.descendants().forEach(ProcessHandle::destroyForcibly);
      shell.destroyForcibly();
      Launched.await(shell);
    }
  }

  /** The two blocks of a document for two terminals. */
  private static List<List<String>> terminals(String document) throws IOException {
    String text = Files.readString(Launched.ROOT.resolve(document));
    int first = text.indexOf("```sh\netcd ");
    assertTrue(first >= 0, "expected a block that starts etcd in " + document);
    List<List<String>> blocks = new ArrayList<>();
    for (int at = first; blocks.size() < 2; at = text.indexOf("```sh\n", at + 1)) {
      int begin = at + "```sh\n".length();
      blocks.add(text.substring(begin, text.indexOf("```", begin)).lines().toList());
    }
    return blocks;
  }

  @ParameterizedTest
  @ValueSource(strings = {"README.md", "docs/etcd.md"})
  void whatTheDocumentsSayIsTypedInTwoTerminals(String document, @TempDir Path home)
      throws IOException {
    NamespaceBench.required();
    List<List<String>> blocks = terminals(document);
    try (Terminal first = new Terminal(home, "unshare", "--net")) {
      first.run("ip link set lo up");
      first.run(blocks.get(0).get(0));
      // As long as the hand of a user takes to type the next line.
      first.run(
          "until ./magpie-peers nodes --etcd 127.0.0.1:2379 --peer-set lab >/dev/null 2>&1;"
              + " do :; done");
      first.type(blocks.get(0).get(1));
      first.until("joined as blade-01 with 192.0.2.1/24");
      String net = "--net=/proc/" + first.shell.pid() + "/ns/net";
      try (Terminal second = new Terminal(home, "nsenter", net)) {
        StringBuilder said = new StringBuilder();
        for (String line : blocks.get(1)) {
          if (line.contains(" watch ")) {
            second.type(line);
            said.append(second.until("blade-01"));
          } else {
            said.append(second.run(line));
            if (line.endsWith("&")) {
              said.append(second.until("joined as"));
            }
          }
        }
        assertTrue(said.toString().contains("192.0.2.1"), said.toString());
        if (!document.equals("README.md")) {
          assertTrue(said.toString().contains("iperf-port"), said.toString());
          assertTrue(said.toString().contains("left\n"), said.toString());
        }
      }
    }
  }

  private static Launched in(String set, String... arguments) {
    return Launched.run(directory, variables(), lineIn(set, arguments));
  }

  @Test
  void whoIsNoNodeOrHasNothingToJoinWithIsToldWhatToDo() {
    Launched observer = peers("publish", "key=value");
    assertEquals(
        "magpie-peers: expected a node of /magpie/v1/lab/ to write as, found an observer; name the"
            + " node with --as ID or MAGPIE_PEERS_SELF=ID\n",
        observer.err());
    assertEquals(1, observer.code());
    Launched both = peers("nodes", "--topology", "bench.magpie.yaml");
    assertEquals(
        "magpie-peers: --topology and --etcd exclude each other: the peers are in one place\n"
            + "see magpie-peers nodes --help\n",
        both.err().replace("see magpie-peers --help", "see magpie-peers nodes --help"));
    assertEquals(2, both.code());
    Launched wrong = peers("join", "--as", "x", "--address", "192.0.2.300");
    assertEquals(2, wrong.code(), wrong.toString());
    Launched local =
        Launched.run(
            directory,
            variables(),
            Launched.command(
                "join",
                "--observer",
                "--topology",
                Launched.ROOT.resolve("examples/rack.magpie.yaml").toString()));
    assertEquals(1, local.code());
    assertEquals(
        "magpie-peers: expected a backend whose nodes join and leave by themselves, such as etcd,"
            + " found \"local\", where somebody else says who is a member\n",
        local.err());
  }
}
