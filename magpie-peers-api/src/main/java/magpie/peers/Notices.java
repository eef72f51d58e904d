/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The notices of a view that have not been dismissed.
 *
 * <pre>{@code
 * Notices notices = peers.notices();
 * for (Notice notice : notices.departed()) {
 *   unmount(notice.id());
 * }
 * notices.dismissDeparted();
 * }</pre>
 *
 * <p>What this object holds never changes. Dismissing it dismisses exactly the notices in it: those
 * that arrived since, and those that only another caller of the same view has seen, stay (N3).
 *
 * <p>Two of them are equal if they hold equal notices. Safe for use by many threads.
 */
public final class Notices {
  private final PeerView view;
  private final List<Notice> joined;
  private final List<Notice> departed;

  /**
   * Makes notices of a view, which is of use to an implementation of {@link PeerView}.
   *
   * @param view the view that dismisses them
   * @param joined the joined notices, ordered by id
   * @param departed the departed notices, ordered by id
   */
  public Notices(PeerView view, List<Notice> joined, List<Notice> departed) {
    this.view = Objects.requireNonNull(view, "view");
    this.joined = List.copyOf(joined);
    this.departed = List.copyOf(departed);
  }

  /** {@return the joined notices, ordered by id; unmodifiable} */
  public List<Notice> joined() {
    return joined;
  }

  /** {@return the departed notices, ordered by id; unmodifiable} */
  public List<Notice> departed() {
    return departed;
  }

  /** {@return whether there is neither a joined nor a departed notice} */
  public boolean isEmpty() {
    return joined.isEmpty() && departed.isEmpty();
  }

  /**
   * Dismisses the joined notices in this object, and no other (N3).
   *
   * @return what was dismissed: not those that were dismissed or replaced by newer ones since
   * @throws StateException if the state cannot be read or written
   * @throws IllegalStateException if the view is closed
   */
  public List<Notice> dismissJoined() {
    return view.dismiss(joined);
  }

  /**
   * Dismisses the departed notices in this object, and no other (N3).
   *
   * @return what was dismissed: not those that were dismissed or replaced by newer ones since
   * @throws StateException if the state cannot be read or written
   * @throws IllegalStateException if the view is closed
   */
  public List<Notice> dismissDeparted() {
    return view.dismiss(departed);
  }

  @Override
  public boolean equals(@Nullable Object object) {
    return object instanceof Notices other
        && joined.equals(other.joined)
        && departed.equals(other.departed);
  }

  @Override
  public int hashCode() {
    return 31 * joined.hashCode() + departed.hashCode();
  }

  @Override
  public String toString() {
    return "Notices[joined=" + joined + ", departed=" + departed + "]";
  }
}
