/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.core.JsonFactory;
import jakarta.inject.Inject;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleFinder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.zip.ZipFile;
import magpie.peers.PeerView;
import magpie.peers.lab.Graph;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.snakeyaml.engine.v2.api.Load;
import picocli.CommandLine;

/** The packaged command on a topology file: the launcher and the jar, a real process each time. */
class CommandIT {
  private static final Map<String, String> BARE = Map.of("LANG", "C");

  /** Not even root can write there. */
  private static final Path READ_ONLY = Path.of("/proc");

  @TempDir Path directory;
  private Path topology;

  @BeforeEach
  void writeTopology() throws IOException {
    topology = Files.createDirectory(directory.resolve("bänch 日本")).resolve("a bench.magpie.yaml");
    Files.writeString(topology, bench(""));
  }

  private static String bench(String more) {
    return """
        version: 1
        name: bench-b
        networks:
          oam:     { cidrs: [192.0.2.0/25, "2001:db8:0:a::/64"] }
          storage: { cidrs: [198.51.100.0/24] }
        nodes:
          magpie/0: { addresses: [192.0.2.11/25, 198.51.100.11/24] }
          magpie/1:
            addresses: [192.0.2.12/25, 198.51.100.12/24, "2001:db8:0:a::12/64"]
            labels: { role: "führend 😀" }
          magpie/2: { addresses: [192.0.2.13/25], settings: { a: " b " } }
        """
        + more;
  }

  private Launched launcher(String... args) {
    List<String> line = new ArrayList<>(List.of(Launched.ROOT.resolve("magpie-peers").toString()));
    line.addAll(Arrays.asList(args));
    line.addAll(List.of("--topology", topology.toString()));
    return Launched.run(READ_ONLY, BARE, line);
  }

  private static void assertPrints(String expected, Launched launched) {
    assertEquals(new Launched(0, expected, ""), launched);
  }

  @Test
  void listsThePeersOnANetworkWithoutHomeInTheCLocale() {
    assertPrints(
        """
        ID        ADDRESS        NETWORK  SOURCE    LABELS           NOTES
        magpie/1  198.51.100.12  storage  topology  role=führend 😀  -
        """,
        launcher("nodes", "--as", "magpie/0", "--network", "storage"));
  }

  @Test
  void printsEveryFormat() {
    assertPrints(
        "198.51.100.12\tmagpie-1\n",
        launcher("nodes", "--as", "magpie/0", "--network", "storage", "--format", "hosts"));
    assertPrints(
        """
        [
          {
            "id": "magpie/2",
            "address": "192.0.2.13",
            "source": "topology",
            "addresses": [
              {
                "address": "192.0.2.13",
                "source": "topology",
                "network": "oam"
              }
            ],
            "settings": {
              "a": " b "
            },
            "labels": {},
            "suspect": false
          }
        ]
        """,
        launcher("nodes", "--as", "magpie/0", "--id", "magpie/2", "--format", "json"));
    assertPrints(
        """
        - id: magpie/2
          address: "192.0.2.13"
          source: topology
          addresses:
            - address: "192.0.2.13"
              source: topology
              network: oam
          settings:
            a: " b "
          labels: {}
          suspect: false
        """,
        launcher("nodes", "--as", "magpie/0", "--id", "magpie/2", "--format", "yaml"));
  }

  @Test
  void explainsVersion4Version6PreferenceAndNoMatch() {
    String candidates =
        """
        magpie/1
          SELECTED  ADDRESS              NETWORK  SOURCE    NOTE
          %s         192.0.2.12/25        oam      topology  -
          %s         198.51.100.12/24     storage  topology  -
          %s         2001:db8:0:a::12/64  oam      topology  -
        """;
    assertPrints(
        candidates.formatted("-", "*", "-")
            + """
              filter   inNetwork(198.51.100.0/24)
              rule     inNetwork(198.51.100.0/24)
              verdict  kept: 198.51.100.12 by inNetwork(198.51.100.0/24)
            """,
        launcher("explain", "magpie/1", "--observer", "--network", "198.51.100.0/24"));
    assertPrints(
        candidates.formatted("-", "-", "*")
            + """
              filter   inNetwork(2001:db8::/32)
              rule     inNetwork(2001:db8::/32)
              verdict  kept: 2001:db8:0:a::12 by inNetwork(2001:db8::/32)
            """,
        launcher("explain", "magpie/1", "--observer", "--network", "2001:db8::/32"));
    assertPrints(
        candidates.formatted("*", "-", "-")
            + """
              filter   preferNetwork(10.0.0.0/8)
              rule     first address
              verdict  kept: 192.0.2.12 by first address (fallback)
            """,
        launcher("explain", "magpie/1", "--observer", "--prefer-network", "10.0.0.0/8"));
    assertPrints(
        candidates.formatted("-", "-", "-")
            + """
              filter   inNetwork(10.0.0.0/8)
              verdict  dropped: no address lies in 10.0.0.0/8
            """,
        launcher("explain", "magpie/1", "--observer", "--network", "10.0.0.0/8"));
  }

