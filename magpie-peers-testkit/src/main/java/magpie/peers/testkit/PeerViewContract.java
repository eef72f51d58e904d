/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import magpie.peers.Changes;
import magpie.peers.ConfigurationException;
import magpie.peers.Environment;
import magpie.peers.Explanation;
import magpie.peers.NodeFilter;
import magpie.peers.Notice;
import magpie.peers.Notices;
import magpie.peers.PeerAddress;
import magpie.peers.PeerEvent;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.PeersException;
import magpie.peers.Snapshot;
import magpie.peers.SourceUnavailableException;
import magpie.peers.StateException;
import magpie.peers.Subscription;
import magpie.peers.Verdict;
import magpie.peers.spi.PeerSource;
import magpie.peers.testkit.PeerSetHarness.Breakage;
import magpie.peers.testkit.PeerSetHarness.Capability;
import magpie.peers.testkit.PeerSetHarness.Peer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.parallel.Isolated;

/**
 * The contract of a peer view as tests: a backend that passes them keeps every numbered rule.
 *
 * <pre>{@code
 * class BenchContractTest extends PeerViewContract {
 *   @TempDir Path directory;
 *
 *   @Override
 *   protected PeerSetHarness harness() {
 *     return new BenchHarness(directory);
 *   }
 * }
 * }</pre>
 *
 * <p>The display name of each test begins with its rule, and so does the message of each assertion,
 * which goes on to say what to check. Tests of what the harness cannot do are skipped with the
 * reason that it gives; none is ever weakened.
 *
 * <p>Waiting: something that must come may take {@link #deadline()}, and something that must not
 * come is waited for during {@link #quiet()}. On slow machines set {@code -Dmagpie.test.scale=5} or
 * {@code MAGPIE_TEST_SCALE=5} for the first and {@code -Dmagpie.test.quiet-scale} or {@code
 * MAGPIE_TEST_QUIET_SCALE} for the second.
 *
 * <p>Name the subclass {@code *Test}, because Maven runs no class named otherwise, and keep one to
 * a module, because reports name the groups of tests after this class.
 */
@DisplayName("A peer view")
public abstract class PeerViewContract {
  private static final String INSIDE = "198.51.100.0/24";

  /** Texts that some encodings, parsers and shells change on the way. */
  private static final Map<String, String> NASTY =
      Map.of(
          "blank-around", "  two before, two behind  ",
          "lines", "first\nsecond\r\n\n\tthird\n",
          "like-yaml", "yes: [1, 0x10, ~, &a *a] # no comment",
          "like-json", "{\"a\": \"\\u0000\\\\n\", \"b\": null}",
          "number", "0012.50",
          "unicode", "z\u0301 \u00df \u0130\u0131 \u65e5\u672c \ud83d\udc26\u200d\u2b1b",
          "shell", "$(id) `id` 'a' \"b\" \\ ; | & --help",
          "equals", "=a=b=",
          "dash", "-");

  @RegisterExtension static final RuleFirst RULE_FIRST = new RuleFirst();

  private final List<PeerView> opened = new ArrayList<>();

  /** The peers as the harness was told them last. */
  private final SortedMap<PeerId, Peer> told = new TreeMap<>();

  /** All keys that each peer ever had. */
  private final Map<PeerId, Set<String>> keys = new HashMap<>();

  @SuppressWarnings("NullAway.Init") // set before each test
  private PeerSetHarness set;

  /** For subclasses. */
  protected PeerViewContract() {}

  /**
   * Makes a harness without peers, notices or published settings; called before each test, when the
   * fields of the subclass are ready.
   *
   * @return a new harness, which the contract closes
   * @throws Exception if it cannot be made, which fails the test
   */
  protected abstract PeerSetHarness harness() throws Exception;

  /**
   * Returns how long something that must come may take.
   *
   * @return 10 seconds, times {@code magpie.test.scale}
   */
  protected Duration deadline() {
    return scaled(Duration.ofSeconds(10), "scale");
  }

  /**
   * Returns how long something that must not come is waited for.
   *
   * @return 200 milliseconds, times {@code magpie.test.quiet-scale}
   */
  protected Duration quiet() {
    return scaled(Duration.ofMillis(200), "quiet-scale");
  }

  private static Duration scaled(Duration duration, String name) {
    Environment given = Environment.system();
    String scale =
        Optional.ofNullable(given.properties().get("magpie.test." + name))
            .or(
                () ->
                    given.variable(
                        "MAGPIE_TEST_" + name.toUpperCase(Locale.ROOT).replace('-', '_')))
            .orElse("1");
    try {
      return Duration.ofNanos((long) (duration.toNanos() * Double.parseDouble(scale)));
    } catch (NumberFormatException e) {
      throw new ConfigurationException(
          "expected a number such as 2.5 in magpie.test." + name + ", found \"" + scale + "\"", e);
    }
  }

  @BeforeEach
  void makeHarness() throws Exception {
    set = harness();
  }

  @AfterEach
  void closeAll() {
    try {
      for (PeerView view : opened) {
        assertDoesNotThrow(view::close, "F2: close() failed; check PeerSource.close()");
      }
    } finally {
      set.close();
    }
  }

  // What the tests below are written in.

  private PeerView open() {
    PeerView view = set.open();
    opened.add(view);
    return view;
  }

  private void needs(Capability capability) {
    assumeTrue(set.capabilities().contains(capability), () -> set.lacks(capability));
  }

  private boolean can(Capability capability) {
    return set.capabilities().contains(capability);
  }

  private PeerId id(int number) {
    return set.id(number);
  }

  private List<PeerId> ids(int... numbers) {
    return Arrays.stream(numbers).mapToObj(this::id).toList();
  }

  private Peer peer(int number, String... addresses) {
    return new Peer(id(number), List.of(addresses), Map.of(), Map.of());
  }

  /** Adds or changes a peer, and keeps in mind what the harness was told of it. */
  private void put(Peer peer) {
    set.put(peer);
    told.put(peer.id(), peer);
    keys.computeIfAbsent(peer.id(), any -> new HashSet<>()).addAll(peer.settings().keySet());
  }

  private void remove(PeerId id) {
    set.remove(id);
    told.remove(id);
  }

  /** Checks peers against what the harness was told: ids, addresses, settings, labels. */
  private void asTold(String rule, List<PeerNode> nodes) {
    assertEquals(
        List.copyOf(told.keySet()), nodes.stream().map(PeerNode::id).toList(), rule + " (ids)");
    for (PeerNode node : nodes) {
      Peer peer = Objects.requireNonNull(told.get(node.id()), "a peer that was told");
      String of = " of " + node.id() + ")";
      assertEquals(peer.addresses(), addresses(node), rule + " (addresses" + of);
      // A source may add settings of its own.
      Map<String, String> settings = new TreeMap<>(node.settings());
      settings.keySet().retainAll(keys.getOrDefault(node.id(), Set.of()));
      assertEquals(new TreeMap<>(peer.settings()), settings, rule + " (settings" + of);
      if (can(Capability.LABELS)) {
        assertEquals(peer.labels(), node.labels(), rule + " (labels" + of);
      }
    }
  }

  /** Listens, and waits until the present was told. */
  private Received<PeerEvent> listening(String rule, PeerView view) {
    Received<PeerEvent> heard = new Received<>();
    view.listen(heard::accept);
    heard.await(
        rule + ": a listener hears nothing; check that the view is the one of the api",
        deadline(),
        all -> !all.isEmpty());
    return heard;
  }

