/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import magpie.peers.Explanation;
import magpie.peers.Health;
import magpie.peers.NodeFilter;
import magpie.peers.Notice;
import magpie.peers.Notices;
import magpie.peers.PeerEvent;
import magpie.peers.PeerId;
import magpie.peers.PeerListener;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.PeersException;
import magpie.peers.Snapshot;
import magpie.peers.Subscription;
import magpie.peers.Verdict;

/**
 * Views that break the contract. One row: the rules that must be named, the beginning of a message
 * that must be among the failures, and what is wrong.
 */
enum LyingView {
  SELF_IS_A_PEER(
      "M1",
      "M1: the node itself is a member",
      node((at, id) -> at.good.selfId().equals(Optional.of(id)) ? bare(id) : at.good.node(id))),
  DEPARTED_IS_A_PEER(
      "M1",
      "M1: a departed peer is a member",
      node(
          (at, id) -> {
            at.good.node(id).ifPresent(node -> at.ever.seen.put(id, node));
            return Optional.ofNullable(at.ever.seen.get(id));
          }),
      notices(
          (at, now) -> {
            at.good.nodes().forEach(node -> at.ever.seen.put(node.id(), node));
            return now;
          })),
  TEXT_ORDER(
      "M1",
      "M1: peers are out of order",
      ids(at -> at.good.ids().stream().sorted((a, b) -> a.value().compareTo(b.value())).toList())),
  PARTIAL_SNAPSHOT(
      "M1",
      "M1: two ways to ask disagree",
      nodes(
          (at, now, filter) -> filter == NodeFilter.all() ? now.subList(0, now.size() / 2) : now)),
  LEAKED_LIST(
      "M1",
      "M1: a caller can change what a view returned",
      ids(at -> new ArrayList<>(at.good.ids()))),
  EMPTY_FOR_BROKEN(
      "M1", "M1: a broken source gave peers", ids(at -> orElse(at.good::ids, List.of()))),
  PEER_TWICE(
      "M1",
      "M1: ",
      ids(
          at -> {
            List<PeerId> ids = at.good.ids();
            return ids.size() == 5 ? joined(ids, List.of(ids.get(4))) : ids;
          })),
  ADDRESS_IS_IDENTITY(
      "M2",
      "M2: a changed peer counts as another",
      notices(
          (at, now) -> {
            List<Notice> joined = new ArrayList<>(now.joined());
            for (PeerNode node : at.good.nodes()) {
              PeerNode before = at.ever.seen.put(node.id(), node);
              if (before != null && !before.address().equals(node.address())) {
                joined.add(join(node.id(), 99));
              }
            }
            return new Notices(at.good, joined, now.departed());
          })),
  SECOND_SOURCE_IGNORED(
      "M2",
      "M2: one id is not one node",
      snapshot(
          (at, now) ->
              now.warnings().isEmpty()
                  ? now
                  : with(
                      now,
                      now.nodes().stream().map(LyingView::firstAddressOnly).toList(),
                      now.warnings()))),
  MERGED_IN_SILENCE(
      "M2",
      "M2: no warning names magpie/1",
      snapshot((at, now) -> with(now, now.nodes(), List.of()))),
  LISTING_DISMISSES(
      "M3",
      "M3: reading membership changed notices",
      notices(
          (at, now) -> {
            at.here.notices = now.joined();
            return now;
          }),
      explain(
          (at, id, filter) -> {
            at.good.dismiss(at.here.notices);
            return at.good.explain(id, filter);
          })),
  DISMISSED_IS_NO_PEER(
      "M3",
      "M3: dismissing changed membership",
      dismiss(
          (at, notices) -> {
            at.here.began = true;
            return at.good.dismiss(notices);
          }),
      ids(at -> at.here.began ? List.of() : at.good.ids())),
  SUSPECT_DROPPED(
      "M4",
      "M4: a suspect was dropped",
      // Without a look at peers one by one, which would break N6 as well.
      ids(at -> at.good.ids().stream().filter(id -> !at.ever.doubted.contains(id)).toList())),
  SUSPECT_UNMARKED(
      "M4",
      "M4: a suspect is not marked",
      eachNode(
          node ->
              node.suspect()
                  ? PeerNode.builder(node.id()).addresses(node.addresses()).build()
                  : node)),
  FIRST_RECORDING_IS_BASELINE(
      "N1",
      "N1: the first recording is not all joined",
      notices(
          (at, now) -> {
            boolean first = !at.ever.began && now.joined().size() == 3;
            at.ever.began = true;
            return first ? new Notices(at.good, List.of(), List.of()) : now;
          })),
  JOINED_REPEATED(
      "N1",
      "N1: a peer joined twice",
      notices(
          (at, now) ->
              at.process < 4 || !now.isEmpty() || at.good.ids().size() != 2
                  ? now
                  : new Notices(at.good, List.of(join(at.good.ids().get(0), 1)), List.of()))),
  BOTH_NOTICES(
      "N2",
      "N2: one id has both notices",
      notices(
          (at, now) -> {
            Set<PeerId> departed = new TreeSet<>();
            now.departed().forEach(notice -> departed.add(notice.id()));
            List<Notice> old =
                at.ever.notices.stream().filter(n -> departed.contains(n.id())).toList();
            at.ever.notices = joined(at.ever.notices, now.joined());
            return new Notices(at.good, joined(now.joined(), old), now.departed());
          }),
      dismiss(
          (at, notices) -> {
            at.ever.notices = List.of();
            return at.good.dismiss(notices);
          })),
  ALL_DISMISSED(
      "N3",
      "N3: dismissed what was never in hand",
      dismiss((at, notices) -> at.good.dismiss(at.good.notices()))),
  SHOWING_DISMISSES(
      "N3 N4 N5 N2 M3",
      "N3: a notice was lost",
      notices(
          (at, now) -> {
            at.good.dismiss(now.departed());
            return now;
          })),
  DISMISSED_COMES_BACK(
      "N3",
      "N3: a dismissed notice came back",
      // Only in a process after the one that dismissed it alone.
      notices(
          (at, now) ->
              at.process > 6 && now.isEmpty() && at.ever.notices.size() == 1
                  ? new Notices(at.good, List.of(), at.ever.notices)
                  : now),
      dismiss(
          (at, notices) -> {
            List<Notice> dismissed = at.good.dismiss(notices);
            at.ever.notices = joined(at.ever.notices, at.process == 6 ? dismissed : List.of());
            return dismissed;
          })),
  CRASH_LOSES("N4", "N4: a crash lost a notice"),
  LAST_KNOWN_LOST(
      "N5", "N5: the last known facts are missing", lastKnown(known -> Optional.empty())),
  LAST_KNOWN_SETTINGS_LOST(
      "N5",
      "N5: the last known facts are missing",
      lastKnown(
          known ->
              known.map(node -> PeerNode.builder(node.id()).addresses(node.addresses()).build()))),
  LISTING_RECORDS(
      "N6",
      "N6: a listing wrote or recorded",
      health(
          (at, now) -> {
            List<Notice> none = List.of();
            orElse(
                () -> at.good.snapshot().revision() == 1 ? at.good.notices().joined() : none, none);
            return at.good.health();
          })),
  RECORDS_AGAIN(
      "N6",
      "N6: something was written with nothing new",
      notices(
          (at, now) -> {
            at.ever.recorded++;
            return now;
          })),
  IDS_READ_PEERS(
      "N6",
      "N6: ids() read peers",
      selfId(
          at -> {
            at.good.snapshot();
            return at.good.selfId();
          })),
  ADDRESSES_SORTED(
      "A1",
      "A1: the addresses are not as given",
      eachNode(
          node ->
              node.addresses().size() < 3
                  ? node
                  : PeerNode.builder(node.id())
                      .addresses(
                          node.addresses().stream()
                              .sorted((a, b) -> a.text().compareTo(b.text()))
                              .toList())
                      .build())),
  HOST_NAME_RESOLVED(
      "A1",
      "A1: a host name was resolved",
      eachNode(
          node ->
              node.address().map(a -> a.text().equals("localhost")).orElse(false)
                  ? PeerNode.builder(node.id()).address("127.0.0.1", "dns").build()
                  : node)),
  SILENT_FALLBACK(
      "A2",
      "A2: inNetwork fell back or dropped",
      // Only where the right answer is one peer, so that the other rules stay whole.
      nodes(
          (at, now, filter) ->
              isInNetwork(filter) && now.size() == 1 && now.get(0).addresses().size() == 2
                  ? at.good.nodes(NodeFilter.preferNetwork("198.51.100.0/24"))
                  : now)),
  FALLBACK_UNMARKED(
      "A2",
      "A2: preferNetwork does not mark",
      nodes(
          (at, now, filter) ->
              now.stream()
                  .map(n -> n.fallback() ? at.good.node(n.id()).orElseThrow() : n)
                  .toList())),
  FILTER_REORDERS(
      "A2", "A2: ", nodes((at, now, filter) -> isInNetwork(filter) ? reversed(now) : now)),
  WHIMSICAL(
      "A3",
      "A3: the same input gave another answer",
      nodes(
          (at, now, filter) ->
              now.size() == 3 && now.get(0).fallback() && at.ever.count++ % 2 == 1
                  ? List.of(now.get(1), now.get(2), now.get(0))
                  : now)),
  EXPLAINS_OTHERWISE(
      "A3",
      "A3: explain() disagrees with nodes() on magpie/1",
      explain(
          (at, id, filter) ->
              at.good
                  .explain(id, filter)
                  .map(w -> new Explanation(w.node(), w.filter(), new Verdict.Kept(w.node()))))),
  SETTING_TRIMMED(
      "S1",
      "S1: the value of ",
      eachNode(
          node ->
              node.settings().isEmpty()
                  ? node
                  : PeerNode.builder(node.id())
                      .addresses(node.addresses())
                      .settings(trimmed(node.settings()))
                      .build())),
  PUBLISHED_TRIMMED(
      "S1",
      "S1: a value changed on the way; check how it is written",
      publish((at, settings) -> at.good.publish(trimmed(settings)))),
  PUBLISHED_UNSEEN("S1 S2", "S2: peers do not see what was published"),
  NEEDLESS_WRITE(
      "S2",
      "S2: a needless write",
      publish(
          (at, settings) -> {
            at.good.publish(settings);
            return true;
          })),
  EMPTY_VALUE_KEPT(
      "S2",
      "S2: an empty value did not remove its key",
      published(
          at -> {
            Map<String, String> all = new TreeMap<>(at.good.published());
            if (all.keySet().equals(Set.of("a", "c"))) {
              all.put("b", "");
            }
            return all;
          })),
  OWN_IS_STALE(
      "S2",
      "S2: self() shows other settings than were published",
      self(
          at -> {
            at.here.self = at.here.self.or(at.good::self);
            return at.here.self;
          })),
  NO_PRESENT_FIRST(
      "E1",
      "E2 F2 N6", // Who waits for the present first is kept waiting.
      "E1: a listener hears nothing",
      listen((at, to, event) -> event.kind() != PeerEvent.Kind.STARTED || at.ever.brokenOnce)),
  EVENT_TWICE(
      "E1",
      "E1: an event ",
      listen(
          (at, to, event) -> {
            if (event.kind() == PeerEvent.Kind.CHANGED) {
              to.onEvent(event);
            }
            return true;
          })),
  EVENT_LOST(
      "E1",
      "E1: the events do not arrive at the snapshot",
      listen(
          (at, to, event) ->
              event.snapshot().ids().stream().noneMatch(id -> id.value().endsWith("/200")))),
  EVENT_FOR_NOTHING(
      "E1",
      "E2",
      "E1: an event for no change",
      listen(
          (at, to, event) -> {
            Snapshot now = event.snapshot();
            if (event.kind() != PeerEvent.Kind.STARTED || now.nodes().size() != 1) {
              return true;
            }
            to.onEvent(event);
            to.onEvent(new PeerEvent.Changed(now, now));
            return false;
          })),
  EVENT_AFTER_CLOSE(
      "E1",
      "E1: an event after close()",
      at ->
          new ForwardingView(at.good) {
            @Override
            public Subscription listen(PeerListener listener) {
              good.listen(listener);
              return () -> {};
            }
          }),
  THROWING_LISTENER_ENDS_ALL(
      "E1",
      "E1: a throwing listener harmed another",
      listen(
          (at, to, event) -> {
            try {
              if (!at.ever.began) {
                to.onEvent(event);
              }
            } catch (IllegalStateException e) {
              at.ever.began = true;
            }
            return false;
          })),
  REVISION_STAYS(
      "E1",
      "E1: another snapshot has the same revision",
      snapshot(
          (at, now) -> {
            if (at.here.count != now.nodes().size() + 1) {
              at.here.count = now.nodes().size() + 1;
              at.here.revision = now.revision();
            }
            return new Snapshot(
                at.here.revision,
                now.readAt(),
                now.origin(),
                now.selfId(),
                now.nodes(),
                now.networks(),
                now.warnings());
          })),
  STALE_IS_EMPTY(
      "E2",
      "E2: the last good peers are gone",
      ids(
          at -> {
            List<PeerId> ids = at.good.ids();
            return at.good.selfId().isPresent() && at.ever.broken ? List.of() : ids;
          })),
  ALWAYS_FRESH(
      "E2",
      "E2: health does not tell that the source is broken",
      health((at, now) -> new Health(Health.Status.FRESH, now.since(), ""))),
  BREAKS_UNTOLD(
      "E2",
      "E2: nothing tells that the source broke",
      listen((at, to, event) -> event.kind() != PeerEvent.Kind.HEALTH_CHANGED)),
  HEALS_UNTOLD(
      "E2",
      "E2: nothing tells that the source healed",
      listen(
          (at, to, event) ->
              !(event instanceof PeerEvent.HealthChanged health && !health.after().stale()))),
  ANY_EXCEPTION(
      "F1",
      "F1: a broken source is not a PeersException",
      at ->
          new ForwardingView(at.good) {
            @Override
            public Snapshot snapshot() {
              try {
                return good.snapshot();
              } catch (PeersException e) {
                throw new IllegalStateException(e);
              }
            }
          }),
  UNKNOWN_NETWORK_IS_EMPTY(
      "F1",
      "F1: an unknown network is no ConfigurationException",
      at ->
          new ForwardingView(at.good) {
            @Override
            public List<PeerNode> nodes(NodeFilter filter) {
              return orElse(() -> good.nodes(filter), List.of());
            }
          }),
  THREAD_LEFT_BEHIND(
      "F2",
      "F2: thread \"left behind\" is left behind",
      at -> {
        at.ever.leaveThreadBehind();
        return at.good;
      });

