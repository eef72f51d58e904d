/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.lang.reflect.Method;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import magpie.peers.testkit.juju.FakeJuju;
import magpie.peers.testkit.juju.HookRun;
import magpie.peers.testkit.juju.JujuVersion;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** What the documents say works: their programs compile, their commands print what they show. */
class DocumentsIT {
  private static final Path ROOT = Launched.ROOT;
  private static final Pattern BLOCK = Pattern.compile("(?ms)^```(\\w+)\n(.*?)^```$");
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)#: ]+)(?:#[^)]*)?\\)");

  @TempDir Path scratch;

  private static List<Path> documents() throws IOException {
    try (Stream<Path> files = Files.walk(ROOT)) {
      List<Path> found =
          files
              .filter(file -> file.toString().endsWith(".md"))
              .filter(file -> !ROOT.relativize(file).toString().contains("target"))
              .filter(file -> !ROOT.relativize(file).toString().contains("src/test"))
              .sorted()
              .toList();
      assertTrue(found.contains(ROOT.resolve("README.md")), () -> "no README.md among " + found);
      return found;
    }
  }

  private record Block(Path document, int line, String language, String text) {
    String name() {
      return ROOT.relativize(document) + ":" + line;
    }
  }

  private static List<Block> blocks(String language) throws IOException {
    List<Block> blocks = new ArrayList<>();
    for (Path document : documents()) {
      String text = Files.readString(document);
      Matcher matcher = BLOCK.matcher(text);
      while (matcher.find()) {
        if (matcher.group(1).equals(language)) {
          int line = (int) text.substring(0, matcher.start()).lines().count() + 1;
          blocks.add(new Block(document, line, language, matcher.group(2)));
        }
      }
    }
    assertFalse(blocks.isEmpty(), () -> "no " + language + " block in any document");
    return blocks;
  }

  @TestFactory
  Stream<DynamicTest> everyProgramCompiles() throws IOException {
    // What imports nothing is a part of a program, shown for its shape.
    return blocks("java").stream()
        .filter(block -> block.text().startsWith("import "))
        // Needs containers that are not on this class path; InjectionRecipesTest runs it.
        .filter(block -> !block.document().endsWith("docs/injection.md"))
        .map(block -> DynamicTest.dynamicTest(block.name(), () -> compile(block)));
  }

  /** Returns the name of its class. */
  private String compile(Block block) {
    Matcher type =
        Pattern.compile("(?m)^(?:public |final |abstract )*(?:class|record|interface) (\\w+)")
            .matcher(block.text());
    assertTrue(type.find(), () -> block.name() + ": expected a class that compiles by itself");
    JavaFileObject source =
        new SimpleJavaFileObject(
            URI.create("string:///" + type.group(1) + ".java"), JavaFileObject.Kind.SOURCE) {
          @Override
          public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            // Where programs of a unit would meet.
            return block.text().replace("/var/lib/app", scratch.toString());
          }
        };
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    StringWriter said = new StringWriter();
    List<String> options =
        List.of(
            "-proc:none",
            "--release",
            "17",
            "-cp",
            System.getProperty("java.class.path"),
            "-d",
            scratch.toString());
    boolean compiled = compiler.getTask(said, null, null, options, null, List.of(source)).call();
    assertTrue(compiled, () -> block.name() + " does not compile:\n" + said);
    return type.group(1);
  }

  /**
   * Whatever has a main runs: what imports the Juju backend or records as a charm, else on a bench.
   * Those of the README always, all others where the build is thorough.
   */
  @TestFactory
  Stream<DynamicTest> everyProgramRuns() throws IOException {
    boolean thorough = Boolean.getBoolean("magpie.thorough");
    return blocks("java").stream()
        .filter(block -> thorough || block.document().equals(ROOT.resolve("README.md")))
        .filter(block -> block.text().startsWith("import "))
        .filter(block -> !block.document().endsWith("docs/injection.md"))
        .map(block -> DynamicTest.dynamicTest(block.name(), () -> runProgram(block)));
  }

  private void runProgram(Block block) throws Exception {
    String program = compile(block);
    if (block.text().contains("static void check(Path directory, Path charm)")) {
      // A test of a charm, here of the first charm of its page.
      Path charm = charm(compile(charmOf(block.document())));
      try (URLClassLoader loader = new URLClassLoader(new URL[] {scratch.toUri().toURL()})) {
        Method check = loader.loadClass(program).getDeclaredMethod("check", Path.class, Path.class);
        check.setAccessible(true);
        check.invoke(null, Files.createTempDirectory(scratch, "juju"), charm);
      }
    } else if (!block.text().contains("static void main(")) {
      fail(block.name() + ": expected a main, or a check of a charm, found nothing to run");
    } else if (block.text().contains("hooks/update-status")) {
      checkReach(block, charm(program));
    } else if (isCharm(block)) {
      runAsCharm(block, charmOfFirstUnit(program));
    } else {
      runOnBench(block, program);
    }
  }

  private static boolean isCharm(Block block) {
    return block.text().contains("import magpie.peers.juju.")
        || block.text().contains("import magpie.peers.topology.Recording;");
  }

  private static Block charmOf(Path document) throws IOException {
    return blocks("java").stream()
        .filter(block -> block.document().equals(document) && isCharm(block))
        .findFirst()
        .orElseThrow();
  }

  private Path charm(String program) throws IOException {
    return charm(program, "");
  }

  /**
   * The other units only have to be there, which costs less without a JVM for each of their hooks.
   */
  private Path charmOfFirstUnit(String program) throws IOException {
    return charm(program, "[ \"$JUJU_UNIT_NAME\" = magpie/0 ] || exit 0\n");
  }

  private Path charm(String program, String before) throws IOException {
    Path charm = Files.createTempDirectory(scratch, "charm");
    Files.writeString(charm.resolve("metadata.yaml"), "peers:\n  magpie:\n    interface: magpie\n");
    Path dispatch = charm.resolve("dispatch");
    Files.writeString(
        dispatch, "#!/bin/sh\n" + before + "exec '" + String.join("' '", java(program)) + "'\n");
    assertTrue(dispatch.toFile().setExecutable(true));
    return charm;
  }

  private List<String> java(String program) {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
        "-XX:-UsePerfData",
        "-cp",
        scratch + File.pathSeparator + System.getProperty("java.class.path"),
        program);
  }

  /** Installing, joining, a change of addresses and a departure. */
  private void runAsCharm(Block block, Path charm) throws IOException {
    try (FakeJuju juju =
        FakeJuju.create(Files.createTempDirectory(scratch, "juju"), JujuVersion.JUJU_3_6)
            .peerRelation("magpie")
            .space("storage", "10.20.0.0/16")
            .bind("magpie", "storage")
            .newUnits(2)
            .charm(charm)
            .build()) {
      juju.unit("magpie/0").addresses("storage", "10.20.0.5/16");
      playWell(block, juju);
      juju.unit("magpie/0").addresses("storage", "10.20.0.77/16");
      playWell(block, juju);
      if (block.text().contains("publishAddresses()")) {
        String published = juju.unit("magpie/0").settings("magpie").get("magpie-addresses");
        assertTrue(published.contains("10.20.0.77/16"), () -> block.name() + ": " + published);
        assertFalse(published.contains("10.20.0.5/16"), () -> block.name() + ": " + published);
      }
      juju.unit("magpie/1").remove();
      playWell(block, juju);
    }
  }

  /** Addresses of this machine are reached; a TCP connection to a multicast address never is. */
  private void checkReach(Block block, Path charm) throws IOException {
    try (FakeJuju juju =
        FakeJuju.create(Files.createTempDirectory(scratch, "juju"), JujuVersion.JUJU_3_6)
            .peerRelation("magpie")
            .space("storage", "127.20.0.0/16")
            .bind("magpie", "storage")
            .newUnits(2)
            .charm(charm)
            .build()) {
      juju.unit("magpie/1").addresses("storage", "127.20.0.5/16");
      playWell(block, juju);
      juju.unit("magpie/0").updateStatus();
      playWell(block, juju);
      assertEquals("active: All peers are reached", status(juju), block.name());
      juju.unit("magpie/1").addresses("storage", "224.0.0.1/16");
      playWell(block, juju);
      juju.unit("magpie/0").updateStatus();
      playWell(block, juju);
      assertEquals("blocked: Not reached: magpie/1 at 224.0.0.1", status(juju), block.name());
    }
  }

  private static String status(FakeJuju juju) {
    return String.valueOf(juju.unit("magpie/0").status());
  }

  private static void playWell(Block block, FakeJuju juju) {
    List<HookRun> runs = juju.play();
    assertFalse(runs.isEmpty(), block.name());
    for (HookRun run : runs) {
      assertEquals("", run.stderr(), () -> block.name() + ": " + run);
      assertEquals(0, run.exitCode(), () -> block.name() + ": " + run);
    }
  }

  private void runOnBench(Block block, String program) throws Exception {
    for (String file : List.of("bench.magpie.yaml", "peers.magpie.yaml")) {
      Files.copy(
          ROOT.resolve("examples/rack.magpie.yaml"),
          scratch.resolve(file),
          StandardCopyOption.REPLACE_EXISTING);
    }
    ProcessBuilder builder = new ProcessBuilder(java(program)).directory(scratch.toFile());
    builder.environment().put("MAGPIE_TOPOLOGY", "bench.magpie.yaml");
    builder.environment().put("MAGPIE_PEERS_SELF", "magpie/0");
    builder.environment().put("XDG_STATE_HOME", scratch.toString());
    Path errors = scratch.resolve("errors");
    Process process = builder.redirectError(errors.toFile()).start();
    try (BufferedReader out = process.inputReader(UTF_8)) {
      String first = out.readLine();
      if (block.text().contains("Thread.currentThread().join()")) {
        assertNotNull(first, () -> block.name() + " says nothing: " + read(errors));
      } else {
        out.lines().forEach(line -> {});
        assertEquals(0, process.waitFor(), () -> block.name() + ": " + read(errors));
      }
      assertEquals("", read(errors), block.name());
    } finally {
      process.destroyForcibly();
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @TestFactory
  Stream<DynamicTest> everyCommandPrintsWhatIsShown() throws IOException {
    return blocks("console").stream()
        .filter(block -> block.text().startsWith("$ ./magpie-peers "))
        .map(block -> DynamicTest.dynamicTest(block.name(), () -> run(block)));
  }

  private void run(Block block) {
    int end = block.text().indexOf('\n');
    String command = block.text().substring(2, end);
    Launched launched =
        Launched.run(
            ROOT,
            Map.of("XDG_STATE_HOME", scratch.toString()),
            List.of("sh", "-c", command + " 2>&1"));
    assertEquals(
        block.text().substring(end + 1), launched.out(), () -> block.name() + ": " + command);
  }

  @TestFactory
  Stream<DynamicTest> everyLinkLeadsSomewhere() throws IOException {
    return documents().stream()
        .map(
            document ->
                DynamicTest.dynamicTest(
                    ROOT.relativize(document).toString(),
                    () -> {
                      Matcher matcher = LINK.matcher(Files.readString(document));
                      while (matcher.find()) {
                        Path target = document.resolveSibling(matcher.group(1));
                        assertTrue(
                            Files.exists(target),
                            () -> "a link to " + matcher.group(1) + ", which is not there");
                      }
                    }));
  }
}