  /** Adds peers with an address each: 192.0.2.1 for id(1), and so on. */
  private void put(int... numbers) {
    for (int number : numbers) {
      put(peer(number, "192.0.2." + number));
    }
  }

  /** Lets a process see these peers and deal with every notice. */
  private void dealtWith(int... numbers) {
    put(numbers);
    PeerView view = open();
    view.dismiss(view.notices());
    set.finish(view);
  }

  private static List<PeerId> of(Collection<Notice> notices) {
    return notices.stream().map(Notice::id).toList();
  }

  private static void told(String rule, List<PeerId> joined, List<PeerId> departed, Notices told) {
    assertEquals(joined, of(told.joined()), rule + " (joined)");
    assertEquals(departed, of(told.departed()), rule + " (departed)");
  }

  private static void unmodifiable(String rule, Executable change) {
    assertThrows(UnsupportedOperationException.class, change, rule);
  }

  private static <T> T present(String rule, Optional<T> value) {
    assertTrue(value.isPresent(), rule);
    return value.orElseThrow();
  }

  private static PeerNode member(String rule, PeerView view, PeerId id) {
    return present(rule + ": " + id + " is not a member", view.node(id));
  }

  private static List<String> addresses(PeerNode node) {
    return node.addresses().stream().map(PeerAddress::text).toList();
  }

  @Nested
  @DisplayName("membership")
  class Membership {
    @Test
    @DisplayName("M1 never lists the node itself")
    void neverSelf() {
      put(1, 2);
      PeerView view = open();
      PeerId self =
          present(
              "M1: selfId() is empty; check that Reading.selfId() is the node's id", view.selfId());
      assertEquals(id(0), self, "M1: self is another; check Reading.selfId()");
      String rule = "M1: the node itself is a member; check that Reading.selfId() is its id";
      assertEquals(ids(1, 2), view.ids(), rule);
      assertEquals(ids(1, 2), view.snapshot().ids(), rule);
      assertEquals(Optional.empty(), view.node(self), rule);
      assertEquals(Optional.empty(), view.explain(self, NodeFilter.all()), rule);
    }

    @Test
    @DisplayName("M1 never lists a departed peer")
    void neverDeparted() {
      dealtWith(1, 2);
      remove(id(2));
      PeerView view = open();
      String rule =
          "M1: a departed peer is a member; check that Reading.ids() holds the present only";
      for (int round = 0; round < 2; round++) {
        assertEquals(ids(1), view.ids(), rule);
        assertEquals(ids(1), view.snapshot().ids(), rule);
        assertEquals(Optional.empty(), view.node(id(2)), rule);
        assertEquals(Optional.empty(), view.explain(id(2), NodeFilter.all()), rule);
        view.notices();
      }
    }

    @Test
    @DisplayName("M1 never lists a peer that departed while the view was open")
    void neverDepartedSince() {
      needs(Capability.LIVE);
      put(1, 2, 3);
      PeerView view = open();
      String rule = "M1: the peers are not those there are; check Reading.ids()";
      assertEquals(ids(1, 2, 3), view.ids(), rule);
      asTold(rule, view.nodes());
      remove(id(2));
      rule =
          "M1: a departed peer is a member of a view that was open; check that PeerSource.read()"
              + " gives a new Reading after a departure";
      for (int round = 0; round < 2; round++) {
        assertEquals(ids(1, 3), view.ids(), rule);
        assertEquals(ids(1, 3), view.snapshot().ids(), rule);
        assertEquals(Optional.empty(), view.node(id(2)), rule);
        asTold(rule, view.nodes());
        asTold(rule, view.nodes(NodeFilter.id("*")));
        view.notices();
      }
      put(peer(2, "192.0.2.22"));
      rule =
          "M1: a peer that came back is not as it is now; check that PeerSource.read() keeps"
              + " nothing of the time before";
      asTold(rule, view.nodes());
    }

    @Test
    @DisplayName("M1 orders peers by their ids, numbers as numbers")
    void ordered() {
      put(10, 2, 1, 30, 3);
      PeerView view = open();
      String rule = "M1: peers are out of order; check that nothing sorts ids as text";
      List<PeerId> order = ids(1, 2, 3, 10, 30);
      assertEquals(order, view.ids(), rule);
      assertEquals(order, view.snapshot().ids(), rule);
      assertEquals(order, view.nodes().stream().map(PeerNode::id).toList(), rule);
      assertEquals(order, of(view.notices().joined()), rule);
    }

    @Test
    @DisplayName("M1 is whole: every way to ask gives the same peers")
    void whole() {
      put(1, 2, 3);
      PeerView view = open();
      String rule = "M1: two ways to ask disagree; check that Reading.nodes() leaves none out";
      Snapshot snapshot = view.snapshot();
      assertEquals(ids(1, 2, 3), snapshot.ids(), rule);
      assertEquals(snapshot.ids(), view.ids(), rule);
      assertEquals(snapshot.nodes(), view.nodes(), rule);
      assertEquals(snapshot.nodes(), view.nodes(NodeFilter.all()), rule);
      asTold("M1: a peer is not as it is; check Reading.nodes()", snapshot.nodes());
      for (PeerNode node : snapshot.nodes()) {
        assertEquals(Optional.of(node), view.node(node.id()), rule);
      }
    }

    @Test
    @DisplayName("M1 hands out snapshots that never change")
    void immutable() {
      put(1, 2);
      PeerView view = open();
      Snapshot snapshot = view.snapshot();
      String rule = "M1: a caller can change what a view returned; check for leaked lists";
      unmodifiable(rule, () -> snapshot.nodes().remove(0));
      unmodifiable(rule, () -> view.ids().remove(0));
      unmodifiable(rule, () -> view.nodes().remove(0));
      unmodifiable(rule, () -> view.nodes(NodeFilter.id("*")).remove(0));
      unmodifiable(rule, () -> view.nodes().get(0).settings().put("a", "b"));
      unmodifiable(rule, () -> view.nodes().get(0).addresses().remove(0));
      unmodifiable(rule, () -> view.notices().joined().remove(0));
      if (can(Capability.LIVE)) {
        remove(id(2));
      }
      view.snapshot();
      assertEquals(ids(1, 2), snapshot.ids(), "M1: an old snapshot changed; check for live lists");
    }

    @Test
    @DisplayName("M1 is an exception, never a part, where the source cannot be read")
    void brokenIsNotEmpty() {
      needs(Capability.BREAKABLE);
      put(1, 2);
      for (Breakage kind : set.breakages()) {
        set.breakSource(kind);
        String rule =
            "M1: a broken source gave peers; check that PeerSource.read() throws a PeersException"
                + " (the source is "
                + kind
                + ")";
        assertThrows(RuntimeException.class, () -> open().ids(), rule);
        assertThrows(RuntimeException.class, () -> open().snapshot(), rule);
        assertThrows(RuntimeException.class, () -> open().nodes(), rule);
        assertThrows(RuntimeException.class, () -> open().node(id(1)), rule);
        assertThrows(RuntimeException.class, () -> open().notices(), rule);
        set.healSource();
        asTold("M1: a source that healed is not as it was (it was " + kind + ")", open().nodes());
      }
    }

    @Test
    @DisplayName("M2 knows a peer by its id alone, whatever else of it changes")
    void identity() {
      dealtWith(1);
      put(peer(1, "192.0.2.77"));
      PeerView view = open();
      String rule = "M2: a changed peer counts as another; check that only ids are compared";
      assertEquals(ids(1), view.ids(), rule);
      told(rule, List.of(), List.of(), view.notices());
      assertEquals(
          List.of("192.0.2.77"),
          addresses(member("M2", view, id(1))),
          "M2: the peer is not as it is now; check that nothing old is kept");
    }