  /** What a lie remembers, of one view or of all views of its node. */
  static final class Memory {
    final Map<PeerId, PeerNode> seen = new TreeMap<>();
    final Set<PeerId> doubted = new TreeSet<>();
    final CountDownLatch end = new CountDownLatch(1);
    List<Notice> notices = List.of();
    Optional<PeerNode> self = Optional.empty();
    boolean began;
    boolean broken;
    boolean brokenOnce;
    int processes;
    int recorded;
    int count;
    long revision;

    private void leaveThreadBehind() {
      Thread thread =
          new Thread(
              () -> {
                try {
                  end.await();
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
              },
              "left behind");
      thread.setDaemon(true);
      thread.start();
    }
  }

  /**
   * What a lie has at hand.
   *
   * @param good what is true
   * @param ever what is kept across processes
   * @param here what is kept of this view
   * @param process the how many-th view of this node it is
   */
  private record At(PeerView good, Memory ever, Memory here, int process) {}

  /** Makes a lying view of a good one. */
  private interface Told {
    PeerView tell(At at);
  }

  final Set<String> rules;

  /** Rules whose tests cannot get to their point under this lie. */
  final Set<String> alsoBlames;

  final String message;
  private final List<Told> parts;

  LyingView(String rules, String message, Told... parts) {
    this(rules, "", message, parts);
  }

