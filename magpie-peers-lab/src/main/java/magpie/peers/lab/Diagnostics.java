/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.lab;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import magpie.peers.PeerNode;
import magpie.peers.host.RegularFile;
import magpie.peers.text.Quote;
import magpie.peers.topology.MalformedTopologyException;
import magpie.peers.topology.Problem;
import org.jspecify.annotations.Nullable;

/** What is to be said of one file that somebody else's tool understands, with its places. */
final class Diagnostics {
  private static final int LONGEST_FILE = 64 << 20;

  /** How many errors are told; a file with more has one cause that these show. */
  private static final int MOST_ERRORS = 1000;

  /** What a line of a topology has besides its texts. */
  static final int LINE = 16;

  /** How large a topology may become, in characters: 100,000 hosts with a little said of each. */
  private static final long MOST_ROOM = 16 << 20;

  /** A place in a file; lines and columns count from 1. */
  record Place(int line, int column, int length) {}

  private final String shown;
  private final List<String> lines;
  private final List<Problem> errors = new ArrayList<>();
  private final Map<String, LeftOut> leftOut = new LinkedHashMap<>();
  private int untold;
  private long room = MOST_ROOM;

  /** Something that occurs in many places and is told once. */
  private record LeftOut(String what, String why, Place first, int count) {}

  Diagnostics(String shown, String text) {
    this.shown = shown;
    this.lines = List.of(text.split("\\R", -1));
  }

  /**
   * Reads a file of text.
   *
   * @param what the kind of file, for messages
   * @throws MalformedTopologyException if it is none
   */
  static String text(Path file, String shown, String what) {
    return text(file, shown, what, first -> false);
  }

  /** Reads a file of text, of which comments may be in any encoding. */
  static String text(Path file, String shown, String what, Comments comments) {
    try {
      if (Files.isDirectory(file)) {
        throw refused("not-a-file", shown, what, "a directory", "name one file in it");
      }
      if (!Files.exists(file)) {
        throw refused("missing-file", shown, what, "none", "correct the name");
      }
      if (!Files.isRegularFile(file)) {
        throw refused("not-a-file", shown, what, "a pipe, socket or device", "name a regular file");
      }
      if (Files.size(file) > LONGEST_FILE) {
        throw refused(
            "too-large", shown, what, "more than " + LONGEST_FILE + " bytes", "name another file");
      }
      return text(RegularFile.read(file, LONGEST_FILE), shown, what, comments);
    } catch (NoSuchFileException e) {
      throw refused("missing-file", shown, what, "none", "correct the name");
    } catch (IOException e) {
      throw refused(
          "unreadable",
          shown,
          what,
          "one that cannot be read: " + e.getMessage(),
          "let the user that runs this program read the file");
    }
  }

  static String text(byte[] bytes, String shown, String what) {
    return text(bytes, shown, what, first -> false);
  }

  private static String text(byte[] bytes, String shown, String what, Comments comments) {
    int end = valid(bytes, 0, bytes.length);
    if (end < bytes.length) {
      return text(withoutComments(bytes, end, shown, what, comments));
    }
    return text(bytes);
  }

  private static String text(byte[] utf8) {
    String text = new String(utf8, StandardCharsets.UTF_8);
    return text.startsWith("\ufeff") ? text.substring(1) : text;
  }

  /** Tells by its first byte whether a line is a comment. */
  interface Comments {
    boolean is(byte first);
  }

