/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit.juju;

/** Ends a hook tool the way jujuc ends it: one line on standard error output, and an exit code. */
final class ToolFailure extends Exception {
  private static final long serialVersionUID = 1L;

  /** Exit code of a call that was understood but failed. */
  static final int FAILED = 1;

  /** Exit code of a call that was not understood. */
  static final int MISUSED = 2;

  private final int exitCode;

  private ToolFailure(int exitCode, String message) {
    super(message, null, false, false);
    this.exitCode = exitCode;
  }

  static ToolFailure failed(String message) {
    return new ToolFailure(FAILED, message);
  }

  static ToolFailure misused(String message) {
    return new ToolFailure(MISUSED, message);
  }

  int exitCode() {
    return exitCode;
  }

  String line() {
    return "ERROR " + getMessage() + "\n";
  }
}
