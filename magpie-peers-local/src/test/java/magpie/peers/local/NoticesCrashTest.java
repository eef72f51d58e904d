/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import magpie.peers.Environment;
import magpie.peers.Notice;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.PeersOptions;
import magpie.peers.testkit.NoticeHistory;
import magpie.peers.testkit.NoticeHistory.Moment;
import magpie.peers.testkit.NoticeJournal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A program that records and dismisses notices is killed again and again while its bench changes,
 * and the whole history of what it was shown keeps the rules N1 to N5.
 *
 * <p>The topology says which world it is, in a setting of the program's own node, so that the
 * program can tell what it saw. {@code -Dmagpie.kills=N} sets how often it is killed.
 */
class NoticesCrashTest {
  /** As many as a build has time for. */
  private static final int KILLS =
      Integer.getInteger("magpie.kills", Boolean.getBoolean("magpie.thorough") ? 12 : 4);

  /** One life in so many is given no time to begin its first step. */
  private static final int STARTING = 5;

  private static final int MOST_STEPS = 60;
  private static final int MOST_LINES = 16;
  private static final int MOST_OPEN = 2;
  private static final Duration LONGEST_DELAY = Duration.ofMillis(12);
  private static final Duration LONGEST_PAUSE = Duration.ofMillis(4);

  private static final List<String> IDS =
      List.of("magpie/1", "magpie/2", "magpie/3", "magpie/10", "magpie/11", "blade-02", "x.y/7");

  /** With the place of an id, so that no two nodes have one address. */
  private static final List<String> ADDRESSES =
      List.of("192.0.2.1%d/24", "192.0.2.2%d/24", "2001:db8:0:a::%d/64", "198.51.100.%d/25");

  /** Texts as YAML writes them, and what they are. */
  private static final Map<String, String> TEXTS =
      Map.of(
          "5001", "5001", //
          "\"a\\tb\\nc\\\\\"", "a\tb\nc\\",
          "\" é🦉 \"", " é🦉 ",
          "'yes: no'", "yes: no",
          "0x10", "0x10");

  @TempDir Path directory;
  private final long seed = Long.getLong("magpie.test.seed", System.nanoTime());
  private final Random random = new Random(seed);
  private final NoticeHistory history = new NoticeHistory();
  private final TreeMap<String, Entry> entries = new TreeMap<>();
  private final Map<Moment, Integer> moments = new EnumMap<>(Moment.class);
  private Bench bench;
  private int lives;
  private int open;
  private long startingNanos = Duration.ofMillis(200).toNanos();
  private Object lastUnfinished = "none";

  /** A node of the topology. */
  private record Entry(boolean departed, String address, String setting) {
    String yaml(String id) {
      return "  %s: { addresses: [%s], settings: { say: %s }%s }\n"
          .formatted(id, address, setting, departed ? ", state: departed" : "");
    }

    PeerNode node(String id) {
      return PeerNode.builder(PeerId.of(id))
          .address(address, "topology")
          .setting("say", TEXTS.getOrDefault(setting, ""))
          .build();
    }
  }

  private <T> T any(List<T> of) {
    return of.get(random.nextInt(of.size()));
  }

  /** Lets nodes join, depart, come back and change, and tells the history before the program. */
  private void change() throws IOException {
    for (int i = random.nextInt(3); i >= 0; i--) {
      String id = any(IDS);
      int what = random.nextInt(6);
      if (what == 0) {
        entries.remove(id);
      } else {
        String address = String.format(Locale.ROOT, any(ADDRESSES), 1 + IDS.indexOf(id));
        entries.put(id, new Entry(what == 1, address, any(List.copyOf(TEXTS.keySet()))));
      }
    }
    List<PeerNode> present = new ArrayList<>();
    StringBuilder yaml = new StringBuilder();
    entries.forEach(
        (id, entry) -> {
          yaml.append(entry.yaml(id));
          if (!entry.departed()) {
            present.add(entry.node(id));
          }
        });
    long world = history.world(present);
    bench.rename(
        "version: 1\nname: bench\nnodes:\n  magpie/0: { addresses: [192.0.2.10/24], settings: {"
            + (" world: " + world + " } }\n" + yaml));
  }

  private Path journal() {
    return directory.resolve("life-" + ++lives + ".journal");
  }

  private Process start(Path journal, Path output) throws IOException {
    List<String> command =
        Jvm.command(
            NoticesCrashTest.class,
            jar -> true,
            bench.file.toString(),
            bench.options.get("state"),
            journal.toString(),
            String.valueOf(random.nextLong()),
            String.valueOf(1 + random.nextInt(MOST_STEPS)));
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(output.toFile())
        .start();
  }

  /** Lets the bench change until the time is over or the program has ended. */
  private void play(Process program, long nanos) throws IOException, InterruptedException {
    long end = System.nanoTime() + nanos;
    for (long left = nanos; left > 0 && program.isAlive(); left = end - System.nanoTime()) {
      pause(program, left);
    }
  }

  private void pause(Process program, long longest) throws IOException, InterruptedException {
    long pause = Math.min(longest, random.nextLong(LONGEST_PAUSE.toNanos()));
    if (!program.waitFor(pause, TimeUnit.NANOSECONDS)) {
      change();
    }
  }

