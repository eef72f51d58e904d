/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import magpie.peers.testkit.juju.FakeJuju;
import magpie.peers.testkit.juju.FakeUnit;
import magpie.peers.testkit.juju.HookRun;
import magpie.peers.testkit.juju.JujuVersion;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Hooks as processes in the surroundings that real ones find themselves in. */
class SurroundingsTest {
  private static final int NOBODY = 65534;

  @TempDir Path directory;

  @ParameterizedTest
  @ValueSource(strings = {"C", "C.UTF-8"})
  void worksWithSpacesInThePathWithoutHomeInAnyLocale(String locale) throws IOException {
    Path spaced = Files.createDirectory(directory.resolve("with  some spaces"));
    Path tools = Files.createDirectory(directory.resolve("tools of others"));
    try (FakeJuju juju =
        HookScene.juju(spaced, JujuVersion.JUJU_3_6)
            .units(2)
            .path(tools + ":/usr/bin:/bin")
            .environment("LANG", locale)
            .environment("MAGPIE_TEST_ODD", "\u00e9")
            .build()) {
      List<HookRun> runs = juju.play(HookProgram.command().toArray(new String[0]));

      for (HookRun run : runs) {
        assertTrue(run.committed(), run + ": " + run.stderr());
        assertEquals("", run.stdout());
        assertEquals("", run.stderr());
        assertFalse(run.environment().containsKey("HOME"));
        assertEquals(locale, run.environment().get("LANG"));
        assertTrue(run.environment().get("PATH").contains("with  some spaces"));
      }
      for (FakeUnit unit : juju.units()) {
        assertEquals("active: 1 peers, 1 of them joined, 1 greeted", unit.status());
        assertEquals(HookProgram.GREETING, unit.settings("magpie").get("greeting"));
      }
    }
  }

  /**
   * As on Kubernetes, where charms may ask not to be root, and the charm is not theirs to write.
   */
  @Test
  void worksAsAUserWhoMayNotWriteToTheCharm() throws Exception {
    assumeTrue(
        Integer.valueOf(0).equals(Files.getAttribute(directory, "unix:uid")),
        "only root can become another user; run by another, all tests here show the same");
    assumeTrue(
        Stream.of(System.getenv("PATH").split(":", -1))
            .anyMatch(entry -> new File(entry, "setpriv").canExecute()),
        "setpriv of util-linux, which runs a program as another user, is not on the PATH");
    Path home = Files.createTempDirectory("magpie-peers-nobody");
    try {
      Path charm = HookScene.charm(home, "peers:", "  magpie:", "    interface: magpie");
      List<Path> classes = new ArrayList<>();
      for (Path place : HookProgram.classPath()) {
        classes.add(copy(place, home.resolve("classes-" + classes.size())));
      }
      Files.setPosixFilePermissions(charm, PosixFilePermissions.fromString("r-xr-xr-x"));
      Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwxr-xr-x"));
      Path own = Files.createDirectory(home.resolve("own"));
      Files.move(charm, own.resolve("charm"));
      Files.setAttribute(own, "unix:uid", NOBODY);
      List<String> command =
          new ArrayList<>(
              List.of(
                  "setpriv",
                  "--reuid=" + NOBODY,
                  "--regid=" + NOBODY,
                  "--clear-groups",
                  "--no-new-privs"));
      command.addAll(HookProgram.command(HookProgram.Play.class, classes));
      command.add(own.toString());
      Path output = directory.resolve("output");
      Process process =
          new ProcessBuilder(command)
              .directory(own.toFile())
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
      try {
        assertTrue(process.waitFor(2, TimeUnit.MINUTES), "still running");
      } finally {
        process.destroyForcibly();
      }

      assertEquals(
          List.of(
              "magpie/0 active: 1 peers, 1 of them joined, 1 greeted",
              "magpie/1 active: 1 peers, 1 of them joined, 1 greeted",
              "writable false, user " + NOBODY),
          Files.readAllLines(output));
    } finally {
      try (Stream<Path> all = Files.walk(home)) {
        for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(path);
        }
      }
    }
  }

  /** Copies classes or a jar to where everybody can read them. */
  private static Path copy(Path from, Path to) throws IOException {
    Path target = Files.isDirectory(from) ? to : Path.of(to + ".jar");
    try (Stream<Path> all = Files.walk(from)) {
      for (Path path : all.toList()) {
        Path copied = target.resolve(from.relativize(path).toString());
        Files.copy(path, path.equals(from) ? target : copied, StandardCopyOption.REPLACE_EXISTING);
      }
    }
    return target;
  }
}
