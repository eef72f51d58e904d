/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import magpie.peers.spi.PeerSource;
import magpie.peers.spi.Reading;
import magpie.peers.spi.StateStore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Ten thousand peers in a view, and how much garbage it makes of how many.
 *
 * <p>What is allocated is counted exactly, and does not depend on how busy the machine is.
 */
class ManyPeersTest {
  private static final int MANY = 10_000;
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private static final List<Network> NETWORKS =
      List.of(
          new Network("oam", List.of(Cidr.parse("10.0.0.0/9"), Cidr.parse("2001:db8::/64"))),
          new Network("storage", List.of(Cidr.parse("10.128.0.0/9"))));

  private static PeerNode node(int number, String setting) {
    String rest = (number >> 8) + "." + (number & 255);
    return PeerNode.builder(PeerId.of("magpie/" + number))
        .address("10.0." + rest + "/9", "test")
        .address("2001:db8::" + Integer.toHexString(number) + "/64", "test")
        .address("blade-" + number, "test")
        .setting("key", setting)
        .build();
  }

  private static List<PeerNode> nodes(int from, int to) {
    return IntStream.range(from, to).mapToObj(number -> node(number, "value")).toList();
  }

  private static List<PeerId> ids(int from, int to) {
    return IntStream.range(from, to).mapToObj(number -> PeerId.of("magpie/" + number)).toList();
  }

  /** A source whose reading a test replaces; like Juju, it remembers who departed. */
  private static final class Source implements PeerSource {
    private final ScriptedSource.Store store = new ScriptedSource.Store();
    private Reading now;

    Source(List<PeerNode> nodes) {
      is(nodes);
    }

    void is(List<PeerNode> nodes) {
      now =
          Reading.of(
              "the test", Instant.EPOCH, Optional.of(PeerId.of("magpie/0")), nodes, NETWORKS);
    }

    @Override
    public Reading read() {
      return now;
    }

    @Override
    public StateStore state() {
      return store;
    }

    @Override
    public boolean remembersDeparted() {
      return true;
    }

    PeerView open() {
      return Peers.open("test", this, Environment.system());
    }

    int stateSize() {
      return store.text.getBytes(StandardCharsets.UTF_8).length;
    }
  }

  @Test
  void tenThousandPeersAreListedComparedNoticedAndDismissed() {
    Source source = new Source(nodes(0, MANY + 1));
    try (PeerView view = source.open()) {
      Snapshot before = view.snapshot();
      assertEquals(ids(1, MANY + 1), before.ids());
      assertEquals(Optional.of("oam"), before.nodes().get(MANY - 1).addresses().get(1).network());
      assertEquals(ids(1, MANY + 1), names(view.notices().joined()));
      assertTrue(source.stateSize() < 1024, source.store.text);

      // A tenth departs, as many come, and one says something else.
      List<PeerNode> later = new ArrayList<>(nodes(MANY / 10, MANY / 10 + MANY));
      later.set(5, node(MANY / 10 + 5, "other value"));
      source.is(later);
      Snapshot after = view.snapshot();
      Changes changes = Changes.between(before.nodes(), after.nodes());
      assertEquals(ids(1, MANY / 10), changes.departed().stream().map(PeerNode::id).toList());
      assertEquals(
          ids(MANY + 1, MANY + MANY / 10), changes.joined().stream().map(PeerNode::id).toList());
      assertEquals(
          List.of("other value"),
          changes.updated().stream().map(update -> update.after().settings().get("key")).toList());

      Notices notices = view.notices();
      assertEquals(ids(MANY / 10, MANY / 10 + MANY), names(notices.joined()));
      assertEquals(ids(1, MANY / 10), names(notices.departed()));
      assertTrue(source.stateSize() < 1024, source.store.text);

      assertEquals(notices.joined(), notices.dismissJoined());
      assertEquals(notices.departed(), notices.dismissDeparted());
      assertTrue(view.notices().isEmpty());
      assertTrue(source.stateSize() < 256, source.store.text);
      assertEquals(later.size(), view.nodes(NodeFilter.inNetwork("oam")).size());
      assertEquals(List.of(), view.nodes(NodeFilter.inNetwork("storage")));
    }
  }

  private static List<PeerId> names(List<Notice> notices) {
    return notices.stream().map(Notice::id).toList();
  }

