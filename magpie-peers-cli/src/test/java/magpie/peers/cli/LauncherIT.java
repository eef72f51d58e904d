/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The launcher in a checkout of its own: the archive of classes that its first call leaves. */
class LauncherIT {
  private static final String SHOWN = "198.51.100.12\tmagpie-1\n";

  @TempDir Path directory;
  private Path checkout;
  private Path target;

  @BeforeEach
  void copyTheCheckout() throws IOException {
    checkout = directory.resolve("a checkout");
    target = checkout.resolve("magpie-peers-cli/target");
    Files.createDirectories(target);
    Files.createDirectories(checkout.resolve("examples"));
    for (String file :
        List.of(
            "magpie-peers",
            "examples/rack.magpie.yaml",
            "magpie-peers-cli/target/magpie-peers.jar")) {
      Files.copy(Launched.ROOT.resolve(file), checkout.resolve(file));
    }
    checkout.resolve("magpie-peers").toFile().setExecutable(true);
  }

  private Launched launch() {
    return launch("exec \"$@\"");
  }

  /** Launches from a shell, which may set limits before. */
  private Launched launch(String script) {
    return Launched.run(
        checkout,
        Map.of(),
        List.of(
            "/bin/sh",
            "-c",
            script,
            "sh",
            checkout.resolve("magpie-peers").toString(),
            "nodes",
            "--topology",
            "examples/rack.magpie.yaml",
            "--observer",
            "--network",
            "storage",
            "--id",
            "magpie/1",
            "--format",
            "hosts"));
  }

  private List<Path> left() throws IOException {
    try (Stream<Path> files = Files.list(target)) {
      return files.filter(file -> !file.endsWith("magpie-peers.jar")).toList();
    }
  }

  /** Whether this JVM takes the archive for the jar. */
  private boolean isUsable(Path archive) {
    return Launched.run(
                checkout,
                Map.of(),
                List.of(
                    Launched.JAVA.toString(),
                    "-Xshare:on",
                    "-XX:SharedArchiveFile=" + archive,
                    "-XX:+UseG1GC",
                    "-cp",
                    target.resolve("magpie-peers.jar").toString(),
                    "-version"))
            .code()
        == 0;
  }

  @Test
  void theFirstCallLeavesAnArchiveFromWhichLaterOnesStart() throws IOException {
    assertEquals(new Launched(0, SHOWN, ""), launch());
    List<Path> made = left();
    assertEquals(1, made.size(), made::toString);
    assertTrue(isUsable(made.get(0)), made::toString);

    FileTime before = Files.getLastModifiedTime(made.get(0));
    assertEquals(new Launched(0, SHOWN, ""), launch());
    assertEquals(made, left());
    assertEquals(before, Files.getLastModifiedTime(made.get(0)), "it is made once");
  }

  @Tag("thorough")
  @Test
  void anArchiveThatDoesNotFitSaysNothing() throws IOException {
    launch();
    Path archive = left().get(0);
    // Of another time it is another build's, and made anew.
    FileTime ofTheJar = Files.getLastModifiedTime(target.resolve("magpie-peers.jar"));
    byte[] good = Files.readAllBytes(archive);
    for (byte[] bad :
        List.of(
            "no archive".getBytes(StandardCharsets.UTF_8),
            new byte[0],
            Arrays.copyOf(good, good.length / 2))) {
      Files.delete(archive);
      Files.write(archive, bad);
      Files.setLastModifiedTime(archive, ofTheJar);
      assertFalse(isUsable(archive), bad.length + " bytes");
      assertEquals(new Launched(0, SHOWN, ""), launch());
      assertArrayEquals(bad, Files.readAllBytes(archive));
    }
  }

  @Test
  @Tag("thorough")
  void anotherBuildGetsAnotherArchive() throws IOException {
    launch();
    Path archive = left().get(0);
    FileTime past = FileTime.from(Instant.parse("2026-01-01T00:00:00Z"));
    Files.setLastModifiedTime(archive, past);
    Path old = Files.writeString(target.resolve("magpie-peers-16.0.1.jsa"), "of a build before");
    Files.setLastModifiedTime(old, past);
    Path other = Files.writeString(target.resolve("magpie-peers-18.0.2.jsa"), "of another Java");
    Files.setLastModifiedTime(other, Files.getLastModifiedTime(target.resolve("magpie-peers.jar")));

    assertEquals(new Launched(0, SHOWN, ""), launch());
    assertEquals(Set.of(archive, other), Set.copyOf(left()));
    assertTrue(isUsable(archive));
  }

  @Test
  @Tag("thorough")
  void whatAKilledCallLeftIsRemovedAndWhatALivingOneUsesStays() throws IOException {
    Path left = Files.createDirectory(target.resolve("magpie-peers-17.0.1.jsa.aBcDeF"));
    Files.writeString(left.resolve("new"), "half an archive");
    Files.setLastModifiedTime(left, FileTime.from(Instant.parse("2026-01-01T00:00:00Z")));
    Path living = Files.createDirectory(target.resolve("magpie-peers-17.0.1.jsa.gHiJkL"));

    assertEquals(new Launched(0, SHOWN, ""), launch());
    assertFalse(Files.exists(left));
    assertTrue(Files.exists(living));
    Files.delete(living);
    assertEquals(1, left().size(), "the archive alone");
  }

  @Test
  @Tag("thorough")
  void aJarWithAnOlderTimeGetsAnotherArchiveToo() throws IOException {
    launch();
    Path archive = left().get(0);
    FileTime past = FileTime.from(Instant.parse("2026-01-01T00:00:00Z"));
    Files.setLastModifiedTime(target.resolve("magpie-peers.jar"), past);

    assertEquals(new Launched(0, SHOWN, ""), launch());
    assertEquals(List.of(archive), left());
    assertTrue(isUsable(archive));
    assertEquals(past, Files.getLastModifiedTime(archive), "it is known by the time of the jar");
    assertEquals(new Launched(0, SHOWN, ""), launch());
    assertEquals(past, Files.getLastModifiedTime(archive));
  }

  @Tag("thorough")
  @Test
  void whereNoneCanBeWrittenTheCommandRunsWithout() throws IOException {
    assertEquals(new Launched(0, SHOWN, ""), launch("ulimit -f 8; exec \"$@\""));
    List<Path> left = left();
    assertEquals(1, left.size(), left::toString);
    assertEquals(0, Files.size(left.get(0)), "an empty archive, so that not every call tries");
    assertEquals(new Launched(0, SHOWN, ""), launch());
    assertEquals(0, Files.size(left.get(0)));
  }

  @Tag("thorough")
  @Test
  void whatTheEnvironmentSaysOfPeersDoesNotKeepTheArchiveFromBeingMade() throws IOException {
    Launched launched =
        launch(
            "MAGPIE_PEERS_SELF=magpie/9 MAGPIE_PEER_SET=other; export MAGPIE_PEERS_SELF"
                + " MAGPIE_PEER_SET; exec \"$@\"");
    assertEquals(1, launched.code(), launched::toString);
    assertTrue(isUsable(left().get(0)));
  }
}
