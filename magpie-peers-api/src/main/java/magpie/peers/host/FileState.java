/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.host;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.UnaryOperator;
import magpie.peers.PeersException;
import magpie.peers.SourceUnavailableException;
import magpie.peers.StateException;
import magpie.peers.spi.StateStore;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;

/**
 * Text in a file: one writer at a time, replaced whole, on disk before it counts.
 *
 * <p>The lock is a file of its own, because the text's file itself is replaced, and a lock on a
 * replaced file guards nothing.
 */
public final class FileState implements StateStore {
  /**
   * Writers hold the lock to read their source and to write a little; who holds it longer hangs.
   */
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(30);

  private final Path file;
  private final Use use;
  private final StateTrust trust;
  private final Duration longestWait;
  private final WholeFile.Sync sync;

  /** Whether the directory is to be synced although the text stays the same. */
  private volatile boolean unsynced;

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

  private FileState(Path file, Use use, EffectiveUser user) {
    this(file, use, user, LONGEST_WAIT, WholeFile.DISK);
  }

  /**
   * Returns a store of what one user remembers, as {@link StateStore#file} describes it.
   *
   * @param file the file; beside it a file with {@code .lock} added to the name is kept
   * @param user tells who this process runs as, on systems where files have an owner
   * @return the store; nothing is touched yet
   */
  public static StateStore state(Path file, EffectiveUser user) {
    return new FileState(file, Use.STATE, user);
  }

  /**
   * Returns a store of the settings that one node publishes, in a file that every node can read:
   * locked, replaced as a whole and synced like {@link #state}, so that a reader sees the old
   * settings or the new and never a part.
   *
   * <p>It is created with the permissions that this process gives any file, keeps owner, group and
   * permissions as {@link WholeFile.Access#KEPT} says, and may belong to anyone. Failures are a
   * {@link SourceUnavailableException}, since no notices are at stake. At most 1 MiB is read.
   *
   * @param file the file; beside it a file with {@code .lock} added to the name is kept
   * @return the store; nothing is touched yet
   */
  public static StateStore settings(Path file) {
    return new FileState(file, Use.SETTINGS, OptionalLong::empty);
  }

  /** With another time to wait for the lock and another sync, for tests. */
  FileState(Path file, Use use, EffectiveUser user, Duration longestWait, WholeFile.Sync sync) {
    this.file = withoutDots(Objects.requireNonNull(file, "file").toAbsolutePath());
    this.use = Objects.requireNonNull(use, "use");
    this.trust = new StateTrust(user);
    this.longestWait = longestWait;
    this.sync = sync;
  }

  /** Behind a link, what is above a directory is not what the path says. */
  private static Path withoutDots(Path path) {
    for (Path name : path) {
      if (name.toString().equals("..")) {
        return path;
      }
    }
    return path.normalize();
  }

  @Override
  public String origin() {
    return file.toString();
  }

  @Override
  public String load() {
    trustDirectory(false);
    return read(false);
  }

  @Override
  public String update(UnaryOperator<String> change) {
    Objects.requireNonNull(change, "change");
    prepare();
    // By its real name, since two paths can lead to one file.
    String name = realDirectory().resolve(file.getFileName()).toString();
    try (JvmLock held = JvmLock.take(name, longestWait.toNanos())) {
      if (held == null) {
        throw busy("another thread of this process; see what it does");
      }
      return updateLocked(change);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private PeersException interrupted(@Nullable InterruptedException e) {
    Thread.currentThread().interrupt();
    return failure("interrupted while waiting for " + Quote.of(file + ".lock"), e);
  }

  private String updateLocked(UnaryOperator<String> change) {
    FileChannel channel = null;
    try {
      channel = lock();
      String before = read(true);
      String after = Objects.requireNonNull(change.apply(before), "the changed state");
      if (!after.equals(before)) {
        replace(after);
      } else if (unsynced) {
        whole().syncAgain();
      }
      unsynced = false;
      return after;
    } catch (FileFailure e) {
      unsynced |= e.replaced();
      throw failed("written", e);
    } finally {
      close(channel);
    }
  }

  private void replace(String text) throws FileFailure {
    whole().replace(text.getBytes(StandardCharsets.UTF_8));
  }

  private WholeFile whole() {
    return new WholeFile(
        file, use == Use.STATE ? WholeFile.Access.OWNER : WholeFile.Access.KEPT, sync);
  }

  private FileChannel lock() throws FileFailure {
    Path lockFile = directory().resolve(file.getFileName() + ".lock");
    refuseOther(lockFile);
    trust.mend(lockFile);
    FileChannel channel;
    try {
      channel = RegularFile.openToWrite(lockFile, permissions("rw-------"));
    } catch (IOException e) {
      throw FileFailure.opening(lockFile, e);
    } catch (UnsupportedOperationException | IllegalArgumentException e) {
      throw FileFailure.locking(lockFile, FileFailure.unfit(e));
    }
    boolean locked = false;
    try {
      acquire(channel);
      locked = true;
      return channel;
    } catch (IOException e) {
      throw FileFailure.locking(lockFile, e);
    } finally {
      if (!locked) {
        close(channel);
      }
    }
  }

  private void acquire(FileChannel channel) throws IOException {
    long deadline = System.nanoTime() + longestWait.toNanos();
    while (WholeFile.tryLock(channel) == null) {
      if (Thread.currentThread().isInterrupted()) {
        throw interrupted(null);
      }
      if (System.nanoTime() - deadline > 0) {
        throw busy("another process; end the process that hangs with it");
      }
      // The JDK offers a lock without a wait or a wait without a deadline (F2).
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(2));
    }
  }

  /** Ends the lock. What was written does not depend on it, so its failure is none of ours. */
  private static void close(@Nullable FileChannel channel) {
    if (channel != null) {
      try {
        channel.close();
      } catch (IOException e) {
        // The descriptor is closed all the same.
      }
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

  private String read(boolean mend) {
    try {
      if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
        return "";
      }
      refuseOther(file);
      trust.check(file, mend);
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
      throw failed("read", FileFailure.reading(file, e));
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
          throw failed("written", found, "remove it", e);
        }
      }
      throw failed("written", FileFailure.of(file, e));
    }
    trustDirectory(true);
  }

  private void trustDirectory(boolean mend) {
    try {
      trust.check(directory(), mend);
      if (trust.knowsOwner(directory())) {
        trust.checkAllAbove(directory());
        trust.checkAllAbove(realDirectory());
      }
    } catch (FileFailure e) {
      throw failed("read", e);
    }
  }

  /** Where links lead to: there, too, others may not put something in the place of ours. */
  private Path realDirectory() {
    try {
      return directory().toRealPath();
    } catch (NoSuchFileException e) {
      return directory();
    } catch (IOException e) {
      throw failed("read", FileFailure.reading(directory(), e));
    }
  }

  private PeersException failed(String verb, FileFailure e) {
    if (e.replaced()) {
      return failure(
          use.noun
              + " in "
              + Quote.of(file.toString())
              + " was written, but may not survive a power failure: "
              + e.reason()
              + "; "
              + e.remedy()
              + " and try again",
          e);
    }
    return failed(verb, e.reason(), e.remedy(), e);
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
            + Character.toUpperCase(remedy.charAt(0))
            + remedy.substring(1)
            + " or choose another one",
        e);
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
    return use == Use.STATE && WholeFile.unix(directory())
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
        }
        : new FileAttribute<?>[0];
  }

  private Path directory() {
    return Objects.requireNonNull(file.getParent(), "a file lies in a directory");
  }
}
