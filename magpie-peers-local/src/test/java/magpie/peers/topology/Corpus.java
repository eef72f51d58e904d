/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The topologies that reader and schema must agree on, each with the problems it has. */
final class Corpus {
  private static final String ENDING = ".magpie.yaml";

  private Corpus() {}

  static Path root() {
    return Path.of(Objects.requireNonNull(System.getProperty("magpie.root"), "magpie.root"));
  }

  static Path directory() {
    return root().resolve("magpie-peers-local/src/test/resources/topologies");
  }

  static List<Path> good() {
    return in(directory().resolve("good"));
  }

  static List<Path> bad() {
    return in(directory().resolve("bad"));
  }

  static List<Path> in(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(file -> file.toString().endsWith(ENDING)).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static String nameOf(Path file) {
    String name = String.valueOf(file.getFileName());
    return name.substring(0, name.length() - ENDING.length());
  }

  /** What is expected to be said about a file; nothing where that is not written down. */
  static String expected(Path file) throws IOException {
    Path text = file.resolveSibling(nameOf(file) + ".txt");
    return Files.exists(text) ? Files.readString(text) : "";
  }

  static String said(TopologyReader.Outcome outcome) {
    return outcome.problems().stream()
        .map(Problem::toString)
        .map(problem -> problem + "\n")
        .collect(Collectors.joining());
  }
}
