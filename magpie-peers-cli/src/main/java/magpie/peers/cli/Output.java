/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Standard output: UTF-8 with plain line feeds whatever the locale is, and honest about failure,
 * which a {@code PrintStream} swallows.
 */
final class Output {
  private static final int BUFFER = 1 << 13;

  /** What stands out, where there is colour. */
  enum Style {
    PLAIN(""),
    HEADING("\u001b[1m"),
    GOOD("\u001b[32m"),
    DOUBTFUL("\u001b[33m"),
    BAD("\u001b[31m");

    private final String on;

    Style(String on) {
      this.on = on;
    }
  }

  /** The reader of the output is gone, as behind "head": the command ends without a message. */
  static final class Closed extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Closed(IOException cause) {
      super(cause);
    }
  }

  /** The output cannot be written: a full disk, for instance. */
  static final class Failed extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Failed(String message, Throwable cause) {
      super(message, cause);
    }
  }

  private final OutputStream stream;
  private final Terminal terminal;
  private final StringBuilder buffer = new StringBuilder();

  Output(OutputStream stream, Terminal terminal) {
    this.stream = stream;
    this.terminal = terminal;
  }

  Terminal terminal() {
    return terminal;
  }

  void write(CharSequence text) {
    buffer.append(text);
    if (buffer.length() >= BUFFER) {
      flush();
    }
  }

  /** Writes a line; what is not ours in it must be {@linkplain magpie.peers.text.Quote visible}. */
  void line(CharSequence text) {
    write(text);
    write("\n");
  }

  String styled(Style style, String text) {
    return terminal.colour() && style != Style.PLAIN ? style.on + text + "\u001b[0m" : text;
  }

  /**
   * Hands on everything written so far, in one piece where it is short.
   *
   * @throws Closed if the reader has gone
   * @throws Failed if it cannot be written
   */
  void flush() {
    byte[] bytes = buffer.toString().getBytes(StandardCharsets.UTF_8);
    buffer.setLength(0);
    try {
      stream.write(bytes);
      stream.flush();
    } catch (IOException e) {
      throw piped() || String.valueOf(e.getMessage()).contains("Broken pipe")
          ? new Closed(e)
          : new Failed("cannot write to standard output: " + e.getMessage(), e);
    }
  }

  /** The message of a broken pipe is in the language of the system, so the descriptor is asked. */
  private static boolean piped() {
    try {
      String target = Files.readSymbolicLink(Path.of("/proc/self/fd/1")).toString();
      return target.startsWith("pipe:") || target.startsWith("socket:");
    } catch (IOException | UnsupportedOperationException e) {
      return false;
    }
  }
}
