/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.lab;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import magpie.peers.PeerNode;
import magpie.peers.text.Quote;
import magpie.peers.topology.MalformedTopologyException;
import magpie.peers.topology.Problem;
import magpie.peers.topology.yaml.Code;
import magpie.peers.topology.yaml.NamedFile;
import magpie.peers.topology.yaml.Problems;
import magpie.peers.topology.yaml.SyntaxErrors;
import magpie.peers.topology.yaml.YamlText;
import org.jspecify.annotations.Nullable;

/** Problems of one file of another tool: errors with their places, and what is left out. */
final class Diagnostics {
  /** What a line of a topology has besides its texts. */
  static final int LINE = 16;

  /** How large a topology may become, in characters: 100,000 hosts with a few settings each. */
  private static final long MOST_ROOM = 16 << 20;

  /** A place in a file; lines and columns count from 1. */
  record Place(int line, int column, int length) {
    /** The place of {@code part} in a line, or the whole line. */
    static Place in(int number, String line, @Nullable String part) {
      int at = part == null ? -1 : line.indexOf(part);
      if (part == null || at < 0) {
        return new Place(number, 1, Math.max(1, line.length()));
      }
      return new Place(
          number,
          line.codePointCount(0, at) + 1,
          Math.max(1, part.codePointCount(0, part.length())));
    }
  }

  private final String shown;
  private final YamlText text;
  private final YamlText.InvalidBytes invalid;
  private final Problems problems;
  private final Map<String, LeftOut> leftOut = new LinkedHashMap<>();
  private long room = MOST_ROOM;

  /** Something that occurs in many places and is reported once. */
  private record LeftOut(String what, String why, Place first, int count) {}

  /**
   * Takes the content of a file.
   *
   * @param what the kind of file, for messages
   * @throws MalformedTopologyException if it is not text
   */
  Diagnostics(byte[] bytes, String shown, String what) {
    this(bytes, shown, what, first -> false);
  }

  private Diagnostics(byte[] bytes, String shown, String what, Comments comments) {
    this.shown = shown;
    this.text = new YamlText(bytes);
    this.problems = new Problems(shown, text);
    this.invalid =
        (at, line, place) -> {
          if (!comments.is(bytes[line])) {
            throw notUtf8(bytes, at, text.locate(place), shown, what);
          }
          return true;
        };
    text.index(invalid);
  }

  /**
   * Reads a file.
   *
   * @param what the kind of file, for messages
   * @param comments tells lines that may be in any encoding
   * @throws MalformedTopologyException if it cannot be read or is not text
   */
  static Diagnostics of(Path file, String shown, String what, Comments comments) {
    NamedFile named =
        new NamedFile(
            shown, what, what, "name one file in it", "correct the name", "name another file");
    try {
      return new Diagnostics(named.read(file), shown, what, comments);
    } catch (NamedFile.Unusable e) {
      throw new MalformedTopologyException(List.of(e.problem()));
    }
  }

  /** Tells by its first byte whether a line is a comment. */
  interface Comments {
    boolean is(byte first);
  }

  private static MalformedTopologyException notUtf8(
      byte[] bytes, int at, YamlText.Position place, String shown, String what) {
    int wrong = bytes[at] & 0xff;
    // 0xfe and 0xff begin a text in UTF-16.
    boolean latin = wrong >= 0xa0 && wrong < 0xfe;
    String excerpt = "";
    if (latin && !place.excerpt().isEmpty()) {
      int end = at;
      while (end < bytes.length && bytes[end] != '\n' && bytes[end] != '\r') {
        end++;
      }
      excerpt =
          place.excerpt().substring(0, place.excerpt().offsetByCodePoints(0, place.column() - 1))
              + new String(bytes, at, end - at, ISO_8859_1);
    }
    return new MalformedTopologyException(
        List.of(
            new Problem(
                Problem.Severity.ERROR,
                Code.NOT_UTF8.toString(),
                "expected "
                    + what
                    + " in UTF-8, found the byte 0x"
                    + Integer.toHexString(wrong)
                    + (latin ? ", which is " + Quote.of((char) wrong + "") + " in Latin-1" : ""),
                shown,
                place.line(),
                place.column(),
                1,
                excerpt,
                "",
                latin
                    ? "save it as UTF-8: iconv -f LATIN1 -t UTF-8 FILE, if it is Latin-1"
                    : "save it as UTF-8")));
  }

