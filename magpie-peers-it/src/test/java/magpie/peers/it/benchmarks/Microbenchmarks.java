/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.NoBenchmarksException;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/**
 * The benchmarks of JMH in this package. In each class the method {@code bare} is the baseline of
 * the others.
 *
 * <p>JMH finishes one method before it begins the next, so that a busy minute would hit only one of
 * them. Therefore everything runs several times over, each time in new JVMs, and the median of all
 * iterations counts.
 */
final class Microbenchmarks implements Benchmarks.Section {
  private static final String BASELINE = "bare";

  /** What one method came to with one set of parameters. */
  private static final class Measured {
    private final List<Double> nanos = new ArrayList<>();
    private final List<Double> bytes = new ArrayList<>();
  }

  @Override
  public void run(Pattern which, int rounds) throws IOException {
    String here = Pattern.quote(getClass().getPackageName()) + "\\.";
    Options options =
        new OptionsBuilder()
            .include("^" + here + ".*(?:" + which.pattern() + ")")
            .forks(1)
            .warmupIterations(4)
            .warmupTime(TimeValue.milliseconds(200))
            .measurementIterations(4)
            .measurementTime(TimeValue.milliseconds(150))
            .addProfiler(GCProfiler.class)
            .jvmArgs("-Xms512m", "-Xmx512m")
            .output(log().toString())
            .build();
    Map<String, Map<String, Measured>> all = new TreeMap<>();
    try {
      for (int round = 0; round < (rounds == 0 ? 3 : rounds); round++) {
        Collection<RunResult> results = new Runner(options).run();
        results.forEach(result -> add(all, result));
      }
    } catch (NoBenchmarksException e) {
      return;
    } catch (RunnerException e) {
      throw new IllegalStateException("the benchmarks of JMH failed; see " + log(), e);
    }
    if (!all.isEmpty()) {
      print(all);
    }
  }

  private static Path log() throws IOException {
    return Files.createDirectories(Path.of("target", "benchmarks")).resolve("jmh.log");
  }

  private static void add(Map<String, Map<String, Measured>> all, RunResult result) {
    String name = result.getParams().getBenchmark();
    int dot = name.lastIndexOf('.');
    String type = name.substring(name.lastIndexOf('.', dot - 1) + 1, dot);
    List<String> params =
        result.getParams().getParamsKeys().stream()
            .map(key -> key + "=" + result.getParams().getParam(key))
            .toList();
    Measured measured =
        all.computeIfAbsent(type + " " + String.join(" ", params), t -> new TreeMap<>())
            .computeIfAbsent(name.substring(dot + 1), m -> new Measured());
    for (BenchmarkResult fork : result.getBenchmarkResults()) {
      for (IterationResult iteration : fork.getIterationResults()) {
        measured.nanos.add(iteration.getPrimaryResult().getScore());
        iteration
            .getSecondaryResults()
            .forEach(
                (key, value) -> {
                  if (key.endsWith("gc.alloc.rate.norm")) {
                    measured.bytes.add(value.getScore());
                  }
                });
      }
    }
  }

  private static void print(Map<String, Map<String, Measured>> all) {
    Benchmarks.table("One operation (JMH)", "what", "method", "ns", "x bare", "bytes allocated");
    all.forEach(
        (what, methods) -> {
          double bare =
              methods.containsKey(BASELINE)
                  ? Benchmarks.median(methods.get(BASELINE).nanos)
                  : Double.NaN;
          Stream.concat(
                  methods.keySet().stream().filter(BASELINE::equals),
                  methods.keySet().stream().filter(name -> !name.equals(BASELINE)))
              .forEach(
                  method -> {
                    Measured measured = methods.get(method);
                    double nanos = Benchmarks.median(measured.nanos);
                    Benchmarks.row(
                        what, method, nanos, nanos / bare, Benchmarks.median(measured.bytes));
                  });
        });
  }
}
