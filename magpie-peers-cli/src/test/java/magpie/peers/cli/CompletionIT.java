/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The script for the shell in a real bash: what it offers for a line of words. */
class CompletionIT {
  private static final Map<String, String> VARIABLES = Map.of("LC_ALL", "C.UTF-8");

  @TempDir Path directory;

  @BeforeEach
  void writeScriptAndTopology() throws IOException {
    Launched script = Launched.run(directory, VARIABLES, Launched.command("completion", "bash"));
    assertEquals("", script.err());
    Files.writeString(directory.resolve("completion"), script.out());
    Launched.install(directory.resolve("magpie-peers"));
    Files.writeString(
        directory.resolve("my bench.yaml"),
        """
        version: 1
        name: magpie
        networks:
          oam: { cidrs: [192.0.2.0/25] }
          storage: { cidrs: [198.51.100.0/24] }
        nodes:
          magpie/0: { addresses: [192.0.2.11/25] }
          magpie/1: { addresses: [192.0.2.12/25] }
        """);
    Files.createDirectories(directory.resolve("state"));
  }

  /** Asks for each line of words, given as a bash array, what its last word can become. */
  private List<String> offered(Map<String, String> variables, String... lines) throws IOException {
    StringBuilder bash = new StringBuilder(". ./completion\n");
    for (String line : lines) {
      bash.append("COMP_WORDS=(").append(line).append("); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n");
      bash.append(
          "_complete_magpie-peers; IFS='|'; printf '%s\\n' \"${COMPREPLY[*]}\"; unset IFS\n");
    }
    Path file = Files.writeString(directory.resolve("ask"), bash);
    Launched asked =
        Launched.run(directory, variables, List.of("bash", "--norc", "-u", file.toString()));
    assertEquals("", asked.err());
    assertEquals(0, asked.code());
    return asked.out().lines().toList();
  }

  @Test
  void commandsOptionsAndFixedWordsComplete() throws IOException {
    assertEquals(
        List.of(
            "nodes|notices",
            "--topology",
            "--network",
            "--format",
            "",
            "table|json|yaml|hosts",
            "svg",
            "table|json|yaml",
            "joined|departed",
            "ansible|containerlab",
            "bash|zsh",
            "local|juju|etcd"),
        offered(
            VARIABLES,
            "./magpie-peers no",
            "./magpie-peers --to",
            "./magpie-peers nodes --net",
            "./magpie-peers nodes --fo",
            "./magpie-peers record --fo",
            "./magpie-peers nodes --format ''",
            "./magpie-peers graph --format = s",
            "./magpie-peers --format json watch --format ''",
            "./magpie-peers dismiss ''",
            "./magpie-peers import ''",
            "./magpie-peers completion ''",
            "./magpie-peers nodes --backend = ''"));
  }

  @Test
  void filesCompleteWhereverAFileBelongsAndNowhereElse() throws IOException {
    String file = "my bench.yaml";
    assertEquals(
        List.of(file, file, "--topology=" + file, file, file, file, file, file, file, file, file),
        offered(
            VARIABLES,
            "./magpie-peers --topology my",
            "./magpie-peers nodes --topology = my",
            "./magpie-peers nodes --topology=my",
            "./magpie-peers check my",
            "./magpie-peers check other.yaml my",
            "./magpie-peers drift my",
            "./magpie-peers import ansible my",
            "./magpie-peers import ansible hosts --output my",
            "./magpie-peers record --output my",
            "./magpie-peers publish a = b --file my",
            "./magpie-peers watch --observer --topology my"));
    assertEquals(
        List.of("state", "", "", "", "", ""),
        offered(
            VARIABLES,
            "./magpie-peers nodes --state st",
            "./magpie-peers nodes my",
            "./magpie-peers publish my",
            "./magpie-peers record --name my",
            "./magpie-peers import my",
            "./magpie-peers nodes --peer-set my"));
  }

  @Test
  @Tag("thorough")
  void idsAndNetworksCompleteWhereTheTopologyIsKnown() throws IOException {
    assertEquals(
        List.of("storage", "magpie/1", "magpie/0|magpie/1", ""),
        offered(
            VARIABLES,
            "./magpie-peers nodes --topology = '\"my bench.yaml\"' --prefer-network = s",
            "./magpie-peers --topology \"'my bench.yaml'\" explain --as magpie/0 ma",
            "./magpie-peers --topology 'my\\ bench.yaml' nodes --as ma",
            "./magpie-peers explain ma"));
    assertEquals(
        List.of("oam|storage", "magpie/0|magpie/1"),
        offered(
            Map.of("LC_ALL", "C.UTF-8", "MAGPIE_TOPOLOGY", "my bench.yaml"),
            "./magpie-peers nodes --network ''",
            "./magpie-peers explain m"));
  }

  /** Every option with a value either completes or is text that only the user knows. */
  @Test
  void noOptionThatTakesAFileOrAnIdIsForgotten() throws IOException {
    Matcher text =
        Pattern.compile("(?m)^ +([a-z*]+:\\S+(?: \\| \\S+)*)\\) echo 'text'")
            .matcher(Files.readString(directory.resolve("completion")));
    List<String> known =
        List.of(
            "--peer-set",
            "--etcd",
            "--address",
            "--set-label",
            "--label",
            "--up-to",
            "--ignore",
            "--group-by",
            "--name",
            "--mask-settings",
            "--port",
            "--count",
            "--timeout",
            "--deadline",
            "--from-address",
            "--throughput",
            "*");
    List<String> found = new ArrayList<>();
    while (text.find()) {
      found.add(text.group(1));
      assertTrue(known.contains(text.group(1).replaceFirst("^[^:]*:", "")), text.group(1));
    }
    assertTrue(found.contains("publish:*") && found.contains("nodes:--label"), found::toString);
  }

  /** Types into a bash at a terminal: only there readline takes part. */
  @Test
  void aBashAtATerminalCompletesFilesAndIds() throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/script")), "needs script(1) for a terminal");
    Path typed =
        Files.writeString(
            directory.resolve("typed"),
            """
            . ./completion
            ./magpie-peers nodes --topology=my\t --observer --format hosts > one
            ./magpie-peers nodes --obs\t --topology ~/my\t --id magpie/0\t --form\t hosts > two
            ./magpie-peers check my\t > three
            ./magpie-peers check "my be\t > four
            ./magpie-peers nodes my\t
            exit
            """);
    Process bash =
        Launched.process(
                directory,
                Map.of("LC_ALL", "C.UTF-8", "TERM", "dumb", "HOME", directory.toString()),
                List.of("/usr/bin/script", "-qec", "bash --norc -i", "/dev/null"))
            .redirectInput(typed.toFile())
            .redirectErrorStream(true)
            .redirectOutput(new File(directory.toFile(), "shown"))
            .start();
    assertTrue(bash.waitFor(Launched.DEADLINE_SECONDS, TimeUnit.SECONDS), "bash ends");
    String shown = Files.readString(directory.resolve("shown"));
    String hosts = "192.0.2.11\tmagpie-0\n";
    assertEquals(
        hosts + "192.0.2.12\tmagpie-1\n", Files.readString(directory.resolve("one")), shown);
    assertEquals(hosts, Files.readString(directory.resolve("two")), shown);
    for (String check : List.of("three", "four")) {
      assertEquals(
          "1 file checked: no problems\n", Files.readString(directory.resolve(check)), shown);
    }
    assertTrue(shown.contains("Unmatched argument at index 1: 'my'"), shown);
    assertFalse(shown.contains("nodes my\\ bench.yaml"), shown);
  }
}
