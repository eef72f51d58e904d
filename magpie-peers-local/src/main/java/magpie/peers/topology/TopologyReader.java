/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import magpie.peers.topology.yaml.Code;
import magpie.peers.topology.yaml.NamedFile;
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
  public static final int LONGEST_FILE = NamedFile.LONGEST;

  private TopologyReader() {}

  /**
   * The result of reading a file.
   *
   * @param topology what the file says; empty if one of the problems is an error
   * @param problems errors and warnings, root cause first
   */
  public record Outcome(Optional<Topology> topology, List<Problem> problems) {
    private static Outcome of(Problem problem) {
      return new Outcome(Optional.empty(), List.of(problem));
    }
  }

  private static NamedFile named(String shownName) {
    return new NamedFile(
        shownName,
        "a topology file",
        "a topology",
        "name the file in it, such as bench.magpie.yaml",
        "correct the name, or create the file",
        "name a topology file; if it is one, split the bench");
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
      content = named(shownName).read(file);
    } catch (NamedFile.Unusable e) {
      return Outcome.of(e.problem());
    }
    return read(content, shownName);
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
      return Outcome.of(named(shownName).tooLarge().problem());
    }
    YamlText text = new YamlText(content);
    Problems problems = new Problems(shownName, text);
    if (!text.check(problems)) {
      return new Outcome(Optional.empty(), problems.rootCauseFirst());
    }
    DocumentReader reader = new DocumentReader(text, content.length, problems);
    if (!reader.read() && !problems.hasError()) {
      return Outcome.of(
          Problem.ofFile(
              Code.EMPTY.toString(),
              shownName,
              "expected a topology, found an empty file",
              "begin with \"version: 1\", \"name: NAME\" and \"nodes:\""));
    }
    Optional<Topology> topology =
        problems.hasError() ? Optional.empty() : Optional.of(reader.topology());
    return new Outcome(topology, problems.rootCauseFirst());
  }
}