  @Test
  void worksThroughAChainOfSymbolicLinks() throws IOException {
    Path one =
        Files.createSymbolicLink(directory.resolve("one"), Launched.ROOT.resolve("magpie-peers"));
    Path two =
        Files.createSymbolicLink(
            directory.resolve("two links"), Path.of(one.getFileName().toString()));
    Launched launched =
        Launched.run(
            directory,
            Map.of("LC_ALL", "C", "MAGPIE_TOPOLOGY", "bänch 日本/a bench.magpie.yaml"),
            List.of(two.toString(), "nodes", "--as", "magpie/0", "--format", "hosts"));
    // JUnit warns of links that lead out of its directory.
    Files.delete(two);
    Files.delete(one);
    assertPrints("192.0.2.12\tmagpie-1\n192.0.2.13\tmagpie-2\n", launched);
  }

  @Test
  void reportsAllProblemsOfAFileWithTheirPlaces() throws IOException {
    Path file = directory.resolve("bad.magpie.yaml");
    Files.writeString(
        file,
        """
        version: 1
        networks:
          oam: { cidrs: [192.0.2.1/25] }
        nods: {}
        nodes:
          magpie/0: { addresses: [192.0.2.011] }
          magpie/0: { adresses: [192.0.2.12] }
        """);
    Launched human = Launched.run(directory, BARE, Launched.command("check", "bad.magpie.yaml"));
    assertEquals(3, human.code());
    assertEquals("", human.err());
    List<String> places =
        human.out().lines().filter(line -> line.startsWith("bad.magpie.yaml:")).toList();
    assertEquals(
        List.of(
            "bad.magpie.yaml:1:1: error [missing-key]",
            "bad.magpie.yaml:3:18: error [host-bits]",
            "bad.magpie.yaml:4:1: error [unknown-key]",
            "bad.magpie.yaml:6:27: error [bad-address]",
            "bad.magpie.yaml:7:3: error [duplicate-id]",
            "bad.magpie.yaml:7:15: error [unknown-key]"),
        places.stream().map(line -> line.substring(0, line.indexOf(']') + 1)).toList());
    assertTrue(human.out().endsWith("\n1 file checked: 6 errors, 0 warnings\n"), human.out());

    Launched json =
        Launched.run(
            directory, BARE, Launched.command("check", "bad.magpie.yaml", "--format=json"));
    assertEquals(3, json.code());
    assertEquals(6, json.out().split("\"severity\": \"error\"", -1).length - 1);
  }

  @Test
  void aGoodFileHasNoProblems() {
    assertPrints(
        "1 file checked: no problems\n",
        Launched.run(
            READ_ONLY, Map.of("LANG", "C.UTF-8"), Launched.command("check", topology.toString())));
  }

  @Test
  void theExampleOfTheReadmeListsPeersOnTheStorageNetwork() {
    Launched launched =
        Launched.run(
            Launched.ROOT,
            BARE,
            List.of(
                "./magpie-peers",
                "nodes",
                "--topology",
                "examples/rack.magpie.yaml",
                "--as=magpie/0",
                "--network=storage",
                "--format=hosts"));
    assertEquals(0, launched.code(), launched.err());
    assertEquals("", launched.err());
    assertTrue(launched.out().contains("\tmagpie-1\n"), launched.out());
  }