  LyingView(String rules, String alsoBlames, String message, Told... parts) {
    this.rules = Set.of(rules.split(" "));
    this.alsoBlames = Set.of(alsoBlames.split(" "));
    this.message = message;
    this.parts = List.of(parts);
  }

  private PeerView tell(PeerView good, Memory ever) {
    Memory here = new Memory();
    int process = ++ever.processes;
    PeerView told = good;
    for (Told part : parts) {
      told = part.tell(new At(told, ever, here, process));
    }
    return told;
  }

  /** The good peers, seen through this lie; what is no view's lies as well. */
  PeerSetHarness harness(Memory memory) {
    return new InMemoryHarness() {
      @Override
      public PeerView open() {
        return tell(super.open(), memory);
      }

      @Override
      public void doubt(PeerId id) {
        memory.doubted.add(id);
        super.doubt(id);
      }

      @Override
      public void breakSource(Breakage kind) {
        memory.broken = true;
        memory.brokenOnce = true;
        super.breakSource(kind);
      }

      @Override
      public void healSource() {
        memory.broken = false;
        super.healSource();
      }

      @Override
      public Object writes() {
        return List.of(super.writes(), memory.recorded);
      }

      @Override
      public void crash(PeerView view) {
        if (LyingView.this == CRASH_LOSES) {
          view.notices().dismissJoined();
        } else {
          super.crash(view);
        }
      }

      @Override
      public Map<String, String> seenByPeers() {
        return LyingView.this == PUBLISHED_UNSEEN ? Map.of() : super.seenByPeers();
      }
    };
  }

