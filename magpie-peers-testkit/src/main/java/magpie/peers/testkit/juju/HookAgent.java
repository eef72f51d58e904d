/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit.juju;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The listening end of the hook tools of one unit, for as long as one hook runs.
 *
 * <p>It stands for the agent's socket, which a POSIX shell cannot open: a directory with one FIFO
 * for requests and a few for answers. A tool claims a line by creating {@code N.call} with its
 * arguments, tells so through {@code requests}, and reads the name of a shell script with its
 * answer from {@code N.answer}. The agent holds every FIFO open both ways, so that no open blocks;
 * when it goes, even by SIGKILL, the tools read the end of file. Directory and FIFOs are new for
 * each hook: a tool left over from an earlier one cannot meet them.
 *
 * <p>It knows nothing of Juju, only of calls and answers: what serves them may be anywhere.
 */
final class HookAgent implements AutoCloseable {
  /** How many tools of one unit run at the same time before further ones queue up. */
  private static final int MAX_LINES = 32;

  /**
   * How many of these lines there are at first, and how many come when the last of them is used.
   * Most charms use one or two, and to make a FIFO costs more than to use it.
   */
  private static final int MORE_LINES = 4;

  /** Output up to this length is printed by the shell itself, more of it by cat. */
  private static final int PRINTED_BY_SHELL = 8192;

  /** Waits in a child process until the agent goes; the answer's line serves others meanwhile. */
  private static final byte[] HANG_IN_CHILD =
      "exec 6<>\"$a/hang\" 7<\"$a/hang\" 6>&-\n(read -r hang <&7)\n".getBytes(US_ASCII);

  private static final byte[] KILL = "kill -KILL $$\n".getBytes(US_ASCII);

  private static final byte[] QUIT = "quit 0 0\n".getBytes(US_ASCII);

  /**
   * A call of a tool: what it was given.
   *
   * @param serial tells the calls of one agent apart
   * @param stdin the standard input, once the tool has been asked for it: then the call comes again
   */
  record Call(
      int serial,
      String contextId,
      String tool,
      String directory,
      List<String> arguments,
      Optional<byte[]> stdin) {}

  /** What becomes of a call. */
  enum Ending {
    OUTPUT,
    STDIN_WANTED,
    SILENCE,
    HANG_IN_CHILD,
    KILL,
    AGENT_DIES
  }

  /** The answer to a call. */
  static final class Answer {
    private final Ending ending;
    private final int exitCode;
    private final byte[] stdout;
    private final byte[] stderr;
    private final List<Long> killed;

    private Answer(Ending ending, int exitCode, byte[] stdout, byte[] stderr, List<Long> killed) {
      this.killed = killed;
      this.ending = ending;
      this.exitCode = exitCode;
      this.stdout = stdout;
      this.stderr = stderr;
    }

    static Answer output(int exitCode, byte[] stdout, byte[] stderr) {
      return new Answer(Ending.OUTPUT, exitCode, stdout, stderr, List.of());
    }

    static Answer of(Ending ending) {
      return new Answer(ending, 0, new byte[0], new byte[0], List.of());
    }

    /** The same answer by a tool that kills these processes when it has given it. */
    Answer killing(List<Long> processes) {
      return new Answer(ending, exitCode, stdout, stderr, processes);
    }

    Ending ending() {
      return ending;
    }

    int exitCode() {
      return exitCode;
    }

    byte[] stdout() {
      return stdout;
    }

    byte[] stderr() {
      return stderr;
    }
  }

  /** Answers calls, one at a time, on the agent's thread. */
  interface Service {
    Answer serve(Call call, HookAgent agent) throws InterruptedException;
  }

  private final Path socket;
  private final Path gone;
  private final AtomicBoolean movedAway = new AtomicBoolean();
  private final Service service;
  private final RandomAccessFile requests;
  private final List<RandomAccessFile> answers = new ArrayList<>();
  private final List<RandomAccessFile> open = new ArrayList<>();
  private final Map<Integer, Call> waitingForStdin = new HashMap<>();
  private final CountDownLatch closing = new CountDownLatch(1);
  private final Thread thread;
  private volatile Optional<Throwable> broken = Optional.empty();
  private volatile boolean dead;
  private int received;
  private int answered;

  private HookAgent(Path socket, Service service, String name) throws IOException {
    this.socket = socket;
    this.gone = socket.resolveSibling(socket.getFileName() + ".closed");
    this.service = service;
    try {
      List<RandomAccessFile> opened = open(Stream.concat(Stream.of("requests", "hang"), more()));
      this.requests = opened.get(0);
      answers.addAll(opened.subList(2, opened.size()));
    } catch (IOException e) {
      release();
      throw e;
    }
    this.thread = new Thread(this::listen, "fake-juju-agent " + name);
    thread.setDaemon(true);
    thread.start();
  }

