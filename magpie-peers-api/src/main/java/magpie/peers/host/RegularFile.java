/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.host;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Reads files whose directory others can write in: regular files only, up to a limit, within a
 * deadline.
 *
 * <p>Opening a pipe without a writer waits for ever, and so does reading a terminal; a device gives
 * bytes without end. What a path leads to is therefore looked at before it is opened. But a user
 * who can write in the directory can put a pipe there between the look and the opening, and Java
 * knows no way to open without waiting. So a thread of its own does both, and the caller waits for
 * it no longer than the deadline. A thread that hangs all the same is one at most for each path:
 * while it does, the path is refused.
 */
public final class RegularFile {
  private static final Duration LONGEST = Duration.ofSeconds(10);

  /** Short, since nothing is to be left behind by a view that was closed; long for many files. */
  private static final Duration IDLE = Duration.ofMillis(100);

  private static final int MOST_TRIES = 3;

  /** Starts the work of this class, in one thread unless one hangs. */
  private static final ExecutorService THREADS =
      new ThreadPoolExecutor(
          0,
          Integer.MAX_VALUE,
          IDLE.toMillis(),
          TimeUnit.MILLISECONDS,
          new SynchronousQueue<>(),
          work -> {
            Thread thread = new Thread(null, work, "magpie-peers file", 0, false);
            thread.setDaemon(true);
            return thread;
          });

  /** What hangs, by path, until it does not any more. */
  private static final Map<Path, CompletableFuture<?>> HANGING = new ConcurrentHashMap<>();

  private final Path path;
  private final LinkOption[] links;
  private final Duration deadline;
  private final Runnable looked;

  private RegularFile(Path path, LinkOption... links) {
    this(path, LONGEST, () -> {}, links);
  }

  /** For tests, which wait less and act between the look and the opening. */
  RegularFile(Path path, Duration deadline, Runnable looked, LinkOption... links) {
    this.path = Objects.requireNonNull(path, "path");
    this.links = links.clone();
    this.deadline = deadline;
    this.looked = looked;
  }

  /**
   * Reads a whole file.
   *
   * <p>It may be larger than the system says, as files below {@code /proc} are, and may grow
   * meanwhile; what is read stays within the limit. An interrupt does not end the wait, and is kept
   * for the caller.
   *
   * @param path the file
   * @param largest how many bytes it may have
   * @param links {@link LinkOption#NOFOLLOW_LINKS} where the path must not be a symbolic link
   * @return its bytes
   * @throws FileSystemException whose reason says what was expected and what was found, if it is no
   *     regular file, has more bytes, is replaced again and again meanwhile, or is not read within
   *     10 seconds
   * @throws IOException if it cannot be read
   */
  public static byte[] read(Path path, int largest, LinkOption... links) throws IOException {
    return new RegularFile(path, links).read(largest);
  }

  /**
   * Tells what a path leads to, if that is a file which {@link #read} would read.
   *
   * <p>Nothing is opened, so this waits for nothing but the file system. What is there a moment
   * later is another question.
   *
   * @param path the file
   * @param largest how many bytes it may have
   * @param links {@link LinkOption#NOFOLLOW_LINKS} where the path must not be a symbolic link
   * @return its attributes
   * @throws FileSystemException whose reason says what was expected and what was found, if it is no
   *     regular file or has more bytes
   * @throws IOException if it cannot be looked at
   */
  public static BasicFileAttributes look(Path path, long largest, LinkOption... links)
      throws IOException {
    return new RegularFile(path, links).look(largest);
  }

  byte[] read(int largest) throws IOException {
    return within(() -> content(largest), tooLate -> {});
  }

  /**
   * Opens a file to write to it, and creates it if there is none.
   *
   * @return the channel, which the caller closes
   */
  static FileChannel openToWrite(Path path, FileAttribute<?>... attributes) throws IOException {
    return new RegularFile(path, LinkOption.NOFOLLOW_LINKS).openToWrite(attributes);
  }

