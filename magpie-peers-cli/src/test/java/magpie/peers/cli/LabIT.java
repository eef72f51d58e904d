/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import magpie.peers.testkit.juju.FakeJuju;
import magpie.peers.testkit.juju.FakeUnit;
import magpie.peers.testkit.juju.HookContext;
import magpie.peers.testkit.juju.JujuVersion;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The packaged command between live peers and a bench. */
class LabIT {
  private static final Path LABS =
      Launched.ROOT.resolve("magpie-peers-lab/src/test/resources/labs");

  @TempDir Path directory;

  private Launched magpie(String... args) {
    return Launched.run(
        directory,
        Map.of("MAGPIE_PEERS_STATE", directory.resolve("state").toString()),
        Launched.command(args));
  }

  private static void assertPrints(String expected, Launched launched) {
    assertEquals(new Launched(0, expected, ""), launched);
  }

  private Path write(String name, String text) throws IOException {
    return Files.writeString(directory.resolve(name), text);
  }

  private static String bench(int nodes) {
    StringBuilder text =
        new StringBuilder(
            """
            version: 1
            name: bench
            networks:
              oam: { cidrs: [10.0.0.0/16, "2001:db8:0:a::/64"] }
              storage: { cidrs: [10.1.0.0/16] }
            defaults: { network: storage, labels: { rack: b } }
            nodes:
            """);
    for (int i = 0; i < nodes; i++) {
      String place = i / 250 + "." + (i % 250 + 1);
      String more = i % 2 == 0 ? ", 10.1." + place : "";
      text.append("  magpie/" + i + ": { addresses: [10.0." + place + "/16");
      text.append(", \"2001:db8:0:a::" + Integer.toHexString(i + 1) + "/64\"" + more + "]");
      text.append(i % 3 == 1 ? ", hostname: blade-" + i + ".lab.example" : "");
      text.append(i % 5 == 2 ? ", settings: { motd: \" two\\n\\\"lines\\\" \", n: 1.0 }" : "");
      text.append(i % 7 == 3 ? ", state: suspect" : "").append(" }\n");
    }
    return text.toString();
  }

  @Test
  void replaysABenchByteForByte() throws IOException {
    replaysABenchByteForByte(3);
  }

  @Tag("thorough")
  @ParameterizedTest
  @ValueSource(ints = {100, 1000})
  void replaysABenchByteForByte(int nodes) throws IOException {
    write("bench.magpie.yaml", bench(nodes));
    assertPrints(
        "",
        magpie(
            "record", "--topology", "bench.magpie.yaml", "--as", "magpie/1", "--output", "r.yaml"));
    assertPrints("1 file checked: no problems\n", magpie("check", "r.yaml"));
    Launched live =
        magpie("nodes", "--topology", "bench.magpie.yaml", "--as", "magpie/1", "--format", "json");
    assertEquals(0, live.code(), live.err());
    assertPrints(
        live.out(),
        magpie("nodes", "--topology", "r.yaml", "--as", "magpie/1", "--format", "json"));
    assertPrints(
        "no drift\n",
        magpie("drift", "r.yaml", "--topology", "bench.magpie.yaml", "--as", "magpie/1"));
  }

  private FakeJuju juju(int units) {
    return FakeJuju.create(directory.resolve("juju"), JujuVersion.JUJU_3_6)
        .application("magpie")
        .peerRelation("magpie")
        .space("alpha", "10.0.0.0/16")
        .units(units)
        .build();
  }

  private static String inHook(HookContext hook, String... args) {
    HookContext.Output output = hook.call(Launched.command(args).toArray(String[]::new));
    assertEquals("", output.stderr());
    assertEquals(0, output.exitCode());
    return output.stdout();
  }

  @Test
  void replaysWhatAHookSawButForTheNetworksThatItDerived() throws IOException {
    replaysWhatAHookSawButForTheNetworksThatItDerived(3);
  }