    @Test
    @DisplayName("M2 merges two sources of one id into one node, with a warning")
    void merged() {
      needs(Capability.MERGED_IDS);
      put(1, 2);
      set.nameTwice(peer(1, "198.51.100.1"));
      PeerView view = open();
      String rule = "M2: one id is not one node; check that Reading gives both and merges neither";
      assertEquals(ids(1, 2), view.ids(), rule);
      Snapshot snapshot = view.snapshot();
      assertEquals(ids(1, 2), snapshot.ids(), rule);
      assertEquals(List.of("192.0.2.1", "198.51.100.1"), addresses(snapshot.nodes().get(0)), rule);
      assertTrue(
          snapshot.warnings().stream().anyMatch(w -> w.contains(id(1).value())),
          "M2: no warning names " + id(1) + " in " + snapshot.warnings());
      assertEquals(ids(1, 2), of(view.notices().joined()), rule);
    }

    @Test
    @DisplayName("M3 reading membership never changes notices")
    void readingKeepsNotices() {
      dealtWith(1, 2);
      put(3);
      remove(id(1));
      PeerView view = open();
      Notices before = view.notices();
      view.ids();
      view.snapshot();
      view.nodes(NodeFilter.all());
      view.node(id(3));
      view.explain(id(3), NodeFilter.all());
      view.health();
      String rule = "M3: reading membership changed notices; check that only dismissing removes";
      assertEquals(before, view.notices(), rule);
      told(rule, ids(3), ids(1), before);
    }

    @Test
    @DisplayName("M3 dismissing notices never changes membership")
    void dismissingKeepsMembers() {
      put(1, 2);
      PeerView view = open();
      Snapshot before = view.snapshot();
      view.dismiss(view.notices());
      String rule = "M3: dismissing changed membership; check that members are not notices";
      assertEquals(before.nodes(), view.nodes(), rule);
      assertEquals(ids(1, 2), view.ids(), rule);
      set.finish(view);
      assertEquals(ids(1, 2), open().ids(), rule);
    }

    @Test
    @DisplayName("M4 keeps a peer that its source doubts, and marks it")
    void suspects() {
      needs(Capability.SUSPECTS);
      put(1, 2);
      set.doubt(id(2));
      PeerView view = open();
      assertEquals(ids(1, 2), view.ids(), "M4: a suspect was dropped; check Reading.ids()");
      assertEquals(ids(1, 2), view.snapshot().ids(), "M4: a suspect was dropped from a snapshot");
      assertTrue(
          member("M4", view, id(2)).suspect(),
          "M4: a suspect is not marked; check Builder.suspect");
      assertFalse(
          member("M4", view, id(1)).suspect(), "M4: a peer is marked as suspect without a reason");
      assertEquals(
          List.of(false, true),
          view.nodes().stream().map(PeerNode::suspect).toList(),
          "M4: a snapshot does not mark the suspect alone; check Builder.suspect");
      asTold("M4: a suspect is not as it was; check Reading.nodes()", view.nodes());
      told(
          "M4: a doubt made a notice of its own; check Reading.ids()",
          ids(1, 2),
          List.of(),
          view.notices());
    }

    @Test
    @DisplayName("M4 marks a peer that becomes doubtful while the view is open")
    void suspectsSince() {
      needs(Capability.SUSPECTS);
      needs(Capability.LIVE);
      put(1, 2);
      PeerView view = open();
      assertFalse(
          member("M4", view, id(2)).suspect(), "M4: a peer is marked as suspect without a reason");
      set.doubt(id(2));
      String rule =
          "M4: an open view does not mark a suspect; check that PeerSource.read() gives a new"
              + " Reading";
      assertEquals(ids(1, 2), view.ids(), "M4: a suspect was dropped; check Reading.ids()");
      assertTrue(member("M4", view, id(2)).suspect(), rule);
      assertEquals(
          List.of(false, true), view.nodes().stream().map(PeerNode::suspect).toList(), rule);
    }
  }

  @Nested
  @DisplayName("notices")
  class NoticesGroup {
    @Test
    @DisplayName("N1 tells every peer as joined at the first recording ever")
    void firstRecording() {
      put(1, 2, 10);
      PeerView view = open();
      told(
          "N1: the first recording is not all joined; check that the state began empty",
          ids(1, 2, 10),
          List.of(),
          view.notices());
    }

    @Test
    @DisplayName("N1 tells the differences to the recording before, and no other")
    void differences() {
      dealtWith(1, 2, 3);
      remove(id(1));
      put(4);
      told(
          "N1: notices are not the differences; check that the state of the last process is read",
          ids(4),
          ids(1),
          open().notices());
    }

    @Test
    @DisplayName("N1 tells nothing again that was dealt with")
    void nothingTwice() {
      dealtWith(1, 2);
      for (int process = 0; process < 3; process++) {
        PeerView view = open();
        String rule = "N1: a peer joined twice; check that dismissed notices stay dismissed";
        told(rule, List.of(), List.of(), view.notices());
        set.finish(view);
      }
    }

    @Test
    @DisplayName("N1 tells who came and went while the view was open")
    void live() {
      needs(Capability.LIVE);
      dealtWith(1, 2);
      PeerView view = open();
      told("N1: nothing had changed yet", List.of(), List.of(), view.notices());
      put(3);
      remove(id(1));
      told(
          "N1: an open view misses changes; check that read() gives a new Reading after a change",
          ids(3),
          ids(1),
          view.notices());
    }

    @Test
    @DisplayName("N2 clears a joined notice when the peer departs")
    void departingClearsJoined() {
      dealtWith(1);
      put(2);
      PeerView first = open();
      told("N2: expected one to have joined", ids(2), List.of(), first.notices());
      set.finish(first);
      remove(id(2));
      told(
          "N2: one id has both notices; check that departing clears joined",
          List.of(),
          ids(2),
          open().notices());
    }

    @Test
    @DisplayName("N2 clears a departed notice when the peer joins again")
    void joiningClearsDeparted() {
      dealtWith(1, 2);
      remove(id(2));
      PeerView first = open();
      told("N2: expected one to have departed", List.of(), ids(2), first.notices());
      set.finish(first);
      put(2);
      told(
          "N2: one id has both notices; check that joining clears departed",
          ids(2),
          List.of(),
          open().notices());
    }

    @Test
    @DisplayName("N3 keeps notices across processes until they are dismissed")
    void untilDismissed() {
      dealtWith(1);
      put(2);
      remove(id(1));
      String rule = "N3: a notice was lost; check that the state is stored and loaded whole";
      for (int process = 0; process < 3; process++) {
        PeerView view = open();
        told(rule, ids(2), ids(1), view.notices());
        set.finish(view);
      }
      PeerView view = open();
      assertEquals(
          ids(2), of(view.notices().dismissJoined()), "N3: dismissJoined dismissed something else");
      told("N3: dismissJoined left or took too much", List.of(), ids(1), view.notices());
      set.finish(view);
      PeerView last = open();
      Notices left = last.notices();
      told("N3: a dismissed notice came back", List.of(), ids(1), left);
      assertEquals(ids(1), of(left.dismissDeparted()), "N3: dismissDeparted dismissed otherwise");
      told("N3: dismissDeparted left something", List.of(), List.of(), last.notices());
      set.finish(last);
      told("N3: a dismissed notice came back", List.of(), List.of(), open().notices());
    }

