/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import java.util.ArrayList;
import java.util.List;
import magpie.peers.Notice;
import magpie.peers.Notices;
import magpie.peers.PeerAddress;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import picocli.CommandLine.Command;

/** Lists the notices, and records who is there. */
@Command(
    name = "notices",
    description = {
      "Records who is there, and lists who joined or departed and was not dismissed since.",
      "",
      "json, yaml: a list of kind (joined or departed), id, sequence, lastKnown (the peer as nodes"
          + " shows it, null unless it departed). The sequence is what 'dismiss --up-to' takes."
    },
    footer = "  magpie-peers notices --format json")
final class NoticesCommand extends PeersCommand {
  @Override
  int run(Output out) {
    try (PeerView view = open()) {
      Notices notices = view.notices();
      List<Notice> all = new ArrayList<>(notices.joined());
      all.addAll(notices.departed());
      list(all, this, out);
    }
    return 0;
  }

  static void list(List<Notice> notices, PeersCommand command, Output out) {
    if (command.format() != Format.TABLE) {
      command.print(Tree.list(notices, Shape::notice), out);
      return;
    }
    Table table = new Table("NOTICE", "ID", "SEQUENCE", "LAST ADDRESS");
    for (Notice notice : notices) {
      table.row(
          notice.kind() == Notice.Kind.JOINED ? Output.Style.GOOD : Output.Style.BAD,
          Choice.written(notice.kind()),
          notice.id().value(),
          Long.toString(notice.sequence()),
          notice.lastKnown().flatMap(PeerNode::address).map(PeerAddress::text).orElse(""));
    }
    table.print(out);
  }
}
