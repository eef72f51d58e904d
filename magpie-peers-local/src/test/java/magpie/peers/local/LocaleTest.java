/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import magpie.peers.Health;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.PeersException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Paths beyond ASCII, in programs whose locale cannot name them (F1, E2). */
class LocaleTest {
  private static final String TOPOLOGY =
      "version: 1\nname: bench\nnodes:\n  a: {candidates: [{address: 192.0.2.1, source: test}]}\n  b: {candidates: [{address: 192.0.2.2, source: test}]}\n";

  @TempDir Path directory;

  /** What a program does that is started in another locale. */
  static final class Program {
    private Program() {}

    public static void main(String[] args) throws IOException {
      try (PeerView view = Peers.open()) {
        System.out.println("ids " + view.ids());
        if (args[0].equals("notices")) {
          System.out.println("notices " + view.notices().joined().size());
        } else if (args[0].equals("exchange")) {
          Path topology = Path.of(System.getenv("MAGPIE_TOPOLOGY"));
          Files.writeString(topology, TOPOLOGY + "exchange: \u00fc\n", StandardCharsets.UTF_8);
          // It was written in place, and counts when it has been quiet for a moment.
          Health health = view.health();
          for (long end = System.nanoTime() + 20_000_000_000L;
              !health.stale() && System.nanoTime() < end;
              health = view.health()) {
            Thread.onSpinWait();
          }
          System.out.println("ids " + view.ids());
          System.out.println("stale " + health.reason());
        }
      } catch (PeersException e) {
        System.out.println(e.getClass().getSimpleName() + " " + e.getMessage());
      }
    }
  }

  /** Runs the program in a shell, which alone can give it bytes that no locale of ours decodes. */
  private String run(String assignments, String what) throws Exception {
    Path topology = directory.resolve("t.yaml");
    Files.writeString(topology, TOPOLOGY);
    ProcessBuilder builder =
        new ProcessBuilder(
            "/bin/sh",
            "-c",
            "unset LANG LC_ALL LC_CTYPE XDG_STATE_HOME HOME JAVA_TOOL_OPTIONS;"
                + " dir=\"$(printf '%s/Z\\303\\274rich' \"$DIR\")\"; "
                + assignments
                + "; exec \"$JAVA\" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp \"$CP\" \"$MAIN\" "
                + what);
    builder.environment().put("DIR", directory.toString());
    builder.environment().put("MAGPIE_PEERS_SELF", "a");
    builder.environment().put("MAGPIE_TOPOLOGY", topology.toString());
    builder.environment().put("CP", System.getProperty("java.class.path"));
    builder.environment().put("MAIN", Program.class.getName());
    builder
        .environment()
        .put("JAVA", Path.of(System.getProperty("java.home"), "bin", "java").toString());
    Path out = directory.resolve("out");
    Path err = directory.resolve("err");
    Process process = builder.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
    assertTrue(process.waitFor(60, TimeUnit.SECONDS), "the program does not end");
    String said = Files.readString(out, StandardCharsets.ISO_8859_1);
    assertEquals(0, process.exitValue(), said + Files.readString(err, StandardCharsets.ISO_8859_1));
    return said;
  }

  private static void named(String said, String exception, String origin, String locale) {
    List<String> lines = said.lines().toList();
    String last = lines.get(lines.size() - 1);
    assertTrue(last.startsWith(exception), said);
    for (String part : List.of(origin, locale, "set LC_ALL=C.UTF-8")) {
      assertTrue(last.contains(part), () -> "expected " + part + " in: " + said);
    }
    assertFalse(last.contains("InvalidPathException"), said);
  }

  @ParameterizedTest
  @ValueSource(strings = {"HOME", "XDG_STATE_HOME", "MAGPIE_STATE"})
  void aPlaceForStateThatTheLocaleCannotNameIsToldWithTheLocale(String variable) throws Exception {
    String said = run("export LC_ALL=POSIX " + variable + "=\"$dir\"", "notices");
    assertTrue(said.startsWith("ids [b]\n"), said);
    named(said, "ConfigurationException", variable, "LC_ALL=POSIX");
  }

  @Test
  void aTopologyThatTheLocaleCannotNameIsToldWithTheLocale() throws Exception {
    String said = run("export MAGPIE_TOPOLOGY=\"$dir\"", "ids");
    named(said, "ConfigurationException", "MAGPIE_TOPOLOGY", "C, since LANG is not set");
  }

  @Test
  void anExchangeThatTheLocaleCannotNameMakesTheViewStaleAndNoMore() throws Exception {
    String said = run("export LC_ALL=C", "exchange");
    assertEquals(2, said.lines().filter("ids [b]"::equals).count(), said);
    named(said, "stale ", "exchange", "LC_ALL=C");
  }

  @Test
  void inALocaleThatCanNameThemAllIsWell() throws Exception {
    assertEquals("ids [b]\nnotices 1\n", run("export LC_ALL=C.UTF-8 HOME=\"$dir\"", "notices"));
  }
}