    @Test
    @DisplayName("N3 dismisses the notices in hand and no others that wait")
    void onlyThoseInHand() {
      put(1, 2);
      PeerView view = open();
      Notices notices = view.notices();
      told("N3: expected two to have joined", ids(1, 2), List.of(), notices);
      String rule = "N3: dismissed what was never in hand; check PeerView.dismiss";
      List<Notice> first = notices.joined().subList(0, 1);
      assertEquals(List.of(), view.dismiss(List.of()), rule);
      assertEquals(List.of(), notices.dismissDeparted(), rule);
      assertEquals(ids(1), of(view.dismiss(first)), rule);
      told(rule, ids(2), List.of(), view.notices());
      assertEquals(List.of(), view.dismiss(first), "N3: a notice was dismissed twice");
    }

    @Test
    @DisplayName("N3 never dismisses what arrived since")
    void notWhatArrivedSince() {
      needs(Capability.LIVE);
      put(1);
      PeerView view = open();
      Notices notices = view.notices();
      told("N3: expected one to have joined", ids(1), List.of(), notices);
      put(2);
      String rule = "N3: dismissed what arrived since; check that dismissing records nothing";
      // Another caller of the same view sees both.
      told(rule, ids(1, 2), List.of(), view.notices());
      assertEquals(ids(1), of(notices.dismissJoined()), rule);
      told(rule, ids(2), List.of(), view.notices());
    }

    @Test
    @DisplayName("N3 leaves a newer notice of the same peer alone")
    void notANewerOne() {
      dealtWith(1);
      put(2);
      PeerView first = open();
      List<Notice> old = first.notices().joined();
      set.finish(first);
      remove(id(2));
      PeerView second = open();
      second.notices();
      set.finish(second);
      put(2);
      PeerView third = open();
      Notices newer = third.notices();
      String rule = "N3: an old notice dismissed a newer one; check that sequences are compared";
      assertEquals(List.of(), third.dismiss(old), rule);
      assertEquals(newer, third.notices(), rule);
      assertEquals(newer.joined(), third.dismiss(newer.joined()), "N3: dismiss() left the newest");
    }

    @Test
    @DisplayName("N4 repeats a notice after a crash, and never loses one")
    void crash() {
      dealtWith(1, 2);
      put(3);
      remove(id(1));
      String rule = "N4: a crash lost a notice; check that state is stored before it is shown";
      for (int process = 0; process < 3; process++) {
        PeerView view = open();
        told(rule, ids(3), ids(1), view.notices());
        set.crash(view);
      }
      told(rule, ids(3), ids(1), open().notices());
    }

    @Test
    @DisplayName("N4 keeps notices right when two views of one node record and dismiss")
    void sideBySide() {
      needs(Capability.CONCURRENT_VIEWS);
      put(1);
      PeerView one = open();
      PeerView other = open();
      String rule = "N4: two views disagree; check that StateStore.update reads before it writes";
      Notices ofOne = one.notices();
      Notices ofOther = other.notices();
      told(rule, ids(1), List.of(), ofOne);
      assertEquals(ofOne, ofOther, rule);
      assertEquals(ids(1), of(ofOne.dismissJoined()), rule);
      assertEquals(List.of(), of(ofOther.dismissJoined()), rule);
      told(rule, List.of(), List.of(), other.notices());
    }

    @Test
    @DisplayName("N5 tells the last known address and settings of a departed peer")
    void lastKnown() {
      dealtWith(1);
      Map<String, String> settings =
          can(Capability.SETTINGS) ? Map.of("iperf-port", " 5001\n") : Map.of();
      put(new Peer(id(2), List.of("192.0.2.2"), settings, Map.of()));
      PeerView first = open();
      first.notices();
      set.finish(first);
      remove(id(2));
      String rule = "N5: the last known facts are missing; check remembersDeparted()";
      for (int process = 0; process < 2; process++) {
        PeerView view = open();
        List<Notice> departed = view.notices().departed();
        assertEquals(ids(2), of(departed), rule);
        PeerNode known = present(rule, departed.get(0).lastKnown());
        assertEquals(id(2), known.id(), rule);
        assertEquals("192.0.2.2", known.address().map(PeerAddress::text).orElse("none"), rule);
        settings.forEach((key, value) -> assertEquals(value, known.settings().get(key), rule));
        set.finish(view);
      }
    }

    @Test
    @DisplayName("N6 records nothing and writes nothing in a mere listing")
    void listingRecordsNothing() {
      dealtWith(1, 2);
      remove(id(2));
      Object before = set.writes();
      PeerView view = open();
      view.ids();
      view.snapshot();
      view.nodes();
      view.nodes(NodeFilter.inNetwork(INSIDE));
      view.node(id(1));
      view.explain(id(1), NodeFilter.all());
      view.health();
      view.published();
      String rule = "N6: a listing wrote or recorded; check that only notices() records";
      assertEquals(before, set.writes(), rule);
      set.finish(view);
      assertEquals(before, set.writes(), rule + " (when the process ended)");
      put(2);
      told(rule, List.of(), List.of(), open().notices());
    }

    @Test
    @DisplayName("N6 writes nothing when there is nothing new to record")
    void recordingAgain() {
      dealtWith(1, 2);
      Object before = set.writes();
      PeerView view = open();
      view.notices();
      view.notices().dismissJoined();
      set.finish(view);
      assertEquals(
          before,
          set.writes(),
          "N6: something was written with nothing new; check that StateStore.update compares");
    }

    @Test
    @DisplayName("N6 records for a listener of notices, who is told at once")
    void listenersOfNotices() {
      dealtWith(1);
      put(2);
      PeerView view = open();
      Received<Notices> heard = new Received<>();
      try (Subscription listening = view.onNotices(heard)) {
        assertNotNull(listening, "N6: no subscription");
        List<Notices> all =
            heard.await("N6: a listener of notices is not told", deadline(), a -> !a.isEmpty());
        told("N6: a listener of notices is told otherwise", ids(2), List.of(), all.get(0));
        assertEquals(
            ids(2),
            of(all.get(0).dismissJoined()),
            "N6: what a listener was told cannot be dismissed");
      }
    }

    @Test
    @DisplayName("N6 reads only what it needs: ids alone, or the one peer asked for")
    void readsOnlyWhatItNeeds() {
      needs(Capability.LAZY_READS);
      put(1, 2, 3);
      PeerView view = open();
      set.peersRead();
      view.ids();
      view.selfId();
      assertEquals(Set.of(), set.peersRead(), "N6: ids() read peers; check Reading.ids()");
      view.node(id(2));
      view.node(id(77));
      assertEquals(Set.of(id(2)), set.peersRead(), "N6: node() read other peers than it was asked");
    }
  }

  @Nested
  @DisplayName("addresses")
  class Addresses {
    @Test
    @DisplayName("A1 keeps addresses in the order of the source, and each names its source")
    void order() {
      String[] given =
          can(Capability.MANY_ADDRESSES)
              ? new String[] {"198.51.100.9", "2001:db8:a::9", "192.0.2.9"}
              : new String[] {"192.0.2.9"};
      put(peer(1, given));
      PeerNode node = member("A1", open(), id(1));
      assertEquals(
          List.of(given), addresses(node), "A1: the addresses are not as given; check their order");
      assertEquals(
          given[0],
          node.address().map(PeerAddress::text).orElse("none"),
          "A1: another than the first address is selected");
      for (PeerAddress candidate : node.addresses()) {
        assertFalse(candidate.source().isBlank(), "A1: a candidate does not name its source");
      }
    }

