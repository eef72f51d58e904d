/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.host;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import magpie.peers.text.Quote;

/**
 * A file that could not be read, locked, replaced or made durable: what is wrong, and what helps.
 */
public final class FileFailure extends IOException {
  private static final long serialVersionUID = 1L;

  /** What the system says, in our words. */
  private final String reason;

  /** What to do next. */
  private final String remedy;

  /** Whether the new file is in its place all the same. */
  private final boolean replaced;

  private FileFailure(String reason, String remedy, boolean replaced, IOException cause) {
    super(reason, cause);
    this.reason = reason;
    this.remedy = remedy;
    this.replaced = replaced;
  }

  /**
   * Returns a failure as what it means for a file that was to be replaced.
   *
   * @param file the file
   * @param e what happened before it was replaced, or what {@link WholeFile#replace} threw
   * @return the failure; if it is one of this class, the same
   */
  public static FileFailure of(Path file, IOException e) {
    if (e instanceof FileFailure known) {
      return known;
    }
    String said = said(e);
    if (e instanceof NoSuchFileException) {
      return new FileFailure(said, "create the directory", false, e);
    }
    return switch (said) {
      case "No space left on device", "Disk quota exceeded" ->
          new FileFailure(said, "free space for the directory", false, e);
      case "Read-only file system" ->
          new FileFailure(said, "mount the directory writable", false, e);
      case "File name too long" -> new FileFailure(said, "use a shorter name", false, e);
      case "Device or resource busy" ->
          new FileFailure(
              said + ", as a file is that is a mount point itself: " + Quote.of(file.toString()),
              "mount its directory instead of the file",
              false,
              e);
      case "Operation not permitted" ->
          new FileFailure(
              said + " on " + Quote.of(file.toString()) + ownerOf(file),
              "remove the file as that user, run as that user",
              false,
              e);
      default -> new FileFailure(said, "make the directory readable and writable", false, e);
    };
  }

  /** A file cannot be read, or not even be looked at. */
  static FileFailure reading(Path file, IOException e) {
    String owner = ownerOf(file);
    return e instanceof AccessDeniedException && !owner.isEmpty()
        ? new FileFailure(
            said(e) + " for " + Quote.of(file.toString()) + owner,
            "make it readable for this user",
            false,
            e)
        : of(file, e);
  }

  /**
   * What the file systems of others throw, such as that of zip files, where they lack something.
   */
  static IOException unfit(RuntimeException e) {
    return new IOException("its file system lacks what that needs (" + e + ")", e);
  }

  /** A lock file cannot be opened. */
  static FileFailure opening(Path lock, IOException e) {
    String owner = ownerOf(lock);
    if (!(e instanceof AccessDeniedException) || owner.isEmpty()) {
      return of(lock, e);
    }
    return new FileFailure(
        said(e) + " for the lock " + Quote.of(lock.toString()) + owner,
        "remove the lock when no program of that user runs, run as that user",
        false,
        e);
  }

  /** A lock file cannot be locked. */
  static FileFailure locking(Path lock, IOException e) {
    return new FileFailure(
        said(e) + " for " + Quote.of(lock.toString()),
        "mount its file system with locks (on NFS: run the lock daemon on both sides, or mount with"
            + " the option local_lock=all if no other host uses the directory)",
        false,
        e);
  }

  static FileFailure syncing(Path file, IOException e) {
    return new FileFailure(
        said(e) + " when syncing " + Quote.of(String.valueOf(file.getParent())),
        "check its disk",
        true,
        e);
  }

  private static String ownerOf(Path file) {
    try {
      FileOwnership found = FileOwnership.of(file);
      return found == null
          ? ""
          : ", which belongs to user " + Integer.toUnsignedString(found.uid());
    } catch (IOException e) {
      return "";
    }
  }

  static String said(IOException e) {
    if (e instanceof AccessDeniedException) {
      return "permission denied";
    }
    if (e instanceof NoSuchFileException) {
      return "its directory does not exist";
    }
    if (e instanceof ClosedByInterruptException) {
      return "the thread was interrupted";
    }
    String said = e instanceof FileSystemException f ? f.getReason() : e.getMessage();
    return said == null ? e.toString() : said;
  }

  /**
   * Returns what was found.
   *
   * @return words that follow a colon
   */
  public String reason() {
    return reason;
  }

  /**
   * Returns what the user can do.
   *
   * @return words without a capital, which "or choose another one" can follow
   */
  public String remedy() {
    return remedy;
  }

  /**
   * Tells whether the file has its new content.
   *
   * @return true if it has, though a power failure may undo that; false if it is as it was
   */
  public boolean replaced() {
    return replaced;
  }
}
