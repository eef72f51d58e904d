/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.File;
import java.io.IOException;
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
    List<String> line = new ArrayList<>(Launched.java("-jar", Launched.JAR.toString()));
    line.addAll(List.of(arguments));
    line.addAll(List.of("--etcd", endpoint, "--peer-set", "lab"));
    return line;
  }

  private static Map<String, String> variables() {
    return Map.of("XDG_STATE_HOME", directory.resolve("state").toString());
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
            Launched.java(
                "-jar",
                Launched.JAR.toString(),
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
