/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.xpath.XPathConstants;
import javax.xml.xpath.XPathFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3c.dom.Document;
import org.w3c.dom.NodeList;

/** The artifacts as users get them: from a repository, by coordinates. */
class PackagedArtifactsIT {
  private static final Path REPOSITORY = Path.of(System.getProperty("magpie.it.repository"));
  private static final Path GROUP = Path.of("io", "github", "magpiepeers");
  private static final String VERSION = System.getProperty("magpie.it.version");
  private static final String TOPOLOGY =
      """
      version: 1
      name: bench
      networks:
        oam: { cidrs: [192.0.2.0/25] }
      nodes:
        magpie/0: { addresses: [192.0.2.10/25] }
        magpie/1: { addresses: [192.0.2.11/25] }
        magpie/2: { addresses: [192.0.2.12/25] }
      """;

  @TempDir static Path directory;
  private static String classes;
  private static String libraries;

  /** Names and versions of our artifacts that were resolved. */
  private static final TreeSet<String> OURS = new TreeSet<>();

  /** Has Maven resolve and compile the consumer, offline and with a repository of its own. */
  @BeforeAll
  static void buildConsumer() throws Exception {
    Path local = ConsumerRepository.lay();
    Path project = directory.resolve("consumer");
    try (Stream<Path> files = Files.walk(Path.of("src/test/consumer"))) {
      for (Path file : files.toList()) {
        Files.copy(file, project.resolve(Path.of("src/test/consumer").relativize(file)));
      }
    }
    Files.writeString(directory.resolve("bench.magpie.yaml"), TOPOLOGY);
    Path resolved = directory.resolve("resolved");
    String maven = Path.of(System.getProperty("magpie.it.mavenHome"), "bin", "mvn").toString();
    run(
        maven,
        "-o",
        "-q",
        "-B",
        "-f",
        project.resolve("pom.xml").toString(),
        "-Dmaven.repo.local=" + local,
        "-Dmagpie.version=" + VERSION,
        "-DoutputFile=" + resolved,
        "-DoutputAbsoluteArtifactFilename=true",
        "org.apache.maven.plugins:maven-compiler-plugin:"
            + System.getProperty("magpie.it.compilerPlugin")
            + ":compile",
        "org.apache.maven.plugins:maven-dependency-plugin:"
            + System.getProperty("magpie.it.dependencyPlugin")
            + ":list");
    classes = project.resolve("target/classes").toString();
    Matcher line =
        Pattern.compile("([\\w.-]+):([\\w.-]+):jar:([^:]+):(\\w+):(\\S+\\.jar)")
            .matcher(Files.readString(resolved));
    List<String> toRun = new ArrayList<>();
    while (line.find()) {
      if (line.group(1).equals("io.github.magpiepeers")) {
        OURS.add(line.group(2) + " " + line.group(3));
      }
      if (!line.group(4).equals("test")) {
        toRun.add(line.group(5));
      }
    }
    libraries = String.join(File.pathSeparator, toRun);
  }

