/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * What a whole hook costs, from the start of its JVM to its end, beside an empty program, beside
 * the bare launches of the same tools from Java, and beside the same from a shell.
 */
final class Hooks implements Benchmarks.Section {
  private static final int ROUNDS = 15;

  /** A loop as a charm in shell has it. */
  private static final String SHELL =
      """
      relation-ids --format=json magpie
      relation-list --format=json -r magpie:1
      state-get --format=json magpie-peers.magpie
      state-set magpie-peers.magpie=x
      i=1
      while [ $i -le $1 ]; do
        relation-get --format=json -r magpie:1 - magpie/$i
        i=$((i + 1))
      done
      """;

  @Override
  public void run(Pattern which, int rounds) throws IOException, InterruptedException {
    if (!Benchmarks.chosen(which, this)) {
      return;
    }
    Path directory = Files.createTempDirectory("magpie-hooks");
    for (int peers : new int[] {10, 300}) {
      try (HookLab lab = new HookLab(directory.resolve("of-" + peers), peers)) {
        measure(lab, peers, rounds > 0 ? rounds : peers == 10 ? ROUNDS : ROUNDS / 2);
      }
    }
  }

  private static void measure(HookLab lab, int peers, int rounds)
      throws IOException, InterruptedException {
    String count = Integer.toString(peers);
    String overlap =
        Integer.toString(Math.max(2, Math.min(8, 2 * Runtime.getRuntime().availableProcessors())));
    Map<String, String> baselines = new LinkedHashMap<>();
    for (boolean archive : new boolean[] {true, false}) {
      String suffix = archive ? ", archive" : "";
      String empty = "empty" + suffix;
      lab.add(empty, archive, List.of(), HookPrograms.Empty.class);
      lab.add("bare" + suffix, archive, List.of(), HookPrograms.Bare.class, count, overlap);
      lab.add("given" + suffix, archive, List.of(), HookPrograms.Given.class);
      lab.add("kept" + suffix, archive, List.of(), HookPrograms.Given.class, "true");
      lab.add("found" + suffix, archive, List.of(), HookPrograms.Found.class);
      for (String name : List.of("empty", "bare", "given", "kept", "found")) {
        baselines.put(name + suffix, empty);
      }
    }
    lab.add("shell", List.of("/bin/sh", "-c", SHELL + ":", "sh", count));
    baselines.put("shell", "empty, archive");
    lab.measure(rounds);

    Benchmarks.table(
        "A hook with " + peers + " peers, medians of " + rounds + " rounds",
        "program",
        "wall ms",
        "x empty",
        "x bare",
        "x shell",
        "CPU ms with tools");
    List<String> names = new ArrayList<>(baselines.keySet());
    for (String name : names) {
      double wall = lab.wall(name);
      String bare = name.endsWith(", archive") ? "bare, archive" : "bare";
      Benchmarks.row(
          name,
          wall,
          wall / lab.wall(baselines.get(name)),
          wall / lab.wall(bare),
          wall / lab.wall("shell"),
          lab.cpu(name));
    }
  }
}
