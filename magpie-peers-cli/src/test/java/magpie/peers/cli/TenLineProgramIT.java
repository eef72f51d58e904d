/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.core.JsonFactory;
import jakarta.inject.Inject;
import java.io.File;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import javax.tools.ToolProvider;
import magpie.peers.PeerView;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.snakeyaml.engine.v2.api.Load;

/** A program that knows the api alone runs with whatever backend is beside it. */
class TenLineProgramIT {
  private static final String PROGRAM =
      """
      package ten;
      import magpie.peers.*;
      public class Lines {
        public static void main(String[] args) {
          try (PeerView peers = Peers.open()) {
            for (PeerNode peer : peers.nodes(NodeFilter.inNetwork("storage")))
              System.out.println(peer.id() + " " + peer.address().orElseThrow().text());
          }
        }
      }
      """;

  @TempDir Path directory;
  private Path topology;
  private Path source;

  @BeforeEach
  void writeFiles() throws IOException {
    topology =
        Files.writeString(
            directory.resolve("bench.magpie.yaml"),
            """
            version: 1
            name: bench
            networks:
              oam: { cidrs: [192.0.2.0/24] }
              storage: { cidrs: [198.51.100.0/24] }
            nodes:
              magpie/0: { addresses: [192.0.2.10, 198.51.100.10] }
              magpie/1: { addresses: [192.0.2.11, 198.51.100.11] }
              magpie/2: { addresses: [192.0.2.12] }
            """);
    source = Files.writeString(directory.resolve("Lines.java"), PROGRAM);
  }

  /** Compiles with the real compiler, which must have nothing to complain of. */
  private Path compile(String... options) {
    Path classes = directory.resolve("classes");
    StringWriter complaints = new StringWriter();
    var compiler = ToolProvider.getSystemJavaCompiler();
    var files = compiler.getStandardFileManager(null, null, null);
    List<String> all = new ArrayList<>(List.of("--release", "17", "-Xlint:all"));
    all.addAll(List.of("-Werror", "-d", classes.toString()));
    all.addAll(List.of(options));
    List<Path> sources =
        Files.exists(directory.resolve("module-info.java"))
            ? List.of(source, directory.resolve("module-info.java"))
            : List.of(source);
    boolean fine =
        compiler
            .getTask(complaints, files, null, all, null, files.getJavaFileObjectsFromPaths(sources))
            .call();
    assertEquals("true ", fine + " " + complaints);
    return classes;
  }

  private static String path(String... entries) {
    return String.join(File.pathSeparator, entries);
  }

  /** What the api brings its users. */
  private static String api() {
    return path(
        Launched.origin(PeerView.class),
        Launched.origin(Inject.class),
        Launched.origin(NullMarked.class));
  }

  private static String local() throws ClassNotFoundException {
    return path(
        Launched.origin(Class.forName("magpie.peers.local.LocalBackend")),
        Launched.origin(Load.class),
        Launched.origin(JsonFactory.class));
  }

  private void assertRuns(String... options) {
    List<String> line =
        Launched.java("-Dmagpie.peers.topology=" + topology, "-Dmagpie.peers.self=magpie/0");
    line.addAll(List.of(options));
    assertEquals(
        new Launched(0, "magpie/1 198.51.100.11\n", ""), Launched.run(directory, Map.of(), line));
  }

  @Test
  void onTheClassPath() throws Exception {
    Path classes = compile("-classpath", api());
    assertRuns("-cp", path(classes.toString(), api(), local()), "ten.Lines");
  }

  @Test
  void onTheModulePath() throws Exception {
    Files.writeString(
        directory.resolve("module-info.java"), "module ten { requires magpie.peers; }\n");
    Path classes = compile("--module-path", api());
    assertRuns("-p", path(classes.toString(), api(), local()), "-m", "ten/ten.Lines");
  }

  @Test
  void withoutABackendItIsToldWhichArtifactToAdd() {
    Path classes = compile("-classpath", api());
    Launched launched =
        Launched.run(
            directory,
            Map.of(),
            Launched.java("-cp", path(classes.toString(), api()), "ten.Lines"));
    assertEquals(1, launched.code());
    assertEquals("", launched.out());
    assertEquals(
        """
        Exception in thread "main" magpie.peers.ConfigurationException: expected a backend that\
         applies, found none
          inside a Juju hook add io.github.magpiepeers:magpie-peers-juju
          on a bench add io.github.magpiepeers:magpie-peers-local\
        """,
        launched.err().lines().limit(3).collect(Collectors.joining("\n")));
  }
}