  private static String run(String... command) throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put("HOME", directory.toString());
    builder.redirectErrorStream(true).redirectInput(new File("/dev/null"));
    Path output = directory.resolve("output");
    Process process = builder.redirectOutput(output.toFile()).start();
    boolean ended = process.waitFor(2, TimeUnit.MINUTES);
    process.destroyForcibly();
    String said = Files.readString(output, UTF_8);
    assertTrue(ended && process.exitValue() == 0, () -> String.join(" ", command) + "\n" + said);
    return said;
  }

  @Test
  void pomsLeadToTheJarsThatTheNodesRunWith() {
    List<String> names = new ArrayList<>();
    for (String library : libraries.split(File.pathSeparator)) {
      names.add(Path.of(library).getFileName().toString().replaceAll("-\\d[^/]*\\.jar$", ".jar"));
    }
    assertEquals(
        Stream.concat(
                PackagedJars.forBench().files().stream(), PackagedJars.forJuju().files().stream())
            .map(file -> file.getFileName().toString())
            .filter(name -> !name.startsWith("magpie-peers-it"))
            .distinct()
            .sorted()
            .toList(),
        names.stream().sorted().toList());
  }

  @Test
  void billOfMaterialsLeadsToEveryArtifact() throws Exception {
    assertEquals(
        modules().map(module -> "magpie-peers-" + module + " " + VERSION).sorted().toList(),
        List.copyOf(OURS));
    Document bom = pom("bom");
    assertEquals(
        modules().map(module -> "magpie-peers-" + module).sorted().toList(),
        values(bom, "/project/dependencyManagement/dependencies/dependency/artifactId").stream()
            .sorted()
            .toList(),
        "the bill of materials lists our artifacts and nothing else");
  }

  private static Stream<String> modules() {
    return Stream.of("api", "local", "juju", "etcd", "hk2", "lab", "testkit", "cli");
  }

  private static Path artifact(String module, String extension) {
    String artifact = "magpie-peers-" + module;
    return REPOSITORY
        .resolve(GROUP)
        .resolve(artifact)
        .resolve(VERSION)
        .resolve(artifact + "-" + VERSION + extension);
  }

  private static Document pom(String module) throws Exception {
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(artifact(module, ".pom").toFile());
  }

  private static List<String> values(Document document, String path) throws Exception {
    NodeList nodes =
        (NodeList)
            XPathFactory.newInstance().newXPath().evaluate(path, document, XPathConstants.NODESET);
    return IntStream.range(0, nodes.getLength())
        .mapToObj(i -> nodes.item(i).getTextContent().strip())
        .toList();
  }

  @ParameterizedTest
  @ValueSource(strings = {"bom", "api", "local", "juju", "etcd", "hk2", "lab", "testkit", "cli"})
  void pomStandsByItselfAndSaysWhatMavenCentralAsksFor(String module) throws Exception {
    String text = Files.readString(artifact(module, ".pom"));
    assertFalse(text.contains("${"), text);
    Document pom = pom(module);
    for (String needed :
        List.of(
            "modelVersion",
            "groupId",
            "artifactId",
            "version",
            "name",
            "description",
            "url",
            "licenses/license/name",
            "licenses/license/url",
            "developers/developer/name",
            "scm/connection",
            "scm/developerConnection",
            "scm/url")) {
      List<String> values = values(pom, "/project/" + needed);
      assertEquals(1, values.size(), needed + " in\n" + text);
      assertNotEquals("", values.get(0), needed + " in\n" + text);
    }
    for (String unwanted :
        List.of("parent", "properties", "build", "profiles", "repositories", "modules")) {
      assertEquals(List.of(), values(pom, "/project/" + unwanted), unwanted + " in\n" + text);
    }
    List<String> scopes = values(pom, "/project/dependencies/dependency/scope");
    assertTrue(Set.of("compile", "runtime").containsAll(scopes), text);
  }

  /** What names the machine or the directory of the build differs from build to build. */
  @ParameterizedTest
  @ValueSource(strings = {"api", "local", "juju", "etcd", "hk2", "lab", "testkit", "cli"})
  void noArtifactTellsWhereItWasBuilt(String module) throws Exception {
    Path root = Path.of(System.getProperty("magpie.root")).toRealPath();
    List<Path> jars;
    try (Stream<Path> files = Files.list(root.resolve("magpie-peers-" + module + "/target"))) {
      jars = files.filter(file -> file.toString().endsWith(".jar")).sorted().toList();
    }
    assertFalse(jars.isEmpty(), module);
    for (Path jar : jars) {
      try (ZipInputStream zip = new ZipInputStream(Files.newInputStream(jar))) {
        for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
          String where = jar.getFileName() + "!" + entry.getName();
          String text = new String(zip.readAllBytes(), ISO_8859_1);
          assertFalse(text.contains(root.toString()), where);
          assertFalse(text.contains(System.getProperty("user.home") + "/"), where);
          if (entry.getName().equals("META-INF/MANIFEST.MF")) {
            assertFalse(text.matches("(?s).*(Built-By|Build-Host|Build-Time).*"), where);
          }
        }
      }
    }
  }

  @Test
  void consumerRunsOnTheClassPath() throws Exception {
    assertEquals(
        """
        unnamed module
        magpie/1 192.0.2.11
        magpie/2 192.0.2.12
        """,
        consumer("-cp", classes + File.pathSeparator + libraries, "consumer.Consumer")
            .replaceAll("unnamed module @\\w+", "unnamed module"));
  }

  @Test
  void consumerRunsOnTheModulePath() throws Exception {
    assertEquals(
        """
        module consumer
        magpie/1 192.0.2.11
        magpie/2 192.0.2.12
        """,
        consumer(
            "--module-path",
            classes + File.pathSeparator + libraries,
            "--module",
            "consumer/consumer.Consumer"));
  }

  private static String consumer(String... how) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Dmagpie.peers.topology=" + directory.resolve("bench.magpie.yaml"));
    command.add("-Dmagpie.peers.self=magpie/0");
    command.addAll(List.of(how));
    command.add("oam");
    return run(command.toArray(String[]::new));
  }

  @ParameterizedTest
  @ValueSource(strings = {"api", "local", "juju", "etcd", "hk2", "lab", "testkit", "cli"})
  void moduleIsDescribedAsExpected(String module) throws Exception {
    Path jar = artifact(module, ".jar");
    StringWriter described = new StringWriter();
    PrintWriter out = new PrintWriter(described, true);
    ToolProvider.findFirst("jar")
        .orElseThrow()
        .run(out, out, "--describe-module", "--file", jar.toString());
    // The first line goes on with where the jar is.
    String text = described.toString().replace("\r", "").replaceFirst(" jar:file:\\S+", "");
    Path expected = Path.of("src/test/describe", "magpie-peers-" + module + ".txt");
    assertEquals(Files.readString(expected).strip(), text.strip(), expected.toString());
  }
}
