/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.StringWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
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

  private void compile(Block block) {
    Matcher type =
        Pattern.compile("(?m)^(?:public |final |abstract )*(?:class|record|interface) (\\w+)")
            .matcher(block.text());
    assertTrue(type.find(), () -> block.name() + ": expected a class that compiles by itself");
    JavaFileObject source =
        new SimpleJavaFileObject(
            URI.create("string:///" + type.group(1) + ".java"), JavaFileObject.Kind.SOURCE) {
          @Override
          public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return block.text();
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
