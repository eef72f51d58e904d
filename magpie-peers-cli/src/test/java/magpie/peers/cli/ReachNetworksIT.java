/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.PeersOptions;
import magpie.peers.reach.ReachMatrix;
import magpie.peers.reach.ReachResult.Outcome;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The matrix of a bench equals the truth, whatever is wrong with the bench(). Nodes are network
 * namespaces, with a process for each that listens and for each that asks.
 *
 * <p>Where the system lends no namespaces they are skipped, with one line that says so, or fail
 * with {@code -Dmagpie.it.required=true}.
 */
class ReachNetworksIT {
  @TempDir Path directory;
  private @Nullable NamespaceBench made;
  private int nodes;

  @BeforeAll
  static void needsNamespaces() {
    NamespaceBench.required();
  }

  @AfterEach
  void end() {
    if (made != null) {
      made.close();
    }
  }

  /** What one node sees of another in one network, when nothing is wrong but what is said. */
  @FunctionalInterface
  private interface Truth {
    Outcome of(int from, int to, String network, boolean six);
  }

  private static final Truth WELL = (from, to, network, six) -> Outcome.ANSWERED;

  private void bench(int size) throws Exception {
    nodes = size;
    made = new NamespaceBench(directory, size);
    made.listen();
  }

  private NamespaceBench bench() {
    return Objects.requireNonNull(made, "bench");
  }

  /** All nodes but some ask; what they published is as it must be. */
  private void check(String what, Truth truth, Integer... silent) throws Exception {
    List<Integer> asking =
        IntStream.range(0, nodes).boxed().filter(node -> !List.of(silent).contains(node)).toList();
    Map<Integer, Launched> ended =
        bench().run(asking, "reach", "--publish", "--count", "1", "--timeout", "5");
    Map<String, Outcome> expected = new TreeMap<>();
    for (int from : asking) {
      boolean good = true;
      for (int to = 0; to < nodes; to++) {
        for (String network : from == to ? List.<String>of() : NamespaceBench.NETWORKS) {
          for (boolean six : new boolean[] {false, true}) {
            Outcome outcome = truth.of(from, to, network, six);
            expected.put(key(from, to, network, six), outcome);
            good &= outcome.reached();
          }
        }
      }
      Launched reach = ended.get(from);
      assertEquals("", reach.err(), what);
      assertEquals(good ? 0 : ReachCommand.NOT_REACHED, reach.code(), what + "\n" + reach.out());
    }
    assertEquals(lines(expected), lines(published(asking)), what);
  }

  private static String key(int from, int to, String network, boolean six) {
    return "n" + from + " n" + to + " " + network + (six ? " IPv6" : " IPv4");
  }

  private static String lines(Map<String, Outcome> outcomes) {
    List<String> lines = new ArrayList<>();
    outcomes.forEach((key, outcome) -> lines.add(key + " " + outcome));
    return String.join("\n", lines);
  }

  private Map<String, Outcome> published(List<Integer> asking) {
    Map<String, Outcome> seen = new TreeMap<>();
    try (PeerView view =
        Peers.open(
            PeersOptions.builder().backend("local").topology(bench().file()).observer().build())) {
      ReachMatrix matrix = ReachMatrix.of(view);
      assertEquals(List.of(), matrix.warnings());
      for (ReachMatrix.Row row : matrix.rows()) {
        if (asking.contains(Integer.parseInt(row.from().value().substring(1)))) {
          for (ReachMatrix.Cell cell : row.cells()) {
            String family = cell.address().indexOf(':') >= 0 ? " IPv6" : " IPv4";
            String key =
                row.from() + " " + cell.to() + " " + cell.network().orElse("none") + family;
            assertEquals(null, seen.put(key, cell.outcome()), key);
          }
        }
      }
    }
    return seen;
  }

  /** Both switch sides stay up; the node takes its own interface down. */
  private void cut(int node) throws Exception {
    bench().inside(node, "ip link set alpha down");
    check(
        "n" + node + " is cut off alpha",
        (from, to, network, six) ->
            !network.equals("alpha") || (from != node && to != node)
                ? Outcome.ANSWERED
                : from == node ? Outcome.NO_ROUTE : Outcome.TIMED_OUT);
    bench().inside(node, "ip link set alpha up");
    bench().address(node, "alpha", 24, 64);
  }

  private void swap(int one, int other) throws Exception {
    bench().topology(one, other);
    check(
        "n" + one + " and n" + other + " have each other's addresses in the topology",
        (from, to, network, six) ->
            to == one || to == other ? Outcome.WRONG_NODE : Outcome.ANSWERED);
    bench().topology(-1, -1);
  }

  private void pause(int node) throws Exception {
    bench().signal(node, "STOP");
    check(
        "n" + node + " is paused",
        (from, to, network, six) -> to == node ? Outcome.TIMED_OUT : Outcome.ANSWERED,
        node);
    bench().signal(node, "CONT");
  }

  @Test
  @Tag("thorough")
  void theMatrixOfThreeNodesEqualsTheTruth() throws Exception {
    bench(3);
    check("all is well", WELL);
    assertEquals(
        """
        network alpha
        FROM  n0        n1        n2
        n0    -         answered  answered
        n1    answered  -         answered
        n2    answered  answered  -

        network beta
        FROM  n0        n1        n2
        n0    -         answered  answered
        n1    answered  -         answered
        n2    answered  answered  -
        """,
        bench().run(0, "reach", "--matrix").out().replaceAll("\noldest result: .*\n$", ""));
    cut(2);
  }