  /** With a thousand units in {@code JujuRecordingTest}, which launches no command. */
  @Tag("thorough")
  @ParameterizedTest
  @ValueSource(ints = {10, 100})
  void replaysWhatAHookSawButForTheNetworksThatItDerived(int units) throws IOException {
    Path recorded = directory.resolve("recorded.magpie.yaml");
    List<String> live = new ArrayList<>();
    try (FakeJuju juju = juju(units)) {
      for (FakeUnit unit : juju.units()) {
        int number = Integer.parseInt(unit.name().substring(7));
        unit.publish("magpie", "n", " " + number + "\n");
        if (number % 3 == 1) {
          unit.publish("magpie", "ingress-address", "node-" + number + ".maas");
        } else if (number % 3 == 2) {
          String address = "2001:db8::" + Integer.toHexString(number) + "/64";
          unit.publish(
              "magpie", "magpie-addresses", "{\"version\":1,\"addresses\":[\"" + address + "\"]}");
        }
      }
      FakeUnit unit = juju.unit("magpie/0");
      while (unit.runDueInside(hook -> {}).isPresent()) {
        // Until it has heard of all.
      }
      unit.inHook(
          "update-status",
          "",
          hook -> {
            String[] args = {"--backend", "juju", "--peer-set", "magpie"};
            assertEquals("", inHook(hook, concat(args, "record", "--output", recorded.toString())));
            live.add(inHook(hook, concat(args, "nodes", "--format", "json")));
            assertEquals("no drift\n", inHook(hook, concat(args, "drift", recorded.toString())));
          });
    }
    Launched replay =
        magpie("nodes", "--topology", recorded.toString(), "--as", "magpie/0", "--format", "json");
    assertEquals(0, replay.code(), replay.err());
    assertEquals(units - 1, live.get(0).split("\"id\"", -1).length - 1);
    assertTrue(replay.out().contains("\"network\": \"net-2001-db8---64\""), "derived");
    assertEquals(
        live.get(0), replay.out().replaceAll("\"network\": \"[^\"]*\"", "\"network\": null"));
    assertPrints("1 file checked: no problems\n", magpie("check", recorded.toString()));
  }

  private static String[] concat(String[] some, String... more) {
    return Stream.of(some, more).flatMap(Arrays::stream).toArray(String[]::new);
  }

  @Test
  void loadsNoYamlInAHookThatRecords() throws IOException {
    Path log = directory.resolve("classes.log");
    Path recorded = directory.resolve("recorded.magpie.yaml");
    try (FakeJuju juju = juju(2)) {
      juju.unit("magpie/0")
          .inHook(
              "update-status",
              "",
              hook -> {
                List<String> line =
                    Launched.java(
                        "-Xlog:class+load:file=" + log,
                        "-jar",
                        Launched.JAR.toString(),
                        "--peer-set",
                        "magpie",
                        "record",
                        "--output",
                        recorded.toString());
                assertEquals(0, hook.call(line.toArray(String[]::new)).exitCode());
              });
    }
    String loaded = Files.readString(log);
    assertTrue(loaded.contains("magpie.peers.topology.Recording"), "the log tells what was loaded");
    assertFalse(loaded.contains("org.snakeyaml"), "no YAML parser");
    assertFalse(loaded.contains("magpie.peers.lab.YamlValue"), "nothing that needs it");
  }

  @Test
  @Tag("thorough")
  void keepsTheOldFileWhereTheNewOneCannotBeMade() throws IOException {
    Path file = write("peers.magpie.yaml", "old");
    write("bench.magpie.yaml", "version: 2\n");
    Launched launched =
        magpie(
            "record", "--topology", "bench.magpie.yaml", "--observer", "--output", file.toString());
    assertEquals(3, launched.code());
    assertEquals("old", Files.readString(file));
    write("bench.magpie.yaml", bench(2));
    assertEquals(
        new Launched(
            1,
            "",
            "magpie-peers: expected to write \""
                + directory.toRealPath()
                + "/none/x\", found that it cannot be written: its directory does not exist; it is as"
                + " it was: create the directory or choose another file\n"),
        magpie("record", "--topology", "bench.magpie.yaml", "--observer", "--output", "none/x"));
  }

