/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology.yaml;

import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import magpie.peers.IpAddress;
import magpie.peers.PeerAddress;
import magpie.peers.text.Quote;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlVersionException;

/**
 * What the scanner, the parser or the composer did not understand, in the words of this project: a
 * table of what they say and what is reported for it.
 */
public final class SyntaxErrors {
  private static final String NO_DIRECTIVES = "remove the line that begins with %";

  /** One character, in the half of a place that counts those before it. */
  private static final long CHARACTER = 1L << 32;

  /** Where an error is reported. */
  private enum Where {
    /** At what was not expected. */
    PROBLEM,
    /** Where the value that is broken begins. */
    CONTEXT
  }

  /**
   * What the engine says.
   *
   * @param at the place of what was not expected
   * @param from the place where the broken value begins
   */
  private record Failure(YamlText text, String problem, String context, long at, long from) {
    /** In words, the token that is named behind these words. */
    String token(String words) {
      return SyntaxErrors.token(after(words));
    }

    String after(String words) {
      int found = problem.indexOf(words);
      return found < 0 ? "" : problem.substring(found + words.length()).replace("'", "");
    }

    /** The first text in single quotes. */
    String quoted() {
      int begin = problem.indexOf('\'');
      int end = problem.indexOf('\'', begin + 1);
      return begin < 0 || end < 0 ? "" : problem.substring(begin + 1, end);
    }

    boolean inList() {
      return context.contains("collection") || context.contains("sequence");
    }

    String begin() {
      return text.locate(from).toString();
    }
  }

  /** One row: which failures it matches, and what is reported. */
  private record Row(
      Predicate<Failure> when, Where where, Function<Failure, String> message, String fix) {}

  private static Predicate<Failure> starts(String words) {
    return failure -> failure.problem.startsWith(words);
  }

  private static Predicate<Failure> has(String words) {
    return failure -> failure.problem.contains(words);
  }

  private static Predicate<Failure> within(String words) {
    return failure -> failure.context.contains(words);
  }

  private static Row row(
      Predicate<Failure> when, Where where, Function<Failure, String> message, String fix) {
    return new Row(when, where, message, fix);
  }

  private static Row row(Predicate<Failure> when, Where where, String message, String fix) {
    return new Row(when, where, failure -> message, fix);
  }