    @Test
    @DisplayName("A1 resolves no host name: no CIDR matches it, and it says why")
    void hostNames() {
      needs(Capability.HOST_NAMES);
      put(peer(1, "localhost"));
      PeerView view = open();
      PeerAddress candidate =
          present("A1: a host name is no address", member("A1", view, id(1)).address());
      String rule = "A1: a host name was resolved; check that PeerAddress.of gets its text";
      assertEquals("localhost", candidate.text(), rule);
      assertEquals(Optional.empty(), candidate.ip(), rule);
      assertTrue(candidate.note().isPresent(), "A1: nothing says why no CIDR matches a host name");
      assertEquals(List.of(), view.nodes(NodeFilter.inNetwork("127.0.0.0/8")), rule);
      assertEquals(List.of(), view.nodes(NodeFilter.inNetwork("::/0")), rule);
    }

    @Test
    @DisplayName("A2 inNetwork keeps the peers with an address inside, and makes that one count")
    void inNetwork() {
      boolean many = can(Capability.MANY_ADDRESSES);
      put(many ? peer(1, "192.0.2.1", "198.51.100.1") : peer(1, "198.51.100.1"));
      put(2);
      List<PeerNode> kept = open().nodes(NodeFilter.inNetwork(INSIDE));
      assertEquals(
          ids(1),
          kept.stream().map(PeerNode::id).toList(),
          "A2: inNetwork fell back or dropped; check for a fallback to another network");
      assertEquals(
          "198.51.100.1",
          kept.get(0).address().map(PeerAddress::text).orElse("none"),
          "A2: the address inside does not count");
      assertFalse(kept.get(0).fallback(), "A2: a peer inside is marked as fallback");
    }

    @Test
    @DisplayName("A2 preferNetwork keeps every peer, and marks those it could not satisfy")
    void preferNetwork() {
      put(1);
      put(peer(2, "198.51.100.2"));
      List<PeerNode> kept = open().nodes(NodeFilter.preferNetwork(INSIDE));
      assertEquals(
          ids(1, 2), kept.stream().map(PeerNode::id).toList(), "A2: preferNetwork dropped a peer");
      assertEquals(
          List.of(true, false),
          kept.stream().map(PeerNode::fallback).toList(),
          "A2: preferNetwork does not mark exactly those it could not satisfy");
      assertEquals(
          "192.0.2.1",
          kept.get(0).address().map(PeerAddress::text).orElse("none"),
          "A2: a fallback has lost its address");
    }

    @Test
    @DisplayName("A2 means the networks that the source declares, for IPv4 and IPv6")
    void namedNetworks() {
      needs(Capability.NETWORKS_BY_NAME);
      put(peer(1, "192.0.2.1"));
      put(peer(2, "2001:db8:a::2"));
      put(peer(3, "198.51.100.3"));
      PeerView view = open();
      String rule = "A2: a network name means something else; check Reading.networks()";
      assertEquals(ids(1, 2), kept(view, NodeFilter.inNetwork("oam")), rule);
      assertEquals(ids(3), kept(view, NodeFilter.inNetwork("storage")), rule);
      assertEquals(
          PeerSetHarness.NETWORKS,
          view.snapshot().networks(),
          "A2: other networks are declared; check Reading.networks()");
      List<String> names = List.of("oam", "oam", "storage");
      for (int number = 1; number <= names.size(); number++) {
        PeerAddress address =
            present("A2: a peer has no address", member("A2", view, id(number)).address());
        assertEquals(Optional.of(names.get(number - 1)), address.network(), rule);
      }
    }

    private List<PeerId> kept(PeerView view, NodeFilter filter) {
      return view.nodes(filter).stream().map(PeerNode::id).toList();
    }

    @Test
    @DisplayName("A3 gives the same answer for the same input, in every view")
    void deterministic() {
      put(3, 1);
      put(peer(2, "198.51.100.2"));
      List<PeerNode> first = null;
      for (int process = 0; process < 3; process++) {
        PeerView view = open();
        List<PeerNode> answer = view.nodes(NodeFilter.preferNetwork(INSIDE));
        String rule = "A3: the same input gave another answer; check for unordered collections";
        assertEquals(answer, view.nodes(NodeFilter.preferNetwork(INSIDE)), rule);
        assertEquals(first == null ? answer : first, answer, rule);
        first = answer;
        set.finish(view);
      }
    }

    @Test
    @DisplayName("A3 explains every choice: addresses, rule and verdict")
    void explained() {
      put(1);
      put(peer(2, "198.51.100.2"));
      PeerView view = open();
      NodeFilter filter = NodeFilter.inNetwork(INSIDE);
      List<PeerNode> kept = view.nodes(filter);
      for (PeerNode node : view.nodes()) {
        Explanation why =
            present("A3: explain() knows nothing of a peer", view.explain(node.id(), filter));
        String rule = "A3: explain() disagrees with nodes() on " + node.id();
        assertEquals(node.addresses(), why.addresses(), rule);
        assertEquals("inNetwork(" + INSIDE + ")", why.filter(), rule);
        assertEquals(
            kept.stream().filter(k -> k.id().equals(node.id())).findFirst(),
            why.verdict().node(),
            rule);
        if (why.verdict() instanceof Verdict.Dropped dropped) {
          assertTrue(dropped.reason().contains(INSIDE), "A3: no reason in " + dropped);
        }
      }
    }

    @Test
    @DisplayName("A3 takes no text for an address that only looks like one")
    void strict() {
      needs(Capability.RAW_ADDRESSES);
      List<String> lookalikes =
          List.of(
              "198.051.100.1", "::ffff:198.51.100.1", "fe80::1%eth0", "198.51.100", " 192.0.2.1");
      for (int i = 0; i < lookalikes.size(); i++) {
        put(peer(i + 1, lookalikes.get(i)));
      }
      PeerView view = open();
      String rule = "A3: text that is no strict address matched; check that nobody repairs it";
      assertEquals(lookalikes, view.nodes().stream().map(n -> addresses(n).get(0)).toList(), rule);
      assertEquals(List.of(), view.nodes(NodeFilter.inNetwork("0.0.0.0/0")), rule);
      assertEquals(List.of(), view.nodes(NodeFilter.inNetwork("::/0")), rule);
    }
  }

  @Nested
  @DisplayName("settings and labels")
  class Settings {
    @Test
    @DisplayName("S1 gives what a peer published, character by character")
    void arriveUnchanged() {
      needs(Capability.SETTINGS);
      put(new Peer(id(1), List.of("192.0.2.1"), NASTY, Map.of()));
      PeerNode node = member("S1", open(), id(1));
      NASTY.forEach(
          (key, value) ->
              assertEquals(
                  value,
                  node.settings().get(key),
                  "S1: the value of " + key + " changed on the way; check how it is read"));
    }

    @Test
    @DisplayName("S1 gives labels as they were written")
    void labels() {
      needs(Capability.LABELS);
      Map<String, String> labels = Map.of("rack", "b", "number", "007");
      put(new Peer(id(1), List.of("192.0.2.1"), Map.of(), labels));
      PeerView view = open();
      assertEquals(labels, member("S1", view, id(1)).labels(), "S1: labels changed on the way");
      assertEquals(1, view.nodes(NodeFilter.label("rack", "b")).size(), "S1: a label is not found");
    }

