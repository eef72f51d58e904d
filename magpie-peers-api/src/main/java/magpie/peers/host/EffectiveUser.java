/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** Tells as whom this process acts on files. */
@FunctionalInterface
public interface EffectiveUser {

  /**
   * Returns the effective user id of this process.
   *
   * @return the number, or empty where it cannot be known
   */
  OptionalLong uid();

  /**
   * Returns the user as Linux tells it in {@code /proc/self/status}.
   *
   * @return the user; its number is empty on systems without {@code /proc}
   */
  static EffectiveUser ofProc() {
    return () -> {
      try {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
          if (line.startsWith("Uid:")) {
            return OptionalLong.of(Long.parseLong(line.split("\\s+", -1)[2]));
          }
        }
        return OptionalLong.empty();
      } catch (IOException | NumberFormatException e) {
        return OptionalLong.empty();
      }
    };
  }
}
