/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import java.time.Duration;
import java.util.Objects;
import java.util.logging.ErrorManager;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import magpie.peers.Environment;
import magpie.peers.PeersException;
import magpie.peers.text.Quote;

/**
 * Sends log records to {@code juju-log}, so that they appear in {@code juju debug-log} at their own
 * level; serves {@link java.util.logging} and {@link System.Logger}, which goes there by default.
 *
 * <p>Every record starts a process, so the handler takes {@link Level#INFO} and above unless it is
 * told otherwise. Control characters other than the ends of lines arrive as escapes, since people
 * read the log at a terminal. A record that cannot be sent is reported to the handler's error
 * manager and does no other harm.
 */
public final class JujuLogHandler extends Handler implements AutoCloseable {
  /** The kernel takes at most 128 KiB in one argument; the rest goes into the next call. */
  static final int LONGEST_IN_BYTES = 100_000;

  /** Causes behind one another are followed this far: they may run in a circle. */
  private static final int MOST_CAUSES = 16;

  private final HookTools tools;
  private volatile boolean closed;

  /**
   * Creates a handler that is not yet attached to a logger.
   *
   * @param environment the environment of the hook
   */
  public JujuLogHandler(Environment environment) {
    tools =
        new HookTools(Objects.requireNonNull(environment, "environment"), Duration.ofSeconds(60));
    setLevel(Level.INFO);
    setFormatter(new SimpleFormatter());
  }

  /**
   * Lets all logging of this process go to {@code juju-log} instead of where it went.
   *
   * @param environment the environment of the hook
   * @return the handler, by now attached to the root logger
   */
  public static JujuLogHandler install(Environment environment) {
    JujuLogHandler handler = new JujuLogHandler(environment);
    Logger root = Logger.getLogger("");
    for (Handler other : root.getHandlers()) {
      root.removeHandler(other);
    }
    root.addHandler(handler);
    return handler;
  }

  @Override
  public void publish(LogRecord record) {
    if (closed || !isLoggable(record)) {
      return;
    }
    try {
      StringBuilder message =
          new StringBuilder(record.getLoggerName() == null ? "" : record.getLoggerName() + ": ")
              .append(getFormatter().formatMessage(record));
      Throwable thrown = record.getThrown();
      for (int i = 0; thrown != null && i < MOST_CAUSES; i++) {
        message.append("; ").append(thrown);
        thrown = thrown.getCause();
      }
      String text = tame(message.toString());
      for (int from = 0; from < text.length(); ) {
        int end = end(text, from);
        tools.run(
            HookTools.Call.of(
                "juju-log", "-l", level(record.getLevel()), "--", text.substring(from, end)));
        from = end;
      }
    } catch (PeersException | IllegalStateException e) {
      // The message without the exception, whose stack trace would fill the log of the agent.
      reportError(
          "juju-log did not take a record: " + e.getMessage(), null, ErrorManager.WRITE_FAILURE);
    }
  }

  /** What people read at a terminal with {@code juju debug-log} may come from any peer. */
  private static String tame(String message) {
    // No argument can hold a NUL, and a message may have several lines.
    StringBuilder tame = new StringBuilder(message.length());
    for (String line : message.replace("\0", "\\0").split("\n", -1)) {
      tame.append(tame.isEmpty() ? "" : "\n").append(Quote.visible(line));
    }
    return tame.toString();
  }

  /** Where the part that begins at {@code from} ends, between two characters. */
  static int end(String text, int from) {
    int end = from;
    int bytes = 0;
    while (end < text.length()) {
      int c = text.codePointAt(end);
      bytes += c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
      if (bytes > LONGEST_IN_BYTES) {
        return end;
      }
      end += Character.charCount(c);
    }
    return end;
  }

  private static String level(Level level) {
    int value = level.intValue();
    return value >= Level.SEVERE.intValue()
        ? "ERROR"
        : value >= Level.WARNING.intValue()
            ? "WARNING"
            : value >= Level.INFO.intValue()
                ? "INFO"
                : value >= Level.FINE.intValue() ? "DEBUG" : "TRACE";
  }

  /** Does nothing: every record is sent at once. */
  @Override
  public void flush() {}

  /** Ends this handler: later records go nowhere. */
  @Override
  public void close() {
    closed = true;
    tools.close();
  }
}
