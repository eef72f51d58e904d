/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.etcd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.Watch;
import io.etcd.jetcd.options.WatchOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import magpie.peers.PeerId;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.PeersOptions;
import magpie.peers.spi.PeerSource;
import magpie.peers.spi.Reading;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a change costs among 1,000 members, and how long it takes beside a bare watch. */
@Tag("thorough")
@SuppressWarnings("try") // the watch is open for what it does
@Tag("alone")
class ManyMembersTest {
  private static final int MEMBERS = 1000;
  private static final int CHANGES = 100;
  private static final int WARMING = 400;
  private static final int READERS = 100;
  private static final String PREFIX = "/magpie/v1/many/";

  @TempDir Path directory;

  private static byte[] member(int i, String setting) {
    return new Values.Member(
            List.of("192.0.2." + i % 250 + "/24", "2001:db8::" + Integer.toHexString(i) + "/64"),
            Map.of("rack", "r" + i / 40),
            Map.of("state", setting),
            "instance-" + i)
        .json();
  }

  private static void put(Client client, String key, byte[] value) {
    EtcdHarness.get(client.getKVClient().put(Etcd.bytes(PREFIX + key), ByteSequence.from(value)));
  }

  @Test
  void aChangeIsOneValueForEachReader() throws Exception {
    EtcdCluster.required();
    try (EtcdCluster cluster = EtcdCluster.start(directory.resolve("cluster"), 1);
        Client client = cluster.client()) {
      for (int i = 0; i < MEMBERS; i++) {
        put(client, "member/n" + i, member(i, "0"));
        put(client, "alive/n" + i, new Values.Alive("instance-" + i, "host-" + i).json());
      }
      PeersOptions options =
          Nodes.options(cluster.endpoints(), "many", directory.resolve("state")).observer().build();
      try (EtcdSource source = (EtcdSource) new EtcdBackend().open(options)) {
        assertEquals(MEMBERS, source.read().ids().size());
        assertEquals(2 * MEMBERS, source.mirror().values());
        long calls = source.mirror().calls();
        put(client, "member/n7", member(7, "1"));
        source.read();
        assertEquals(List.of(calls + 1, 2L * MEMBERS + 1), costs(source));
        source.read();
        assertEquals(List.of(calls + 2, 2L * MEMBERS + 1), costs(source));

        watchedChangesAreNotReadAgain(client, source);
      }
      listenerBesideABareWatch(client, options);
      startOfMany(options);
    }
  }

  private static List<Long> costs(EtcdSource source) {
    return List.of(source.mirror().calls(), source.mirror().values());
  }

  /** With a watch the only question is whether it has told everything. */
  private static void watchedChangesAreNotReadAgain(Client client, EtcdSource source)
      throws Exception {
    Semaphore hints = new Semaphore(0);
    try (PeerSource.Watch watch = source.watch(hints::release)) {
      Await.equal(true, () -> change(client, source, hints));
      for (int i = 0; i < CHANGES; i++) {
        assertEquals(true, change(client, source, hints), "taken from the watch: change " + i);
      }
    }
  }

  /** Changes a member, reads that, and tells whether one question was enough. */
  private static boolean change(Client client, EtcdSource source, Semaphore hints) {
    source.read();
    hints.drainPermits();
    List<Long> before = costs(source);
    String state = "source-" + before;
    put(client, "member/n9", member(9, state));
    try {
      assertEquals(true, hints.tryAcquire(60, TimeUnit.SECONDS), "a hint");
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    assertEquals(state, state(source.read()));
    return List.of(before.get(0) + 1, before.get(1)).equals(costs(source));
  }

  private static String state(Reading reading) {
    return reading.nodes(List.of(PeerId.of("n9"))).iterator().next().settings().get("state");
  }

  /** Each change is awaited in both ways, so that a busy machine is so for both. */
  private static void listenerBesideABareWatch(Client client, PeersOptions options)
      throws Exception {
    BlockingQueue<Told> told = new LinkedBlockingQueue<>();
    BlockingQueue<Told> watched = new LinkedBlockingQueue<>();
    List<Long> listener = new ArrayList<>();
    List<Long> bare = new ArrayList<>();
    try (PeerView view = Peers.open(options);
        Client second = Client.builder().endpoints(client(options)).build();
        Watch.Watcher watcher =
            second
                .getWatchClient()
                .watch(
                    Etcd.bytes(PREFIX),
                    WatchOption.builder().isPrefix(true).withCreateNotify(true).build(),
                    response -> watched.add(new Told("", System.nanoTime())))) {
      view.listen(
          event ->
              event
                  .snapshot()
                  .node(PeerId.of("n9"))
                  .map(node -> node.settings().getOrDefault("state", ""))
                  .ifPresent(state -> told.add(new Told(state, System.nanoTime()))));
      assertNotNull(watched.poll(60, TimeUnit.SECONDS), "the watch");
      assertNotNull(told.poll(60, TimeUnit.SECONDS), "the listener");
      for (int i = -WARMING; i < CHANGES; i++) {
        String state = "listener-" + i;
        long start = System.nanoTime();
        put(client, "member/n9", member(9, state));
        Told first = watched.poll(60, TimeUnit.SECONDS);
        Told heard = told.poll(60, TimeUnit.SECONDS);
        while (heard != null && !heard.state().equals(state)) {
          heard = told.poll(60, TimeUnit.SECONDS);
        }
        assertNotNull(first, "the watch, change " + i);
        assertNotNull(heard, "the listener, change " + i);
        if (i >= 0) {
          bare.add(first.nanos() - start);
          listener.add(heard.nanos() - start);
        }
      }
      assertEquals(false, watcher.isClosed());
    }
    System.out.printf(
        Locale.ROOT,
        "1,000 members: a listener is told of a change %.1f times as late as a bare watch tells of"
            + " it (medians %d and %d us of %d changes)%n",
        (double) median(listener) / median(bare),
        median(listener) / 1000,
        median(bare) / 1000,
        CHANGES);
  }

  private record Told(String state, long nanos) {}

  private static String client(PeersOptions options) {
    return "http://" + options.option("etcd").orElseThrow();
  }

  private static long median(List<Long> times) {
    return times.stream().sorted().toList().get(times.size() / 2);
  }

  /** Opens, reads everything and keeps it. */
  private static void startOfMany(PeersOptions options) throws Exception {
    Runtime runtime = Runtime.getRuntime();
    System.gc();
    long before = runtime.totalMemory() - runtime.freeMemory();
    ExecutorService threads = Executors.newFixedThreadPool(16);
    List<PeerSource> all = new ArrayList<>();
    long start = System.nanoTime();
    try {
      List<Future<PeerSource>> opened = new ArrayList<>();
      for (int i = 0; i < READERS; i++) {
        opened.add(threads.submit(() -> new EtcdBackend().open(options)));
      }
      for (var each : opened) {
        all.add(each.get());
      }
      Duration took = Duration.ofNanos(System.nanoTime() - start);
      for (PeerSource each : all) {
        assertEquals(MEMBERS, each.read().ids().size());
      }
      System.gc();
      long after = runtime.totalMemory() - runtime.freeMemory();
      System.out.printf(
          Locale.ROOT,
          "1,000 members: %d readers in one JVM open and read everything in %d ms, and hold %d KiB"
              + " each%n",
          READERS,
          took.toMillis(),
          (after - before) / READERS / 1024);
    } finally {
      threads.shutdownNow();
      all.forEach(PeerSource::close);
    }
  }
}
