/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * How many hook tools to launch at a time: 1, 10, 100 and 300 launches of {@code relation-get} from
 * a JVM, on one processor and on all, beside an empty program on the same.
 */
final class Launches implements Benchmarks.Section {
  private static final int ROUNDS = 7;
  private static final int[] COUNTS = {1, 10, 100, 300};
  private static final int[] OVERLAPS = {1, 2, 4, 8, 16};

  @Override
  public void run(Pattern which, int rounds) throws IOException, InterruptedException {
    if (!Benchmarks.chosen(which, this)) {
      return;
    }
    Path directory = Files.createTempDirectory("magpie-launches");
    try (HookLab lab = new HookLab(directory, COUNTS[COUNTS.length - 1])) {
      for (boolean one : new boolean[] {true, false}) {
        List<String> before = one ? List.of("taskset", "-c", "0") : List.of();
        lab.add("empty" + one, true, before, HookPrograms.Empty.class);
        for (int count : COUNTS) {
          for (int overlap : OVERLAPS) {
            if (overlap <= count) {
              lab.add(
                  name(one, count, overlap),
                  true,
                  before,
                  HookPrograms.Bags.class,
                  Integer.toString(count),
                  Integer.toString(overlap));
            }
          }
        }
      }
      lab.measure(rounds > 0 ? rounds : ROUNDS);
      for (boolean one : new boolean[] {true, false}) {
        Benchmarks.table(
            "Launches on " + (one ? "one processor" : "all processors") + ", ms beyond empty",
            "launches",
            "1 at a time",
            "2",
            "4",
            "8",
            "16");
        for (int count : COUNTS) {
          List<Object> cells = new ArrayList<>(List.of(Integer.toString(count)));
          for (int overlap : OVERLAPS) {
            cells.add(
                overlap <= count
                    ? (Object) (lab.wall(name(one, count, overlap)) - lab.wall("empty" + one))
                    : "-");
          }
          Benchmarks.row(cells.toArray());
        }
      }
    }
  }

  private static String name(boolean one, int count, int overlap) {
    return one + " " + count + " " + overlap;
  }
}