  @Test
  void theStateOfPeersThatCameOneByOneStaysFarBelowWhatJujuStores() {
    Ledger ledger = new Ledger();
    List<PeerId> present = new ArrayList<>();
    // Every second number is another application's, so that no two make one run.
    for (PeerId id : ids(0, MANY)) {
      present.add(PeerId.of("magpie/" + 2 * Integer.parseInt(id.value().substring(7))));
      if (present.size() % 100 == 0) {
        ledger.record(present, List.of());
      }
    }
    int size = LedgerText.print(ledger).getBytes(StandardCharsets.UTF_8).length;
    assertTrue(size < 48 * 1024, () -> "expected far less than 64 KiB, found " + size + " bytes");
    assertEquals(
        LedgerText.print(ledger),
        LedgerText.print(LedgerText.parse(LedgerText.print(ledger), "test")));
  }

  /**
   * The bytes that this thread allocates; the least of some runs, as only the first load classes.
   */
  private static long allocated(Runnable work) {
    long least = Long.MAX_VALUE;
    for (int i = 0; i < 6; i++) {
      long before = THREADS.getCurrentThreadAllocatedBytes();
      work.run();
      least = Math.min(least, THREADS.getCurrentThreadAllocatedBytes() - before);
    }
    return least;
  }

  private static boolean kept;

  @ParameterizedTest
  @ValueSource(strings = {"storage", "192.0.2.0/24", "2001:db8:f::/64"})
  void aNodeThatIsNotInTheNetworkIsDroppedWithoutGarbage(String network) {
    Snapshot snapshot = new Source(nodes(0, 1_001)).open().snapshot();
    NodeFilter filter =
        NodeFilter.inNetwork(network)
            .resolve(name -> snapshot.network(name, unknown -> Optional.empty()));
    PeerNode[] nodes = snapshot.nodes().toArray(new PeerNode[0]);
    long bytes =
        allocated(
            () -> {
              for (PeerNode node : nodes) {
                kept |= filter.apply(node) instanceof Verdict.Kept;
              }
            });
    assertFalse(kept);
    assertEquals(0, bytes);
  }

  @Test
  void filteringToNothingCostsTheSameHoweverManyThereAre() {
    NodeFilter filter =
        NodeFilter.inNetwork("storage")
            .and(NodeFilter.setting("key", "value"))
            .and(NodeFilter.id("magpie/*"));
    long[] bytes =
        IntStream.of(1, 1_000, 2_000)
            .mapToLong(
                count -> {
                  try (PeerView view = new Source(nodes(1, 1 + count)).open()) {
                    return allocated(() -> assertEquals(List.of(), view.nodes(filter)));
                  }
                })
            .toArray();
    assertEquals(bytes[0], bytes[1]);
    assertEquals(bytes[0], bytes[2]);
  }

  /** Something to do with as many peers as are asked for, prepared beforehand. */
  private record Work(String name, IntFunction<Runnable> prepared) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Work> works() {
    return Stream.of(
        new Work(
            "a new snapshot",
            count -> {
              Source source = new Source(nodes(0, count));
              PeerView view = source.open();
              Reading one = source.now;
              source.is(nodes(1, count + 1));
              Reading other = source.now;
              return () -> {
                source.now = source.now == one ? other : one;
                view.snapshot();
              };
            }),
        new Work(
            "a snapshot of peers that two sources name",
            count -> {
              List<PeerNode> twice = new ArrayList<>(nodes(0, count));
              twice.addAll(nodes(0, count));
              return () -> new Source(twice).open().snapshot();
            }),
        new Work(
            "the difference",
            count -> {
              List<PeerNode> before = nodes(0, count);
              List<PeerNode> after = nodes(count / 2, count / 2 + count);
              return () -> Changes.between(before, after);
            }),
        new Work(
            "notices",
            count -> {
              PeerView view = new Source(nodes(0, count)).open();
              return view::notices;
            }),
        new Work(
            "a ledger of peers that came one by one",
            count -> {
              Ledger ledger = new Ledger();
              List<PeerId> present = new ArrayList<>();
              for (PeerId id : ids(0, count)) {
                present.add(id);
                if (present.size() % 2 == 0) {
                  ledger.record(present, List.of());
                }
              }
              return () -> LedgerText.parse(LedgerText.print(ledger), "test");
            }),
        new Work(
            "a filter that keeps all",
            count -> {
              PeerView view = new Source(nodes(0, count)).open();
              return () -> view.nodes(NodeFilter.preferNetwork("oam"));
            }));
  }

  @ParameterizedTest
  @MethodSource("works")
  void twiceAsManyPeersTakeTwiceAsMuch(Work work) {
    long some = allocated(work.prepared().apply(500));
    long more = allocated(work.prepared().apply(1_000));
    assertTrue(
        more < 2.3 * some, () -> "500 peers took " + some + " bytes, 1000 took " + more + " bytes");
  }
}
