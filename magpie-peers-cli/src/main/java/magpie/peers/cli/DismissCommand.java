/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import java.util.List;
import magpie.peers.Notice;
import magpie.peers.Notices;
import magpie.peers.PeerView;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows notices and then dismisses them. */
@Command(
    name = "dismiss",
    description = {
      "Lists the joined or the departed notices and then dismisses exactly those.",
      "",
      "They are dismissed after the list was written out, so that a crash between the two repeats"
          + " a notice and never loses one. If the list cannot be written, nothing is dismissed."
    },
    footer = {
      "  magpie-peers dismiss departed",
      "  magpie-peers dismiss joined --up-to 7   (what 'notices' showed, and no later one)"
    })
@SuppressWarnings("NullAway.Init") // picocli fills the fields in
final class DismissCommand extends PeersCommand {
  @Parameters(
      paramLabel = "joined|departed",
      converter = Choice.OfNotices.class,
      completionCandidates = Choice.OfNotices.class,
      description = "which notices")
  private Notice.Kind which;

  @Option(
      names = "--up-to",
      paramLabel = "SEQUENCE",
      description = "only notices with at most this sequence")
  private long upTo = Long.MAX_VALUE;

  @Override
  int run(Output out) {
    try (PeerView view = open()) {
      Notices notices = view.notices();
      List<Notice> of = which == Notice.Kind.JOINED ? notices.joined() : notices.departed();
      List<Notice> shown = of.stream().filter(notice -> notice.sequence() <= upTo).toList();
      NoticesCommand.list(shown, this, out);
      try {
        out.flush();
      } catch (Output.Closed e) {
        throw new Output.Failed("nothing was dismissed: the reader of the list went away", e);
      } catch (Output.Failed e) {
        throw new Output.Failed("nothing was dismissed: " + e.getMessage(), e);
      }
      view.dismiss(shown);
    }
    return 0;
  }
}
