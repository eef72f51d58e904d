/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.host;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Replaces files as a whole: a reader sees the old content or the new, also after a crash.
 *
 * <p>The new content is written beside the file, synced, and renamed over it; then the directory is
 * synced. Where a file system has no such sync (many network and FUSE file systems have none), the
 * rename is all there is, and this is no failure.
 *
 * <p><b>Temporary files</b> are called {@code .magpie-peers-FILE-JVM-NUMBER.tmp}, with letters and
 * digits for the three words. No two writers use the same one, on whatever host, since each is
 * created exclusively, with {@code .new} at its end until its writer has locked it. One without a
 * lock was left by a crash, and the next replacement of the same file removes it; one that ends
 * with {@code .new} only when it is older than a minute. Where locks do not reach other hosts, this
 * can hit a temporary file that is in use; its writer then starts again with a new one.
 */
public final class WholeFile {
  private static final String PREFIX = ".magpie-peers-";

  /** Of a file that its writer has locked, so that one without a lock was left by a crash. */
  private static final String LOCKED = ".tmp";

  /** Of a file that its writer is about to lock, which takes no longer than a moment. */
  private static final String NEW = ".new";

  private static final Duration MOMENT = Duration.ofMinutes(1);

  /** The name of this JVM: one for all class loaders, hence a system property. */
  private static final String JVM = "magpie-peers.jvm";

  private static final AtomicLong NUMBERS = new AtomicLong();
  private static final int MOST_NAMES = 1000;

  /** How often to start again when another host removes the temporary file. */
  private static final int MOST_TRIES = 10;

  private final Path file;
  private final Path directory;
  private final Access access;
  private final Sync sync;

  /** Who may use the file afterwards. */
  public enum Access {
    /** This user alone. The directory must be readable, since syncing needs that. */
    OWNER,

    /**
     * The users who could before: the owner, group, permissions and access control list of the
     * replaced file are kept as far as this user may set them. If the owner or the group cannot be
     * kept, a warning is logged before the file is replaced. The access control list is kept if
     * this user is root, or if new files of this user have the group of the file. A file that was
     * not there is created like any other file of this process.
     */
    KEPT
  }

  /** Makes what was written durable. Tests have others, which fail. */
  @FunctionalInterface
  interface Sync {
    void sync(FileChannel channel, boolean directory) throws IOException;
  }

  /** Written out, since a hook pays for each lambda that it links. */
  static final Sync DISK =
      new Sync() {
        @Override
        public void sync(FileChannel channel, boolean directory) throws IOException {
          channel.force(true);
        }
      };

  WholeFile(Path file, Access access, Sync sync) {
    this.file = file.toAbsolutePath();
    this.directory = Objects.requireNonNull(this.file.getParent(), "a file lies in a directory");
    this.access = Objects.requireNonNull(access, "access");
    this.sync = sync;
  }

  /**
   * Replaces a file, or creates it. Waits for the file system only. A thread that is interrupted
   * before the file is replaced fails; an interrupt after that is kept for the caller.
   *
   * @param file the file, in a directory that exists; a link is replaced, not followed
   * @param content the new content
   * @param access who may use the file afterwards
   * @throws FileFailure if the file was not replaced and is as it was; or if it was replaced, but
   *     its directory not synced: {@link FileFailure#replaced()} tells
   */
  public static void replace(Path file, byte[] content, Access access) throws FileFailure {
    new WholeFile(file, access, DISK).replace(content);
  }

  void replace(byte[] content) throws FileFailure {
    FileChannel opened = null;
    boolean replaced = false;
    try {
      // Opened before, so that nothing is replaced that cannot be made durable.
      opened = openDirectory();
      removeLeftovers(System.currentTimeMillis());
      write(content);
      replaced = true;
    } catch (IOException e) {
      throw FileFailure.of(file, e);
    } catch (UnsupportedOperationException | IllegalArgumentException | SecurityException e) {
      throw FileFailure.of(file, FileFailure.unfit(e));
    } finally {
      if (!replaced) {
        close(opened);
      }
    }
    syncDirectory(opened);
  }

