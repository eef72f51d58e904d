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
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import magpie.peers.Environment;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.SourceUnavailableException;
import magpie.peers.text.Quote;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * Whatever peers, files, arguments and failures say, no command hands anything on that a terminal
 * could act on: no control character, no override of the writing direction.
 */
class HostileOutputTest {
  /** A title, a clipboard, a cleared screen, both kinds of control, directions, ends of lines. */
  private static final String EVIL = evil();

  /** As much of it as the name of a file can hold. */
  private static final String EVIL_NAME = EVIL.replace("\0", "").replace("\ud800", "");

  private static final List<String> COMMANDS =
      List.of(
          "check",
          "completion",
          "dismiss",
          "drift",
          "explain",
          "graph",
          "import",
          "nodes",
          "notices",
          "publish",
          "record",
          "watch");

  @TempDir Path directory;
  private final Bench bench = new Bench();
  private final TreeSet<String> commands = new TreeSet<>();

  private static String evil() {
    StringBuilder text = new StringBuilder("\u001b]52;c;ZXZpbA==\u0007\u001b]0;evil\u009c");
    text.append("\u001b[2J\u009b31m<\"'&`$()|\\>\r\n");
    for (char c = 0; c < ' '; c++) {
      text.append(c);
    }
    for (char c = 0x7f; c < 0xa0; c++) {
      text.append(c);
    }
    text.append("\u061c\u200e\u200f\u2028\u2029\ufeff\ufff9");
    for (char c = '\u202a'; c <= '\u202e'; c++) {
      text.append(c);
    }
    for (char c = '\u2066'; c <= '\u2069'; c++) {
      text.append(c);
    }
    return text.append("\ud800 end").toString();
  }

  @BeforeEach
  void fillTheBench() {
    BenchBackend.bench = bench;
    bench.self("magpie/0");
    bench.node(evil("magpie/1").suspect(true));
    bench.node(
        node("magpie/2").address("192.0.2.12/25", EVIL).address(EVIL, EVIL).label("r", EVIL));
    bench.node(node("magpie/3"));
  }

  private static PeerNode.Builder node(String id) {
    return PeerNode.builder(PeerId.of(id));
  }

  private static PeerNode.Builder evil(String id) {
    return node(id).address(EVIL, EVIL).setting(EVIL, EVIL).setting("k", EVIL).label(EVIL, EVIL);
  }

  /** What a run printed and how it ended. */
  private record Result(int code, String out, String err) {}

  private static final AtomicInteger RUNS = new AtomicInteger();

  @AfterAll
  static void tellRuns() {
    System.out.println("HostileOutputTest: " + RUNS + " runs of commands");
  }

