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
      JujuLog.send(tools, record.getLevel().intValue(), message.toString());
    } catch (PeersException | IllegalStateException e) {
      // The message without the exception, whose stack trace would fill the log of the agent.
      reportError(
          "juju-log did not take a record: " + e.getMessage(), null, ErrorManager.WRITE_FAILURE);
    }
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