  /** Syncs the directory, where that failed after the file had been replaced. */
  void syncAgain() throws FileFailure {
    FileChannel opened;
    try {
      opened = openDirectory();
    } catch (IOException e) {
      throw FileFailure.syncing(file, e);
    }
    syncDirectory(opened);
  }

  private @Nullable FileChannel openDirectory() throws IOException {
    try {
      return FileChannel.open(directory, StandardOpenOption.READ);
    } catch (AccessDeniedException e) {
      // Windows does not open directories; its rename is durable by itself.
      if (access == Access.OWNER && unix(directory)) {
        throw e;
      }
    } catch (FileSystemException e) {
      if (!isUnsupported(e) && !(e instanceof NoSuchFileException && Files.exists(directory))) {
        throw e;
      }
    } catch (UnsupportedOperationException | IllegalArgumentException e) {
      // As the file systems of others say it.
    }
    return null;
  }

  private void write(byte[] content) throws IOException {
    for (int tries = 1; ; tries++) {
      FileOwnership before = access == Access.KEPT ? FileOwnership.of(file) : null;
      Path fresh = create(access == Access.OWNER || before != null);
      Path locked = fresh.resolveSibling(String.valueOf(fresh.getFileName()).replace(NEW, LOCKED));
      try {
        fill(fresh, locked, content, before == null ? null : before.keep(file, fresh));
        return;
      } catch (NoSuchFileException e) {
        if (Files.notExists(directory)) {
          throw e;
        }
        if (tries == MOST_TRIES) {
          throw new FileSystemException(
              file.toString(), null, "somebody removed the temporary file " + tries + " times");
        }
      } finally {
        remove(fresh);
        remove(locked);
      }
    }
  }

  private String prefix() {
    return PREFIX + Integer.toHexString(String.valueOf(file.getFileName()).hashCode()) + "-";
  }

  private static String jvm() {
    // A literal is the same object for all class loaders.
    synchronized (JVM) {
      String known = System.getProperty(JVM);
      if (known == null) {
        // The clocks differ between hosts, and in one host the second one between processes.
        known =
            Long.toUnsignedString(System.currentTimeMillis(), Character.MAX_RADIX)
                + Long.toUnsignedString(System.nanoTime(), Character.MAX_RADIX);
        System.setProperty(JVM, known);
      }
      return known;
    }
  }

  private Path create(boolean forThisUserAlone) throws IOException {
    FileAttribute<?>[] attributes =
        forThisUserAlone && unix(directory)
            ? new FileAttribute<?>[] {
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
            }
            : new FileAttribute<?>[0];
    for (int names = 1; ; names++) {
      String number = Long.toString(NUMBERS.incrementAndGet(), Character.MAX_RADIX);
      try {
        return Files.createFile(
            directory.resolve(prefix() + jvm() + "-" + number + NEW), attributes);
      } catch (FileAlreadyExistsException e) {
        // Another class loader counts, too.
        if (names == MOST_NAMES) {
          throw e;
        }
      }
    }
  }

  private void fill(
      Path fresh, Path locked, byte[] content, @Nullable Set<PosixFilePermission> permissions)
      throws IOException {
    FileChannel out =
        FileChannel.open(
            fresh,
            Set.of(
                StandardOpenOption.WRITE,
                StandardOpenOption.TRUNCATE_EXISTING,
                LinkOption.NOFOLLOW_LINKS));
    try {
      if (isTaken(out)) {
        throw new NoSuchFileException(fresh.toString());
      }
      Files.move(fresh, locked, StandardCopyOption.ATOMIC_MOVE);
      if (permissions != null) {
        Files.setPosixFilePermissions(locked, permissions);
      }
      ByteBuffer rest = ByteBuffer.wrap(content);
      while (rest.hasRemaining()) {
        out.write(rest);
      }
      if (!sync(out, false)) {
        // Then only closing shows that the disk is full.
        out.close();
      }
      move(locked);
    } finally {
      close(out);
    }
  }

  /** Takes the lock that tells others that the writer lives, where the file system has locks. */
  private static boolean isTaken(FileChannel out) {
    try {
      return tryLock(out) == null;
    } catch (IOException | UnsupportedOperationException e) {
      return false;
    }
  }

