/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What listeners, sources and threads may do to each other, and what of it is logged. */
@Timeout(60)
class DispatchTest {
  private static final Logger LOGGER = Logger.getLogger("magpie.peers");

  private static final String HEALED = "INFO the source of peers can be read again | null";

  private final List<String> logged = new CopyOnWriteArrayList<>();
  private final Handler log =
      new Handler() {
        @Override
        public void publish(LogRecord told) {
          logged.add(told.getLevel() + " " + told.getMessage() + " | " + told.getThrown());
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  @BeforeEach
  void listenToTheLog() {
    LOGGER.addHandler(log);
    LOGGER.setUseParentHandlers(false);
  }

  @AfterEach
  void leaveTheLog() {
    LOGGER.removeHandler(log);
    LOGGER.setUseParentHandlers(true);
  }

  private static <T> T next(BlockingQueue<T> queue) throws InterruptedException {
    T one = queue.poll(20, TimeUnit.SECONDS);
    assertTrue(one != null, "nothing came");
    return one;
  }

  private static void await(CountDownLatch latch) {
    try {
      assertTrue(latch.await(20, TimeUnit.SECONDS), "nothing came");
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** A listener that does not return before it may. */
  private static PeerListener blocked(CountDownLatch entered, CountDownLatch leave) {
    return event -> {
      entered.countDown();
      await(leave);
    };
  }

  private static void put(ScriptedSource source, String id) {
    source.nodes.add(ScriptedSource.node(id, "192.0.2.99"));
    source.changed();
  }

  @Test
  void whatIsThrownIsNotLogged() {
    ScriptedSource source = ScriptedSource.of("a");
    source.nodesFault = "cannot read a";
    try (PeerView view = source.open()) {
      assertThrows(SourceUnavailableException.class, view::snapshot);
      assertThrows(SourceUnavailableException.class, view::notices);
      assertEquals("cannot read a", view.health().reason());
      // The ids can be read, and heal nothing.
      view.ids();
      assertEquals(Health.Status.STALE, view.health().status());
      assertEquals(List.of(), logged);

      source.nodesFault = null;
      view.snapshot();
      assertEquals(Health.Status.FRESH, view.health().status());
      assertEquals(List.of(), logged);

      source.nodesFault = "cannot read a again";
      source.changed();
      assertTrue(view.node(PeerId.of("a")).isPresent());
      assertEquals(List.of(stays("cannot read a again")), logged);
      view.snapshot();
      view.notices();
      source.nodesFault = null;
      view.snapshot();
      source.nodesFault = "cannot read a at last";
      source.changed();
      view.snapshot();
      source.nodesFault = null;
      view.snapshot();
      source.nodesFault = "cannot record a";
      source.changed();
      view.notices();
      source.nodesFault = null;
      view.snapshot();
      assertEquals(
          List.of(
              stays("cannot read a again"),
              HEALED,
              stays("cannot read a at last"),
              HEALED,
              stays("cannot record a"),
              HEALED),
          logged);
      logged.clear();

      source.readFault = "gone";
      view.snapshot();
      view.snapshot();
      source.readFault = null;
      view.snapshot();
      assertEquals(List.of(stays("gone"), HEALED), logged);
    }
  }

  private static String stays(String why) {
    return "WARNING the last good peers stay, because the source broke |"
        + " magpie.peers.SourceUnavailableException: "
        + why;
  }

  @Test
  void whatHealthTellsBeforeAnythingGoodIsNotLogged() {
    ScriptedSource source = ScriptedSource.of("a");
    source.readFault = "gone";
    try (PeerView view = source.open()) {
      assertEquals("gone", view.health().reason());
      assertThrows(SourceUnavailableException.class, view::ids);
      source.readFault = null;
      view.snapshot();
      assertEquals(Health.Status.FRESH, view.health().status());
    }
    assertEquals(List.of(), logged);
  }

  @Test
  void nothingThatAListenerThrowsHarmsAnother() throws InterruptedException {
    ScriptedSource source = ScriptedSource.of("a");
    BlockingQueue<PeerEvent> heard = new LinkedBlockingQueue<>();
    try (PeerView view = source.open()) {
      view.listen(
          event -> {
            throw new NoClassDefFoundError("magpie/peers/Missing");
          });
      view.listen(heard::add);
      assertEquals(PeerEvent.Kind.STARTED, next(heard).kind());
      put(source, "b");
      assertEquals(2, next(heard).snapshot().nodes().size());
    }
    assertEquals(
        List.of(
            "WARNING a listener failed at STARTED | java.lang.NoClassDefFoundError:"
                + " magpie/peers/Missing",
            "WARNING a listener failed at CHANGED | java.lang.NoClassDefFoundError:"
                + " magpie/peers/Missing"),
        logged);
  }

  @Test
  void anErrorOfTheSourceEndsNoEvents() throws InterruptedException {
    ScriptedSource source = ScriptedSource.of("a");
    BlockingQueue<PeerEvent> heard = new LinkedBlockingQueue<>();
    try (PeerView view = source.open()) {
      view.listen(heard::add);
      assertEquals(PeerEvent.Kind.STARTED, next(heard).kind());
      source.error = new StackOverflowError("deep");
      source.changed();
      long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
      while (logged.isEmpty() && System.nanoTime() < end) {
        LockSupport.parkNanos(1_000_000);
      }
      source.error = null;
      put(source, "b");
      assertEquals(2, next(heard).snapshot().nodes().size());
    }
    assertEquals(
        List.of("WARNING the peers could not be observed | java.lang.StackOverflowError: deep"),
        logged);
  }

  @Test
  void aListenerThatInterruptsItsThreadHarmsNoReading() throws InterruptedException {
    ScriptedSource source = ScriptedSource.of("a");
    BlockingQueue<PeerEvent> heard = new LinkedBlockingQueue<>();
    BlockingQueue<Boolean> interrupted = new LinkedBlockingQueue<>();
    try (PeerView view = source.open()) {
      view.listen(
          event -> {
            heard.add(event);
            Thread.currentThread().interrupt();
          });
      view.listen(event -> interrupted.add(Thread.currentThread().isInterrupted()));
      // Each event reaches both before the next: of two at once one listener may be told as one.
      for (int i = 1; i <= 3; i++) {
        assertEquals(i, next(heard).snapshot().nodes().size());
        assertFalse(next(interrupted), "the interrupt of one listener reached another");
        put(source, "more-" + i);
      }
    }
    assertFalse(source.readInterrupted, "the source was read by an interrupted thread");
    assertEquals(List.of(), logged);
  }

  @Test
  void anInterruptedThreadWaitsForTheListenerItEnds() throws InterruptedException {
    ScriptedSource source = ScriptedSource.of("a");
    for (boolean all : new boolean[] {false, true}) {
      CountDownLatch entered = new CountDownLatch(1);
      CountDownLatch leave = new CountDownLatch(1);
      AtomicBoolean left = new AtomicBoolean();
      PeerView view = source.open();
      Subscription subscription =
          view.listen(
              event -> {
                entered.countDown();
                DispatchTest.await(leave);
                left.set(true);
              });
      await(entered);
      AtomicBoolean leftFirst = new AtomicBoolean();
      AtomicBoolean kept = new AtomicBoolean();
      Thread closer =
          new Thread(
              () -> {
                Thread.currentThread().interrupt();
                if (all) {
                  view.close();
                } else {
                  subscription.close();
                }
                leftFirst.set(left.get());
                kept.set(Thread.interrupted());
              });
      closer.start();
      // Time enough for one that does not wait; a longer one only makes the test surer.
      closer.join(200);
      leave.countDown();
      closer.join(20_000);
      assertTrue(leftFirst.get(), "close() returned while the listener was still called");
      assertTrue(kept.get(), "the interrupt is kept for the caller");
      view.close();
    }
    assertEquals(List.of(), logged);
  }

  @Test
  void aSourceThatCannotBeWatchedSaysSoAtOnce() {
    ScriptedSource source = ScriptedSource.of("a");
    source.watchFault = new SourceUnavailableException("the script", "no events here");
    try (PeerView view = source.open()) {
      long began = System.nanoTime();
      assertEquals(
          "no events here",
          assertThrows(SourceUnavailableException.class, () -> view.listen(event -> {}))
              .getMessage());
      Duration took = Duration.ofNanos(System.nanoTime() - began);
      assertTrue(took.toSeconds() < 5, () -> "waited " + took);
      while (eventThreads() > 0) {
        LockSupport.parkNanos(1_000_000);
      }
      source.watchFault = null;
      view.listen(event -> {}).close();
    }
    assertEquals(List.of(), logged);
  }

  private static long eventThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().matches("magpie-peers (events|notices) scripted"))
        .count();
  }

  @Test
  void aViewThatIsBeingClosedTellsNobodyAndLogsNothing() throws InterruptedException {
    ScriptedSource source = ScriptedSource.of("a");
    PeerView view = source.open();
    CountDownLatch entered = new CountDownLatch(1);
    CountDownLatch leave = new CountDownLatch(1);
    List<PeerEvent> told = new CopyOnWriteArrayList<>();
    view.listen(blocked(entered, leave));
    view.listen(told::add);
    await(entered);
    Thread closer = new Thread(view::close);
    closer.start();
    while (isOpen(view)) {
      LockSupport.parkNanos(1_000_000);
    }
    leave.countDown();
    closer.join(20_000);
    assertFalse(closer.isAlive());
    assertEquals(List.of(), told);
    assertEquals(List.of(), logged);
  }

  private static boolean isOpen(PeerView view) {
    try {
      view.ids();
      return true;
    } catch (IllegalStateException e) {
      return false;
    }
  }

  @Test
  void whoeverListensWhileTheSourceIsBrokenIsToldSo() throws InterruptedException {
    ScriptedSource source = ScriptedSource.of("a");
    BlockingQueue<PeerEvent> heard = new LinkedBlockingQueue<>();
    try (PeerView view = source.open()) {
      Snapshot good = view.snapshot();
      source.readFault = "gone";
      view.listen(heard::add);
      assertEquals(new PeerEvent.Started(good), next(heard));
      PeerEvent.HealthChanged stale = (PeerEvent.HealthChanged) next(heard);
      assertEquals(new Health(Health.Status.FRESH, good.readAt(), ""), stale.before());
      assertEquals("gone", stale.after().reason());
      assertEquals(good, stale.snapshot());
    }
  }

  @Test
  void afterCloseBeganNobodyElseIsCalled() throws InterruptedException {
    ScriptedSource source = ScriptedSource.of("a");
    PeerView view = source.open();
    CountDownLatch entered = new CountDownLatch(1);
    CountDownLatch leave = new CountDownLatch(1);
    List<PeerEvent> told = new CopyOnWriteArrayList<>();
    view.listen(blocked(entered, leave));
    view.listen(told::add);
    await(entered);
    Thread closer = new Thread(view::close);
    closer.start();
    // It waits for the first listener, and has told the second one that there is an end.
    while (closer.getState() != Thread.State.TIMED_WAITING) {
      LockSupport.parkNanos(1_000_000);
    }
    leave.countDown();
    closer.join(20_000);
    assertFalse(closer.isAlive());
    assertEquals(List.of(), told);
  }

  @Test
  void oneWhoStopsListeningHoldsUpNoOther() throws InterruptedException {
    ScriptedSource source = ScriptedSource.of("a");
    BlockingQueue<PeerEvent> heard = new LinkedBlockingQueue<>();
    CountDownLatch entered = new CountDownLatch(1);
    CountDownLatch leave = new CountDownLatch(1);
    List<PeerEvent> told = new CopyOnWriteArrayList<>();
    try (PeerView view = source.open()) {
      view.listen(blocked(entered, leave));
      Subscription second = view.listen(told::add);
      view.listen(heard::add);
      await(entered);
      second.close();
      leave.countDown();
      assertEquals(PeerEvent.Kind.STARTED, next(heard).kind());
    }
    assertEquals(List.of(), told);
  }

  private static Dispatch impatient(ScriptedSource source) {
    PeerView view = source.open();
    Health fresh = view.health();
    return new Dispatch(
        "test", () -> new Dispatch.Observation(view.snapshot(), fresh), Duration.ofMillis(100));
  }

  @Test
  void aListenerThatWaitsWithoutEndIsInterrupted() throws InterruptedException {
    Dispatch dispatch = impatient(ScriptedSource.of("a"));
    CountDownLatch entered = new CountDownLatch(1);
    BlockingQueue<String> ended = new LinkedBlockingQueue<>();
    dispatch.add(
        event -> {
          entered.countDown();
          try {
            new CountDownLatch(1).await();
          } catch (InterruptedException e) {
            ended.add("interrupted");
          }
        });
    await(entered);
    dispatch.close();
    assertEquals("interrupted", next(ended));
    assertEquals(
        List.of("WARNING a listener does not return; it was not waited for | null"), logged);
  }

  @Test
  void aListenerThatNothingEndsIsLeftBehind() throws InterruptedException {
    Dispatch dispatch = impatient(ScriptedSource.of("a"));
    BlockingQueue<Thread> entered = new LinkedBlockingQueue<>();
    AtomicBoolean leave = new AtomicBoolean();
    dispatch.add(
        event -> {
          entered.add(Thread.currentThread());
          while (!leave.get()) {
            Thread.onSpinWait();
          }
        });
    Thread thread = next(entered);
    dispatch.close();
    assertEquals(
        List.of(
            "WARNING a listener does not return; it was not waited for | null",
            "WARNING a listener does not return; its thread is left behind | null"),
        logged);
    leave.set(true);
    thread.join(20_000);
    assertFalse(thread.isAlive(), "it ends with the listener");
  }

  @Test
  void aFilterHidesPeersAndTheirChanges() throws InterruptedException {
    ScriptedSource source = ScriptedSource.of("a");
    BlockingQueue<PeerEvent> told = new LinkedBlockingQueue<>();
    BlockingQueue<PeerEvent> all = new LinkedBlockingQueue<>();
    try (PeerView view = source.open()) {
      NodeFilter inside = NodeFilter.inNetwork("192.0.2.128/25");
      view.listen(inside, told::add);
      view.listen(all::add);
      assertEquals(List.of(), next(told).snapshot().nodes());
      next(all);

      put(source, "b");
      assertEquals(1, next(all).changes().joined().size());
      source.nodes.add(
          ScriptedSource.node("c", "198.51.100.7").toBuilder().address("192.0.2.200", "x").build());
      source.changed();
      next(all);
      PeerEvent joined = next(told);
      assertEquals(PeerEvent.Kind.CHANGED, joined.kind());
      assertEquals(List.of(PeerId.of("c")), joined.snapshot().ids());
      assertEquals("192.0.2.200", joined.changes().joined().get(0).requireAddress().text());

      // It is still there, and no longer kept.
      source.nodes.remove(source.nodes.size() - 1);
      source.nodes.add(ScriptedSource.node("c", "198.51.100.7"));
      source.changed();
      assertEquals(1, next(all).changes().updated().size());
      assertEquals(1, next(told).changes().departed().size());

      source.readFault = "gone";
      source.changed();
      assertEquals(PeerEvent.Kind.HEALTH_CHANGED, next(told).kind());
    }
    assertEquals(List.of(), List.copyOf(told));
    logged.clear();
    try (PeerView view = ScriptedSource.of("a").open()) {
      assertThrows(
          ConfigurationException.class,
          () -> view.listen(NodeFilter.inNetwork("nowhere"), told::add));
    }
  }

  @Test
  void noticesThatCannotBeginAreRefused() {
    ScriptedSource source = ScriptedSource.of("a");
    try (PeerView view = source.open()) {
      source.store.fault = new StateException("memory", "no place for state");
      assertEquals(
          "no place for state",
          assertThrows(StateException.class, () -> view.onNotices(notices -> {})).getMessage());
      source.store.fault = new UnsupportedOperationException("no such attribute");
      StateException fault =
          assertThrows(StateException.class, () -> view.onNotices(notices -> {}));
      assertTrue(
          fault.getMessage().startsWith("state in \"memory\": expected the backend scripted to")
              && fault.getMessage().contains("no such attribute; this is a fault of the backend"),
          fault::getMessage);
      assertEquals(0, source.watched(), "nothing goes on");
    }
    assertEquals(List.of(), logged);
  }

  @Test
  void noticesThatBreakLaterAreLoggedOnceAndTriedUntilTheyHeal() throws InterruptedException {
    ScriptedSource source = ScriptedSource.of("a");
    BlockingQueue<Notices> told = new LinkedBlockingQueue<>();
    try (PeerView view = source.open()) {
      view.onNotices(told::add);
      assertEquals(1, next(told).joined().size());
      CountDownLatch tried = new CountDownLatch(3);
      source.store.beforeEachUpdate = tried::countDown;
      source.store.fault = new StateException("memory", "the disk is gone");
      put(source, "b");
      await(tried);
      source.store.fault = null;
      // Without any further change: it is tried again.
      Notices healed = next(told);
      assertEquals(2, healed.joined().size());
      assertEquals(2, healed.dismissJoined().size());
    }
    assertEquals(
        List.of(
            "WARNING notices cannot be recorded; it is tried again until they can be |"
                + " magpie.peers.StateException: the disk is gone",
            "INFO notices can be recorded again | null"),
        logged);
  }

  @Test
  void whatAConsumerOfNoticesThrowsIsItsOwnFault() throws InterruptedException {
    ScriptedSource source = ScriptedSource.of("a");
    BlockingQueue<Notices> told = new LinkedBlockingQueue<>();
    try (PeerView view = source.open()) {
      view.onNotices(
          notices -> {
            told.add(notices);
            throw new IllegalStateException("cannot bear it");
          });
      next(told);
      put(source, "b");
      assertEquals(2, next(told).joined().size());
    }
    assertEquals(
        "WARNING a listener failed at notices | java.lang.IllegalStateException: cannot bear it",
        logged.get(0));
  }

  /** The state is locked by a process that hangs: nothing but notices waits for it. */
  @Test
  void aStateThatHangsHoldsUpNeitherListingsNorEventsNorTheEnd() throws Exception {
    ScriptedSource source = ScriptedSource.of("a");
    PeerView view = source.open();
    BlockingQueue<Notices> told = new LinkedBlockingQueue<>();
    BlockingQueue<PeerEvent> heard = new LinkedBlockingQueue<>();
    view.onNotices(told::add);
    next(told);
    String recorded = source.store.text;
    CountDownLatch free = new CountDownLatch(1);
    CountDownLatch waiting = new CountDownLatch(1);
    source.store.beforeEachUpdate =
        () -> {
          waiting.countDown();
          try {
            free.await();
          } catch (InterruptedException e) {
            throw new StateException("memory", "interrupted while waiting for the lock", e);
          }
        };
    // The one thread waits for the state, and the other behind it.
    put(source, "b");
    await(waiting);
    FutureTask<String> asking =
        new FutureTask<>(
            () ->
                assertThrows(IllegalStateException.class, view::notices).getMessage()
                    + (Thread.interrupted() ? ", and interrupted" : ""));
    Thread thread = new Thread(asking);
    thread.start();
    FutureTask<Void> others =
        new FutureTask<>(
            () -> {
              assertEquals(2, view.ids().size());
              assertEquals(2, view.nodes().size());
              assertTrue(view.node(PeerId.of("b")).isPresent());
              assertFalse(view.health().stale());
              view.listen(heard::add).close();
              view.listen(heard::add);
              put(source, "c");
              while (next(heard).snapshot().nodes().size() < 3) {
                assertTrue(view.selfId().isPresent());
              }
              view.close();
              return null;
            });
    new Thread(others).start();
    others.get(20, TimeUnit.SECONDS);
    assertEquals("this view of the peers is closed", asking.get(20, TimeUnit.SECONDS));
    assertEquals(recorded, source.store.text);
    assertTrue(source.closed);
    assertTrue(told.isEmpty());
    assertEquals(0, eventThreads());
    assertEquals(List.of(), logged);
  }

  /** As with a cluster that lost its quorum: a reading takes seconds, and the next is due. */
  @Test
  void aSourceThatIsReadWithoutPauseKeepsNoCallerWaiting() throws InterruptedException {
    ScriptedSource source = ScriptedSource.of("a");
    BlockingQueue<PeerEvent> heard = new LinkedBlockingQueue<>();
    AtomicBoolean over = new AtomicBoolean();
    AtomicInteger overtaken = new AtomicInteger();
    try (PeerView view = source.open()) {
      view.listen(heard::add);
      assertEquals(PeerEvent.Kind.STARTED, next(heard).kind());
      Thread caller = Thread.currentThread();
      AtomicBoolean queued = new AtomicBoolean();
      source.beforeReading =
          () -> {
            if (Thread.currentThread().equals(caller)) {
              queued.set(false);
              return;
            }
            if (queued.get()) {
              overtaken.incrementAndGet();
            }
            source.changed();
            // The reading takes until the caller waits for its end.
            while (!over.get() && caller.getState() != Thread.State.WAITING) {
              Thread.onSpinWait();
            }
            queued.set(!over.get());
          };
      source.readFault = "no leader";
      source.changed();
      for (int i = 0; i < 500; i++) {
        assertEquals("no leader", view.health().reason());
      }
      over.set(true);
    }
    assertEquals(0, overtaken.get(), "readings before that of a caller who waited already");
  }

  /**
   * Who lists has the lock of the view, who records has that of the state: nobody waits in a ring.
   */
  @Test
  void recordingsAndListingsOfManyThreadsEnd() throws Exception {
    ScriptedSource source = ScriptedSource.of("a");
    List<FutureTask<Void>> all = new ArrayList<>();
    try (PeerView one = source.open();
        PeerView two = source.open()) {
      for (int i = 0; i < 6; i++) {
        PeerView view = i % 2 == 0 ? one : two;
        boolean records = i < 3;
        FutureTask<Void> task =
            new FutureTask<>(
                () -> {
                  for (int round = 0; round < 200; round++) {
                    if (records) {
                      view.dismiss(view.notices().joined());
                    } else {
                      source.changedUnseen();
                      view.nodes(
                          NodeFilter.where("here", node -> view.node(node.id()).isPresent()));
                    }
                  }
                  return null;
                });
        all.add(task);
        Thread thread = new Thread(task);
        thread.setDaemon(true);
        thread.start();
      }
      for (FutureTask<Void> task : all) {
        task.get(40, TimeUnit.SECONDS);
      }
    }
  }
}