  private Result run(List<String> args) {
    RUNS.incrementAndGet();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Environment environment = new Environment(Map.of(), Map.of(), directory, Clock.systemUTC());
    int code =
        Main.run(environment, new Output(out, Terminal.NONE), err, args.toArray(new String[0]));
    return new Result(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  /** Runs a command and finds nothing in what it printed that a terminal acts on. */
  private Result tame(String... args) {
    Result result = run(List.of(args));
    String shown = Quote.of(String.join(" ", args));
    for (String text : List.of(result.out, result.err)) {
      text.codePoints()
          .filter(c -> c != '\n' && !(c == '\t' && List.of(args).contains("hosts")))
          .forEach(
              c -> {
                String printed = Character.toString(c);
                assertEquals(printed, Quote.visible(printed), () -> shown + " printed it raw");
              });
    }
    assertFalse((result.out + result.err).isEmpty(), () -> shown + " printed nothing");
    List.of(args).stream().filter(COMMANDS::contains).forEach(commands::add);
    return result;
  }

  private Result bench(String... args) {
    List<String> all = new ArrayList<>(List.of("--backend", "bench"));
    all.addAll(List.of(args));
    return tame(all.toArray(new String[0]));
  }

  @Test
  void nothingThatPeersSayReachesATerminalRaw() {
    bench.warn(EVIL).origin(EVIL);
    for (String format : List.of("table", "json", "yaml", "hosts")) {
      assertEquals(0, bench("nodes", "--format", format).code);
    }
    for (String format : List.of("table", "json", "yaml")) {
      assertEquals(0, bench("explain", "magpie/1", "--format", format).code);
      assertEquals(0, bench("explain", "magpie/2", "--network", "oam", "--format", format).code);
      assertEquals(0, bench("notices", "--format", format).code);
      bench.remove("magpie/1");
      assertEquals(0, bench("notices", "--format", format).code);
      assertEquals(0, bench("dismiss", "departed", "--format", format).code);
      bench.node(evil("magpie/1"));
      assertEquals(0, bench("publish", "k=" + EVIL_NAME, "--format", format).code);
      assertEquals(1, bench("explain", "magpie/9", "--format", format).code);
    }
    for (String format : List.of("svg", "mermaid", "dot")) {
      assertEquals(0, bench("graph", "--format", format).code);
      assertEquals(0, bench("graph", "--group-by", EVIL, "--format", format).code);
      assertEquals(0, bench("graph", "--group-by", "r", "--departed", "--format", format).code);
    }
    assertEquals(0, bench("record").code);
    assertEquals(0, bench("record", "--mask-addresses", "--mask-settings", EVIL).code);
    assertEquals(
        List.of("dismiss", "explain", "graph", "nodes", "notices", "publish", "record"),
        List.copyOf(commands));
  }

  @Test
  void whatProgramsReadComesOutAsItWentIn() {
    for (String format : List.of("json", "yaml")) {
      String out = bench("nodes", "--id", "magpie/1", "--format", format).out;
      // Half a character is no text to a YAML reader; that it is escaped was seen above.
      LoadSettings settings = LoadSettings.builder().setMaxAliasesForCollections(0).build();
      Object read = new Load(settings).loadFromString(out.replace("\\ud800", "?"));
      String expected = EVIL.replace('\ud800', '?');
      assertEquals(
          List.of(
              Map.of(
                  "id",
                  "magpie/1",
                  "address",
                  expected,
                  "source",
                  expected,
                  "addresses",
                  List.of(mapOf("address", expected, "source", expected, "network", null)),
                  "settings",
                  Map.of(expected, expected, "k", expected),
                  "labels",
                  Map.of(expected, expected),
                  "suspect",
                  true)),
          read,
          format);
    }
  }

  private static Map<String, Object> mapOf(Object... keysAndValues) {
    return Tree.map(keysAndValues);
  }

  @Test
  void hostsHasALineForEachPeerWhateverItSays() {
    bench.node(node("magpie/4").address("192.0.2.14/25", "x").label("a\n6.6.6.6\tevil", "\n"));
    bench.node(node("magpie/5").address("192.0.2.15\n6.6.6.6\tevil", "x"));
    bench.node(node("magpie/6").address("evil\n6.6.6.6 evil", "x"));
    bench.node(node("magpie/7").address("fe80::1%x\n6.6.6.6\tevil", "x"));
    bench.node(node("magpie/8").address("host.example 6.6.6.6 evil", "x"));
    assertEquals(
        "# magpie/1: no IP address, but "
            + Quote.of(EVIL)
            + "\n192.0.2.12\tmagpie-2\n"
            + "# magpie/3: no address\n"
            + "192.0.2.14\tmagpie-4\n"
            + "# magpie/5: no IP address, but \"192.0.2.15\\n6.6.6.6\\tevil\"\n"
            + "# magpie/6: no IP address, but \"evil\\n6.6.6.6 evil\"\n"
            + "# magpie/7: no IP address, but \"fe80::1%x\\n6.6.6.6\\tevil\"\n"
            + "# magpie/8: no IP address, but \"host.example 6.6.6.6 evil\"\n",
        bench("nodes", "--format", "hosts").out);
  }

  @Test
  void nothingOnACommandLineReachesATerminalRaw() throws IOException {
    for (String command : List.of("nodes", "watch", "notices")) {
      for (String option :
          List.of("--topology", "--backend", "--peer-set", "--as", "--state", "--format")) {
        assertTrue(tame(command, option, EVIL, option + "=" + EVIL).code > 0);
      }
      tame(command, "--" + EVIL);
      tame(command, "-" + EVIL + "=x");
      tame(EVIL, command);
    }
    for (String filter : List.of("--network", "--prefer-network", "--label", "--id")) {
      bench("nodes", filter, EVIL);
      bench("nodes", filter, "k=" + EVIL);
      bench("explain", "magpie/2", filter, EVIL);
    }
    bench("nodes", EVIL);
    bench("explain", EVIL);
    bench("dismiss", EVIL);
    bench("dismiss", "joined", "--up-to", EVIL);
    bench("publish", EVIL);
    bench("publish", "=" + EVIL);
    bench("publish", EVIL + "=1", EVIL + "=2");
    bench("publish", "--file", EVIL);
    bench("publish", "--file", EVIL_NAME);
    bench("record", "--name", EVIL);
    bench("record", "--output", EVIL);
    bench("record", "--output", "none/" + EVIL_NAME);
    bench("graph", "--format", EVIL);
    bench("drift", EVIL);
    bench("drift", EVIL_NAME);
    bench("drift", EVIL_NAME, "--ignore", EVIL);
    tame("check", EVIL);
    for (String format : List.of("table", "json", "yaml")) {
      tame("check", EVIL_NAME, "--format", format);
    }
    for (String tool : List.of("ansible", "containerlab", EVIL)) {
      tame("import", tool, EVIL);
      tame("import", tool, EVIL_NAME);
      tame("import", tool, EVIL_NAME, "--name", EVIL, "--output", EVIL);
    }
    tame("completion", EVIL);
    tame("completion", "bash", EVIL);
    assertEquals(COMMANDS, List.copyOf(commands));
  }

  @Test
  void nothingThatAFailureSaysReachesATerminalRaw() {
    for (Throwable failure :
        List.of(
            new SourceUnavailableException(EVIL, EVIL, new IOException(EVIL)),
            new IllegalStateException(EVIL, new IOException(EVIL)),
            new UnsupportedOperationException(EVIL),
            new AssertionError(EVIL),
            new StackOverflowError(EVIL))) {
      bench.crash(failure);
      for (String command : List.of("nodes", "notices", "watch")) {
        assertEquals(1, bench(command).code, failure::toString);
      }
      assertEquals(1, bench("record", "--debug").code, failure::toString);
    }
  }

  @Test
  void anErrorOfTheProgramIsToldAsOne() {
    bench.crash(new AssertionError("on purpose"));
    Result result = bench("nodes");
    assertEquals(
        new Result(
            1,
            "",
            "magpie-peers: unexpected failure: java.lang.AssertionError: on purpose\n"
                + "this is a fault of magpie-peers; --debug shows where it is\n"),
        result);
  }

  @Test
  void nothingInFilesReachesATerminalRaw() throws IOException {
    String head = "version: 1\nname: bench\nnodes:\n";
    String plain = "  magpie/0: { hostname: a }\n";
    // Written as escapes, since raw ones are refused, and as they are, since that is shown too.
    String escaped = Quote.json(EVIL.replace("\ud800", ""));
    List<String> topologies =
        List.of(
            head + plain + "  magpie/1: { settings: { k: " + escaped + " }, hostname: b }\n",
            head + plain + "  magpie/1: { labels: { k: " + escaped + " }, hostname: b }\n",
            head + plain + "  " + escaped + ": { hostname: b }\n",
            head + plain + "  magpie/1: { hostname: " + escaped + " }\n",
            head + plain + "  magpie/1: { addresses: [" + escaped + "] }\n",
            head + plain + "  magpie/1: { " + escaped + ": 1 }\n",
            head.replace("bench", escaped) + plain,
            "exchange: " + escaped + "\n" + head + plain,
            "networks: { " + escaped + ": { cidrs: [" + escaped + "] } }\n" + head + plain,
            "self: [" + escaped + "]\n" + head + plain,
            head + plain + "  magpie/1: !<" + EVIL + "> { hostname: b }\n",
            head + plain + "  # " + EVIL + "\n",
            head + plain + "  magpie/1: { hostname: b } }" + EVIL_NAME.replaceAll("\\p{Cc}", ""),
            "\u202e" + head + "\u2066x: 1\n",
            EVIL);
    Path file = directory.resolve("bench.magpie.yaml");
    Path evil = directory.resolve("x" + EVIL_NAME.replace("/", ""));
    for (String topology : topologies) {
      for (Path path : List.of(file, evil)) {
        Files.write(path, topology.getBytes(StandardCharsets.UTF_8));
        String name = String.valueOf(path.getFileName());
        for (String format : List.of("table", "json", "yaml")) {
          tame("check", name, "--format", format);
        }
      }
    }
    // A view looks at a file with errors for half a second, lest it be half written; so some only.
    for (String topology : List.of(topologies.get(0), topologies.get(1))) {
      Files.write(evil, topology.getBytes(StandardCharsets.UTF_8));
      String name = String.valueOf(evil.getFileName());
      for (String format : List.of("table", "json")) {
        tame("nodes", "--observer", "--topology", name, "--format", format);
        bench("drift", name, "--format", format);
      }
    }
    Files.write(evil, topologies.get(2).getBytes(StandardCharsets.UTF_8));
    tame("nodes", "--topology", String.valueOf(evil.getFileName()));
    bench("drift", String.valueOf(evil.getFileName()));
    List<String> imported =
        List.of(
            "[web]\nhost-1 k=\"" + EVIL_NAME.replace("\n", "").replace("\r", "") + "\"\n",
            "[" + EVIL + "]\nx\n",
            EVIL,
            "all: { hosts: { " + escaped + ": { " + escaped + ": " + escaped + " } } }\n",
            "all: { hosts: { a: { ansible_host: " + escaped + ", k: " + escaped + " } } }\n",
            "name: " + escaped + "\ntopology: { nodes: { a: { " + escaped + ": 1 } } }\n",
            "name: x\ntopology: { nodes: { a: { labels: { k: " + escaped + " } } } }\n",
            "name: x\ntopology: { nodes: { a: { mgmt-ipv4: " + escaped + " } } }\n");
    for (String text : imported) {
      for (String name : List.of("hosts.ini", "hosts.yml", "x.clab.yml")) {
        Files.write(directory.resolve(name), text.getBytes(StandardCharsets.UTF_8));
        tame("import", name.startsWith("x") ? "containerlab" : "ansible", name);
      }
      for (String format : List.of("table", "json")) {
        tame("import", "ansible", "hosts.yml", "--output", "out.yaml", "--format", format);
      }
    }
    for (String settings :
        List.of("{\"k\": " + escaped + "}", "{" + escaped + ": {}}", escaped, EVIL)) {
      Files.write(directory.resolve("settings"), settings.getBytes(StandardCharsets.UTF_8));
      bench("publish", "--file", "settings");
    }
    assertEquals(List.of("check", "drift", "import", "nodes", "publish"), List.copyOf(commands));
  }

  /** Output that is waited for, and breaks when it is told to. */
  private static final class Pipe extends OutputStream {
    private final ByteArrayOutputStream all = new ByteArrayOutputStream();
    private boolean broken;

    /** Does something, and waits until one more event with that word was written. */
    synchronized void after(Runnable change, String word) throws InterruptedException {
      long before = count(word);
      change.run();
      await(word, before + 1);
    }

    /** Waits until a word was written so many times. */
    synchronized void await(String word, long times) throws InterruptedException {
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
      while (count(word) < times) {
        long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
        assertTrue(left > 0, () -> "no more of " + word + " in " + all);
        wait(left);
      }
    }

    private long count(String word) {
      return all.toString(StandardCharsets.UTF_8).split(word, -1).length - 1L;
    }

    synchronized void breakNow() {
      broken = true;
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b});
    }

    @Override
    public synchronized void write(byte[] bytes) throws IOException {
      if (broken) {
        throw new IOException("Broken pipe");
      }
      all.write(bytes);
      notifyAll();
    }
  }

