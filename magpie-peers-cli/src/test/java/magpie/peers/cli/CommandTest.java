/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import magpie.peers.Environment;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.SourceUnavailableException;
import magpie.peers.StateException;
import magpie.peers.text.Quote;
import magpie.peers.topology.MalformedTopologyException;
import magpie.peers.topology.Problem;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** The whole command in this process, over a backend whose peers are in memory. */
class CommandTest {
  private static final String TOPOLOGY =
      """
      version: 1
      name: bench
      application: magpie
      nodes:
        magpie/0: { addresses: [192.0.2.11/25] }
      """;

  @TempDir private Path directory;
  private final Bench bench = new Bench();
  private Map<String, String> variables = Map.of();
  private Terminal terminal = Terminal.NONE;

  @BeforeEach
  void setUp() {
    BenchBackend.bench = bench;
    bench.self("magpie/0");
    bench.node(
        node("magpie/2")
            .address("192.0.2.12/25", "topology")
            .address("198.51.100.12/24", "topology")
            .setting("iperf-port", "5001")
            .label("rack", "b"));
    bench.node(node("magpie/10").address("192.0.2.20/25", "topology").suspect(true));
    bench.node(node("tor_1").address("tor-1.example", "topology"));
  }

  private static PeerNode.Builder node(String id) {
    return PeerNode.builder(PeerId.of(id));
  }

  /** What a run printed and how it ended. */
  private record Result(int code, String out, String err) {}

  private Result run(String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    Result result = run(out, args);
    return new Result(result.code, out.toString(StandardCharsets.UTF_8), result.err);
  }

  private Result run(OutputStream out, String... args) {
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Environment environment = new Environment(variables, Map.of(), Path.of(""), Clock.systemUTC());
    int code = Main.run(environment, new Output(out, terminal), err, args);
    return new Result(code, "", err.toString(StandardCharsets.UTF_8));
  }

  private Result bench(String... args) {
    List<String> all = new ArrayList<>(List.of("--backend", "bench"));
    all.addAll(List.of(args));
    return run(all.toArray(new String[0]));
  }

  private static void assertPrints(String expected, Result result) {
    assertEquals(new Result(0, expected, ""), result);
  }

  private static void assertFails(int code, String message, Result result) {
    assertEquals(new Result(code, "", message), result);
  }

  @Test
  void nodesAreATableForPeople() {
    assertPrints(
        """
        ID         ADDRESS        NETWORK  SOURCE    LABELS  NOTES
        magpie/2   192.0.2.12     oam      topology  rack=b  -
        magpie/10  192.0.2.20     oam      topology  -       suspect
        tor_1      tor-1.example  -        topology  -       -
        """,
        bench("nodes"));
  }

  @Test
  void aTerminalGetsColourAndLinesThatFit() {
    terminal = new Terminal(true, 40);
    assertPrints(
        """
        \u001b[1mID        ADDRESS     NETWORK  SOURCE  …\u001b[0m
        magpie/2  192.0.2.12  oam      topology…
        """,
        bench("nodes", "--label", "rack=b"));
  }

  @Test
  void nodesAsJsonHaveTheKeysOfTheContract() {
    assertPrints(
        """
        [
          {
            "id": "magpie/2",
            "address": "192.0.2.12",
            "source": "topology",
            "addresses": [
              {
                "address": "192.0.2.12",
                "source": "topology",
                "network": "oam"
              },
              {
                "address": "198.51.100.12",
                "source": "topology",
                "network": "storage"
              }
            ],
            "settings": {
              "iperf-port": "5001"
            },
            "labels": {
              "rack": "b"
            },
            "suspect": false
          }
        ]
        """,
        bench("nodes", "--id", "magpie/2", "--format", "json"));
  }

  @Test
  void whatIsAbsentIsNull() {
    bench.node(node("zero"));
    assertPrints(
        """
        - id: zero
          address: null
          source: null
          addresses: []
          settings: {}
          labels: {}
          suspect: false
        """,
        bench("nodes", "--id", "zero", "--format", "yaml"));
  }

