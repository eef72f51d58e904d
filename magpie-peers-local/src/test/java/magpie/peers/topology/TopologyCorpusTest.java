/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import magpie.peers.topology.yaml.Code;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every topology of the corpus, with the whole text of everything that is said about it. */
class TopologyCorpusTest {
  /** What only a whole file can be, and what {@link TopologyReaderTest} makes of bytes. */
  private static final Set<Code> OF_BYTES_AND_FILES =
      EnumSet.of(
          Code.MISSING_FILE,
          Code.NOT_A_FILE,
          Code.UNREADABLE,
          Code.EMPTY,
          Code.TOO_LARGE,
          Code.NOT_UTF8,
          Code.CONTROL_CHARACTER,
          Code.MORE_PROBLEMS);

  static List<Path> good() {
    return Corpus.good();
  }

  static List<Path> bad() {
    return Corpus.bad();
  }

  @ParameterizedTest
  @MethodSource("good")
  void readsGoodTopologies(Path file) throws IOException {
    TopologyReader.Outcome outcome = TopologyReader.read(file, String.valueOf(file.getFileName()));

    assertEquals(Corpus.expected(file), Corpus.said(outcome));
    assertTrue(outcome.topology().isPresent());
  }

  @ParameterizedTest
  @MethodSource("bad")
  void tellsEverythingThatIsWrong(Path file) throws IOException {
    TopologyReader.Outcome outcome = TopologyReader.read(file, String.valueOf(file.getFileName()));

    assertFalse(Corpus.expected(file).isEmpty(), "no expected text beside " + file);
    assertEquals(Corpus.expected(file), Corpus.said(outcome));
    assertTrue(outcome.topology().isEmpty());
  }

  @Test
  void holdsAFileForEveryCodeOfTheFormat() {
    Set<String> seen =
        Stream.concat(good().stream(), bad().stream())
            .flatMap(file -> TopologyReader.read(file, "corpus").problems().stream())
            .map(Problem::code)
            .collect(Collectors.toCollection(TreeSet::new));
    Set<String> expected =
        EnumSet.complementOf(EnumSet.copyOf(OF_BYTES_AND_FILES)).stream()
            .map(Code::toString)
            .collect(Collectors.toCollection(TreeSet::new));

    assertEquals(expected, seen);
  }
}
