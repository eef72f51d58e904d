/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import java.io.PrintStream;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Tells people at a terminal, on standard error, that a command which takes more than a second is
 * still at work, and for how long.
 */
final class Progress {
  private final CountDownLatch done = new CountDownLatch(1);
  private @Nullable Thread thread;

  private Progress() {}

  /** Begins to count, where somebody can see it. */
  static Progress start(boolean wanted, String command, Main main) {
    Progress progress = new Progress();
    if (wanted && main.watched()) {
      PrintStream err = main.errors();
      Thread thread = new Thread(() -> progress.tell(command, err), "magpie-peers-progress");
      thread.setDaemon(true);
      progress.thread = thread;
      thread.start();
    }
    return progress;
  }

  private void tell(String command, PrintStream err) {
    long seconds = 0;
    try {
      while (!done.await(1, TimeUnit.SECONDS)) {
        err.print("\rmagpie-peers " + command + ": " + ++seconds + " s ...");
        err.flush();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (seconds > 0) {
      err.print("\r\u001b[K");
      err.flush();
    }
  }

  /** Wipes the line away; idempotent. */
  void end() {
    done.countDown();
    Thread telling = thread;
    if (telling != null) {
      try {
        telling.join(1000);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