  @Test
  void masksByOption() throws IOException {
    write("bench.magpie.yaml", bench(3));
    Launched launched =
        magpie(
            "record",
            "--topology",
            "bench.magpie.yaml",
            "--observer",
            "--mask-addresses",
            "--mask-settings",
            "mo*",
            "--mask-settings",
            "x",
            "--name",
            "masked");
    assertEquals(0, launched.code(), launched.err());
    assertTrue(launched.out().contains("\"motd\": \"masked\"\n      \"n\": \"1.0\"\n"));
    assertTrue(launched.out().contains("- \"192.0.2.1/24\""));
    assertTrue(launched.out().contains("name: \"masked\"\n"));
    assertFalse(launched.out().contains("10.0."));
    assertEquals(
        new Launched(
            2,
            "",
            "magpie-peers: --name: expected a name (1 to 63 ASCII letters, digits, '.', '-', '_',"
                + " beginning with a letter), found \"7\"\nsee magpie-peers record --help\n"),
        magpie("record", "--topology", "bench.magpie.yaml", "--observer", "--name", "7"));
  }

  @Test
  void tellsDriftAsTableAndJsonWithACodeOfItsOwn() throws IOException {
    write("bench.magpie.yaml", bench(3));
    write(
        "declared.magpie.yaml",
        bench(4).replace("10.0.0.2/16", "10.0.9.2/16").replace("n: 1.0", "n: 2"));
    String[] live = {"--topology", "bench.magpie.yaml", "--as", "magpie/1"};
    assertEquals(
        new Launched(
            4,
            """
            DRIFT    ID        KEY  DECLARED     LIVE
            address  magpie/1  oam  10.0.9.2/16  10.0.0.2/16
            setting  magpie/2  n    2            1.0
            missing  magpie/3  -    10.0.0.4/16  -
            """,
            ""),
        magpie(concat(live, "drift", "declared.magpie.yaml")));
    assertEquals(
        new Launched(
            4,
            """
            [
              {
                "kind": "address",
                "id": "magpie/1",
                "key": "oam",
                "declared": "10.0.9.2/16",
                "live": "10.0.0.2/16"
              },
              {
                "kind": "missing",
                "id": "magpie/3",
                "key": null,
                "declared": "10.0.0.4/16",
                "live": null
              }
            ]
            """,
            ""),
        magpie(concat(live, "drift", "declared.magpie.yaml", "--ignore", "n", "--format", "json")));
    assertEquals(
        new Launched(
            1,
            "",
            "magpie-peers: none.magpie.yaml: error [missing-file] expected a topology file, found"
                + " none\n  fix: correct the name, or create the file\n"),
        magpie(concat(live, "drift", "none.magpie.yaml")));
  }

  @Test
  @Tag("thorough")
  void drawsAsSvgUnlessAskedForAnother() throws IOException {
    write("bench.magpie.yaml", bench(5));
    String[] live = {"--topology", "bench.magpie.yaml", "--as", "magpie/1"};
    Launched svg = magpie(concat(live, "graph", "--group-by", "rack"));
    assertEquals(0, svg.code(), svg.err());
    assertTrue(svg.out().startsWith("<svg xmlns=\"http://www.w3.org/2000/svg\" "));
    assertTrue(svg.out().contains(">rack: b</text>"));
    assertPrints(svg.out(), magpie(concat(live, "graph", "--group-by", "rack", "--format", "svg")));
    assertTrue(
        magpie(concat(live, "graph", "--format", "mermaid")).out().startsWith("flowchart LR\n"));
    assertTrue(
        magpie(concat(live, "graph", "--format", "dot")).out().startsWith("graph peers {\n"));
    assertEquals(
        new Launched(
            2, "", "magpie-peers: --format json is not for graph\nsee magpie-peers graph --help\n"),
        magpie(concat(live, "graph", "--format", "json")));
  }

