/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import magpie.peers.Explanation;
import magpie.peers.Health;
import magpie.peers.NodeFilter;
import magpie.peers.Notice;
import magpie.peers.Notices;
import magpie.peers.PeerAddress;
import magpie.peers.PeerEvent;
import magpie.peers.PeerId;
import magpie.peers.PeerListener;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.PeersException;
import magpie.peers.Snapshot;
import magpie.peers.Subscription;
import magpie.peers.Verdict;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.testkit.engine.EngineExecutionResults;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Event;
import org.opentest4j.AssertionFailedError;

/** The contract finds every kind of lie, and blames the rule that was broken. */
@Isolated("the subject of the inner run is a static field")
class PeerViewContractTest {
  /** All rules of the contract. */
  private static final Set<String> RULES =
      Set.of(("M1 M2 M3 M4 N1 N2 N3 N4 N5 N6 A1 A2 A3 S1 S2 E1 E2 F1 F2").split(" "));

  private static Supplier<PeerSetHarness> subject = InMemoryHarness::new;

  /** The subject of the inner runs; its name keeps it out of the outer ones. */
  static class Subject extends PeerViewContract {
    @Override
    protected PeerSetHarness harness() {
      return subject.get();
    }

    @Override
    protected Duration deadline() {
      return Duration.ofMillis(700);
    }

    @Override
    protected Duration quiet() {
      return Duration.ofMillis(60);
    }
  }

  /** What a lying view keeps across processes. */
  private static final class Memory {
    final Map<PeerId, PeerNode> seen = new TreeMap<>();
    final List<Notice> notices = new ArrayList<>();
    final Set<PeerId> gone = new TreeSet<>();
    boolean began;
    int writes;
  }

