/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.local;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Predicate;

/**
 * The directories in which the fate of some files is decided, and the names in each that matter.
 *
 * <p>A file becomes another one when it is replaced in its directory, when the directory is
 * replaced in the one above, and when any symbolic link on the way to it is replaced in the
 * directory that holds the link. Where something on the way is missing, it can only appear in the
 * last directory there is.
 */
final class WatchPoints {
  private static final int MOST_LINKS = 40;

  private final Map<Path, Predicate<Path>> names = new HashMap<>();

  Map<Path, Predicate<Path>> byDirectory() {
    return names;
  }

  /** Adds every place where it is decided what {@code path} leads to. */
  WatchPoints leadingTo(Path path) {
    Path at = path.toAbsolutePath().getRoot();
    Deque<Path> rest = new ArrayDeque<>();
    path.toAbsolutePath().forEach(rest::add);
    int links = 0;
    while (at != null && !rest.isEmpty()) {
      Path name = rest.remove();
      if (name.toString().equals("..")) {
        at = at.getParent() == null ? at : at.getParent();
        continue;
      }
      Path next = at.resolve(name).normalize();
      if (next.equals(at)) {
        continue;
      }
      boolean last = rest.size() <= 1;
      try {
        BasicFileAttributes found =
            Files.readAttributes(next, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        if (found.isSymbolicLink() && ++links <= MOST_LINKS) {
          add(at, name::equals);
          Path target = Files.readSymbolicLink(next);
          Deque<Path> longer = new ArrayDeque<>();
          target.forEach(longer::add);
          longer.addAll(rest);
          rest = longer;
          at = target.isAbsolute() ? target.getRoot() : at;
          continue;
        }
      } catch (IOException e) {
        add(at, name::equals);
        return this;
      }
      if (last) {
        add(at, name::equals);
      }
      at = next;
    }
    return this;
  }

  /** Adds the entries of a directory. */
  WatchPoints within(Path directory, Predicate<Path> which) {
    leadingTo(directory);
    add(directory, which);
    return this;
  }

  private void add(Path directory, Predicate<Path> which) {
    names.merge(directory, which, Predicate::or);
  }
}