  @Test
  void noPeersAreAnEmptyListAndAHeading() {
    assertPrints("[]\n", bench("nodes", "--id", "none", "--format", "json"));
    assertPrints("[]\n", bench("nodes", "--id", "none", "--format", "yaml"));
    assertPrints("", bench("nodes", "--id", "none", "--format", "hosts"));
    assertPrints("ID  ADDRESS  NETWORK  SOURCE  LABELS  NOTES\n", bench("nodes", "--id", "none"));
  }

  @Test
  void hostsAreLinesForEtcHostsAndTheRestIsSaidInComments() {
    bench.node(node("a/1").address("192.0.2.31", "topology"));
    bench.node(node("a-1").address("192.0.2.32", "topology"));
    bench.node(node("end-").address("192.0.2.33", "topology"));
    bench.node(node("six").address("2001:db8:a::6", "topology"));
    bench.node(node("zero"));
    assertPrints(
        """
        # a/1 at 192.0.2.31: not the only a-1
        # a-1 at 192.0.2.32: not the only a-1
        # end- at 192.0.2.33: end- is no host name
        192.0.2.12\tmagpie-2
        192.0.2.20\tmagpie-10
        2001:db8:a::6\tsix
        # tor_1: no IP address, but "tor-1.example"
        # zero: no address
        """,
        bench("nodes", "--format", "hosts"));
  }

  @Test
  void networkDropsAndPreferNetworkFallsBack() {
    assertPrints(
        """
        ID        ADDRESS        NETWORK  SOURCE    LABELS  NOTES
        magpie/2  198.51.100.12  storage  topology  rack=b  -
        """,
        bench("nodes", "--network", "storage"));
    assertPrints(
        """
        ID         ADDRESS        NETWORK  SOURCE    LABELS  NOTES
        magpie/2   198.51.100.12  storage  topology  rack=b  -
        magpie/10  192.0.2.20     oam      topology  -       suspect,fallback
        tor_1      tor-1.example  -        topology  -       fallback
        """,
        bench("nodes", "--prefer-network", "198.51.100.0/24"));
  }

  @Test
  void optionsMayStandBeforeTheCommandAndThoseBehindItCount() {
    assertPrints(
        "198.51.100.12\tmagpie-2\n",
        bench(
            "--format",
            "json",
            "--network",
            "oam",
            "nodes",
            "--network=storage",
            "--format=hosts"));
  }

  @Test
  void everyGlobalOptionReachesTheBackend() {
    bench("nodes", "--as", "magpie/7", "--state", "/s", "--peer-set", "p", "--topology", "/t");
    assertEquals("magpie/7", bench.options().option("self").orElseThrow());
    assertEquals("/s", bench.options().option("state").orElseThrow());
    assertEquals("p", bench.options().option("peer-set").orElseThrow());
    assertEquals("/t", bench.options().option("topology").orElseThrow());
    assertEquals(false, bench.options().observer());
    bench("--observer", "nodes");
    assertEquals(true, bench.options().observer());
  }

  @Test
  void theCommandLineCountsBeforeTheEnvironment() {
    variables = Map.of("MAGPIE_PEERS_BACKEND", "nowhere", "MAGPIE_OBSERVER", "true");
    assertEquals(0, bench("nodes", "--as", "magpie/7").code());
    assertEquals(false, bench.options().observer());
  }