  /** The first row that matches a failure is used; the last matches any. */
  private static final List<Row> ROWS =
      List.of(
          row(
              within("scanning an a"),
              Where.CONTEXT,
              "expected the name of an anchor or alias, found none",
              "put a value that begins with \"&\" or \"*\" in quotes"),
          row(
              starts("mapping values are not allowed"),
              Where.PROBLEM,
              "expected one value behind a key, found a second \":\"",
              "begin every key on a line of its own and in the column of its neighbours, or put the"
                  + " value in quotes"),
          row(
              has("',' or ']'"),
              Where.PROBLEM,
              failure ->
                  "expected \",\" or \"]\" in the list that begins at "
                      + failure.begin()
                      + ", found "
                      + failure.token("but got "),
              "separate the entries with \",\" and close the list with \"]\""),
          row(
              has("',' or '}'"),
              Where.PROBLEM,
              failure ->
                  "expected \",\" or \"}\" in the mapping that begins at "
                      + failure.begin()
                      + ", found "
                      + failure.token("but got "),
              "separate the entries with \",\" and close the mapping with \"}\""),
          row(
              starts("expected <block end>").and(Failure::inList),
              Where.PROBLEM,
              failure ->
                  "expected the next \"- \" of the list that begins at "
                      + failure.begin()
                      + ", found "
                      + failure.token("but found "),
              "indent what belongs together by the same number of spaces"),
          row(
              starts("expected <block end>"),
              Where.PROBLEM,
              failure ->
                  "expected the next key of the mapping that begins at "
                      + failure.begin()
                      + ", found "
                      + failure.token("but found "),
              "indent what belongs together by the same number of spaces"),
          row(
              starts("found unexpected").and(within("quoted")),
              Where.CONTEXT,
              failure ->
                  "expected a closing quote, found "
                      + (failure.problem.contains("document")
                          ? "a line with \"---\" or \"...\""
                          : "the end of the file"),
              "close the text that begins here"),
          row(
              starts("could not find expected ':'"),
              Where.CONTEXT,
              "expected \":\" behind this key, found none",
              "write \"key: value\", or indent the line if it continues a value"),
          row(
              has("cannot start any token"),
              Where.PROBLEM,
              failure ->
                  "expected a key or a value, found "
                      + token(failure.quoted())
                      + ", which begins none",
              "put the value in quotes"),
          row(
              starts("expected escape sequence").or(starts("found unknown escape")),
              Where.PROBLEM,
              "expected the number of a character: 2 hexadecimal digits behind \\x, 4 behind \\u or"
                  + " 8 behind \\U, found another",
              "write all digits, or \"\\\\\" for a backslash"),
          row(
              within("directive").or(has(" YAML directive")),
              Where.PROBLEM,
              "expected \"%YAML 1.2\" or no directive, found another",
              NO_DIRECTIVES),
          row(
              has("before directives"),
              Where.PROBLEM,
              "expected the end of the file, found a line that begins with %",
              NO_DIRECTIVES),
          row(
              starts("mapping keys are not allowed"),
              Where.PROBLEM,
              "expected a value, found \"? \"",
              "put the value in quotes"),
          row(
              starts("sequence entries are not allowed"),
              Where.PROBLEM,
              "expected a value on the line of its key, found a list",
              "begin the list on the next line"),
          row(
              starts("expected the node content"),
              Where.PROBLEM,
              failure -> "expected a value, found " + failure.token("but found "),
              "write the value that is missing here, or remove what is too much"),
          row(
              starts("expected '<document start>'"),
              Where.PROBLEM,
              failure -> "expected the end of the file, found " + failure.token("but found "),
              "remove what follows the document"),
          row(
              within("block scalar"),
              Where.PROBLEM,
              "expected the end of the line behind \"|\" or \">\", found something else",
              "begin the text on the next line; put a value that begins with \"|\" or \">\" in"
                  + " quotes"),
          row(
              starts("found undefined alias"),
              Where.PROBLEM,
              failure ->
                  "expected an anchor for every alias, found none for "
                      + Quote.of("*" + failure.after("undefined alias ")),
              "write the anchor in front of the alias, or put the value in quotes"),
          row(
              within("expected a single document"),
              Where.PROBLEM,
              "expected one document in the file, found a second",
              "remove it or move it to a file of its own"),
          row(
              failure -> true,
              Where.PROBLEM,
              failure -> "expected YAML, found this: " + failure.problem.replaceAll("\\s+", " "),
              "correct the line; a value that YAML could take for something else belongs in"
                  + " quotes"));

  private final YamlText text;
  private final Problems problems;

  /**
   * Reports the errors of one text.
   *
   * @param text the text
   * @param problems where they are reported
   */
  public SyntaxErrors(YamlText text, Problems problems) {
    this.text = text;
    this.problems = problems;
  }

  /**
   * Reports why a text could not be read on.
   *
   * @param failure what the engine threw
   * @param understood the place of the last value that was read
   */
  public void report(RuntimeException failure, long understood) {
    if (failure instanceof MarkedYamlEngineException marked) {
      marked(marked, understood);
    } else if (failure instanceof YamlVersionException version) {
      syntax(
          0,
          "expected YAML 1.2, found YAML "
              + version.getSpecVersion().getMajor()
              + "."
              + version.getSpecVersion().getMinor(),
          NO_DIRECTIVES);
    } else if (failure instanceof IllegalArgumentException) {
      // The scanner trips over numbers of characters that are none, and gives them no place.
      syntax(
          understood,
          "expected an escape such as \"\\u00e9\" in double quotes, found another behind this",
          "write the number of a character behind \\x, \\u or \\U");
    } else {
      syntax(
          understood,
          "expected YAML, found what cannot be read behind this",
          "correct what follows here, such as an escape in double quotes");
    }
  }

  private void syntax(long at, String message, String fix) {
    problems.add(Code.SYNTAX, at, message, "", fix);
  }

