/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.lab;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import magpie.peers.MalformedTopologyException;
import magpie.peers.Problem;
import magpie.peers.spi.RegularFile;
import org.jspecify.annotations.Nullable;

/** What is to be said of one file that somebody else's tool understands, with its places. */
final class Findings {
  private static final int LONGEST_FILE = 64 << 20;

  /** A place in a file; lines and columns count from 1. */
  record Place(int line, int column, int length) {}

  private final String shown;
  private final List<String> lines;
  private final List<Problem> errors = new ArrayList<>();
  private final Map<String, LeftOut> leftOut = new LinkedHashMap<>();

  /** Something that occurs in many places and is told once. */
  private record LeftOut(String what, String why, Place first, int count) {}

  Findings(String shown, String text) {
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
      return text(RegularFile.read(file, LONGEST_FILE), shown, what);
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
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      return text.startsWith("\ufeff") ? text.substring(1) : text;
    } catch (CharacterCodingException e) {
      throw refused("not-utf8", shown, what, "bytes that are not UTF-8", "save it as UTF-8");
    }
  }

  private static MalformedTopologyException refused(
      String code, String shown, String what, String found, String fix) {
    return new MalformedTopologyException(
        List.of(Problem.ofFile(code, shown, "expected " + what + ", found " + found, fix)));
  }

  void error(String code, Place place, String message, String path, String fix) {
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
      throw new MalformedTopologyException(errors);
    }
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