  @Test
  void noticesSurviveTheProcess() throws IOException {
    String state = directory.resolve("state").toString();
    String shown =
        """
        NOTICE  ID        SEQUENCE  LAST ADDRESS
        joined  magpie/1  1         -
        joined  magpie/2  1         -
        """;
    assertPrints(shown, launcher("notices", "--as", "magpie/0", "--state", state));
    Files.writeString(topology, bench("  magpie/3: { addresses: [192.0.2.14/25] }\n"));
    assertPrints(
        shown, launcher("dismiss", "joined", "--up-to", "1", "--as", "magpie/0", "--state", state));
    assertPrints(
        """
        NOTICE  ID        SEQUENCE  LAST ADDRESS
        joined  magpie/3  2         -
        """,
        launcher("notices", "--as", "magpie/0", "--state", state));
    Files.writeString(topology, bench(""));
    assertPrints(
        """
        NOTICE    ID        SEQUENCE  LAST ADDRESS
        departed  magpie/3  3         192.0.2.14
        """,
        launcher("dismiss", "departed", "--as", "magpie/0", "--state", state));
    assertPrints(
        "[]\n", launcher("notices", "--as", "magpie/0", "--state", state, "--format", "json"));
  }

  @Test
  void withoutHomeOnlyNoticesNeedAStateDirectory() {
    Launched launched = launcher("notices", "--as", "magpie/0");
    assertEquals(
        new Launched(
            1,
            "",
            "magpie-peers: expected a directory for durable state, found neither the option state"
                + " nor XDG_STATE_HOME nor HOME; set --state DIR or"
                + " MAGPIE_PEERS_STATE=DIR\n"),
        launched);
  }

  /** Follows the bench in a process of its own. */
  private final class Watch implements AutoCloseable {
    private final Process process;
    private final BufferedReader lines;

    Watch() throws IOException {
      process =
          Launched.process(
                  READ_ONLY,
                  Map.of("LANG", "C.UTF-8"),
                  Launched.command(
                      "watch", "--format=json", "--as=magpie/0", "--topology", topology.toString()))
              .redirectError(directory.resolve("watch.err").toFile())
              .start();
      lines =
          new BufferedReader(
              new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    String next() throws Exception {
      CompletableFuture<String> line =
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return String.valueOf(lines.readLine());
                } catch (IOException e) {
                  return e.toString();
                }
              });
      return line.get(Launched.DEADLINE_SECONDS, TimeUnit.SECONDS);
    }

    void assertNext(String start) throws Exception {
      String line = next();
      assertTrue(line.startsWith(start), line);
    }

