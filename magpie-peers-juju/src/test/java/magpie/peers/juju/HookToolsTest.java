/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import magpie.peers.Environment;
import magpie.peers.juju.HookToolException.Reason;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HookToolsTest {
  private static final Duration SHORT = Duration.ofMillis(300);
  private static final Duration LONG = Duration.ofSeconds(60);

  @TempDir Path directory;
  private Path bin;

  @BeforeEach
  void makeBin() throws IOException {
    bin = Files.createDirectory(directory.resolve("bin"));
  }

  /** Whatever a test did, nothing of it may run on. */
  @AfterEach
  void nothingIsLeft() {
    await("all processes to end", () -> ProcessHandle.current().descendants().count() == 0);
  }

  private static void await(String what, BooleanSupplier condition) {
    long end = System.nanoTime() + LONG.toNanos();
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < end, "expected " + what);
      Thread.onSpinWait();
    }
  }

  private Environment environment(Map<String, String> variables) {
    return new Environment(variables, Map.of(), directory, Clock.systemUTC());
  }

  private Environment environment() {
    return environment(Map.of("PATH", bin + ":/usr/bin:/bin"));
  }

  private Path tool(String name, String... script) throws IOException {
    return tool(bin, name, script);
  }

  private static Path tool(Path where, String name, String... script) throws IOException {
    Path file = where.resolve(name);
    Files.writeString(file, "#!/bin/sh\n" + String.join("\n", script) + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    return file;
  }

  private static String text(HookTools.Answer answer) {
    return answer.stdout().toString(UTF_8);
  }

  private String run(Duration deadline, String tool, String... arguments) {
    try (HookTools tools = new HookTools(environment(), deadline)) {
      return text(tools.run(HookTools.Call.of(tool, arguments)));
    }
  }

  private HookToolException failing(Duration deadline, String tool, String... arguments) {
    return assertThrows(HookToolException.class, () -> run(deadline, tool, arguments));
  }

  private static long descriptors() {
    return Path.of("/proc/self/fd").toFile().list().length;
  }

  private static List<String> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(Thread::isAlive)
        .map(Thread::getName)
        .filter(name -> name.startsWith("magpie-peers"))
        .toList();
  }

  @Test
  void handsOverArgumentsAsTheyAreWithoutAShell() throws IOException {
    tool("show", "for a in \"$@\"; do printf '<%s>' \"$a\"; done");

    assertEquals(
        "<$HOME `id` 'x' \"y\"><><*><a\nb>",
        run(LONG, "show", "$HOME `id` 'x' \"y\"", "", "*", "a\nb"));
  }

  @Test
  void givesTheToolTheEnvironmentItWasGivenAndNothingElse() throws IOException {
    tool("show", "/usr/bin/env | /usr/bin/sort");
    Map<String, String> variables = Map.of("PATH", bin.toString(), "JUJU_UNIT_NAME", "a/1");

    try (HookTools tools = new HookTools(environment(variables), LONG)) {
      List<String> lines = text(tools.run(HookTools.Call.of("show"))).lines().toList();
      List<String> expected =
          List.of("JUJU_UNIT_NAME=a/1", "PATH=" + bin, "PWD=" + directory.toRealPath());
      assertEquals(expected, lines.stream().filter(l -> !l.startsWith("_=")).toList());
    }
  }

  @Test
  void findsToolsOnThePathOfTheHookInItsOrderAndSkipsWhatCannotRun() throws IOException {
    Path spaced = Files.createDirectory(directory.resolve("with spaces"));
    Path later = Files.createDirectory(directory.resolve("later"));
    tool(spaced, "who", "printf spaced");
    tool(later, "who", "printf later");
    Files.createDirectory(bin.resolve("who"));
    Path unusable = Files.createDirectory(directory.resolve("unusable"));
    Files.writeString(unusable.resolve("who"), "not executable");
    String path = "\0bad:" + unusable + ":" + bin + ":with spaces:" + later;

    try (HookTools tools = new HookTools(environment(Map.of("PATH", path.substring(1))), LONG)) {
      assertEquals("spaced", text(tools.run(HookTools.Call.of("who"))));
      assertFalse(tools.has("nobody"));
    }
  }

  @Test
  void aPathEntryThatIsNoPathHidesNoOther() throws IOException {
    tool("who", "printf found");

    // What a JVM under LANG=C makes of a directory with a name beyond ASCII cannot be a path there;
    // a NUL cannot be one anywhere.
    try (HookTools tools = new HookTools(environment(Map.of("PATH", "/a\0b:" + bin)), LONG)) {
      assertTrue(tools.has("who"));
      assertFalse(tools.has("nobody"));
    }
  }

  @Test
  void namesAToolThatIsNotThere() {
    HookToolException failure = failing(LONG, "relation-ids", "--format=json", "magpie");

    assertEquals(Reason.NOT_STARTED, failure.reason());
    assertEquals(-1, failure.exitCode());
    assertEquals(
        "hook tool relation-ids --format=json magpie: expected the tool on PATH, found no such"
            + " executable; no exit code, nothing on stderr; run inside a hook, or with juju-exec"
            + " on the unit",
        failure.getMessage());
  }

  @Test
  void namesAToolThatCannotStart() throws IOException {
    Path file = bin.resolve("broken");
    Files.writeString(file, "#!/no/such/interpreter\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));

    HookToolException failure = failing(LONG, "broken");

    assertEquals(Reason.NOT_STARTED, failure.reason());
    assertEquals(
        "hook tool broken: expected "
            + file
            + " to start, found "
            + failure.getCause().getMessage()
            + "; no exit code, nothing on stderr; check the file and its permissions",
        failure.getMessage());
  }

  @Test
  void drainsBothStreamsHoweverTheyAreMixed() throws IOException {
    tool(
        "flood",
        "i=0",
        "while [ $i -lt 40 ]; do",
        "  head -c 40000 /dev/zero | tr '\\0' o",
        "  head -c 40000 /dev/zero | tr '\\0' e >&2",
        "  i=$((i + 1))",
        "done");

    assertEquals("o".repeat(1_600_000), run(LONG, "flood"));
  }

  @Test
  void writesAMebibyteWhileItReadsOne() throws IOException {
    tool("echo-back", "cat");
    String text = "é🦉\n".repeat(150_000);

    try (HookTools tools = new HookTools(environment(), LONG)) {
      assertEquals(text, text(tools.run(HookTools.Call.of("echo-back").saying(text))));
    }
  }

  @Test
  void aToolNeedNotReadItsInput() throws IOException {
    tool("deaf", "printf done");

    try (HookTools tools = new HookTools(environment(), LONG)) {
      assertEquals(
          "done", text(tools.run(HookTools.Call.of("deaf").saying("x".repeat(1_000_000)))));
    }
  }

  @Test
  void aToolWithoutInputReadsItsEnd() throws IOException {
    tool("reader", "cat; printf end");

    assertEquals("end", run(LONG, "reader"));
  }

  @Test
  void aFailureKeepsTheEndOfALongErrorText() throws IOException {
    tool(
        "fails",
        "head -c 10485760 /dev/zero | tr '\\0' '#' >&2",
        "printf '\\nERROR permission denied\\n' >&2",
        "exit 1");

    HookToolException failure = failing(LONG, "fails", "-r", "magpie:1");

    assertEquals(Reason.RELATION_GONE, failure.reason());
    assertEquals(1, failure.exitCode());
    assertEquals(16 * 1024, failure.stderr().length());
    assertTrue(failure.stderr().endsWith("#\nERROR permission denied\n"), failure.stderr());
    assertEquals(
        "hook tool fails -r magpie:1: expected the relation to be there, found it gone or not"
            + " visible to this unit; exit code 1, stderr \""
            + "#".repeat(200)
            + "\"... (16383 characters); the hook is to fail, or to go on without the relation",
        failure.getMessage());
  }

  @Test
  void endlessOutputEndsTheToolAtOnce() throws IOException {
    tool("endless", "echo too much >&2", "exec cat /dev/zero");

    HookToolException failure = failing(LONG, "endless");

    assertEquals(Reason.UNREADABLE_OUTPUT, failure.reason());
    assertEquals(
        "hook tool endless: expected at most 67108864 bytes on stdout, found more; no exit code,"
            + " stderr \"too much\"; the hook is to fail, so that Juju runs it again",
        failure.getMessage());
  }

  @Test
  void whatCannotBeUnderstoodIsShownWithWhatTheToolSaidBesides() throws IOException {
    tool("garbage", "printf '}{'", "echo WARNING odd >&2");

    try (HookTools tools = new HookTools(environment(), LONG)) {
      HookTools.Answer answer = tools.run(HookTools.Call.of("garbage"));
      HookToolException failure =
          assertThrows(HookToolException.class, () -> Json.read(answer, "a JSON list", Json.TEXTS));
      assertEquals(Reason.UNREADABLE_OUTPUT, failure.reason());
      assertEquals(
          "hook tool garbage: expected a JSON list on stdout, found \"}{\"; exit code 0, stderr"
              + " \"WARNING odd\"; the hook is to fail, so that Juju runs it again",
          failure.getMessage());
    }
  }

  @Test
  void killsAToolWithItsChildrenAtTheDeadline() throws IOException {
    Path started = directory.resolve("started");
    tool(
        "hangs",
        "echo one moment >&2",
        "(trap '' TERM INT HUP; : >" + started + "; while :; do sleep 600; done)");

    HookToolException failure = failing(Duration.ofSeconds(2), "hangs", "-");

    assertTrue(Files.exists(started));
    assertEquals(Reason.TIMED_OUT, failure.reason());
    assertEquals("one moment\n", failure.stderr());
    assertEquals(
        "hook tool hangs -: expected an end within 2000 ms, found it still running; no exit code,"
            + " stderr \"one moment\"; it was killed; see why the agent does not answer, or raise"
            + " the option tool-timeout",
        failure.getMessage());
    assertEquals(0, ProcessHandle.current().descendants().count(), "processes left");
  }

  /** As a child of a killed tool, where the first process of a container seldom looks for it. */
  @Test
  void aProcessThatEndedDoesNotRunUntilItsParentAsksHow() throws IOException {
    assumeTrue(Files.exists(Path.of("/proc/self/stat")), "this system does not tell it");
    Process parent = new ProcessBuilder("sh", "-c", "true & exec sleep 600").start();
    try {
      await(
          "the child to end",
          () -> parent.children().count() == 1 && !parent.children().allMatch(HookTools::runs));
      assertTrue(parent.children().allMatch(ProcessHandle::isAlive), "its parent has not asked");
      assertTrue(HookTools.runs(parent.toHandle()));
    } finally {
      parent.destroyForcibly().onExit().join();
    }
  }

  @Test
  void aKilledToolIsAFailureWithItsSignal() throws IOException {
    tool("dies", "kill -KILL $$");

    HookToolException failure = failing(LONG, "dies");

    assertEquals(137, failure.exitCode());
    assertEquals(
        "hook tool dies: expected success; exit code 137, nothing on stderr; the hook is to fail,"
            + " so that Juju runs it again",
        failure.getMessage());
  }

  /** As the unit agent does, which waits for the process of a hook and not for who inherited. */
  @Test
  void aStrayChildThatHoldsTheStreamsDelaysNobody() throws IOException {
    Path pid = directory.resolve("pid");
    // Late enough for whoever listens to sit in a read by then.
    tool("leaves-one", "sleep 600 & echo $! >" + pid, "printf done; sleep 0.3");
    long before = System.nanoTime();

    String answer = run(LONG, "leaves-one");

    ProcessHandle stray =
        ProcessHandle.of(Long.parseLong(Files.readString(pid).strip())).orElseThrow();
    try {
      assertEquals("done", answer);
      assertTrue(System.nanoTime() - before < LONG.toNanos() / 2, "waited for the stray child");
      await("its threads to end", () -> threads().isEmpty());
    } finally {
      stray.destroyForcibly();
    }
  }

  @Test
  void anInterruptKillsTheToolAndStaysSet() throws Exception {
    Path started = directory.resolve("started");
    tool("hangs", ": >" + started, "sleep 600");
    CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
    CompletableFuture<HookToolException> failure = new CompletableFuture<>();
    Thread caller =
        new Thread(
            () -> {
              try (HookTools tools = new HookTools(environment(), LONG)) {
                failure.complete(
                    assertThrows(
                        HookToolException.class, () -> tools.run(HookTools.Call.of("hangs"))));
                interrupted.complete(Thread.currentThread().isInterrupted());
              }
            });
    caller.start();
    await("the tool to run", () -> Files.exists(started));

    caller.interrupt();
    caller.join(LONG.toMillis());

    assertEquals(
        "hook tool hangs: expected an end, found this thread interrupted; no exit code, nothing on"
            + " stderr; it was killed",
        failure.get(1, TimeUnit.SECONDS).getMessage());
    assertTrue(interrupted.get(1, TimeUnit.SECONDS));
    assertEquals(0, ProcessHandle.current().descendants().count(), "processes left");
  }

  @Test
  void anInterruptEndsAllLaunchesBeforeItIsReported() throws Exception {
    Path started = Files.createDirectory(directory.resolve("started"));
    tool("hangs", ": >" + started + "/$1", "sleep 600");
    CompletableFuture<HookToolException> failure = new CompletableFuture<>();
    CompletableFuture<Long> left = new CompletableFuture<>();
    Thread caller =
        new Thread(
            () -> {
              try (HookTools tools = new HookTools(environment(), LONG)) {
                failure.complete(
                    assertThrows(
                        HookToolException.class,
                        () -> tools.runAll(calls("hangs", 20), HookToolsTest::text)));
                left.complete(ProcessHandle.current().descendants().count());
              }
            });
    caller.start();
    await("tools to run", () -> started.toFile().list().length == HookTools.OVERLAP);

    caller.interrupt();
    caller.join(LONG.toMillis());

    assertEquals(Reason.TIMED_OUT, failure.get(1, TimeUnit.SECONDS).reason());
    assertEquals(0, left.get(1, TimeUnit.SECONDS));
    assertEquals(HookTools.OVERLAP, started.toFile().list().length, "launches after the interrupt");
  }

  private static List<HookTools.Call> calls(String tool, int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> HookTools.Call.of(tool, Integer.toString(i)))
        .toList();
  }

  @Test
  void severalToolsOverlapAndAnswerInOrder() throws IOException {
    // Each ends only after as many have begun as may run at a time.
    Path started = Files.createDirectory(directory.resolve("started"));
    tool(
        "meets",
        ": >" + started + "/$1",
        "until [ \"$(ls "
            + started
            + " | wc -l)\" -ge "
            + HookTools.OVERLAP
            + " ]; do sleep 0.01; done",
        "printf %s $1");

    try (HookTools tools = new HookTools(environment(), LONG)) {
      List<String> expected = IntStream.range(0, 20).mapToObj(Integer::toString).toList();
      assertEquals(expected, tools.runAll(calls("meets", 20), HookToolsTest::text));
    }
  }

  @Test
  void noMoreRunAtATimeThanPay() throws IOException {
    Path running = Files.createDirectory(directory.resolve("running"));
    tool(
        "counts",
        ": >" + running + "/$1",
        "ls " + running + " | wc -l",
        "sleep 0.05",
        "rm " + running + "/$1");

    try (HookTools tools = new HookTools(environment(), LONG)) {
      List<Integer> seen =
          tools.runAll(calls("counts", 40), answer -> Integer.valueOf(text(answer).strip()));
      assertTrue(seen.stream().allMatch(n -> n >= 1 && n <= HookTools.OVERLAP), seen.toString());
    }
  }

  @Test
  void afterAFailureNoFurtherToolIsStarted() throws IOException {
    Path started = Files.createDirectory(directory.resolve("started"));
    tool("fails", ": >" + started + "/$1", "[ $1 -lt 3 ] || exit 1", "printf fine");

    try (HookTools tools = new HookTools(environment(), LONG)) {
      HookToolException failure =
          assertThrows(
              HookToolException.class,
              () -> tools.runAll(calls("fails", 300), HookToolsTest::text));
      assertEquals(List.of("3"), failure.arguments(), "the first that failed, in order");
    }
    int launches = started.toFile().list().length;
    assertTrue(launches < 40, launches + " launches");
  }

  @Test
  void aHangOfManyCostsOneDeadlineNotOneEach() throws IOException {
    tool("hangs", "sleep 600");
    long before = System.nanoTime();

    try (HookTools tools = new HookTools(environment(), Duration.ofSeconds(1))) {
      assertThrows(
          HookToolException.class, () -> tools.runAll(calls("hangs", 80), HookToolsTest::text));
    }

    Duration took = Duration.ofNanos(System.nanoTime() - before);
    assertTrue(took.compareTo(Duration.ofSeconds(8)) < 0, took + " instead of about a second");
  }

  @Test
  void aFailureMayBeAnsweredForWithoutEndingTheOthers() throws IOException {
    tool("fails", "[ $1 != 3 ] || exit 1", "printf fine");

    try (HookTools tools = new HookTools(environment(), LONG)) {
      List<String> answers =
          tools.runAll(
              calls("fails", 12),
              new HookTools.Receiver<>() {
                @Override
                public String answered(HookTools.Answer answer) {
                  return text(answer);
                }

                @Override
                public String failed(HookToolException failure) {
                  return "exit " + failure.exitCode();
                }
              });
      List<String> expected = new ArrayList<>(List.of("fine", "fine", "fine", "exit 1"));
      IntStream.range(4, 12).forEach(i -> expected.add("fine"));
      assertEquals(expected, answers);
    }
  }

  @Test
  void anAnswerThatCannotBeReadEndsAllAsAFailureDoes() throws IOException {
    tool("says", "printf fine");

    try (HookTools tools = new HookTools(environment(), LONG)) {
      HookToolException failure =
          assertThrows(
              HookToolException.class,
              () ->
                  tools.runAll(
                      calls("says", 20), answer -> Json.read(answer, "a JSON list", Json.TEXTS)));
      assertEquals(List.of("0"), failure.arguments());
    }
  }

  @Test
  void closingKillsWhatOtherThreadsStillRun() throws Exception {
    Path started = directory.resolve("started");
    tool("hangs", ": >" + started, "sleep 600");
    HookTools tools = new HookTools(environment(), LONG);
    CompletableFuture<RuntimeException> failure = new CompletableFuture<>();
    Thread caller =
        new Thread(
            () ->
                failure.complete(
                    assertThrows(
                        RuntimeException.class, () -> tools.run(HookTools.Call.of("hangs")))));
    caller.start();
    await("the tool to run", () -> Files.exists(started));

    tools.close();

    assertEquals(0, ProcessHandle.current().descendants().count(), "processes left");
    assertEquals(
        "the hook tools are closed, so hangs cannot run",
        failure.get(10, TimeUnit.SECONDS).getMessage());
    caller.join(LONG.toMillis());
    IllegalStateException after =
        assertThrows(IllegalStateException.class, () -> tools.run(HookTools.Call.of("hangs")));
    assertEquals("the hook tools are closed, so hangs cannot run", after.getMessage());
  }

  @Test
  void leavesNoThreadNoDescriptorAndNoProcessBehind() throws IOException {
    tool("fine", "cat; echo noise >&2");
    tool("fails", "exit 1");
    tool("hangs", "sleep 600");
    run(LONG, "fine");
    long before = descriptors();

    // What one round leaves behind is counted, so that two show whether it grows.
    for (int i = 0; i < 2; i++) {
      try (HookTools tools = new HookTools(environment(), LONG);
          HookTools impatient = new HookTools(environment(), SHORT)) {
        tools.runAll(calls("fine", 20), HookToolsTest::text);
        tools.run(HookTools.Call.of("fine").saying("x".repeat(100_000)));
        assertThrows(HookToolException.class, () -> tools.run(HookTools.Call.of("fails")));
        assertThrows(
            HookToolException.class,
            () -> impatient.runAll(calls("hangs", 9), HookToolsTest::text));
      }
      await("its threads to end", () -> threads().isEmpty());
    }

    await("as few descriptors as before", () -> descriptors() <= before);
    assertEquals(0, ProcessHandle.current().descendants().count(), "processes left");
  }
}