  @Test
  void aFlagCountsBeforeTheEnvironmentAlsoWhereTheyExcludeEachOther() {
    variables =
        Map.of("MAGPIE_PEERS_SELF", "magpie/7", "MAGPIE_STATE", "/e", "MAGPIE_PEER_SET", "e");
    assertEquals(0, bench("nodes", "--observer", "--state", "/f", "--peer-set", "f").code());
    assertEquals(true, bench.options().observer());
    assertEquals(Optional.empty(), bench.options().self());
    assertEquals(Optional.of("/f"), bench.options().option("state"));
    assertEquals(Optional.of("f"), bench.options().peerSet());
    variables = Map.of("MAGPIE_PEERS_OBSERVER", "true", "MAGPIE_SELF", "magpie/7");
    assertEquals(0, bench("nodes", "--as", "magpie/8").code());
    assertEquals(false, bench.options().observer());
    assertEquals(Optional.of(PeerId.of("magpie/8")), bench.options().self());
  }

  @Test
  void messagesNameTheFlagOrThePlaceInTheEnvironment() throws IOException {
    Path file = Files.writeString(directory.resolve("b.yaml"), TOPOLOGY);
    variables = Map.of("MAGPIE_TOPOLOGY", file.toString());
    assertFails(
        1,
        "magpie-peers: --as: expected \"magpie/7\" to be a node of "
            + Quote.of(file.toString())
            + ", found no such node; did you mean \"magpie/0\"?; its nodes are magpie/0; name one of"
            + " them, add the node to the file, or look from outside with --observer or"
            + " MAGPIE_PEERS_OBSERVER=true\n",
        run("nodes", "--as", "magpie/7"));
    variables = Map.of("MAGPIE_TOPOLOGY", file.toString(), "MAGPIE_SELF", "magpie/7");
    assertTrue(
        run("nodes").err().startsWith("magpie-peers: option self (MAGPIE_SELF): expected "),
        run("nodes").err());
    variables = Map.of("MAGPIE_PEERS_BACKEND", "nowhere");
    assertTrue(
        run("nodes").err().startsWith("magpie-peers: option backend (MAGPIE_PEERS_BACKEND): "),
        run("nodes").err());
  }

  @Test
  void theTopologyOfOnePeerSetIsTakenForIt() throws IOException {
    Path file = Files.writeString(directory.resolve("b.yaml"), TOPOLOGY);
    variables = Map.of("MAGPIE_TOPOLOGY", "/nowhere", "MAGPIE_STORAGE_TOPOLOGY", file.toString());
    assertPrints(
        "192.0.2.11\tmagpie-0\n",
        run("nodes", "--peer-set", "storage", "--observer", "--format", "hosts"));
  }

  @Test
  void checkTakesTheFileThatTheOthersTake() throws IOException {
    Path file = Files.writeString(directory.resolve("b.yaml"), TOPOLOGY);
    variables = Map.of("MAGPIE_TOPOLOGY", file.toString());
    assertPrints("1 file checked: no problems\n", run("check"));
    variables = Map.of("MAGPIE_TOPOLOGY", "/nowhere");
    assertPrints("1 file checked: no problems\n", run("check", "--topology", file.toString()));
    assertPrints("1 file checked: no problems\n", run("check", file.toString()));
    variables = Map.of();
    assertUsage(
        "expected FILE..., --topology or MAGPIE_TOPOLOGY, found none",
        "magpie-peers check",
        run("check"));
  }

  @Test
  void anExplicitTopologyMeansTheLocalBackend() {
    variables = Map.of("MAGPIE_PEERS_BACKEND", "bench");
    assertFails(
        1,
        """
        magpie-peers: /nowhere/bench.magpie.yaml: error [missing-file] expected a topology file,\
         found none
          fix: correct the name, or create the file
        """,
        run("nodes", "--topology", "/nowhere/bench.magpie.yaml"));
  }

  @Test
  void warningsOfTheReadingGoToStandardError() {
    bench.warn("two relations\u001b[2J name magpie/2");
    Result result = bench("nodes", "--id", "none", "--format", "json");
    assertEquals(
        new Result(0, "[]\n", "magpie-peers: warning: two relations\\u001b[2J name magpie/2\n"),
        result);
  }

