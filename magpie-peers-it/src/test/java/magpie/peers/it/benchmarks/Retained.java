/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it.benchmarks;

import java.io.IOException;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import magpie.peers.PeerView;

/** How much memory a snapshot keeps, beside the plain texts that its nodes are made of. */
final class Retained implements Benchmarks.Section {
  @Override
  public void run(Pattern which, int rounds) throws IOException, InterruptedException {
    if (!Benchmarks.chosen(which, this)) {
      return;
    }
    Benchmarks.table(
        "Memory per node: three addresses, a host name, two labels, a setting",
        "nodes",
        "plain texts, bytes",
        "snapshot, bytes",
        "x texts");
    for (int nodes : new int[] {10_000, 100_000}) {
      double texts = bytes(nodes, "texts");
      double snapshot = bytes(nodes, "snapshot");
      Benchmarks.row(String.format(Locale.ROOT, "%,d", nodes), texts, snapshot, snapshot / texts);
    }
  }

  private static double bytes(int nodes, String what) throws IOException, InterruptedException {
    return Fork.run(Program.class, List.of(), Integer.toString(nodes), what).orElseThrow()[0];
  }

  /** Keeps one of both. */
  static final class Program {
    private Program() {}

    /**
     * Keeps it.
     *
     * @param arguments the number of nodes, and what to keep
     */
    public static void main(String[] arguments) {
      int nodes = Integer.parseInt(arguments[0]);
      keep(100, arguments[1]);
      long before = Fork.used();
      Object kept = keep(nodes, arguments[1]);
      long after = Fork.used();
      Reference.reachabilityFence(kept);
      Fork.report((double) (after - before) / nodes);
    }

    private static Object keep(int nodes, String what) {
      if (what.equals("snapshot")) {
        try (PeerView view = Crowd.view(Crowd.reading(Crowd.nodes(nodes), Crowd.NETWORKS))) {
          return view.snapshot();
        }
      }
      List<String[]> texts = new ArrayList<>(nodes);
      for (int i = 0; i < nodes; i++) {
        List<String> at = Crowd.addresses(i);
        texts.add(
            new String[] {
              "magpie/" + i,
              at.get(0),
              at.get(1),
              at.get(2),
              Crowd.hostname(i),
              "r" + i / 40,
              Integer.toString(i % 40),
              Integer.toString(5001 + i % 8)
            });
      }
      return texts;
    }
  }
}