  /** The FIFOs of further lines. */
  private Stream<String> more() {
    return IntStream.range(answers.size(), answers.size() + MORE_LINES)
        .mapToObj(line -> line + ".answer");
  }

  /**
   * Makes FIFOs and opens them for both directions, which never waits for the other side. A tool
   * finds none before it is open, since it would read the end of file.
   */
  private List<RandomAccessFile> open(Stream<String> names) throws IOException {
    List<String> fifos = names.toList();
    List<String> command = new ArrayList<>(List.of("mkfifo", "-m", "600"));
    fifos.forEach(fifo -> command.add(hidden(fifo).toString()));
    Process mkfifo =
        new ProcessBuilder(command)
            .redirectInput(Redirect.from(Path.of("/dev/null").toFile()))
            .redirectOutput(Redirect.DISCARD)
            .redirectError(Redirect.DISCARD)
            .start();
    int exitCode = waitFor(mkfifo);
    if (exitCode != 0) {
      throw new IOException(
          "mkfifo in \""
              + socket
              + "\" ended with exit code "
              + exitCode
              + "; the directory must allow FIFOs and be writable");
    }
    for (String fifo : fifos) {
      open.add(new RandomAccessFile(hidden(fifo).toFile(), "rw"));
      Files.move(hidden(fifo), socket.resolve(fifo));
    }
    return List.copyOf(open.subList(open.size() - fifos.size(), open.size()));
  }

  private Path hidden(String fifo) {
    return socket.resolve(fifo + ".new");
  }

