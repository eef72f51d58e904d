/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Processes that record and dismiss are killed at any moment: no notice is lost (N3, N4). */
class NoticesCrashIT {
  private static final int ROUNDS = 25;
  private static final Pattern ID = Pattern.compile("\"id\": \"(magpie/\\d+)\"");

  @TempDir Path directory;

  private final long seed = Long.getLong("magpie.test.seed", System.nanoTime());
  private final Random random = new Random(seed);
  private final TreeSet<String> joined = new TreeSet<>();

  /** What was printed by a dismissal, which therefore may be gone. */
  private final TreeSet<String> shown = new TreeSet<>();

  /** What was dismissed by a process that ended well, and therefore must be gone. */
  private final TreeSet<String> dismissed = new TreeSet<>();

  private int peers;

  private Path topology() {
    return directory.resolve("bench.magpie.yaml");
  }

  private void join() throws IOException {
    joined.add("magpie/" + ++peers);
    StringBuilder text = new StringBuilder("version: 1\nname: bench\nnodes:\n");
    for (int i = 0; i <= peers; i++) {
      text.append("  magpie/").append(i).append(": { addresses: [192.0.2.");
      text.append(i + 1).append("] }\n");
    }
    Path fresh = Files.writeString(directory.resolve("fresh"), text);
    Files.move(fresh, topology(), StandardCopyOption.ATOMIC_MOVE);
  }

  private List<String> command(String... words) {
    List<String> line = Launched.command(words);
    line.addAll(List.of("--topology", topology().toString(), "--as", "magpie/0"));
    line.addAll(List.of("--state", directory.resolve("state").toString(), "--format", "json"));
    return line;
  }

  private static TreeSet<String> ids(String output) {
    TreeSet<String> ids = new TreeSet<>();
    Matcher matcher = ID.matcher(output);
    while (matcher.find()) {
      ids.add(matcher.group(1));
    }
    return ids;
  }

  /** Starts a command, and kills it after a while unless it has ended by then. */
  private Process start(Path out, String... words) throws IOException {
    return Launched.process(directory, Map.of(), command(words))
        .redirectOutput(out.toFile())
        .redirectErrorStream(true)
        .start();
  }

  private boolean endedWell(Process process, long longestMillis) throws InterruptedException {
    process.waitFor(random.nextLong(longestMillis), TimeUnit.MILLISECONDS);
    process.destroyForcibly();
    assertTrue(process.waitFor(Launched.DEADLINE_SECONDS, TimeUnit.SECONDS), "seed " + seed);
    return process.exitValue() == 0;
  }

  @Test
  @Tag("thorough")
  void noNoticeIsLostAndNoneDismissedThatWasNotShown() throws Exception {
    join();
    long start = System.nanoTime();
    Launched first = Launched.run(directory, Map.of(), command("notices"));
    long once = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start) + 1;
    assertEquals(joined, ids(first.out()), first::toString);
    for (int round = 0; round < ROUNDS; round++) {
      join();
      Path one = directory.resolve("one");
      Path two = directory.resolve("two");
      // Two at a time with one state directory: they wait for each other, and neither tears it.
      Process recording = start(one, "notices");
      Process dismissing = start(two, "dismiss", "joined");
      endedWell(recording, 3 * once);
      boolean well = endedWell(dismissing, 3 * once);
      TreeSet<String> printed = ids(Files.readString(two));
      shown.addAll(printed);
      if (well) {
        dismissed.addAll(printed);
      }
    }
    Launched last = Launched.run(directory, Map.of(), command("notices"));
    TreeSet<String> pending = ids(last.out());
    List<String> lost = new ArrayList<>(joined);
    lost.removeAll(pending);
    lost.removeAll(shown);
    assertEquals(List.of(), lost, () -> "N4: lost without being shown, seed " + seed);
    TreeSet<String> repeated = new TreeSet<>(pending);
    repeated.retainAll(dismissed);
    assertEquals(new TreeSet<>(), repeated, () -> "N3: back after dismissal, seed " + seed);
    assertEquals(0, last.code(), last::toString);
    assertEquals("", last.err());
  }
}
