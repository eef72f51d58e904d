/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.local;

import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.Supplier;
import magpie.peers.spi.PeerSource;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;

/**
 * Calls when something in some directories may have changed, and again and again in case it went
 * unnoticed.
 *
 * <p>What an event says is never believed beyond "look again": events overflow, name the old
 * directory after a swap, and never come on a network file system. They come in bursts too; all
 * that have come while a call was under way make one more call. Events of names that do not matter
 * are left out, because a topology may lie beside a log.
 */
final class DirectoryWatch implements PeerSource.Watch {
  private static final System.Logger LOG = System.getLogger(DirectoryWatch.class.getName());
  private static final Duration LONGEST_END = Duration.ofSeconds(10);

  private final Supplier<Map<Path, Predicate<Path>>> wanted;
  private final Duration interval;
  private final Events events;
  private final Runnable changed;
  private final Thread thread;
  private final CountDownLatch closed = new CountDownLatch(1);
  private volatile boolean complained;

  // Guarded by this.
  private @Nullable WatchService service;
  private final Map<Path, Registration> registrations = new HashMap<>();
  private boolean failing;

  /** Opens the source of events; a file system may have none to give. */
  interface Events {
    WatchService open() throws IOException;
  }

  private record Registration(WatchKey key, @Nullable Object directory, Predicate<Path> names) {}

  private DirectoryWatch(
      String what,
      Supplier<Map<Path, Predicate<Path>>> wanted,
      Duration interval,
      Events events,
      Runnable changed) {
    this.wanted = wanted;
    this.interval = interval;
    this.events = events;
    this.changed = changed;
    this.thread = new Thread(this::run, "magpie-peers-local-watch " + what);
    thread.setDaemon(true);
  }

  /**
   * Starts to watch.
   *
   * @param what names the thread
   * @param wanted which names matter in which directories; asked anew after every change
   * @param interval how often to call although no event came
   * @param events opens the source of events
   * @param changed what to call
   */
  static DirectoryWatch start(
      String what,
      Supplier<Map<Path, Predicate<Path>>> wanted,
      Duration interval,
      Events events,
      Runnable changed) {
    DirectoryWatch watch = new DirectoryWatch(what, wanted, interval, events, changed);
    watch.thread.start();
    return watch;
  }

  @Override
  public void close() {
    closed.countDown();
    lose();
    if (Thread.currentThread() == thread) {
      return;
    }
    boolean interrupted = false;
    long deadline = System.nanoTime() + LONGEST_END.toNanos();
    long left = LONGEST_END.toNanos();
    while (left > 0 && thread.isAlive()) {
      try {
        thread.join(Math.max(1, TimeUnit.NANOSECONDS.toMillis(left)));
      } catch (InterruptedException e) {
        interrupted = true;
      }
      left = deadline - System.nanoTime();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (thread.isAlive()) {
      LOG.log(
          System.Logger.Level.WARNING,
          "{0} has not ended within {1} s: what it calls hangs",
          thread.getName(),
          LONGEST_END.toSeconds());
    }
  }

  private boolean open() {
    return closed.getCount() > 0;
  }

  private void run() {
    // What happened before the first registration is unknown, so the first call comes at once.
    register();
    while (open()) {
      call();
      // What a new directory went through before it was registered is unknown too.
      if (!register()) {
        await();
      }
    }
    lose();
  }

  private void call() {
    try {
      changed.run();
      complained = false;
    } catch (RuntimeException | Error e) {
      if (!complained) {
        complained = true;
        LOG.log(System.Logger.Level.ERROR, "the listener of a change threw", e);
      }
    }
  }

  /** Waits for an event that matters, or until it is time to look anyway. */
  private void await() {
    long deadline = System.nanoTime() + interval.toNanos();
    try {
      WatchService from = service();
      if (from == null) {
        closed.await(interval.toNanos(), TimeUnit.NANOSECONDS);
        return;
      }
      boolean due = false;
      while (!due) {
        WatchKey key = from.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
        if (key == null) {
          return;
        }
        for (; key != null; key = from.poll()) {
          due |= matters(key);
        }
      }
    } catch (ClosedWatchServiceException e) {
      // Closed, or lost: run() tells which, and opens another.
      lose();
    } catch (InterruptedException e) {
      // This class interrupts nothing; after a foreign interrupt it is safe to look again.
    }
  }

  private synchronized boolean matters(WatchKey key) {
    boolean due = false;
    for (WatchEvent<?> event : key.pollEvents()) {
      // Where events overflowed there is no name, and anything may have happened.
      due |=
          !(event.context() instanceof Path name)
              || registrations.values().stream()
                  .anyMatch(known -> known.key.equals(key) && known.names.test(name));
    }
    if (!key.reset()) {
      registrations.values().removeIf(known -> known.key.equals(key));
      due = true;
    }
    return due;
  }

  /**
   * Makes the registrations those that are wanted now.
   *
   * @return whether one is new
   */
  synchronized boolean register() {
    boolean fresh = false;
    try {
      WatchService to = service();
      if (to == null) {
        return false;
      }
      Map<Path, Predicate<Path>> now = wanted.get();
      for (Map.Entry<Path, Predicate<Path>> each : now.entrySet()) {
        fresh |= register(to, each.getKey(), each.getValue());
      }
      Iterator<Map.Entry<Path, Registration>> known = registrations.entrySet().iterator();
      while (known.hasNext()) {
        Map.Entry<Path, Registration> each = known.next();
        if (!now.containsKey(each.getKey())) {
          known.remove();
          cancel(each.getValue().key);
        }
      }
      failing = false;
    } catch (ClosedWatchServiceException e) {
      lose();
    } catch (IOException | RuntimeException e) {
      warn(e);
    }
    return fresh;
  }

  private boolean register(WatchService to, Path directory, Predicate<Path> names)
      throws IOException {
    Registration known = registrations.get(directory);
    try {
      Object key = Files.readAttributes(directory, BasicFileAttributes.class).fileKey();
      if (known != null && Objects.equals(known.directory, key)) {
        registrations.put(directory, new Registration(known.key, key, names));
        return false;
      }
      WatchKey watched =
          directory.register(
              to,
              StandardWatchEventKinds.ENTRY_CREATE,
              StandardWatchEventKinds.ENTRY_MODIFY,
              StandardWatchEventKinds.ENTRY_DELETE);
      registrations.put(directory, new Registration(watched, key, names));
      if (known != null) {
        cancel(known.key);
      }
      return true;
    } catch (NoSuchFileException | NotDirectoryException e) {
      // Not there; the directory above is watched for it.
      if (known != null) {
        registrations.remove(directory);
        cancel(known.key);
      }
      return false;
    }
  }

  /** One directory under two names has one key. */
  private void cancel(WatchKey key) {
    if (registrations.values().stream().noneMatch(known -> known.key.equals(key))) {
      key.cancel();
    }
  }

  private synchronized @Nullable WatchService service() {
    if (service == null && open()) {
      try {
        service = events.open();
      } catch (IOException | RuntimeException e) {
        warn(e);
      }
    }
    return service;
  }

  private synchronized void lose() {
    try {
      if (service != null) {
        service.close();
      }
    } catch (IOException e) {
      LOG.log(System.Logger.Level.DEBUG, "a watch service did not close", e);
    }
    service = null;
    registrations.clear();
  }

  private void warn(Exception e) {
    if (!failing) {
      failing = true;
      LOG.log(
          System.Logger.Level.WARNING,
          Quote.visible(thread.getName())
              + ": the system gives no file events, so changes are noticed every "
              + interval.toMillis()
              + " ms",
          e);
    }
  }
}
