/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.host;

import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A lock between all threads of this JVM, also where several class loaders have a copy of this
 * class.
 *
 * <p>File locks belong to the process, and closing any channel of a file ends them all. So no
 * thread may so much as open a file that another one has locked. What class loaders share is what
 * the JDK keeps: interned strings, to wait at, and system properties, to see that the lock is
 * taken.
 */
final class JvmLock implements AutoCloseable {
  private final String name;

  private JvmLock(String name) {
    this.name = name;
  }

  /**
   * Takes a lock, or returns null if it is not free in time.
   *
   * @throws InterruptedException if the thread is interrupted
   */
  static @Nullable JvmLock take(String path, long nanos) throws InterruptedException {
    String name = ("magpie-peers.locked:" + path).intern();
    long end = System.nanoTime() + nanos;
    synchronized (name) {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      while (System.getProperty(name) != null) {
        long rest = end - System.nanoTime();
        if (rest <= 0) {
          return null;
        }
        // One millisecond more, since a wait of none has no end.
        name.wait(TimeUnit.NANOSECONDS.toMillis(rest) + 1);
      }
      System.setProperty(name, "");
      return new JvmLock(name);
    }
  }

  @Override
  public void close() {
    synchronized (name) {
      System.clearProperty(name);
      name.notifyAll();
    }
  }
}
