/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit.juju;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A hook that runs inside this process instead of a process of its own.
 *
 * <p>The hook tools are the same executables; they work as long as the hook runs, for any process
 * that gets the hook's {@linkplain #environment() environment}. May be used by any thread.
 */
public final class HookContext {
  private final String unit;
  private final Hook hook;
  private final Map<String, String> environment;
  private final Path directory;
  private final Path tools;
  private final HookProcess.Launcher launcher;
  private volatile int exitCode;

  HookContext(
      String unit,
      Hook hook,
      Map<String, String> environment,
      Path directory,
      Path tools,
      HookProcess.Launcher launcher) {
    this.unit = unit;
    this.hook = hook;
    this.environment = Map.copyOf(environment);
    this.directory = directory;
    this.tools = tools;
    this.launcher = launcher;
  }

  /**
   * What a process in a hook printed.
   *
   * @param exitCode its exit code
   * @param stdout its standard output, at most the first 16 MiB
   * @param stderr its standard error output, at most the first 16 MiB
   */
  public record Output(int exitCode, String stdout, String stderr) {}

  /**
   * What is done in a hook.
   *
   * @param <E> what it may throw
   */
  @FunctionalInterface
  public interface Body<E extends Exception> {
    /**
     * Does it. If it throws, the hook fails and its changes are discarded.
     *
     * @param hook the hook it is done in
     * @throws E whatever it likes
     */
    void run(HookContext hook) throws E;
  }

  /**
   * Returns the unit that runs the hook.
   *
   * @return its name
   */
  public String unit() {
    return unit;
  }

  /**
   * Returns the hook.
   *
   * @return the hook, with its relation and departing unit filled in
   */
  public Hook hook() {
    return hook;
  }

  /**
   * Returns all environment variables a process of the hook has.
   *
   * @return the variables, unmodifiable
   */
  public Map<String, String> environment() {
    return environment;
  }

  /**
   * Returns the charm directory, the working directory of a hook.
   *
   * @return an absolute path
   */
  public Path directory() {
    return directory;
  }

  /**
   * Returns the directory of the hook tools.
   *
   * @return an absolute path
   */
  public Path tools() {
    return tools;
  }

  /**
   * Lets the hook end with this exit code, when its body is done.
   *
   * @param exitCode 0 to succeed
   */
  public void exit(int exitCode) {
    this.exitCode = exitCode;
  }

  int exitCode() {
    return exitCode;
  }

  /**
   * Runs a command as a process of the hook and waits for it.
   *
   * @param command the program, searched for on the hook's {@code PATH}, and its arguments
   * @return what it printed
   * @throws UncheckedIOException if it cannot be started
   * @throws IllegalStateException if it has not ended at the deadline of the hook; it is killed
   */
  public Output call(String... command) {
    return callWithInput("", command);
  }

  /**
   * Runs a command as a process of the hook, with a text on its standard input, and waits for it.
   *
   * @param stdin the text, passed as UTF-8
   * @param command the program, searched for on the hook's {@code PATH}, and its arguments
   * @return what it printed
   * @throws UncheckedIOException if it cannot be started
   * @throws IllegalStateException if it has not ended at the deadline of the hook; it is killed
   */
  public Output callWithInput(String stdin, String... command) {
    Objects.requireNonNull(stdin, "stdin");
    List<String> words = List.of(command);
    HookProcess.Result result;
    try {
      result = launcher.launch(words, environment, directory, stdin);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    if (result.timedOut()) {
      throw new IllegalStateException(
          "expected " + words + " to end within " + launcher.deadline() + ", it was killed");
    }
    return new Output(result.exitCode(), result.stdout(), result.stderr());
  }

  /** Returns unit and hook. */
  @Override
  public String toString() {
    return unit + ": " + hook;
  }
}
