/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/** Calls of hook tools that several threads work through together. */
final class ToolRound<T> implements Runnable {
  private final HookTools tools;
  private final List<HookTools.Call> calls;
  private final HookTools.Receiver<T> receiver;
  private final CountDownLatch workers;
  private final AtomicInteger next = new AtomicInteger();
  private final AtomicReferenceArray<@Nullable T> results;
  private final AtomicReferenceArray<@Nullable Throwable> failures;
  private volatile boolean failed;
  private volatile boolean abandoned;

  /** Begins, with that many threads beside those that call {@link #work}. */
  ToolRound(
      HookTools tools, List<HookTools.Call> calls, HookTools.Receiver<T> receiver, int workers) {
    this.tools = tools;
    this.calls = calls;
    this.receiver = receiver;
    this.workers = new CountDownLatch(Math.max(0, workers));
    this.results = new AtomicReferenceArray<>(calls.size());
    this.failures = new AtomicReferenceArray<>(calls.size());
    for (int i = 0; i < workers; i++) {
      try {
        tools.execute(this);
      } catch (RejectedExecutionException | OutOfMemoryError e) {
        // Closed meanwhile, which the first call of this thread will tell; or no thread is to be
        // had, and this one does the work alone.
        this.workers.countDown();
      }
    }
  }

  @Override
  public void run() {
    try {
      work();
    } finally {
      workers.countDown();
    }
  }

  boolean isAbandoned() {
    return abandoned;
  }

  /** Kills the tools and waits for their end: the answers are not needed any more (F2). */
  void abandon() {
    abandoned = true;
    await();
  }

  /** Runs calls until none is left; for every thread of the round. */
  void work() {
    for (int i = next.getAndIncrement();
        i < calls.size() && !failed && !abandoned;
        i = next.getAndIncrement()) {
      try {
        results.set(i, answer(calls.get(i)));
      } catch (RuntimeException | Error e) {
        failures.set(i, e);
        failed = true;
      }
    }
  }

  private T answer(HookTools.Call call) {
    HookTools.Answer answer;
    try {
      answer = tools.run(call, this);
    } catch (HookToolException e) {
      return receiver.failed(e);
    }
    return receiver.answered(answer);
  }

  /**
   * Waits for all workers, each of which ends by its deadline; that is waited for even if this
   * thread is interrupted.
   */
  private void await() {
    if (Thread.currentThread().isInterrupted()) {
      abandoned = true;
    }
    boolean interrupted = false;
    while (true) {
      try {
        workers.await();
        break;
      } catch (InterruptedException e) {
        abandoned = true;
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Waits for all, and returns what the receiver made of the answers, in order.
   *
   * @throws HookToolException the first failure
   */
  List<T> results() {
    await();
    for (int i = 0; i < calls.size(); i++) {
      Throwable failure = failures.get(i);
      if (failure instanceof Error error) {
        throw error;
      }
      if (failure != null) {
        throw (RuntimeException) failure;
      }
    }
    List<T> all = new ArrayList<>(calls.size());
    for (int i = 0; i < calls.size(); i++) {
      T result = results.get(i);
      if (result == null) {
        throw HookTools.interrupted(calls.get(i), "", "it was not started");
      }
      all.add(result);
    }
    return Collections.unmodifiableList(all);
  }
}
