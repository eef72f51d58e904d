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
import magpie.peers.SourceUnavailableException;
import magpie.peers.text.Quote;
import magpie.peers.topology.MalformedTopologyException;
import magpie.peers.topology.Problem;
import magpie.peers.topology.Topology;
import magpie.peers.topology.TopologyReader;
import org.jspecify.annotations.Nullable;

/**
 * The topology file of a source, parsed anew only when its content is other than before.
 *
 * <p>A file that is replaced by a rename is complete, and is used at once. One that is written in
 * place is seen empty and in part, and every part that ends with a line may be a topology with
 * fewer nodes: it is used when it has not changed for a while (the option {@code settle-ms}), and
 * until then the content before stays. A file that is gone, or looks like a part (it has errors,
 * its last line has no end, or it ends where a buffer does), is looked at again in any case.
 */
final class TopologyFile {
  /** Waits for one moment. */
  static final Runnable QUIET = () -> LockSupport.parkNanos(TopologyFile.MOMENT.toNanos());

  private static final Duration MOMENT = Duration.ofMillis(50);

  /**
   * How long after the time to settle a file may go on changing; then the old content is used
   * again.
   */
  private static final Duration LONGEST_UNREST = Duration.ofMillis(500);

  /** Buffers are multiples of this. */
  private static final int BUFFER = 512;

  private final Path path;
  private final String shown;
  private final Runnable quiet;
  private final Duration settle;
  private final TrackedFile file;

  /** What was read last and is not used yet. */
  private byte @Nullable [] pending;

  /** What the pending bytes say, once they were parsed: that takes most of the time of a change. */
  private TopologyReader.@Nullable Outcome parsed;

  /** Whether any content was used yet, and of which file. */
  private boolean accepted;

  private @Nullable Object key;
  private @Nullable IOException failure;
  private List<Problem> problems = List.of();
  private @Nullable Content content;

  TopologyFile(Path path, String shown, Runnable quiet, Duration settle) {
    this.path = path;
    this.shown = shown;
    this.quiet = quiet;
    this.settle = settle;
    this.file = new TrackedFile(path, TopologyReader.LONGEST_FILE);
  }

  /** What a file says, with its warnings. */
  record Content(Topology topology, List<Problem> warnings) {}

  /**
   * Returns what the file says: the same object while its content is the same.
   *
   * @param doubt whether to read it although nothing seems to have changed
   * @throws SourceUnavailableException if it cannot be read
   * @throws MalformedTopologyException if it has errors
   */
  Content read(boolean doubt) {
    boolean restless = pending != null;
    boolean changed = look(doubt || restless);
    int needed = changed || restless ? needed() : 0;
    long deadline = System.nanoTime() + settle.plus(LONGEST_UNREST).toNanos();
    for (int steady = 0; steady < needed; steady++) {
      if (System.nanoTime() - deadline > 0) {
        if (accepted && failure == null) {
          // Still being written: the old content stays, and the next call looks again.
          return acceptedContent();
        }
        break;
      }
      quiet.run();
      if (look(true)) {
        steady = -1;
        needed = needed();
      }
    }
    if (failure != null) {
      throw unavailable(failure);
    }
    accept();
    return acceptedContent();
  }

  private Content acceptedContent() {
    if (content == null) {
      throw new MalformedTopologyException(problems);
    }
    return content;
  }

  /** Reads the file; returns whether it is other than at the last look. */
  private boolean look(boolean doubt) {
    boolean missed = failure != null;
    try {
      byte[] bytes = file.read(doubt);
      failure = null;
      if (bytes == null) {
        return missed && pending != null;
      }
      pending = bytes;
      parsed = null;
      return true;
    } catch (IOException e) {
      failure = e;
      return !missed;
    }
  }

  /** For how many moments the content must stay unchanged before it is used. */
  private int needed() {
    byte[] bytes = pending;
    if (failure != null || bytes == null) {
      return 1;
    }
    boolean inPlace =
        accepted ? file.key() == null || file.key().equals(key) : file.unfinished(settle);
    int moments = (int) ((settle.toNanos() + MOMENT.toNanos() - 1) / MOMENT.toNanos());
    if (inPlace && moments > 0) {
      return moments;
    }
    boolean part =
        bytes.length == 0
            || bytes[bytes.length - 1] != '\n'
            || bytes.length % BUFFER == 0
            || parsed(bytes).topology().isEmpty();
    return part ? 1 : 0;
  }

  private TopologyReader.Outcome parsed(byte[] bytes) {
    TopologyReader.Outcome known = parsed;
    if (known == null) {
      known = TopologyReader.read(bytes, shown);
      parsed = known;
    }
    return known;
  }

  private void accept() {
    byte[] bytes = pending;
    accepted = true;
    key = file.key();
    if (bytes != null) {
      TopologyReader.Outcome outcome = parsed(bytes);
      pending = null;
      parsed = null;
      problems = outcome.problems();
      content = outcome.topology().map(topology -> new Content(topology, problems)).orElse(null);
    }
  }

  private SourceUnavailableException unavailable(IOException cause) {
    List<Problem> problems = TopologyReader.read(path, shown).problems();
    String message =
        cause instanceof TrackedFile.Detached detached
            ? "expected topology file "
                + Quote.of(shown)
                + " to be the present one, found that "
                + detached.getReason()
            : problems.isEmpty()
                ? "expected topology file " + Quote.of(shown) + " to be readable, found " + cause
                : problems.stream().map(Problem::toString).collect(Collectors.joining("\n"));
    return new SourceUnavailableException(path.toString(), message, cause);
  }
}
