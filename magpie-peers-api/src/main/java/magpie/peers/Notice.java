/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A durable note that a peer joined or departed, which stays until it is dismissed (N3).
 *
 * @param kind whether the peer joined or departed
 * @param id the peer; it never has two notices (N2)
 * @param sequence the number of the recording that noticed it, from 1; later recordings have larger
 *     numbers
 * @param lastKnown the peer as it was last known, with address and settings, in a departed notice
 *     (N5); empty in a joined one, whose peer the view shows, and where the source never knew more
 *     than the id
 */
public record Notice(Kind kind, PeerId id, long sequence, Optional<PeerNode> lastKnown) {

  /** The kinds of notice. */
  public enum Kind {
    /** The peer is present and was absent at the recording before. */
    JOINED,
    /** The peer is absent and was present at the recording before. */
    DEPARTED
  }

  /**
   * Checks the components.
   *
   * @param kind whether the peer joined or departed
   * @param id the peer
   * @param sequence the number of the recording that noticed it, from 1
   * @param lastKnown the peer as it was last known, with address and settings, in a departed notice
   *     (N5)
   */
  public Notice {
    Objects.requireNonNull(kind, "kind");
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(lastKnown, "lastKnown");
  }

  // Written out, because what the JDK makes for a record costs a hook 10 ms the first time.

  @Override
  public boolean equals(@Nullable Object object) {
    return object instanceof Notice other
        && kind == other.kind
        && id.equals(other.id)
        && sequence == other.sequence
        && lastKnown.equals(other.lastKnown);
  }

  @Override
  public int hashCode() {
    return Objects.hash(kind, id, sequence, lastKnown);
  }
}
