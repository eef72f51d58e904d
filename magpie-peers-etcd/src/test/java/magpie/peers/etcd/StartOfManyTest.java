/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.etcd;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Many members start at once: each opens a view of its own, joins and reads all others.
 *
 * <p>{@code -Dmagpie.members=N} sets how many; docs/performance.md states what 1,000 take.
 */
@Tag("alone")
class StartOfManyTest {
  private static final int MEMBERS =
      Integer.getInteger("magpie.members", Boolean.getBoolean("magpie.thorough") ? 200 : 30);

  @TempDir Path directory;

  @Test
  void allSeeAllOthers() throws Exception {
    EtcdCluster.required();
    List<PeerView> members = new ArrayList<>();
    ExecutorService threads = Executors.newFixedThreadPool(16);
    try (EtcdCluster cluster = EtcdCluster.start(directory.resolve("cluster"), 3)) {
      try {
        long before = used();
        long start = System.nanoTime();
        List<Future<PeerView>> joining = new ArrayList<>();
        for (int i = 0; i < MEMBERS; i++) {
          int number = i;
          joining.add(threads.submit(() -> join(cluster, number)));
        }
        for (Future<PeerView> each : joining) {
          members.add(each.get());
        }
        Duration joined = Duration.ofNanos(System.nanoTime() - start);
        List<Future<Integer>> reading = new ArrayList<>();
        for (PeerView each : members) {
          reading.add(threads.submit(() -> each.ids().size()));
        }
        for (Future<Integer> each : reading) {
          assertEquals(MEMBERS - 1, each.get());
        }
        Duration all = Duration.ofNanos(System.nanoTime() - start);
        System.out.printf(
            Locale.ROOT,
            "etcd: %d members started at once in one JVM: all had joined after %d ms, and had read all"
                + " others after %d ms; %d KiB of heap each; a server has %d MiB%n",
            MEMBERS,
            joined.toMillis(),
            all.toMillis(),
            (used() - before) / MEMBERS / 1024,
            cluster.residentMegabytes(0));
      } finally {
        threads.shutdownNow();
        // One after the other would take as long as their beats.
        Stream<PeerView> open = members.parallelStream();
        open.forEach(PeerView::close);
      }
    }
  }

  private PeerView join(EtcdCluster cluster, int number) {
    String id = "n" + number;
    PeerView view =
        Peers.open(
            Nodes.options(cluster.endpoints(), "many", directory.resolve("state-" + id))
                .option("etcd-ttl", "60")
                .option("etcd-timeout", "60")
                .self(id)
                .build());
    EtcdMember.of(view)
        .join(
            List.of("198.18." + number / 250 + "." + (number % 250 + 1) + "/16"),
            Map.of("rack", "r" + number / 40));
    return view;
  }

  private static long used() {
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }
}
