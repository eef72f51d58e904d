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
 * told otherwise. A record that cannot be sent is reported to the handler's error manager and does
 * no other harm.
 */
public final class JujuLogHandler extends Handler implements AutoCloseable {
  /** The kernel takes at most 128 KiB in one argument; the rest goes into the next call. */
  private static final int LONGEST = 100_000;

  private final HookTools tools;

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
    if (!isLoggable(record)) {
      return;
    }
    try {
      StringBuilder message =
          new StringBuilder(record.getLoggerName() == null ? "" : record.getLoggerName() + ": ")
              .append(getFormatter().formatMessage(record));
      for (Throwable t = record.getThrown(); t != null; t = t.getCause()) {
        message.append("; ").append(t);
      }
      for (int from = 0; from < message.length(); from += LONGEST) {
        String part = message.substring(from, Math.min(message.length(), from + LONGEST));
        tools.run(HookTools.Call.of("juju-log", "-l", level(record.getLevel()), "--", part));
      }
    } catch (PeersException e) {
      reportError("juju-log did not take a record", e, ErrorManager.WRITE_FAILURE);
    }
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

  /** Ends the threads of this handler. */
  @Override
  public void close() {
    tools.close();
  }
}