  // ---- lies, by the question that they answer ----

  private static Told ids(Function<At, List<PeerId>> lie) {
    return at ->
        new ForwardingView(at.good) {
          @Override
          public List<PeerId> ids() {
            return lie.apply(at);
          }
        };
  }

  private static Told selfId(Function<At, Optional<PeerId>> lie) {
    return at ->
        new ForwardingView(at.good) {
          @Override
          public Optional<PeerId> selfId() {
            return lie.apply(at);
          }
        };
  }

  private static Told self(Function<At, Optional<PeerNode>> lie) {
    return at ->
        new ForwardingView(at.good) {
          @Override
          public Optional<PeerNode> self() {
            return lie.apply(at);
          }
        };
  }

  private static Told node(BiFunction<At, PeerId, Optional<PeerNode>> lie) {
    return at ->
        new ForwardingView(at.good) {
          @Override
          public Optional<PeerNode> node(PeerId id) {
            return lie.apply(at, id);
          }
        };
  }

  private static Told eachNode(UnaryOperator<PeerNode> lie) {
    return node((at, id) -> at.good.node(id).map(lie));
  }

  private interface OfNodes {
    List<PeerNode> lie(At at, List<PeerNode> now, NodeFilter filter);
  }

  private static Told nodes(OfNodes lie) {
    return at ->
        new ForwardingView(at.good) {
          @Override
          public List<PeerNode> nodes(NodeFilter filter) {
            return lie.lie(at, good.nodes(filter), filter);
          }
        };
  }

