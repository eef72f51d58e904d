/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import magpie.peers.Environment;
import magpie.peers.HookToolException;
import magpie.peers.HookToolException.Reason;

/**
 * Runs hook tools: no shell, both streams drained, output bounded, a deadline, and nothing left
 * behind (F2).
 *
 * <p>Tools are looked for on the PATH of the given environment, because the JDK looks on that of
 * the process, and are started by the JDK's default mechanism. The agent answers one tool at a time
 * (juju-contract 4.4), but starting a process costs more than the answer, so launches overlap.
 */
final class HookTools implements AutoCloseable {
  /** Where more in flight stop paying; docs/performance.md has the measurement. */
  private static final int OVERLAP = 8;

  /** A unit's bag is at most 16 MiB since 4.0; nothing else is larger. JSON may double it. */
  private static final int LONGEST_OUTPUT = 64 * 1024 * 1024;

  /** What a message can use of an error text; the rest is read and dropped. */
  private static final int LONGEST_ERROR = 16 * 1024;

  private final Environment environment;
  private final Duration deadline;
  private final ExecutorService threads =
      Executors.newCachedThreadPool(
          work -> {
            Thread thread = new Thread(work, "magpie-peers hook tool");
            thread.setDaemon(true);
            return thread;
          });
  private final Map<String, Path> found = new ConcurrentHashMap<>();

  HookTools(Environment environment, Duration deadline) {
    this.environment = environment;
    this.deadline = deadline;
  }

  /** One call of a tool: what to run, and what to say to it. */
  record Call(String tool, List<String> arguments, Optional<String> input) {
    static Call of(String tool, String... arguments) {
      return new Call(tool, List.of(arguments), Optional.empty());
    }

    Call saying(String text) {
      return new Call(tool, arguments, Optional.of(text));
    }

    /** The failure of this call, with what it knows. */
    HookToolException failed(
        Reason reason, int exitCode, String stderr, String message, String next) {
      return new HookToolException(reason, tool, arguments, exitCode, stderr, message, next);
    }
  }

  /** What a tool that ended well said. */
  record Answer(Call call, ByteArrayOutputStream stdout) {
    /** This answer cannot be understood, although the tool ended well. */
    HookToolException unreadable(String expected, String found) {
      return call.failed(
          Reason.UNREADABLE_OUTPUT,
          0,
          "",
          "expected " + expected + " on stdout, found " + found,
          "the hook is to fail, so that Juju runs it again");
    }
  }

  boolean has(String tool) {
    return locate(tool).isPresent();
  }

  private Optional<Path> locate(String tool) {
    Path known = found.get(tool);
    if (known != null) {
      return Optional.of(known);
    }
    for (String entry : environment.variable("PATH").orElse("").split(":", -1)) {
      Path candidate = environment.workingDirectory().resolve(entry).resolve(tool);
      if (Files.isExecutable(candidate) && !Files.isDirectory(candidate)) {
        found.put(tool, candidate);
        return Optional.of(candidate);
      }
    }
    return Optional.empty();
  }

  /** Runs one tool. */
  Answer run(Call call) {
    Path file =
        locate(call.tool())
            .orElseThrow(
                () ->
                    call.failed(
                        Reason.NOT_STARTED,
                        -1,
                        "",
                        "expected the tool on PATH, found no such executable",
                        "run inside a hook, or with juju-exec on the unit"));
    List<String> command = new ArrayList<>(call.arguments().size() + 1);
    command.add(file.toString());
    command.addAll(call.arguments());
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.directory(environment.workingDirectory().toFile());
    builder.environment().clear();
    builder.environment().putAll(environment.variables());
    long end = System.nanoTime() + deadline.toNanos();
    Process process;
    try {
      process = builder.start();
    } catch (IOException e) {
      HookToolException failure =
          call.failed(
              Reason.NOT_STARTED,
              -1,
              "",
              "expected " + file + " to start, found " + e.getMessage(),
              "check the file and its permissions");
      failure.initCause(e);
      throw failure;
    }
    try {
      return converse(call, process, end);
    } finally {
      kill(process);
    }
  }

