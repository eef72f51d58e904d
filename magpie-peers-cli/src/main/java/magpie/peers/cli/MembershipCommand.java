/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import java.util.Optional;
import magpie.peers.PeerView;
import magpie.peers.spi.Membership;
import magpie.peers.text.Quote;

/** What the commands share that change who is a member. */
abstract class MembershipCommand extends PeersCommand {

  /** The membership of a view, where nodes join by themselves. */
  final Membership membership(PeerView view) {
    Optional<Membership> found = view.extension(Membership.class);
    return found.orElseThrow(
        () ->
            new UnsupportedOperationException(
                "expected a backend whose nodes join and leave by themselves, such as etcd, found "
                    + Quote.of(view.backend())
                    + ", where somebody else says who is a member"));
  }
}
