/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit.juju;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;

/**
 * Something that goes wrong with a call of a hook tool, and the calls it goes wrong with.
 *
 * <pre>{@code
 * juju.inject(Fault.exit(1, "ERROR connection is shut down").on("relation-get").nth(3));
 * juju.inject(Fault.truncate(10).on("relation-list").unit("magpie/0"));
 * juju.inject(Fault.hang().nth(7)); // the seventh call from now on, whatever it is
 * }</pre>
 *
 * <p>A fault strikes once unless {@link #always()} is asked for. Of several that match a call the
 * one injected first strikes. A call that is made to fail, hang or die has no effect; one whose
 * output is spoilt, or that is slow, has its usual effect. Immutable.
 */
public final class Fault {
  /** What is done to the call. */
  enum Action {
    EXIT,
    STDOUT,
    TRUNCATE,
    STDERR_FLOOD,
    STDOUT_FLOOD,
    HANG,
    HANG_IN_CHILD,
    SLOW,
    KILL,
    CHARM_DIES,
    CHARM_DIES_AFTERWARDS,
    AGENT_DIES
  }

  private final Action action;
  private final long amount;
  private final String text;
  private final String what;
  private final String tool;
  private final String unit;
  private final String hook;
  private final Predicate<List<String>> arguments;
  private final int nth;
  private final boolean always;

  private Fault(
      Action action,
      long amount,
      String text,
      String what,
      String tool,
      String unit,
      String hook,
      Predicate<List<String>> arguments,
      int nth,
      boolean always) {
    this.action = action;
    this.amount = amount;
    this.text = text;
    this.what = what;
    this.tool = tool;
    this.unit = unit;
    this.hook = hook;
    this.arguments = arguments;
    this.nth = nth;
    this.always = always;
  }

  private static Fault of(Action action, long amount, String text, String what) {
    return new Fault(action, amount, text, what, "", "", "", any -> true, 1, false);
  }

  private static long natural(long number, String name) {
    if (number < 0) {
      throw new IllegalArgumentException(name + " must not be negative, got " + number);
    }
    return number;
  }

  /**
   * The tool does nothing but say something and exit.
   *
   * @param exitCode its exit code, 0 to 255
   * @param stderr what it writes to its standard error output; a missing line end is added
   * @return the fault
   * @throws IllegalArgumentException if the exit code is out of range
   */
  public static Fault exit(int exitCode, String stderr) {
    Objects.requireNonNull(stderr, "stderr");
    if (exitCode < 0 || exitCode > 255) {
      throw new IllegalArgumentException("exitCode must be 0 to 255, got " + exitCode);
    }
    String line = stderr.isEmpty() || stderr.endsWith("\n") ? stderr : stderr + "\n";
    return of(Action.EXIT, exitCode, line, "exit " + exitCode);
  }

  /**
   * The tool does its work and exits with 0, but prints this instead of its output.
   *
   * @param stdout what it prints
   * @return the fault
   */
  public static Fault stdout(String stdout) {
    return of(Action.STDOUT, 0, Objects.requireNonNull(stdout, "stdout"), "other output");
  }

  /**
   * The tool does its work and exits with 0, but prints what is no value of any format.
   *
   * @return the fault
   */
  public static Fault garbage() {
    return of(Action.STDOUT, 0, "\u0000\u0007}{]\"\\\ufffd\n\u001b[31m", "garbage");
  }

  /**
   * The tool does its work and exits with 0, but only the beginning of its output arrives.
   *
   * @param bytes how much of the output arrives, 0 or more
   * @return the fault
   * @throws IllegalArgumentException if the number is negative
   */
  public static Fault truncate(int bytes) {
    return of(Action.TRUNCATE, natural(bytes, "bytes"), "", "output cut to " + bytes + " bytes");
  }

  /**
   * The tool does its work, and floods its standard error output before it prints its answer.
   *
   * @param bytes how much it writes, 0 or more
   * @return the fault
   * @throws IllegalArgumentException if the number is negative
   */
  public static Fault stderrFlood(long bytes) {
    return of(Action.STDERR_FLOOD, natural(bytes, "bytes"), "", bytes + " bytes of stderr");
  }

  /**
   * The tool does its work, and goes on writing to its standard output after its answer.
   *
   * @param bytes how much it writes, 0 or more
   * @return the fault
   * @throws IllegalArgumentException if the number is negative
   */
  public static Fault stdoutFlood(long bytes) {
    return of(Action.STDOUT_FLOOD, natural(bytes, "bytes"), "", bytes + " bytes of stdout");
  }

  /**
   * The tool never ends by itself, at the latest when the hook ends.
   *
   * @return the fault
   */
  public static Fault hang() {
    return of(Action.HANG, 0, "", "hang");
  }

