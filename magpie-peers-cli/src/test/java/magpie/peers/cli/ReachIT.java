/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
    List<String> all = new ArrayList<>(Launched.java("-jar", Launched.JAR.toString()));
    all.addAll(List.of(arguments));
    all.addAll(List.of("--topology", "bench.magpie.yaml"));
    return all;
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
        Launched.process(directory, variables(), command("listen", "--as", id, "--port", "0"))
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

  @Test
  void aListenerIsFoundAskedAndTakesItsPortBackAtSigterm() throws Exception {
    int port = listen("b");

    Launched asked = run("reach", "--as", "a", "--port", "1", "--count", "1");

    assertEquals("", asked.err());
    List<String> lines = asked.out().lines().toList();
    assertTrue(lines.get(0).startsWith("PEER  ADDRESS    NETWORK  PORT "), asked.out());
    assertTrue(lines.get(1).matches("b     127\\.0\\.0\\.2  lab      " + port + " +answered .*"));
    assertTrue(lines.get(2).matches("c     127\\.0\\.0\\.3  lab      1 +refused .*"), asked.out());
    assertEquals(0, asked.code());

    processes.get(0).destroy();
    assertEquals(143, Launched.await(processes.get(0)));
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
  }

  @Test
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
