/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it.benchmarks;

import com.sun.management.OperatingSystemMXBean;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Runs a main class of the benchmarks in a JVM of its own, and tells itself what it cost. */
final class Fork {
  /** What a measured program prints before its numbers. */
  private static final String MARK = "measured";

  private static final long LONGEST_MINUTES = 10;

  private Fork() {}

  /**
   * Runs it.
   *
   * @return the numbers that it printed, or nothing if it failed
   */
  static Optional<double[]> run(Class<?> main, List<String> jvm, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(jvm);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    command.addAll(List.of(arguments));
    File log = Path.of("target", "benchmarks", "fork.log").toFile();
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.appendTo(log)).start();
    String said;
    try (InputStream out = process.getInputStream()) {
      said = new String(out.readAllBytes(), StandardCharsets.UTF_8);
    }
    if (!process.waitFor(LONGEST_MINUTES, TimeUnit.MINUTES)) {
      process.destroyForcibly();
      throw new IllegalStateException(command + " does not end");
    }
    int at = said.lastIndexOf(MARK);
    if (process.exitValue() != 0 || at < 0) {
      return Optional.empty();
    }
    String[] words = said.substring(at + MARK.length()).strip().split(" ", -1);
    double[] numbers = new double[words.length];
    for (int i = 0; i < words.length; i++) {
      numbers[i] = Double.parseDouble(words[i]);
    }
    return Optional.of(numbers);
  }

  /** In the program: prints what {@link #run} returns. */
  static void report(double... numbers) {
    StringBuilder line = new StringBuilder(MARK);
    for (double number : numbers) {
      line.append(' ').append(number);
    }
    System.out.println(line);
  }

  /** In the program: the CPU time of this process so far, all threads, in milliseconds. */
  static double cpuMillis() {
    return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
            .getProcessCpuTime()
        / 1e6;
  }

  /** In the program: the bytes of the heap that are in use after garbage was collected. */
  static long used() {
    Runtime runtime = Runtime.getRuntime();
    long least = Long.MAX_VALUE;
    for (int i = 0; i < 4; i++) {
      System.gc();
      least = Math.min(least, runtime.totalMemory() - runtime.freeMemory());
    }
    return least;
  }
}
