/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import java.util.function.BinaryOperator;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import magpie.peers.Environment;
import magpie.peers.Network;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.PeersException;
import magpie.peers.spi.PeerSource;
import magpie.peers.spi.Reading;
import magpie.peers.spi.StateStore;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.platform.testkit.engine.Event;
import org.opentest4j.AssertionFailedError;

/** The contract finds every kind of lie of a backend, and says where to look for it. */
@Isolated("the subject of the inner run is a static field")
class LyingSourceTest {
  /** Waits for less than its base does: here only what fails is looked at. */
  static class Subject extends PeerViewContractTest.Subject {
    @Override
    protected Duration deadline() {
      return Duration.ofMillis(250);
    }

    @Override
    protected Duration quiet() {
      return Duration.ofMillis(30);
    }
  }

  /** A good source, for lying ones to extend. */
  private static class ForwardingSource implements PeerSource {
    final PeerSource good;

    ForwardingSource(PeerSource good) {
      this.good = good;
    }

    @Override
    public Reading read() {
      return good.read();
    }

    @Override
    public StateStore state() {
      return good.state();
    }

    @Override
    public Map<String, String> published() {
      return good.published();
    }

    @Override
    public void publish(Map<String, String> changes) {
      good.publish(changes);
    }

    @Override
    public Watch watch(Runnable maybeChanged) {
      return good.watch(maybeChanged);
    }
  }

  /** How each lie of a backend is made from the truth. */
  private interface Told {
    PeerSource tell(PeerSource good);
  }

