/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import java.util.EnumSet;
import java.util.Set;
import magpie.peers.PeerView;
import magpie.peers.lab.Graph;
import magpie.peers.reach.ReachMatrix;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Draws the peers. */
@Command(
    name = "graph",
    description = {
      "Draws the peers and this node: networks are lanes, nodes hang on them.",
      "",
      "svg: one file for a browser, light or dark as the reader has it (the default).",
      "mermaid: a flow chart for documents; Mermaid itself draws at most 500 edges.",
      "dot: for Graphviz."
    },
    footer = {
      "  magpie-peers graph --group-by rack > peers.svg",
      "  magpie-peers graph --topology bench.magpie.yaml --observer --format dot | dot -Tpdf -O"
    })
@SuppressWarnings("NullAway.Init") // picocli fills the fields in
final class GraphCommand extends PeersCommand {
  @Option(
      names = "--group-by",
      paramLabel = "KEY",
      description = "group nodes by the value of this label")
  private @Nullable String groupBy;

  @Option(
      names = "--departed",
      description =
          "also draw departed peers that were not dismissed; records who is there, as 'notices' does")
  private boolean departed;

  @Option(
      names = "--reach",
      description = "mark addresses that other nodes do not reach, as 'reach --publish' found out")
  private boolean reach;

  @Override
  Set<Format> formats() {
    return EnumSet.of(Format.SVG, Format.MERMAID, Format.DOT);
  }

  @Override
  Format usual() {
    return Format.SVG;
  }

  @Override
  int run(Output out) {
    Graph graph;
    try (PeerView view = open()) {
      graph = Graph.of(view);
      if (reach) {
        ReachMatrix matrix = ReachMatrix.of(view);
        matrix.warnings().forEach(PeersCommand::warn);
        graph = graph.withReach(matrix);
      }
      if (departed) {
        graph = graph.withDeparted(view.notices().departed());
      }
    }
    if (groupBy != null) {
      graph = graph.groupBy(groupBy);
    }
    out.write(
        switch (format()) {
          case MERMAID -> graph.mermaid();
          case DOT -> graph.dot();
          default -> graph.svg();
        });
    return 0;
  }
}
