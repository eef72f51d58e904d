/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import java.util.List;
import java.util.Locale;
import java.util.Objects;
import magpie.peers.PeersException;
import magpie.peers.text.Quote;

/**
 * A hook tool failed, said something that cannot be understood, or did not answer in time.
 *
 * <p>The hook should fail: Juju then drops everything the hook buffered and runs it again.
 */
public final class HookToolException extends PeersException {
  private static final long serialVersionUID = 1L;

  /** Of an argument that a message shows whole. */
  private static final int LONGEST = 200;

  /** Where a message shows no further arguments. */
  private static final int MOST = 2000;

  /** What a caller may want to tell apart. */
  public enum Reason {
    /** The relation is gone, or this unit may not see it. */
    RELATION_GONE,
    /** The unit asked about never joined the relation. */
    NEVER_JOINED,
    /** The call is for the leader alone. */
    NOT_LEADER,
    /** There is no hook: hook tools answer only inside one. */
    OUTSIDE_HOOK,
    /** The hook that this process was started for has ended. */
    STALE_CONTEXT,
    /** More was stored than Juju allows. */
    OVER_QUOTA,
    /** The tool is not on the PATH or cannot be started. */
    NOT_STARTED,
    /** The tool did not end before the deadline and was killed. */
    TIMED_OUT,
    /** The tool ended well, but its output is not what the contract promises. */
    UNREADABLE_OUTPUT,
    /** Anything else; the tool's own words tell. */
    OTHER
  }

  /** What a caller may want to tell apart. */
  private final Reason reason;

  /** The name of the tool. */
  private final String tool;

  /** The arguments, without the tool. */
  private final transient List<String> arguments;

  /** The exit code, or -1. */
  private final int exitCode;

  /** What the tool said on standard error. */
  private final String stderr;

  /**
   * Creates the exception.
   *
   * @param reason what a caller may want to tell apart
   * @param tool the name of the tool
   * @param arguments the arguments, without the tool
   * @param exitCode the exit code, or -1 where there is none
   * @param stderr what the tool said on standard error, possibly cut
   * @param message what was expected and what was found, in words, without a final full stop
   * @param next what to do next
   */
  public HookToolException(
      Reason reason,
      String tool,
      List<String> arguments,
      int exitCode,
      String stderr,
      String message,
      String next) {
    super(compose(tool, arguments, exitCode, stderr, message, next));
    this.reason = Objects.requireNonNull(reason, "reason");
    this.tool = tool;
    this.arguments = List.copyOf(arguments);
    this.exitCode = exitCode;
    this.stderr = stderr;
  }

  private static String compose(
      String tool,
      List<String> arguments,
      int exitCode,
      String stderr,
      String message,
      String next) {
    StringBuilder out = new StringBuilder("hook tool ").append(tool);
    for (String argument : arguments) {
      if (out.length() > MOST) {
        out.append(" ... (").append(arguments.size()).append(" arguments)");
        break;
      }
      // Longer ones are cut: a message is for people.
      boolean plain = argument.length() <= LONGEST && argument.matches("[A-Za-z0-9_./:=-]+");
      out.append(' ').append(plain ? argument : Quote.of(argument));
    }
    out.append(": ").append(message);
    out.append(
        exitCode < 0 ? "; no exit code" : String.format(Locale.ROOT, "; exit code %d", exitCode));
    String said = stderr.strip();
    out.append(said.isEmpty() ? ", nothing on stderr" : ", stderr " + Quote.of(said));
    return next.isEmpty() ? out.toString() : out.append("; ").append(next).toString();
  }

  /**
   * Returns what a caller may want to tell apart.
   *
   * @return the reason
   */
  public Reason reason() {
    return reason;
  }

  /**
   * Returns the name of the tool.
   *
   * @return the name, such as {@code relation-get}
   */
  public String tool() {
    return tool;
  }

  /**
   * Returns the arguments.
   *
   * @return the arguments without the tool; unmodifiable; empty after deserialization
   */
  public List<String> arguments() {
    return arguments == null ? List.of() : arguments;
  }

  /**
   * Returns the exit code.
   *
   * @return the exit code, or -1 where the tool did not start or was killed at the deadline
   */
  public int exitCode() {
    return exitCode;
  }

  /**
   * Returns what the tool said on standard error.
   *
   * @return the text, cut where it was very long, possibly empty
   */
  public String stderr() {
    return stderr;
  }
}
