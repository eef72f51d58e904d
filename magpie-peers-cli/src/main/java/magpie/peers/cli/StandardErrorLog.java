/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.text.MessageFormat;
import java.util.Locale;
import java.util.ResourceBundle;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;

/**
 * Writes what the library logs to standard error, a warning in one plain line.
 *
 * <p>The JDK's own way would write two lines with a date in the language of the system, and costs
 * every call the start of {@code java.logging}. Public, because only then can it be a service.
 */
public final class StandardErrorLog extends System.LoggerFinder {
  private static volatile PrintStream target = System.err;
  private static volatile boolean debug;
  private static volatile @Nullable String leftOut;

  /** Creates the finder; the JDK does, when the first logger is asked for. */
  public StandardErrorLog() {}

  /** Sets where the lines go, and whether stack traces are written, too. */
  static void to(PrintStream stream, boolean everything) {
    target = stream;
    debug = everything;
    leftOut = null;
  }

  /** Tells everything from here on. */
  static void debug() {
    debug = true;
  }

  /**
   * Leaves out a warning from here on, because the command itself tells what it says.
   *
   * @param message the whole message, without what it is the consequence of
   */
  static void leaveOut(String message) {
    leftOut = message;
  }

  /** Writes what ended a thread. */
  static void uncaught(Throwable thrown) {
    new Lines("").log(System.Logger.Level.ERROR, "unexpected failure: " + thrown);
    if (debug) {
      trace(thrown, target);
    }
  }

  /** Prints a stack trace whose messages cannot act on a terminal. */
  static void trace(Throwable thrown, PrintStream err) {
    StringWriter trace = new StringWriter();
    thrown.printStackTrace(new PrintWriter(trace, true));
    trace.toString().lines().forEach(line -> err.println(Quote.visible(line.replace("\t", "  "))));
  }

  @Override
  public System.Logger getLogger(String name, Module module) {
    return new Lines(name);
  }

  /** One logger; all of them write to the same place. */
  private record Lines(String name) implements System.Logger {
    @Override
    public String getName() {
      return name;
    }

    @Override
    public boolean isLoggable(Level level) {
      Level least = debug ? Level.DEBUG : Level.WARNING;
      return level != Level.OFF && level.getSeverity() >= least.getSeverity();
    }

    @Override
    public void log(
        Level level,
        @Nullable ResourceBundle bundle,
        @Nullable String message,
        @Nullable Throwable thrown) {
      if (!isLoggable(level) || (!debug && message != null && message.equals(leftOut))) {
        return;
      }
      PrintStream err = target;
      StringBuilder line = new StringBuilder("magpie-peers: ");
      line.append(level.getName().toLowerCase(Locale.ROOT)).append(": ");
      line.append(Quote.visible(joined(String.valueOf(message))));
      if (thrown != null) {
        line.append(": ").append(Quote.visible(firstLine(thrown)));
      }
      err.println(line);
      if (thrown != null && debug) {
        trace(thrown, err);
      }
      err.flush();
    }

    @Override
    public void log(
        Level level,
        @Nullable ResourceBundle bundle,
        @Nullable String format,
        @Nullable Object @Nullable ... parameters) {
      boolean plain = format == null || parameters == null || parameters.length == 0;
      log(
          level,
          bundle,
          plain ? format : new MessageFormat(format, Locale.ROOT).format(parameters),
          (Throwable) null);
    }

    /**
     * A warning is one line: what would follow in lines of its own, by our indent, is joined, and
     * the excerpt of a file is left out, since its place is named.
     */
    private static String joined(String message) {
      StringBuilder line = new StringBuilder();
      for (String part : message.split("\n  ", -1)) {
        if (line.isEmpty()) {
          line.append(part);
        } else if (!part.matches("[ 0-9]*\\|.*")) {
          line.append("; ").append(part.strip());
        }
      }
      return line.toString();
    }

    /** The rest of a long message comes with whatever reports the failure itself. */
    private static String firstLine(Throwable thrown) {
      String text = String.valueOf(thrown.getMessage());
      int end = text.indexOf('\n');
      return end < 0 ? text : text.substring(0, end);
    }
  }
}
