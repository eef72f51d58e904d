/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** The example charm as a project of its own. */
class ExampleCharmIT {
  private static final Path ROOT = Path.of(System.getProperty("magpie.root"));
  private static final Path EXAMPLE = ROOT.resolve("examples/charm");

  @TempDir Path directory;

  @Test
  @Tag("thorough")
  void copyInAnotherDirectoryBuildsAndItsIntegrationTestRuns() throws Exception {
    Path copy = directory.resolve("my charm");
    try (Stream<Path> files = Files.walk(EXAMPLE)) {
      for (Path file : files.filter(path -> !isBuilt(path)).toList()) {
        Files.copy(file, copy.resolve(EXAMPLE.relativize(file).toString()));
      }
    }
    // One of its tests, since the build of the whole runs all of them.
    String said = maven(copy, "-Dit.test=CharmIT#aFailedHookIsRepeatedWithItsNotices", "verify");
    Path summary = copy.resolve("target/failsafe-reports/failsafe-summary.xml");
    assertTrue(Files.exists(summary), said);
    assertTrue(Files.readString(summary).contains("<completed>1</completed>"), said);

    Path charm = copy.resolve("target/charm");
    assertTrue(Files.isExecutable(charm.resolve("runtime/bin/java")), said);
    assertEquals(
        """
        name: magpie-peers-example
        summary: A small charm in Java that knows its peers.
        description: |
          On every hook it lists its peers, publishes its addresses and says how many peers it has.
        peers:
          magpie:
            interface: magpie
        """,
        Files.readString(charm.resolve("metadata.yaml")));

    Path modules = charm.resolve("runtime/lib/modules");
    Object made = Files.getAttribute(modules, "unix:ino");
    maven(copy, "-DskipTests", "package");
    assertEquals(made, Files.getAttribute(modules, "unix:ino"), "a runtime that fits is kept");
  }

  private static boolean isBuilt(Path path) {
    return EXAMPLE.relativize(path).startsWith("target");
  }

  private String maven(Path project, String... arguments) throws Exception {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("magpie.it.mavenHome"), "bin", "mvn").toString(),
            "-o",
            "-B",
            "-Dmaven.repo.local=" + ConsumerRepository.lay());
    builder.command().addAll(List.of(arguments));
    builder.directory(project.toFile()).redirectErrorStream(true);
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.redirectInput(new File("/dev/null"));
    Path output = directory.resolve("output");
    Process process = builder.redirectOutput(output.toFile()).start();
    boolean ended = process.waitFor(10, TimeUnit.MINUTES);
    process.destroyForcibly();
    String said = Files.readString(output, UTF_8);
    assertTrue(ended && process.exitValue() == 0, said);
    return said;
  }

  /** It has no parent, so it repeats them. */
  @Test
  void itsVersionsAreThoseOfTheProject() throws Exception {
    String charm = Files.readString(EXAMPLE.resolve("pom.xml"));
    String version = System.getProperty("magpie.it.version");
    assertTrue(charm.contains("<version>" + version + "</version>"), charm);
    assertTrue(
        charm.contains("<magpie-peers.version>" + version + "</magpie-peers.version>"), charm);

    String parent = Files.readString(ROOT.resolve("pom.xml"));
    assertEquals(property(parent, "junit"), property(charm, "junit"));
    NodeList plugins = parse(EXAMPLE.resolve("pom.xml")).getElementsByTagName("plugin");
    int compared = 0;
    for (int i = 0; i < plugins.getLength(); i++) {
      Element plugin = (Element) plugins.item(i);
      String name = text(plugin, "artifactId");
      NodeList own = plugin.getElementsByTagName("version");
      if (own.getLength() > 0) {
        String known = name.replace("failsafe", "surefire");
        assertEquals(property(parent, known), own.item(0).getTextContent(), name);
        compared++;
      }
    }
    assertTrue(compared > 5, charm);
  }

  private static Document parse(Path pom) throws Exception {
    return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(pom.toFile());
  }

  private static String text(Element element, String name) {
    return element.getElementsByTagName(name).item(0).getTextContent();
  }

  private static String property(String pom, String name) throws IOException {
    Matcher property =
        Pattern.compile("<" + Pattern.quote(name) + "\\.version>([^<]+)<").matcher(pom);
    if (!property.find()) {
      throw new IOException("expected a property " + name + ".version in\n" + pom);
    }
    return property.group(1);
  }
}