  /**
   * The tool never ends because it waits for a child process, which holds its output streams open.
   *
   * @return the fault
   */
  public static Fault hangInChild() {
    return of(Action.HANG_IN_CHILD, 0, "", "hang in a child process");
  }

  /**
   * The agent takes that long for the call; all other calls of the unit wait meanwhile.
   *
   * @param time how long
   * @return the fault
   * @throws IllegalArgumentException if the time is negative
   */
  public static Fault slow(Duration time) {
    return of(Action.SLOW, natural(time.toMillis(), "time"), "", "slow by " + time);
  }

  /**
   * The tool is killed by SIGKILL before it does anything.
   *
   * @return the fault
   */
  public static Fault kill() {
    return of(Action.KILL, 0, "", "killed");
  }

  /**
   * The charm's process, which called the tool, is killed by SIGKILL with all its children before
   * the call does anything. The hook has failed then, and what was done in it is discarded.
   *
   * <p>A hook that runs inside this process has no process to kill, unless the tool was called by
   * one that the hook started with {@link HookContext#call}.
   *
   * @return the fault
   */
  public static Fault charmDies() {
    return of(Action.CHARM_DIES, 0, "", "charm killed");
  }

  /**
   * As {@link #charmDies()}, but the tool has done its work and given its answer before.
   *
   * @return the fault
   */
  public static Fault charmDiesAfterwards() {
    return of(Action.CHARM_DIES_AFTERWARDS, 0, "", "charm killed afterwards");
  }

  /**
   * The unit agent dies during the call: this and all further calls of the hook fail, and so does
   * the hook.
   *
   * @return the fault
   */
  public static Fault agentDies() {
    return of(Action.AGENT_DIES, 0, "", "agent dies");
  }

  /**
   * Limits the fault to one tool.
   *
   * @param tool the tool's name, such as {@code relation-get}
   * @return such a fault
   */
  public Fault on(String tool) {
    Objects.requireNonNull(tool, "tool");
    return new Fault(action, amount, text, what, tool, unit, hook, arguments, nth, always);
  }

  /**
   * Limits the fault to the calls of one unit.
   *
   * @param unit the unit's name
   * @return such a fault
   */
  public Fault unit(String unit) {
    Objects.requireNonNull(unit, "unit");
    return new Fault(action, amount, text, what, tool, unit, hook, arguments, nth, always);
  }

  /**
   * Limits the fault to the calls made in one kind of hook.
   *
   * @param hook the hook's name, such as {@code magpie-relation-joined}
   * @return such a fault
   */
  public Fault during(String hook) {
    Objects.requireNonNull(hook, "hook");
    return new Fault(action, amount, text, what, tool, unit, hook, arguments, nth, always);
  }

  /**
   * Limits the fault to calls with certain arguments.
   *
   * @param arguments tells whether a call's arguments are such
   * @return such a fault
   */
  public Fault matching(Predicate<List<String>> arguments) {
    Objects.requireNonNull(arguments, "arguments");
    return new Fault(action, amount, text, what, tool, unit, hook, arguments, nth, always);
  }

  /**
   * Makes the fault wait: it strikes the n-th call that matches, counted from its injection.
   *
   * @param nth 1 for the first
   * @return such a fault
   * @throws IllegalArgumentException if the number is less than 1
   */
  public Fault nth(int nth) {
    if (nth < 1) {
      throw new IllegalArgumentException("nth must be 1 or more, got " + nth);
    }
    return new Fault(action, amount, text, what, tool, unit, hook, arguments, nth, always);
  }

  /**
   * Makes the fault strike again and again, from its first time on.
   *
   * @return such a fault
   */
  public Fault always() {
    return new Fault(action, amount, text, what, tool, unit, hook, arguments, nth, true);
  }

  Action action() {
    return action;
  }

  long amount() {
    return amount;
  }

  String text() {
    return text;
  }

  boolean matches(String callingUnit, String inHook, String calledTool, List<String> given) {
    return (unit.isEmpty() || unit.equals(callingUnit))
        && (hook.isEmpty() || hook.equals(inHook))
        && (tool.isEmpty() || tool.equals(calledTool))
        && arguments.test(given);
  }

  /** Tells whether the fault strikes when so many calls matched, this one included. */
  boolean strikesAt(int matched) {
    return always ? matched >= nth : matched == nth;
  }

  /** Tells whether the fault is over when so many calls matched. */
  boolean spentAfter(int matched) {
    return !always && matched >= nth;
  }

  /** Returns what is done, and to which calls. */
  @Override
  public String toString() {
    return what
        + " at "
        + (always ? "every call from number " : "call number ")
        + nth
        + (tool.isEmpty() ? "" : " of " + tool)
        + (hook.isEmpty() ? "" : " in " + hook)
        + (unit.isEmpty() ? "" : " by " + unit);
  }
}
