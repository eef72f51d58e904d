/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import java.util.Set;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Prints a script that lets a shell complete the command. */
@Command(
    name = "completion",
    description = "Prints a script for the shell that completes commands and options.",
    footer = {
      "  source <(magpie-peers completion bash)",
      "  source <(magpie-peers completion zsh)"
    })
@SuppressWarnings("NullAway.Init") // picocli fills the fields in
final class CompletionCommand extends PeersCommand {
  /** The shells, as they are written on the command line. */
  enum Shell {
    BASH,
    ZSH
  }

  @SuppressWarnings("UnusedVariable") // says what is wanted, although one script serves both
  @Parameters(
      paramLabel = "bash|zsh",
      converter = Choice.OfShells.class,
      completionCandidates = Choice.OfShells.class,
      description = "the shell")
  private Shell shell;

  @Spec private CommandSpec spec;

  @Override
  Set<Format> formats() {
    return Set.of(Format.TABLE);
  }

  @Override
  int run(Output out) {
    // It asks zsh to behave like bash.
    out.write(AutoComplete.bash("magpie-peers", spec.root().commandLine()));
    return 0;
  }
}
