/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import magpie.peers.PeerView;
import picocli.CommandLine.Command;

/** Leaves the peers. */
@Command(
    name = "leave",
    description = {
      "Leaves the peers as --as says: this node departs at all others (backend etcd).",
      "",
      "A 'magpie-peers join' that still runs for it does not bring it back.",
      "json, yaml: left, whether it was a member."
    },
    footer = "  magpie-peers leave --etcd 192.0.2.1:2379 --peer-set lab --as blade-02")
final class LeaveCommand extends MembershipCommand {
  @Override
  int run(Output out) {
    try (PeerView view = open()) {
      boolean left = membership(view).leave();
      if (format() == Format.TABLE) {
        out.line(left ? "left" : "nothing to do: it is no member");
      } else {
        print(Tree.map("left", left), out);
      }
    }
    return 0;
  }
}