  private static Told snapshot(BiFunction<At, Snapshot, Snapshot> lie) {
    return at ->
        new ForwardingView(at.good) {
          @Override
          public Snapshot snapshot() {
            return lie.apply(at, good.snapshot());
          }
        };
  }

  private interface OfExplanations {
    Optional<Explanation> lie(At at, PeerId id, NodeFilter filter);
  }

  private static Told explain(OfExplanations lie) {
    return at ->
        new ForwardingView(at.good) {
          @Override
          public Optional<Explanation> explain(PeerId id, NodeFilter filter) {
            return lie.lie(at, id, filter);
          }
        };
  }

  private static Told notices(BiFunction<At, Notices, Notices> lie) {
    return at ->
        new ForwardingView(at.good) {
          @Override
          public Notices notices() {
            Notices told = lie.apply(at, super.notices());
            // Dismissing them is to go through this view.
            return new Notices(this, told.joined(), told.departed());
          }
        };
  }

  private static Told lastKnown(UnaryOperator<Optional<PeerNode>> lie) {
    return notices(
        (at, now) ->
            new Notices(
                at.good,
                now.joined(),
                now.departed().stream()
                    .map(n -> new Notice(n.kind(), n.id(), n.sequence(), lie.apply(n.lastKnown())))
                    .toList()));
  }

