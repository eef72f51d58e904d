/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import java.util.ArrayList;
import java.util.List;
import magpie.peers.ConfigurationException;
import magpie.peers.Explanation;
import magpie.peers.NodeFilter;
import magpie.peers.PeerAddress;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.Verdict;
import magpie.peers.text.Quote;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Explains why a peer is kept, and which of its addresses is selected. */
@Command(
    name = "explain",
    description = {
      "Explains why a peer is kept, and which of its addresses is selected: every address with its"
          + " source and network, the rule, and the verdict.",
      "",
      "json, yaml: id, filter, addresses (address, source, network, note, selected), rule, verdict"
          + " (kept or dropped), reason (why dropped), address, fallback, suspect."
    },
    footer = "  magpie-peers explain magpie/1 --prefer-network storage")
@SuppressWarnings("NullAway.Init") // picocli fills the fields in
final class ExplainCommand extends FilteringCommand {
  private static final int LISTED = 10;

  @Parameters(
      paramLabel = "ID",
      completionCandidates = Known.Ids.class,
      description = "the id of the peer")
  private String id;

  @Override
  int run(Output out) {
    PeerId peer;
    try {
      peer = PeerId.of(id);
    } catch (IllegalArgumentException e) {
      throw usage(String.valueOf(e.getMessage()));
    }
    NodeFilter filter = filter();
    try (PeerView view = open()) {
      Explanation explanation = view.explain(peer, filter).orElseThrow(() -> unknown(peer, view));
      if (format() == Format.TABLE) {
        people(explanation, out);
      } else {
        print(Shape.explanation(explanation), out);
      }
    }
    return 0;
  }

  private static ConfigurationException unknown(PeerId peer, PeerView view) {
    String found = "expected the id of a peer, found " + Quote.of(peer.value());
    if (view.selfId().filter(peer::equals).isPresent()) {
      return new ConfigurationException(
          found + ", which is this node itself; --as OTHER or --observer explains it");
    }
    List<String> ids = view.ids().stream().map(PeerId::value).toList();
    StringBuilder message = new StringBuilder(found);
    Quote.nearest(peer.value(), ids)
        .ifPresent(near -> message.append("; did you mean ").append(near).append('?'));
    if (ids.isEmpty()) {
      message.append("; there are no peers");
    } else {
      message.append("\n  there are ");
      message.append(String.join(", ", ids.subList(0, Math.min(LISTED, ids.size()))));
      if (ids.size() > LISTED) {
        message.append(" and ").append(ids.size() - LISTED).append(" more");
      }
    }
    return new ConfigurationException(message.toString());
  }

  private static void people(Explanation explanation, Output out) {
    Verdict verdict = explanation.verdict();
    PeerNode kept = verdict.node().orElse(null);
    PeerAddress selected = kept == null ? null : kept.address().orElse(null);
    out.line(
        out.styled(Output.Style.HEADING, explanation.node().id().value())
            + (explanation.node().suspect() ? " (suspect: its source doubts it)" : ""));
    if (explanation.addresses().isEmpty()) {
      out.line("  addresses  none");
    } else {
      Table table = new Table("SELECTED", "ADDRESS", "NETWORK", "SOURCE", "NOTE");
      for (PeerAddress address : explanation.addresses()) {
        boolean chosen = address.equals(selected);
        table.row(
            chosen ? Output.Style.GOOD : Output.Style.PLAIN,
            chosen ? "*" : "",
            address.toString(),
            address.network().orElse(""),
            address.source(),
            address.note().orElse(""));
      }
      table.print(out, "  ");
    }
    List<String[]> rest = new ArrayList<>();
    rest.add(new String[] {"filter", explanation.filter()});
    if (kept != null && selected != null) {
      rest.add(new String[] {"rule", kept.rule()});
    }
    rest.add(new String[] {"verdict", verdict.toString()});
    for (String[] line : rest) {
      out.line("  " + line[0] + " ".repeat(9 - line[0].length()) + Quote.visible(line[1]));
    }
  }
}