  private Answer converse(Call call, Process process, long end) {
    Future<Drained> stderr = threads.submit(() -> drain(process.getErrorStream(), LONGEST_ERROR));
    Future<Drained> stdout = threads.submit(() -> drain(process.getInputStream(), LONGEST_OUTPUT));
    Optional<Future<Boolean>> stdin =
        call.input().map(text -> threads.submit(() -> feed(process.getOutputStream(), text)));
    try {
      if (stdin.isEmpty()) {
        feed(process.getOutputStream(), "");
      }
      if (!process.waitFor(end - System.nanoTime(), TimeUnit.NANOSECONDS)) {
        throw new TimeoutException();
      }
      if (stdin.isPresent()) {
        stdin.get().get(end - System.nanoTime(), TimeUnit.NANOSECONDS);
      }
      Drained output = stdout.get(end - System.nanoTime(), TimeUnit.NANOSECONDS);
      Drained error = stderr.get(end - System.nanoTime(), TimeUnit.NANOSECONDS);
      int exitCode = process.exitValue();
      if (exitCode != 0) {
        throw Failures.of(call, exitCode, error.text());
      }
      if (output.more()) {
        throw new Answer(call, output.bytes())
            .unreadable("at most " + LONGEST_OUTPUT + " bytes", "more");
      }
      return new Answer(call, output.bytes());
    } catch (TimeoutException e) {
      kill(process);
      throw call.failed(
          Reason.TIMED_OUT,
          -1,
          settled(stderr),
          "expected an end within " + deadline.toMillis() + " ms, found it still running",
          "it was killed; see why the agent does not answer, or raise the option tool-timeout");
    } catch (ExecutionException e) {
      throw call.failed(
          Reason.OTHER,
          -1,
          "",
          "expected to talk to it, found " + e.getCause(),
          "the hook is to fail, so that Juju runs it again");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw call.failed(
          Reason.TIMED_OUT,
          -1,
          "",
          "expected an end, found this thread interrupted",
          "it was killed");
    }
  }

  /** What a killed tool had said so far; its streams end with it, unless a stray child has them. */
  private static String settled(Future<Drained> stderr) {
    try {
      return stderr.get(1, TimeUnit.SECONDS).text();
    } catch (ExecutionException | TimeoutException e) {
      return "";
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "";
    }
  }

  private static void kill(Process process) {
    if (process.isAlive()) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
    for (AutoCloseable stream :
        List.of(process.getInputStream(), process.getErrorStream(), process.getOutputStream())) {
      try {
        stream.close();
      } catch (Exception e) {
        // A pipe that is broken already is as good as closed.
      }
    }
  }

  /** The first part of a stream, and whether there was more. */
  private record Drained(ByteArrayOutputStream bytes, boolean more) {
    String text() {
      return bytes.toString(StandardCharsets.UTF_8);
    }
  }

  private static Drained drain(InputStream stream, int longest) throws IOException {
    ByteArrayOutputStream kept = new ByteArrayOutputStream();
    byte[] buffer = new byte[8192];
    boolean more = false;
    for (int n = stream.read(buffer); n >= 0; n = stream.read(buffer)) {
      int room = longest - kept.size();
      kept.write(buffer, 0, Math.min(n, room));
      more |= n > room;
    }
    return new Drained(kept, more);
  }

  /** A tool that does not read its input closes it; that is its right. */
  private static Boolean feed(OutputStream stream, String text) {
    try (stream) {
      stream.write(text.getBytes(StandardCharsets.UTF_8));
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * Runs several tools, a few at a time, and returns what {@code read} makes of their answers, in
   * order.
   *
   * @throws HookToolException the first failure, after every launch has ended
   */
  <T> List<T> runAll(List<Call> calls, Function<Answer, T> read) {
    return runAll(
        calls,
        read,
        failure -> {
          throw failure;
        });
  }

  /**
   * Runs several tools, and lets {@code otherwise} answer for those that fail, or throw.
   *
   * @throws HookToolException the first failure, after every launch has ended
   */
  <T> List<T> runAll(
      List<Call> calls, Function<Answer, T> read, Function<HookToolException, T> otherwise) {
    if (calls.size() == 1) {
      return List.of(answer(calls.get(0), read, otherwise));
    }
    Semaphore slots = new Semaphore(OVERLAP);
    List<Future<T>> running = new ArrayList<>(calls.size());
    for (Call call : calls) {
      Callable<T> work =
          () -> {
            try {
              return answer(call, read, otherwise);
            } finally {
              slots.release();
            }
          };
      slots.acquireUninterruptibly();
      running.add(threads.submit(work));
    }
    List<T> results = new ArrayList<>(calls.size());
    RuntimeException failure = null;
    for (Future<T> future : running) {
      try {
        results.add(future.get());
      } catch (ExecutionException e) {
        if (failure == null) {
          failure =
              e.getCause() instanceof RuntimeException runtime
                  ? runtime
                  : new IllegalStateException(e.getCause());
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        running.forEach(other -> other.cancel(true));
        throw calls
            .get(0)
            .failed(
                Reason.TIMED_OUT,
                -1,
                "",
                "expected an end, found this thread interrupted",
                "it was killed");
      }
    }
    if (failure != null) {
      throw failure;
    }
    return results;
  }

  private <T> T answer(
      Call call, Function<Answer, T> read, Function<HookToolException, T> otherwise) {
    Answer answer;
    try {
      answer = run(call);
    } catch (HookToolException e) {
      return otherwise.apply(e);
    }
    return read.apply(answer);
  }

  @Override
  public void close() {
    threads.shutdownNow();
    try {
      threads.awaitTermination(10, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
