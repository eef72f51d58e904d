/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * A local repository of Maven for projects of users: our artifacts as this build made them, and
 * links to all else that the machine's own repository holds.
 */
final class ConsumerRepository {
  private static final Path GROUP = Path.of("io", "github", "magpiepeers");

  private ConsumerRepository() {}

  /** Lays it out, or again. */
  static synchronized Path lay() throws IOException {
    Path ours = Path.of(System.getProperty("magpie.it.repository"));
    Path local = Path.of("target", "consumer-repository").toAbsolutePath();
    lay(Path.of(System.getProperty("magpie.it.localRepository")), local, ours);
    link(local.resolve(GROUP), ours.resolve(GROUP));
    return local;
  }

  private static void lay(Path from, Path to, Path ours) throws IOException {
    Files.createDirectories(to);
    try (Stream<Path> entries = Files.list(from)) {
      for (Path entry : entries.toList()) {
        String name = entry.getFileName().toString();
        if (!Files.exists(ours.resolve(name))) {
          link(to.resolve(name), entry);
        } else if (!name.equals("magpiepeers")) {
          lay(entry, to.resolve(name), ours.resolve(name));
        }
      }
    }
  }

  private static void link(Path link, Path to) throws IOException {
    Files.deleteIfExists(link);
    Files.createSymbolicLink(link, to);
  }
}