  /**
   * Sources that break the contract. One row: the rules that must be named, the beginning of a
   * message that must be among the failures, and what is wrong.
   */
  private enum Lie {
    EMPTY_WHEN_BROKEN(
        "M1",
        "M1: a broken source gave peers",
        whenBroken(
            e ->
                Reading.of(
                    "nothing",
                    Instant.EPOCH,
                    Optional.of(PeerId.of("magpie/0")),
                    List.of(),
                    List.of()))),
    RAW_WHEN_BROKEN(
        "F1",
        "F1: a broken source is not a PeersException",
        whenBroken(
            e -> {
              throw new UncheckedIOException(new IOException("no such device"));
            })),
    NOBODY_IS_SELF(
        "M1",
        "M1: selfId() is empty",
        reading(
            now ->
                Reading.of(
                    now.origin(),
                    now.readAt(),
                    Optional.empty(),
                    now.nodes(now.ids()),
                    now.networks()))),
    LEAVER_STAYS(
        "M1",
        "M1: a departed peer is a member of a view that was open",
        good -> {
          Map<PeerId, PeerNode> ever = new HashMap<>();
          return nodes(
                  all -> {
                    all.forEach(node -> ever.put(node.id(), node));
                    return ever.values();
                  })
              .tell(good);
        }),
    PEER_LEFT_OUT(
        "M1",
        "M1: ",
        nodes(all -> all.stream().filter(node -> !node.id().value().endsWith("/2")).toList())),
    ADDRESSES_FROZEN(
        "E1",
        "E1: a change of a peer that stays is not told",
        frozen((old, now) -> like(now).addresses(old.addresses()).build())),
    SETTINGS_FROZEN(
        "E1",
        "E1: a change of a peer that stays is not told",
        frozen((old, now) -> isSelf(now) ? now : like(now).settings(old.settings()).build())),
    LABELS_FROZEN(
        "E1",
        "E1: a change of a peer that stays is not told",
        frozen((old, now) -> like(now).labels(old.labels()).build())),
    SETTING_NEVER_REMOVED(
        "E1",
        "E1: a change of a peer that stays is not told",
        good -> {
          Map<PeerId, Map<String, String>> ever = new HashMap<>();
          return eachNode(
                  node -> {
                    Map<String, String> all =
                        ever.computeIfAbsent(node.id(), any -> new HashMap<>());
                    all.putAll(node.settings());
                    return isSelf(node) ? node : like(node).settings(all).build();
                  })
              .tell(good);
        }),
    LABELS_DROPPED(
        "S1",
        "S1: labels changed on the way",
        eachNode(node -> like(node).labels(Map.of()).build())),
    DOUBT_FROZEN(
        "M4",
        "M4: an open view does not mark a suspect",
        frozen((old, now) -> like(now).suspect(old.suspect()).build())),
    OWN_SETTINGS_FROZEN(
        "S2",
        "S2: self() shows other settings than were published",
        frozen((old, now) -> isSelf(now) ? like(now).settings(old.settings()).build() : now)),
    NETWORK_MISNAMED(
        "A2",
        "A2: ",
        reading(
            now ->
                Reading.of(
                    now.origin(),
                    now.readAt(),
                    now.selfId(),
                    now.nodes(now.ids()),
                    now.networks().stream()
                        .map(network -> new Network(network.name() + "-a", network.cidrs()))
                        .toList()))),
    WATCH_IS_DEAF(
        "E1",
        "E1: a watch does not call; check PeerSource.watch()",
        watch((good, maybeChanged) -> () -> {})),
    WATCH_CALLS_ON(
        "E1 F2",
        "E1: a watch calls after its close(); check PeerSource.Watch.close()",
        watch(
            (good, maybeChanged) -> {
              CountDownLatch closed = new CountDownLatch(1);
              thread(
                  "calls on",
                  () -> {
                    while (!closed.await(5, TimeUnit.MILLISECONDS)) {
                      maybeChanged.run();
                    }
                    // As a thread that notices late that it was told to end.
                    for (int i = 0; i < 150; i++) {
                      TimeUnit.MILLISECONDS.sleep(5);
                      maybeChanged.run();
                    }
                  });
              return closed::countDown;
            })),
    WATCH_LEAVES_A_THREAD(
        "F2",
        "F2: thread \"watches on\" is left behind; check PeerSource.Watch.close()",
        watch(
            (good, maybeChanged) -> {
              CountDownLatch late = new CountDownLatch(1);
              thread("watches on", () -> assertTrue(!late.await(2, TimeUnit.SECONDS)));
              return good.watch(maybeChanged);
            })),
    PUBLISHES_HALF(
        "S1 S2",
        "S2: ",
        good ->
            new ForwardingSource(good) {
              @Override
              public void publish(Map<String, String> changes) {
                String first = new TreeSet<>(changes.keySet()).first();
                good.publish(Map.of(first, changes.getOrDefault(first, "")));
              }
            }),
    FORGETS_WHAT_IT_PUBLISHED(
        "S2",
        "S2: ",
        good ->
            new ForwardingSource(good) {
              private final Map<String, String> mine = new HashMap<>();

              @Override
              public Map<String, String> published() {
                return Map.copyOf(mine);
              }

              @Override
              public void publish(Map<String, String> changes) {
                good.publish(changes);
                mine.putAll(changes);
                mine.values().removeIf(String::isEmpty);
              }
            }),
    FORGETS_ITS_STATE(
        "N1 N3",
        "N3: ",
        good ->
            new ForwardingSource(good) {
              private final StateStore mine = InMemoryPeers.ofNode("magpie/0").source().state();

              @Override
              public StateStore state() {
                return mine;
              }
            }),
    THROWS_WHAT_IT_LIKES(
        "M1 N1 S1 E1",
        "M1: expected an answer, found magpie.peers.SourceUnavailableException: expected the backend"
            + " lying to answer or to say what is wrong, found java.util.NoSuchElement",
        good ->
            new ForwardingSource(good) {
              @Override
              public Reading read() {
                throw new NoSuchElementException("No value present");
              }
            });

    final Set<String> rules;
    final String message;
    private final Told told;

    Lie(String rules, String message, Told told) {
      this.rules = Set.of(rules.split(" "));
      this.message = message;
      this.told = told;
    }

    PeerSource tell(PeerSource good) {
      return told.tell(good);
    }
  }

  private static Told reading(UnaryOperator<Reading> lie) {
    return good ->
        new ForwardingSource(good) {
          @Override
          public Reading read() {
            return lie.apply(good.read());
          }
        };
  }