  @Test
  void controlCharactersNeverReachATerminal() {
    bench.node(node("zero").label("evil", "\u001b[31m\u009b\u202e\n").address("a\u001bb", "x\ty"));
    assertPrints(
        """
        ID    ADDRESS   NETWORK  SOURCE  LABELS                         NOTES
        zero  a\\u001bb  -        x\\ty    evil=\\u001b[31m\\u009b\\u202e\\n  -
        """,
        bench("nodes", "--id", "zero"));
  }

  @Test
  void explainShowsEveryCandidateAndTheRule() {
    assertPrints(
        """
        magpie/2
          SELECTED  ADDRESS           NETWORK  SOURCE    NOTE
          -         192.0.2.12/25     oam      topology  -
          *         198.51.100.12/24  storage  topology  -
          filter   inNetwork(storage)
          rule     inNetwork(storage)
          verdict  kept: 198.51.100.12 by inNetwork(storage)
        """,
        bench("explain", "magpie/2", "--network", "storage"));
    assertPrints(
        """
        magpie/10 (suspect: its source doubts it)
          SELECTED  ADDRESS        NETWORK  SOURCE    NOTE
          -         192.0.2.20/25  oam      topology  -
          filter   inNetwork(storage)
          verdict  dropped: no address lies in storage (198.51.100.0/24)
        """,
        bench("explain", "magpie/10", "--network", "storage"));
    assertPrints(
        """
        magpie/10 (suspect: its source doubts it)
          SELECTED  ADDRESS        NETWORK  SOURCE    NOTE
          *         192.0.2.20/25  oam      topology  -
          filter   preferNetwork(storage)
          rule     first address
          verdict  kept: 192.0.2.20 by first address (fallback)
        """,
        bench("explain", "magpie/10", "--prefer-network", "storage"));
  }

  @Test
  void explainSaysWhyAHostNameMatchesNothing() {
    bench.node(node("six").address("2001:db8:a::6/64", "topology").address("six", "topology"));
    assertPrints(
        """
        {
          "id": "six",
          "filter": "inNetwork(oam)",
          "addresses": [
            {
              "address": "2001:db8:a::6",
              "source": "topology",
              "network": "oam",
              "note": null,
              "selected": true
            },
            {
              "address": "six",
              "source": "topology",
              "network": null,
              "note": "a host name, which is never looked up",
              "selected": false
            }
          ],
          "rule": "inNetwork(oam)",
          "verdict": "kept",
          "reason": null,
          "address": "2001:db8:a::6",
          "fallback": false,
          "suspect": false
        }
        """,
        bench("explain", "six", "--network", "oam", "--format", "json"));
  }

  @Test
  void explainNamesTheNearestPeersOfAnUnknownOne() {
    assertFails(
        1,
        """
        magpie-peers: expected the id of a peer, found "magpie/20"; did you mean magpie/2?
          there are magpie/2, magpie/10, tor_1
        """,
        bench("explain", "magpie/20"));
    assertFails(
        1,
        "magpie-peers: expected the id of a peer, found \"magpie/0\", which is this node itself;"
            + " --as OTHER or --observer explains it\n",
        bench("explain", "magpie/0"));
    for (int i = 20; i < 30; i++) {
      bench.node(node("magpie/" + i));
    }
    assertFails(
        1,
        """
        magpie-peers: expected the id of a peer, found "blade"
          there are magpie/2, magpie/10, magpie/20, magpie/21, magpie/22, magpie/23, magpie/24,\
         magpie/25, magpie/26, magpie/27 and 3 more
        """,
        bench("explain", "blade"));
  }

