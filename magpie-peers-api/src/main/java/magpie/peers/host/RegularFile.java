/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.host;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;

/**
 * Reads files whose directory others can write in: regular files only, up to a limit.
 *
 * <p>Opening a pipe without a writer waits for ever, and so does reading a terminal; a device gives
 * bytes without end. What a path leads to is therefore looked at before it is opened, and once more
 * after it was read.
 *
 * <p><b>What remains.</b> Java cannot open a file without waiting. A user who can write in the
 * directory can put a pipe there between the first look and the opening, some microseconds later,
 * and then the thread waits until somebody writes to the pipe or removes it by opening it. Files
 * that are opened to be written to have no such race on Linux, where a pipe that is opened for both
 * directions does not wait.
 */
public final class RegularFile {
  private static final int MOST_TRIES = 3;

  private final Path path;
  private final LinkOption[] links;
  private final Runnable looked;

  private RegularFile(Path path, LinkOption... links) {
    this(path, () -> {}, links);
  }

  /** For tests, which act between the look and the opening. */
  RegularFile(Path path, Runnable looked, LinkOption... links) {
    this.path = Objects.requireNonNull(path, "path");
    this.links = links.clone();
    this.looked = looked;
  }

  /**
   * Reads a whole file.
   *
   * <p>It may be larger than the system says, as files below {@code /proc} are, and may grow
   * meanwhile; what is read stays within the limit. An interrupt does not end the reading, and is
   * kept for the caller.
   *
   * @param path the file
   * @param largest how many bytes it may have
   * @param links {@link LinkOption#NOFOLLOW_LINKS} where the path must not be a symbolic link
   * @return its bytes
   * @throws FileSystemException whose reason says what was expected and what was found, if it is no
   *     regular file, has more bytes, or is replaced again and again meanwhile
   * @throws IOException if it cannot be read
   */
  public static byte[] read(Path path, int largest, LinkOption... links) throws IOException {
    return new RegularFile(path, links).read(largest);
  }

  /**
   * Returns the attributes of a file, if {@link #read} would read it.
   *
   * <p>Nothing is opened, so this waits for nothing but the file system. What is there a moment
   * later is another question.
   *
   * @param path the file
   * @param largest how many bytes it may have
   * @param links {@link LinkOption#NOFOLLOW_LINKS} where the path must not be a symbolic link
   * @return its attributes
   * @throws FileSystemException whose reason says what was expected and what was found, if it is no
   *     regular file or has more bytes
   * @throws IOException if it cannot be looked at
   */
  public static BasicFileAttributes look(Path path, long largest, LinkOption... links)
      throws IOException {
    return new RegularFile(path, links).look(largest);
  }

  /**
   * Opens a file to write to it, and creates it if there is none.
   *
   * @return the channel, which the caller closes
   */
  static FileChannel openToWrite(Path path, FileAttribute<?>... attributes) throws IOException {
    return new RegularFile(path, LinkOption.NOFOLLOW_LINKS).openToWrite(attributes);
  }

  FileChannel openToWrite(FileAttribute<?>... attributes) throws IOException {
    return open(
        Set.of(
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE,
            LinkOption.NOFOLLOW_LINKS),
        attributes);
  }

  /**
   * Opens a file to write to it, if there is one.
   *
   * @return the channel, which the caller closes
   */
  static FileChannel openExisting(Path path) throws IOException {
    return new RegularFile(path, LinkOption.NOFOLLOW_LINKS)
        .open(Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS));
  }

  private FileChannel open(Set<OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      look(Long.MAX_VALUE);
    }
    looked.run();
    FileChannel channel = FileChannel.open(path, options, attributes);
    boolean regular = false;
    try {
      look(Long.MAX_VALUE);
      regular = true;
      return channel;
    } finally {
      if (!regular) {
        channel.close();
      }
    }
  }

  byte[] read(int largest) throws IOException {
    boolean interrupted = Thread.interrupted();
    try {
      for (int i = 0; i < MOST_TRIES; i++) {
        BasicFileAttributes before = look(largest);
        looked.run();
        byte[] content;
        try {
          content = content(largest);
        } catch (ClosedByInterruptException e) {
          interrupted |= Thread.interrupted();
          i--;
          continue;
        }
        // What was opened cannot be asked what it is; what the path leads to can, once more.
        if (Objects.equals(before.fileKey(), look(largest).fileKey())) {
          return content;
        }
      }
      throw refused("expected a file that stays, found it replaced each time it was read");
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private byte[] content(int largest) throws IOException {
    Set<OpenOption> options = new HashSet<>(Arrays.asList(links));
    options.add(StandardOpenOption.READ);
    try (FileChannel in = FileChannel.open(path, options)) {
      return content(in, largest);
    }
  }

  private byte[] content(FileChannel in, int largest) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(in.size(), largest) + 1);
    while (in.read(buffer) >= 0) {
      if (!buffer.hasRemaining()) {
        if (buffer.capacity() > largest) {
          throw tooLarge(largest, in.size());
        }
        int more = (int) Math.min(2L * buffer.capacity(), largest) + 1;
        buffer = ByteBuffer.allocate(more).put(buffer.flip());
      }
    }
    return Arrays.copyOf(buffer.array(), buffer.position());
  }

  private BasicFileAttributes look(long largest) throws IOException {
    BasicFileAttributes found = Files.readAttributes(path, BasicFileAttributes.class, links);
    if (!found.isRegularFile()) {
      throw refused(
          "expected a regular file, found "
              + (found.isDirectory()
                  ? "a directory"
                  : found.isSymbolicLink() ? "a symbolic link" : "a pipe, socket or device"));
    }
    if (found.size() > largest) {
      throw tooLarge(largest, found.size());
    }
    return found;
  }

  private FileSystemException tooLarge(long largest, long found) {
    // A file that grows, or hides its size, has more than it says.
    String size = found > largest ? String.valueOf(found) : "more";
    return refused("expected at most " + largest + " bytes, found " + size);
  }

  private FileSystemException refused(String reason) {
    return new FileSystemException(path.toString(), null, reason);
  }
}
