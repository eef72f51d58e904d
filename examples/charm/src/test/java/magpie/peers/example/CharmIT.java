/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.example;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardCopyOption.COPY_ATTRIBUTES;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import magpie.peers.testkit.juju.FakeJuju;
import magpie.peers.testkit.juju.Fault;
import magpie.peers.testkit.juju.HookRun;
import magpie.peers.testkit.juju.JujuVersion;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The charm as it is built, in the hooks of several units: every hook is a real process. */
class CharmIT {
  private static final Path BUILT = Path.of(System.getProperty("magpie.charm"));

  @TempDir Path directory;
  private Path charm;

  /**
   * A copy, because the charm leaves its archive of classes beside itself; but of its files alone.
   */
  @BeforeEach
  void copyTheCharm() throws IOException {
    // Without a blank in its path, as with Juju: a JVM archives no classes from a path with one.
    charm = directory.resolve("charm");
    Files.createDirectories(charm.resolve("lib"));
    for (String part : List.of("", "lib")) {
      try (Stream<Path> files = Files.list(BUILT.resolve(part))) {
        for (Path file : files.filter(Files::isRegularFile).toList()) {
          Files.copy(file, charm.resolve(BUILT.relativize(file).toString()), COPY_ATTRIBUTES);
        }
      }
    }
    Files.createSymbolicLink(charm.resolve("runtime"), BUILT.resolve("runtime"));
  }

  @AfterEach
  void removeTheLink() throws IOException {
    Files.deleteIfExists(charm.resolve("runtime"));
  }

  private FakeJuju juju(JujuVersion version, int units) throws IOException {
    return model(version, units).build();
  }

  private FakeJuju.Builder model(JujuVersion version, int units) throws IOException {
    return FakeJuju.create(directory.resolve("juju"), version)
        .application("magpie")
        .peerRelation("magpie")
        .newUnits(units)
        .charm(charm);
  }

  private static void assertAllWell(List<HookRun> runs) {
    for (HookRun run : runs) {
      assertEquals(0, run.exitCode(), () -> run + "\n" + run.stderr());
      assertEquals("", run.stdout() + run.stderr(), run::toString);
    }
  }

  @Test
  void unitsKnowEachOtherAndSaySo() throws IOException {
    unitsKnowEachOtherAndSaySo(JujuVersion.JUJU_3_6);
  }