  /** A way to break the contract, the rules it breaks, and a message that blames it. */
  private enum Lie {
    SELF_IS_A_PEER("M1", "M1: the node itself is a member") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return new ForwardingView(good) {
          @Override
          public Optional<PeerNode> node(PeerId id) {
            return good.selfId().equals(Optional.of(id))
                ? Optional.of(PeerNode.builder(id).build())
                : good.node(id);
          }
        };
      }
    },
    DEPARTED_IS_A_PEER("M1", "M1: a departed peer is a member") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return new ForwardingView(good) {
          @Override
          public Optional<PeerNode> node(PeerId id) {
            Optional<PeerNode> node = good.node(id);
            node.ifPresent(known -> memory.seen.put(id, known));
            return node.or(() -> Optional.ofNullable(memory.seen.get(id)));
          }

          @Override
          public Notices notices() {
            good.nodes().forEach(node -> memory.seen.put(node.id(), node));
            return good.notices();
          }
        };
      }
    },
    TEXT_ORDER("M1", "M1: peers are out of order") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return new ForwardingView(good) {
          @Override
          public List<PeerId> ids() {
            return good.ids().stream().sorted((a, b) -> a.value().compareTo(b.value())).toList();
          }
        };
      }
    },
    PARTIAL_SNAPSHOT("M1", "M1: two ways to ask disagree") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return new ForwardingView(good) {
          @Override
          public List<PeerNode> nodes(NodeFilter filter) {
            List<PeerNode> nodes = good.nodes(filter);
            return filter == NodeFilter.all() ? nodes.subList(0, nodes.size() / 2) : nodes;
          }
        };
      }
    },
    LEAKED_LIST("M1", "M1: a caller can change what a view returned") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return new ForwardingView(good) {
          @Override
          public List<PeerId> ids() {
            return new ArrayList<>(good.ids());
          }
        };
      }
    },
    EMPTY_FOR_BROKEN("M1", "M1: a broken source gave peers") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return new ForwardingView(good) {
          @Override
          public List<PeerId> ids() {
            try {
              return good.ids();
            } catch (PeersException e) {
              return List.of();
            }
          }
        };
      }
    },
    ADDRESS_IS_IDENTITY("M2", "M2: a changed peer counts as another") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return new ForwardingView(good) {
          @Override
          public Notices notices() {
            Notices notices = super.notices();
            List<Notice> joined = new ArrayList<>(notices.joined());
            for (PeerNode node : good.nodes()) {
              PeerNode before = memory.seen.put(node.id(), node);
              if (before != null && !before.address().equals(node.address())) {
                joined.add(new Notice(Notice.Kind.JOINED, node.id(), 99, Optional.empty()));
              }
            }
            return new Notices(this, joined, notices.departed());
          }
        };
      }
    },
    SECOND_SOURCE_IGNORED("M2", "M2: one id is not one node") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return snapshots(
            good,
            before ->
                before.warnings().isEmpty()
                    ? before
                    : with(
                        before,
                        before.nodes().stream().map(Lie::firstCandidateOnly).toList(),
                        before.warnings()));
      }
    },
    MERGED_IN_SILENCE("M2", "M2: no warning names magpie/1") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return snapshots(good, before -> with(before, before.nodes(), List.of()));
      }
    },
    LISTING_DISMISSES("M3", "M3: reading membership changed notices") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return new ForwardingView(good) {
          private Notices last = new Notices(good, List.of(), List.of());

          @Override
          public Notices notices() {
            last = super.notices();
            return last;
          }

          @Override
          public Optional<Explanation> explain(PeerId id, NodeFilter filter) {
            last.dismissJoined();
            return good.explain(id, filter);
          }
        };
      }
    },
    DISMISSED_IS_NO_PEER("M3", "M3: dismissing changed membership") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return new ForwardingView(good) {
          private boolean dismissed;

          @Override
          public List<Notice> dismiss(Collection<Notice> notices) {
            dismissed = true;
            return good.dismiss(notices);
          }

          @Override
          public List<PeerId> ids() {
            return dismissed ? List.of() : good.ids();
          }
        };
      }
    },
    SUSPECT_DROPPED("M4", "M4: a suspect was dropped") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return new ForwardingView(good) {
          @Override
          public List<PeerId> ids() {
            // Without a look at peers one by one, which would break N6 as well.
            return memory.gone.isEmpty()
                ? good.ids()
                : good.ids().stream().filter(id -> !memory.gone.contains(id)).toList();
          }
        };
      }

      @Override
      PeerSetHarness harness(Memory memory) {
        return new LyingHarness(this, memory) {
          @Override
          public void doubt(PeerId id) {
            memory.gone.add(id);
            super.doubt(id);
          }
        };
      }
    },
    SUSPECT_UNMARKED("M4", "M4: a suspect is not marked") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return new ForwardingView(good) {
          @Override
          public Optional<PeerNode> node(PeerId id) {
            return good.node(id)
                .map(
                    node ->
                        node.suspect()
                            ? PeerNode.builder(id).addresses(node.addresses()).build()
                            : node);
          }
        };
      }
    },
    FIRST_RECORDING_IS_BASELINE("N1", "N1: the first recording is not all joined") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return new ForwardingView(good) {
          @Override
          public Notices notices() {
            Notices notices = super.notices();
            boolean first = !memory.began && notices.joined().size() == 3;
            memory.began = true;
            return first ? new Notices(this, List.of(), List.of()) : notices;
          }
        };
      }
    },
    JOINED_REPEATED("N1", "N1: a peer joined twice") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        int process = ++memory.writes;
        return new ForwardingView(good) {
          @Override
          public Notices notices() {
            Notices notices = super.notices();
            if (process < 4 || !notices.isEmpty() || good.ids().size() != 2) {
              return notices;
            }
            PeerId id = good.ids().get(0);
            return new Notices(
                this, List.of(new Notice(Notice.Kind.JOINED, id, 1, Optional.empty())), List.of());
          }
        };
      }
    },
    BOTH_NOTICES("N2", "N2: one id has both notices") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return new ForwardingView(good) {
          @Override
          public Notices notices() {
            Notices now = super.notices();
            List<Notice> joined = new ArrayList<>(now.joined());
            for (Notice old : memory.notices) {
              if (now.departed().stream().anyMatch(d -> d.id().equals(old.id()))) {
                joined.add(old);
              }
            }
            memory.notices.addAll(now.joined());
            return new Notices(this, joined, now.departed());
          }

          @Override
          public List<Notice> dismiss(Collection<Notice> notices) {
            memory.notices.clear();
            return good.dismiss(notices);
          }
        };
      }
    },
    ALL_DISMISSED("N3", "N3: dismissed what was never in hand") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return new ForwardingView(good) {
          @Override
          public List<Notice> dismiss(Collection<Notice> notices) {
            return good.dismiss(good.notices());
          }
        };
      }
    },
    SHOWING_DISMISSES("N3 N4 N5 N2 M3", "N3: a notice was lost") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return new ForwardingView(good) {
          @Override
          public Notices notices() {
            Notices notices = super.notices();
            good.dismiss(notices.departed());
            return notices;
          }
        };
      }
    },
    CRASH_LOSES("N4", "N4: a crash lost a notice") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return good;
      }

      @Override
      PeerSetHarness harness(Memory memory) {
        return new LyingHarness(this, memory) {
          @Override
          public void crash(PeerView view) {
            view.notices().dismissJoined();
          }
        };
      }
    },
    LAST_KNOWN_LOST("N5", "N5: the last known facts are missing") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return new ForwardingView(good) {
          @Override
          public Notices notices() {
            Notices now = super.notices();
            return new Notices(
                this,
                now.joined(),
                now.departed().stream()
                    .map(n -> new Notice(n.kind(), n.id(), n.sequence(), Optional.empty()))
                    .toList());
          }

          @Override
          public List<Notice> dismiss(Collection<Notice> notices) {
            return good.dismiss(notices);
          }
        };
      }
    },
    LISTING_RECORDS("N6", "N6: a listing wrote or recorded") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return new ForwardingView(good) {
          @Override
          public Health health() {
            try {
              if (good.snapshot().revision() == 1) {
                good.notices();
              }
            } catch (PeersException e) {
              return good.health();
            }
            return good.health();
          }
        };
      }
    },
    RECORDS_AGAIN("N6", "N6: something was written with nothing new") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return new ForwardingView(good) {
          @Override
          public Notices notices() {
            memory.writes++;
            return good.notices();
          }
        };
      }

      @Override
      PeerSetHarness harness(Memory memory) {
        return new LyingHarness(this, memory) {
          @Override
          public Object writes() {
            return List.of(super.writes(), memory.writes);
          }
        };
      }
    },
    IDS_READ_PEERS("N6", "N6: ids() read peers") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return new ForwardingView(good) {
          @Override
          public Optional<PeerId> selfId() {
            good.snapshot();
            return good.selfId();
          }
        };
      }
    },
    CANDIDATES_SORTED("A1", "A1: the addresses are not as given") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return new ForwardingView(good) {
          @Override
          public Optional<PeerNode> node(PeerId id) {
            return good.node(id)
                .map(
                    node ->
                        node.addresses().size() < 3
                            ? node
                            : PeerNode.builder(id)
                                .addresses(
                                    node.addresses().stream()
                                        .sorted((a, b) -> a.text().compareTo(b.text()))
                                        .toList())
                                .build());
          }
        };
      }
    },
    HOST_NAME_RESOLVED("A1", "A1: a host name was resolved") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return new ForwardingView(good) {
          @Override
          public Optional<PeerNode> node(PeerId id) {
            return good.node(id)
                .map(
                    node ->
                        node.address().map(a -> a.text().equals("localhost")).orElse(false)
                            ? PeerNode.builder(id).address("127.0.0.1", "dns").build()
                            : node);
          }
        };
      }
    },
    SILENT_FALLBACK("A2", "A2: inNetwork fell back or dropped") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return new ForwardingView(good) {
          @Override
          public List<PeerNode> nodes(NodeFilter filter) {
            // Only where the right answer is one peer, so that the other rules stay whole.
            List<PeerNode> kept = good.nodes(filter);
            boolean many = kept.size() == 1 && kept.get(0).addresses().size() == 2;
            return many && filter.toString().startsWith("inNetwork")
                ? good.nodes(NodeFilter.preferNetwork("198.51.100.0/24"))
                : kept;
          }
        };
      }
    },
    FALLBACK_UNMARKED("A2", "A2: preferNetwork does not mark") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return new ForwardingView(good) {
          @Override
          public List<PeerNode> nodes(NodeFilter filter) {
            return good.nodes(filter).stream()
                .map(n -> n.fallback() ? good.node(n.id()).orElseThrow() : n)
                .toList();
          }
        };
      }
    },
    WHIMSICAL("A3", "A3: the same input gave another answer") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return new ForwardingView(good) {
          @Override
          public List<PeerNode> nodes(NodeFilter filter) {
            List<PeerNode> nodes = new ArrayList<>(good.nodes(filter));
            if (nodes.size() == 3 && nodes.get(0).fallback() && memory.writes++ % 2 == 1) {
              nodes.add(nodes.remove(0));
            }
            return List.copyOf(nodes);
          }
        };
      }
    },
    EXPLAINS_OTHERWISE("A3", "A3: explain() disagrees with nodes() on magpie/1") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return new ForwardingView(good) {
          @Override
          public Optional<Explanation> explain(PeerId id, NodeFilter filter) {
            return good.explain(id, filter)
                .map(
                    why -> new Explanation(why.node(), why.filter(), new Verdict.Kept(why.node())));
          }
        };
      }
    },
    SETTING_TRIMMED("S1", "S1: the value of ") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return new ForwardingView(good) {
          @Override
          public Optional<PeerNode> node(PeerId id) {
            return good.node(id)
                .map(
                    node ->
                        node.settings().isEmpty()
                            ? node
                            : PeerNode.builder(id)
                                .addresses(node.addresses())
                                .settings(trimmed(node.settings()))
                                .build());
          }
        };
      }
    },
    PUBLISHED_TRIMMED("S1", "S1: a value changed on the way; check how it is written") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return new ForwardingView(good) {
          @Override
          public boolean publish(Map<String, String> settings) {
            return good.publish(trimmed(settings));
          }
        };
      }
    },
    NEEDLESS_WRITE("S2", "S2: a needless write") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return new ForwardingView(good) {
          @Override
          public boolean publish(Map<String, String> settings) {
            good.publish(settings);
            return true;
          }
        };
      }
    },
    EMPTY_VALUE_KEPT("S2", "S2: an empty value did not remove its key") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return new ForwardingView(good) {
          @Override
          public Map<String, String> published() {
            Map<String, String> all = new TreeMap<>(good.published());
            if (all.keySet().equals(Set.of("a", "c"))) {
              all.put("b", "");
            }
            return all;
          }
        };
      }
    },
    NO_PRESENT_FIRST("E1", "E1: a listener hears nothing") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return listeners(
            good, (listener, event) -> event.kind() != PeerEvent.Kind.STARTED || memory.began);
      }

      @Override
      PeerSetHarness harness(Memory memory) {
        return new LyingHarness(this, memory) {
          @Override
          public void breakSource(Breakage kind) {
            memory.began = true;
            super.breakSource(kind);
          }
        };
      }

      @Override
      Set<String> alsoBlames() {
        // Whoever waits for the present first is kept waiting.
        return Set.of("E2", "F2", "N6");
      }
    },
    EVENT_TWICE("E1", "E1: an event ") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return listeners(
            good,
            (listener, event) -> {
              if (event.kind() == PeerEvent.Kind.CHANGED) {
                listener.onEvent(event);
              }
              return true;
            });
      }
    },
    EVENT_LOST("E1", "E1: the events do not arrive at the snapshot") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return listeners(
            good,
            (listener, event) ->
                event.snapshot().ids().stream().noneMatch(id -> id.value().endsWith("/200")));
      }
    },
    EVENT_FOR_NOTHING("E1", "E1: an event for no change") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return listeners(
            good,
            (listener, event) -> {
              if (event instanceof PeerEvent.Started started
                  && started.snapshot().nodes().size() == 1) {
                listener.onEvent(event);
                listener.onEvent(new PeerEvent.Changed(started.snapshot(), started.snapshot()));
                return false;
              }
              return true;
            });
      }

      @Override
      Set<String> alsoBlames() {
        return Set.of("E2");
      }
    },
    EVENT_AFTER_CLOSE("E1", "E1: an event after close()") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return new ForwardingView(good) {
          @Override
          public Subscription listen(PeerListener listener) {
            good.listen(listener);
            return () -> {};
          }
        };
      }
    },
    THROWING_LISTENER_ENDS_ALL("E1", "E1: a throwing listener harmed another") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return listeners(
            good,
            (listener, event) -> {
              if (memory.began) {
                return false;
              }
              try {
                listener.onEvent(event);
              } catch (IllegalStateException e) {
                memory.began = true;
              }
              return false;
            });
      }
    },
    STALE_IS_EMPTY("E2", "E2: the last good peers are gone") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return new ForwardingView(good) {
          @Override
          public List<PeerId> ids() {
            List<PeerId> ids = good.ids();
            return good.selfId().isPresent() && stale(memory) ? List.of() : ids;
          }
        };
      }

      @Override
      PeerSetHarness harness(Memory memory) {
        return new LyingHarness(this, memory) {
          @Override
          public void breakSource(Breakage kind) {
            memory.began = true;
            super.breakSource(kind);
          }

          @Override
          public void healSource() {
            memory.began = false;
            super.healSource();
          }
        };
      }
    },
    ALWAYS_FRESH("E2", "E2: health does not tell that the source is broken") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return new ForwardingView(good) {
          @Override
          public Health health() {
            Health health = good.health();
            return new Health(Health.Status.FRESH, health.since(), "");
          }
        };
      }
    },
    BREAKS_UNTOLD("E2", "E2: nothing tells that the source broke") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return listeners(good, (listener, event) -> event.kind() != PeerEvent.Kind.HEALTH_CHANGED);
      }
    },
    PEER_TWICE("M1", "M1: ") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return new ForwardingView(good) {
          @Override
          public List<PeerId> ids() {
            List<PeerId> twice = new ArrayList<>(good.ids());
            if (twice.size() == 5) {
              twice.add(twice.get(4));
            }
            return List.copyOf(twice);
          }
        };
      }
    },
    FILTER_REORDERS("A2", "A2: ") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return new ForwardingView(good) {
          @Override
          public List<PeerNode> nodes(NodeFilter filter) {
            List<PeerNode> kept = new ArrayList<>(good.nodes(filter));
            if (filter.toString().startsWith("inNetwork")) {
              Collections.reverse(kept);
            }
            return List.copyOf(kept);
          }
        };
      }
    },
    DISMISSED_COMES_BACK("N3", "N3: a dismissed notice came back") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        int process = ++memory.writes;
        return new ForwardingView(good) {
          @Override
          public Notices notices() {
            Notices now = super.notices();
            // Only in a process after the one that dismissed it alone.
            boolean again = process > 6 && now.isEmpty() && memory.notices.size() == 1;
            return again ? new Notices(this, List.of(), memory.notices) : now;
          }

          @Override
          public List<Notice> dismiss(Collection<Notice> notices) {
            List<Notice> dismissed = good.dismiss(notices);
            if (process == 6) {
              memory.notices.addAll(dismissed);
            }
            return dismissed;
          }
        };
      }
    },
    LAST_KNOWN_SETTINGS_LOST("N5", "N5: the last known facts are missing") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return new ForwardingView(good) {
          @Override
          public Notices notices() {
            Notices now = super.notices();
            List<Notice> departed =
                now.departed().stream()
                    .map(
                        n ->
                            new Notice(
                                n.kind(),
                                n.id(),
                                n.sequence(),
                                n.lastKnown().map(Lie::withoutSettings)))
                    .toList();
            return new Notices(this, now.joined(), departed);
          }
        };
      }
    },
    PUBLISHED_UNSEEN("S1 S2", "S2: peers do not see what was published") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return good;
      }

      @Override
      PeerSetHarness harness(Memory memory) {
        return new LyingHarness(this, memory) {
          @Override
          public Map<String, String> seenByPeers() {
            return Map.of();
          }
        };
      }
    },
    OWN_IS_STALE("S2", "S2: self() shows other settings than were published") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return new ForwardingView(good) {
          private Optional<PeerNode> first = Optional.empty();

          @Override
          public Optional<PeerNode> self() {
            first = first.isPresent() ? first : good.self();
            return first;
          }
        };
      }
    },
    REVISION_STAYS("E1", "E1: another snapshot has the same revision") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return new ForwardingView(good) {
          private int size = -1;
          private long revision;

          @Override
          public Snapshot snapshot() {
            Snapshot now = good.snapshot();
            if (size != now.nodes().size()) {
              size = now.nodes().size();
              revision = now.revision();
            }
            return revision == now.revision()
                ? now
                : new Snapshot(
                    revision,
                    now.readAt(),
                    now.origin(),
                    now.selfId(),
                    now.nodes(),
                    now.networks(),
                    now.warnings());
          }
        };
      }
    },
    HEALS_UNTOLD("E2", "E2: nothing tells that the source healed") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return listeners(
            good,
            (listener, event) ->
                !(event instanceof PeerEvent.HealthChanged health && !health.after().stale()));
      }
    },
    ANY_EXCEPTION("F1", "F1: a broken source is not a PeersException") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return new ForwardingView(good) {
          @Override
          public Snapshot snapshot() {
            try {
              return good.snapshot();
            } catch (PeersException e) {
              throw new IllegalStateException(e);
            }
          }
        };
      }
    },
    UNKNOWN_NETWORK_IS_EMPTY("F1", "F1: an unknown network is no ConfigurationException") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        return new ForwardingView(good) {
          @Override
          public List<PeerNode> nodes(NodeFilter filter) {
            try {
              return good.nodes(filter);
            } catch (PeersException e) {
              return List.of();
            }
          }
        };
      }
    },
    THREAD_LEFT_BEHIND("F2", "F2: thread \"left behind\" is left behind") {
      @Override
      PeerView tell(PeerView good, Memory memory) {
        CountDownLatch forever = new CountDownLatch(1);
        Thread thread =
            new Thread(
                () -> {
                  try {
                    forever.await();
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                },
                "left behind");
        thread.setDaemon(true);
        thread.start();
        LEFT_BEHIND.add(forever);
        return good;
      }
    };

    final Set<String> rules;
    final String message;

    Lie(String rules, String message) {
      this.rules = Set.of(rules.split(" "));
      this.message = message;
    }

    abstract PeerView tell(PeerView good, Memory memory);

    PeerSetHarness harness(Memory memory) {
      return new LyingHarness(this, memory);
    }

    /** Rules whose tests cannot get to their point under this lie. */
    Set<String> alsoBlames() {
      return Set.of();
    }

    private static boolean stale(Memory memory) {
      return memory.began;
    }

    private static PeerNode withoutSettings(PeerNode node) {
      return PeerNode.builder(node.id()).addresses(node.addresses()).build();
    }

    private static PeerNode firstCandidateOnly(PeerNode node) {
      List<PeerAddress> first = node.addresses().subList(0, 1);
      return PeerNode.builder(node.id()).addresses(first).build();
    }

    private static Snapshot with(Snapshot old, List<PeerNode> nodes, List<String> warnings) {
      return new Snapshot(
          old.revision(),
          old.readAt(),
          old.origin(),
          old.selfId(),
          nodes,
          old.networks(),
          warnings);
    }

    private static PeerView snapshots(PeerView good, UnaryOperator<Snapshot> change) {
      return new ForwardingView(good) {
        @Override
        public Snapshot snapshot() {
          return change.apply(good.snapshot());
        }
      };
    }

    private static Map<String, String> trimmed(Map<String, String> settings) {
      Map<String, String> trimmed = new HashMap<>();
      settings.forEach((key, value) -> trimmed.put(key, value.strip()));
      return trimmed;
    }

    private static PeerView listeners(
        PeerView good, BiFunction<PeerListener, PeerEvent, Boolean> passes) {
      return new ForwardingView(good) {
        @Override
        public Subscription listen(PeerListener listener) {
          return good.listen(
              event -> {
                if (passes.apply(listener, event)) {
                  listener.onEvent(event);
                }
              });
        }
      };
    }
  }

  private static final List<CountDownLatch> LEFT_BEHIND = new ArrayList<>();

  /** The good peers, seen through a lie. */
  private static class LyingHarness extends InMemoryHarness {
    private final Lie lie;
    private final Memory memory;

    LyingHarness(Lie lie, Memory memory) {
      this.lie = lie;
      this.memory = memory;
    }

    @Override
    public PeerView open() {
      return lie.tell(super.open(), memory);
    }
  }

  private static EngineExecutionResults examine(Supplier<PeerSetHarness> harness) {
    return examine(Subject.class, harness);
  }

  static EngineExecutionResults examine(
      Class<? extends Subject> contract, Supplier<PeerSetHarness> harness) {
    subject = harness;
    try {
      return EngineTestKit.engine("junit-jupiter").selectors(selectClass(contract)).execute();
    } finally {
      subject = InMemoryHarness::new;
      LEFT_BEHIND.forEach(CountDownLatch::countDown);
      LEFT_BEHIND.clear();
    }
  }

  static String rule(Event event) {
    return event.getTestDescriptor().getDisplayName().split(" ")[0];
  }

  static Throwable failure(Event event) {
    return event.getRequiredPayload(TestExecutionResult.class).getThrowable().orElseThrow();
  }

  @ParameterizedTest
  @EnumSource
  void everyLieIsFoundAndBlamedOnItsRule(Lie lie) {
    EngineExecutionResults results = examine(() -> lie.harness(new Memory()));
    List<Event> failed = results.testEvents().failed().list();
    Set<String> allowed = new TreeSet<>(lie.rules);
    allowed.addAll(lie.alsoBlames());
    List<String> messages = new ArrayList<>();
    for (Event event : failed) {
      AssertionFailedError error =
          assertInstanceOf(AssertionFailedError.class, failure(event), event::toString);
      String message = String.valueOf(error.getMessage());
      messages.add(message);
      assertTrue(allowed.contains(rule(event)), lie + " was blamed on " + event + message);
      assertEquals(rule(event), message.split(":")[0], "the message names another rule");
    }
    assertTrue(
        messages.stream().anyMatch(message -> message.startsWith(lie.message)),
        lie + " was not found: " + messages);
  }

  @Test
  void everyRuleHasTestsAndALie() {
    Set<String> tested =
        examine(InMemoryHarness::new).testEvents().succeeded().stream()
            .map(PeerViewContractTest::rule)
            .collect(Collectors.toSet());
    assertEquals(RULES, tested);
    assertEquals(
        RULES,
        Arrays.stream(Lie.values()).flatMap(l -> l.rules.stream()).collect(Collectors.toSet()));
  }

  @Test
  void missingCapabilitiesSkipWithTheReasonOfTheHarnessAndNothingElse() {
    EngineExecutionResults all = examine(InMemoryHarness::new);
    EngineExecutionResults none =
        examine(
            () ->
                new InMemoryHarness() {
                  @Override
                  public Set<Capability> capabilities() {
                    return EnumSet.noneOf(Capability.class);
                  }

                  @Override
                  public String lacks(Capability missing) {
                    return "no " + missing + " here";
                  }
                });
    assertEquals(0, none.testEvents().failed().count());
    assertEquals(
        all.testEvents().succeeded().count(),
        none.testEvents().succeeded().count() + none.testEvents().aborted().count());
    Set<String> reasons =
        none.testEvents().aborted().stream()
            .map(event -> String.valueOf(failure(event).getMessage()))
            .collect(Collectors.toCollection(TreeSet::new));
    Set<String> expected = new TreeSet<>();
    for (PeerSetHarness.Capability capability : PeerSetHarness.Capability.values()) {
      // Each of these only enriches tests that run anyway.
      if (capability != PeerSetHarness.Capability.MANY_ADDRESSES) {
        expected.add("Assumption failed: no " + capability + " here");
      }
    }
    assertEquals(expected, reasons);
  }
}
