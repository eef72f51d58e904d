/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.local;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrackedFileTest {
  private static final FileTime LONG_AGO = FileTime.from(Instant.parse("2020-01-01T00:00:00Z"));

  @TempDir Path directory;
  private Path path;
  private TrackedFile file;

  @BeforeEach
  void makeFile() throws IOException {
    path = Files.writeString(directory.resolve("file"), "one");
    file = new TrackedFile(path, 10);
  }

  private void holds(String expected, boolean doubt) throws IOException {
    assertArrayEquals(expected.getBytes(StandardCharsets.UTF_8), file.read(doubt));
    assertNull(file.read(doubt));
    assertNull(file.read(true));
  }

  @Test
  void returnsContentOnceUntilItIsOther() throws IOException {
    holds("one", false);
    Files.writeString(path, "three");
    holds("three", false);
    Files.writeString(path, "three");
    assertNull(file.read(true));
  }

  /** Reads the file as if all its changes were long ago, so that attributes are believed. */
  private void believe() {
    file = new TrackedFile(path, 10, Clock.offset(Clock.systemUTC(), Duration.ofHours(1)));
  }

  @Test
  void noticesOtherContentOfTheSameSizeAndTimeInTheSameFile() throws IOException {
    believe();
    Files.setLastModifiedTime(path, LONG_AGO);
    holds("one", false);
    try (RandomAccessFile in = new RandomAccessFile(path.toFile(), "rw")) {
      in.writeBytes("two");
    }
    Files.setLastModifiedTime(path, LONG_AGO);
    holds("two", false);
  }

  @Test
  void readsAgainWhereTheClockOfTheFileSystemMayHideAChange() throws IOException {
    // A file system without other attributes than size and time, and a time that nothing is past.
    FileTime future = FileTime.from(Instant.now().plus(Duration.ofHours(1)));
    try (FileSystem zip =
        FileSystems.newFileSystem(directory.resolve("fs.zip"), Map.of("create", "true"))) {
      path = Files.writeString(zip.getPath("/file"), "one");
      Files.setLastModifiedTime(path, future);
      file = new TrackedFile(path, 10);
      holds("one", false);
      Files.writeString(path, "two");
      Files.setLastModifiedTime(path, future);
      holds("two", false);

      believe();
      Files.setLastModifiedTime(path, LONG_AGO);
      holds("two", false);
      Files.writeString(path, "six");
      Files.setLastModifiedTime(path, LONG_AGO);
      assertNull(file.read(false), "attributes that are old enough are believed");
      holds("six", true);
    }
  }

  @Test
  void noticesOtherContentOfTheSameSizeAndTimeInAnotherFile() throws IOException {
    believe();
    Files.setLastModifiedTime(path, LONG_AGO);
    holds("one", false);
    Path other = Files.writeString(directory.resolve("other"), "two");
    Files.setLastModifiedTime(other, LONG_AGO);
    Files.move(other, path, StandardCopyOption.ATOMIC_MOVE);
    holds("two", false);
  }

  @Test
  void noticesEachOfManyQuickEdits() throws IOException {
    for (int i = 0; i < 300; i++) {
      // No two of these are told apart by size, and many not by the clock of the file system.
      Files.writeString(path, String.format("%03d", i));
      assertArrayEquals(
          String.format("%03d", i).getBytes(StandardCharsets.UTF_8), file.read(false));
    }
  }

  @Test
  void returnsToWhatItKnewAfterAFailure() throws IOException {
    assertNotNull(file.read(false));
    Files.delete(path);
    assertThrows(NoSuchFileException.class, () -> file.read(false));
    Files.writeString(path, "one");
    assertNull(file.read(false));
    Files.writeString(path, "two");
    holds("two", false);
  }

  @Test
  void readsUpToTheLimit() throws IOException {
    Files.writeString(path, "0123456789");
    holds("0123456789", false);
    Files.writeString(path, "0123456789x");
    assertEquals(
        path + ": expected at most 10 bytes, found 11",
        assertThrows(FileSystemException.class, () -> file.read(false)).getMessage());
  }

  @Test
  void readsAnEmptyFile() throws IOException {
    Files.writeString(path, "");
    holds("", false);
  }

  @Test
  void refusesWhatIsNoFile() throws IOException {
    assertEquals(
        directory + ": expected a regular file, found a directory",
        assertThrows(FileSystemException.class, () -> new TrackedFile(directory, 10).read(true))
            .getMessage());
    Path link = Files.createSymbolicLink(directory.resolve("link"), path);
    assertEquals(
        link + ": expected a regular file, found a symbolic link",
        assertThrows(
                FileSystemException.class,
                () -> new TrackedFile(link, 10, LinkOption.NOFOLLOW_LINKS).read(true))
            .getMessage());
    assertArrayEquals(
        "one".getBytes(StandardCharsets.UTF_8), new TrackedFile(link, 10).read(false));
  }
}
