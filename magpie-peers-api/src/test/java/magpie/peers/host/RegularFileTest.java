/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.host;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class RegularFileTest {
  private static final Runnable NOTHING = () -> {};

  @TempDir Path directory;

  /** Something that happens to files between two steps of a reader. */
  private interface Swap {
    void run() throws IOException;

    default Runnable unchecked() {
      return () -> {
        try {
          run();
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      };
    }
  }

  private static String reason(Path path, int largest, LinkOption... links) {
    return refusal(new RegularFile(path, NOTHING, links), largest);
  }

  private static String refusal(RegularFile file, int largest) {
    FileSystemException e =
        assertThrows(FileSystemException.class, () -> file.read(largest), "it was read");
    return e.getReason();
  }

  private static Path fifo(Path path) {
    try {
      assertEquals(0, new ProcessBuilder("mkfifo", path.toString()).start().waitFor());
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(e);
    }
    return path;
  }

  private static void swap(Path with, Path path) throws IOException {
    Files.move(with, path, StandardCopyOption.ATOMIC_MOVE);
  }

  /** How many files of this test are open. */
  private int descriptors() throws IOException {
    int open = 0;
    try (var all = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path descriptor : all) {
        if (Files.isSymbolicLink(descriptor)
            && Files.readSymbolicLink(descriptor).startsWith(directory)) {
          open++;
        }
      }
    }
    return open;
  }

  @Test
  void readsWhatIsThereUpToTheLimit() throws IOException {
    Path file = Files.writeString(directory.resolve("file"), "0123456789");
    assertArrayEquals(Files.readAllBytes(file), RegularFile.read(file, 10));
    assertEquals("expected at most 9 bytes, found 10", reason(file, 9));
    assertEquals(0, RegularFile.read(Files.createFile(directory.resolve("empty")), 10).length);
  }

  @Test
  void readsFilesThatDoNotTellTheirSize() throws IOException {
    Path status = Path.of("/proc/self/status");
    assertEquals(0, Files.size(status));
    String text = new String(RegularFile.read(status, 100_000), StandardCharsets.UTF_8);
    assertTrue(text.startsWith("Name:"), text);
    assertEquals("expected at most 10 bytes, found more", reason(status, 10));
  }

  @Test
  void refusesWhateverElseAPathLeadsTo() throws IOException {
    String other = "expected a regular file, found a pipe, socket or device";
    assertEquals(other, reason(fifo(directory.resolve("fifo")), 10));
    for (String device : List.of("/dev/zero", "/dev/full", "/dev/null", "/dev/tty", "/dev/ptmx")) {
      assertEquals(other, reason(Path.of(device), 10), device);
    }
    Path socket = directory.resolve("socket");
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(socket));
      assertEquals(other, reason(socket, 10));
    }
    assertEquals("expected a regular file, found a directory", reason(directory, 10));
    Path link = Files.createSymbolicLink(directory.resolve("link"), Path.of("/dev/zero"));
    assertEquals(other, reason(link, 10));
    assertEquals(
        "expected a regular file, found a symbolic link",
        reason(link, 10, LinkOption.NOFOLLOW_LINKS));
    Path loop = directory.resolve("loop");
    Files.createSymbolicLink(loop, loop);
    assertEquals(
        loop
            + ": Too many levels of symbolic links or unable to access attributes of symbolic link",
        assertThrows(FileSystemException.class, () -> RegularFile.read(loop, 10)).getMessage());
  }

  @Test
  void readsNothingOfTenGibibytes() throws IOException {
    Path file = directory.resolve("sparse");
    try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
      sparse.setLength(10L << 30);
    }
    assertEquals("expected at most 1000 bytes, found 10737418240", reason(file, 1000));
  }

  @Test
  void stopsAtTheLimitOfWhatTookThePlaceOfASmallFile() throws IOException {
    Path file = Files.writeString(directory.resolve("file"), "small");
    Path sparse = directory.resolve("sparse");
    try (RandomAccessFile large = new RandomAccessFile(sparse.toFile(), "rw")) {
      large.setLength(10L << 30);
    }
    Swap grow = () -> swap(sparse, file);
    AtomicInteger looks = new AtomicInteger();
    Runnable once = () -> run(looks.getAndIncrement() == 0, grow);
    assertEquals(
        "expected at most 100 bytes, found 10737418240", refusal(new RegularFile(file, once), 100));
  }

  private static void run(boolean wanted, Swap swap) {
    if (wanted) {
      swap.unchecked().run();
    }
  }

  @Test
  void takesNothingFromADeviceThatTookThePlaceOfAFile() throws IOException {
    Path file = Files.writeString(directory.resolve("file"), "small");
    Path device = Files.createSymbolicLink(directory.resolve("device"), Path.of("/dev/zero"));
    Swap swap = () -> swap(device, file);
    AtomicInteger looks = new AtomicInteger();
    assertEquals(
        "expected at most 100 bytes, found more",
        refusal(new RegularFile(file, () -> run(looks.getAndIncrement() == 0, swap)), 100));
  }

  @Test
  void takesNothingFromADeviceThatWasThereForAMomentOnly() throws IOException {
    Path file = Files.writeString(directory.resolve("file"), "small");
    Path device = Files.createSymbolicLink(directory.resolve("device"), Path.of("/dev/null"));
    AtomicInteger looks = new AtomicInteger();
    Swap swap = () -> swap(device, file);
    // Found out when it is looked at once more, since /dev/null reads like an empty file.
    assertEquals(
        "expected a regular file, found a pipe, socket or device",
        refusal(new RegularFile(file, () -> run(looks.getAndIncrement() == 0, swap)), 100));
  }

  @Test
  void readsTheFileThatTookThePlaceOfAnother() throws IOException {
    Path file = Files.writeString(directory.resolve("file"), "old");
    Path fresh = Files.writeString(directory.resolve("fresh"), "new");
    AtomicInteger looks = new AtomicInteger();
    Swap swap = () -> swap(fresh, file);
    RegularFile reader = new RegularFile(file, () -> run(looks.getAndIncrement() == 0, swap));
    assertEquals("new", new String(reader.read(100), StandardCharsets.UTF_8));
    assertEquals(2, looks.get());
  }

  @Test
  void givesUpOnAFileThatIsReplacedEachTime() throws IOException {
    Path file = Files.writeString(directory.resolve("file"), "0");
    AtomicInteger looks = new AtomicInteger();
    Swap swap =
        () -> {
          int look = looks.incrementAndGet();
          swap(Files.writeString(directory.resolve("fresh" + look), "x"), file);
        };
    assertEquals(
        "expected a file that stays, found it replaced each time it was read",
        refusal(new RegularFile(file, swap.unchecked()), 100));
    assertEquals(3, looks.get());
  }

  @Test
  void aPipeThatTookThePlaceOfAFileIsReadToItsEndAndRefused() throws Exception {
    Path file = Files.writeString(directory.resolve("file"), "small");
    Path pipe = fifo(directory.resolve("pipe"));
    Swap swap = () -> swap(pipe, file);
    AtomicInteger looks = new AtomicInteger();
    RegularFile reader = new RegularFile(file, () -> run(looks.getAndIncrement() == 0, swap));
    AtomicReference<String> reason = new AtomicReference<>();
    Thread reading = new Thread(() -> reason.set(refusal(reader, 100)), "reader of a pipe");
    reading.start();
    // The opening waits for a writer, as the class says; with one it goes on at once.
    while (!Files.exists(file) || Files.isRegularFile(file)) {
      Thread.onSpinWait();
    }
    FileChannel.open(file, StandardOpenOption.WRITE).close();
    reading.join();
    assertEquals("expected a regular file, found a pipe, socket or device", reason.get());
    assertEquals(0, descriptors());
  }

  @Test
  void aPipeThatTookThePlaceOfAFileToWriteIsRefusedAtOnce() throws IOException {
    Path file = Files.writeString(directory.resolve("file"), "");
    Path pipe = fifo(directory.resolve("pipe"));
    Swap swap = () -> swap(pipe, file);
    RegularFile lock = new RegularFile(file, swap.unchecked(), LinkOption.NOFOLLOW_LINKS);
    assertEquals(
        file + ": expected a regular file, found a pipe, socket or device",
        assertThrows(FileSystemException.class, lock::openToWrite).getMessage());
    assertEquals(0, descriptors());
  }

  @Test
  void aFileThatGrowsWhileItIsReadIsReadToTheLimit() throws Exception {
    Path file = Files.writeString(directory.resolve("file"), "x");
    List<String> refused = new ArrayList<>();
    try (FileChannel out = FileChannel.open(file, StandardOpenOption.APPEND)) {
      Swap grow = () -> out.write(StandardCharsets.UTF_8.encode("y".repeat(1000)));
      RegularFile reader = new RegularFile(file, grow.unchecked());
      assertEquals(1001, reader.read(100_000).length);
      for (int i = 0; i < 99; i++) {
        try {
          reader.read(100_000);
        } catch (FileSystemException e) {
          refused.add(e.getReason());
        }
      }
    }
    assertEquals(List.of("expected at most 100000 bytes, found 100001"), refused);
  }

  @Test
  void anInterruptedThreadReadsAndStaysInterrupted() throws IOException {
    Path file = Files.writeString(directory.resolve("file"), "small");
    assertEquals("small", new String(RegularFile.read(file, 100), StandardCharsets.UTF_8));
    assertFalse(Thread.interrupted());
    Thread.currentThread().interrupt();
    assertEquals("small", new String(RegularFile.read(file, 100), StandardCharsets.UTF_8));
    assertTrue(Thread.interrupted());
  }

  @Test
  void aFileToWriteToIsCreatedAndKeepsWhatItHas() throws IOException {
    Path file = directory.resolve("file");
    for (String text : List.of("first", "2")) {
      try (FileChannel channel = RegularFile.openToWrite(file)) {
        channel.write(StandardCharsets.UTF_8.encode(text));
      }
    }
    assertEquals("2irst", Files.readString(file));
    assertEquals(0, descriptors());
  }
}
