/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** What several threads found wrong, told once they have ended. */
final class StressFaults {
  private static final Duration LONGEST_ANSWER = Duration.ofSeconds(60);

  final long seed = Long.getLong("magpie.stress.seed", new Random().nextLong());
  private final Queue<String> all = new ConcurrentLinkedQueue<>();

  void add(String fault) {
    if (all.size() < 20) {
      all.add(fault);
    }
  }

  void add(String what, Throwable thrown) {
    add(what + ": " + thrown + " at " + List.of(thrown.getStackTrace()));
  }

  void check() {
    assertEquals(List.of(), List.copyOf(all), "-Dmagpie.stress.seed=" + seed);
  }

  /** Fails with what every thread is doing. */
  void hangs(String what) {
    StringBuilder dump = new StringBuilder(what);
    dump.append(" (-Dmagpie.stress.seed=").append(seed).append(")\n");
    Thread.getAllStackTraces()
        .forEach(
            (thread, trace) -> {
              dump.append(thread.getName()).append(' ').append(thread.getState()).append('\n');
              for (StackTraceElement frame : trace) {
                dump.append("    ").append(frame).append('\n');
              }
            });
    all.forEach(fault -> dump.append(fault).append('\n'));
    fail(dump.toString());
  }

  void await(String what, BooleanSupplier condition) {
    long end = System.nanoTime() + LONGEST_ANSWER.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        hangs(what);
      }
      LockSupport.parkNanos(Duration.ofMillis(1).toNanos());
    }
  }

  void join(List<Thread> threads) throws InterruptedException {
    long end = System.nanoTime() + LONGEST_ANSWER.toNanos();
    for (Thread thread : threads) {
      TimeUnit.NANOSECONDS.timedJoin(thread, end - System.nanoTime());
      if (thread.isAlive()) {
        hangs(thread.getName() + " gets no answer");
      }
    }
  }

  static Thread start(String name, Runnable work) {
    Thread thread = new Thread(work, "stress " + name);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }
}