  @Test
  void noticesAreRecordedAndDismissedAsTheyWereShown() {
    String joined =
        """
        NOTICE  ID         SEQUENCE  LAST ADDRESS
        joined  magpie/2   1         -
        joined  magpie/10  1         -
        joined  tor_1      1         -
        """;
    assertPrints(joined, bench("notices"));
    assertPrints(joined, bench("dismiss", "joined"));
    assertPrints("[]\n", bench("notices", "--format", "json"));

    bench.remove("magpie/2");
    String departed =
        """
        NOTICE    ID        SEQUENCE  LAST ADDRESS
        departed  magpie/2  2         192.0.2.12
        """;
    assertPrints("NOTICE  ID  SEQUENCE  LAST ADDRESS\n", bench("dismiss", "joined"));
    assertPrints(departed, bench("notices"));
    assertPrints(
        """
        - kind: departed
          id: magpie/2
          sequence: 2
          lastKnown:
            id: magpie/2
            address: "192.0.2.12"
            source: topology
            addresses:
              - address: "192.0.2.12"
                source: topology
                network: oam
              - address: "198.51.100.12"
                source: topology
                network: storage
            settings:
              iperf-port: "5001"
            labels:
              rack: b
            suspect: false
        """,
        bench("dismiss", "departed", "--format", "yaml"));
    assertPrints("[]\n", bench("notices", "--format", "json"));
  }

  @Test
  void dismissUpToLeavesLaterNotices() {
    bench("notices");
    bench.node(node("magpie/3"));
    assertPrints(
        """
        NOTICE  ID         SEQUENCE  LAST ADDRESS
        joined  magpie/2   1         -
        joined  magpie/10  1         -
        joined  tor_1      1         -
        """,
        bench("dismiss", "joined", "--up-to", "1"));
    assertPrints(
        """
        NOTICE  ID        SEQUENCE  LAST ADDRESS
        joined  magpie/3  2         -
        """,
        bench("notices"));
  }

  /** Breaks at the first byte. */
  private static final class Broken extends OutputStream {
    private final String reason;

    Broken(String reason) {
      this.reason = reason;
    }

    @Override
    public void write(int b) throws IOException {
      throw new IOException(reason);
    }
  }

  @Test
  void whatCouldNotBeShownIsNotDismissed() {
    Result gone = run(new Broken("Broken pipe"), "--backend", "bench", "dismiss", "joined");
    assertFails(1, "magpie-peers: nothing was dismissed: the reader of the list went away\n", gone);
    assertEquals(4, bench("notices").out().lines().count());
  }

  @Test
  void aReaderThatWentAwayIsNoFailure() {
    assertFails(0, "", run(new Broken("Broken pipe"), "--backend", "bench", "nodes"));
    assertFails(0, "", run(new Broken("Broken pipe"), "--help"));
  }

  @Test
  void publishMergesAndRemoves() {
    assertPrints("published\n", bench("publish", "a=b=c ", "d="));
    assertPrints("published\n", bench("publish", "e=\n", "a="));
    assertEquals(Map.of("e", "\n"), bench.published());
    assertPrints("nothing to write: all of it is published already\n", bench("publish", "e=\n"));
    assertPrints("{\n  \"written\": false\n}\n", bench("publish", "a=", "--format", "json"));
    // Arguments are meant as they are written, not as files of arguments.
    assertPrints("written: true\n", bench("publish", "@a=1", "--format", "yaml"));
  }

  private static void assertUsage(String message, String command, Result result) {
    assertFails(2, "magpie-peers: " + message + "\nsee " + command + " --help\n", result);
  }

