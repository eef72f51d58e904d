/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import java.util.List;
import magpie.peers.lab.Imported;
import magpie.peers.text.Quote;
import magpie.peers.topology.Problem;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Makes a topology of a file of another lab tool. */
@Command(
    name = "import",
    description = {
      "Makes a topology file of a static Ansible inventory (INI or YAML), or of a containerlab"
          + " topology or the inventory that containerlab generates.",
      "",
      "Every host becomes a node or is named. What a topology has no place for is listed: on"
          + " standard error, or on standard output where --output takes the topology. Templates,"
          + " vault and inventory plugins are refused with their line; the exit code is then 3.",
      "json, yaml (with --output): the list, as check has it."
    },
    footer = {
      "  magpie-peers import ansible hosts.ini --output bench.magpie.yaml",
      "  magpie-peers import containerlab clos01.clab.yml > clos01.magpie.yaml"
    })
@SuppressWarnings("NullAway.Init") // picocli fills the fields in
final class ImportCommand extends PeersCommand {
  /** The tools, as they are written on the command line. */
  enum Tool {
    ANSIBLE,
    CONTAINERLAB
  }

  @Parameters(
      index = "0",
      paramLabel = "ansible|containerlab",
      converter = Choice.OfTools.class,
      completionCandidates = Choice.OfTools.class,
      description = "whose file it is")
  private Tool tool;

  @Parameters(
      index = "1",
      paramLabel = "FILE",
      completionCandidates = Known.Files.class,
      description = "the file")
  private String file;

  @Option(
      names = "--output",
      paramLabel = "FILE",
      completionCandidates = Known.Files.class,
      description = "the topology file to replace (default: standard output)")
  private @Nullable String output;

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "the name of the bench (default: that of the lab or of the file)")
  private @Nullable String name;

  @Override
  int run(Output out) {
    if (format() != Format.TABLE && output == null) {
      throw usage(
          "--format "
              + Choice.written(format())
              + " is for the list; write the topology to --output FILE");
    }
    Imported imported =
        tool == Tool.ANSIBLE
            ? Imported.ansible(file(file), file)
            : Imported.containerlab(file(file), file);
    if (name != null) {
      try {
        imported = imported.name(name);
      } catch (IllegalArgumentException e) {
        throw usage("--name: " + e.getMessage());
      }
    }
    List<Problem> leftOut = imported.leftOut();
    int nodes = imported.ids().size();
    String summary =
        nodes
            + (nodes == 1 ? " node" : " nodes")
            + " imported from "
            + Quote.visible(file)
            + (leftOut.isEmpty()
                ? ", with all there is"
                : "; not carried over: " + leftOut.size() + ", listed above");
    if (output == null) {
      out.write(imported.text());
      leftOut.forEach(problem -> main().errors().println(problem));
      main().errors().println(summary);
    } else {
      imported.write(file(output));
      if (format() == Format.TABLE) {
        leftOut.forEach(problem -> out.line(problem.toString()));
        out.line(summary);
      } else {
        print(Tree.list(leftOut, Shape::problem), out);
      }
    }
    return 0;
  }
}
