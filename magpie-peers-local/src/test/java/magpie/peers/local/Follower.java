/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.local;

import static org.junit.jupiter.api.Assertions.fail;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import magpie.peers.PeersException;
import magpie.peers.spi.PeerSource;

/** Reads a source only when it is told to, as a view with listeners does. */
final class Follower implements AutoCloseable {
  private final Semaphore told = new Semaphore(0);
  private final PeerSource.Watch watch;

  Follower(PeerSource source) {
    watch = source.watch(told::release);
  }

  /** Reads at every call until the answer is the expected one. */
  <T> void sees(T expected, Supplier<T> reading) throws InterruptedException {
    Object last = "nothing";
    long deadline = System.nanoTime() + Await.DEADLINE.toNanos();
    while (told.tryAcquire(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
      told.drainPermits();
      try {
        last = reading.get();
      } catch (PeersException e) {
        last = e;
      }
      if (expected.equals(last)) {
        return;
      }
    }
    fail("expected to be called and then to see " + expected + ", last saw " + last);
  }

  /** Reads at every call until reading fails with the expected exception. */
  void fails(Class<? extends PeersException> expected, PeerSource source)
      throws InterruptedException {
    sees(
        expected,
        () -> {
          try {
            source.read();
            return PeersException.class;
          } catch (PeersException e) {
            return e.getClass();
          }
        });
  }

  @Override
  public void close() {
    watch.close();
  }
}