  private static Told whenBroken(Function<PeersException, Reading> lie) {
    return good ->
        new ForwardingSource(good) {
          @Override
          public Reading read() {
            try {
              return good.read();
            } catch (PeersException e) {
              return lie.apply(e);
            }
          }
        };
  }

  private static Told nodes(UnaryOperator<Collection<PeerNode>> lie) {
    return reading(
        now ->
            Reading.of(
                now.origin(),
                now.readAt(),
                now.selfId(),
                lie.apply(now.nodes(now.ids())),
                now.networks()));
  }

  private static Told eachNode(UnaryOperator<PeerNode> lie) {
    return nodes(all -> all.stream().map(lie).toList());
  }

  /** Returns what was first seen of each node, with something of the present. */
  private static Told frozen(BinaryOperator<PeerNode> mixture) {
    return good -> {
      Map<PeerId, PeerNode> first = new HashMap<>();
      return eachNode(
              node -> {
                PeerNode old = first.putIfAbsent(node.id(), node);
                return old == null ? node : mixture.apply(old, node);
              })
          .tell(good);
    };
  }

  private static Told watch(BiFunction<PeerSource, Runnable, PeerSource.Watch> lie) {
    return good ->
        new ForwardingSource(good) {
          @Override
          public Watch watch(Runnable maybeChanged) {
            return lie.apply(good, maybeChanged);
          }
        };
  }

  private interface Work {
    void run() throws InterruptedException;
  }

  private static void thread(String name, Work work) {
    Thread thread =
        new Thread(
            () -> {
              try {
                work.run();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            name);
    thread.setDaemon(true);
    thread.start();
  }

  private static PeerNode.Builder like(PeerNode node) {
    return PeerNode.builder(node.id())
        .addresses(node.addresses())
        .settings(node.settings())
        .labels(node.labels())
        .suspect(node.suspect());
  }

  private static boolean isSelf(PeerNode node) {
    return node.id().value().endsWith("/0");
  }

  private static final class LyingHarness extends InMemoryHarness {
    private final Lie lie;

    LyingHarness(Lie lie) {
      this.lie = lie;
    }

    @Override
    public PeerView open() {
      return Peers.open("lying", lie.tell(super.source().orElseThrow()), Environment.system());
    }

    @Override
    public Optional<PeerSource> source() {
      return super.source().map(lie::tell);
    }

    @Override
    public Set<PeerId> peersRead() {
      // These lies read everything at once.
      return Set.of();
    }

    @Override
    public Set<Capability> capabilities() {
      Set<Capability> all = super.capabilities();
      all.remove(Capability.LAZY_READS);
      return all;
    }

    @Override
    public String lacks(Capability missing) {
      return "a lying source reads all peers at once";
    }
  }

  private static List<Lie> lies() {
    return PeerViewContractTest.lies(Lie.values(), lie -> lie.rules);
  }

  @ParameterizedTest
  @MethodSource("lies")
  void everyLieOfASourceIsFoundAndItsPlaceNamed(Lie lie) {
    Collection<Event> failed =
        PeerViewContractTest.examine(Subject.class, () -> new LyingHarness(lie))
            .testEvents()
            .failed()
            .list();
    Set<String> blamed = new TreeSet<>();
    List<String> messages = new ArrayList<>();
    for (Event event : failed) {
      Throwable failure = PeerViewContractTest.failure(event);
      String message =
          String.valueOf(
              assertInstanceOf(AssertionFailedError.class, failure, event::toString).getMessage());
      messages.add(message);
      blamed.add(PeerViewContractTest.rule(event));
      assertEquals(
          PeerViewContractTest.rule(event), message.split(":")[0], "another rule in: " + message);
      assertTrue(message.contains("check "), "no method to look at in: " + message);
    }
    assertTrue(blamed.containsAll(lie.rules), lie + " was blamed on " + blamed + messages);
    assertTrue(
        messages.stream().anyMatch(message -> message.startsWith(lie.message)),
        lie + " was not found: " + messages);
    assertTrue(
        lie != Lie.THROWS_WHAT_IT_LIKES
            || messages.stream()
                .anyMatch(m -> m.contains("LyingSourceTest$Lie") && m.contains("read")),
        "the place is not named: " + messages);
  }
}