  /** The text of the file. */
  YamlText text() {
    return text;
  }

  /** The first line of the file. */
  String firstLine() {
    return text.lines().iterator().next();
  }

  /** Whether the text can be scanned as YAML; characters that YAML does not allow are errors. */
  boolean checkYaml() {
    return text.check(problems, invalid);
  }

  /** Reports why YAML could not be read on behind a place, as {@link YamlText#place} makes it. */
  void syntax(RuntimeException failure, long understood) {
    new SyntaxErrors(text, problems).report(failure, understood);
  }

  void error(String code, Place place, String message, String path, String fix) {
    problems.add(code, text.place(place.line, place.column, place.length), message, path, fix);
  }

  /**
   * Notes something that is not carried over; the same thing again only counts. Its line is not
   * shown, since it may hold a password.
   */
  void leaveOut(String what, String why, Place place) {
    LeftOut before = leftOut.get(what);
    if (before == null) {
      grow((long) LINE + what.length() + why.length(), place);
    }
    leftOut.put(
        what,
        before == null
            ? new LeftOut(what, why, place, 1)
            : new LeftOut(what, why, before.first, before.count + 1));
  }

  /** Throws if there are errors, with all of them in the order of the file. */
  void refuse() {
    if (problems.hasError()) {
      throw new MalformedTopologyException(problems.rootCauseFirst());
    }
  }

  /**
   * Notes that the topology grows by so many characters, and refuses the file when it becomes
   * larger than a topology can be: a few lines may say something of many hosts.
   */
  void grow(long characters, Place place) {
    room -= characters;
    if (room < 0) {
      error(
          "too-large",
          place,
          "expected hosts with their variables and labels to fit into a topology of "
              + MOST_ROOM
              + " characters, found more",
          "",
          "split the file, or give variables and labels to fewer hosts");
      refuse();
    }
  }

  /** Notes that the topology grows by a node. */
  void grow(PeerNode node, Place place) {
    long characters = 2L * LINE + node.id().value().length();
    for (Map<String, String> texts : List.of(node.settings(), node.labels())) {
      for (Map.Entry<String, String> text : texts.entrySet()) {
        characters += LINE + text.getKey().length() + text.getValue().length();
      }
    }
    grow(characters, place);
  }

  /** Whether no line is longer than so many characters; the first that is, is an error. */
  boolean linesWithin(int longest) {
    int number = 0;
    for (String line : text.lines()) {
      number++;
      if (line.length() > longest) {
        error(
            Code.TOO_LARGE.toString(),
            new Place(number, 1, 1),
            "expected lines of at most " + longest + " characters, found a longer one",
            "",
            "break the line");
        return false;
      }
    }
    return true;
  }

  boolean hasErrors() {
    return problems.hasError();
  }

  /** What is not carried over, in the order of the file. */
  List<Problem> leftOut() {
    List<Problem> all = new ArrayList<>();
    for (LeftOut one : leftOut.values()) {
      String times = one.count == 1 ? "" : " (" + one.count + " times, first here)";
      all.add(
          new Problem(
              Problem.Severity.WARNING,
              "not-carried-over",
              one.what + times + ": " + one.why,
              shown,
              one.first.line,
              one.first.column,
              one.first.length,
              "",
              "",
              ""));
    }
    all.sort(Comparator.comparingInt(Problem::line).thenComparingInt(Problem::column));
    return List.copyOf(all);
  }

  /** The first place of {@code part} in this line or a later one, or this place. */
  Place from(Place place, String part) {
    int number = 0;
    for (String line : text.lines()) {
      number++;
      if (number >= place.line && line.contains(part)) {
        return Place.in(number, line, part);
      }
    }
    return place;
  }
}