  private static Told dismiss(BiFunction<At, Collection<Notice>, List<Notice>> lie) {
    return at ->
        new ForwardingView(at.good) {
          @Override
          public List<Notice> dismiss(Collection<Notice> notices) {
            return lie.apply(at, notices);
          }
        };
  }

  private static Told publish(BiFunction<At, Map<String, String>, Boolean> lie) {
    return at ->
        new ForwardingView(at.good) {
          @Override
          public boolean publish(Map<String, String> settings) {
            return lie.apply(at, settings);
          }
        };
  }

  private static Told published(Function<At, Map<String, String>> lie) {
    return at ->
        new ForwardingView(at.good) {
          @Override
          public Map<String, String> published() {
            return lie.apply(at);
          }
        };
  }

  private static Told health(BiFunction<At, Health, Health> lie) {
    return at ->
        new ForwardingView(at.good) {
          @Override
          public Health health() {
            return lie.apply(at, good.health());
          }
        };
  }

  private interface OfEvents {
    /** Tells whether the event is passed on to the listener. */
    boolean passes(At at, PeerListener to, PeerEvent event);
  }

  private static Told listen(OfEvents lie) {
    return at ->
        new ForwardingView(at.good) {
          @Override
          public Subscription listen(PeerListener listener) {
            return good.listen(
                event -> {
                  if (lie.passes(at, listener, event)) {
                    listener.onEvent(event);
                  }
                });
          }
        };
  }

  // ---- what they are made of ----

  private static Optional<PeerNode> bare(PeerId id) {
    return Optional.of(PeerNode.builder(id).build());
  }

  private static Notice join(PeerId id, long sequence) {
    return new Notice(Notice.Kind.JOINED, id, sequence, Optional.empty());
  }

  private static <T> List<T> joined(List<T> first, List<T> second) {
    List<T> all = new ArrayList<>(first);
    all.addAll(second);
    return List.copyOf(all);
  }

  private static <T> List<T> reversed(List<T> list) {
    List<T> reversed = new ArrayList<>(list);
    Collections.reverse(reversed);
    return List.copyOf(reversed);
  }

  private static <T> List<T> orElse(Supplier<List<T>> asked, List<T> otherwise) {
    try {
      return asked.get();
    } catch (PeersException e) {
      return otherwise;
    }
  }

  private static boolean isInNetwork(NodeFilter filter) {
    return filter.toString().startsWith("inNetwork");
  }

  private static PeerNode firstAddressOnly(PeerNode node) {
    return PeerNode.builder(node.id()).addresses(node.addresses().subList(0, 1)).build();
  }

  private static Snapshot with(Snapshot old, List<PeerNode> nodes, List<String> warnings) {
    return new Snapshot(
        old.revision(), old.readAt(), old.origin(), old.selfId(), nodes, old.networks(), warnings);
  }

  private static Map<String, String> trimmed(Map<String, String> settings) {
    Map<String, String> trimmed = new HashMap<>();
    settings.forEach((key, value) -> trimmed.put(key, value.strip()));
    return trimmed;
  }
}
