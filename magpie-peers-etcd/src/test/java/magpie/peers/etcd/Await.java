/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.etcd;

import static org.junit.jupiter.api.Assertions.fail;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;

/** Waits for what another thread, process or server does. */
final class Await {
  private static final Duration DEADLINE = Duration.ofSeconds(60);

  private Await() {}

  /** Asks until the answer is the expected one; fails with the last answer. */
  static <T> void equal(T expected, Supplier<T> actual) {
    long deadline = System.nanoTime() + DEADLINE.toNanos();
    T found = actual.get();
    while (!expected.equals(found)) {
      if (System.nanoTime() - deadline > 0) {
        fail("expected " + expected + " within " + DEADLINE + ", last found " + found);
      }
      LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
      found = actual.get();
    }
  }
}
