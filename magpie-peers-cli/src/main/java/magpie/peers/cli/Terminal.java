/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import magpie.peers.Environment;

/**
 * What standard output can show.
 *
 * @param colour whether colours are welcome; only on a terminal
 * @param width how many characters fit into a line; 0 if there is no limit, as for a file
 */
record Terminal(boolean colour, int width) {
  static final Terminal NONE = new Terminal(false, 0);

  /** Finds out; costs nothing to speak of unless it is a terminal. */
  static Terminal of(Environment environment) {
    if (!present(1)) {
      return NONE;
    }
    boolean colour =
        environment.variable("NO_COLOR").isEmpty()
            && !environment.variable("TERM").orElse("dumb").equals("dumb");
    int width = number(environment.variable("COLUMNS").orElse(""));
    return new Terminal(colour, width > 0 ? width : measured());
  }

  /**
   * Tells whether a descriptor (1 standard output, 2 standard error) is a terminal.
   *
   * <p>Asks the descriptor where the system shows it, since {@link System#console()} also wants a
   * terminal for input, and on some JDKs is there without any.
   */
  @SuppressWarnings("SystemConsoleNull") // asked only where null still means something
  static boolean present(int descriptor) {
    try {
      String target = Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor)).toString();
      return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty");
    } catch (IOException | UnsupportedOperationException e) {
      return Runtime.version().feature() < 22 && System.console() != null;
    }
  }

  /** Asks the terminal through {@code stty}, as the JDK cannot. */
  private static int measured() {
    Process stty = null;
    try {
      stty =
          new ProcessBuilder("stty", "size")
              .redirectInput(new File("/dev/tty"))
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      if (!stty.waitFor(1, TimeUnit.SECONDS)) {
        return 0;
      }
      String size = new String(stty.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
      return number(size.substring(size.indexOf(' ') + 1).strip());
    } catch (IOException e) {
      return 0;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return 0;
    } finally {
      if (stty != null) {
        stty.destroyForcibly();
      }
    }
  }

  private static int number(String digits) {
    try {
      return Math.max(0, Integer.parseInt(digits));
    } catch (NumberFormatException e) {
      return 0;
    }
  }
}
