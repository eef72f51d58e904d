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
import java.nio.file.FileSystemException;
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
import magpie.peers.PeersException;
import magpie.peers.SourceUnavailableException;
import magpie.peers.StateException;
import org.jspecify.annotations.Nullable;

/**
 * Text in a file: one writer at a time, replaced whole, on disk before it counts.
 *
 * <p>The lock is a file of its own, because the text's file itself is replaced, and a lock on a
 * replaced file guards nothing.
 */
final class FileState implements StateStore {
  /**
   * Writers hold the lock to read their source and to write a little; who holds it longer hangs.
   */
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(30);

  /** File locks belong to the process, so threads need one of their own, per file. */
  private static final Map<Path, ReentrantLock> IN_PROCESS = new ConcurrentHashMap<>();

  /**
   * Of the mode of a directory: everybody may write in it, and take away what is their own only.
   */
  private static final int WRITABLE_BY_ALL = 0002;

  private static final int STICKY = 01000;

  private final Path file;
  private final Use use;
  private final EffectiveUser user;
  private final Duration longestWait;

  /** What the text is for: who may see it, and what to do when something is wrong with it. */
  enum Use {
    /** Notices, for this user alone. */
    STATE("state", 256 * 1024 * 1024, "to start anew: all peers are then joined once more"),
    /** Published settings, for everybody to read and for this node to write. */
    SETTINGS("settings", 1024 * 1024, "and publish everything again");

    private final String noun;
    private final int largest;
    private final String afterRemoval;

    Use(String noun, int largest, String afterRemoval) {
      this.noun = noun;
      this.largest = largest;
      this.afterRemoval = afterRemoval;
    }
  }

  FileState(Path file, Use use, EffectiveUser user) {
    this(file, use, user, LONGEST_WAIT);
  }

  /** With another time to wait for the lock, for tests. */
  FileState(Path file, Use use, EffectiveUser user, Duration longestWait) {
    this.file = Objects.requireNonNull(file, "file").toAbsolutePath().normalize();
    this.use = Objects.requireNonNull(use, "use");
    this.user = Objects.requireNonNull(user, "user");
    this.longestWait = longestWait;
  }

  @Override
  public String origin() {
    return file.toString();
  }

  @Override
  public String load() {
    trustDirectory();
    return read();
  }

