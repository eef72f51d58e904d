/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.OptionalLong;
import magpie.peers.StateException;
import magpie.peers.text.Quote;

/**
 * Who can change a state file besides this user: files and directories of others are refused, since
 * a user who can change the state can make notices disappear.
 */
final class StateTrust {
  /** Parts of a mode: what others may do, and that they may take away what is their own only. */
  private static final int WRITABLE_BY_ALL = 0002;

  private static final int WRITABLE_BY_OTHERS = 0022;
  private static final int STICKY = 01000;

  /** The superuser may do everything anyway. */
  private static final long ROOT = 0;

  private final EffectiveUser user;

  StateTrust(EffectiveUser user) {
    this.user = Objects.requireNonNull(user, "user");
  }

  /** Whether it can be known to whom a file belongs. */
  boolean knowsOwner(Path path) {
    return uid(path).isPresent();
  }

  void checkAllAbove(Path path) throws FileFailure {
    for (Path above = path.getParent(); above != null; above = above.getParent()) {
      checkAbove(above);
    }
  }

  /**
   * Refuses a directory in which any user could put another in the place of ours. What root lets
   * everybody write in, such as an empty volume of a pod, is shared with those whom root let in.
   */
  private void checkAbove(Path above) throws FileFailure {
    try {
      int mode = (int) attribute(above, "unix:mode");
      long owner = owner(above);
      if ((mode & WRITABLE_BY_ALL) != 0 && (mode & STICKY) == 0 && owner != ROOT) {
        OptionalLong uid = uid(above);
        throw new StateException(
            above.toString(),
            "expected "
                + Quote.of(above.toString())
                + " to keep other users from renaming what is in it, found it writable by everybody and without"
                + " the sticky bit; run 'chmod +t' on it"
                + (uid.isPresent() && owner == uid.getAsLong() ? "" : " as user " + owner)
                + " or choose another state directory");
      }
    } catch (NoSuchFileException e) {
      // Not there yet, like all below it.
    } catch (IOException e) {
      throw FileFailure.reading(above, e);
    }
  }

  /** The user to compare owners with; none where files have no owner. */
  private OptionalLong uid(Path path) {
    // The file system first, because where files have no owner the user does not matter.
    return WholeFile.unix(path) ? user.uid() : OptionalLong.empty();
  }

  /**
   * Refuses what a user other than this one and root owns, or can write. What is ours is mended
   * instead: volumes of pods come back with their group in every mode.
   */
  void check(Path path, boolean mend) throws FileFailure {
    OptionalLong uid = uid(path);
    if (uid.isEmpty()) {
      return;
    }
    try {
      long owner = owner(path);
      if (owner != uid.getAsLong() && owner != ROOT) {
        throw new StateException(
            path.toString(),
            "expected "
                + Quote.of(path.toString())
                + " to belong to user "
                + uid.getAsLong()
                + ", found owner "
                + owner
                + "; its owner can make notices disappear: choose another state directory");
      }
      if (owner == uid.getAsLong()) {
        if (mend) {
          mend(path);
        }
      } else if (Files.isRegularFile(path) && isWritableByOthers(path)) {
        throw new StateException(
            path.toString(),
            "expected "
                + Quote.of(path.toString())
                + " to be writable by its owner alone, found it writable by others and owned by"
                + " user "
                + owner
                + "; remove it to start anew: all peers are then joined once more");
      }
    } catch (NoSuchFileException e) {
      // Not there yet: it will be created for this user alone.
    } catch (IOException e) {
      throw FileFailure.reading(path, e);
    }
  }

  /** Takes from others the right to write what is ours; a directory of root stays as it is. */
  void mend(Path path) {
    OptionalLong uid = uid(path);
    String found = "its file system does not change it";
    try {
      if (uid.isEmpty()
          || owner(path) != uid.getAsLong()
          || !isWritableByOthers(path)
          || (uid.getAsLong() == ROOT && Files.isDirectory(path))) {
        return;
      }
      int mode = (int) attribute(path, "unix:mode");
      Files.setAttribute(path, "unix:mode", mode & ~WRITABLE_BY_OTHERS);
      if (!isWritableByOthers(path)) {
        return;
      }
    } catch (NoSuchFileException e) {
      return;
    } catch (IOException e) {
      found = FileFailure.said(e);
    }
    throw new StateException(
        path.toString(),
        "expected "
            + Quote.of(path.toString())
            + " to be writable by its owner alone, found it writable by others, and the mode cannot"
            + " be changed: "
            + found
            + "; mount its file system with other modes (options dir_mode=0700 and file_mode=0600"
            + " for CIFS, umask=077 for FAT) or choose another state directory");
  }

  /** In a sticky directory others can add something, but take away nothing of ours. */
  private static boolean isWritableByOthers(Path path) throws IOException {
    int mode = (int) attribute(path, "unix:mode");
    return (mode & WRITABLE_BY_OTHERS) != 0 && ((mode & STICKY) == 0 || !Files.isDirectory(path));
  }

  private static long owner(Path path) throws IOException {
    return Integer.toUnsignedLong((int) attribute(path, "unix:uid"));
  }

  private static Object attribute(Path path, String name) throws IOException {
    return Objects.requireNonNull(Files.getAttribute(path, name), name);
  }
}
