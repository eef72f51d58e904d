/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import magpie.peers.spi.PeerSource;
import magpie.peers.spi.Reading;
import magpie.peers.spi.StateStore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SourcedViewTest {
  private static final Duration DEADLINE = Duration.ofSeconds(20);

  private static PeerId id(String id) {
    return PeerId.of(id);
  }

  private static List<PeerId> ids(String... ids) {
    return Arrays.stream(ids).map(PeerId::of).toList();
  }

  private static List<PeerId> of(List<Notice> notices) {
    return notices.stream().map(Notice::id).toList();
  }

  private static <T> T next(BlockingQueue<T> queue) throws InterruptedException {
    T one = queue.poll(DEADLINE.toSeconds(), TimeUnit.SECONDS);
    if (one == null) {
      throw new AssertionError("nothing came within " + DEADLINE);
    }
    return one;
  }

  @Test
  void twoSourcesOfOneIdMergeIntoOneNodeWithAWarning() {
    ScriptedSource source = ScriptedSource.of("b", "a");
    source.nodes.add(ScriptedSource.node("a", "198.51.100.9"));
    try (PeerView view = source.open()) {
      Snapshot snapshot = view.snapshot();
      assertEquals(ids("a", "b"), snapshot.ids());
      assertEquals(
          List.of("192.0.2.2", "198.51.100.9"),
          snapshot.nodes().get(0).addresses().stream().map(PeerAddress::text).toList());
      assertEquals(
          List.of("a is named by more than one source of the script; merged"), snapshot.warnings());
      assertEquals(Optional.of(snapshot.nodes().get(0)), view.node(id("a")));
    }
  }

  @Test
  void aSnapshotFindsEachOfItsPeersAndNoOther() {
    try (PeerView view = ScriptedSource.of("b", "d", "f", "h", "j", "l", "n").open()) {
      Snapshot snapshot = view.snapshot();
      for (PeerNode node : snapshot.nodes()) {
        assertEquals(Optional.of(node), snapshot.node(node.id()));
      }
      for (String other : List.of("a", "c", "e", "g", "i", "k", "m", "o")) {
        assertEquals(Optional.empty(), snapshot.node(id(other)));
      }
    }
  }

  private static PeerNode seen(PeerNode.Builder... sources) {
    ScriptedSource source = new ScriptedSource();
    for (PeerNode.Builder node : sources) {
      source.nodes.add(node.build());
    }
    try (PeerView view = source.open()) {
      return view.node(id("a")).orElseThrow();
    }
  }

  private static PeerNode.Builder source(String name, String... addresses) {
    PeerNode.Builder node =
        PeerNode.builder(id("a"))
            .setting("both", name)
            .setting(name, "here")
            .label("both", name)
            .label(name, "here");
    for (String address : addresses) {
      node.address(address, "test");
    }
    return node;
  }

  @Test
  void whatTwoSourcesSayOfOneIdIsJoinedAndTheFirstWinsATie() {
    PeerNode merged = seen(source("one", "192.0.2.1"), source("two", "198.51.100.1", "192.0.2.1"));
    assertEquals(
        List.of("192.0.2.1", "198.51.100.1"),
        merged.addresses().stream().map(PeerAddress::text).toList());
    assertEquals(Map.of("both", "one", "one", "here", "two", "here"), merged.settings());
    assertEquals(Map.of("both", "one", "one", "here", "two", "here"), merged.labels());
    assertEquals(Optional.of("192.0.2.1"), merged.address().map(PeerAddress::text));
  }

  @Test
  void aPeerIsDoubtedIfAllItsSourcesDoubtIt() {
    assertFalse(seen(source("one").suspect(true), source("two")).suspect());
    assertFalse(seen(source("one"), source("two").suspect(true)).suspect());
    assertTrue(seen(source("one").suspect(true), source("two").suspect(true)).suspect());
  }

  @Test
  void theChoiceOfTheSecondSourceCountsWhereTheFirstKnowsNoAddress() {
    PeerAddress choice = PeerAddress.of("192.0.2.2", "test");
    PeerNode.Builder two = source("two", "192.0.2.1", "192.0.2.2").selected(choice, "two chose");
    PeerNode.Builder first = source("two", "192.0.2.2").selected(choice, "the first of two");
    assertEquals("the first of two", seen(source("one"), first).rule());
    PeerNode merged = seen(source("one"), two);
    assertEquals(Optional.of("192.0.2.2"), merged.address().map(PeerAddress::text));
    assertEquals("two chose", merged.rule());
    merged = seen(source("one", "192.0.2.3"), two);
    assertEquals(Optional.of("192.0.2.3"), merged.address().map(PeerAddress::text));
    assertEquals("first address", merged.rule());
    assertEquals(Optional.empty(), seen(source("one"), source("two")).address());
  }

  @Test
  void selfInTheReadingIsNoPeerAndIsNotEvenAskedFor() {
    ScriptedSource source = ScriptedSource.of("me", "a");
    try (PeerView view = source.open()) {
      assertEquals(Optional.empty(), view.node(id("me")));
      assertEquals(Set.of(), source.asked);
      assertEquals(ids("a"), view.ids());
      assertEquals(Set.of(), source.asked);
      assertEquals(ids("a"), view.snapshot().ids());
      assertEquals(Set.of(id("a")), source.asked);
    }
  }

  @Test
  void aPeerThatIsListedButNotToldOfIsAFaultOfTheBackend() {
    ScriptedSource source = ScriptedSource.of("a");
    PeerView view =
        Peers.open(
            "broken",
            new PeerSource() {
              @Override
              public Reading read() {
                Reading good = source.read();
                return new Forgetful(good);
              }

              @Override
              public StateStore state() {
                return source.store;
              }
            },
            Environment.system());
    SourceUnavailableException e = assertThrows(SourceUnavailableException.class, view::snapshot);
    assertEquals(
        "expected the script to describe \"a\", which it lists, found nothing; this is a fault of the"
            + " backend",
        e.getMessage());
    assertEquals("the script", e.origin());
  }

  private record Forgetful(Reading good) implements Reading {
    @Override
    public Optional<PeerId> selfId() {
      return good.selfId();
    }

    @Override
    public Collection<PeerId> ids() {
      return good.ids();
    }

    @Override
    public Collection<PeerNode> nodes(Collection<PeerId> ids) {
      return List.of();
    }

    @Override
    public String origin() {
      return good.origin();
    }

    @Override
    public Instant readAt() {
      return good.readAt();
    }
  }

  @Test
  void revisionGrowsOnlyWhereSomethingIsDifferent() {
    ScriptedSource source = ScriptedSource.of("a");
    try (PeerView view = source.open()) {
      Snapshot first = view.snapshot();
      assertEquals(1, first.revision());
      source.changed();
      assertSame(first, view.snapshot());
      source.nodes.add(ScriptedSource.node("b", "192.0.2.9"));
      source.changed();
      assertEquals(2, view.snapshot().revision());
      source.networks.add(new Network("oam", List.of(Cidr.parse("192.0.2.0/24"))));
      source.changed();
      assertEquals(3, view.snapshot().revision());
      assertEquals(
          Optional.of("oam"), view.node(id("b")).orElseThrow().address().orElseThrow().network());
    }
  }

  @Test
  void theLastGoodPeersStayWhileTheSourceCannotBeRead() {
    ScriptedSource source = ScriptedSource.of("a");
    try (PeerView view = source.open()) {
      Snapshot good = view.snapshot();
      source.readFault = "first fault";
      assertSame(good, view.snapshot());
      Health stale = view.health();
      assertEquals(Health.Status.STALE, stale.status());
      assertEquals("first fault", stale.reason());
      source.readFault = "second fault";
      assertEquals(new Health(Health.Status.STALE, stale.since(), "second fault"), view.health());
      assertEquals(ids("a"), view.ids());
      source.readFault = null;
      assertEquals(Health.Status.FRESH, view.health().status());
    }
  }

  @Test
  void peersThatCannotBeReadMakeTheViewStaleOnceAndForAll() throws InterruptedException {
    ScriptedSource source = ScriptedSource.of("a");
    try (PeerView view = source.open()) {
      Snapshot good = view.snapshot();
      BlockingQueue<PeerEvent> events = new LinkedBlockingQueue<>();
      view.listen(events::add);
      assertEquals(PeerEvent.Kind.STARTED, next(events).kind());
      source.nodes.add(ScriptedSource.node("b", "192.0.2.9"));
      source.nodesFault = "cannot read b";
      source.changed();
      assertEquals(PeerEvent.Kind.HEALTH_CHANGED, next(events).kind());
      Health stale = view.health();
      int reads = source.reads;
      for (int i = 0; i < 5; i++) {
        assertSame(good, view.snapshot());
        assertEquals(stale, view.health());
        assertEquals(Optional.of(good.nodes().get(0)), view.node(id("a")));
      }
      assertEquals(
          null,
          events.poll(150, TimeUnit.MILLISECONDS),
          "a broken peer must not make the view stale and fresh by turns");
      assertTrue(
          source.reads - reads < 40, () -> "the view reads in a circle: " + (source.reads - reads));
      assertEquals("cannot read b", stale.reason());
      source.nodesFault = null;
      assertEquals(ids("a", "b"), view.snapshot().ids());
      assertEquals(Health.Status.FRESH, view.health().status());
    }
  }

  @Test
  void nothingIsRecordedWhilePeersCannotBeRead() {
    ScriptedSource source = ScriptedSource.of("a");
    try (PeerView view = source.open()) {
      assertEquals(ids("a"), of(view.notices().joined()));
      String recorded = source.store.text;
      source.nodes.add(ScriptedSource.node("b", "192.0.2.9"));
      source.nodesFault = "cannot read b";
      source.changed();
      assertEquals(ids("a"), of(view.notices().joined()));
      assertEquals(recorded, source.store.text);
      source.nodesFault = null;
      assertEquals(ids("a", "b"), of(view.notices().joined()));
    }
  }

  @Test
  void anOlderReadingIsNeverRecordedAfterANewerOne() {
    ScriptedSource source = ScriptedSource.of("a/1");
    PeerView slow = source.open();
    PeerView quick = source.open();
    slow.notices();
    source.store.beforeUpdate =
        () -> {
          source.nodes.add(ScriptedSource.node("a/2", "192.0.2.2"));
          source.changed();
          quick.notices();
        };

    Notices notices = slow.notices();

    assertEquals(List.of(), notices.departed());
    assertEquals(
        List.of("a/1", "a/2"), notices.joined().stream().map(n -> n.id().value()).toList());
  }

  @Test
  void whatBreaksBeforeItIsRecordedChangesNothing() {
    ScriptedSource source = ScriptedSource.of("a/1");
    PeerView view = source.open();
    view.notices();
    source.nodes.clear();
    source.changed();
    source.store.beforeUpdate = () -> source.readFault = "it broke just now";

    Notices notices = view.notices();

    assertEquals(List.of(), notices.departed());
    assertEquals("it broke just now", view.health().reason());
    source.readFault = null;
    assertEquals(1, view.notices().departed().size());
  }

  @Test
  void onlyTheNoticesInHandAreDismissed() {
    ScriptedSource source = ScriptedSource.of("a");
    try (PeerView view = source.open()) {
      Notices mine = view.notices();
      source.nodes.add(ScriptedSource.node("b", "192.0.2.9"));
      source.changed();
      Notices ofAnotherComponent = view.notices();
      assertEquals(ids("a", "b"), of(ofAnotherComponent.joined()));
      assertEquals(List.of(), mine.dismissDeparted());
      assertEquals(ids("a"), of(mine.dismissJoined()));
      assertEquals(ids("b"), of(view.notices().joined()));
      assertEquals(ids("b"), of(ofAnotherComponent.dismissJoined()));
      assertTrue(view.notices().isEmpty());
    }
  }

  @Test
  void bothKindsAreDismissedAtOnce() {
    ScriptedSource source = ScriptedSource.of("a");
    try (PeerView view = source.open()) {
      view.notices().dismissJoined();
      source.nodes.clear();
      source.nodes.add(ScriptedSource.node("b", "192.0.2.9"));
      source.changed();
      Notices notices = view.notices();
      assertEquals(ids("a"), of(notices.departed()));
      assertEquals(ids("a", "b"), of(view.dismiss(notices)));
      assertTrue(view.notices().isEmpty());
      assertEquals(List.of(), view.dismiss(notices));
    }
  }

  @Test
  void aNoticeThatWasReplacedByANewerOneIsLeftAlone() {
    ScriptedSource source = ScriptedSource.of("a");
    try (PeerView view = source.open()) {
      List<Notice> old = view.notices().joined();
      source.nodes.clear();
      source.changed();
      view.notices();
      source.nodes.add(ScriptedSource.node("a", "192.0.2.1"));
      source.changed();
      Notices newer = view.notices();
      assertEquals(List.of(), view.dismiss(old));
      assertEquals(newer, view.notices());
      assertEquals(3, newer.joined().get(0).sequence());
    }
  }

  @Test
  void aListenerOfNoticesIsToldAgainOnlyOfNewOnes() throws InterruptedException {
    ScriptedSource source = ScriptedSource.of("a");
    try (PeerView view = source.open()) {
      BlockingQueue<Notices> told = new LinkedBlockingQueue<>();
      view.onNotices(told::add);
      assertEquals(ids("a"), of(next(told).joined()));
      source.changed();
      source.nodes.add(ScriptedSource.node("b", "192.0.2.9"));
      source.changed();
      assertEquals(ids("a", "b"), of(next(told).dismissJoined()));
      assertTrue(told.isEmpty());
    }
  }

  @Test
  void aListenerMayCloseTheViewAndIsNotCalledAgain() throws InterruptedException {
    ScriptedSource source = ScriptedSource.of("a");
    PeerView view = source.open();
    BlockingQueue<PeerEvent> events = new LinkedBlockingQueue<>();
    view.listen(
        event -> {
          view.close();
          events.add(event);
        });
    assertEquals(PeerEvent.Kind.STARTED, next(events).kind());
    assertTrue(source.closed);
    source.changed();
    assertEquals(null, events.poll(100, TimeUnit.MILLISECONDS));
    assertEquals(
        "this view of the peers is closed",
        assertThrows(IllegalStateException.class, view::ids).getMessage());
  }

  @Test
  void closingWaitsForTheListenerThatIsBeingCalled() throws InterruptedException {
    ScriptedSource source = ScriptedSource.of("a");
    PeerView view = source.open();
    CountDownLatch entered = new CountDownLatch(1);
    CountDownLatch leave = new CountDownLatch(1);
    AtomicBoolean left = new AtomicBoolean();
    view.listen(
        event -> {
          entered.countDown();
          try {
            leave.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          left.set(true);
        });
    assertTrue(entered.await(DEADLINE.toSeconds(), TimeUnit.SECONDS));
    AtomicBoolean leftBeforeCloseReturned = new AtomicBoolean();
    Thread closing =
        new Thread(
            () -> {
              view.close();
              leftBeforeCloseReturned.set(left.get());
            });
    closing.start();
    closing.join(100);
    assertTrue(closing.isAlive(), "close() returned while a listener was being called");
    assertFalse(left.get());
    leave.countDown();
    closing.join(DEADLINE.toMillis());
    assertTrue(leftBeforeCloseReturned.get());
  }

  @Test
  void aListenerThatThrowsHarmsNoOther() throws InterruptedException {
    ScriptedSource source = ScriptedSource.of("a");
    try (PeerView view = source.open()) {
      BlockingQueue<PeerEvent> events = new LinkedBlockingQueue<>();
      view.listen(
          event -> {
            throw new AssertionError("on purpose");
          });
      view.listen(events::add);
      assertEquals(PeerEvent.Kind.STARTED, next(events).kind());
      source.nodes.add(ScriptedSource.node("b", "192.0.2.9"));
      source.changed();
      assertEquals(ids("a", "b"), next(events).snapshot().ids());
    }
  }

  @Test
  void aSourceThatCannotPublishSaysSo() {
    try (PeerView view = ScriptedSource.of("a").open()) {
      assertEquals(
          "this backend cannot publish settings",
          assertThrows(UnsupportedOperationException.class, () -> view.publish("a", "b"))
              .getMessage());
      assertEquals(
          "expected a key for every setting, found an empty one",
          assertThrows(IllegalArgumentException.class, () -> view.publish("", "b")).getMessage());
      assertFalse(view.publish("a", ""));
    }
  }

  @Test
  void halfACharacterIsRefusedBecauseItCouldNotComeOutAgain() {
    try (PeerView view = ScriptedSource.of("a").open()) {
      IllegalArgumentException e =
          assertThrows(IllegalArgumentException.class, () -> view.publish("bird", "\ud83d!"));
      assertEquals(
          "expected Unicode text in the setting \"bird\", found half of a surrogate pair in"
              + " \"\\ud83d!\"",
          e.getMessage());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"\ud800", "\udfff", "\udc00\ud800", "x\udbff"})
  void halfACharacterIsFoundWhereverItIs(String text) {
    try (PeerView view = ScriptedSource.of("a").open()) {
      for (Map<String, String> settings : List.of(Map.of(text, "value"), Map.of("key", text))) {
        IllegalArgumentException e =
            assertThrows(IllegalArgumentException.class, () -> view.publish(settings));
        assertTrue(e.getMessage().startsWith("expected Unicode text in the setting "), e::toString);
      }
    }
  }

  @Test
  void allOtherTextIsPublishedOnce() {
    ScriptedSource source = ScriptedSource.of("a");
    source.published = new TreeMap<>();
    Map<String, String> settings = Map.of("\ud7ff", "\ue000", "bird", "\ud83d\udc26\ud83d\udc26");
    try (PeerView view = source.open()) {
      assertTrue(view.publish(settings));
      assertEquals(settings, view.published());
      assertFalse(view.publish(settings));
      assertTrue(view.publish("bird", ""));
      assertEquals(Map.of("\ud7ff", "\ue000"), view.published());
      assertFalse(view.publish("bird", ""));
    }
  }

  @Test
  void whatASourceOffersIsHandedOn() {
    ScriptedSource source = ScriptedSource.of("a");
    try (PeerView view = source.open()) {
      assertEquals("scripted", view.backend());
      assertEquals(Optional.of(source), view.extension(ScriptedSource.class));
      assertEquals(Optional.empty(), view.extension(String.class));
    }
  }

  @Test
  void theNodeItselfIsSeenInItsOwnWords() {
    ScriptedSource source = ScriptedSource.of("a");
    try (PeerView view = source.open()) {
      assertEquals(Optional.of(id("me")), view.selfId());
      assertEquals(Optional.empty(), view.self());
      source.nodes.add(ScriptedSource.node("me", "192.0.2.8"));
      source.nodes.add(ScriptedSource.node("me", "198.51.100.8"));
      source.networks.add(new Network("oam", List.of(Cidr.parse("198.51.100.0/24"))));
      source.changed();
      PeerNode own = view.self().orElseThrow();
      assertEquals(
          List.of("192.0.2.8 Optional.empty", "198.51.100.8 Optional[oam]"),
          own.addresses().stream().map(c -> c.text() + " " + c.network()).toList());
    }
  }

  @Test
  void anObserverHasNoNodeOfItsOwn() {
    Reading reading =
        Reading.of(
            "the script",
            Instant.EPOCH,
            Optional.empty(),
            List.of(ScriptedSource.node("a", "192.0.2.1")),
            List.of());
    PeerSource source =
        new PeerSource() {
          @Override
          public Reading read() {
            return reading;
          }

          @Override
          public StateStore state() {
            return new ScriptedSource.Store();
          }
        };
    try (PeerView view = Peers.open("watching", source, Environment.system())) {
      assertEquals(Optional.empty(), view.selfId());
      assertEquals(Optional.empty(), view.self());
      assertEquals(ids("a"), view.ids());
    }
  }

  @Test
  void theOrderOfTheSourceAndWhatItTellsUnaskedMakeNoDifference() {
    ScriptedSource source = ScriptedSource.of("d", "b", "me", "a", "c");
    source.nodes.add(ScriptedSource.node("c", "198.51.100.3"));
    source.tellsAll = true;
    source.departed = List.of(ScriptedSource.node("bb", "192.0.2.77"));
    try (PeerView view = source.open()) {
      assertEquals(ids("a", "b", "c", "d"), view.ids());
      assertEquals(ids("a", "b", "c", "d"), view.snapshot().ids());
      assertEquals(
          List.of("192.0.2.5", "198.51.100.3"),
          view.node(id("c")).orElseThrow().addresses().stream().map(PeerAddress::text).toList());
      assertEquals(ids("a", "b", "c", "d"), of(view.notices().joined()));
    }
  }

  @Test
  void peersOutOfOrderAreToldInOrder() {
    try (PeerView view = ScriptedSource.of("b", "c", "a").open()) {
      assertEquals(
          List.of("a 192.0.2.3", "b 192.0.2.1", "c 192.0.2.2"),
          view.nodes().stream()
              .map(node -> node.id() + " " + node.addresses().get(0).text())
              .toList());
    }
  }

  @Test
  void warningsOfTheSourceReachTheSnapshot() {
    ScriptedSource source = ScriptedSource.of("a");
    source.warnings.add("the wind is strong");
    try (PeerView view = source.open()) {
      assertEquals(List.of("the wind is strong"), view.snapshot().warnings());
    }
  }

  @Test
  void onePeerIsAskedForAnewOnlyWhereTheSnapshotIsOld() {
    ScriptedSource source = ScriptedSource.of("a");
    try (PeerView view = source.open()) {
      view.snapshot();
      source.asked.clear();
      assertTrue(view.node(id("a")).isPresent());
      assertEquals(Set.of(), source.asked);
      source.nodes.add(ScriptedSource.node("b", "192.0.2.9"));
      source.changed();
      assertTrue(view.node(id("b")).isPresent());
      assertEquals(ids("b"), List.copyOf(source.asked));
    }
  }

  @Test
  void whatTheSourceStillKnowsOfTheDepartedIsTold() {
    ScriptedSource source = ScriptedSource.of("a", "b", "c");
    source.departed = new ArrayList<>();
    source.networks.add(new Network("oam", List.of(Cidr.parse("192.0.2.0/24"))));
    try (PeerView view = source.open()) {
      source.asked.clear();
      Notices all = view.notices();
      assertEquals(ids("a", "b", "c"), of(all.joined()));
      assertEquals(Set.of(), source.asked);
      assertTrue(source.store.prefetched);
      view.dismiss(all.joined());
      source.departed.addAll(source.nodes.subList(0, 2));
      source.departed.add(ScriptedSource.node("b", "198.51.100.2"));
      source.nodes.clear();
      source.changed();
      List<Notice> departed = view.notices().departed();
      assertEquals(ids("a", "b", "c"), of(departed));
      assertEquals(
          List.of("192.0.2.1", "192.0.2.2", "198.51.100.2"),
          departed.stream()
              .flatMap(notice -> notice.lastKnown().stream())
              .flatMap(node -> node.addresses().stream())
              .map(PeerAddress::text)
              .toList());
      assertEquals(Optional.empty(), departed.get(2).lastKnown(), "the source forgot it");
      assertEquals(
          Optional.of("oam"),
          departed.get(0).lastKnown().orElseThrow().address().orElseThrow().network());
    }
  }

  @Test
  void stateThatIsDamagedIsToldWithItsPlace() {
    ScriptedSource source = ScriptedSource.of("a");
    source.store.text = "rubbish";
    try (PeerView view = source.open()) {
      assertEquals(
          "memory:1: damaged state: expected magpie-peers-state 1, found \"rubbish\"; remove the"
              + " state to start anew: all peers are then joined once more",
          assertThrows(StateException.class, view::notices).getMessage());
    }
  }

  /** No watch tells of it, but somebody who calls the view meets it. */
  @Test
  void whatACallerFindsOutIsToldToListenersToo() throws InterruptedException {
    ScriptedSource source = ScriptedSource.of("a");
    try (PeerView view = source.open()) {
      BlockingQueue<PeerEvent> events = new LinkedBlockingQueue<>();
      view.listen(events::add);
      assertEquals(PeerEvent.Kind.STARTED, next(events).kind());

      source.readFault = "cannot read";
      assertEquals(ids("a"), view.ids());
      assertEquals("cannot read", reason(next(events)));
      source.readFault = null;
      assertEquals(ids("a"), view.ids());
      assertEquals("", reason(next(events)));

      source.nodesFault = "cannot read a";
      source.changedUnseen();
      view.snapshot();
      assertEquals("cannot read a", reason(next(events)));
      source.nodesFault = null;
      view.snapshot();
      assertEquals("", reason(next(events)));

      source.nodesFault = "cannot read a again";
      source.changedUnseen();
      assertTrue(view.node(id("a")).isPresent());
      assertEquals("cannot read a again", reason(next(events)));
      source.nodesFault = null;
      view.snapshot();
      assertEquals("", reason(next(events)));

      source.nodesFault = "cannot record a";
      source.changedUnseen();
      view.notices();
      assertEquals("cannot record a", reason(next(events)));
      source.nodesFault = null;
      view.notices();
      assertEquals("", reason(next(events)));

      source.nodes.add(ScriptedSource.node("b", "192.0.2.9"));
      source.changedUnseen();
      view.snapshot();
      assertEquals(ids("a", "b"), next(events).snapshot().ids());
      assertTrue(events.isEmpty(), events::toString);
    }
  }

  private static String reason(PeerEvent event) {
    return ((PeerEvent.HealthChanged) event).after().reason();
  }

  @Test
  void peersThatCouldNotBeRecordedForAMomentLeaveNoDoubt() {
    ScriptedSource source = ScriptedSource.of("a");
    try (PeerView view = source.open()) {
      Snapshot good = view.snapshot();
      source.nodesFault = "for a moment";
      view.notices();
      source.nodesFault = null;
      assertSame(good, view.snapshot());
      assertEquals(Health.Status.FRESH, view.health().status());
    }
  }

  /** What a call does, by its name. */
  private static Map<String, Consumer<PeerView>> calls() {
    Map<String, Consumer<PeerView>> calls = new TreeMap<>();
    calls.put("selfId", PeerView::selfId);
    calls.put("self", PeerView::self);
    calls.put("ids", PeerView::ids);
    calls.put("snapshot", PeerView::snapshot);
    calls.put("nodes", PeerView::nodes);
    calls.put("nodes of a filter", view -> view.nodes(NodeFilter.all()));
    calls.put("node", view -> view.node(id("a")));
    calls.put("explain", view -> view.explain(id("a"), NodeFilter.all()));
    calls.put("notices", PeerView::notices);
    calls.put("dismissJoined", view -> view.notices().dismissJoined());
    calls.put("dismiss both", view -> view.dismiss(view.notices()));
    calls.put("dismiss", view -> view.dismiss(view.notices().joined()));
    calls.put("dismiss none", view -> view.dismiss(List.of()));
    calls.put("listen", view -> view.listen(event -> {}).close());
    calls.put("onNotices", view -> view.onNotices(notices -> {}).close());
    calls.put("published", PeerView::published);
    calls.put("publish", view -> view.publish("a", "b"));
    calls.put("publish nothing", view -> view.publish("a", ""));
    calls.put("health", PeerView::health);
    calls.put("extension", view -> view.extension(String.class));
    return calls;
  }

  /** Whether a call succeeds or not, the next thread comes in. */
  @Test
  void noCallKeepsOthersOutWhenItHasReturned() throws Exception {
    ScriptedSource source = ScriptedSource.of("a");
    PeerView view = source.open();
    for (boolean broken : new boolean[] {true, false}) {
      source.readFault = broken ? "broken from the first" : null;
      for (Map.Entry<String, Consumer<PeerView>> call : calls().entrySet()) {
        try {
          call.getValue().accept(view);
        } catch (PeersException | UnsupportedOperationException e) {
          // Others are to come in all the same.
        }
        othersComeIn(view::health, call.getKey());
      }
    }
    view.close();
    othersComeIn(view::backend, "close");
    for (Map.Entry<String, Consumer<PeerView>> call : calls().entrySet()) {
      for (int i = 0; i < 2; i++) {
        assertEquals(
            "this view of the peers is closed",
            assertThrows(
                    IllegalStateException.class, () -> call.getValue().accept(view), call.getKey())
                .getMessage());
      }
      othersComeIn(() -> assertThrows(IllegalStateException.class, view::ids), call.getKey());
    }
  }

  private static void othersComeIn(Runnable call, String after) throws Exception {
    FutureTask<Void> other = new FutureTask<>(call, null);
    Thread thread = new Thread(other);
    thread.setDaemon(true);
    thread.start();
    try {
      other.get(DEADLINE.toSeconds(), TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      throw new AssertionError("nobody else can call the view after " + after, e);
    }
  }

  @Test
  void closingEndsTheWatchTheThreadAndTheSource() throws InterruptedException {
    ScriptedSource source = ScriptedSource.of("a");
    PeerView view = source.open();
    BlockingQueue<Thread> threads = new LinkedBlockingQueue<>();
    view.listen(event -> threads.add(Thread.currentThread()));
    Thread thread = next(threads);
    assertTrue(thread.isDaemon(), "a view that is left open keeps no process alive");
    assertEquals(1, source.watched());
    view.close();
    assertFalse(thread.isAlive());
    assertEquals(0, source.watched());
    assertTrue(source.closed);
    view.close();
  }

  @Test
  void aWatchThatCannotBeEndedKeepsNeitherThreadNorSource() throws InterruptedException {
    ScriptedSource source = ScriptedSource.of("a");
    source.endOfWatchFault = new SourceUnavailableException("the script", "no end");
    PeerView view = source.open();
    BlockingQueue<Thread> threads = new LinkedBlockingQueue<>();
    view.listen(event -> threads.add(Thread.currentThread()));
    Thread thread = next(threads);
    assertEquals(
        "no end", assertThrows(SourceUnavailableException.class, view::close).getMessage());
    assertFalse(thread.isAlive());
    assertTrue(source.closed);
  }

  @Test
  void whoeverClosesSecondWaitsForTheListenersToo() throws InterruptedException {
    ScriptedSource source = ScriptedSource.of("a");
    PeerView view = source.open();
    CountDownLatch leave = new CountDownLatch(1);
    BlockingQueue<Thread> threads = new LinkedBlockingQueue<>();
    view.listen(
        event -> {
          threads.add(Thread.currentThread());
          try {
            leave.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
    Thread thread = next(threads);
    for (int i = 0; i < 2; i++) {
      Thread closing =
          new Thread(
              () -> {
                view.close();
                threads.add(thread);
              });
      closing.start();
      while (closing.getState() != Thread.State.TIMED_WAITING) {
        assertTrue(closing.isAlive(), "close() returned while a listener was being called");
        Thread.onSpinWait();
      }
    }
    assertTrue(threads.isEmpty());
    leave.countDown();
    next(threads);
    next(threads);
    assertFalse(thread.isAlive());
  }
}
