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
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import magpie.peers.Environment;
import magpie.peers.juju.HookToolException.Reason;
import org.jspecify.annotations.Nullable;

/**
 * Runs hook tools: no shell, both streams drained, output bounded, a deadline, and nothing left
 * behind (F2).
 *
 * <p>Tools are looked for on the PATH of the given environment, because the JDK looks on that of
 * the process, and are started by the JDK's default mechanism. The agent answers one tool at a time
 * (docs/juju.md, J6), but starting a process costs more than the answer, so launches overlap.
 *
 * <p>Output is taken as it comes and never waited for: a thread that waits in a pipe cannot be
 * interrupted, and would stay for as long as any stray child of a tool holds the other end. So a
 * call is over when its process is, as for the unit agent with a hook.
 */
final class HookTools implements AutoCloseable {
  /** Where more in flight stop paying; docs/performance.md has the measurement. */
  static final int OVERLAP =
      Math.max(2, Math.min(8, 2 * Runtime.getRuntime().availableProcessors()));

  /** A unit's bag is at most 16 MiB since 4.0; nothing else is larger. JSON may double it. */
  private static final int LONGEST_OUTPUT = 64 * 1024 * 1024;

  /** What a message can use of an error text: its end, where a tool says why it failed. */
  private static final int LONGEST_ERROR = 16 * 1024;

  /** A pipe takes this much, however little memory the kernel has for pipes. */
  private static final int TAKEN_AT_ONCE = 4096;

  /** How often the output of a silent tool is polled; its end is noticed at once. */
  private static final long SHORTEST_PAUSE = TimeUnit.MILLISECONDS.toNanos(1);

  private static final long LONGEST_PAUSE = TimeUnit.MILLISECONDS.toNanos(16);

  /** How long the kernel may take to end what was killed. */
  private static final Duration LONGEST_DYING = Duration.ofSeconds(5);

  private final Environment environment;
  private final Duration deadline;
  private final ExecutorService threads = Executors.newCachedThreadPool(new Daemons());
  private final Map<String, Path> found = new ConcurrentHashMap<>();
  private final AtomicInteger running = new AtomicInteger();
  private volatile boolean closed;

  HookTools(Environment environment, Duration deadline) {
    this.environment = environment;
    this.deadline = deadline;
  }

  /** Makes threads that keep no process alive. */
  private static final class Daemons implements ThreadFactory {
    @Override
    public Thread newThread(Runnable work) {
      Thread thread = new Thread(work, "magpie-peers hook tool");
      thread.setDaemon(true);
      return thread;
    }
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

    HookToolException unreadable(int exitCode, String stderr, String expected, String found) {
      return failed(
          Reason.UNREADABLE_OUTPUT,
          exitCode,
          stderr,
          "expected " + expected + " on stdout, found " + found,
          "the hook is to fail, so that Juju runs it again");
    }
  }

  /** What a tool that ended well said. */
  record Answer(Call call, ByteArrayOutputStream stdout, String stderr) {
    /** This answer cannot be understood, although the tool ended well. */
    HookToolException unreadable(String expected, String found) {
      return call.unreadable(0, stderr, expected, found);
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
      try {
        Path candidate = environment.workingDirectory().resolve(entry).resolve(tool);
        if (Files.isExecutable(candidate) && !Files.isDirectory(candidate)) {
          found.put(tool, candidate);
          return Optional.of(candidate);
        }
      } catch (InvalidPathException e) {
        // Under LANG=C a directory with a name beyond ASCII is none; it must not hide the others.
      }
    }
    return Optional.empty();
  }

  /** Runs one tool. */
  Answer run(Call call) {
    return run(call, null);
  }

  /** Runs one tool, unless and until the round that it belongs to is abandoned. */
  Answer run(Call call, @Nullable ToolRound<?> round) {
    Path file = locate(call.tool()).orElse(null);
    if (file == null) {
      throw call.failed(
          Reason.NOT_STARTED,
          -1,
          "",
          "expected the tool on PATH, found no such executable",
          "run inside a hook, or with juju-exec on the unit");
    }
    running.incrementAndGet();
    try {
      checkOpen(call);
      long end = System.nanoTime() + deadline.toNanos();
      Process process = start(call, file);
      try {
        return converse(call, process, end, round);
      } finally {
        end(process);
      }
    } finally {
      running.decrementAndGet();
    }
  }

