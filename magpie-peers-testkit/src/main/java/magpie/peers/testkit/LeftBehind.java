/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** What a view may leave behind when it is closed: threads and open files of this process. */
final class LeftBehind {
  private LeftBehind() {}

  /** The names of all threads that are not the JVM's own, in order. */
  static List<String> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> !ofTheJvm(thread))
        .map(Thread::getName)
        .sorted()
        .toList();
  }

  /** Threads that the JDK starts when it likes and keeps. */
  static boolean ofTheJvm(Thread thread) {
    ThreadGroup group = thread.getThreadGroup();
    return group == null
        || group.getName().equals("system")
        || group.getName().equals("InnocuousThreadGroup")
        || thread.getName().startsWith("ForkJoinPool.commonPool-worker-");
  }

  /**
   * What this process has open, on systems that tell. Libraries stay open once loaded, and what the
   * JVM asks of its container is open for a moment now and then.
   */
  static List<String> descriptors() {
    Path directory = Path.of("/proc/self/fd");
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    List<String> open = new ArrayList<>();
    try (Stream<Path> all = Files.list(directory)) {
      for (Path descriptor : (Iterable<Path>) all::iterator) {
        String target = target(descriptor);
        boolean ofTheJvm = target.startsWith("/sys/fs/cgroup/") || target.endsWith("/fd");
        if (!target.endsWith(".jar") && !ofTheJvm && !target.isEmpty()) {
          open.add(target);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return open;
  }

  private static String target(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString();
    } catch (IOException e) {
      // Closed since it was listed: not left behind.
      return "";
    }
  }
}
