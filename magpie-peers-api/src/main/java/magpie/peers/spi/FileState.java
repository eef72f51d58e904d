/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */
package magpie.peers.spi;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;
import magpie.peers.StateException;

/**
 * State in a file: one writer at a time, replaced whole, on disk before it counts.
 *
 * <p>The lock is a file of its own, because the state file itself is replaced, and a lock on a
 * replaced file guards nothing.
 */
final class FileState implements StateStore {
  /** Writers hold the lock for one small write; who holds it longer hangs. */
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(30);

  private static final int LARGEST = 256 * 1024 * 1024;

  /** File locks belong to the process, so threads need one of their own, per file. */
  private static final Map<Path, ReentrantLock> IN_PROCESS = new ConcurrentHashMap<>();

  private final Path file;
  private final EffectiveUser user;

  FileState(Path file, EffectiveUser user) {
    this.file = Objects.requireNonNull(file, "file").toAbsolutePath().normalize();
    this.user = Objects.requireNonNull(user, "user");
  }

  @Override
  public String origin() {
    return file.toString();
  }

  @Override
  public String load() {
    trust(directory());
    return read();
  }

  @Override
  public String update(UnaryOperator<String> change) {
    Objects.requireNonNull(change, "change");
    ReentrantLock lock = IN_PROCESS.computeIfAbsent(file, path -> new ReentrantLock());
    try {
      if (!lock.tryLock(LONGEST_WAIT.toSeconds(), TimeUnit.SECONDS)) {
        throw busy();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StateException(file.toString(), "interrupted while waiting for " + file, e);
    }
    try {
      return updateLocked(change);
    } finally {
      lock.unlock();
    }
  }

  private String updateLocked(UnaryOperator<String> change) {
    prepare();
    Path lockFile = directory().resolve(file.getFileName() + ".lock");
    try (FileChannel channel =
            FileChannel.open(
                lockFile,
                Set.of(
                    StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS),
                forOwner("rw-------"));
        FileLock held = acquire(channel)) {
      Objects.requireNonNull(held, "held");
      String before = read();
      String after = Objects.requireNonNull(change.apply(before), "the changed state");
      if (!after.equals(before)) {
        replace(after);
      }
      return after;
    } catch (IOException e) {
      throw failed("written", e);
    }
  }

  private FileLock acquire(FileChannel channel) throws IOException {
    long deadline = System.nanoTime() + LONGEST_WAIT.toNanos();
    while (true) {
      FileLock lock = tryLock(channel);
      if (lock != null) {
        return lock;
      }
      if (System.nanoTime() - deadline > 0) {
        throw busy();
      }
      // The JDK offers a lock without a wait or a wait without a deadline (F2).
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(2));
    }
  }

  @SuppressWarnings("NullAway") // FileChannel.tryLock returns null where another process has it
  private static FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException e) {
      // Another class loader's copy of this class in this process holds it.
      return null;
    }
  }

  private StateException busy() {
    return new StateException(
        file.toString(),
        "expected the state lock to be free within "
            + LONGEST_WAIT.toSeconds()
            + " s, found "
            + Quote.of(file + ".lock")
            + " held by another process; end the process that hangs with it and try again");
  }

  /** Writes beside, syncs, renames over: a crash leaves the old state or the new, never a part. */
  private void replace(String text) throws IOException {
    Path fresh = Files.createTempFile(directory(), file.getFileName() + ".", ".tmp");
    try {
      try (FileChannel out = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
        ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
        out.force(true);
      }
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      Files.deleteIfExists(fresh);
      throw e;
    }
    try (FileChannel directory = FileChannel.open(directory(), StandardOpenOption.READ)) {
      directory.force(true);
    } catch (AccessDeniedException e) {
      // Windows does not open directories; its rename is durable by itself.
      if (posix(directory())) {
        throw e;
      }
    }
  }

  private String read() {
    try {
      if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
        return "";
      }
      if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
        throw new StateException(
            file.toString(),
            "expected a regular file for state, found something else at "
                + Quote.of(file.toString())
                + "; remove it or choose another state directory");
      }
      trust(file);
      if (Files.size(file) > LARGEST) {
        throw new StateException(
            file.toString(),
            "expected a state file of at most "
                + LARGEST
                + " bytes, found "
                + Files.size(file)
                + " in "
                + Quote.of(file.toString())
                + "; remove it to start anew: all peers are then joined once more");
      }
      return Files.readString(file);
    } catch (NoSuchFileException e) {
      return "";
    } catch (CharacterCodingException e) {
      throw new StateException(
          file.toString(),
          "expected state as UTF-8 text, found other bytes in "
              + Quote.of(file.toString())
              + "; remove it to start anew: all peers are then joined once more",
          e);
    } catch (IOException e) {
      throw failed("read", e);
    }
  }

  private void prepare() {
    try {
      Files.createDirectories(directory(), forOwner("rwx------"));
    } catch (IOException e) {
      throw failed("written", e);
    }
    trust(directory());
  }

  /** Refuses what another user owns or can write. */
  private void trust(Path path) {
    OptionalLong uid = user.uid();
    if (uid.isEmpty() || !posix(path)) {
      return;
    }
    try {
      long owner = Integer.toUnsignedLong((int) attribute(path, "unix:uid"));
      if (owner != uid.getAsLong()) {
        throw new StateException(
            path.toString(),
            "expected "
                + Quote.of(path.toString())
                + " to belong to user "
                + uid.getAsLong()
                + ", found owner "
                + owner
                + "; whoever owns it can make notices disappear: choose another state directory");
      }
      Set<?> permissions = (Set<?>) attribute(path, "unix:permissions");
      if (permissions.contains(PosixFilePermission.GROUP_WRITE)
          || permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
        throw new StateException(
            path.toString(),
            "expected "
                + Quote.of(path.toString())
                + " to be writable by its owner alone, found it writable by others; run"
                + " 'chmod go-w' on it");
      }
    } catch (NoSuchFileException e) {
      // Not there yet: it will be created for this user alone.
    } catch (IOException e) {
      throw failed("read", e);
    }
  }

  private static Object attribute(Path path, String name) throws IOException {
    return Objects.requireNonNull(Files.getAttribute(path, name), name);
  }

  private StateException failed(String verb, IOException e) {
    String reason = e instanceof AccessDeniedException ? "permission denied" : String.valueOf(e);
    return new StateException(
        file.toString(),
        "state in "
            + Quote.of(file.toString())
            + " could not be "
            + verb
            + ": "
            + reason
            + "; nothing was changed. Make the directory writable or choose another one",
        e);
  }

  private static FileAttribute<?>[] forOwner(String permissions) {
    return FileSystems.getDefault().supportedFileAttributeViews().contains("posix")
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
        }
        : new FileAttribute<?>[0];
  }

  private static boolean posix(Path path) {
    return path.getFileSystem().supportedFileAttributeViews().contains("unix");
  }

  private Path directory() {
    return Objects.requireNonNull(file.getParent(), "a state file lies in a directory");
  }
}