  @Test
  @Tag("thorough")
  void drawsTheDepartedOnRequest() throws IOException {
    write("bench.magpie.yaml", bench(4));
    String[] live = {"--topology", "bench.magpie.yaml", "--as", "magpie/1"};
    magpie(concat(live, "notices"));
    write("bench.magpie.yaml", bench(3));
    assertFalse(magpie(concat(live, "graph")).out().contains("magpie/3"));
    assertTrue(
        magpie(concat(live, "graph", "--departed")).out().contains(">magpie/3 (departed)</text>"));
  }

  @TestFactory
  Stream<DynamicTest> importsEveryRealFileOrRefusesItWithLineAndReason() throws IOException {
    try (Stream<Path> files = Files.walk(LABS)) {
      List<Path> found =
          files
              .filter(file -> Files.isRegularFile(file) && !file.getParent().equals(LABS))
              .sorted()
              .toList();
      assertEquals(15, found.size());
      boolean thorough = Boolean.getBoolean("magpie.thorough");
      Set<Path> tools = new HashSet<>();
      return found.stream()
          // Else one of each tool.
          .filter(file -> tools.add(file.getParent()) || thorough)
          .map(file -> DynamicTest.dynamicTest(file.getFileName().toString(), () -> imports(file)));
    }
  }

  private void imports(Path file) {
    String tool = file.getParent().getFileName().toString();
    Launched launched = magpie("import", tool, file.toString(), "--output", "i.magpie.yaml");
    if (launched.code() == 3) {
      assertTrue(
          launched.err().matches("(?s)\\Q" + file + "\\E:[0-9]+:[0-9]+: error \\[[a-z-]+\\] .*"),
          launched.err());
      return;
    }
    assertEquals(0, launched.code(), launched.err());
    assertTrue(launched.out().matches("(?s).*[0-9]+ nodes? imported from .*"), launched.out());
    Launched checked = magpie("check", "i.magpie.yaml");
    assertEquals(0, checked.code(), checked.out());
  }

  @Test
  @Tag("thorough")
  void listsWhatAnImportLeavesOutWhereItDisturbsNothing() throws IOException {
    write("hosts", "[web]\nweb[1:2] ansible_user=x\n");
    String list =
        "hosts:2:10: warning [not-carried-over] variable ansible_user (2 times, first here): it is"
            + " for Ansible alone\n"
            + "2 nodes imported from hosts; not carried over: 1, listed above\n";
    Launched piped = magpie("import", "ansible", "hosts", "--name", "b");
    assertEquals(list, piped.err());
    assertTrue(piped.out().startsWith("# Imported from hosts\nversion: 1\nname: \"b\"\n"));
    assertPrints(list, magpie("import", "ansible", "hosts", "--output", "b.magpie.yaml"));
    assertEquals(
        piped.out().replace("\"b\"", "\"hosts\""),
        Files.readString(directory.resolve("b.magpie.yaml")));
    assertTrue(
        magpie("import", "ansible", "hosts", "--output", "b.magpie.yaml", "--format", "json")
            .out()
            .contains("\"code\": \"not-carried-over\""));
    assertEquals(
        new Launched(
            2,
            "",
            "magpie-peers: --format json is for the list; write the topology to --output FILE\n"
                + "see magpie-peers import --help\n"),
        magpie("import", "ansible", "hosts", "--format", "json"));
  }

