/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A directory for what has to be a file. */
final class Scratch {
  private static final Path DIRECTORY = create();

  private Scratch() {}

  static Path directory() {
    return DIRECTORY;
  }

  private static Path create() {
    try {
      Path memory = Path.of("/dev/shm");
      Path directory =
          Files.isWritable(memory)
              ? Files.createTempDirectory(memory, "magpie-fuzz")
              : Files.createTempDirectory("magpie-fuzz");
      // Deleted in the opposite order.
      directory.toFile().deleteOnExit();
      for (String name : List.of("bench", "checked", "imported", "recorded")) {
        directory.resolve(name + ".magpie.yaml").toFile().deleteOnExit();
      }
      return directory;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