    @Override
    public void close() {
      process.destroyForcibly();
    }
  }

  private void replaceTopology(String text) throws IOException {
    Path fresh = Files.writeString(directory.resolve("fresh"), text);
    Files.move(
        fresh, topology, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  @Test
  void watchFollowsAndEndsWithTheCodeOfTheSignal() throws Exception {
    try (Watch watch = new Watch()) {
      watch.assertNext("{\"event\":\"present\",");
      replaceTopology(bench("  magpie/3: { addresses: [192.0.2.14/25] }\n"));
      watch.assertNext("{\"event\":\"joined\",");
      replaceTopology("version: 1\nnodes: [\n");
      watch.assertNext("{\"event\":\"health\",\"status\":\"stale\",");
      replaceTopology(bench(""));
      watch.assertNext("{\"event\":\"health\",\"status\":\"fresh\",");
      watch.assertNext("{\"event\":\"departed\",");
      // Half a line, or a word of farewell, would break whoever reads this.
      watch.process.toHandle().destroy();
      assertEquals(143, Launched.await(watch.process));
      assertEquals("null", watch.next());
      assertEquals("", Files.readString(directory.resolve("watch.err")));
    }
  }

  @Test
  void watchEndsQuietlyWhenItsReaderHasGone() throws Exception {
    try (Watch watch = new Watch()) {
      watch.assertNext("{\"event\":\"present\",");
      watch.lines.close();
      replaceTopology(bench("  magpie/3: { addresses: [192.0.2.14/25] }\n"));
      assertEquals(0, Launched.await(watch.process));
      assertEquals("", Files.readString(directory.resolve("watch.err")));
    }
  }

  @Test
  void anOutputThatCannotBeWrittenIsAFailure() throws IOException {
    Process process =
        Launched.process(READ_ONLY, BARE, Launched.command("--help"))
            .redirectOutput(new File("/dev/full"))
            .start();
    process.getOutputStream().close();
    String err = Launched.text(process.getErrorStream().readAllBytes());
    assertEquals("magpie-peers: cannot write to standard output: No space left on device\n", err);
    assertEquals(1, Launched.await(process));
  }

  @Test
  void onATerminalThereIsColourUnlessItIsUnwanted() {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/script")), "needs script(1) for a terminal");
    String bold = "\u001b[1mID        ADDRESS        …\u001b[0m\r\n";
    String coloured = terminal(Map.of("TERM", "xterm", "COLUMNS", "26")).out();
    assertEquals(bold + "magpie/1  198.51.100.12  …\r\n", coloured);
    Launched plain = terminal(Map.of("TERM", "xterm", "NO_COLOR", "1", "COLUMNS", "26"));
    assertEquals("ID        ADDRESS        …\r\nmagpie/1  198.51.100.12  …\r\n", plain.out());
  }

  private Launched terminal(Map<String, String> variables) {
    String line =
        Launched.ROOT.resolve("magpie-peers")
            + " nodes --observer --id magpie/1 --network storage --topology '"
            + topology
            + "'";
    return Launched.run(
        directory, variables, List.of("/usr/bin/script", "-qec", line, "/dev/null"));
  }

  @Test
  void tellsItsVersion() {
    assertPrints(
        "magpie-peers 0.1.0-SNAPSHOT, Java " + Runtime.version() + "\n",
        Launched.run(READ_ONLY, BARE, Launched.command("--version")));
  }

  @ParameterizedTest
  @Tag("thorough")
  @ValueSource(
      strings = {
        "nodes",
        "explain",
        "check",
        "watch",
        "notices",
        "dismiss",
        "publish",
        "completion"
      })
  void everyCommandHasHelpWithAnExampleAndTheExitCodes(String command) {
    Launched help = Launched.run(READ_ONLY, BARE, Launched.command(command, "--help"));
    assertEquals(0, help.code());
    assertEquals("", help.err());
    assertTrue(help.out().startsWith("Usage: magpie-peers " + command + " "), help.out());
    assertTrue(help.out().contains("\n  3          the input has problems"), help.out());
    int example = help.out().indexOf("\nExample:\n");
    assertTrue(
        example > 0 && help.out().substring(example).contains("magpie-peers " + command),
        help.out());
  }

  @Test
  void theScriptForTheShellIsWellFormed() throws IOException {
    Launched script = Launched.run(READ_ONLY, BARE, Launched.command("completion", "bash"));
    Path file = Files.writeString(directory.resolve("completion"), script.out());
    assertPrints("", Launched.run(directory, BARE, List.of("bash", "-n", file.toString())));
    assertPrints(
        "nodes\nnotices\n",
        Launched.run(
            directory,
            BARE,
            List.of(
                "bash",
                "-c",
                ". ./completion; COMP_WORDS=(magpie-peers no) COMP_CWORD=1; _complete_magpie-peers"
                    + " 2>/dev/null;"
                    + " printf '%s\\n' \"${COMPREPLY[@]}\"")));
  }

  @Test
  void runsOnTheModulePathToo() throws Exception {
    String path =
        modulePath(
            Main.class,
            PeerView.class,
            CommandLine.class,
            Inject.class,
            Load.class,
            JsonFactory.class,
            Graph.class,
            Class.forName("magpie.peers.local.LocalBackend"));
    assertPrints(
        "192.0.2.12\tmagpie-1\n192.0.2.13\tmagpie-2\n",
        Launched.run(
            READ_ONLY,
            Map.of("LANG", "C.UTF-8"),
            Launched.java(
                "-p",
                path,
                "-m",
                "magpie.peers.cli/magpie.peers.cli.Main",
                "nodes",
                "--as=magpie/0",
                "--format=hosts",
                "--topology=" + topology)));
  }

  private static String modulePath(Class<?>... types) {
    return Arrays.stream(types)
        .map(Launched::origin)
        .collect(Collectors.joining(File.pathSeparator));
  }

  @Test
  void theDescriptorAndTheServiceFilesOfTheJarAgree() throws IOException {
    Path jar = Path.of(Launched.origin(Main.class));
    ModuleDescriptor descriptor =
        ModuleFinder.of(jar).find("magpie.peers.cli").orElseThrow().descriptor();
    assertEquals(List.of(), List.copyOf(descriptor.exports()));
    try (ZipFile zip = new ZipFile(jar.toFile())) {
      for (ModuleDescriptor.Provides provides : descriptor.provides()) {
        byte[] services =
            zip.getInputStream(zip.getEntry("META-INF/services/" + provides.service()))
                .readAllBytes();
        assertEquals(provides.providers(), Launched.text(services).lines().toList());
      }
      assertEquals(
          descriptor.provides().size(),
          zip.stream()
              .filter(entry -> entry.getName().startsWith("META-INF/services/"))
              .filter(entry -> !entry.isDirectory())
              .count());
    }
  }
}
