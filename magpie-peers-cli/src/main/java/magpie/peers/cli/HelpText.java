/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/**
 * The help of a command: its own options first, then the common ones in a line each, with the
 * formats that this command has; examples stand as they are to be typed.
 */
final class HelpText {
  private HelpText() {}

  /** Has a command and its subcommands print their help so. */
  static void of(CommandLine command) {
    command.getHelpSectionMap().put(UsageMessageSpec.SECTION_KEY_OPTION_LIST, HelpText::options);
    command.getHelpSectionMap().put(UsageMessageSpec.SECTION_KEY_OPTION_LIST_HEADING, help -> "");
    command.getHelpSectionMap().put(UsageMessageSpec.SECTION_KEY_FOOTER, HelpText::examples);
    command.getSubcommands().values().forEach(HelpText::of);
  }

  private static String options(Help help) {
    CommandSpec spec = help.commandSpec();
    boolean root = spec.parent() == null;
    List<OptionSpec> own = new ArrayList<>();
    List<OptionSpec> common = new ArrayList<>();
    List<OptionSpec> standard = new ArrayList<>();
    List<OptionSpec> filters = new ArrayList<>();
    for (OptionSpec option : spec.options()) {
      if (option.hidden()) {
        continue;
      }
      if (option.usageHelp() || option.versionHelp()) {
        standard.add(option);
      } else if (root && option.userObject() instanceof FilterOptions) {
        filters.add(option);
      } else if (root || option.inherited()) {
        if (!option.longestName().equals("--format")) {
          common.add(option);
        } else if (formats(spec).size() > 1) {
          common.add(option.toBuilder().description(described(spec, option)).build());
        }
      } else {
        own.add(option);
      }
    }
    common.addAll(standard);
    return section(help, "Options", own)
        + section(help, "Common options", common)
        + section(help, "Of nodes, explain and watch, also before the command", filters);
  }

  private static String section(Help help, String heading, List<OptionSpec> options) {
    if (options.isEmpty()) {
      return "";
    }
    Help.Layout layout = help.createDefaultLayout();
    layout.addOptions(options, help.createDefaultParamLabelRenderer());
    return System.lineSeparator()
        + help.colorScheme().text(heading + ":")
        + System.lineSeparator()
        + layout;
  }

  private static Collection<Format> formats(CommandSpec spec) {
    return spec.userObject() instanceof PeersCommand command
        ? command.formats()
        : Set.of(Format.values());
  }

  private static String described(CommandSpec spec, OptionSpec option) {
    if (!(spec.userObject() instanceof PeersCommand command)) {
      return String.join("", option.description());
    }
    List<String> words = command.formats().stream().map(Choice::written).toList();
    int last = words.size() - 1;
    return String.join(", ", words.subList(0, last))
        + " or "
        + words.get(last)
        + " (default: "
        + Choice.written(command.usual())
        + ")";
  }

  private static String examples(Help help) {
    StringBuilder examples = new StringBuilder();
    for (String line : help.commandSpec().usageMessage().footer()) {
      examples.append(line).append(System.lineSeparator());
    }
    return examples.toString();
  }
}