  @Test
  @Tag("thorough")
  void publishesFromAFileAndFromStandardInput() throws Exception {
    write("bench.magpie.yaml", bench(2).replace("nodes:\n", "exchange: ./x.d\nnodes:\n"));
    String[] self = {"--topology", "bench.magpie.yaml", "--as", "magpie/0"};
    write("settings.yaml", "port: 5001\nversion: 1.10\ngone: x\ntext: \" a\\nb \"\n");
    assertPrints(
        "published\n", magpie(concat(self, "publish", "--file", "settings.yaml", "port=5002")));
    Path input = write("settings.json", "{\"gone\": \"\", \"more\": true}");
    Process process =
        Launched.process(
                directory, Map.of(), Launched.command(concat(self, "publish", "--file", "-")))
            .redirectInput(input.toFile())
            .redirectOutput(new File("/dev/null"))
            .start();
    assertEquals(0, Launched.await(process));
    Launched seen =
        magpie("nodes", "--topology", "bench.magpie.yaml", "--as", "magpie/1", "--format", "json");
    assertTrue(
        seen.out()
            .contains(
                """
                    "settings": {
                      "more": "true",
                      "port": "5002",
                      "text": " a\\nb ",
                      "version": "1.10"
                    },
                """),
        seen.out());
    assertEquals(
        new Launched(
            3,
            "",
            """
            bad.yaml:1:4: error [wrong-type] expected a text, a number, true or false, found a list
              1 | a: [1]
                |    ^
              at a; fix: write the value as one text, in quotes
            """),
        magpie(
            concat(
                self,
                "publish",
                "--file",
                write("bad.yaml", "a: [1]\n").getFileName().toString())));
    assertEquals(
        new Launched(
            2,
            "",
            "magpie-peers: expected KEY=VALUE or --file FILE, found neither\n"
                + "see magpie-peers publish --help\n"),
        magpie(concat(self, "publish")));
    assertEquals(
        new Launched(
            1, "", "magpie-peers: expected a file of settings, found none at \"none.yaml\"\n"),
        magpie(concat(self, "publish", "--file", "none.yaml")));
  }

  @ParameterizedTest
  @Tag("thorough")
  @ValueSource(strings = {"record", "drift", "graph", "import", "publish"})
  void answersHelpWithExamples(String command) {
    Launched help = magpie(command, "--help");
    assertEquals(0, help.code(), help.err());
    assertTrue(help.out().startsWith("Usage: magpie-peers " + command), help.out());
    assertTrue(help.out().contains("\nExample:\n  magpie-peers " + command), help.out());
  }

  @ParameterizedTest
  @ValueSource(strings = {"bash", "zsh"})
  void completesTheCommandsOfTheLab(String shell) throws IOException {
    Launched script = magpie("completion", shell);
    assertEquals(0, script.code(), script.err());
    for (String word :
        List.of(
            "record", "drift", "graph", "import", "--mask-addresses", "--group-by", "mermaid")) {
      assertTrue(script.out().contains(word), word);
    }
    Path file = write("completion.sh", script.out());
    assertEquals(
        "record\n",
        Launched.run(
                directory,
                Map.of(),
                List.of(
                    "bash",
                    "-c",
                    "source "
                        + file
                        + "; COMP_WORDS=(magpie-peers rec); COMP_CWORD=1;"
                        + " _complete_magpie-peers; echo ${COMPREPLY[*]}"))
            .out());
  }

  @Test
  @Tag("thorough")
  void countsTheSecondsOnATerminalAlone() throws IOException {
    write("bench.magpie.yaml", bench(2).replace("nodes:\n", "exchange: ./x.d\nnodes:\n"));
    String command =
        "(sleep 2.5; echo '{}') | "
            + Launched.command(
                    "publish", "--file", "-", "--topology", "bench.magpie.yaml", "--as", "magpie/0")
                .stream()
                .map(word -> "'" + word + "'")
                .collect(Collectors.joining(" "));
    Path script = write("slow.sh", command + "\n");
    Map<String, String> terminal = Map.of("TERM", "xterm");
    Launched shown =
        Launched.run(directory, terminal, List.of("script", "-qec", "sh " + script, "/dev/null"));
    assertTrue(shown.out().contains("\rmagpie-peers publish: 1 s ..."), shown.out());
    assertTrue(shown.out().contains("\r\u001b[K"), shown.out());
    assertTrue(shown.out().contains("nothing to write"), shown.out());
    Launched piped = Launched.run(directory, terminal, List.of("sh", script.toString()));
    assertPrints("nothing to write: all of it is published already\n", piped);
  }
}
