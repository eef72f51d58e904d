/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.lab;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.util.Arrays;
import java.util.Set;
import magpie.peers.PeersException;
import magpie.peers.SourceUnavailableException;
import magpie.peers.spi.Quote;
import magpie.peers.spi.RegularFile;
import org.jspecify.annotations.Nullable;

/**
 * Writes a file as a whole: whoever reads it sees what it was or what it is, and after a crash one
 * of the two is there.
 */
final class TextFile {
  private TextFile() {}

  /**
   * Writes a file, unless it holds exactly that already. Links are followed; an older file hands
   * its permissions on, so that a service that could read it still can.
   *
   * @return whether anything was written
   * @throws SourceUnavailableException if it cannot be written; then it stays as it was
   */
  static boolean write(Path file, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    try {
      Path real = real(file.toAbsolutePath());
      if (Files.isDirectory(real)) {
        throw failure(file, "it is a directory", null);
      }
      if (Files.exists(real) && !Files.isRegularFile(real)) {
        // A rename over it would take it away from everybody.
        throw failure(file, "it is a pipe, socket or device", null);
      }
      if (same(real, bytes)) {
        return false;
      }
      replace(real, bytes);
      return true;
    } catch (IOException e) {
      String reason =
          e instanceof AccessDeniedException
              ? "permission denied"
              : e instanceof NoSuchFileException
                  ? "its directory does not exist"
                  : e instanceof FileSystemException f && f.getReason() != null
                      ? f.getReason()
                      : String.valueOf(e.getMessage());
      throw failure(file, reason, e);
    }
  }

  private static PeersException failure(Path file, String reason, @Nullable IOException cause) {
    String message =
        "expected to write "
            + Quote.of(file.toString())
            + ", found that it cannot be written: "
            + reason
            + "; it is as it was: make its directory writable or choose another file";
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

  private static void replace(Path file, byte[] bytes) throws IOException {
    Path directory = file.getParent();
    if (directory == null) {
      throw new FileSystemException(file.toString(), null, "it is a directory");
    }
    // A name for each process, since two may write at the same time; the later rename counts.
    Path fresh =
        directory.resolve("." + file.getFileName() + "." + ProcessHandle.current().pid() + ".tmp");
    Files.deleteIfExists(fresh);
    try {
      try (FileChannel out =
          FileChannel.open(
              fresh, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE))) {
        ByteBuffer rest = ByteBuffer.wrap(bytes);
        while (rest.hasRemaining()) {
          out.write(rest);
        }
        permissions(file, fresh);
        out.force(true);
      }
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      Files.deleteIfExists(fresh);
      throw e;
    }
    try (FileChannel opened = FileChannel.open(directory, StandardOpenOption.READ)) {
      opened.force(true);
    } catch (AccessDeniedException e) {
      // Windows does not open directories; its rename is durable by itself.
    }
  }

  private static void permissions(Path from, Path to) throws IOException {
    if (Files.exists(from)
        && Files.getFileAttributeView(from, PosixFileAttributeView.class) != null) {
      Files.setPosixFilePermissions(to, Files.getPosixFilePermissions(from));
    }
  }
}