    @Test
    @DisplayName("S1 publishes every text unchanged")
    void publishedUnchanged() {
      needs(Capability.PUBLISH);
      PeerView view = open();
      assertTrue(view.publish(NASTY), "S1: publish() says that it wrote nothing");
      String rule = "S1: a value changed on the way; check how it is written";
      assertEquals(new TreeMap<>(NASTY), new TreeMap<>(view.published()), rule);
      set.finish(view);
      Map<String, String> seen = set.seenByPeers();
      NASTY.forEach((key, value) -> assertEquals(value, seen.get(key), rule));
      PeerView later = open();
      NASTY.forEach((key, value) -> assertEquals(value, later.published().get(key), rule));
    }

    @Test
    @DisplayName("S2 merges, removes a key with an empty value, and reads its own writes")
    void merges() {
      needs(Capability.PUBLISH);
      put(1);
      PeerView view = open();
      view.self();
      view.published();
      view.publish(Map.of("a", "1", "b", "2"));
      ownSettings(view, "1", "2", null);
      view.publish("b", "");
      view.publish(Map.of("c", "3", "never-there", ""));
      String rule = "S2: published settings are not merged; check that publish() gets changes only";
      assertEquals("1", view.published().get("a"), rule);
      assertEquals("3", view.published().get("c"), rule);
      assertFalse(view.published().containsKey("b"), "S2: an empty value did not remove its key");
      assertFalse(view.published().containsKey("never-there"), "S2: an empty value was kept");
      ownSettings(view, "1", null, "3");
      asTold("S2: publishing changed a peer; check PeerSource.publish()", view.nodes());
      set.finish(view);
      rule = "S2: peers do not see what was published; check PeerSource.publish()";
      assertEquals("1", set.seenByPeers().get("a"), rule);
      assertEquals("3", set.seenByPeers().get("c"), rule);
      assertFalse(set.seenByPeers().containsKey("b"), "S2: peers see a removed key");
      PeerView later = open();
      rule = "S2: a later process does not read what was published; check PeerSource.published()";
      assertEquals("1", later.published().get("a"), rule);
      assertEquals("3", later.published().get("c"), rule);
      assertFalse(later.published().containsKey("b"), rule);
    }

    /** Checks what the node shows of itself, if it shows itself at all. */
    private void ownSettings(
        PeerView view, @Nullable String a, @Nullable String b, @Nullable String c) {
      String rule = "S2: self() shows other settings than were published; check Reading.nodes()";
      view.self()
          .map(PeerNode::settings)
          .ifPresent(
              own -> {
                assertEquals(a, own.get("a"), rule);
                assertEquals(b, own.get("b"), rule);
                assertEquals(c, own.get("c"), rule);
              });
    }

    @Test
    @DisplayName("S2 writes nothing that is published already")
    void needlessWrite() {
      needs(Capability.PUBLISH);
      PeerView first = open();
      first.publish(Map.of("a", "1", "b", "2"));
      set.finish(first);
      Object before = set.writes();
      PeerView view = open();
      String rule = "S2: a needless write; check that published() gives what publish() wrote";
      assertFalse(view.publish(Map.of("a", "1", "b", "2")), rule);
      assertFalse(view.publish("a", "1"), rule);
      assertFalse(view.publish("never-there", ""), rule);
      assertFalse(view.publish(Map.of()), rule);
      set.finish(view);
      assertEquals(before, set.writes(), rule);
    }

    @Test
    @DisplayName("S2 refuses an empty key")
    void emptyKey() {
      needs(Capability.PUBLISH);
      PeerView view = open();
      assertThrows(
          IllegalArgumentException.class,
          () -> view.publish("", "x"),
          "S2: an empty key was taken; check that the view is the one of the api");
    }
  }

  @Nested
  @DisplayName("listeners")
  class Listeners {
    @Test
    @DisplayName("E1 tells a listener the present first")
    void presentFirst() {
      put(1, 2);
      PeerView view = open();
      Received<PeerEvent> heard = new Received<>();
      view.listen(heard::accept);
      List<PeerEvent> all =
          heard.await("E1: a listener hears nothing", deadline(), a -> !a.isEmpty());
      assertEquals(
          PeerEvent.Kind.STARTED, all.get(0).kind(), "E1: the first event is not the present");
      assertEquals(view.snapshot(), all.get(0).snapshot(), "E1: the first event shows other peers");
    }

    @Test
    @DisplayName("E1 tells changes in order, one at a time, and they add up to the snapshot")
    void changesAddUp() {
      needs(Capability.LIVE);
      put(1, 2, 3);
      PeerView view = open();
      Received<PeerEvent> heard = new Received<>();
      AtomicInteger inside = new AtomicInteger();
      AtomicInteger most = new AtomicInteger();
      view.listen(
          event -> {
            most.accumulateAndGet(inside.incrementAndGet(), Math::max);
            heard.accept(event);
            inside.decrementAndGet();
          });
      heard.await("E1: a listener hears nothing", deadline(), a -> !a.isEmpty());
      long seed = new Random().nextLong();
      Random random = new Random(seed);
      Set<Integer> present = new HashSet<>(Set.of(1, 2, 3));
      for (int i = 0; i < 60; i++) {
        int number = 1 + random.nextInt(9);
        if (present.contains(number) && random.nextBoolean()) {
          present.remove(number);
          remove(id(number));
        } else {
          present.add(number);
          // Each peer moves among addresses of its own: a source may refuse one that two have.
          put(peer(number, "192.0.2." + (20 * number + random.nextInt(20))));
        }
      }
      put(200);
      List<PeerNode> end = view.nodes();
      asTold(
          "E1: an open view does not show a change; check that PeerSource.read() gives a new"
              + " Reading",
          end);
      List<PeerEvent> all =
          heard.await(
              "E1: the events do not arrive at the snapshot (seed " + seed + ")",
              deadline(),
              a -> !a.isEmpty() && a.get(a.size() - 1).snapshot().nodes().equals(end));
      assertEquals(1, most.get(), "E1: a listener was called while it was being called");
      addUp(all, seed);
      heard.quiet("E1: an event after the last change (seed " + seed + ")", quiet(), all.size());
    }

    private void addUp(List<PeerEvent> all, long seed) {
      Map<PeerId, PeerNode> sum = new TreeMap<>();
      all.get(0).snapshot().nodes().forEach(node -> sum.put(node.id(), node));
      Snapshot before = all.get(0).snapshot();
      for (PeerEvent event : all.subList(1, all.size())) {
        if (event instanceof PeerEvent.Changed changed) {
          String rule = "E1: an event does not follow on the one before (seed " + seed + ")";
          assertEquals(before.nodes(), changed.before().nodes(), rule);
          Changes changes = changed.changes();
          assertFalse(changes.isEmpty(), "E1: an event for no change (seed " + seed + ")");
          changes.departed().forEach(node -> sum.remove(node.id()));
          changes.joined().forEach(node -> sum.put(node.id(), node));
          changes.updated().forEach(update -> sum.put(update.after().id(), update.after()));
          assertEquals(
              changed.snapshot().nodes(),
              List.copyOf(sum.values()),
              "E1: the events do not add up (seed " + seed + ")");
        } else {
          fail("E1: expected changes only, heard " + event + " (seed " + seed + ")");
        }
        before = event.snapshot();
      }
    }

