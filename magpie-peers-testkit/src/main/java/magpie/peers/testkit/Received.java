/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit;

import static org.junit.jupiter.api.Assertions.fail;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * What a listener received, and the two kinds of waiting: for something to come, and for nothing
 * to.
 *
 * @param <T> what is received
 */
final class Received<T> implements Consumer<T> {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition more = lock.newCondition();
  private final List<T> all = new ArrayList<>();

  @Override
  public void accept(T one) {
    lock.lock();
    try {
      all.add(one);
      more.signalAll();
    } finally {
      lock.unlock();
    }
  }

  List<T> all() {
    lock.lock();
    try {
      return List.copyOf(all);
    } finally {
      lock.unlock();
    }
  }

  /** Waits until what was heard is enough; fails with the rule when the time is over. */
  List<T> await(String rule, Duration deadline, Predicate<List<T>> enough) {
    long left = deadline.toNanos();
    lock.lock();
    try {
      while (!enough.test(all)) {
        if (left <= 0) {
          return fail(rule + " (waited " + deadline + "; heard " + all + ")");
        }
        left = more.awaitNanos(left);
      }
      return List.copyOf(all);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return fail(rule + " (interrupted)", e);
    } finally {
      lock.unlock();
    }
  }

  /** Waits whether anything more is heard than {@code known} things; fails with the rule if so. */
  void quiet(String rule, Duration window, int known) {
    long left = window.toNanos();
    lock.lock();
    try {
      while (all.size() <= known && left > 0) {
        left = more.awaitNanos(left);
      }
      if (all.size() > known) {
        fail(rule + " (heard " + all.subList(known, all.size()) + ")");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      fail(rule + " (interrupted)", e);
    } finally {
      lock.unlock();
    }
  }
}