  @Test
  void wrongUsageIsToldInTwoLines() {
    assertUsage("Missing required subcommand", "magpie-peers", run());
    assertUsage(
        "Unknown option: '--netwrk=x'\ndid you mean --network?",
        "magpie-peers nodes",
        run("nodes", "--netwrk=x"));
    assertUsage(
        "Unmatched argument at index 0: 'nods'\ndid you mean nodes?", "magpie-peers", run("nods"));
    assertUsage(
        "Unmatched argument at index 1: '\\u001b[2J'",
        "magpie-peers nodes",
        run("nodes", "\u001b[2J"));
    assertUsage(
        "--format: expected one of table, json, yaml, hosts, found \"jsn\"; did you mean json?",
        "magpie-peers nodes",
        run("nodes", "--format", "jsn"));
    assertUsage(
        "--format: expected one of svg, mermaid, dot, found \"jsn\"",
        "magpie-peers graph",
        run("graph", "--format", "jsn"));
    assertUsage(
        "--wide is for the table; the other formats tell more, except hosts",
        "magpie-peers nodes",
        run("nodes", "--wide", "--format", "json"));
    assertUsage(
        "Invalid value for positional parameter at index 0 (joined|departed): expected one of"
            + " joined, departed, found \"all\"",
        "magpie-peers dismiss",
        bench("dismiss", "all"));
    assertUsage(
        "--format hosts is not for notices",
        "magpie-peers notices",
        bench("notices", "--format", "hosts"));
    assertUsage(
        "--network, --prefer-network, --label and --id are not for dismiss",
        "magpie-peers dismiss",
        bench("--id", "magpie/2", "dismiss", "joined"));
    assertUsage(
        "Unknown options: '--id', 'magpie/2'",
        "magpie-peers dismiss",
        bench("dismiss", "joined", "--id", "magpie/2"));
    assertUsage(
        "--network and --prefer-network exclude each other: the one drops what the other keeps",
        "magpie-peers nodes",
        bench("--network", "oam", "nodes", "--prefer-network", "storage"));
    assertUsage(
        "--network: expected the name of a network or a CIDR, found \"192.0.2.1/24\": expected a"
            + " network such as 192.0.2.0/24, found \"192.0.2.1/24\": bits behind the prefix are set; the"
            + " network is 192.0.2.0/24",
        "magpie-peers nodes",
        bench("nodes", "--network", "192.0.2.1/24"));
    assertUsage(
        "--label: expected KEY=VALUE, found \"rack\"",
        "magpie-peers nodes",
        bench("nodes", "--label", "rack"));
    assertUsage(
        "--as and --observer exclude each other: an observer is no node",
        "magpie-peers",
        bench("nodes", "--as", "magpie/0", "--observer"));
    assertUsage(
        "expected a value for --topology, found \"\"",
        "magpie-peers",
        run("nodes", "--topology", ""));
    assertUsage("expected KEY=VALUE, found \"=b\"", "magpie-peers publish", bench("publish", "=b"));
    assertUsage(
        "expected every key once, found \"a\" twice",
        "magpie-peers publish",
        bench("publish", "a=1", "a=2"));
  }

  private static final List<String> COMMANDS =
      List.of(
          "nodes",
          "explain",
          "check",
          "watch",
          "notices",
          "dismiss",
          "publish",
          "record",
          "drift",
          "graph",
          "listen",
          "reach",
          "import",
          "completion");

  @ParameterizedTest
  @CsvSource({
    "nods, nodes",
    "node, nodes",
    "notice, notices",
    "wacth, watch",
    "Explain, explain",
    "comp, completion",
    "grahp, graph",
    "lsten, listen",
    "ls, ''",
    "xyz, ''",
    "r, ''",
    "nodes --o, ''",
    "nodes --netwrk, --network",
    "nodes --netwrk=x, --network",
    "nodes --prefer, --prefer-network",
    "nodes -topology, --topology",
    "nodes --peerset, --peer-set",
    "record --mask, --mask-addresses or --mask-settings",
    "record --ouput=x, --output",
    "nodes --out, ''",
    "--formt, --format",
    "nodes --zzz, ''",
  })
  void onlyWhatIsNearIsSuggested(String line, String suggested) {
    String err = run(line.split(" ", -1)).err();
    List<String> said = err.lines().filter(text -> text.startsWith("did you mean")).toList();
    assertEquals(
        suggested.isEmpty() ? List.of() : List.of("did you mean " + suggested + "?"), said, err);
  }

