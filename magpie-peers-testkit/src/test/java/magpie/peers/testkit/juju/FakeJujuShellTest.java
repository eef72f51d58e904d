/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit.juju;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The way of a call through the shell script to the agent and back, and what is left of it. */
class FakeJujuShellTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  @TempDir Path directory;

  static void await(BooleanSupplier condition) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < end, "the condition did not come true within " + PATIENCE);
      Thread.onSpinWait();
    }
  }

  static boolean runs(long pid) {
    // A zombie does not run any more; who its parent is now may leave it unread for long.
    try {
      return !Files.readString(Path.of("/proc/" + pid + "/stat")).matches("(?s).*\\) Z .*");
    } catch (IOException e) {
      return false;
    }
  }

  private FakeJuju juju(String name) {
    return FakeJuju.create(directory.resolve(name), JujuVersion.JUJU_3_6)
        .peerRelation("magpie")
        .units(2)
        .deadline(PATIENCE)
        .build();
  }

  /**
   * The shells there are: dash or whatever is sh here, and busybox's and bash's if they are there.
   */
  static Stream<List<String>> shells() {
    return Stream.of(
            List.of("/bin/sh"),
            List.of("/bin/dash"),
            List.of("/bin/busybox", "sh"),
            List.of("/bin/bash", "--posix"))
        .filter(shell -> Files.isExecutable(Path.of(shell.get(0))));
  }

  private static String[] in(List<String> shell, HookContext hook, String... toolAndArguments) {
    List<String> command = new ArrayList<>(shell);
    command.add(hook.tools().resolve(toolAndArguments[0]).toString());
    command.addAll(List.of(toolAndArguments).subList(1, toolAndArguments.length));
    return command.toArray(String[]::new);
  }

  @ParameterizedTest
  @MethodSource("shells")
  void everyTextSurvives(List<String> shell) {
    String allLow =
        IntStream.rangeClosed(1, 127).mapToObj(Character::toString).collect(Collectors.joining());
    String continuationBytes =
        IntStream.rangeClosed(0x80, 0x17f)
            .mapToObj(Character::toString)
            .collect(Collectors.joining());
    List<String> texts =
        List.of(
            "two\nlines\n\n",
            "it's \"quoted\" `$HOME` \\n \\\\ %s %% -n",
            "=a=b=",
            "\ud83d\udc26 \u00e9 \u2028 \ufeff",
            "a" + allLow + "z",
            continuationBytes,
            "x".repeat(100_000) + "\n");
    try (FakeJuju juju = juju("texts with 'spaces' and $signs")) {
      juju.settle();
      juju.unit("magpie/0")
          .inHook(
              "update-status",
              "",
              hook -> {
                for (String text : texts) {
                  HookContext.Output set =
                      hook.call(in(shell, hook, "relation-set", "-r1", "--", "k=." + text + "."));
                  assertEquals(new HookContext.Output(0, "", ""), set);
                  HookContext.Output get =
                      hook.call(in(shell, hook, "relation-get", "-r1", "k", "magpie/0"));
                  assertEquals(new HookContext.Output(0, "." + text + ".\n", ""), get);
                  HookContext.Output error =
                      hook.call(in(shell, hook, "relation-get", "-r1", "k", "no/unit/" + text));
                  assertEquals(
                      new HookContext.Output(
                          2,
                          "",
                          "ERROR invalid unit name " + ToolText.quote("no/unit/" + text) + "\n"),
                      error);
                }
              });
      assertEquals(
          List.of("-r1", "--", "k=." + texts.get(0) + "."),
          juju.calls("relation-set").get(0).arguments());
    }
  }

  @ParameterizedTest
  @MethodSource("shells")
  void standardInputOfAnySizeArrives(List<String> shell) {
    try (FakeJuju juju = juju("stdin")) {
      String value = "\u00e9 ".repeat(400_000);
      HookRun run =
          juju.unit("magpie/0")
              .inHook(
                  "magpie-relation-created",
                  "",
                  hook ->
                      assertEquals(
                          new HookContext.Output(0, "", ""),
                          hook.callWithInput(
                              "{\"k\": " + ToolText.json(value) + "}",
                              in(shell, hook, "relation-set", "--file", "-"))));
      assertEquals(value, juju.unit("magpie/0").settings("magpie").get("k"));
      assertEquals(1, run.calls().size());
      assertEquals(
          "{\"k\": " + ToolText.json(value) + "}", run.calls().get(0).stdin().orElseThrow());
    }
  }

  @ParameterizedTest
  @MethodSource("shells")
  void outsideAHookEveryToolFailsAsJujucDoes(List<String> shell) throws Exception {
    try (FakeJuju juju = juju("outside")) {
      HookRun run = juju.unit("magpie/0").run("update-status", "", "true");
      Path tool = juju.unit("magpie/0").tools().resolve("relation-ids");
      Map<String, String> environment = new TreeMap<>(run.environment());
      String socket = environment.get("JUJU_AGENT_SOCKET_ADDRESS");
      assertEquals(
          "1 ERROR dial unix " + socket + ": connect: no such file or directory\n",
          launch(shell, tool, environment));
      juju.unit("magpie/0")
          .inHook(
              "update-status",
              "",
              hook ->
                  assertEquals(
                      "1 ERROR bad request: wrong context ID; got \"" + run.contextId() + "\"\n",
                      launch(shell, tool, environment)));
      environment.remove("JUJU_AGENT_SOCKET_NETWORK");
      assertEquals("1 ERROR JUJU_AGENT_SOCKET_NETWORK not set\n", launch(shell, tool, environment));
      environment.remove("JUJU_AGENT_SOCKET_ADDRESS");
      assertEquals("1 ERROR JUJU_AGENT_SOCKET_ADDRESS not set\n", launch(shell, tool, environment));
      environment.remove("JUJU_CONTEXT_ID");
      assertEquals("1 ERROR JUJU_CONTEXT_ID not set\n", launch(shell, tool, environment));
    }
  }

  @ParameterizedTest
  @MethodSource("shells")
  void aToolDoesNotWaitForAnAgentThatWasKilled(List<String> shell) throws Exception {
    // What SIGKILL leaves of an agent: the FIFOs, and nobody at their other end.
    Path socket = Files.createDirectories(directory.resolve("agent.socket"));
    List<String> mkfifo = new ArrayList<>(List.of("mkfifo"));
    for (String fifo : List.of("requests", "0.answer", "1.answer")) {
      mkfifo.add(socket.resolve(fifo).toString());
    }
    assertEquals(0, new ProcessBuilder(mkfifo).start().waitFor());
    Path tool = directory.resolve("relation-ids");
    Files.write(tool, HookAgent.toolScript());
    Map<String, String> environment =
        Map.of(
            "JUJU_CONTEXT_ID", "x",
            "JUJU_AGENT_SOCKET_ADDRESS", socket.toString(),
            "JUJU_AGENT_SOCKET_NETWORK", "unix",
            "PATH", "/usr/bin:/bin");
    assertEquals("1 ERROR unexpected EOF\n", launch(shell, tool, environment));
  }

  private static String launch(List<String> shell, Path tool, Map<String, String> environment)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(shell);
    command.add(tool.toString());
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().clear();
    builder.environment().putAll(environment);
    Process process = builder.redirectErrorStream(true).start();
    process.getOutputStream().close();
    assertTrue(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS), "the tool hangs");
    return process.exitValue() + " " + new String(process.getInputStream().readAllBytes(), UTF_8);
  }

  @Test
  void manyToolsAtOnceAreServedOneByOne() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(8);
    try (FakeJuju juju = juju("many")) {
      juju.settle();
      HookRun run =
          juju.unit("magpie/0")
              .inHook(
                  "update-status",
                  "",
                  hook -> {
                    List<Future<HookContext.Output>> outputs = new ArrayList<>();
                    for (int i = 0; i < 100; i++) {
                      String pair = "k" + i + "=" + i;
                      outputs.add(threads.submit(() -> hook.call("relation-set", "-r1", pair)));
                    }
                    for (Future<HookContext.Output> output : outputs) {
                      assertEquals(new HookContext.Output(0, "", ""), output.get());
                    }
                  });
      assertEquals(100, run.unitSettings().get("magpie:1").size());
      assertEquals(Map.of("relation-set", 100), run.toolCounts());
      // More than there are lines to the agent, from one shell.
      HookRun crowd =
          juju.unit("magpie/0")
              .run(
                  "update-status",
                  "",
                  "sh",
                  "-c",
                  "i=0; while [ $i -lt 70 ]; do relation-list -r1 & i=$((i + 1)); done; wait");
      assertEquals("magpie/1\n".repeat(70), crowd.stdout());
    } finally {
      threads.shutdownNow();
    }
  }

  @Test
  void aReadOnlyCharmDirectoryWillDo() throws IOException {
    Path charm = Files.createDirectories(directory.resolve("charm"));
    Files.setPosixFilePermissions(charm, PosixFilePermissions.fromString("r-xr-xr-x"));
    try (FakeJuju juju =
        FakeJuju.create(directory.resolve("juju"), JujuVersion.JUJU_3_6)
            .peerRelation("magpie")
            .charm(charm)
            .environment("LANG", "C")
            .units(1)
            .build()) {
      assertEquals(
          "magpie:1\n",
          juju.unit("magpie/0").run("update-status", "", "relation-ids", "magpie").stdout());
    }
  }

  @Test
  void nothingIsLeftBehind() throws Exception {
    // Once before counting, for what the platform keeps of its first use.
    useAll("first");
    Set<String> files = openFiles();
    Set<String> threads = threads();
    useAll("second");
    // One that is ending is not left.
    for (Thread thread : runningThreads()) {
      if (!threads.contains(thread.getName())) {
        thread.join(PATIENCE.toMillis());
      }
    }
    Set<String> newThreads = new TreeSet<>(threads());
    newThreads.removeAll(threads);
    assertEquals(Collections.emptySet(), newThreads);
    Set<String> left = new TreeSet<>(openFiles());
    left.removeAll(files);
    assertEquals(Collections.emptySet(), left);
    await(() -> ProcessHandle.current().descendants().noneMatch(p -> runs(p.pid())));
    List<Path> fifos;
    try (Stream<Path> walk = Files.walk(directory)) {
      fifos = walk.filter(path -> path.toString().contains("agent.socket")).toList();
    }
    assertEquals(List.of(), fifos);
  }

  private void useAll(String name) throws Exception {
    FakeJuju juju = juju(name);
    try {
      juju.play("relation-list", "-r1");
      for (Fault fault :
          List.of(Fault.hang(), Fault.hangInChild(), Fault.kill(), Fault.agentDies())) {
        juju.inject(fault);
        // Left alone by the hook that started it.
        juju.unit("magpie/0").run("update-status", "", "sh", "-c", "relation-list -r1 & :");
        juju.unit("magpie/0").resolved();
        juju.clearFaults();
      }
      juju.inject(Fault.hang());
      FutureTask<HookRun> hanging =
          new FutureTask<>(() -> juju.unit("magpie/1").run("update-status", "", "goal-state"));
      Thread thread = new Thread(hanging, "hanging hook");
      thread.start();
      await(() -> !juju.calls("goal-state").isEmpty());
      juju.close();
      assertEquals(137, hanging.get().exitCode());
      thread.join();
    } finally {
      juju.close();
    }
  }

  private static List<Thread> runningThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        // The platform's own, which lingers for a minute.
        .filter(thread -> !thread.getName().startsWith("process reaper"))
        .toList();
  }

  private static Set<String> threads() {
    return runningThreads().stream()
        .map(Thread::getName)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private static Set<String> openFiles() throws IOException {
    Set<String> files = new TreeSet<>();
    try (var descriptors = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path descriptor : descriptors) {
        try {
          files.add(Files.readSymbolicLink(descriptor).toString());
        } catch (IOException e) {
          // The one that lists them.
        }
      }
    }
    files.removeIf(file -> file.startsWith("/proc/"));
    return files;
  }
}
