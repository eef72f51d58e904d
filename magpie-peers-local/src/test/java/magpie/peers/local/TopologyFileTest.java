/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.stream.IntStream;
import magpie.peers.SourceUnavailableException;
import magpie.peers.topology.MalformedTopologyException;
import magpie.peers.topology.TopologyReader;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is in the making when it is looked at, step by step. */
class TopologyFileTest {
  @TempDir Path directory;
  private Bench bench;
  private TopologyFile file;

  /** What happens to the file in each moment of waiting. */
  private final Deque<Step> steps = new ArrayDeque<>();

  private int moments;

  private interface Step {
    void run() throws IOException;
  }

  private TopologyFile opened(Duration settle) {
    return new TopologyFile(bench.file, "bench.magpie.yaml", this::moment, settle);
  }

  private void moment() {
    moments++;
    Step step = steps.poll();
    if (step != null) {
      try {
        step.run();
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }
  }

  @BeforeEach
  void makeBench() {
    bench = new Bench(directory).write(Bench.nodes(0, 1));
    file = opened(Duration.ZERO);
    assertEquals(2, nodes());
    assertEquals(0, moments);
  }

  private int nodes() {
    return file.read(true).topology().entries().size();
  }

  @Test
  void takesACompleteFileAtOnce() {
    bench.write(Bench.nodes(0, 1, 2));
    assertEquals(3, nodes());
    assertEquals(0, moments);
  }

  /** Counts the bytes that are allocated, which do not depend on how busy the machine is. */
  @Test
  void parsesACompleteFileOnce() throws IOException {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    bench.write(Bench.nodes(IntStream.range(0, 200).toArray()));
    byte[] bytes = Files.readAllBytes(bench.file);
    long before = threads.getCurrentThreadAllocatedBytes();
    assertEquals(List.of(), TopologyReader.read(bytes, "bench").problems());
    long parsing = threads.getCurrentThreadAllocatedBytes() - before;
    before = threads.getCurrentThreadAllocatedBytes();
    assertEquals(200, nodes());
    long reading = threads.getCurrentThreadAllocatedBytes() - before;
    assertTrue(reading < 3 * parsing / 2, () -> reading + " bytes, parsing " + parsing);
  }

  @Test
  void waitsForTheRestOfAFileThatReadsWellWithoutIt() {
    String whole = Bench.nodes(0, 1, 2);
    bench.write(whole.substring(0, whole.indexOf("\n  magpie/2")));
    steps.add(() -> bench.write(whole));
    assertEquals(3, nodes());
    assertEquals(1, moments);
  }

  @Test
  void waitsWhereABufferMayHaveEnded() {
    String some = Bench.nodes(0, 1);
    bench.write(some + "#".repeat(1023 - some.length()) + "\n");
    steps.add(() -> bench.write(Bench.nodes(0, 1, 2)));
    assertEquals(3, nodes());
    assertEquals(1, moments);
  }

  @Test
  void waitsForAnEmptiedFileToBeFilled() {
    bench.write("");
    steps.add(() -> bench.write("version: 1\nname: bench-b\nno"));
    steps.add(() -> bench.write(Bench.nodes(0)));
    assertEquals(1, nodes());
    assertEquals(2, moments);
  }

  @Test
  void waitsForADeletedFileToBeMadeAnew() throws IOException {
    Files.delete(bench.file);
    steps.add(() -> bench.write(Bench.nodes(0, 1, 2)));
    assertEquals(3, nodes());
    assertEquals(1, moments);
  }

  @Test
  void waitsOnceForWhatStaysAsItIs() throws IOException {
    bench.write("version: 1\n");
    assertThrows(MalformedTopologyException.class, this::nodes);
    assertThrows(MalformedTopologyException.class, this::nodes);
    assertEquals(1, moments);
    Files.delete(bench.file);
    assertThrows(SourceUnavailableException.class, this::nodes);
    assertThrows(SourceUnavailableException.class, this::nodes);
    assertEquals(2, moments);
    bench.write(Bench.nodes(0, 1).stripTrailing());
    assertEquals(2, nodes());
    assertEquals(2, nodes());
    assertEquals(3, moments);
  }

  @Test
  void tellsTheSameContentByTheSameObject() throws IOException {
    TopologyFile.Content before = file.read(true);
    bench.rename(Bench.nodes(0, 1));
    assertSame(before, file.read(true));
    Files.delete(bench.file);
    assertThrows(SourceUnavailableException.class, this::nodes);
    bench.write(Bench.nodes(0, 1));
    assertSame(before, file.read(true));
  }

  @Test
  void aFileWrittenInPlaceCountsWhenItHasBeenQuiet() throws IOException {
    file = opened(Duration.ofMillis(200));
    assertEquals(2, nodes());
    moments = 0;
    String whole = Bench.nodes(0, 1, 2, 3, 4, 5);
    bench.write(whole.substring(0, whole.indexOf("  magpie/1")));
    // Each part ends with a line, and is a topology.
    for (int i = 2; i < 6; i++) {
      String part = whole.substring(0, whole.indexOf("  magpie/" + i));
      steps.add(() -> bench.write(part));
      steps.add(() -> {});
    }
    steps.add(() -> bench.write(whole));

    assertEquals(6, nodes());
    assertEquals(9 + 4, moments);
    assertEquals(6, nodes());
    assertEquals(9 + 4, moments);
  }

  @Test
  void aFileThatIsRenamedCountsAtOnce() throws IOException {
    file = opened(Duration.ofMillis(200));
    assertEquals(2, nodes());
    moments = 0;
    bench.rename(Bench.nodes(0, 1, 2));
    assertEquals(3, nodes());
    bench.rename(Bench.nodes(0));
    assertEquals(1, nodes());
    assertEquals(0, moments);
  }

  @Test
  void aFileThatWasRenamedOrRestedCountsAtOnceWhenItIsOpened() throws IOException {
    bench.rename(Bench.nodes(0, 1, 2));
    // A clock counts in steps: a rename within the step of the last write does not show.
    Files.setLastModifiedTime(bench.file, FileTime.from(Instant.now().minusMillis(100)));
    file = opened(Duration.ofSeconds(5));
    assertEquals(3, nodes());
    assertEquals(0, moments);
  }

  @Test
  void whileAFileIsWrittenWithoutEndWhatWasThereStays() {
    file = opened(Duration.ofMillis(50));
    assertEquals(2, nodes());
    TopologyFile.Content before = file.read(true);
    int[] written = {10};
    file =
        new TopologyFile(
            bench.file,
            "bench.magpie.yaml",
            () -> {
              if (written[0] > 0) {
                bench.write(Bench.nodes(0, 1, ++written[0]));
              }
              TopologyFile.QUIET.run();
            },
            Duration.ofMillis(100));
    written[0] = 0;
    assertEquals(before.topology(), file.read(true).topology());
    written[0] = 10;
    bench.write(Bench.nodes(0, 1, 10));

    assertEquals(before.topology(), file.read(true).topology());
    assertTrue(written[0] > 12, "written " + written[0]);
    written[0] = 0;
    assertEquals(3, file.read(false).topology().entries().size());
  }

  @Test
  void tellsOfAFileThatIsNotThere() throws IOException {
    Files.delete(bench.file);
    SourceUnavailableException e =
        assertThrows(SourceUnavailableException.class, () -> file.read(false));
    assertEquals(bench.file.toString(), e.origin());
    assertEquals(
        List.of(e.getMessage()),
        TopologyReader.read(bench.file, "bench.magpie.yaml").problems().stream()
            .map(Object::toString)
            .toList());
  }

  @Test
  void doesNotOpenAPipe() throws Exception {
    Files.delete(bench.file);
    assertEquals(0, new ProcessBuilder("mkfifo", bench.file.toString()).start().waitFor());
    assertEquals(
        "bench.magpie.yaml: error [not-a-file] expected a topology file, found a pipe, socket or"
            + " device\n  fix: name a regular file",
        assertThrows(SourceUnavailableException.class, () -> file.read(true)).getMessage());
  }
}
