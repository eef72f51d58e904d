/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.local;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import magpie.peers.MalformedTopologyException;
import magpie.peers.Problem;
import magpie.peers.SourceUnavailableException;
import magpie.peers.spi.Quote;
import org.jspecify.annotations.Nullable;

/**
 * The topology file of a source, parsed anew only when its content is other than before.
 *
 * <p>Whoever edits a file in place lets others see it empty or in part. What looks like a part (it
 * is gone, it has errors, its last line has no end, or it ends where a buffer does) is therefore
 * looked at again until it has been quiet for a moment. A file that looks complete is taken at
 * once.
 */
final class TopologyFile {
  /** Waits a moment; longer than any writer takes between two parts, shorter than anyone minds. */
  static final Runnable QUIET = () -> LockSupport.parkNanos(Duration.ofMillis(50).toNanos());

  private static final Duration LONGEST_UNREST = Duration.ofMillis(500);

  /** Buffers are multiples of this. */
  private static final int BUFFER = 512;

  private final Path path;
  private final String shown;
  private final Runnable quiet;
  private final TrackedFile file;
  private @Nullable IOException failure;
  private List<Problem> problems = List.of();
  private @Nullable Content content;

  TopologyFile(Path path, String shown, Runnable quiet) {
    this.path = path;
    this.shown = shown;
    this.quiet = quiet;
    this.file = new TrackedFile(path, TopologyReader.LONGEST_FILE);
  }

  /** What a file says, and what is doubtful about it. */
  record Content(Topology topology, List<Problem> warnings) {}

  /**
   * Returns what the file says: the same object while its content is the same.
   *
   * @param doubt whether to read it although nothing seems to have changed
   * @throws SourceUnavailableException if it cannot be read
   * @throws MalformedTopologyException if it has errors
   */
  Content read(boolean doubt) {
    long deadline = System.nanoTime() + LONGEST_UNREST.toNanos();
    boolean partial = changedToPart(doubt);
    while (partial && System.nanoTime() - deadline < 0) {
      quiet.run();
      partial = changedToPart(true);
    }
    if (failure != null) {
      throw unavailable(failure);
    }
    if (content == null) {
      throw new MalformedTopologyException(problems);
    }
    return content;
  }

  private boolean changedToPart(boolean doubt) {
    boolean missed = failure != null;
    byte[] bytes;
    try {
      bytes = file.read(doubt);
    } catch (IOException e) {
      failure = e;
      return !missed;
    }
    failure = null;
    if (bytes == null) {
      return false;
    }
    TopologyReader.Outcome outcome = TopologyReader.read(bytes, shown);
    problems = outcome.problems();
    content = outcome.topology().map(topology -> new Content(topology, problems)).orElse(null);
    return content == null || bytes[bytes.length - 1] != '\n' || bytes.length % BUFFER == 0;
  }

  private SourceUnavailableException unavailable(IOException cause) {
    List<Problem> told = TopologyReader.read(path, shown).problems();
    String message =
        told.isEmpty()
            ? "expected topology file " + Quote.of(shown) + " to be readable, found " + cause
            : told.stream().map(Problem::toString).collect(Collectors.joining("\n"));
    return new SourceUnavailableException(path.toString(), message, cause);
  }
}