  /**
   * Starts to listen.
   *
   * @param socket the directory to listen in; it must not exist
   * @throws UncheckedIOException if the directory or the FIFOs cannot be made
   */
  static HookAgent listen(Path socket, Service service, String name) {
    try {
      Files.createDirectory(socket);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    try {
      return new HookAgent(socket, service, name);
    } catch (IOException e) {
      deleteDirectory(socket);
      throw new UncheckedIOException(e);
    }
  }

  private static int waitFor(Process process) throws IOException {
    try {
      return process.waitFor();
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while making FIFOs");
    }
  }

  /** Returns whether the agent died by itself before it was closed. */
  boolean isDead() {
    return dead;
  }

  /** Sleeps, but no longer than the agent listens; for use by the service. */
  void sleep(long millis) throws InterruptedException {
    closing.await(millis, TimeUnit.MILLISECONDS);
  }

  private void listen() {
    try {
      StringBuilder pending = new StringBuilder();
      byte[] buffer = new byte[4096];
      while (true) {
        int length = requests.read(buffer);
        pending.append(new String(buffer, 0, Math.max(length, 0), US_ASCII));
        int end;
        while ((end = pending.indexOf("\n")) >= 0) {
          String[] words = pending.substring(0, end).split(" ", -1);
          pending.delete(0, end + 1);
          if (isClosing() || !handle(words)) {
            return;
          }
        }
      }
    } catch (Throwable e) {
      // A call that is served while the agent closes finds its files gone; the tool is gone, too.
      // Anything else is kept for close(): a fault of the fake must not look like the charm's.
      if (!(e instanceof IOException && isClosing())) {
        broken = Optional.of(e);
      }
    } finally {
      release();
    }
  }

  private boolean isClosing() {
    return closing.getCount() == 0;
  }

  private boolean handle(String[] words) throws IOException, InterruptedException {
    int line = Integer.parseInt(words[1]);
    Path callFile = socket.resolve(line + ".call");
    if (words[0].equals("done")) {
      Files.deleteIfExists(callFile);
      return true;
    }
    Call call;
    if (words[0].equals("stdin")) {
      Call first = Objects.requireNonNull(waitingForStdin.remove(line), "call");
      byte[] given = Files.readAllBytes(socket.resolve(line + ".stdin"));
      call =
          new Call(
              first.serial(),
              first.contextId(),
              first.tool(),
              first.directory(),
              first.arguments(),
              Optional.of(given));
    } else {
      call = parse(Files.readAllBytes(callFile));
    }
    if (line == answers.size() - 1 && answers.size() < MAX_LINES) {
      answers.addAll(open(more()));
    }
    Answer answer = service.serve(call, this);
    switch (answer.ending()) {
      case AGENT_DIES -> {
        dead = true;
        moveAway();
        return false;
      }
      case SILENCE -> {}
      case STDIN_WANTED -> {
        waitingForStdin.put(line, call);
        tell(line, words[2], "stdin");
      }
      case KILL -> tell(line, words[2], script(joined(kill(answer, words[2]), KILL)));
      case HANG_IN_CHILD -> tell(line, words[2], script(HANG_IN_CHILD));
      case OUTPUT -> tell(line, words[2], script(outputScript(answer, words[2])));
    }
    return true;
  }

  private Call parse(byte[] bytes) {
    List<String> fields = new ArrayList<>();
    int start = 0;
    for (int i = 0; i < bytes.length; i++) {
      if (bytes[i] == 0) {
        fields.add(new String(bytes, start, i - start, UTF_8));
        start = i + 1;
      }
    }
    return new Call(
        ++received,
        fields.get(0),
        fields.get(1),
        fields.get(2),
        List.copyOf(fields.subList(3, fields.size())),
        Optional.empty());
  }

  private void tell(int line, String id, String word) throws IOException {
    answers.get(line).write((id + " " + word + "\n").getBytes(US_ASCII));
  }

  private String script(byte[] text) throws IOException {
    String name = ++answered + ".sh";
    Files.write(socket.resolve(name), text);
    return name;
  }

  /** Kills all but the tool itself, so that the processes waiting for it do not go on. */
  private static byte[] kill(Answer answer, String tool) {
    String others =
        answer.killed.stream()
            .map(String::valueOf)
            .filter(process -> !process.equals(tool))
            .collect(Collectors.joining(" "));
    return (others.isEmpty() ? "" : "kill -KILL " + others + " 2>/dev/null\n").getBytes(US_ASCII);
  }

  private static byte[] joined(byte[] first, byte[] second) {
    ByteArrayOutputStream both = new ByteArrayOutputStream();
    both.writeBytes(first);
    both.writeBytes(second);
    return both.toByteArray();
  }

  private byte[] outputScript(Answer answer, String tool) throws IOException {
    ByteArrayOutputStream script = new ByteArrayOutputStream();
    boolean errors = answer.stderr().length > 0;
    if (errors) {
      script.writeBytes(print(answer.stderr(), "err"));
      script.writeBytes(" >&2\n".getBytes(US_ASCII));
    }
    if (answer.stdout().length > 0) {
      byte[] print = print(answer.stdout(), "out");
      if (answer.exitCode() == 0 && print[0] == 'c' && answer.killed.isEmpty()) {
        script.writeBytes("exec ".getBytes(US_ASCII));
      }
      script.writeBytes(print);
      script.write('\n');
    }
    script.writeBytes(kill(answer, tool));
    script.writeBytes(("exit " + answer.exitCode() + "\n").getBytes(US_ASCII));
    return script.toByteArray();
  }

  /** Returns the shell command that prints the bytes. */
  private byte[] print(byte[] bytes, String suffix) throws IOException {
    boolean hasNul = false;
    for (byte b : bytes) {
      hasNul |= b == 0;
    }
    if (hasNul || bytes.length > PRINTED_BY_SHELL) {
      String name = (answered + 1) + "." + suffix;
      try (OutputStream out = Files.newOutputStream(socket.resolve(name))) {
        out.write(bytes);
      }
      return ("cat \"$a/" + name + "\"").getBytes(US_ASCII);
    }
    ByteArrayOutputStream command = new ByteArrayOutputStream();
    command.writeBytes("printf %s '".getBytes(US_ASCII));
    for (byte b : bytes) {
      if (b == '\'') {
        command.writeBytes("'\\''".getBytes(US_ASCII));
      } else {
        command.write(b);
      }
    }
    command.write('\'');
    return command.toByteArray();
  }

  /** Takes the directory from its place, so that no further tool finds it. */
  private void moveAway() throws IOException {
    if (!movedAway.getAndSet(true)) {
      Files.move(socket, gone);
    }
  }

  private void release() {
    for (RandomAccessFile file : open) {
      try {
        file.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /**
   * Stops to listen: tools that still wait read the end of file, and later ones find no agent. Does
   * nothing if that has been done.
   *
   * @throws IllegalStateException if serving a call failed in an unforeseen way
   */
  @Override
  public synchronized void close() {
    if (closing.getCount() == 0) {
      return;
    }
    closing.countDown();
    try {
      moveAway();
      wake();
      joinUninterruptibly();
      deleteDirectory(gone);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    broken.ifPresent(
        cause -> {
          throw new IllegalStateException(
              "FakeJuju failed to serve a hook tool, the charm is not to blame", cause);
        });
  }

  private void wake() throws IOException {
    try {
      requests.write(QUIT);
    } catch (IOException e) {
      // Closed already: the thread has ended by itself.
      if (requests.getChannel().isOpen()) {
        throw e;
      }
    }
  }

  private void joinUninterruptibly() {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  static void deleteDirectory(Path directory) {
    try {
      if (!Files.exists(directory)) {
        return;
      }
      try (var files = Files.newDirectoryStream(directory)) {
        for (Path file : files) {
          Files.deleteIfExists(file);
        }
      }
      Files.delete(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the shell script that is every hook tool. */
  static byte[] toolScript() {
    try (InputStream in = HookAgent.class.getResourceAsStream("hook-tool.sh")) {
      if (in == null) {
        throw new IllegalStateException("hook-tool.sh is missing beside " + HookAgent.class);
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