  private void checkOpen(Call call) {
    if (closed) {
      throw new IllegalStateException(
          "the hook tools are closed, so " + call.tool() + " cannot run");
    }
  }

  private Process start(Call call, Path file) {
    List<String> command = new ArrayList<>(call.arguments().size() + 1);
    command.add(file.toString());
    command.addAll(call.arguments());
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.directory(environment.workingDirectory().toFile());
    // What is inherited as it should be stays untouched: as text it may have lost bytes (LANG=C).
    Map<String, String> inherited = builder.environment();
    inherited.keySet().retainAll(environment.variables().keySet());
    for (Map.Entry<String, String> variable : environment.variables().entrySet()) {
      if (!variable.getValue().equals(inherited.get(variable.getKey()))) {
        inherited.put(variable.getKey(), variable.getValue());
      }
    }
    try {
      return builder.start();
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
  }

  private Answer converse(Call call, Process process, long end, @Nullable ToolRound<?> round) {
    Captured stdout = new Captured(process.getInputStream());
    Captured stderr = new Captured(process.getErrorStream());
    try {
      say(call, process.getOutputStream());
      long pause = SHORTEST_PAUSE;
      while (true) {
        // Asked first, because all that a process wrote is there to be taken once it has ended.
        boolean ended = !process.isAlive();
        boolean more = stdout.take();
        more |= stderr.take();
        stderr.keepEnd(LONGEST_ERROR);
        if (stdout.size() > LONGEST_OUTPUT) {
          throw call.unreadable(-1, stderr.text(), "at most " + LONGEST_OUTPUT + " bytes", "more");
        }
        if (ended && !more) {
          break;
        }
        checkOpen(call);
        if (round != null && round.isAbandoned()) {
          throw new InterruptedException();
        }
        long left = end - System.nanoTime();
        if (left <= 0 && !ended) {
          throw call.failed(
              Reason.TIMED_OUT,
              -1,
              stderr.text(),
              "expected an end within " + deadline.toMillis() + " ms, found it still running",
              "it was killed; see why the agent does not answer, or raise the option"
                  + " tool-timeout");
        }
        if (more) {
          pause = SHORTEST_PAUSE;
        } else {
          process.waitFor(Math.min(pause, left), TimeUnit.NANOSECONDS);
          pause = Math.min(pause * 2, LONGEST_PAUSE);
        }
      }
    } catch (IOException e) {
      HookToolException failure =
          call.failed(
              Reason.OTHER,
              -1,
              stderr.text(),
              "expected to read its output, found " + e,
              "the hook is to fail, so that Juju runs it again");
      failure.initCause(e);
      throw failure;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw interrupted(call, stderr.text(), "it was killed");
    }
    int exitCode = process.exitValue();
    if (exitCode != 0) {
      throw Failures.of(call, exitCode, stderr.text());
    }
    return new Answer(call, stdout.bytes, stderr.text());
  }

  /** Says what there is to say, by a thread of its own where that might have to wait. */
  private void say(Call call, OutputStream stream) {
    byte[] text = call.input().orElse("").getBytes(StandardCharsets.UTF_8);
    if (text.length <= TAKEN_AT_ONCE) {
      feed(stream, text);
    } else {
      try {
        threads.execute(() -> feed(stream, text));
      } catch (RejectedExecutionException e) {
        checkOpen(call);
        throw e;
      }
    }
  }

  /** A tool that does not read its input closes it; that is its right. */
  private static void feed(OutputStream stream, byte[] text) {
    try (stream) {
      stream.write(text);
    } catch (IOException e) {
      // The exit code tells whether the tool missed anything.
    }
  }

  /** What was read of one stream so far. */
  private static final class Captured {
    private final InputStream stream;
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final byte[] buffer = new byte[8192];

    Captured(InputStream stream) {
      this.stream = stream;
    }

    /** Takes some of what is there, without waiting for any; returns whether there was any. */
    boolean take() throws IOException {
      int available = stream.available();
      if (available <= 0) {
        return false;
      }
      int taken = stream.read(buffer, 0, Math.min(available, buffer.length));
      bytes.write(buffer, 0, Math.max(taken, 0));
      return taken > 0;
    }

    void keepEnd(int length) {
      if (bytes.size() > 2 * length) {
        byte[] all = bytes.toByteArray();
        bytes.reset();
        bytes.write(all, all.length - length, length);
      }
    }

    int size() {
      return bytes.size();
    }

    String text() {
      keepEnd(LONGEST_ERROR);
      byte[] all = bytes.toByteArray();
      int from = Math.max(0, all.length - LONGEST_ERROR);
      return new String(all, from, all.length - from, StandardCharsets.UTF_8);
    }
  }

  /** Ends a process with all below it, if it has not ended, and closes its streams. */
  private static void end(Process process) {
    if (process.isAlive()) {
      // Listed first: a process whose parent has ended is not found any more.
      List<ProcessHandle> tree = process.descendants().toList();
      process.destroyForcibly();
      tree.forEach(ProcessHandle::destroyForcibly);
      long end = System.nanoTime() + LONGEST_DYING.toNanos();
      while ((process.isAlive() || tree.stream().anyMatch(HookTools::runs))
          && System.nanoTime() < end) {
        LockSupport.parkNanos(SHORTEST_PAUSE);
      }
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

  /**
   * Whether a process has not ended. One that was killed stays alive in the eyes of the JDK until
   * its parent asks how it ended; in a container the parent may be a process that seldom does.
   */
  static boolean runs(ProcessHandle process) {
    if (!process.isAlive()) {
      return false;
    }
    try {
      Path stat = Path.of("/proc", String.valueOf(process.pid()), "stat");
      String text = Files.readString(stat, StandardCharsets.ISO_8859_1);
      return !text.startsWith("Z", text.lastIndexOf(')') + 2);
    } catch (IOException e) {
      // Gone since, or a system without such files.
      return process.isAlive();
    }
  }

  /**
   * What to make of the answer to a call, or of its failure.
   *
   * <p>On the way of every hook receivers, shapes and loops are written out and no lambdas: each
   * lambda is linked at its first use, which a hook pays every time (docs/performance.md).
   */
  @FunctionalInterface
  interface Receiver<T> {
    T answered(Answer answer);

    default T failed(HookToolException failure) {
      throw failure;
    }
  }

  /**
   * Runs several tools, a few at a time, and returns what the receiver makes of their answers, in
   * order.
   *
   * @throws HookToolException the first failure, after every launch has ended; no tool is started
   *     after a failure
   */
  <T> List<T> runAll(List<Call> calls, Receiver<T> receiver) {
    ToolRound<T> round =
        new ToolRound<>(this, calls, receiver, Math.min(OVERLAP, calls.size()) - 1);
    round.work();
    return round.results();
  }

  /**
   * Lets a thread of these tools work.
   *
   * @throws RejectedExecutionException if they are closed
   */
  void execute(Runnable work) {
    threads.execute(work);
  }

  /** Begins to run a tool while the caller does something else. */
  Pending begin(Call call) {
    return new Pending(call);
  }

  /** A tool that runs meanwhile. */
  final class Pending implements Receiver<Answer> {
    private final ToolRound<Answer> round;

    private Pending(Call call) {
      round = new ToolRound<>(HookTools.this, List.of(call), this, 1);
    }

    @Override
    public Answer answered(Answer answer) {
      return answer;
    }

    /**
     * Waits for the answer.
     *
     * @throws HookToolException if the tool failed
     */
    Answer answer() {
      // Nothing is left of it for this thread, unless no other could be had.
      round.work();
      return round.results().get(0);
    }

    /** Kills it and waits for its end: the answer is not needed any more (F2). */
    void abandon() {
      round.abandon();
    }
  }

  static HookToolException interrupted(Call call, String stderr, String next) {
    return call.failed(
        Reason.TIMED_OUT, -1, stderr, "expected an end, found this thread interrupted", next);
  }

  /** Kills what still runs, and waits for its end. */
  @Override
  public void close() {
    closed = true;
    threads.shutdown();
    long end = System.nanoTime() + 2 * LONGEST_DYING.toNanos();
    while (running.get() > 0 && System.nanoTime() < end) {
      LockSupport.parkNanos(SHORTEST_PAUSE);
    }
    try {
      threads.awaitTermination(end - System.nanoTime(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