  @Tag("thorough")
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "JUJU_3_6")
  void unitsKnowEachOtherAndSaySo(JujuVersion version) throws IOException {
    try (FakeJuju juju = juju(version, 3)) {
      assertAllWell(juju.play());
      for (int i = 0; i < 3; i++) {
        assertEquals(
            "active: Ready, with 2 peers", juju.unit("magpie/" + i).status(), "magpie/" + i);
        assertTrue(juju.unit("magpie/" + i).settings("magpie").containsKey("magpie-addresses"));
      }

      juju.unit("magpie/2").remove();
      assertAllWell(juju.play());
      assertEquals("active: Ready, with 1 peers", juju.unit("magpie/0").status());
      List<String> log = juju.unit("magpie/0").logs();
      assertEquals(
          1,
          log.stream().filter(line -> line.contains("departed: magpie/2 at 10.0.0.12")).count(),
          log::toString);

      List<HookRun> quiet = quiet(juju);
      assertAllWell(quiet);
      // In a hook in which nothing is new, nothing is written and no bag of one's own is read.
      assertEquals(
          (version == JujuVersion.JUJU_4_0 ? "{goal-state=1, " : "{")
              + "juju-log=1, network-get=1, relation-get=1, relation-ids=1, relation-list=1,"
              + " state-get=1, status-set=1}",
          quiet.get(0).toolCounts().toString());
    }
  }

  /** It arrives as config-changed, a hook that is of no relation. */
  @Test
  @Tag("thorough")
  void anAddressChangeReachesThePeer() throws IOException {
    anAddressChangeReachesThePeer(JujuVersion.JUJU_3_6);
  }

  @Tag("thorough")
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "JUJU_3_6")
  void anAddressChangeReachesThePeer(JujuVersion version) throws IOException {
    try (FakeJuju juju =
        model(version, 2).space("storage", "10.20.0.0/16").bind("magpie", "storage").build()) {
      juju.unit("magpie/0").addresses("storage", "10.20.0.5/16");
      assertAllWell(juju.play());
      juju.unit("magpie/0").addresses("storage", "10.20.0.77/16");
      assertAllWell(juju.play());
      assertEquals("10.20.0.77", seenBy(juju, "magpie/1", "magpie/0"));
    }
  }

  /** Where a unit sees its peer in its next hook. */
  private static String seenBy(FakeJuju juju, String unit, String peer) {
    int before = juju.unit(unit).logs().size();
    juju.unit(unit).updateStatus();
    assertAllWell(juju.play());
    List<String> logs = juju.unit(unit).logs();
    String said = String.join("\n", logs.subList(before, logs.size()));
    Matcher at = Pattern.compile("peers: .*" + peer + " at ([0-9.]+)").matcher(said);
    assertTrue(at.find(), said);
    return at.group(1);
  }

  @Test
  @Tag("thorough")
  void itsOwnJavaComesFirstThenThatOfJavaHomeThenThatOfThePath() throws IOException {
    Path home = Files.createDirectories(directory.resolve("a home"));
    java(home.resolve("bin/java"), "of JAVA_HOME");
    java(directory.resolve("path/java"), "of PATH");
    String path = directory.resolve("path") + ":" + System.getenv("PATH");
    try (FakeJuju juju =
        model(JujuVersion.JUJU_3_6, 2)
            .environment("JAVA_HOME", home.toString())
            .path(path)
            .build()) {
      assertAllWell(juju.play());
      Files.delete(charm.resolve("runtime"));
      assertEquals("of JAVA_HOME\n", quiet(juju).get(0).stdout());
      Files.delete(home.resolve("bin/java"));
      assertEquals("of PATH\n", quiet(juju).get(0).stdout());
    }
  }

  private static void java(Path script, String says) throws IOException {
    Files.createDirectories(script.getParent());
    Files.writeString(script, "#!/bin/sh\necho '" + says + "'\n");
    assertTrue(script.toFile().setExecutable(true));
  }

  private static List<HookRun> quiet(FakeJuju juju) {
    juju.unit("magpie/0").updateStatus();
    return juju.play();
  }

  /**
   * What one unit calls until it knows all peers: for each a joined and a changed hook, which read
   * the settings of no other. {@code -Dmagpie.charm.peers=100} lets it meet more.
   */
  @Test
  @Tag("thorough")
  void meetingPeersTakesTheSameForEach() throws IOException {
    int peers = Integer.getInteger("magpie.charm.peers", 4);
    try (FakeJuju juju = juju(JujuVersion.JUJU_3_6, peers + 1)) {
      for (int i = 1; i <= peers; i++) {
        juju.unit("magpie/" + i).settle();
      }
      List<HookRun> runs = new ArrayList<>();
      while (juju.unit("magpie/0").due().isPresent()) {
        runs.add(juju.unit("magpie/0").runDue().orElseThrow());
      }
      assertAllWell(runs);
      assertEquals("active: Ready, with " + peers + " peers", juju.unit("magpie/0").status());
      assertEquals(2 * peers, juju.calls("relation-get").size());
      int calls = juju.calls().size();
      System.out.println("meeting " + peers + " peers: " + calls + " calls of tools");
      assertTrue(calls <= 17 * peers + 50, () -> calls + " " + runs);
    }
  }

  @Test
  void aFailedHookIsRepeatedWithItsNotices() throws IOException {
    try (FakeJuju juju = juju(JujuVersion.JUJU_3_6, 2)) {
      juju.inject(
          Fault.exit(1, "ERROR connection is shut down")
              .on("status-set")
              .unit("magpie/0")
              .during("magpie-relation-joined"));
      List<HookRun> runs = juju.play();
      HookRun failed = runs.stream().filter(run -> run.exitCode() != 0).findFirst().orElseThrow();
      assertEquals(
          "hook tool status-set -- active \"Ready, with 1 peers\": expected success; exit code 1,"
              + " stderr \"ERROR connection is shut down\"; the hook is to fail, so that Juju runs"
              + " it again\n",
          failed.stderr());
      assertEquals("active: Ready, with 1 peers", juju.unit("magpie/0").status());
      assertEquals(
          2,
          juju.unit("magpie/0").logs().stream()
              .filter(line -> line.contains("magpie/1 joined"))
              .count(),
          "once in the hook that failed, once in its repetition");
    }
  }

  /**
   * What the charm has beside what was built: the archives of classes and what making them left.
   */
  private List<Path> archives() throws IOException {
    try (Stream<Path> files = Files.list(charm)) {
      return files
          .filter(file -> file.getFileName().toString().startsWith("classes"))
          .sorted()
          .toList();
    }
  }

  /** Whether the JVM of the charm takes the archive for what dispatch runs. */
  private boolean isUsable(Path archive) throws IOException, InterruptedException {
    String java = BUILT.resolve("runtime/bin/java").toString();
    String option = "-XX:SharedArchiveFile=" + archive;
    String classPath;
    try (Stream<Path> jars = Files.list(charm.resolve("lib"))) {
      classPath = jars.map(Path::toString).sorted().collect(Collectors.joining(":"));
    }
    String main = "magpie.peers.example.Charm";
    Process process =
        new ProcessBuilder(java, option, "-XX:+UseG1GC", "-Xlog:class+load", "-cp", classPath, main)
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), UTF_8);
    process.waitFor();
    return said.contains(main + " source: shared objects file");
  }

  @Test
  @Tag("thorough")
  void laterHooksStartFromAnArchiveOfTheFirstRelationChangedHook() throws Exception {
    try (FakeJuju juju = juju(JujuVersion.JUJU_3_6, 2)) {
      assertAllWell(juju.play());
      List<Path> made = archives();
      assertEquals(
          List.of(charm.resolve("classes.jsa"), charm.resolve("classes.jsa.made-of")), made);
      assertTrue(isUsable(made.get(0)), made::toString);

      FileTime before = Files.getLastModifiedTime(made.get(0));
      assertAllWell(quiet(juju));
      assertEquals(before, Files.getLastModifiedTime(made.get(0)), "it is made once");

      for (Path file : made) {
        Files.delete(file);
      }
      assertAllWell(quiet(juju));
      assertEquals(List.of(), archives(), "only a relation-changed hook makes one");
    }
  }

  @Tag("thorough")
  @Test
  void anArchiveThatDoesNotFitSaysNothing() throws Exception {
    try (FakeJuju juju = juju(JujuVersion.JUJU_3_6, 2)) {
      assertAllWell(juju.play());
      Path archive = archives().get(0);
      byte[] good = Files.readAllBytes(archive);
      for (byte[] bad :
          List.of(
              "no archive".getBytes(UTF_8), new byte[0], Arrays.copyOf(good, good.length / 2))) {
        Files.delete(archive);
        Files.write(archive, bad);
        assertFalse(isUsable(archive), bad.length + " bytes");
        assertAllWell(quiet(juju));
        assertArrayEquals(bad, Files.readAllBytes(archive));
      }
    }
  }

  /** Packing sets times: an upgraded jar may well have an older one. */
  @Test
  @Tag("thorough")
  void anUpgradeOfTheCharmIsFollowedByAnotherArchive() throws Exception {
    anUpgradeIsFollowedByAnotherArchive("2020-01-01T00:00:00Z");
  }

  @Tag("thorough")
  @Test
  void soIsAnUpgradeWithANewerJar() throws Exception {
    anUpgradeIsFollowedByAnotherArchive("2030-01-01T00:00:00Z");
  }

  private void anUpgradeIsFollowedByAnotherArchive(String time) throws Exception {
    try (FakeJuju juju = juju(JujuVersion.JUJU_3_6, 2)) {
      assertAllWell(juju.play());
      Path archive = charm.resolve("classes.jsa");
      Path jar = charm.resolve("lib/charm.jar");
      Files.setLastModifiedTime(jar, FileTime.from(Instant.parse(time)));
      assertFalse(isUsable(archive), "a JVM takes no archive of another jar");
      Files.writeString(charm.resolve("classes-16.0.1.jsa"), "of another Java");
      Files.writeString(Path.of(archive + ".new"), "whoever made this was killed");

      assertAllWell(quiet(juju));
      assertFalse(isUsable(archive), "not in just any hook");

      juju.unit("magpie/1").publish("magpie", "key", "value");
      assertAllWell(juju.play());
      assertEquals(List.of(archive, Path.of(archive + ".made-of")), archives());
      assertTrue(isUsable(archive));
    }
  }

  @Tag("thorough")
  @Test
  void whereNoArchiveCanBeWrittenHooksRunWithout() throws Exception {
    Path dispatch = charm.resolve("dispatch");
    String script = Files.readString(dispatch);
    Files.writeString(dispatch, script.replaceFirst("\nset -eu\n", "\nset -eu\nulimit -f 8\n"));
    try (FakeJuju juju = juju(JujuVersion.JUJU_3_6, 2)) {
      assertAllWell(juju.play());
      assertEquals(List.of(), archives());
      assertEquals("active: Ready, with 1 peers", juju.unit("magpie/0").status());
    }
  }
}
