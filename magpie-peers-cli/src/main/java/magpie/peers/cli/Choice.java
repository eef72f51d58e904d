/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import java.util.Arrays;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import magpie.peers.Notice;
import magpie.peers.text.Quote;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** An argument that is one of a few words: the constants of an enum in lower case. */
abstract class Choice<E extends Enum<E>> implements ITypeConverter<E>, Iterable<String> {
  /** The kinds of notice. */
  static final class OfNotices extends Choice<Notice.Kind> {
    OfNotices() {
      super(Notice.Kind.values());
    }
  }

  /** The shells, and the words that their script asks for, which no user types. */
  static final class OfShells extends Choice<CompletionCommand.Shell> {
    OfShells() {
      super(CompletionCommand.Shell.values());
    }

    @Override
    public Iterator<String> iterator() {
      return List.of("bash", "zsh").iterator();
    }
  }

  /** The tools whose files can be imported. */
  static final class OfTools extends Choice<ImportCommand.Tool> {
    OfTools() {
      super(ImportCommand.Tool.values());
    }
  }

  private final E[] constants;

  private Choice(E[] constants) {
    this.constants = constants;
  }

  static String written(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  private List<String> words() {
    return Arrays.stream(constants).map(Choice::written).toList();
  }

  @Override
  public Iterator<String> iterator() {
    return words().iterator();
  }

  @Override
  public E convert(String text) {
    return read(Arrays.asList(constants), text);
  }

  /**
   * Reads one of the constants.
   *
   * @throws TypeConversionException if it is none of them
   */
  static <E extends Enum<E>> E read(Collection<E> constants, String text) {
    for (E constant : constants) {
      if (written(constant).equals(text)) {
        return constant;
      }
    }
    List<String> words = constants.stream().map(Choice::written).toList();
    throw new TypeConversionException(
        "expected one of "
            + String.join(", ", words)
            + ", found "
            + Quote.of(text)
            + Quote.nearest(text, words).map(near -> "; did you mean " + near + "?").orElse(""));
  }
}