    @Test
    @DisplayName("E1 tells of every change without being asked, also of a peer that stays")
    void everyChange() {
      needs(Capability.LIVE);
      put(1, 2);
      PeerView view = open();
      Received<PeerEvent> heard = listening("E1", view);
      Snapshot before = view.snapshot();
      for (Peer step : changesOf(id(2))) {
        put(step);
        String rule =
            "E1: a change of a peer that stays is not told; check that PeerSource.watch() calls"
                + " and that PeerSource.read() gives a new Reading ("
                + step
                + ")";
        List<PeerEvent> all =
            heard.await(rule, deadline(), events -> shows(events.get(events.size() - 1), step));
        Snapshot told = all.get(all.size() - 1).snapshot();
        asTold(rule, told.nodes());
        asTold(rule, view.nodes());
        asTold(rule, List.of(member("E1", view, id(1)), member("E1", view, id(2))));
        assertTrue(
            view.snapshot().revision() > before.revision(),
            "E1: another snapshot has the same revision; check that the view is the one of the api");
        before = view.snapshot();
      }
      put(3);
      String joining = "E1: a peer that joined is not told; check PeerSource.watch()";
      heard.await(joining, deadline(), a -> a.get(a.size() - 1).snapshot().ids().contains(id(3)));
      remove(id(1));
      String departing = "E1: a departure is not told; check PeerSource.watch()";
      List<PeerEvent> all =
          heard.await(
              departing, deadline(), a -> !a.get(a.size() - 1).snapshot().ids().contains(id(1)));
      asTold(departing, all.get(all.size() - 1).snapshot().nodes());
      addUp(all, 0);
    }

    /** A peer that changes, each time in one thing that the source can have. */
    private List<Peer> changesOf(PeerId id) {
      List<String> address = List.of("192.0.2.102");
      List<Peer> steps = new ArrayList<>();
      steps.add(new Peer(id, address, Map.of(), Map.of()));
      if (can(Capability.MANY_ADDRESSES)) {
        steps.add(new Peer(id, List.of("192.0.2.102", "198.51.100.2"), Map.of(), Map.of()));
        steps.add(new Peer(id, List.of("198.51.100.2", "192.0.2.102"), Map.of(), Map.of()));
        steps.add(new Peer(id, List.of("192.0.2.102"), Map.of(), Map.of()));
      }
      if (can(Capability.SETTINGS)) {
        steps.add(new Peer(id, address, Map.of("port", "1", "zone", "a"), Map.of()));
        steps.add(new Peer(id, address, Map.of("port", "2", "zone", "a"), Map.of()));
        steps.add(new Peer(id, address, Map.of("zone", "a"), Map.of()));
        steps.add(new Peer(id, address, Map.of(), Map.of()));
      }
      if (can(Capability.LABELS)) {
        steps.add(new Peer(id, address, Map.of(), Map.of("rack", "a")));
        steps.add(new Peer(id, address, Map.of(), Map.of("rack", "b")));
        steps.add(new Peer(id, address, Map.of(), Map.of()));
      }
      return steps;
    }

    private boolean shows(PeerEvent event, Peer step) {
      Set<String> known = keys.getOrDefault(step.id(), Set.of());
      return event
          .snapshot()
          .node(step.id())
          .filter(node -> addresses(node).equals(step.addresses()))
          .filter(
              node -> known.stream().allMatch(key -> same(key, node.settings(), step.settings())))
          .filter(node -> !can(Capability.LABELS) || node.labels().equals(step.labels()))
          .isPresent();
    }

    private static boolean same(String key, Map<String, String> a, Map<String, String> b) {
      return a.getOrDefault(key, "").equals(b.getOrDefault(key, ""));
    }

    @Test
    @DisplayName("E1 a watch that was closed calls no more")
    void closedWatch() {
      needs(Capability.LIVE);
      put(1);
      Optional<PeerSource> given = set.source();
      assumeTrue(given.isPresent(), "this harness shows views only, see PeerSetHarness.source()");
      try (PeerSource source = given.get()) {
        source.read();
        Received<String> calls = new Received<>();
        PeerSource.Watch watch = source.watch(() -> calls.accept("a call"));
        put(2);
        calls.await(
            "E1: a watch does not call; check PeerSource.watch()", deadline(), a -> !a.isEmpty());
        watch.close();
        watch.close();
        int known = calls.all().size();
        put(3);
        calls.quiet(
            "E1: a watch calls after its close(); check PeerSource.Watch.close()", quiet(), known);
      }
    }

    @Test
    @DisplayName("E1 tells nothing where nothing changed")
    void nothingForNothing() {
      needs(Capability.LIVE);
      put(1);
      PeerView view = open();
      Received<PeerEvent> heard = new Received<>();
      view.listen(heard::accept);
      heard.await("E1: a listener hears nothing", deadline(), a -> !a.isEmpty());
      put(1);
      view.snapshot();
      heard.quiet(
          "E1: an event for no change; check that equal readings count as equal", quiet(), 1);
    }

    @Test
    @DisplayName("E1 a listener that throws harms no other")
    void throwingListener() {
      put(1);
      PeerView view = open();
      Received<PeerEvent> heard = new Received<>();
      view.listen(
          event -> {
            throw new IllegalStateException("this listener throws on purpose");
          });
      view.listen(heard::accept);
      String rule = "E1: a throwing listener harmed another";
      heard.await(rule, deadline(), a -> !a.isEmpty());
      if (can(Capability.LIVE)) {
        put(2);
        view.snapshot();
        heard.await(rule, deadline(), a -> a.size() > 1);
      }
      assertEquals(heard.all().get(heard.all().size() - 1).snapshot().ids(), view.ids(), rule);
    }

    @Test
    @DisplayName("E1 tells nothing after a subscription was closed")
    void nothingAfterClose() {
      put(1);
      PeerView view = open();
      Received<PeerEvent> heard = new Received<>();
      Received<PeerEvent> other = new Received<>();
      Subscription listening = view.listen(heard::accept);
      view.listen(other::accept);
      heard.await("E1: a listener hears nothing", deadline(), a -> !a.isEmpty());
      other.await("E1: a listener hears nothing", deadline(), a -> !a.isEmpty());
      listening.close();
      listening.close();
      int known = heard.all().size();
      String rule = "E1: an event after close(); check that closing waits for the call under way";
      if (can(Capability.LIVE)) {
        put(2);
        other.await(
            "E1: a listener is not told of a change; check PeerSource.watch()",
            deadline(),
            a -> a.size() > 1);
      }
      heard.quiet(rule, quiet(), known);
    }

    @Test
    @DisplayName("E1 tells nothing after the view was closed, not even from within a listener")
    void nothingAfterViewClose() {
      put(1);
      PeerView view = open();
      Received<PeerEvent> heard = new Received<>();
      view.listen(
          event -> {
            view.close();
            heard.accept(event);
          });
      heard.await(
          "E1: close() from within a listener does not return", deadline(), a -> !a.isEmpty());
      view.close();
      put(2);
      heard.quiet("E1: an event after the view was closed", quiet(), 1);
      assertThrows(IllegalStateException.class, view::snapshot, "E1: a closed view still answers");
    }

    @Test
    @DisplayName("E2 keeps the last good peers while the source is broken, says so, and heals")
    void stale() {
      needs(Capability.STALE_SOURCE);
      put(1, 2);
      for (Breakage kind : set.breakages()) {
        stale(kind);
      }
    }

