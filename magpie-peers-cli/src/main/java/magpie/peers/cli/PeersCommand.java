/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Set;
import java.util.concurrent.Callable;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.host.NativeText;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** What all commands share: they refuse what has no meaning for them, and print in two forms. */
@SuppressWarnings("NullAway.Init") // picocli fills the fields in
abstract class PeersCommand implements Callable<Integer> {
  private static final Set<Format> USUAL = EnumSet.of(Format.TABLE, Format.JSON, Format.YAML);

  @ParentCommand private Main main;
  @Spec private CommandSpec spec;
  private Format format = Format.TABLE;

  /** Does the work and returns the exit code. */
  abstract int run(Output out);

  /** The forms of output that this command knows. */
  Set<Format> formats() {
    return USUAL;
  }

  /** The filter options of this command, or null if it has none. */
  @Nullable FilterOptions filters() {
    return null;
  }

  /** The form of output where none is asked for. */
  Format usual() {
    return Format.TABLE;
  }

  /** Whether the command ends by itself, so that it is worth telling how long it takes. */
  boolean ends() {
    return true;
  }

  @Override
  public final Integer call() {
    main.applyDebug();
    format = asked(main.format());
    if (filters() == null && main.filter().isSet()) {
      throw usage("--network, --prefer-network, --label and --id are not for " + spec.name());
    }
    Progress progress = Progress.start(ends(), spec.name(), main);
    int code;
    try {
      code = run(main.output());
    } finally {
      progress.end();
    }
    main.output().flush();
    return code;
  }

  final Main main() {
    return main;
  }

  final Format format() {
    return format;
  }

  private Format asked(@Nullable String written) {
    if (written == null) {
      return usual();
    }
    for (Format other : EnumSet.complementOf(EnumSet.copyOf(formats()))) {
      if (Choice.written(other).equals(written)) {
        throw usage("--format " + written + " is not for " + spec.name());
      }
    }
    try {
      return Choice.read(formats(), written);
    } catch (TypeConversionException e) {
      throw usage("--format: " + e.getMessage());
    }
  }

  /** A file that was named on the command line. */
  final Path file(String name) {
    try {
      return main.environment().workingDirectory().resolve(name);
    } catch (InvalidPathException e) {
      throw usage(
          "expected a file, found "
              + Quote.of(name)
              + ", "
              + NativeText.whyNoPath(main.environment(), name, e));
    }
  }

  final PeerView open() {
    return Peers.open(main.options());
  }

  /** Prints a tree, in the format that was asked for and is not for people. */
  final void print(@Nullable Object tree, Output out) {
    if (format() == Format.YAML) {
      Tree.yaml(tree, out);
    } else {
      Tree.json(tree, out);
    }
  }

  /** Tells people something, in a line that does not disturb the output. */
  static void warn(String warning) {
    System.getLogger(PeersCommand.class.getName()).log(System.Logger.Level.WARNING, warning);
  }

  final ParameterException usage(String message) {
    return new ParameterException(spec.commandLine(), message);
  }
}