  @Test
  void theHelpOfACommandHasItsOwnOptionsFirstAndTheCommonOnesInALineEach() {
    for (String command : COMMANDS) {
      String help = run(command, "--help").out();
      int common = help.indexOf("\nCommon options:\n");
      int end = help.indexOf("\nExit codes:\n");
      assertTrue(0 < common && common < end, help);
      List<String> lines = help.substring(common + 17, end).strip().lines().toList();
      assertTrue(lines.get(0).strip().startsWith("--topology=FILE"), help);
      for (String line : lines) {
        assertTrue(line.strip().startsWith("-"), () -> "one line each: " + line + "\n" + help);
      }
      int own = help.indexOf("\nOptions:\n");
      for (String line :
          own < 0 ? List.<String>of() : help.substring(own, common).lines().toList()) {
        assertFalse(line.strip().startsWith("--topology"), help);
      }
      List<String> options =
          help.lines()
              .map(String::strip)
              .filter(line -> line.startsWith("-"))
              .map(line -> line.split("[ =]", 2)[0])
              .toList();
      assertEquals(List.copyOf(new TreeSet<>(options)), options.stream().sorted().toList());
    }
  }

  @Test
  void theHelpNamesTheFormatsThatTheCommandHas() {
    Map<String, String> formats = new TreeMap<>();
    for (String command : COMMANDS) {
      String help = run(command, "--help").out();
      String line = help.lines().filter(l -> l.contains("--format=FORMAT")).findFirst().orElse("");
      formats.put(command, line.replaceAll("^ *--format=FORMAT *", ""));
    }
    String usual = "table, json or yaml (default: table)";
    Map<String, String> expected = new TreeMap<>();
    COMMANDS.forEach(command -> expected.put(command, usual));
    expected.put("nodes", "table, json, yaml or hosts (default: table)");
    expected.put("graph", "svg, mermaid or dot (default: svg)");
    expected.put("record", "");
    expected.put("completion", "");
    assertEquals(expected, formats);
  }

  @Test
  void examplesAreNeverWrapped() {
    variables = Map.of("COLUMNS", "40");
    List<Class<?>> types =
        List.of(
            NodesCommand.class,
            ExplainCommand.class,
            CheckCommand.class,
            WatchCommand.class,
            NoticesCommand.class,
            DismissCommand.class,
            PublishCommand.class,
            RecordCommand.class,
            DriftCommand.class,
            GraphCommand.class,
            ImportCommand.class,
            CompletionCommand.class,
            Main.class);
    int longest = 0;
    for (Class<?> type : types) {
      CommandLine.Command command = type.getAnnotation(CommandLine.Command.class);
      String help = type == Main.class ? run("--help").out() : run(command.name(), "--help").out();
      for (String example : command.footer()) {
        assertTrue(help.contains("\n" + example + "\n"), () -> example + "\n" + help);
        longest = Math.max(longest, example.length());
      }
    }
    assertTrue(longest > 80, "no example is longer than a line of the help");
  }

  @Test
  void wideShowsSettingsInLinesThatAreNeverCut() {
    bench.node(
        node("magpie/2")
            .address("192.0.2.12/25", "topology")
            .setting("iperf-port", "5001")
            .setting("motd", "two  words\n\u001b[2J")
            .setting("url", "http://a?b=c"));
    terminal = new Terminal(false, 30);
    assertPrints(
        """
        ID         ADDRESS        NETWORK  SOURCE    LABELS  NOTES    SETTINGS
        magpie/2   192.0.2.12     oam      topology  -       -        iperf-port=5001 motd="two  words\\n\\u001b[2J" url="http://a?b=c"
        magpie/10  192.0.2.20     oam      topology  -       suspect  -
        tor_1      tor-1.example  -        topology  -       -        -
        """,
        bench("nodes", "--wide"));
  }

