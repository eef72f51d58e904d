/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import java.util.Collections;
import java.util.Iterator;
import java.util.List;

/**
 * What the value of an option or argument is, where the shell can find what there is to choose: the
 * candidates that picocli knows of are the words that are always the same.
 */
abstract class Known implements Iterable<String> {
  /** Files. */
  static final class Files extends Known {
    Files() {
      super("files");
    }
  }

  /** Directories. */
  static final class Directories extends Known {
    Directories() {
      super("directories");
    }
  }

  /** The ids of the peers. */
  static final class Ids extends Known {
    Ids() {
      super("ids");
    }
  }

  /** The ids of the peers and of this node. */
  static final class AllIds extends Known {
    AllIds() {
      super("all-ids");
    }
  }

  /** The networks that the source declares. */
  static final class Networks extends Known {
    Networks() {
      super("networks");
    }
  }

  /** The backends that come with the command. */
  static final class Backends implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
      return List.of("local", "juju", "etcd").iterator();
    }
  }

  private final String kind;

  private Known(String kind) {
    this.kind = kind;
  }

  /** What the script calls it. */
  final String kind() {
    return kind;
  }

  @Override
  public final Iterator<String> iterator() {
    return Collections.emptyIterator();
  }
}
