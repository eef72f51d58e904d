/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import magpie.peers.host.RegularFile;
import magpie.peers.topology.yaml.Code;
import magpie.peers.topology.yaml.Problems;
import magpie.peers.topology.yaml.YamlText;

/**
 * Reads a topology file strictly, and finds everything that is wrong with it in one pass.
 *
 * <p>The format is described in {@code docs/topology.md}. What refers to something else in the file
 * is checked when the whole file was read, since its sections may stand in any order.
 */
public final class TopologyReader {
  /** The longest file, in bytes. */
  public static final int LONGEST_FILE = 64 << 20;

  private TopologyReader() {}

  /**
   * What reading a file came to.
   *
   * @param topology what the file says; empty if one of the problems is an error
   * @param problems errors and warnings, root cause first
   */
  public record Outcome(Optional<Topology> topology, List<Problem> problems) {
    private static Outcome ofFile(Code code, String file, String message, String fix) {
      return new Outcome(
          Optional.empty(), List.of(Problem.ofFile(code.toString(), file, message, fix)));
    }
  }

  /**
   * Reads a file. Never waits for anything that is not a regular file, and never throws for what
   * the file is or says.
   *
   * @param file the file
   * @param shownName the file as problems name it
   * @return what the file says, or why it says nothing
   */
  public static Outcome read(Path file, String shownName) {
    Objects.requireNonNull(file, "file");
    Objects.requireNonNull(shownName, "shownName");
    byte[] content;
    try {
      BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
      if (!attributes.isRegularFile()) {
        return Outcome.ofFile(
            Code.NOT_A_FILE,
            shownName,
            "expected a topology file, found "
                + (attributes.isDirectory() ? "a directory" : "a pipe, socket or device"),
            attributes.isDirectory()
                ? "name the file in it, such as bench.magpie.yaml"
                : "name a regular file");
      }
      if (attributes.size() > LONGEST_FILE) {
        return tooLarge(shownName);
      }
      content = RegularFile.read(file, LONGEST_FILE);
    } catch (NoSuchFileException e) {
      return Outcome.ofFile(
          Code.MISSING_FILE,
          shownName,
          Files.isSymbolicLink(file)
              ? "expected a topology file, found a link to a file that does not exist"
              : "expected a topology file, found none",
          "correct the name, or create the file");
    } catch (IOException e) {
      return unreadable(shownName, e);
    }
    return read(content, shownName);
  }

  private static Outcome unreadable(String shownName, IOException e) {
    String reason =
        e instanceof AccessDeniedException
            ? "access is denied"
            : e instanceof FileSystemException f && f.getReason() != null
                ? f.getReason()
                : String.valueOf(e.getMessage());
    return Outcome.ofFile(
        Code.UNREADABLE,
        shownName,
        "expected a topology file, found one that cannot be read: " + reason,
        "let the user that runs this program read the file");
  }

  private static Outcome tooLarge(String shownName) {
    return Outcome.ofFile(
        Code.TOO_LARGE,
        shownName,
        "expected a topology of at most " + LONGEST_FILE + " bytes, found a larger file",
        "name a topology file; if it is one, split the bench");
  }

  /**
   * Reads the content of a file. Never throws for what it says.
   *
   * @param content the bytes of the file
   * @param shownName the file as problems name it
   * @return what the file says, or why it says nothing
   */
  public static Outcome read(byte[] content, String shownName) {
    Objects.requireNonNull(content, "content");
    Objects.requireNonNull(shownName, "shownName");
    if (content.length > LONGEST_FILE) {
      return tooLarge(shownName);
    }
    YamlText text = new YamlText(content);
    Problems problems = new Problems(shownName, text);
    if (!text.check(problems)) {
      return new Outcome(Optional.empty(), problems.rootCauseFirst());
    }
    DocumentReader reader = new DocumentReader(text, content.length, problems);
    if (!reader.read() && !problems.hasError()) {
      return Outcome.ofFile(
          Code.EMPTY,
          shownName,
          "expected a topology, found an empty file",
          "begin with \"version: 1\", \"name: NAME\" and \"nodes:\"");
    }
    Optional<Topology> topology =
        problems.hasError() ? Optional.empty() : Optional.of(reader.topology());
    return new Outcome(topology, problems.rootCauseFirst());
  }
}
