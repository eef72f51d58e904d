/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import java.util.ArrayList;
import java.util.List;
import magpie.peers.topology.Problem;
import magpie.peers.topology.TopologyReader;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Checks files that people write. */
@Command(
    name = "check",
    description = {
      "Checks topology files and prints every problem, with its place and how to mend it.",
      "",
      "The exit code is 3 if there is an error; warnings alone are fine.",
      "json, yaml: a list of file, line, column, length, severity (error or warning), code,"
          + " message, path, fix; line and column are 0 where the file itself is the problem."
    },
    footer = "  magpie-peers check bench.magpie.yaml --format json")
@SuppressWarnings("NullAway.Init") // picocli fills the fields in
final class CheckCommand extends PeersCommand {
  @Parameters(
      paramLabel = "FILE",
      arity = "0..*",
      completionCandidates = Known.Files.class,
      description = "the files (default: the one of --topology or MAGPIE_TOPOLOGY)")
  private List<String> files = List.of();

  @Override
  int run(Output out) {
    if (files.isEmpty()) {
      files =
          List.of(
              main()
                  .options()
                  .option("topology")
                  .orElseThrow(
                      () -> usage("expected FILE..., --topology or MAGPIE_TOPOLOGY, found none")));
    }
    List<Problem> all = new ArrayList<>();
    for (String file : files) {
      List<Problem> problems = TopologyReader.read(file(file), file).problems();
      all.addAll(problems);
      if (format() == Format.TABLE) {
        problems.forEach(problem -> out.line(problem.toString()));
      }
    }
    long errors = all.stream().filter(p -> p.severity() == Problem.Severity.ERROR).count();
    if (format() == Format.TABLE) {
      out.line(summary(errors, all.size() - errors, out));
    } else {
      print(Tree.list(all, Shape::problem), out);
    }
    return errors == 0 ? 0 : Main.PROBLEMS;
  }

  private String summary(long errors, long warnings, Output out) {
    String checked = count(files.size(), "file") + " checked: ";
    if (errors == 0 && warnings == 0) {
      return checked + out.styled(Output.Style.GOOD, "no problems");
    }
    return checked
        + out.styled(
            errors == 0 ? Output.Style.DOUBTFUL : Output.Style.BAD,
            count(errors, "error") + ", " + count(warnings, "warning"));
  }

  private static String count(long number, String what) {
    return number + " " + what + (number == 1 ? "" : "s");
  }
}