  /** Tries to lock a file; null where another process or another class loader has the lock. */
  @SuppressWarnings("NullAway") // FileChannel.tryLock returns null where another process has it
  static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException e) {
      return null;
    }
  }

  private void move(Path locked) throws IOException {
    Object key = key(locked);
    try {
      Files.move(locked, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      // A network file system may do it, lose the answer, and say that it failed.
      if (key == null || !key.equals(key(file))) {
        throw e;
      }
    }
  }

  private static @Nullable Object key(Path path) {
    try {
      return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
          .fileKey();
    } catch (IOException e) {
      return null;
    }
  }

  /** Removes what crashes left, at a time in milliseconds since 1970. */
  void removeLeftovers(long now) {
    String all = prefix();
    String ours = all + jvm() + "-";
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      for (Path each : files) {
        String name = String.valueOf(each.getFileName());
        // Those of this JVM are in use. Opening and closing one would end its lock.
        if (name.startsWith(all)
            && !name.startsWith(ours)
            && (name.endsWith(LOCKED) || (name.endsWith(NEW) && isOld(each, now)))) {
          removeLeftover(each);
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      // What cannot be listed cannot be cleared, and does no harm.
    }
  }

  /** By the time that no user can set, in contrast to that of the last change of the content. */
  private static boolean isOld(Path path, long now) throws IOException {
    FileTime changed =
        unix(path)
            ? (FileTime) Files.getAttribute(path, "unix:ctime", LinkOption.NOFOLLOW_LINKS)
            : Files.getLastModifiedTime(path, LinkOption.NOFOLLOW_LINKS);
    return changed == null || now - changed.toMillis() > MOMENT.toMillis();
  }

  private static void removeLeftover(Path path) {
    try (FileChannel channel = RegularFile.openExisting(path);
        FileLock lock = tryLock(channel)) {
      if (lock != null) {
        Files.deleteIfExists(path);
      }
    } catch (IOException | UnsupportedOperationException e) {
      // Another user's, or no locks here: then nothing shows that it is not being written.
    }
  }

  private static void remove(Path fresh) {
    try {
      Files.deleteIfExists(fresh);
    } catch (IOException e) {
      // The next replacement removes it.
    }
  }

  /** Syncs, and returns false where the file system cannot. */
  private boolean sync(FileChannel channel, boolean ofDirectory) throws IOException {
    try {
      sync.sync(channel, ofDirectory);
      return true;
    } catch (ClosedByInterruptException e) {
      throw e;
    } catch (IOException e) {
      if (isUnsupported(e)) {
        return false;
      }
      throw e;
    }
  }

  /** From here on the file is replaced, whatever happens. */
  private void syncDirectory(@Nullable FileChannel opened) throws FileFailure {
    boolean interrupted = Thread.interrupted();
    FileChannel channel = opened;
    try {
      while (channel != null) {
        try {
          sync(channel, true);
          return;
        } catch (ClosedByInterruptException e) {
          interrupted |= Thread.interrupted();
          channel = openDirectory();
        }
      }
    } catch (IOException e) {
      throw FileFailure.syncing(file, e);
    } finally {
      close(channel);
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static void close(@Nullable FileChannel channel) {
    if (channel != null) {
      try {
        channel.close();
      } catch (IOException e) {
        // Nothing that was written depends on it any more.
      }
    }
  }

  /** The JDK hides the number of the error and tells its text, in the language of the process. */
  private static boolean isUnsupported(IOException e) {
    String reason = FileFailure.said(e);
    return switch (reason) {
      case "Invalid argument",
          "Operation not supported",
          "Not supported",
          "Function not implemented",
          "Bad file descriptor",
          "Is a directory" ->
          true;
      default -> reason.equals(invalidArgument());
    };
  }

  /** What this process calls an invalid argument: what Linux says of a sync below /proc. */
  private static @Nullable String invalidArgument() {
    try (FileChannel channel =
        FileChannel.open(Path.of("/proc/self/stat"), StandardOpenOption.READ)) {
      channel.force(true);
      return null;
    } catch (IOException e) {
      return e instanceof FileSystemException ? null : e.getMessage();
    }
  }

  static boolean unix(Path path) {
    return path.getFileSystem().supportedFileAttributeViews().contains("unix");
  }
}
