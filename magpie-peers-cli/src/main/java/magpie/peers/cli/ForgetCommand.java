/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import magpie.peers.PeerId;
import magpie.peers.PeerView;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Lets a node depart that will not come back. */
@Command(
    name = "forget",
    description = {
      "Lets a node depart that will not come back (backend etcd). One that is alive is refused.",
      "",
      "json, yaml: forgotten, whether it was a member."
    },
    footer = "  magpie-peers forget --etcd 192.0.2.1:2379 --peer-set lab blade-02")
@SuppressWarnings("NullAway.Init") // picocli fills the fields in
final class ForgetCommand extends MembershipCommand {
  @Parameters(paramLabel = "ID", completionCandidates = Known.Ids.class, description = "the node")
  private String id;

  @Override
  int run(Output out) {
    PeerId node;
    try {
      node = PeerId.of(id);
    } catch (IllegalArgumentException e) {
      throw usage(String.valueOf(e.getMessage()));
    }
    try (PeerView view = open()) {
      boolean forgotten = membership(view).forget(node);
      if (format() == Format.TABLE) {
        out.line(forgotten ? "forgotten" : "nothing to do: " + node + " is no member");
      } else {
        print(Tree.map("forgotten", forgotten), out);
      }
    }
    return 0;
  }
}