  @ParameterizedTest
  @CsvSource({
    "LocalHost, means another host",
    "localhost.localdomain, means another host",
    "a.localhost, means another host",
    "ip6/loopback, means another host",
    "broadcasthost, means another host",
    "42, reads as an address",
    "010, reads as an address",
    "0x7F, reads as an address",
    "10.1, reads as an address",
    "1.2.3.4.5, reads as an address",
    "localhost-1, ''",
    "host42, ''",
    "42a, ''",
    "7/8, ''",
    "blade.42, ''",
    "0xg, ''",
  })
  void hostsNameNoPeerAsAnotherHostOrAnAddress(String id, String reason) {
    bench.node(node(id).address("192.0.2.31", "topology"));
    String name = id.replace('/', '-');
    assertPrints(
        reason.isEmpty()
            ? "192.0.2.31\t" + name + "\n"
            : "# " + id + " at 192.0.2.31: " + name + " " + reason + "\n",
        bench("nodes", "--format", "hosts", "--id", id));
  }

  @Test
  void aWarningIsOneLineWithoutTheExcerptOfTheFile() {
    bench.warn("b.yaml:5:21: warning [x] expected\n  5 |  a: b\n    |  ^^\n  at nodes; fix: do it");
    assertEquals(
        "magpie-peers: warning: b.yaml:5:21: warning [x] expected; at nodes; fix: do it\n",
        bench("nodes").err());
  }

  @Test
  void aFailureIsOneMessageWithoutStackTrace() {
    bench.fail(new SourceUnavailableException("a bench", "expected a bench,\nfound \u001b[2J"));
    assertFails(1, "magpie-peers: expected a bench,\nfound \\u001b[2J\n", bench("nodes"));
    List<String> debug = bench("nodes", "--debug").err().lines().toList();
    assertEquals("magpie.peers.SourceUnavailableException: expected a bench,", debug.get(2));
    assertEquals("found \\u001b[2J", debug.get(3));
    assertTrue(
        debug.stream().anyMatch(line -> line.startsWith("  at magpie.peers.cli.CommandTest.")),
        debug.toString());
  }

  @Test
  void aFailureThatIsLoggedIsOneLineWithoutStackTrace() {
    ByteArrayOutputStream told = new ByteArrayOutputStream();
    StandardErrorLog.to(new PrintStream(told, true, StandardCharsets.UTF_8), false);
    System.getLogger("any")
        .log(
            System.Logger.Level.WARNING,
            "told",
            new StateException("a file", "the disk is gone\n  at once"));
    assertEquals(
        "magpie-peers: warning: told: the disk is gone\n", told.toString(StandardCharsets.UTF_8));
  }

  @Test
  void aVariableTurnsStackTracesOnUnlessItIsFalse() {
    bench.fail(new SourceUnavailableException("a bench", "expected a bench"));
    variables = Map.of("MAGPIE_DEBUG", "false");
    assertFails(1, "magpie-peers: expected a bench\n", bench("nodes"));
    for (String name : List.of("MAGPIE_DEBUG", "MAGPIE_PEERS_DEBUG")) {
      variables = Map.of(name, "true");
      assertTrue(bench("nodes").err().contains("\n  at magpie.peers.cli.CommandTest."), name);
    }
  }

  @Test
  void problemsOfTheInputHaveTheirOwnCode() {
    bench.fail(
        new MalformedTopologyException(
            List.of(Problem.ofFile("missing-file", "b.yaml", "expected a file", "make it"))));
    assertFails(
        3, "b.yaml: error [missing-file] expected a file\n  fix: make it\n", bench("nodes"));
  }

  @Test
  void settingsAreReadFromWhateverHoldsThemUpToALimit() {
    assertFails(
        1,
        "magpie-peers: expected settings of at most 16777216 bytes, found more in /dev/zero\n",
        bench("publish", "--file", "/dev/zero"));
    assertFails(
        1,
        "magpie-peers: expected settings, found that \"/\" cannot be read: Is a directory\n",
        bench("publish", "--file", "/"));
  }

  @Test
  void anUnknownNetworkIsAFailure() {
    assertFails(
        1,
        "magpie-peers: expected a network of a bench, found \"storag\"; it declares oam, storage;"
            + " did you mean storage?\n",
        bench("nodes", "--network", "storag"));
  }
}
