/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.local;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import magpie.peers.host.RegularFile;
import org.jspecify.annotations.Nullable;

/**
 * One file that is read again and again, where only other content counts.
 *
 * <p>Whether to open it is decided by its attributes: size, both times, and which file it is. Equal
 * attributes prove equal content only if the last change was older than the coarsest step of a file
 * system's clock when it was read; until then, and whenever the caller has a reason to doubt (an
 * event, a timer), the content is read and its digest compared.
 */
final class TrackedFile {
  /** FAT stores times in steps of two seconds, the coarsest of all. */
  private static final Duration COARSEST = Duration.ofSeconds(2);

  private static final int MOST_TRIES = 3;

  private final Path path;
  private final int largest;
  private final Clock clock;
  private final LinkOption[] links;
  private @Nullable Attributes attributes;
  private byte @Nullable [] digest;

  TrackedFile(Path path, int largest, LinkOption... links) {
    // The clock of the system, which dates the files, not one of the program.
    this(path, largest, Clock.systemUTC(), links);
  }

  TrackedFile(Path path, int largest, Clock clock, LinkOption... links) {
    this.path = path;
    this.largest = largest;
    this.clock = clock;
    this.links = links;
  }

  /**
   * Returns the content if it differs from what was returned last, else null.
   *
   * @param doubt whether to read the file although its attributes are as they were
   * @throws IOException if the file is not there, is no regular file, is too large or cannot be
   *     read; the next call looks again
   */
  byte @Nullable [] read(boolean doubt) throws IOException {
    Attributes known = attributes;
    attributes = null;
    Attributes before = attributes();
    if (!doubt && known != null && known.settled && before.same(known)) {
      attributes = known;
      return null;
    }
    byte[] content = RegularFile.read(path, largest, links);
    Attributes after = attributes();
    for (int i = 1; i < MOST_TRIES && !after.same(before); i++) {
      before = after;
      content = RegularFile.read(path, largest, links);
      after = attributes();
    }
    // The older look at the clock counts: a change after it must not pass for settled.
    attributes = after.same(before) ? before : null;
    byte[] fresh = sha256(content);
    if (Arrays.equals(fresh, digest)) {
      return null;
    }
    digest = fresh;
    return content;
  }

  /** Which file was read last; null where the file system does not tell, or nothing was read. */
  @Nullable Object key() {
    Attributes known = attributes;
    return known == null ? null : known.key;
  }

  /**
   * Whether the file that was read last may still be being written: its content changed within a
   * time, and it was not renamed since, which a writer does when it has finished.
   */
  boolean unfinished(Duration time) {
    Attributes known = attributes;
    return known == null
        || (known.changed.compareTo(known.modified) <= 0
            && known.modified.toInstant().isAfter(clock.instant().minus(time)));
  }

  private Attributes attributes() throws IOException {
    Instant now = clock.instant();
    BasicFileAttributes basic = RegularFile.look(path, largest, links);
    FileTime changed = basic.lastModifiedTime();
    if (path.getFileSystem().supportedFileAttributeViews().contains("unix")) {
      Map<String, Object> unix = Files.readAttributes(path, "unix:ctime,nlink,ino", links);
      changed = unix.get("ctime") instanceof FileTime time ? time : changed;
      if (nameless(unix) && !byDescriptor() && staysNameless(unix)) {
        throw new Detached(path);
      }
    }
    FileTime last =
        changed.compareTo(basic.lastModifiedTime()) > 0 ? changed : basic.lastModifiedTime();
    return new Attributes(
        basic.size(),
        basic.lastModifiedTime(),
        changed,
        basic.fileKey(),
        // The step is taken from the clock: a file can have a date that leaves no room for more.
        last.toInstant().isBefore(now.minus(COARSEST)));
  }

  private static boolean nameless(Map<String, Object> unix) {
    return Integer.valueOf(0).equals(unix.get("nlink"));
  }

  /** A file that is replaced between the look for it and the look at it has no name either. */
  private boolean staysNameless(Map<String, Object> before) throws IOException {
    Map<String, Object> again = Files.readAttributes(path, "unix:nlink,ino", links);
    return nameless(again) && Objects.equals(before.get("ino"), again.get("ino"));
  }

  /** A file without a name is what a shell gives for text that is written in the script. */
  private boolean byDescriptor() {
    return path.startsWith("/proc") || path.startsWith("/dev");
  }

  /** The path leads to a file that has no name any more. */
  static final class Detached extends FileSystemException {
    private static final long serialVersionUID = 1L;

    Detached(Path path) {
      super(
          path.toString(),
          null,
          "it was replaced or removed outside, and this is the old one, as behind a bind mount of a"
              + " single file; mount its directory instead, or start the container again");
    }
  }

  static byte[] sha256(byte[] content) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(content);
    } catch (NoSuchAlgorithmException impossible) {
      throw new AssertionError("every Java platform has SHA-256", impossible);
    }
  }

  private record Attributes(
      long size, FileTime modified, FileTime changed, @Nullable Object key, boolean settled) {

    boolean same(Attributes other) {
      return size == other.size
          && modified.equals(other.modified)
          && changed.equals(other.changed)
          && Objects.equals(key, other.key);
    }
  }
}
