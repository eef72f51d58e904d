/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.StringWriter;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Every program of docs/injection.md gets its view from its container, and ends. */
class InjectionRecipesTest {
  private static final Pattern PROGRAM =
      Pattern.compile("(?ms)^## (.*?)$.*?^```java\n(.*?\nclass (\\w+) .*?)^```$");

  private static final String BENCH =
      """
      version: 1
      name: bench
      nodes:
        magpie/0: { addresses: [192.0.2.10] }
        magpie/1: { addresses: [192.0.2.11] }
        magpie/2: { addresses: [192.0.2.12] }
      """;

  @TempDir Path directory;

  @TestFactory
  Stream<DynamicTest> everyRecipeListsThePeers() throws IOException {
    Path bench = Files.writeString(directory.resolve("bench.magpie.yaml"), BENCH);
    String page =
        Files.readString(Path.of(System.getProperty("magpie.root"), "docs", "injection.md"));
    List<Recipe> recipes =
        PROGRAM
            .matcher(page)
            .results()
            .map(found -> new Recipe(found.group(1), found.group(3), found.group(2)))
            .toList();
    assertEquals(4, recipes.size(), recipes::toString);
    return recipes.stream()
        .limit(Boolean.getBoolean("magpie.thorough") ? recipes.size() : 1)
        .map(recipe -> DynamicTest.dynamicTest(recipe.container(), () -> recipe.run(bench)));
  }

  private record Recipe(String container, String type, String source) {
    void run(Path bench) throws IOException, InterruptedException {
      Path classes = bench.resolveSibling(type);
      Files.createDirectories(classes);
      compile(classes);
      Path output = bench.resolveSibling(type + ".txt");
      ProcessBuilder builder =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-Dmagpie.peers.topology=" + bench,
                  "-Dmagpie.peers.self=magpie/0",
                  "-cp",
                  classes + ":" + System.getProperty("java.class.path"),
                  type)
              .redirectError(bench.resolveSibling(type + ".log").toFile())
              .redirectOutput(output.toFile());
      Process process = builder.start();
      try {
        assertTrue(process.waitFor(2, TimeUnit.MINUTES), container + " does not end");
      } finally {
        process.destroyForcibly();
      }
      String log = Files.readString(bench.resolveSibling(type + ".log"), StandardCharsets.UTF_8);
      assertEquals("[magpie/1, magpie/2]\n", Files.readString(output), log);
      assertEquals(0, process.exitValue(), log);
    }

    private void compile(Path classes) {
      JavaFileObject file =
          new SimpleJavaFileObject(
              URI.create("string:///" + type + ".java"), JavaFileObject.Kind.SOURCE) {
            @Override
            public CharSequence getCharContent(boolean ignoreEncodingErrors) {
              return source;
            }
          };
      StringWriter said = new StringWriter();
      boolean compiled =
          ToolProvider.getSystemJavaCompiler()
              .getTask(
                  said,
                  null,
                  null,
                  List.of(
                      "-proc:none",
                      "--release",
                      "17",
                      "-cp",
                      System.getProperty("java.class.path"),
                      "-d",
                      classes.toString()),
                  null,
                  List.of(file))
              .call();
      assertTrue(compiled, () -> container + " does not compile:\n" + said);
    }
  }
}
