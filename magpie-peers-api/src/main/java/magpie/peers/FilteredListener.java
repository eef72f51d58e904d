/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import org.jspecify.annotations.Nullable;

/** Passes on what a filter keeps, and no event in which that stays the same. */
final class FilteredListener implements PeerListener {
  private final PeerView view;
  private final NodeFilter filter;
  private final PeerListener listener;
  private @Nullable Snapshot passed;

  private FilteredListener(PeerView view, NodeFilter filter, PeerListener listener) {
    this.view = view;
    this.filter = filter;
    this.listener = listener;
  }

  /**
   * Returns a listener that passes on to another what a filter keeps.
   *
   * <p>Its type is that of any listener, so that a hook, which loads the view and listens to
   * nothing, need not load this class to know what it is.
   */
  static PeerListener of(PeerView view, NodeFilter filter, PeerListener listener) {
    return new FilteredListener(view, filter, listener);
  }

  @Override
  public void onEvent(PeerEvent event) {
    Snapshot now = kept(event.snapshot());
    Snapshot before = passed;
    passed = now;
    if (event instanceof PeerEvent.HealthChanged health) {
      listener.onEvent(new PeerEvent.HealthChanged(health.before(), health.after(), now));
    } else if (before == null) {
      listener.onEvent(new PeerEvent.Started(now));
    } else if (!before.nodes().equals(now.nodes())) {
      listener.onEvent(new PeerEvent.Changed(before, now));
    }
  }

  private Snapshot kept(Snapshot all) {
    return new Snapshot(
        all.revision(),
        all.readAt(),
        all.origin(),
        all.selfId(),
        all.nodes(filter.resolve(view::network)),
        all.networks(),
        all.warnings());
  }
}
