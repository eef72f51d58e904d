/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;

/** Who owns a file and who may use it, and how the file that replaces it gets the same. */
record FileOwnership(int uid, int gid, Set<PosixFilePermission> permissions) {
  /** Asked for only where there is something to tell, since a logger costs a hook its start. */
  private static final class Log {
    private static final System.Logger LOG = System.getLogger(FileOwnership.class.getName());

    private Log() {}
  }

  /** Returns them, or null where there is no such file or it has none. */
  static @Nullable FileOwnership of(Path path) throws IOException {
    if (!WholeFile.unix(path)) {
      return null;
    }
    try {
      Map<String, Object> all =
          Files.readAttributes(path, "unix:uid,gid", LinkOption.NOFOLLOW_LINKS);
      return new FileOwnership(
          (int) Objects.requireNonNull(all.get("uid"), "uid"),
          (int) Objects.requireNonNull(all.get("gid"), "gid"),
          Files.getPosixFilePermissions(path, LinkOption.NOFOLLOW_LINKS));
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  /**
   * Gives them to the file that is to replace one, with its access control list, as far as this
   * user may.
   *
   * @param file the file that is to be replaced, whose ownership this is
   * @param fresh the new file
   * @return the permissions that are still to be set
   */
  Set<PosixFilePermission> keep(Path file, Path fresh) throws IOException {
    FileOwnership made = existing(fresh);
    boolean secret =
        made.uid != 0 && made.gid != gid && permissions.contains(PosixFilePermission.GROUP_READ);
    if (!secret && Files.isReadable(file)) {
      copy(file, fresh);
      made = existing(fresh);
    }
    boolean owner = made.uid == uid || set(fresh, "unix:uid", uid);
    boolean group = made.gid == gid || set(fresh, "unix:gid", gid);
    Set<PosixFilePermission> kept = EnumSet.noneOf(PosixFilePermission.class);
    kept.addAll(permissions);
    if (!group) {
      limitGroup(kept);
    }
    if (!owner || !group) {
      Log.LOG.log(
          System.Logger.Level.WARNING,
          "expected to keep user {0} and group {1} of {2}, found that this user may not; it will"
              + " belong to user {3} and group {4}: check who reads it, or replace it as its user",
          String.valueOf(uid),
          String.valueOf(gid),
          Quote.of(file.toString()),
          String.valueOf(owner ? uid : made.uid),
          String.valueOf(group ? gid : made.gid));
    }
    return kept;
  }

  private static FileOwnership existing(Path fresh) throws IOException {
    FileOwnership made = FileOwnership.of(fresh);
    if (made == null) {
      throw new NoSuchFileException(fresh.toString());
    }
    return made;
  }

  /**
   * Copies the access control list, which the JDK does only together with everything else. Until
   * the group is set too, the members of the writer's group can read the copy.
   */
  private static void copy(Path file, Path fresh) throws IOException {
    try {
      Files.copy(
          file,
          fresh,
          StandardCopyOption.REPLACE_EXISTING,
          StandardCopyOption.COPY_ATTRIBUTES,
          LinkOption.NOFOLLOW_LINKS);
    } catch (IOException e) {
      // Without the list then; what is wrong with the file system is found when it is written to.
      Files.deleteIfExists(fresh);
      Files.createFile(
          fresh,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    }
    Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(fresh);
    if (permissions.add(PosixFilePermission.OWNER_WRITE)) {
      Files.setPosixFilePermissions(fresh, permissions);
    }
  }

  private static boolean set(Path path, String attribute, int value) {
    try {
      Files.setAttribute(path, attribute, value);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** The members of another group get no more than everybody. */
  private static void limitGroup(Set<PosixFilePermission> permissions) {
    if (!permissions.contains(PosixFilePermission.OTHERS_READ)) {
      permissions.remove(PosixFilePermission.GROUP_READ);
    }
    if (!permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
      permissions.remove(PosixFilePermission.GROUP_WRITE);
    }
    if (!permissions.contains(PosixFilePermission.OTHERS_EXECUTE)) {
      permissions.remove(PosixFilePermission.GROUP_EXECUTE);
    }
  }
}
