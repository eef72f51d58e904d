/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import magpie.peers.cli.Main;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Every node of a bench listens, asks all others on both networks in both families, and publishes
 * what it saw. The matrix that any node shows equals the truth.
 */
@InContainers
class ReachContainersIT {
  private static final int NOT_REACHED = 5;
  private static final String ANSWERED = "answered";
  private static final String TIMED_OUT = "timed-out";

  /** The node has no address in the network; whether another way leads there is up to the host. */
  private static final String ELSEWHERE = "elsewhere";

  /** A row of the matrix begins, or one of its cells. */
  private static final Pattern PART =
      Pattern.compile(
          "\"from\":\\s*\"([^\"]*)\"|\"to\":\\s*\"([^\"]*)\",\\s*\"address\":\\s*\"([^\"]*)\","
              + "\\s*\"network\":\\s*\"([^\"]*)\",\\s*\"outcome\":\\s*\"([^\"]*)\","
              + "\\s*\"stale\":\\s*false");

  /** What one node sees of another in one network. */
  @FunctionalInterface
  private interface Truth {
    String of(Node from, Node to, NodeNetwork network);
  }

  @Test
  @Tag("thorough")
  void theMatrixOfThreeNodesEqualsTheTruth(Containers containers) {
    theMatrixEqualsTheTruth(LocalBench.listening(containers, 3));
  }

  @Tag("thorough")
  @Test
  void theMatrixOfTenNodesEqualsTheTruth(Containers containers) {
    theMatrixEqualsTheTruth(LocalBench.listening(containers, 10));
  }

  private static void theMatrixEqualsTheTruth(LocalBench bench) {
    Map<String, String> matrix = new TreeMap<>();
    check("all is well", bench, bench.nodes(), (from, to, network) -> ANSWERED, matrix);

    // Its system still accepts connections. It published earlier what it sees itself.
    Node paused = bench.node(2);
    paused.pause();
    check(
        paused.name() + " is paused",
        bench,
        bench.peersOf(paused),
        (from, to, network) -> to == paused ? TIMED_OUT : ANSWERED,
        matrix);
    paused.resume();

    Node cut = bench.node(1);
    cut.cutOff(bench.storage());
    check(
        cut.name() + " is cut off storage",
        bench,
        bench.nodes(),
        (from, to, network) ->
            network == bench.oam() || (from != cut && to != cut)
                ? ANSWERED
                : from == cut ? ELSEWHERE : TIMED_OUT,
        matrix);
  }

  /** Some nodes ask all others; then the matrix that each of them shows is as it must be. */
  private static void check(
      String what, LocalBench bench, List<Node> asking, Truth truth, Map<String, String> matrix) {
    List<Shell.Result> asked =
        Containers.atOnce(
            asking, node -> run(node, "reach", "--publish", "--count", "1", "--timeout", "5"));
    for (int i = 0; i < asking.size(); i++) {
      Node from = asking.get(i);
      boolean good = true;
      for (Node to : bench.peersOf(from)) {
        for (NodeNetwork network : from.networks()) {
          String expected = truth.of(from, to, network);
          for (String address : network.addresses(to)) {
            String outcome =
                expected.equals(ELSEWHERE)
                    ? elsewhere(asked.get(i).stdout(), address, network)
                    : expected;
            matrix.put(key(from.name(), to.name(), network.name(), address), outcome);
            good &= outcome.equals(ANSWERED);
          }
        }
      }
      assertEnded(what, from, good ? 0 : NOT_REACHED, asked.get(i));
    }

    int code = matrix.values().stream().allMatch(ANSWERED::equals) ? 0 : NOT_REACHED;
    List<Shell.Result> shown =
        Containers.atOnce(asking, node -> run(node, "reach", "--matrix", "--format", "json"));
    for (int i = 0; i < asking.size(); i++) {
      Node node = asking.get(i);
      assertEnded(what, node, code, shown.get(i));
      assertEquals(
          lines(matrix),
          lines(cells(shown.get(i).stdout())),
          what + ": the matrix of " + node.name());
    }
  }

  /** Returns what came of an address, which must be said to be asked from another network. */
  private static String elsewhere(String table, String address, NodeNetwork network) {
    List<String> lines = table.lines().filter(line -> line.contains(" " + address + " ")).toList();
    assertEquals(1, lines.size(), table);
    String line = lines.get(0);
    assertTrue(line.endsWith(" this machine has no address in " + network.name()), table);
    return line.split(" +")[4];
  }

  private static Shell.Result run(Node node, String... arguments) {
    return node.execute(Map.of(), "/", node.program(Main.class, Stream.of(arguments)));
  }

  private static void assertEnded(String what, Node node, int code, Shell.Result result) {
    assertEquals("", result.stderr(), what + ": " + node.name());
    assertEquals(code, result.exitCode(), what + ": " + node.name() + "\n" + result.stdout());
  }

  private static Map<String, String> cells(String json) {
    Map<String, String> cells = new TreeMap<>();
    Matcher part = PART.matcher(json);
    String from = "";
    while (part.find()) {
      if (part.group(1) != null) {
        from = part.group(1);
      } else {
        String key = key(from, part.group(2), part.group(4), part.group(3));
        assertEquals(null, cells.put(key, part.group(5)), key);
      }
    }
    return cells;
  }

  private static String key(String from, String to, String network, String address) {
    return String.join(" ", from, to, network, address);
  }

  private static String lines(Map<String, String> outcomes) {
    List<String> lines = new ArrayList<>();
    outcomes.forEach((key, outcome) -> lines.add(key + " " + outcome));
    return String.join("\n", lines);
  }
}
