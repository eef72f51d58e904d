/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Stream;
import magpie.peers.PeerId;
import magpie.peers.SourceUnavailableException;
import magpie.peers.spi.PeerSource;
import magpie.peers.topology.MalformedTopologyException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Files are edited in every way there is; the source is read only when it calls. */
class WatchTest {
  @TempDir Path top;
  private Bench bench;

  private static final Logger LOGGER = Logger.getLogger(DirectoryWatch.class.getName());

  private final List<String> logged = new CopyOnWriteArrayList<>();
  private final Handler log =
      new Handler() {
        @Override
        public void publish(LogRecord told) {
          logged.add(told.getLevel() + " " + told.getMessage() + " " + told.getThrown());
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  /** What tells of changes: without a timer, or without events. */
  enum Means {
    EVENTS,
    TIMER
  }

  @BeforeEach
  void makeBench() throws IOException {
    bench = new Bench(Files.createDirectory(top.resolve("bench"))).write(Bench.nodes(0, 1));
  }

  @BeforeEach
  void catchLog() {
    LOGGER.setUseParentHandlers(false);
    LOGGER.addHandler(log);
  }

  @AfterEach
  void releaseLog() {
    LOGGER.removeHandler(log);
    LOGGER.setUseParentHandlers(true);
  }

  private void use(Means means) {
    if (means == Means.TIMER) {
      bench.interval = Duration.ofMillis(10);
      bench.events =
          () -> {
            throw new IOException("User limit of inotify instances reached");
          };
    }
  }

  /** An edit: what happens to the files, and which nodes are there then. */
  private interface Edit {
    void edit() throws IOException;
  }

  private void follow(Means means, Edit edit, Integer... then)
      throws IOException, InterruptedException {
    use(means);
    try (LocalSource source = bench.open();
        Follower follower = new Follower(source)) {
      follower.sees(List.of(0, 1), () -> Bench.numbers(source));
      edit.edit();
      follower.sees(List.of(then), () -> Bench.numbers(source));
    }
  }

  @ParameterizedTest
  @EnumSource
  void noticesAnEditInPlace(Means means) throws Exception {
    follow(means, () -> bench.write(Bench.nodes(0, 1, 2)), 0, 1, 2);
  }

  @ParameterizedTest
  @EnumSource
  void noticesAFileRenamedOver(Means means) throws Exception {
    follow(means, () -> bench.rename(Bench.nodes(0, 2)), 0, 2);
  }

  @ParameterizedTest
  @EnumSource
  void noticesASwappedLinkToAFile(Means means) throws Exception {
    Path elsewhere = Files.createDirectory(top.resolve("elsewhere"));
    Path one = Files.move(bench.file, elsewhere.resolve("one.yaml"));
    Path two = Files.writeString(elsewhere.resolve("two.yaml"), Bench.nodes(0, 1, 2));
    Files.createSymbolicLink(bench.file, one);
    follow(
        means,
        () -> {
          Path fresh = Files.createSymbolicLink(bench.directory.resolve("fresh"), two);
          Files.move(fresh, bench.file, StandardCopyOption.ATOMIC_MOVE);
        },
        0,
        1,
        2);
  }

  @ParameterizedTest
  @EnumSource
  void noticesAnEditBehindALink(Means means) throws Exception {
    Path target = top.resolve("target.yaml");
    Files.move(bench.file, target);
    Files.createSymbolicLink(bench.file, Path.of("../target.yaml"));
    follow(means, () -> Files.writeString(target, Bench.nodes(0, 1, 5)), 0, 1, 5);
  }

  @ParameterizedTest
  @EnumSource
  void noticesASwappedLinkToTheDirectory(Means means) throws Exception {
    Path data = bench.directory;
    Path first = Files.createDirectory(data.resolve("..first"));
    Path second = Files.createDirectory(data.resolve("..second"));
    Files.move(bench.file, first.resolve("bench.magpie.yaml"));
    Files.writeString(second.resolve("bench.magpie.yaml"), Bench.nodes(0, 1, 2, 3));
    Files.createSymbolicLink(data.resolve("..data"), Path.of("..first"));
    Files.createSymbolicLink(bench.file, Path.of("..data", "bench.magpie.yaml"));
    follow(
        means,
        () -> {
          Path fresh = Files.createSymbolicLink(data.resolve("..tmp"), Path.of("..second"));
          Files.move(fresh, data.resolve("..data"), StandardCopyOption.ATOMIC_MOVE);
        },
        0,
        1,
        2,
        3);
  }

  @ParameterizedTest
  @EnumSource
  void followsAFileThatIsDeletedAndMadeAnew(Means means) throws Exception {
    use(means);
    try (LocalSource source = bench.open();
        Follower follower = new Follower(source)) {
      follower.sees(List.of(0, 1), () -> Bench.numbers(source));
      Files.delete(bench.file);
      follower.fails(SourceUnavailableException.class, source);
      bench.write(Bench.nodes(0, 1, 2));
      follower.sees(List.of(0, 1, 2), () -> Bench.numbers(source));
    }
  }

  @ParameterizedTest
  @EnumSource
  void followsADirectoryThatIsDeletedAndMadeAnew(Means means) throws Exception {
    use(means);
    try (LocalSource source = bench.open();
        Follower follower = new Follower(source)) {
      follower.sees(List.of(0, 1), () -> Bench.numbers(source));
      Files.delete(bench.file);
      Files.delete(bench.directory);
      follower.fails(SourceUnavailableException.class, source);
      Files.createDirectory(bench.directory);
      bench.write(Bench.nodes(0, 2));
      follower.sees(List.of(0, 2), () -> Bench.numbers(source));
      // The new directory is watched like the old one.
      bench.rename(Bench.nodes(0, 3));
      follower.sees(List.of(0, 3), () -> Bench.numbers(source));
    }
  }

  @ParameterizedTest
  @EnumSource
  void noticesAnotherDirectoryInThePlaceOfTheOld(Means means) throws Exception {
    Path other = Files.createDirectory(top.resolve("other"));
    Files.writeString(other.resolve("bench.magpie.yaml"), Bench.nodes(0, 7));
    use(means);
    try (LocalSource source = bench.open();
        Follower follower = new Follower(source)) {
      follower.sees(List.of(0, 1), () -> Bench.numbers(source));
      Files.move(bench.directory, top.resolve("old"));
      Files.move(other, bench.directory);
      follower.sees(List.of(0, 7), () -> Bench.numbers(source));
      // What is watched now is the new directory, no longer the old one that went away.
      bench.rename(Bench.nodes(0, 8));
      follower.sees(List.of(0, 8), () -> Bench.numbers(source));
    }
  }

  @ParameterizedTest
  @EnumSource
  void healsWhenAHalfWrittenFileIsCompleted(Means means) throws Exception {
    use(means);
    String whole = Bench.nodes(0, 1, 2);
    String half = whole.substring(0, whole.length() - 20);
    try (LocalSource source = bench.open();
        Follower follower = new Follower(source)) {
      follower.sees(List.of(0, 1), () -> Bench.numbers(source));
      bench.write(half);
      follower.fails(MalformedTopologyException.class, source);
      bench.write(whole);
      follower.sees(List.of(0, 1, 2), () -> Bench.numbers(source));
    }
  }

  @ParameterizedTest
  @EnumSource
  void seesTheLastOfTwoHundredEdits(Means means) throws Exception {
    follow(
        means,
        () -> {
          for (int i = 1; i <= 200; i++) {
            if (i % 2 == 0) {
              bench.write(Bench.nodes(0, i));
            } else {
              bench.rename(Bench.nodes(0, i));
            }
          }
        },
        0,
        200);
  }

  @ParameterizedTest
  @EnumSource
  void noticesWhatIsPublishedInADirectoryMadeLater(Means means) throws Exception {
    use(means);
    bench.write(Bench.exchanging("ex", 0, 1));
    try (LocalSource source = bench.open();
        Follower follower = new Follower(source)) {
      follower.sees(Map.of(), () -> Published.of(source, "magpie/1"));
      bench.hostName = "blade-1";
      try (LocalSource other = bench.open()) {
        other.publish(Map.of("port", "5001"));
        follower.sees(Map.of("port", "5001"), () -> Published.of(source, "magpie/1"));
        other.publish(Map.of("port", "5002"));
        follower.sees(Map.of("port", "5002"), () -> Published.of(source, "magpie/1"));
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void watchesTheExchangeDirectoryThatAnEditNames(Means means) throws Exception {
    use(means);
    Path late = Files.createDirectory(top.resolve("late"));
    try (LocalSource source = bench.open();
        Follower follower = new Follower(source)) {
      follower.sees(List.of(0, 1), () -> Bench.numbers(source));
      bench.write(Bench.exchanging("../late", 0, 1, 2));
      follower.sees(List.of(0, 1, 2), () -> Bench.numbers(source));
      Exchange others = new Exchange(late);
      others.publish(PeerId.of("magpie/2"), Map.of("k", "v"));
      follower.sees(Map.of("k", "v"), () -> Published.of(source, "magpie/2"));
    }
  }

  @Test
  @SuppressWarnings("try") // the watch only has to be there
  void looksAgainWhenEventsOverflowed() throws Exception {
    CountDownLatch hold = new CountDownLatch(1);
    Semaphore calls = new Semaphore(0);
    try (LocalSource source = bench.open()) {
      source.read();
      try (PeerSource.Watch watch =
          source.watch(
              () -> {
                calls.release();
                await(hold);
              })) {
        take(calls);
        // More than a key holds, and none of them of a name that matters.
        for (int i = 0; i < 2000; i++) {
          Files.createFile(bench.directory.resolve("noise-" + i));
        }
        hold.countDown();
        take(calls);
      }
    }
  }

  private static void take(Semaphore calls) throws InterruptedException {
    assertTrue(calls.tryAcquire(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS), "no call came");
  }

  private static void await(CountDownLatch latch) {
    try {
      assertTrue(latch.await(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS));
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @ParameterizedTest
  @EnumSource
  @SuppressWarnings("try") // the watch only has to be there
  void goesOnAfterACallThatThrows(Means means) throws Exception {
    use(means);
    Semaphore calls = new Semaphore(0);
    try (LocalSource source = bench.open()) {
      source.read();
      try (PeerSource.Watch watch =
          source.watch(
              () -> {
                calls.release();
                throw new IllegalStateException("from the test");
              })) {
        take(calls);
        for (int i = 2; i < 6; i++) {
          calls.drainPermits();
          bench.rename(Bench.nodes(0, i));
          take(calls);
        }
      }
    }
    assertEquals(
        List.of(
            "SEVERE the listener of a change threw java.lang.IllegalStateException: from the test"),
        logged.stream().filter(line -> line.startsWith("SEVERE")).toList());
  }

  @Test
  void saysOnceThatThereAreNoEvents() throws Exception {
    use(Means.TIMER);
    AtomicInteger calls = new AtomicInteger();
    try (LocalSource source = bench.open()) {
      source.read();
      source.watch(calls::incrementAndGet);
      Await.equal(true, () -> calls.get() > 5);
    }
    assertEquals(
        List.of(
            "WARNING magpie-peers-local-watch bench.magpie.yaml: the system gives no file events,"
                + " so changes are noticed every 10 ms java.io.IOException: User limit of inotify"
                + " instances reached"),
        logged);
  }

  @Test
  void leavesOutWhatLiesBesideTheTopology() {
    Map<Path, Predicate<Path>> spots = new WatchPoints().leadingTo(bench.file).byDirectory();
    assertEquals(Set.of(bench.directory, top), spots.keySet());
    assertTrue(spots.get(bench.directory).test(Path.of("bench.magpie.yaml")));
    assertFalse(spots.get(bench.directory).test(Path.of("app.log")));
    assertTrue(spots.get(top).test(Path.of("bench")));
    assertFalse(spots.get(top).test(Path.of("other")));
  }

  @Test
  void watchesTheLastDirectoryThereIsForWhatIsMissing() {
    Map<Path, Predicate<Path>> spots =
        new WatchPoints().leadingTo(top.resolve("a/b/../c/d.yaml")).byDirectory();
    assertEquals(Set.of(top), spots.keySet());
    assertTrue(spots.get(top).test(Path.of("a")));
  }

  @Test
  void givesUpOnLinksInACircle() throws IOException {
    Path ring = Files.createSymbolicLink(top.resolve("ring"), Path.of("ring"));
    Map<Path, Predicate<Path>> spots = new WatchPoints().leadingTo(ring.resolve("x")).byDirectory();
    assertTrue(spots.get(top).test(Path.of("ring")));
  }

  @Test
  void leavesNoThreadAndNoDescriptorBehind() throws Exception {
    bench.write(Bench.exchanging("ex", 0, 1));
    openAndClose();
    List<String> threads = threads();
    long descriptors = descriptors();
    for (int i = 0; i < 30; i++) {
      openAndClose();
    }
    assertEquals(List.of(), threads, "threads of the first round are gone when close returns");
    Await.equal(true, () -> descriptors() <= descriptors);
    assertEquals(List.of(), threads());
  }

  private void openAndClose() throws Exception {
    LocalSource source = bench.open();
    source.publish(Map.of("at", String.valueOf(System.nanoTime())));
    Follower follower = new Follower(source);
    follower.sees(List.of(0, 1), () -> Bench.numbers(source));
    assertEquals(List.of("magpie-peers-local-watch bench.magpie.yaml"), threads());
    source.close();
    source.close();
    follower.close();
  }

  private static List<String> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> name.startsWith("magpie-peers-local"))
        .toList();
  }

  private static long descriptors() {
    try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
      return open.count();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void callsNobodyAfterClose() throws Exception {
    AtomicInteger calls = new AtomicInteger();
    bench.interval = Duration.ofMillis(10);
    LocalSource source = bench.open();
    source.read();
    PeerSource.Watch watch = source.watch(calls::incrementAndGet);
    Await.equal(true, () -> calls.get() > 3);
    watch.close();
    int then = calls.get();
    // The thread has ended, so nobody is left who could call.
    assertEquals(List.of(), threads());
    assertEquals(then, calls.get());
    source.close();
  }

  @Test
  void canBeClosedFromItsOwnCall() throws Exception {
    Semaphore calls = new Semaphore(0);
    LocalSource source = bench.open();
    source.read();
    source.watch(
        () -> {
          source.close();
          calls.release();
        });
    take(calls);
    Await.equal(List.of(), WatchTest::threads);
  }
}