  /** Waits for the program to have written so many lines, while the bench changes. */
  private void await(Process program, Path journal, int lines)
      throws IOException, InterruptedException {
    while (program.isAlive() && lines(journal) == 0) {
      program.waitFor(1, TimeUnit.MILLISECONDS);
    }
    while (program.isAlive() && lines(journal) < lines) {
      pause(program, Long.MAX_VALUE);
    }
  }

  private static long lines(Path journal) {
    return Files.exists(journal) ? read(journal).chars().filter(c -> c == '\n').count() : 0;
  }

  /** Kills the program at a moment of its life that is chosen by chance. */
  private int kill(Process program, Path journal) throws IOException, InterruptedException {
    try {
      if (random.nextInt(STARTING) == 0) {
        play(program, random.nextLong(startingNanos));
      } else {
        long launched = System.nanoTime();
        await(program, journal, 1);
        startingNanos = System.nanoTime() - launched;
        // Of several lives that end in the middle of a step, none may end before it was shown
        // something: each leaves open what it did, and that would multiply without end.
        await(program, journal, open < MOST_OPEN ? 1 + random.nextInt(MOST_LINES) : 4);
        play(program, random.nextLong(LONGEST_DELAY.toNanos()));
      }
    } finally {
      program.destroyForcibly();
    }
    return program.waitFor();
  }

  @Test
  void everythingThatWasEverShownKeepsTheRules() throws Exception {
    long start = System.nanoTime();
    bench = new Bench(directory);
    change();
    Path state = Path.of(bench.options.get("state"));
    Path output = directory.resolve("output");
    int kills = 0;
    int ends = 0;
    int unrenamed = 0;
    int whole = 0;
    while (kills < KILLS) {
      Path journal = journal();
      int code = kill(start(journal, output), journal);
      open = lines(journal) == 0 ? open : read(journal).contains("shown") ? 0 : open + 1;
      if (code == 0) {
        // It was faster than the kill, which therefore counts for nothing.
        history.ended(journal);
        ends++;
        continue;
      }
      assertEquals(128 + 9, code, () -> "seed " + seed + ": " + read(output));
      assertEquals("", read(output), () -> "seed " + seed);
      kills++;
      moments.merge(history.killed(journal), 1, Integer::sum);
      Optional<String> left = unfinished(state);
      unrenamed += left.isPresent() ? 1 : 0;
      whole += left.filter(text -> text.endsWith("\nend\n")).isPresent() ? 1 : 0;
    }
    Path last = journal();
    main(bench.file.toString(), state.toString(), last.toString(), "" + seed, "" + MOST_STEPS);
    history.ended(last);
    try {
      history.check();
    } catch (AssertionError e) {
      throw new AssertionError(e.getMessage() + "; seed " + seed, e);
    }
    System.out.printf(
        Locale.ROOT,
        "%d kills of a living process (and %d lives that ended before their kill) in %.1f s, N1-N5"
            + " held; killed while %s; %d left a replacement of the state that was not renamed yet,"
            + " %d of them a whole one; seed %d%n",
        kills,
        ends,
        (System.nanoTime() - start) / 1e9,
        moments,
        unrenamed,
        whole,
        seed);
    if (kills >= 500) {
      assertEquals(List.of(Moment.values()), List.copyOf(moments.keySet()), "seed " + seed);
      assertTrue(whole > 0, "none between writing and renaming, seed " + seed);
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return e.toString();
    }
  }

  /** What this program, not one before it, left unfinished beside its state. */
  private Optional<String> unfinished(Path state) throws IOException {
    if (!Files.exists(state)) {
      return Optional.empty();
    }
    try (Stream<Path> files = Files.list(state)) {
      for (Path file : files.filter(each -> each.toString().endsWith(".tmp")).toList()) {
        Object key = Files.getAttribute(file, "unix:ino");
        if (!key.equals(lastUnfinished)) {
          lastUnfinished = key;
          return Optional.of(read(file));
        }
      }
    }
    return Optional.empty();
  }

  /**
   * The program: two views of one state, each asked for notices and told to dismiss them by turns.
   *
   * @param arguments topology, state directory, journal, seed and number of steps
   */
  public static void main(String... arguments) {
    Random random = new Random(Long.parseLong(arguments[3]));
    PeersOptions options =
        PeersOptions.builder()
            .environment(Environment.system().withVariables(Map.of()))
            .topology(Path.of(arguments[0]))
            .self("magpie/0")
            .option("state", arguments[1])
            .build();
    try (PeerView one = Peers.open(options);
        PeerView other = Peers.open(options);
        NoticeJournal journal =
            NoticeJournal.begin(Path.of(arguments[2]), NoticesCrashTest::worldOf)) {
      for (int i = Integer.parseInt(arguments[4]); i > 0; i--) {
        PeerView view = random.nextBoolean() ? one : other;
        switch (random.nextInt(5)) {
          case 0 -> journal.dismiss(view, Notice.Kind.JOINED);
          case 1 -> journal.dismiss(view, Notice.Kind.DEPARTED);
          default -> journal.notices(view);
        }
      }
    }
  }

  private static long worldOf(PeerView view) {
    return Long.parseLong(view.self().orElseThrow().settings().getOrDefault("world", "0"));
  }
}
