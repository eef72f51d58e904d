/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import magpie.peers.PeersException;
import magpie.peers.SourceUnavailableException;
import magpie.peers.host.FileFailure;
import magpie.peers.host.RegularFile;
import magpie.peers.host.WholeFile;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;

/**
 * Writes a file as a whole: a reader sees the old content or the new one, and after a crash one of
 * the two is there.
 */
final class TextFile {
  private TextFile() {}

  /**
   * Writes a file, unless it holds exactly that already. Links are followed; users who could read
   * the old file still can, as far as this user may give them that.
   *
   * @return whether anything was written
   * @throws SourceUnavailableException if it cannot be written, and then it is as it was; or if it
   *     was written, but not synced, as the message then says
   */
  static boolean write(Path file, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    try {
      Path real = real(file.toAbsolutePath());
      if (Files.isDirectory(real)) {
        throw failure(file, "it is a directory", "name a file in it", null);
      }
      if (Files.exists(real) && !Files.isRegularFile(real)) {
        // A rename over it would remove it for all its users.
        throw failure(file, "it is a pipe, socket or device", "remove it", null);
      }
      if (same(real, bytes)) {
        return false;
      }
      WholeFile.replace(real, bytes, WholeFile.Access.KEPT);
      return true;
    } catch (IOException e) {
      FileFailure failed = FileFailure.of(file, e);
      if (!failed.replaced()) {
        throw failure(file, failed.reason(), failed.remedy(), failed);
      }
      throw new SourceUnavailableException(
          file.toString(),
          "expected to write "
              + Quote.of(file.toString())
              + " and sync it, found that it was written, but may not survive a power failure: "
              + failed.reason()
              + "; "
              + failed.remedy(),
          failed);
    }
  }

  private static PeersException failure(
      Path file, String reason, String remedy, @Nullable IOException cause) {
    String message =
        "expected to write "
            + Quote.of(file.toString())
            + ", found that it cannot be written: "
            + reason
            + "; it is as it was: "
            + remedy
            + " or choose another file";
    return cause == null
        ? new SourceUnavailableException(file.toString(), message)
        : new SourceUnavailableException(file.toString(), message, cause);
  }

  private static Path real(Path file) throws IOException {
    return Files.exists(file) ? file.toRealPath() : file;
  }

  private static boolean same(Path file, byte[] bytes) throws IOException {
    return Files.isRegularFile(file)
        && Files.isReadable(file)
        && Files.size(file) == bytes.length
        && Arrays.equals(RegularFile.read(file, bytes.length), bytes);
  }
}
