/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import magpie.peers.Environment;
import magpie.peers.Health;
import magpie.peers.Notice;
import magpie.peers.Notices;
import magpie.peers.PeerEvent;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.PeersException;
import magpie.peers.PeersOptions;
import magpie.peers.Snapshot;
import magpie.peers.testkit.NoticeHistory;
import magpie.peers.testkit.NoticeJournal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The surroundings of a bench fail: what is said, and that nothing is lost.
 *
 * <p>File systems are mounted in a mount namespace of a process of its own, where that is allowed.
 */
class BenchFaultsTest {
  private static final List<List<String>> NAMESPACES =
      List.of(List.of("unshare", "-m"), List.of("unshare", "-r", "-m"));

  @TempDir Path directory;

  // ---- a state directory that cannot be written, in a process of its own ----

  private Path state() {
    return directory.resolve("state");
  }

  /** Runs the program with a fault, and returns what it says of it. */
  private String said(List<String> prefix, String fault) throws Exception {
    List<String> command = new ArrayList<>(prefix);
    command.addAll(Jvm.command(BenchFaultsTest.class, jar -> true, fault, directory.toString()));
    Path output = directory.resolve("output");
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      assertTrue(process.waitFor(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS), "still running");
    } finally {
      process.destroyForcibly();
    }
    String said = Files.readString(output);
    assertEquals(0, process.exitValue(), said);
    return said;
  }

  /** A way to mount file systems that nobody else sees; skips, audibly, where there is none. */
  private List<String> namespace() throws Exception {
    StringBuilder reasons = new StringBuilder();
    Files.createDirectories(state());
    for (List<String> namespace : NAMESPACES) {
      List<String> command = new ArrayList<>(namespace);
      command.addAll(List.of("mount", "-t", "tmpfs", "tmpfs", state().toString()));
      reasons.append(namespace).append(": ");
      try {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        reasons.append(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
        if (process.waitFor() == 0) {
          return namespace;
        }
      } catch (IOException e) {
        reasons.append(e.getMessage()).append('\n');
      }
    }
    skip("no file system can be mounted in a namespace here: " + reasons);
    return List.of();
  }

  private static void skip(String reason) {
    System.out.println("BenchFaultsTest skips a fault: " + reason);
    assumeTrue(false, reason);
  }

  private String stateFile() {
    return state() + "/bench-b-" + digest() + "-magpie-0.state";
  }

  /** Tells topologies of one name apart; which digits it is made of does not matter here. */
  private String digest() {
    try (LocalSource source = new Bench(directory).write(Bench.nodes(0)).open()) {
      String origin = source.state().origin();
      return origin.replaceAll(".*/bench-b-([0-9a-f]{8})-magpie-0\\.state", "$1");
    }
  }

  /** What the program says where neither recording nor dismissing can be written. */
  private String expected(String reason, String remedy) {
    String failure =
        "state in \""
            + stateFile()
            + "\" could not be written: "
            + reason
            + "; nothing was changed. "
            + remedy
            + " or choose another one\n";
    return "peers all the same: [magpie/2, magpie/3]\n"
        + ("notices: " + failure)
        + ("dismissal: " + failure)
        + ("another view: " + failure)
        + "left: [lock, state]\n"
        + "then joined [magpie/2, magpie/3], departed [magpie/1], N1-N5 held\n";
  }

  @ParameterizedTest
  @CsvSource({
    "full,        No space left on device, Free space for the directory",
    "nearly-full, No space left on device, Free space for the directory",
    "no-inodes,   No space left on device, Free space for the directory",
    "read-only,   Read-only file system,   Mount the directory writable"
  })
  void aFileSystemThatTakesNothingIsToldAndLosesNothing(String fault, String reason, String remedy)
      throws Exception {
    List<String> namespace = namespace();
    assertEquals(expected(reason, remedy), said(namespace, fault));
  }

  /** As a container sees one file that is mounted alone. */
  @Test
  void aFileThatWasReplacedOutsideItsBindMountIsToldAndKeepsThePeers() throws Exception {
    assertEquals(
        """
        FRESH, 1 peer
        STALE, 1 peer: expected topology file "FILE" to be the present one, found that \
        it was replaced or removed outside, and this is the old one, as behind a bind mount of a \
        single file; mount its directory instead, or start the container again
        """,
        said(namespace(), "bind")
            .lines()
            // Between them the view logs what callers do not see.
            .filter(line -> line.contains(", 1 peer"))
            .map(line -> line.replaceAll("file \"[^\"]*\"", "file \"FILE\"") + "\n")
            .collect(Collectors.joining()));
  }

  private static void replacedOutside(Path directory) throws Exception {
    Path outside = Files.createDirectory(directory.resolve("outside"));
    Bench original = new Bench(outside).write(Bench.nodes(0, 1));
    Bench mounted = new Bench(directory).write("");
    int code =
        new ProcessBuilder("mount", "--bind", original.file.toString(), mounted.file.toString())
            .inheritIO()
            .start()
            .waitFor();
    if (code != 0) {
      throw new IOException("mount ended with " + code);
    }
    try (PeerView view = open(mounted)) {
      System.out.println(view.health().status() + ", " + view.ids().size() + " peer");
      original.rename(Bench.nodes(0, 1, 2));
      System.out.println(
          view.health().status() + ", " + view.ids().size() + " peer: " + view.health().reason());
    }
  }

  /** Root may do anything by two capabilities, which are taken from it. */
  @Test
  void aRevokedPermissionIsToldAndLosesNothing() throws Exception {
    List<String> prefix = List.of();
    if (Integer.valueOf(0).equals(Files.getAttribute(directory, "unix:uid"))) {
      prefix = List.of("setpriv", "--bounding-set=-dac_override,-dac_read_search");
      List<String> probe = new ArrayList<>(prefix);
      probe.add("true");
      try {
        if (new ProcessBuilder(probe).start().waitFor() != 0) {
          skip("root cannot give up its capabilities here");
        }
      } catch (IOException e) {
        skip("setpriv of util-linux is not on the PATH");
      }
    }
    assertEquals(
        expected("permission denied", "Make the directory readable and writable"),
        said(prefix, "revoked"));
  }

  /** A fault of the state directory, and its end. */
  private record Fault(Path state, String name) {
    private static final String BALLAST = "ballast";

    void prepare() throws Exception {
      switch (name) {
        case "full", "nearly-full" -> mount("-t", "tmpfs", "-o", "size=256k,mode=700", "tmpfs");
        case "no-inodes" -> mount("-t", "tmpfs", "-o", "nr_inodes=12,mode=700", "tmpfs");
        case "read-only" -> mount("-t", "tmpfs", "-o", "mode=700", "tmpfs");
        default -> permit("rwx------");
      }
    }

    void begin() throws Exception {
      switch (name) {
        case "full", "nearly-full" -> {
          // In small pieces to the very last of them.
          try (OutputStream out = Files.newOutputStream(state.resolve(BALLAST))) {
            for (int i = 0; i < 1024; i++) {
              out.write(new byte[512]);
            }
            throw new AssertionError("the disk is not full");
          } catch (IOException full) {
            if (name.equals("nearly-full")) {
              try (RandomAccessFile file =
                  new RandomAccessFile(state.resolve(BALLAST).toFile(), "rw")) {
                file.setLength(file.length() - 8192);
              }
            }
          }
        }
        case "no-inodes" -> {
          try {
            for (int i = 0; i < 12; i++) {
              Files.createFile(state.resolve(BALLAST + i));
            }
            throw new AssertionError("there are more files to have");
          } catch (IOException full) {
            // As wanted.
          }
        }
        case "read-only" -> mount("-o", "remount,ro", "tmpfs");
        default -> permit("r-x------");
      }
    }

    void end() throws Exception {
      switch (name) {
        case "full", "nearly-full" -> Files.delete(state.resolve(BALLAST));
        case "no-inodes" -> {
          try (Stream<Path> files = Files.list(state)) {
            for (Path file : files.filter(f -> f.toString().contains(BALLAST)).toList()) {
              Files.delete(file);
            }
          }
        }
        case "read-only" -> mount("-o", "remount,rw", "tmpfs");
        default -> permit("rwx------");
      }
    }

    private void permit(String permissions) throws IOException {
      Files.createDirectories(state);
      Files.setPosixFilePermissions(state, PosixFilePermissions.fromString(permissions));
    }

    private void mount(String... words) throws Exception {
      List<String> command = new ArrayList<>(List.of("mount"));
      command.addAll(List.of(words));
      command.add(state.toString());
      int code = new ProcessBuilder(command).inheritIO().start().waitFor();
      if (code != 0) {
        throw new IOException(command + " ended with " + code);
      }
    }
  }

  /**
   * The program.
   *
   * @param arguments the fault, and the directory of the bench
   */
  public static void main(String... arguments) throws Exception {
    Path directory = Path.of(arguments[1]);
    Bench bench = new Bench(directory);
    if (arguments[0].equals("bind")) {
      replacedOutside(directory);
      return;
    }
    Fault fault = new Fault(Path.of(bench.options.get("state")), arguments[0]);
    fault.prepare();
    NoticeHistory history = new NoticeHistory();
    Path before = directory.resolve("before");
    Path during = directory.resolve("during");
    Path after = directory.resolve("after");
    long world = world(bench, history, 1, 2);
    Notices shown;
    try (PeerView view = open(bench)) {
      try (NoticeJournal journal = NoticeJournal.begin(before, any -> world)) {
        shown = journal.notices(view);
      }
      history.ended(before);
      fault.begin();
      long later = world(bench, history, 2, 3);
      System.out.println("peers all the same: " + view.ids());
      try (NoticeJournal journal = NoticeJournal.begin(during, any -> later)) {
        fails("notices", () -> journal.notices(view));
        fails("dismissal", shown::dismissJoined);
        try (PeerView other = open(bench)) {
          fails("another view", other::notices);
        }
      }
      // As after a failed hook: nothing of it counts.
      history.undone(during);
      fault.end();
      try (Stream<Path> files = Files.list(fault.state())) {
        System.out.println(
            "left: "
                + files.map(file -> file.toString().replaceAll(".*\\.", "")).sorted().toList());
      }
      try (NoticeJournal journal = NoticeJournal.begin(after, any -> later)) {
        Notices notices = journal.notices(view);
        journal.dismiss(view, Notice.Kind.JOINED);
        journal.dismiss(view, Notice.Kind.DEPARTED);
        journal.notices(view);
        history.ended(after);
        history.check();
        System.out.println(
            "then joined "
                + notices.joined().stream().map(Notice::id).toList()
                + ", departed "
                + notices.departed().stream().map(Notice::id).toList()
                + ", N1-N5 held");
      }
    }
  }

  private static PeerView open(Bench bench) {
    return Peers.open(
        PeersOptions.builder()
            .environment(Environment.system().withVariables(Map.of()))
            .topology(bench.file)
            .self("magpie/0")
            .option("state", bench.options.get("state"))
            .build());
  }

  private static void fails(String what, Runnable call) {
    try {
      call.run();
      System.out.println(what + ": no failure");
    } catch (PeersException e) {
      System.out.println(what + ": " + e.getMessage());
    }
  }

  /** Writes a topology of two peers whose ledger takes more than one page of a disk. */
  private static long world(Bench bench, NoticeHistory history, int... numbers) throws IOException {
    String text = "x".repeat(8000);
    StringBuilder yaml = new StringBuilder(Bench.nodes(0));
    List<PeerNode> peers = new ArrayList<>();
    for (int number : numbers) {
      yaml.append(Bench.node(number, ", settings: { text: " + text + " }"));
      peers.add(
          PeerNode.builder(PeerId.of("magpie/" + number))
              .address("192.0.2." + (number + 10), "topology")
              .setting("text", text)
              .build());
    }
    bench.rename(yaml.toString());
    return history.world(peers);
  }

  // ---- clocks ----

  /** A clock that is set by hand. */
  private static final class SetClock extends Clock {
    private volatile Instant now = Instant.parse("2026-11-25T12:00:00Z");

    void back(Duration by) {
      now = now.minus(by);
    }

    @Override
    public Instant instant() {
      return now;
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      throw new UnsupportedOperationException();
    }
  }

  private static List<String> texts(List<Notice> notices) {
    return notices.stream().map(notice -> notice.id() + "#" + notice.sequence()).toList();
  }

  @Test
  void aClockThatGoesBackDisturbsNothing() throws Exception {
    SetClock clock = new SetClock();
    Bench bench = new Bench(directory).write(Bench.nodes(0, 1, 2));
    PeersOptions options =
        PeersOptions.builder()
            .environment(new Environment(Map.of(), Map.of(), directory, clock))
            .topology(bench.file)
            .self("magpie/0")
            .option("state", state().toString())
            .option("poll-interval-ms", "50")
            .build();
    BlockingQueue<PeerEvent> events = new LinkedBlockingQueue<>();
    Instant first = clock.instant();
    try (PeerView view = Peers.open(options)) {
      assertEquals(List.of("magpie/1#1", "magpie/2#1"), texts(view.notices().joined()));
      view.listen(events::add);
      Snapshot started = next(events, PeerEvent.Kind.STARTED).snapshot();
      assertEquals(first, started.readAt());

      clock.back(Duration.ofDays(400));
      bench.rename(Bench.nodes(0, 2, 3));
      Snapshot changed = next(events, PeerEvent.Kind.CHANGED).snapshot();
      assertEquals(first.minus(Duration.ofDays(400)), changed.readAt());
      assertEquals(started.revision() + 1, changed.revision());
      Notices notices = view.notices();
      assertEquals(List.of("magpie/2#1", "magpie/3#2"), texts(notices.joined()));
      assertEquals(List.of("magpie/1#2"), texts(notices.departed()));
      assertEquals(2, notices.dismissJoined().size());

      clock.back(Duration.ofDays(1));
      bench.rename("broken");
      Health stale =
          ((PeerEvent.HealthChanged) next(events, PeerEvent.Kind.HEALTH_CHANGED)).after();
      assertEquals(Health.Status.STALE, stale.status());
      assertEquals(first.minus(Duration.ofDays(401)), stale.since());
      clock.back(Duration.ofDays(1));
      assertEquals(stale.since(), view.health().since(), "one fault, one moment");
      assertEquals(changed.ids(), view.ids());

      bench.rename(Bench.nodes(0, 1, 2, 3));
      Health fresh =
          ((PeerEvent.HealthChanged) next(events, PeerEvent.Kind.HEALTH_CHANGED)).after();
      assertEquals(Health.Status.FRESH, fresh.status());
      assertEquals(first.minus(Duration.ofDays(402)), fresh.since());
      assertEquals(
          changed.revision() + 1, next(events, PeerEvent.Kind.CHANGED).snapshot().revision());
      assertEquals(List.of("magpie/1#3"), texts(view.notices().joined()));
      assertEquals(List.of(), view.notices().departed());
    }
    clock.back(Duration.ofDays(20_000));
    try (PeerView later = Peers.open(options)) {
      assertEquals(List.of("magpie/1#3"), texts(later.notices().dismissJoined()));
    }
  }

  private static PeerEvent next(BlockingQueue<PeerEvent> events, PeerEvent.Kind kind)
      throws InterruptedException {
    PeerEvent event = events.poll(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS);
    assertEquals(kind, event == null ? null : event.kind());
    return event;
  }

  /** As after a restored backup, or with a clock that was set back: newer content, older file. */
  @Test
  void anEditThatIsOlderThanWhatItEditsIsSeen() throws Exception {
    Bench bench = new Bench(directory).write(Bench.nodes(0, 1));
    Instant time = Instant.parse("2026-11-25T12:00:00Z");
    Files.setLastModifiedTime(bench.file, FileTime.from(time));
    try (PeerView view = open(bench)) {
      for (int number = 2; number < 8; number++) {
        // Of the same size; the last of them in the same file and with the same time as before.
        String text = Bench.nodes(0, number);
        if (number < 5) {
          bench.rename(text);
        } else {
          bench.write(text);
        }
        time = number < 7 ? time.minus(Duration.ofDays(1)) : time;
        Files.setLastModifiedTime(bench.file, FileTime.from(time));
        assertEquals(List.of(PeerId.of("magpie/" + number)), view.ids());
        assertEquals(
            List.of("magpie/" + number + "#" + (number - 1)), texts(view.notices().joined()));
      }
    }
  }
}