    private void stale(Breakage kind) {
      PeerView view = open();
      Snapshot good = view.snapshot();
      assertFalse(view.health().stale(), "E2: a good source counts as stale");
      set.breakSource(kind);
      String rule =
          "E2: the last good peers are gone; check that PeerSource.read() throws a PeersException"
              + " (the source is "
              + kind
              + ")";
      assertEquals(good, assertDoesNotThrow(view::snapshot, rule), rule);
      assertEquals(ids(1, 2), assertDoesNotThrow(view::ids, rule), rule);
      assertEquals(good.nodes(), assertDoesNotThrow(() -> view.nodes(), rule), rule);
      assertTrue(assertDoesNotThrow(() -> view.node(id(1)), rule).isPresent(), rule);
      assertTrue(view.health().stale(), "E2: health does not tell that the source is broken");
      assertFalse(view.health().reason().isBlank(), "E2: health does not say why");
      assertEquals(
          view.health().since(), view.health().since(), "E2: stale since a moment that moves");
      told("E2: a broken source made peers depart", ids(1, 2), List.of(), afterHealing(view));
      set.finish(view);
    }

    private Notices afterHealing(PeerView view) {
      set.healSource();
      put(3);
      String rule = "E2: the view does not heal by itself; check PeerSource.read()";
      assertEquals(ids(1, 2, 3), view.ids(), rule);
      asTold(rule, view.nodes());
      remove(id(3));
      assertFalse(view.health().stale(), "E2: health does not tell that the source healed");
      return view.notices();
    }

    @Test
    @DisplayName("E2 records no departure of anybody while the source is broken")
    void staleRecordsNothing() {
      needs(Capability.STALE_SOURCE);
      dealtWith(1, 2);
      PeerView view = open();
      view.notices();
      for (Breakage kind : set.breakages()) {
        set.breakSource(kind);
        String of = " (the source was " + kind + ")";
        told("E2: a broken source made notices" + of, List.of(), List.of(), view.notices());
        set.healSource();
        told("E2: a broken source made notices later" + of, List.of(), List.of(), view.notices());
      }
    }

    @Test
    @DisplayName("E2 tells once that the source broke, and once that it healed")
    void tellsOnce() {
      needs(Capability.STALE_SOURCE);
      needs(Capability.LIVE);
      put(1);
      PeerView view = open();
      Received<PeerEvent> heard = new Received<>();
      view.listen(heard::accept);
      heard.await("E2: a listener hears nothing", deadline(), a -> !a.isEmpty());
      int events = 0;
      for (Breakage kind : set.breakages()) {
        String of =
            "; check PeerSource.watch() and PeerSource.read() (the source was " + kind + ")";
        int broken = ++events;
        set.breakSource(kind);
        heard.await(
            "E2: nothing tells that the source broke" + of, deadline(), a -> health(a) >= broken);
        view.snapshot();
        view.health();
        int healed = ++events;
        set.healSource();
        heard.await(
            "E2: nothing tells that the source healed" + of, deadline(), a -> health(a) >= healed);
      }
      heard.quiet(
          "E2: more than one event for one break or one healing; check PeerSource.read()",
          quiet(),
          1 + events);
    }

    private static long health(List<PeerEvent> events) {
      return events.stream().filter(e -> e.kind() == PeerEvent.Kind.HEALTH_CHANGED).count();
    }
  }

  @Nested
  @Isolated("counts the threads, processes and descriptors of this JVM")
  @DisplayName("failure")
  class Failure {
    @Test
    @DisplayName("F1 fails with a leaf of PeersException that holds its data and tells it")
    void leaves() {
      needs(Capability.BREAKABLE);
      put(1);
      for (Breakage kind : set.breakages()) {
        set.breakSource(kind);
        leaf(kind);
        set.healSource();
      }
    }

    private void leaf(Breakage kind) {
      PeersException e =
          assertThrows(
              PeersException.class,
              () -> open().snapshot(),
              "F1: a broken source is not a PeersException; check what PeerSource.read() throws"
                  + " (the source is "
                  + kind
                  + ")");
      String message = String.valueOf(e.getMessage());
      // The view makes a failure of ours of it, and a backend has to say itself what is wrong.
      assertFalse(
          message.contains("this is a fault of the backend"),
          () ->
              "F1: a broken source is not a PeersException; check what PeerSource.read() throws (the"
                  + " source is "
                  + kind
                  + "): "
                  + message);
      List<String> data = new ArrayList<>();
      if (e instanceof SourceUnavailableException unavailable) {
        data.add(unavailable.origin());
      } else if (e instanceof StateException state) {
        data.add(state.origin());
      } else if (e instanceof ConfigurationException) {
        data.add("expected");
      } else {
        data.addAll(set.data(e));
      }
      assertFalse(data.isEmpty(), "F1: the exception holds no data: " + e);
      for (String datum : data) {
        assertTrue(
            !datum.isBlank() && message.contains(datum),
            "F1: the message does not tell \"" + datum + "\": " + message);
      }
    }

    @Test
    @DisplayName("F1 names what was asked for in vain, and fails for a closed view")
    void faultsOfTheCaller() {
      put(1);
      PeerView view = open();
      ConfigurationException e =
          assertThrows(
              ConfigurationException.class,
              () -> view.nodes(NodeFilter.inNetwork("no-such-network")),
              "F1: an unknown network is no ConfigurationException; check PeerSource.network");
      assertTrue(
          String.valueOf(e.getMessage()).contains("\"no-such-network\""),
          "F1: the message does not quote the unknown network: " + e.getMessage());
      view.close();
      for (Executable call : List.<Executable>of(view::ids, view::snapshot, view::notices)) {
        assertThrows(IllegalStateException.class, call, "F1: a closed view still answers");
      }
    }

    @Test
    @DisplayName("F2 leaves no thread, process or descriptor behind close()")
    void nothingLeftBehind() throws InterruptedException {
      put(1, 2);
      // The first round loads classes and starts what the JVM keeps for itself.
      useAndClose(true);
      nothingLeftBehind(false, "PeerSource.close()");
      nothingLeftBehind(true, "PeerSource.Watch.close()");
    }

    private void nothingLeftBehind(boolean listening, String method) throws InterruptedException {
      Set<Thread> threads = Thread.getAllStackTraces().keySet();
      Set<ProcessHandle> processes = processes();
      List<String> descriptors = LeftBehind.descriptors();
      useAndClose(listening);
      long end = System.nanoTime() + quiet().toNanos() * 5;
      for (Thread thread : Thread.getAllStackTraces().keySet()) {
        if (!threads.contains(thread) && !LeftBehind.ofTheJvm(thread) && !set.isShared(thread)) {
          // One that was told to end and does so is not left behind; one that goes on is.
          TimeUnit.NANOSECONDS.timedJoin(thread, Math.max(1_000_000, end - System.nanoTime()));
          assertFalse(
              thread.isAlive(),
              "F2: thread \"" + thread.getName() + "\" is left behind; check " + method);
        }
      }
      Set<ProcessHandle> left = processes();
      left.removeAll(processes);
      assertEquals(Set.of(), left, "F2: processes are left behind; check " + method);
      List<String> open = new ArrayList<>(LeftBehind.descriptors());
      descriptors.forEach(open::remove);
      assertEquals(List.of(), open, "F2: descriptors are left behind; check " + method);
    }

    private void useAndClose(boolean listening) {
      PeerView view = open();
      if (listening) {
        listening("F2", view);
      }
      view.notices();
      view.explain(id(1), NodeFilter.all());
      set.finish(view);
      view.close();
      view.close();
    }

    private static Set<ProcessHandle> processes() {
      return ProcessHandle.current().descendants().collect(Collectors.toSet());
    }
  }
}