  private void marked(MarkedYamlEngineException e, long understood) {
    // A value that ends where reading ends may have swallowed what it should not have.
    problems.forget(understood);
    long at = e.getProblemMark().map(SyntaxErrors::place).orElse(understood);
    Failure failure =
        new Failure(
            text,
            String.valueOf(e.getProblem()),
            String.valueOf(e.getContext()),
            at,
            e.getContextMark().map(SyntaxErrors::place).orElse(at));
    Optional<String> address = bareAddress(text, at);
    if (address.isPresent()) {
      syntax(
          at,
          "expected quotes around the IPv6 address "
              + address.get()
              + ", found none, and YAML takes its colon for the end of a key",
          "put it in quotes: " + Quote.of(address.get()));
    } else if (failure.problem.contains("(TAB)")) {
      // Behind a dash, what is marked is the end of the key behind the tab.
      problems.add(
          Code.TAB,
          failure.from == at ? at : failure.from - CHARACTER,
          "expected spaces, found a tab",
          "",
          "indent with spaces; YAML has no tabs in front of keys and values");
    } else if (failure.problem.contains("tag handle")
        || failure.context.contains("scanning a tag")) {
      tag(failure.from, "!" + failure.after("tag handle !"));
    } else if (failure.problem.matches("found unknown escape character .{1,2}\\([0-9]+\\)")) {
      String found = failure.after("escape character ");
      syntax(
          at - CHARACTER + 1,
          "expected an escape such as \"\\n\" in double quotes, found \"\\"
              + found.substring(0, found.offsetByCodePoints(0, found.isEmpty() ? 0 : 1))
              + "\"",
          "write \"\\\\\" for a backslash, or use single quotes");
    } else {
      for (Row row : ROWS) {
        if (row.when.test(failure)) {
          syntax(
              row.where == Where.PROBLEM ? at : failure.from, row.message.apply(failure), row.fix);
          return;
        }
      }
    }
  }

  private static long place(Mark mark) {
    return YamlText.place(mark.getIndex(), 1);
  }

  /**
   * Reports a tag where plain YAML is expected.
   *
   * @param at the place of the value
   * @param tag the tag, as it is written or as the engine resolved it
   */
  public void tag(long at, String tag) {
    problems.add(
        Code.TAG,
        at,
        "expected plain YAML, found the tag "
            + Quote.of(tag.replaceFirst("^tag:yaml.org,2002:", "!!")),
        "",
        "remove the tag; put the value in quotes if it begins with \"!\"");
  }

  /**
   * Finds an IPv6 address at a place that was written without quotes and, because of a colon at its
   * beginning or end, was not read as text.
   *
   * @param text the text
   * @param at the place
   * @return the address as it is written
   */
  public static Optional<String> bareAddress(YamlText text, long at) {
    YamlText.Position position = text.locate(at);
    String line = position.excerpt();
    if (line.isEmpty()) {
      return Optional.empty();
    }
    int from = line.offsetByCodePoints(0, position.column() - 1);
    int to = from;
    while (from > 0 && isOfAddress(line.charAt(from - 1))) {
      from--;
    }
    while (to < line.length() && isOfAddress(line.charAt(to))) {
      to++;
    }
    String word = line.substring(from, to);
    return PeerAddress.of(word, "").ip().filter(IpAddress::isV6).map(ip -> word);
  }

  private static boolean isOfAddress(char c) {
    return c == ':' || c == '.' || c == '/' || (c < 128 && Character.digit(c, 16) >= 0);
  }

  private static String token(String name) {
    return switch (name) {
      case "<stream end>" -> "the end of the file";
      case "<scalar>" -> "a value";
      case "<block sequence start>" -> "a list entry in another column";
      case "-" -> "a list entry";
      case "<block mapping start>" -> "a key in another column";
      case "?" -> "a key";
      case "<block end>" -> "the end of the block";
      case "<document start>" -> "\"---\"";
      case "<document end>" -> "\"...\"";
      case "<directive>" -> "a line that begins with %";
      default -> Quote.of(name);
    };
  }
}
