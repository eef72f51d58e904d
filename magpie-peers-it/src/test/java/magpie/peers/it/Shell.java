/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.model.Frame;
import com.github.dockerjava.api.model.StreamType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.Pipe;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A shell that stays in a container and runs one command after the other.
 *
 * <p>To have the engine start a process in a container takes as much processor time as most of
 * these commands, so it starts one for many.
 */
final class Shell {
  /**
   * What a command printed and how it ended.
   *
   * @param exitCode its exit code, {@value #KILLED} if the container went down meanwhile
   */
  record Result(int exitCode, String stdout, String stderr) {}

  static final int KILLED = 137;

  /** Ends what a command printed on each stream; no command prints it. */
  private static final char END = '\036';

  private final OutputStream commands;
  private final Output output;

  private Shell(OutputStream commands) {
    this.commands = commands;
    this.output = new Output(commands);
  }

  /** Starts a shell in a container that runs. */
  static Shell in(String container) {
    try {
      Pipe pipe = Pipe.open();
      Shell shell = new Shell(Channels.newOutputStream(pipe.sink()));
      String id =
          ContainerEngine.client()
              .execCreateCmd(container)
              .withAttachStdin(true)
              .withAttachStdout(true)
              .withAttachStderr(true)
              .withCmd("sh")
              .exec()
              .getId();
      ContainerEngine.client()
          .execStartCmd(id)
          .withStdIn(Channels.newInputStream(pipe.source()))
          .exec(shell.output);
      return shell;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns whether its container went down since. */
  boolean isEnded() {
    return output.isEnded();
  }

  /** Runs a command to its end; one at a time. */
  Result run(Map<String, String> variables, String directory, List<String> command) {
    String exports =
        variables.entrySet().stream()
            .map(each -> "export " + each.getKey() + "=" + quoted(each.getValue()) + "; ")
            .collect(Collectors.joining());
    String words = command.stream().map(Shell::quoted).collect(Collectors.joining(" "));
    String line =
        "(cd %s; %sexec %s) </dev/null; printf '\\036%%d\\n' $?; printf '\\036\\n' >&2\n"
            .formatted(quoted(directory), exports, words);
    output.begin();
    try {
      commands.write(line.getBytes(UTF_8));
    } catch (IOException e) {
      // Where the container went down just before, the result says so.
      if (!isEnded()) {
        throw new UncheckedIOException(e);
      }
    }
    return output.end();
  }

  private static String quoted(String word) {
    return "'" + word.replace("'", "'\\''") + "'";
  }

  private static final class Output extends ResultCallback.Adapter<Frame> {
    private final ByteArrayOutputStream stdout = new ByteArrayOutputStream();
    private final ByteArrayOutputStream stderr = new ByteArrayOutputStream();
    private final OutputStream commands;
    private boolean ended;

    Output(OutputStream commands) {
      this.commands = commands;
    }

    @Override
    public synchronized void onNext(Frame frame) {
      (frame.getStreamType() == StreamType.STDERR ? stderr : stdout).writeBytes(frame.getPayload());
      notifyAll();
    }

    @Override
    public void onError(Throwable cause) {
      super.onError(cause);
      ended();
    }

    @Override
    public void onComplete() {
      super.onComplete();
      ended();
    }

    /** Lets the thread go that waits for further commands. */
    private synchronized void ended() {
      ended = true;
      notifyAll();
      try {
        commands.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    synchronized boolean isEnded() {
      return ended;
    }

    synchronized void begin() {
      stdout.reset();
      stderr.reset();
    }

    synchronized Result end() {
      try {
        while (true) {
          String out = stdout.toString(UTF_8);
          String err = stderr.toString(UTF_8);
          int endOfOut = out.indexOf(END);
          int endOfErr = err.indexOf(END);
          if (endOfOut >= 0 && out.endsWith("\n") && endOfErr >= 0) {
            int exitCode = Integer.parseInt(out.substring(endOfOut + 1).strip());
            return new Result(exitCode, out.substring(0, endOfOut), err.substring(0, endOfErr));
          }
          if (ended) {
            return new Result(KILLED, out, err);
          }
          wait();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException(e);
      }
    }
  }
}
