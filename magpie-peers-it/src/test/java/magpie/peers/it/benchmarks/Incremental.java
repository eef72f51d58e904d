/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import magpie.peers.example.Charm;
import magpie.peers.testkit.juju.Hook;

/**
 * What a relation hook costs that reads the settings of one peer and has those of all others from
 * the hooks before it, beside the bare launches of its tools, and beside a hook that reads all.
 */
final class Incremental implements Benchmarks.Section {
  private static final int ROUNDS = 15;

  @Override
  public void run(Pattern which, int rounds) throws IOException, InterruptedException {
    if (!Benchmarks.chosen(which, this)) {
      return;
    }
    Path directory = Files.createTempDirectory("magpie-incremental");
    int times = rounds > 0 ? rounds : ROUNDS;
    Benchmarks.table(
        "A relation hook, medians of " + times + " rounds",
        "peers",
        "bytes in the file",
        "reads all, ms",
        "reads one, ms",
        "bare launches, ms",
        "reads one, x bare",
        "reads one, x 10 peers");
    double ten = 0;
    for (int peers : new int[] {10, 100, 300, 1000}) {
      try (HookLab lab = new HookLab(directory.resolve("of-" + peers), peers)) {
        lab.add("all", true, List.of(), HookPrograms.Again.class, "false");
        lab.add("one", true, List.of(), HookPrograms.Again.class, "true");
        lab.add("bare", true, List.of(), HookPrograms.BareOne.class);
        lab.measure(Hook.named("update-status"), 0);
        lab.forget();
        for (int round = 0; round < times; round++) {
          lab.measure(changed(1 + round % 2), 0);
        }
        ten = peers == 10 ? lab.wall("one") : ten;
        Benchmarks.row(
            Integer.toString(peers),
            Long.toString(Files.size(lab.charm().resolve(".magpie-peers.magpie.settings"))),
            lab.wall("all"),
            lab.wall("one"),
            lab.wall("bare"),
            lab.wall("one") / lab.wall("bare"),
            lab.wall("one") / ten);
      }
    }
    charm(directory, times);
  }

  /** The example charm, beside a program that launches its tools and nothing else. */
  private static void charm(Path directory, int times) throws IOException, InterruptedException {
    try (HookLab lab = new HookLab(directory.resolve("charm"), 10)) {
      // Its addresses are published, and the settings of all peers read, in a hook before.
      lab.add("charm", changed(3), true, List.of(), Charm.class);
      lab.measure(Hook.named("update-status"), 0);
      int before = lab.calls();
      lab.measure(changed(1), 0);
      int tools = lab.calls() - before;
      lab.addReplay("bare");
      lab.forget();
      for (int round = 0; round < times; round++) {
        lab.measure(changed(1 + (round + 1) % 2), 0);
      }
      Benchmarks.table(
          "The example charm in a relation hook with 10 peers, medians of " + times + " rounds",
          "tools",
          "charm, ms",
          "bare launches, ms",
          "charm, x bare");
      Benchmarks.row(
          Integer.toString(tools),
          lab.wall("charm"),
          lab.wall("bare"),
          lab.wall("charm") / lab.wall("bare"));
    }
  }

  /** Not for the same peer twice in a row, which would read all. */
  private static Hook changed(int peer) {
    return Hook.changed("magpie", "magpie/" + peer);
  }
}