  /** The system gives up before the command does, and says so in the language of the process. */
  @Test
  @Tag("thorough")
  void whatTheSystemGaveUpHasTimedOutInAProcessThatSpeaksGerman() throws Exception {
    String define = "localedef -i de_DE -f UTF-8 " + directory + "/de_DE.UTF-8";
    boolean german =
        Launched.await(new ProcessBuilder("sh", "-c", define).inheritIO().start()) == 0;
    if (!german) {
      System.out.println("The process speaks English, since this system defines no German locale");
    }
    made = new NamespaceBench(directory, 1);
    String drop = "iptables -A INPUT -p tcp -d 127.0.0.2 -j DROP";
    bench().inside(0, "sysctl -q -w net.ipv4.tcp_syn_retries=1; " + drop);
    Files.writeString(
        bench().file(),
        """
        version: 1
        name: bench
        nodes:
          n0: { addresses: [127.0.0.1] }
          n1: { addresses: [127.0.0.2] }
          n2: { addresses: [127.0.0.3] }
        """);

    Launched asked =
        bench()
            .shell(
                "LC_ALL=de_DE.UTF-8 LOCPATH='"
                    + directory
                    + "' magpie-peers reach --topology bench.magpie.yaml --as n0"
                    + " --port 1 --count 1 --timeout 60",
                0);

    assertEquals("", asked.err());
    List<String> lines = asked.out().lines().toList();
    assertTrue(lines.get(1).contains(" timed-out "), asked.out());
    assertTrue(lines.get(1).contains("nothing on the way answers: "), asked.out());
    assertEquals(!german, asked.out().contains("Connection timed out"), asked.out());
    assertTrue(lines.get(2).contains(" refused "), asked.out());
    assertEquals(ReachCommand.NOT_REACHED, asked.code());
  }

  /** "Prove a bench in five minutes" of docs/reach.md, by one who types what it says. */
  @Test
  @Tag("thorough")
  void theDocumentWorksWordForWord() throws Exception {
    List<List<String>> steps = new ArrayList<>();
    String text = Files.readString(Launched.ROOT.resolve("docs/reach.md"));
    Matcher block = Pattern.compile("(?ms)^   ```sh\n(.*?)^   ```$").matcher(text);
    while (block.find()) {
      steps.add(block.group(1).lines().map(String::strip).toList());
    }
    assertEquals(4, steps.size(), text);
    nodes = 3;
    made = new NamespaceBench(directory, nodes);
    StringBuilder lab = new StringBuilder("name: lab\nmgmt:\n  network: alpha\n");
    lab.append("  ipv4-subnet: 198.51.100.0/24\n  ipv6-subnet: \"2001:db8:a::/64\"\n");
    lab.append("topology:\n  nodes:\n");
    for (int i = 0; i < nodes; i++) {
      lab.append("    n" + i + ": { mgmt-ipv4: " + NamespaceBench.v4(i, "alpha"));
      lab.append(", mgmt-ipv6: \"" + NamespaceBench.v6(i, "alpha") + "\" }\n");
    }
    Files.writeString(directory.resolve("lab.clab.yml"), lab);
    Files.delete(bench().file());

    Launched imported = bench().shell(steps.get(0).get(0), 0);
    assertEquals(0, imported.code(), imported.err());
    assertEquals("1 file checked: no problems\n", bench().shell(steps.get(0).get(1), 0).out());
    assertTrue(text.contains("Add the line `exchange: ./bench.d` to the file"));
    Files.writeString(bench().file(), "exchange: ./bench.d\n", StandardOpenOption.APPEND);
    bench().listen(steps.get(1).get(0));
    for (int i = 0; i < nodes; i++) {
      Launched asked = bench().shell(steps.get(2).get(0), i);
      assertEquals("", asked.err());
      assertEquals(0, asked.code(), asked.out());
    }
    Launched matrix = bench().shell(steps.get(3).get(0), 2);
    assertEquals(
        """
        network alpha
        FROM  n0        n1        n2
        n0    -         answered  answered
        n1    answered  -         answered
        n2    answered  answered  -
        """,
        matrix.out().replaceAll("\noldest result: .*\n$", ""));
    Launched picture = bench().shell(steps.get(3).get(1), 2);
    assertEquals("", picture.err());
    assertTrue(Files.readString(directory.resolve("bench.svg")).startsWith("<svg "));
  }

  @Tag("thorough")
  @Test
  void theMatrixOfTenNodesEqualsTheTruth() throws Exception {
    bench(10);
    check("all is well", WELL);
    cut(2);
    swap(3, 4);
    pause(8);

    // .16 and .17 of n5 and n6 are all that fits.
    bench().address(6, "alpha", 31, 127);
    check(
        "n6 has a wrong prefix length",
        (from, to, network, six) ->
            !network.equals("alpha") || from + to == 11 || (from != 6 && to != 6)
                ? Outcome.ANSWERED
                : from == 6 ? Outcome.NO_ROUTE : Outcome.TIMED_OUT);
    bench().address(6, "alpha", 24, 64);

    firewall("DROP", "DROP", Outcome.TIMED_OUT);
    firewall(
        "REJECT --reject-with icmp-admin-prohibited",
        "REJECT --reject-with icmp6-adm-prohibited",
        Outcome.NO_ROUTE);
    firewall("REJECT --reject-with tcp-reset", "REJECT --reject-with tcp-reset", Outcome.REFUSED);
    check("all is well again", WELL);
  }

  private void firewall(String four, String six, Outcome outcome) throws Exception {
    String rule = " INPUT -i alpha -p tcp --dport 26497 -j ";
    bench().inside(9, "iptables -A" + rule + four + "; ip6tables -A" + rule + six);
    check(
        "n9 has a firewall: " + four,
        (from, to, network, v6) -> to == 9 && network.equals("alpha") ? outcome : Outcome.ANSWERED);
    bench().inside(9, "iptables -F; ip6tables -F");
  }
}