  @Override
  public String update(UnaryOperator<String> change) {
    Objects.requireNonNull(change, "change");
    ReentrantLock lock = IN_PROCESS.computeIfAbsent(file, path -> new ReentrantLock());
    try {
      if (!lock.tryLock(longestWait.toNanos(), TimeUnit.NANOSECONDS)) {
        throw busy("another thread of this process; see what it does");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failure("interrupted while waiting for " + Quote.of(file + ".lock"), e);
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
    refuseOther(lockFile);
    try (FileChannel channel = RegularFile.openToWrite(lockFile, permissions("rw-------"));
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
    long deadline = System.nanoTime() + longestWait.toNanos();
    while (true) {
      FileLock lock = tryLock(channel);
      if (lock != null) {
        return lock;
      }
      if (System.nanoTime() - deadline > 0) {
        throw busy("another process; end the process that hangs with it");
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

  private PeersException busy(String holder) {
    return failure(
        "expected the "
            + use.noun
            + " lock to be free within "
            + longestWait.toMillis()
            + " ms, found "
            + Quote.of(file + ".lock")
            + " held by "
            + holder
            + " and try again",
        null);
  }

  /** Writes beside, syncs, renames over: a crash leaves the old text or the new, never a part. */
  private void replace(String text) throws IOException {
    // One name, because the lock is held: what a killed writer left there is swept away by the
    // next.
    Path fresh = directory().resolve(file.getFileName() + ".tmp");
    Files.deleteIfExists(fresh);
    // Opened before, so that nothing is replaced that could not be made durable.
    try (FileChannel directory = openDirectory()) {
      try (FileChannel out =
          FileChannel.open(
              fresh,
              Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
              permissions("rw-------"))) {
        ByteBuffer bytes = StandardCharsets.UTF_8.encode(text);
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
        out.force(true);
      }
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
      if (directory != null) {
        directory.force(true);
      }
    } catch (IOException e) {
      Files.deleteIfExists(fresh);
      throw e;
    }
  }

  /** Windows does not open directories; its rename is durable by itself. */
  private @Nullable FileChannel openDirectory() throws IOException {
    try {
      return FileChannel.open(directory(), StandardOpenOption.READ);
    } catch (AccessDeniedException e) {
      if (posix(directory())) {
        throw e;
      }
      return null;
    }
  }

  private String read() {
    try {
      if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
        return "";
      }
      refuseOther(file);
      trust(file);
      long size = Files.size(file);
      if (size > use.largest) {
        throw failure(
            "expected a "
                + use.noun
                + " file of at most "
                + use.largest
                + " bytes, found "
                + size
                + " in "
                + Quote.of(file.toString())
                + "; remove it "
                + use.afterRemoval,
            null);
      }
      // Where others share the directory, it may have become anything since it was looked at.
      return StandardCharsets.UTF_8
          .newDecoder()
          .decode(ByteBuffer.wrap(RegularFile.read(file, use.largest, LinkOption.NOFOLLOW_LINKS)))
          .toString();
    } catch (NoSuchFileException e) {
      return "";
    } catch (CharacterCodingException e) {
      throw failure(
          "expected "
              + use.noun
              + " as UTF-8 text, found other bytes in "
              + Quote.of(file.toString())
              + "; remove it "
              + use.afterRemoval,
          e);
    } catch (IOException e) {
      throw failed("read", e);
    }
  }

  private void refuseOther(Path path) {
    if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)
        && !Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
      throw failure(
          "expected a regular file for "
              + use.noun
              + ", found something else at "
              + Quote.of(path.toString())
              + "; remove it or choose another "
              + use.noun
              + " directory",
          null);
    }
  }

  private void prepare() {
    try {
      // Asked first, because the JDK up to 18 does not take a link to a directory for one.
      if (!Files.isDirectory(directory())) {
        Files.createDirectories(directory(), permissions("rwx------"));
      }
    } catch (IOException e) {
      for (Path above = directory(); above != null; above = above.getParent()) {
        if (Files.exists(above, LinkOption.NOFOLLOW_LINKS) && !Files.isDirectory(above)) {
          String found =
              "expected a directory, found something else at " + Quote.of(above.toString());
          throw failed("written", found, "Remove it", e);
        }
      }
      throw failed("written", e);
    }
    trustDirectory();
  }

  private void trustDirectory() {
    trust(directory());
    if (uid(directory()).isPresent()) {
      trustAllAbove(directory());
      trustAllAbove(realDirectory());
    }
  }

  private void trustAllAbove(Path path) {
    for (Path above = path.getParent(); above != null; above = above.getParent()) {
      trustAbove(above);
    }
  }

  /** Where links lead to: there, too, others may not put something in the place of ours. */
  private Path realDirectory() {
    try {
      return directory().toRealPath();
    } catch (NoSuchFileException e) {
      return directory();
    } catch (IOException e) {
      throw failed("read", e);
    }
  }

  /** Refuses a directory in which anybody could put another in the place of ours. */
  private void trustAbove(Path above) {
    try {
      int mode = (int) attribute(above, "unix:mode");
      if ((mode & WRITABLE_BY_ALL) != 0 && (mode & STICKY) == 0) {
        throw new StateException(
            above.toString(),
            "expected "
                + Quote.of(above.toString())
                + " to let nobody rename what is in it, found it writable by everybody and without"
                + " the sticky bit; run 'chmod +t' on it or choose another state directory");
      }
    } catch (NoSuchFileException e) {
      // Not there yet, like all below it.
    } catch (IOException e) {
      throw failed("read", e);
    }
  }

  /** The user to compare owners with; none where files have no owner. */
  private OptionalLong uid(Path path) {
    // The file system first, because where files have no owner nobody needs to know the user.
    return posix(path) ? user.uid() : OptionalLong.empty();
  }

  /** Refuses what another user owns or can write. */
  private void trust(Path path) {
    OptionalLong uid = uid(path);
    if (uid.isEmpty()) {
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

  private PeersException failed(String verb, IOException e) {
    String reason = reason(e);
    return failed(verb, reason, remedy(reason), e);
  }

  private PeersException failed(String verb, String reason, String remedy, IOException e) {
    return failure(
        use.noun
            + " in "
            + Quote.of(file.toString())
            + " could not be "
            + verb
            + ": "
            + reason
            + "; nothing was changed. "
            + remedy
            + " or choose another one",
        e);
  }

  private static String reason(IOException e) {
    if (e instanceof AccessDeniedException) {
      return "permission denied";
    }
    String said = e instanceof FileSystemException failure ? failure.getReason() : e.getMessage();
    return said == null ? e.toString() : said;
  }

  /** In the words of the C library, which in other languages get the last answer. */
  private static String remedy(String reason) {
    return switch (reason) {
      case "No space left on device", "Disk quota exceeded" -> "Free space for the directory";
      case "Read-only file system" -> "Mount the directory writable";
      default -> "Make the directory readable and writable";
    };
  }

  private PeersException failure(String message, @Nullable Throwable cause) {
    String origin = file.toString();
    if (use == Use.STATE) {
      return cause == null
          ? new StateException(origin, message)
          : new StateException(origin, message, cause);
    }
    return cause == null
        ? new SourceUnavailableException(origin, message)
        : new SourceUnavailableException(origin, message, cause);
  }

  /** State is created for its owner alone, settings as the process creates any file. */
  private FileAttribute<?>[] permissions(String permissions) {
    return use == Use.STATE
            && FileSystems.getDefault().supportedFileAttributeViews().contains("posix")
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
        }
        : new FileAttribute<?>[0];
  }

  private static boolean posix(Path path) {
    return path.getFileSystem().supportedFileAttributeViews().contains("unix");
  }

  private Path directory() {
    return Objects.requireNonNull(file.getParent(), "a file lies in a directory");
  }
}