  FileChannel openToWrite(FileAttribute<?>... attributes) throws IOException {
    return open(
        Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS),
        attributes);
  }

  /**
   * Opens a file to write to it, if there is one.
   *
   * @return the channel, which the caller closes
   */
  static FileChannel openExisting(Path path) throws IOException {
    return new RegularFile(path, LinkOption.NOFOLLOW_LINKS)
        .open(Set.of(StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS));
  }

  private FileChannel open(Set<OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    return within(
        () -> {
          if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            look(Long.MAX_VALUE);
          }
          looked.run();
          return FileChannel.open(path, options, attributes);
        },
        RegularFile::close);
  }

  private static void close(FileChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      // Opened too late, and nothing was written to it.
    }
  }

  private byte[] content(int largest) throws IOException {
    Set<OpenOption> options = new HashSet<>(Arrays.asList(links));
    options.add(StandardOpenOption.READ);
    for (int i = 0; i < MOST_TRIES; i++) {
      BasicFileAttributes before = look(largest);
      looked.run();
      try (FileChannel in = FileChannel.open(path, options)) {
        byte[] content = content(in, largest);
        // What was opened cannot be asked what it is; what the path leads to can, once more.
        if (Objects.equals(before.fileKey(), look(largest).fileKey())) {
          return content;
        }
      }
    }
    throw refused("expected a file that stays, found it replaced each time it was read");
  }

  private byte[] content(FileChannel in, int largest) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(in.size(), largest) + 1);
    while (in.read(buffer) >= 0) {
      if (!buffer.hasRemaining()) {
        if (buffer.capacity() > largest) {
          throw tooLarge(largest, in.size());
        }
        int more = (int) Math.min(2L * buffer.capacity(), largest) + 1;
        buffer = ByteBuffer.allocate(more).put(buffer.flip());
      }
    }
    return Arrays.copyOf(buffer.array(), buffer.position());
  }

  private BasicFileAttributes look(long largest) throws IOException {
    BasicFileAttributes found = Files.readAttributes(path, BasicFileAttributes.class, links);
    if (!found.isRegularFile()) {
      throw refused(
          "expected a regular file, found "
              + (found.isDirectory()
                  ? "a directory"
                  : found.isSymbolicLink() ? "a symbolic link" : "a pipe, socket or device"));
    }
    if (found.size() > largest) {
      throw tooLarge(largest, found.size());
    }
    return found;
  }

  private FileSystemException tooLarge(long largest, long found) {
    // A file that grows, or hides its size, has more than it says.
    String size = found > largest ? String.valueOf(found) : "more";
    return refused("expected at most " + largest + " bytes, found " + size);
  }

  private FileSystemException refused(String reason) {
    return new FileSystemException(path.toString(), null, reason);
  }

  private FileSystemException hangs() {
    return refused(
        "expected to open and read it within "
            + deadline.toMillis()
            + " ms, found that it hangs, as a pipe without writer does");
  }

  private <T> T within(Callable<T> work, Consumer<T> tooLate) throws IOException {
    Path key = path.toAbsolutePath();
    if (HANGING.containsKey(key)) {
      throw hangs();
    }
    CompletableFuture<T> answer = new CompletableFuture<>();
    AtomicReference<@Nullable Thread> at = new AtomicReference<>();
    THREADS.execute(
        () -> {
          at.set(Thread.currentThread());
          try {
            T made = work.call();
            if (!answer.complete(made)) {
              tooLate.accept(made);
            }
          } catch (Throwable e) {
            answer.completeExceptionally(e);
          } finally {
            synchronized (at) {
              at.set(null);
            }
            HANGING.remove(key, answer);
          }
        });
    long end = System.nanoTime() + deadline.toNanos();
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return answer.get(end - System.nanoTime(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
          interrupted = true;
        } catch (TimeoutException e) {
          HANGING.put(key, answer);
          if (answer.completeExceptionally(hangs())) {
            // Ends a read that waits; an opening that waits ends with whatever it waits for.
            interrupt(at);
          } else {
            HANGING.remove(key, answer);
          }
        } catch (ExecutionException e) {
          throw failure(e.getCause());
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Never the next work of the same thread, hence the lock. */
  private static void interrupt(AtomicReference<@Nullable Thread> at) {
    synchronized (at) {
      Thread thread = at.get();
      if (thread != null) {
        thread.interrupt();
      }
    }
  }

  private static IOException failure(@Nullable Throwable cause) {
    if (cause instanceof RuntimeException unforeseen) {
      throw unforeseen;
    }
    if (cause instanceof Error error) {
      throw error;
    }
    return cause instanceof IOException known ? known : new IOException(cause);
  }
}
