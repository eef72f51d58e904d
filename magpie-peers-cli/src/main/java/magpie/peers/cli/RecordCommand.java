/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import java.util.List;
import java.util.Set;
import magpie.peers.PeerView;
import magpie.peers.topology.Recording;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Writes the peers that are there now as a topology file. */
@Command(
    name = "record",
    description = {
      "Writes the peers that are there now, with this node, as a topology file that replays on a"
          + " bench: ids, addresses in their order, networks, settings, labels.",
      "",
      "Where the source names no networks they are derived from prefix lengths, else as /24 and"
          + " /64. The same peers give the same bytes. What no topology can hold is named on"
          + " standard error."
    },
    footer = {
      "  magpie-peers record --output /var/lib/app/peers.magpie.yaml   (in a hook)",
      "  magpie-peers record --mask-addresses --mask-settings '*token*' > bug.magpie.yaml",
      "  magpie-peers nodes --topology bug.magpie.yaml --as magpie/0"
    })
@SuppressWarnings("NullAway.Init") // picocli fills the fields in
final class RecordCommand extends PeersCommand {
  @Option(
      names = "--output",
      paramLabel = "FILE",
      completionCandidates = Known.Files.class,
      description =
          "the file to replace, as a whole or not at all; left alone where it says the same already"
              + " (default: standard output)")
  private @Nullable String output;

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "the name of the bench (default: the application of the units)")
  private @Nullable String name;

  @Option(
      names = "--mask-settings",
      paramLabel = "GLOB",
      description = "write 'masked' for settings whose key matches; may be repeated")
  private List<String> maskSettings = List.of();

  @Option(
      names = "--mask-addresses",
      description =
          "write addresses of the ranges for documentation instead, each the same wherever it"
              + " occurs, networks kept together; host names become host-1.example and so on")
  private boolean maskAddresses;

  @Override
  Set<Format> formats() {
    return Set.of(Format.TABLE);
  }

  @Override
  int run(Output out) {
    Recording recording;
    try (PeerView view = open()) {
      recording = Recording.of(view);
    }
    for (String glob : maskSettings) {
      recording = recording.maskSettings(glob);
    }
    if (maskAddresses) {
      recording = recording.maskAddresses();
    }
    if (name != null) {
      try {
        recording = recording.name(name);
      } catch (IllegalArgumentException e) {
        throw usage("--name: " + e.getMessage());
      }
    }
    for (String omitted : recording.omitted()) {
      System.getLogger(RecordCommand.class.getName()).log(System.Logger.Level.WARNING, omitted);
    }
    if (output == null) {
      out.write(recording.text());
    } else {
      recording.write(file(output));
    }
    return 0;
  }
}
