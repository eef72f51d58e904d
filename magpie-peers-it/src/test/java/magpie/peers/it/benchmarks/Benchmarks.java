/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it.benchmarks;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Measures what docs/performance.md states, and prints its tables.
 *
 * <pre>{@code
 * mvn -q -Pbenchmarks verify -pl magpie-peers-it -am [-Dbenchmarks=REGEX] [-Drounds=N]
 * }</pre>
 *
 * <p>Every figure stands beside that of a baseline of the same run, which does the same with
 * nothing but the JDK (or the bare parser), in turns with it. The ratio is what may be compared;
 * times are those of one machine at one moment. Nothing here decides whether a build passes.
 */
final class Benchmarks {
  /** One kind of measurement. */
  interface Section {
    /**
     * Measures and prints.
     *
     * @param which the measurements to make, by name
     * @param rounds how often each is made
     */
    void run(Pattern which, int rounds) throws IOException, InterruptedException;
  }

  private Benchmarks() {}

  /** Runs the sections of which some name matches. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    Pattern which = Pattern.compile(System.getProperty("benchmarks", ""));
    int rounds = Integer.getInteger("rounds", 0);
    System.out.printf(
        Locale.ROOT,
        "%s %s, %d processors, %s %s%n",
        System.getProperty("java.vm.name"),
        Runtime.version(),
        Runtime.getRuntime().availableProcessors(),
        System.getProperty("os.name"),
        System.getProperty("os.arch"));
    List<Section> sections =
        List.of(
            new Hooks(),
            new Incremental(),
            new Launches(),
            new Microbenchmarks(),
            new Loading(),
            new Reloading(),
            new Retained());
    for (Section section : sections) {
      section.run(which, rounds);
    }
  }

  /** Whether a measurement was asked for. */
  static boolean chosen(Pattern which, Section section) {
    return which.matcher(section.getClass().getSimpleName()).find();
  }

  /** Begins a table. */
  static void table(String title, String... columns) {
    System.out.println("\n### " + title + "\n");
    row((Object[]) columns);
    System.out.println("|---".repeat(columns.length) + "|");
  }

  /** Prints a row; numbers as their size asks for. */
  static void row(Object... cells) {
    StringBuilder line = new StringBuilder("|");
    for (Object cell : cells) {
      line.append(' ').append(cell instanceof Double number ? shown(number) : cell).append(" |");
    }
    System.out.println(line);
  }

  private static String shown(double number) {
    String form = number >= 100 ? "%.0f" : number >= 10 ? "%.1f" : "%.2f";
    return String.format(Locale.ROOT, form, number);
  }

  static double median(List<Double> values) {
    return quantile(values, 0.5);
  }

  static double quantile(List<Double> values, double part) {
    return values.stream()
        .sorted()
        .skip((long) (part * (values.size() - 1)))
        .findFirst()
        .orElseThrow();
  }
}
