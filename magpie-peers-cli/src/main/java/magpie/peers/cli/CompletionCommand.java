/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import magpie.peers.ConfigurationException;
import magpie.peers.Network;
import magpie.peers.PeerId;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.PeersOptions;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Prints a script that lets a shell complete the command. */
@Command(
    name = "completion",
    description = {
      "Prints a script for the shell that completes commands, options, and what belongs behind"
          + " them: files, the ids of peers and networks.",
      "",
      "The script asks for the latter with 'ids' and 'networks', which print one in each line; so"
          + " they complete where a topology is named before them or by MAGPIE_TOPOLOGY."
    },
    footer = {
      "  source <(magpie-peers completion bash)",
      "  source <(magpie-peers completion zsh)"
    })
@SuppressWarnings("NullAway.Init") // picocli fills the fields in
final class CompletionCommand extends PeersCommand {
  /** What is printed: the script for a shell, or the words that it asks for. */
  enum Shell {
    BASH,
    ZSH,
    IDS,
    NETWORKS
  }

  @Parameters(
      paramLabel = "bash|zsh",
      converter = Choice.OfShells.class,
      completionCandidates = Choice.OfShells.class,
      description = "the shell")
  private Shell shell;

  @Spec private CommandSpec spec;

  @Override
  Set<Format> formats() {
    return EnumSet.of(Format.TABLE);
  }

  @Override
  int run(Output out) {
    switch (shell) {
      case IDS -> {
        try (PeerView view = look()) {
          for (PeerId id : view.ids()) {
            out.line(id.value());
          }
        }
      }
      case NETWORKS -> {
        try (PeerView view = look()) {
          for (Network network : view.snapshot().networks()) {
            out.line(Quote.visible(network.name()));
          }
        }
      }
      default -> out.write(script(spec.root().commandLine()));
    }
    return 0;
  }

  /** A line that is not finished may not say yet which node this is. */
  private PeerView look() {
    PeersOptions options = main().options();
    try {
      return Peers.open(options);
    } catch (ConfigurationException e) {
      if (options.self().isPresent() || options.observer()) {
        throw e;
      }
      return Peers.open(main().builder().observer().build());
    }
  }

  private static String script(CommandLine root) {
    try (InputStream in = CompletionCommand.class.getResourceAsStream("completion.bash")) {
      String script =
          new String(
              Objects.requireNonNull(in, "completion.bash").readAllBytes(), StandardCharsets.UTF_8);
      return script.replace("@TABLES@\n", tables(root));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What the script has to know of each command, taken from the commands themselves. */
  private static String tables(CommandLine root) {
    Map<String, CommandLine> commands = new TreeMap<>(root.getSubcommands());
    StringBuilder text = new StringBuilder();
    begin(text, "commands", null);
    text.append("  echo '").append(String.join(" ", commands.keySet())).append("'\n}\n\n");

    begin(text, "options", "$1");
    commands.forEach((name, command) -> line(text, name, options(command.getCommandSpec())));
    line(text, "*", options(root.getCommandSpec()));
    end(text);

    begin(text, "value", "$1:$2");
    commands.forEach((name, command) -> values(text, name, command.getCommandSpec()));
    values(text, "*", root.getCommandSpec());
    end(text);

    begin(text, "argument", "$1:$2");
    commands.forEach(
        (name, command) -> {
          for (PositionalParamSpec argument : command.getCommandSpec().positionalParameters()) {
            boolean last = argument.index().isUnresolved() || argument.arity().isVariable();
            String index = last ? "*" : "" + argument.index().min();
            line(text, name + ":" + index, kind(command.getCommandSpec(), argument));
          }
        });
    end(text);
    return text.toString();
  }

  private static void begin(StringBuilder text, String function, @Nullable String of) {
    text.append("__magpie_peers_").append(function).append("() {\n");
    if (of != null) {
      text.append("  case ").append(of).append(" in\n");
    }
  }

  private static void line(StringBuilder text, String pattern, String kind) {
    text.append("    ").append(pattern).append(") echo '").append(kind).append("' ;;\n");
  }

  private static void end(StringBuilder text) {
    text.append("  esac\n}\n\n");
  }

  private static String options(CommandSpec spec) {
    List<String> names = new ArrayList<>();
    for (OptionSpec option : spec.options()) {
      if (!option.hidden() && !(option.longestName().equals("--format") && fixed(spec))) {
        names.add(option.longestName());
      }
    }
    return String.join(" ", names);
  }

  private static boolean fixed(CommandSpec spec) {
    return spec.userObject() instanceof PeersCommand command && command.formats().size() == 1;
  }

  private static void values(StringBuilder text, String command, CommandSpec spec) {
    for (OptionSpec option : spec.options()) {
      if (option.arity().max() > 0) {
        String names = command + ":" + String.join(" | " + command + ":", option.names());
        line(text, names, kind(spec, option));
      }
    }
  }

  private static String kind(CommandSpec spec, ArgSpec arg) {
    Iterable<String> candidates = arg.completionCandidates();
    if (candidates instanceof Known known) {
      return known.kind();
    }
    List<String> words = new ArrayList<>();
    if (arg instanceof OptionSpec option && option.longestName().equals("--format")) {
      Set<Format> formats =
          spec.userObject() instanceof PeersCommand command
              ? command.formats()
              : EnumSet.allOf(Format.class);
      formats.forEach(format -> words.add(Choice.written(format)));
    } else if (candidates != null) {
      candidates.forEach(words::add);
    }
    return words.isEmpty() ? "text" : "words " + String.join(" ", words);
  }
}