  /** Empties comments that are not UTF-8; anything else that is not is refused. */
  private static byte[] withoutComments(
      byte[] bytes, int from, String shown, String what, Comments comments) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(bytes.length);
    int line = 1;
    for (int start = 0; start < bytes.length; line++) {
      int end = start;
      while (end < bytes.length && bytes[end] != '\n') {
        end++;
      }
      int valid = end <= from ? end : start + valid(bytes, start, end - start);
      if (valid == end) {
        out.write(bytes, start, end - start);
      } else if (!comments.is(bytes[start])) {
        throw notUtf8(Arrays.copyOfRange(bytes, start, end), valid - start, line, shown, what);
      }
      if (end < bytes.length) {
        out.write('\n');
      }
      start = end + 1;
    }
    return out.toByteArray();
  }

  /** How many bytes are UTF-8 before the first that are not. */
  private static int valid(byte[] bytes, int start, int length) {
    ByteBuffer in = ByteBuffer.wrap(bytes, start, length).slice();
    CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
    CharBuffer out = CharBuffer.allocate(1024);
    while (decoder.decode(in, out, true).isOverflow()) {
      out.clear();
    }
    return in.position();
  }

  private static MalformedTopologyException notUtf8(
      byte[] line, int valid, int number, String shown, String what) {
    int wrong = line[valid] & 0xff;
    String before = new String(line, 0, valid, StandardCharsets.UTF_8);
    // 0xfe and 0xff begin a text in UTF-16.
    boolean latin = wrong >= 0xa0 && wrong < 0xfe;
    return new MalformedTopologyException(
        List.of(
            new Problem(
                Problem.Severity.ERROR,
                "not-utf8",
                "expected "
                    + what
                    + " in UTF-8, found the byte 0x"
                    + Integer.toHexString(wrong)
                    + (latin ? ", which is " + Quote.of((char) wrong + "") + " in Latin-1" : ""),
                shown,
                number,
                before.codePointCount(0, before.length()) + 1,
                1,
                latin ? before + new String(line, valid, line.length - valid, ISO_8859_1) : "",
                "",
                latin
                    ? "save it as UTF-8: iconv -f LATIN1 -t UTF-8 FILE, if it is Latin-1"
                    : "save it as UTF-8")));
  }

  private static MalformedTopologyException refused(
      String code, String shown, String what, String found, String fix) {
    return new MalformedTopologyException(
        List.of(Problem.ofFile(code, shown, "expected " + what + ", found " + found, fix)));
  }

  void error(String code, Place place, String message, String path, String fix) {
    if (errors.size() == MOST_ERRORS) {
      untold++;
      return;
    }
    String excerpt = place.line <= lines.size() ? lines.get(place.line - 1) : "";
    errors.add(
        new Problem(
            Problem.Severity.ERROR,
            code,
            message,
            shown,
            place.line,
            place.column,
            place.length,
            excerpt,
            path,
            fix));
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

  /** Throws if there are errors, all of them told, in the order of the file. */
  void refuse() {
    if (!errors.isEmpty()) {
      errors.sort(Comparator.comparingInt(Problem::line).thenComparingInt(Problem::column));
      if (untold > 0) {
        errors.add(
            Problem.ofFile(
                "more-problems",
                shown,
                "expected to tell every problem, found "
                    + untold
                    + " more than these "
                    + MOST_ERRORS,
                "mend these first; often they have one cause"));
      }
      throw new MalformedTopologyException(errors);
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
          "expected hosts and what is said of them to fit into a topology of "
              + MOST_ROOM
              + " characters, found more",
          "",
          "split the file, or move to fewer hosts what is said of all");
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
    for (int i = 0; i < lines.size(); i++) {
      if (lines.get(i).length() > longest) {
        error(
            "too-large",
            new Place(i + 1, 1, 1),
            "expected lines of at most " + longest + " characters, found a longer one",
            "",
            "break the line");
        return false;
      }
    }
    return true;
  }

  boolean hasErrors() {
    return !errors.isEmpty();
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
    for (int line = place.line; line <= lines.size(); line++) {
      if (lines.get(line - 1).contains(part)) {
        return in(line, part);
      }
    }
    return place;
  }

  /** The place of {@code part} in a line, or its first column. */
  Place in(int line, @Nullable String part) {
    String text = line <= lines.size() ? lines.get(line - 1) : "";
    int at = part == null ? -1 : text.indexOf(part);
    if (part == null || at < 0) {
      return new Place(line, 1, Math.max(1, text.length()));
    }
    return new Place(
        line, text.codePointCount(0, at) + 1, Math.max(1, part.codePointCount(0, part.length())));
  }
}
