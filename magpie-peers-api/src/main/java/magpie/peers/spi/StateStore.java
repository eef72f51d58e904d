/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.spi;

import java.nio.file.Path;
import java.util.function.UnaryOperator;
import magpie.peers.host.EffectiveUser;
import magpie.peers.host.FileState;

/**
 * A little durable text, changed atomically with the backend's own unit of work (N4).
 *
 * <p>What the text means is the view's affair.
 */
public interface StateStore {

  /**
   * Returns where the text is kept.
   *
   * @return words for people, such as a file
   */
  String origin();

  /**
   * Says that {@link #load} or {@link #update} follows soon, so that a store which has to ask
   * another process for the text can begin while the source is being read. Never throws: what goes
   * wrong is told when the text is asked for. Does nothing by default.
   */
  default void prefetch() {}

  /**
   * Returns the text without changing anything.
   *
   * @return the text, or the empty text if nothing was ever stored
   * @throws magpie.peers.StateException if it cannot be read
   */
  String load();

  /**
   * Changes the text: reads it, applies the change and stores the result, without another change
   * between. Nothing is written if the text stays the same.
   *
   * <p>Where this waits for others, an interrupt of the thread ends the wait with an exception: so
   * a view that is closed waits no longer. The change reads the source, maybe after another thread
   * has: what this holds meanwhile, no reading of the source may wait for.
   *
   * @param change what to make of the text; called once, on the calling thread; the empty text if
   *     nothing was ever stored
   * @return the text as it is now
   * @throws magpie.peers.StateException if it cannot be read or stored, and then it stays as it
   *     was; or if it was stored but may be lost in a power failure, as the message then says, and
   *     then the same change again makes it durable or fails again
   */
  String update(UnaryOperator<String> change);

  /**
   * Returns a store in a file: locked against other processes, replaced as a whole, synced to disk
   * before it counts.
   *
   * <p>Two class loaders, threads or processes of one host wait for each other, for 30 seconds at
   * most. On a file system that cannot sync directories, the rename has to do.
   *
   * <p>The file and its directory are created when first needed, for this user alone. Files and
   * directories of users other than this one and root are refused, since a user who can change the
   * state can make notices disappear. What this user owns and others can write is mended by {@link
   * #update}; it is refused if its mode cannot be changed. A directory of root is trusted as it is,
   * as the empty volume of a pod is that everybody can write in. Above the state directory, others
   * than root may not let everybody rename what is in their directories.
   *
   * <p>The owner is checked on Linux, where the user of this process is known; elsewhere it is not.
   *
   * @param file the file; beside it a file with {@code .lock} added to the name is kept
   * @return the store; nothing is touched yet
   */
  static StateStore file(Path file) {
    return FileState.state(file, EffectiveUser.ofProc());
  }
}
