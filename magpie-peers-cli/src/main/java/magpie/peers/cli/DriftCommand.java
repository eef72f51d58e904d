/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import java.util.List;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.PeersOptions;
import magpie.peers.lab.Drift;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Compares the peers that are there now with a topology file. */
@Command(
    name = "drift",
    description = {
      "Compares a topology file with the peers that are there now, this node included.",
      "",
      "The exit code is 0 if they are the same and 4 if they differ. Addresses are compared"
          + " whatever told them; labels only where the live peers have any.",
      "json, yaml: a list of kind (missing, extra, moved, address, setting, label, state), id, key"
          + " (the network, setting or label), declared, live; null where there is nothing."
    },
    footer = {
      "  magpie-peers drift bench.magpie.yaml --ignore 'iperf.*'",
      "  magpie-peers drift bench.magpie.yaml --format json || alert"
    })
@SuppressWarnings("NullAway.Init") // picocli fills the fields in
final class DriftCommand extends PeersCommand {
  @Parameters(
      paramLabel = "DECLARED",
      completionCandidates = Known.Files.class,
      description = "the topology file")
  private String declared;

  @Option(
      names = "--ignore",
      paramLabel = "KEYGLOB",
      description = "pass over settings and labels whose key matches; may be repeated")
  private List<String> ignored = List.of();

  @Override
  int run(Output out) {
    file(declared);
    Drift drift;
    PeersOptions should = main().declared(declared);
    try (PeerView file = Peers.open(should);
        PeerView live = open()) {
      drift = Drift.between(file, live);
    }
    for (String glob : ignored) {
      drift = drift.ignoring(glob);
    }
    if (format() != Format.TABLE) {
      print(Tree.list(drift.differences(), Shape::difference), out);
    } else if (drift.isEmpty()) {
      out.line(out.styled(Output.Style.GOOD, "no drift"));
    } else {
      Table table = new Table("DRIFT", "ID", "KEY", "DECLARED", "LIVE");
      for (Drift.Difference difference : drift.differences()) {
        table.row(
            difference.kind() == Drift.Kind.MISSING ? Output.Style.BAD : Output.Style.DOUBTFUL,
            Choice.written(difference.kind()),
            difference.id().value(),
            difference.key(),
            difference.declared().orElse(""),
            difference.live().orElse(""));
      }
      table.print(out);
    }
    return drift.isEmpty() ? 0 : Main.DRIFT;
  }
}