  @Test
  void nothingThatHappensReachesATerminalRaw() throws Exception {
    for (String format : List.of("table", "json", "yaml")) {
      RUNS.incrementAndGet();
      fillTheBench();
      bench.origin(EVIL).fail(null);
      Pipe pipe = new Pipe();
      ByteArrayOutputStream err = new ByteArrayOutputStream();
      Environment environment = new Environment(Map.of(), Map.of(), directory, Clock.systemUTC());
      CompletableFuture<Integer> ended =
          CompletableFuture.supplyAsync(
              () ->
                  Main.run(
                      environment,
                      new Output(pipe, Terminal.NONE),
                      err,
                      "--backend",
                      "bench",
                      "watch",
                      "--debug",
                      "--format",
                      format));
      // Each waits for the one before: of two that undo each other nothing may be told (E1).
      pipe.await("magpie/3", 1);
      pipe.after(() -> bench.node(evil("magpie/4")), "joined");
      pipe.after(
          () -> bench.node(evil("magpie/4").setting("k2", EVIL).label("l", EVIL)), "updated");
      pipe.after(
          () -> bench.node(evil("magpie/4").address("x\n2026  joined  evil", EVIL)), "updated");
      pipe.after(() -> bench.remove("magpie/4"), "departed");
      pipe.after(() -> bench.fail(new SourceUnavailableException(EVIL, EVIL)), "stale");
      pipe.after(() -> bench.fail(null), "fresh");
      pipe.breakNow();
      bench.node(node("last/" + format));
      assertEquals(0, ended.get(60, TimeUnit.SECONDS));
      String printed =
          pipe.all.toString(StandardCharsets.UTF_8) + err.toString(StandardCharsets.UTF_8);
      assertEquals(printed.replace("\n", ""), Quote.visible(printed.replace("\n", "")), format);
      if (format.equals("table")) {
        assertEquals(
            List.of(),
            printed.lines().filter(line -> line.strip().startsWith("2026  joined")).toList(),
            "a peer made a line of its own");
      }
    }
  }
}
