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
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import magpie.peers.spi.PeerSource;
import magpie.peers.spi.Reading;
import magpie.peers.spi.StateStore;
import org.junit.jupiter.api.Test;

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
          snapshot.nodes().get(0).candidates().stream().map(AddressCandidate::text).toList());
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
      node.candidate(address, "test");
    }
    return node;
  }

  @Test
  void whatTwoSourcesSayOfOneIdIsJoinedAndTheFirstWinsATie() {
    PeerNode merged = seen(source("one", "192.0.2.1"), source("two", "198.51.100.1", "192.0.2.1"));
    assertEquals(
        List.of("192.0.2.1", "198.51.100.1"),
        merged.candidates().stream().map(AddressCandidate::text).toList());
    assertEquals(Map.of("both", "one", "one", "here", "two", "here"), merged.settings());
    assertEquals(Map.of("both", "one", "one", "here", "two", "here"), merged.labels());
    assertEquals(Optional.of("192.0.2.1"), merged.address().map(AddressCandidate::text));
  }

  @Test
  void aPeerIsDoubtedIfAllItsSourcesDoubtIt() {
    assertFalse(seen(source("one").suspect(true), source("two")).suspect());
    assertFalse(seen(source("one"), source("two").suspect(true)).suspect());
    assertTrue(seen(source("one").suspect(true), source("two").suspect(true)).suspect());
  }

  @Test
  void theChoiceOfTheSecondSourceCountsWhereTheFirstKnowsNoAddress() {
    AddressCandidate choice = AddressCandidate.of("192.0.2.2", "test");
    PeerNode.Builder two = source("two", "192.0.2.1", "192.0.2.2").address(choice, "two chose");
    PeerNode merged = seen(source("one"), two);
    assertEquals(Optional.of("192.0.2.2"), merged.address().map(AddressCandidate::text));
    assertEquals("two chose", merged.rule());
    merged = seen(source("one", "192.0.2.3"), two);
    assertEquals(Optional.of("192.0.2.3"), merged.address().map(AddressCandidate::text));
    assertEquals("first candidate", merged.rule());
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
        "expected the script to tell of \"a\", which it lists, found nothing; this is a fault of the"
            + " backend",
        e.getMessage());
    assertEquals("the script", e.origin());
  }

  private record Forgetful(Reading good) implements Reading {
    @Override
    public Optional<PeerId> self() {
      return good.self();
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
  void onlyWhatWasShownIsDismissed() {
    ScriptedSource source = ScriptedSource.of("a");
    try (PeerView view = source.open()) {
      assertEquals(List.of(), view.dismissJoined());
      view.notices();
      source.nodes.add(ScriptedSource.node("b", "192.0.2.9"));
      source.changed();
      assertEquals(ids("a"), of(view.dismissJoined()));
      assertEquals(ids("b"), of(view.notices().joined()));
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
      assertEquals(ids("a", "b"), of(next(told).joined()));
      assertEquals(ids("a", "b"), of(view.dismissJoined()));
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
}
