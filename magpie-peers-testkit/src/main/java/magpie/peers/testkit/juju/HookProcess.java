/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit.juju;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Runs processes of a hook.
 *
 * <p>Their streams are files: no thread has to read them, and a child process that outlives its
 * parent blocks no other process.
 */
final class HookProcess {
  private static final int OUTPUT_LIMIT = 16 << 20;
  private static final int KILLED = 137;

  /** What became of a process. */
  record Result(int exitCode, boolean timedOut, String stdout, String stderr) {}

  /** Starts processes, each with the same deadline, until it is closed. */
  static final class Launcher implements AutoCloseable {
    private final Path scratch;
    private final Duration deadline;
    private final Map<Process, String> running = new ConcurrentHashMap<>();
    private volatile boolean closed;

    Launcher(Path scratch, Duration deadline) {
      this.scratch = scratch;
      this.deadline = deadline;
    }

    Duration deadline() {
      return deadline;
    }

    Result launch(
        List<String> command, Map<String, String> environment, Path directory, String stdin)
        throws IOException {
      return HookProcess.run(this, command, environment, directory, stdin);
    }

    /**
     * Starts a process and takes note of it, so that closing kills it, and kills it if that is over
     * already.
     */
    private Process start(ProcessBuilder builder) throws IOException {
      Process process;
      // Together, so that no tool is served before its hook's process is known.
      synchronized (running) {
        process = builder.start();
        running.put(process, builder.environment().getOrDefault("JUJU_CONTEXT_ID", ""));
      }
      if (closed) {
        kill(process);
      }
      return process;
    }

    /** Returns the ids of the processes that a hook started and of their descendants, in order. */
    List<Long> processes(String contextId) {
      synchronized (running) {
        return running.entrySet().stream()
            .filter(entry -> entry.getValue().equals(contextId))
            .map(Map.Entry::getKey)
            .flatMap(
                process ->
                    Stream.concat(Stream.of(process.toHandle()), process.toHandle().descendants()))
            .map(ProcessHandle::pid)
            .toList();
      }
    }

    /** Kills what still runs. */
    @Override
    public void close() {
      closed = true;
      running.keySet().forEach(HookProcess::kill);
    }
  }

  private HookProcess() {}

  private static Result run(
      Launcher launcher,
      List<String> command,
      Map<String, String> environment,
      Path directory,
      String stdin)
      throws IOException {
    Path in = Files.createTempFile(launcher.scratch, "hook", ".in");
    Path out = Files.createTempFile(launcher.scratch, "hook", ".out");
    Path err = Files.createTempFile(launcher.scratch, "hook", ".err");
    try {
      Files.writeString(in, stdin);
      ProcessBuilder builder =
          new ProcessBuilder(found(command, environment))
              .directory(directory.toFile())
              .redirectInput(Redirect.from(in.toFile()))
              .redirectOutput(out.toFile())
              .redirectError(err.toFile());
      builder.environment().clear();
      builder.environment().putAll(environment);
      Process process = launcher.start(builder);
      boolean ended = false;
      try {
        ended = process.waitFor(launcher.deadline.toMillis(), TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new InterruptedIOException("interrupted while waiting for " + command);
      } finally {
        if (!ended) {
          kill(process);
        }
        launcher.running.remove(process);
      }
      return new Result(ended ? process.exitValue() : KILLED, !ended, read(out), read(err));
    } finally {
      Files.deleteIfExists(in);
      Files.deleteIfExists(out);
      Files.deleteIfExists(err);
    }
  }

  /** Looks the program up on the hook's own PATH, where the platform would take that of the JVM. */
  private static List<String> found(List<String> command, Map<String, String> environment) {
    String program = command.get(0);
    if (program.contains("/")) {
      return command;
    }
    for (String directory : environment.getOrDefault("PATH", "").split(":", -1)) {
      Path file = Path.of(directory).resolve(program);
      if (Files.isExecutable(file) && !Files.isDirectory(file)) {
        List<String> found = new ArrayList<>(command);
        found.set(0, file.toString());
        return found;
      }
    }
    return command;
  }

  private static void kill(Process process) {
    List<ProcessHandle> tree = new ArrayList<>(process.descendants().toList());
    process.destroyForcibly();
    tree.forEach(ProcessHandle::destroyForcibly);
    process.onExit().join();
  }

  private static String read(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return new String(in.readNBytes(OUTPUT_LIMIT), UTF_8);
    }
  }
}
