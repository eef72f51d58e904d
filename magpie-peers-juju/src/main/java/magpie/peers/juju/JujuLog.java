/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import magpie.peers.text.Quote;

/** Writes to the log of the model with {@code juju-log}; needs nothing of java.util.logging. */
final class JujuLog {
  /** The kernel takes at most 128 KiB in one argument; the rest goes into the next call. */
  static final int LONGEST_IN_BYTES = 100_000;

  private JujuLog() {}

  /** Sends a message, in parts if it is long; an empty one is none. */
  static void send(HookTools tools, int severity, String message) {
    String text = tame(message);
    for (int from = 0; from < text.length(); ) {
      int end = end(text, from);
      tools.run(
          HookTools.Call.of("juju-log", "-l", level(severity), "--", text.substring(from, end)));
      from = end;
    }
  }

  /** What people read at a terminal with {@code juju debug-log} may come from any peer. */
  private static String tame(String message) {
    // No argument can hold a NUL, and a message may have several lines.
    StringBuilder tame = new StringBuilder(message.length());
    int from = 0;
    for (int end = message.indexOf('\n'); end >= 0; end = message.indexOf('\n', from)) {
      tame.append(visible(message.substring(from, end))).append('\n');
      from = end + 1;
    }
    return tame.append(visible(message.substring(from))).toString();
  }

  private static String visible(String line) {
    return Quote.visible(line.replace("\0", "\\0"));
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

  /** The numbers are those of both {@link System.Logger.Level} and java.util.logging. */
  private static String level(int severity) {
    return severity >= System.Logger.Level.ERROR.getSeverity()
        ? "ERROR"
        : severity >= System.Logger.Level.WARNING.getSeverity()
            ? "WARNING"
            : severity >= System.Logger.Level.INFO.getSeverity()
                ? "INFO"
                : severity >= System.Logger.Level.DEBUG.getSeverity() ? "DEBUG" : "TRACE";
  }
}
