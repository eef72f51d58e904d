/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it.benchmarks;

import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import magpie.peers.PeerEvent;
import magpie.peers.PeerView;
import magpie.peers.Peers;

/**
 * How long after a topology was saved a listener has been called, beside a bare watch of the
 * system.
 *
 * <p>Each way has a directory of its own and gets a file renamed into its place in turns; the clock
 * starts before the renaming.
 */
final class Reloading implements Benchmarks.Section {
  private static final int WARM_UP = 200;

  /** Who waits for a file to be saved. */
  private static final class Waiter {
    private final Path file;
    private final SynchronousQueue<Long> called = new SynchronousQueue<>();
    private final List<Double> micros = new ArrayList<>();

    Waiter(Path directory, int nodes) throws IOException {
      this.file = Files.createDirectory(directory).resolve("bench.magpie.yaml");
      Crowd.topology(file, nodes);
    }

    /** Notes the time, for whoever saved the file. */
    void call() {
      long at = System.nanoTime();
      try {
        called.offer(at, 1, TimeUnit.MINUTES);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    /** Saves the file as careful editors do. */
    void save(int nodes, boolean counts) throws IOException, InterruptedException {
      Path fresh = Crowd.topology(file.resolveSibling("../fresh"), nodes);
      long start = System.nanoTime();
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
      Long end = called.poll(1, TimeUnit.MINUTES);
      if (end == null) {
        throw new IllegalStateException("nobody noticed that " + file + " was saved");
      }
      if (counts) {
        micros.add((end - start) / 1e3);
      }
    }

    double median() {
      return Benchmarks.median(micros);
    }

    double slow() {
      return Benchmarks.quantile(micros, 0.9);
    }
  }

  @Override
  public void run(Pattern which, int rounds) throws IOException, InterruptedException {
    if (!Benchmarks.chosen(which, this)) {
      return;
    }
    int saves = rounds == 0 ? 500 : rounds;
    Benchmarks.table(
        "From saving a topology to the call of a listener, in microseconds (" + saves + " saves)",
        "nodes",
        "bare watch, median",
        "90 %",
        "watch and bare parser, median",
        "90 %",
        "listener, median",
        "90 %",
        "x watch",
        "x watch and parser");
    for (int nodes : new int[] {10, 100, 1_000}) {
      Path directory = Files.createTempDirectory("magpie-reload");
      try {
        measure(directory, nodes, saves);
      } finally {
        try (Stream<Path> all = Files.walk(directory)) {
          for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
            Files.delete(each);
          }
        }
      }
    }
  }

  private static void measure(Path directory, int nodes, int saves)
      throws IOException, InterruptedException {
    Waiter watch = new Waiter(directory.resolve("watch"), nodes);
    Waiter parser = new Waiter(directory.resolve("parser"), nodes);
    Waiter listener = new Waiter(directory.resolve("listener"), nodes);
    try (WatchService one = FileSystems.getDefault().newWatchService();
        WatchService other = FileSystems.getDefault().newWatchService();
        PeerView view = Peers.open(Crowd.observing(listener.file))) {
      watch(one, watch.file, watch::call);
      watch(
          other,
          parser.file,
          () -> {
            Loading.events(parser.file).forEachRemaining(event -> {});
            parser.call();
          });
      view.listen(
          event -> {
            if (event.kind() != PeerEvent.Kind.STARTED) {
              listener.call();
            }
          });
      for (int i = 1; i <= WARM_UP + saves; i++) {
        for (Waiter waiter : List.of(watch, parser, listener)) {
          waiter.save(nodes + i % 2, i > WARM_UP);
        }
      }
    }
    Benchmarks.row(
        nodes,
        watch.median(),
        watch.slow(),
        parser.median(),
        parser.slow(),
        listener.median(),
        listener.slow(),
        listener.median() / watch.median(),
        listener.median() / parser.median());
  }

  /** Watches a file with nothing but the JDK, until the service is closed. */
  private static void watch(WatchService service, Path file, Runnable saved) throws IOException {
    file.getParent()
        .register(
            service,
            StandardWatchEventKinds.ENTRY_CREATE,
            StandardWatchEventKinds.ENTRY_MODIFY,
            StandardWatchEventKinds.ENTRY_DELETE);
    Thread thread =
        new Thread(
            () -> {
              try {
                while (true) {
                  WatchKey key = service.take();
                  boolean due =
                      key.pollEvents().stream()
                          .anyMatch(event -> file.getFileName().equals(event.context()));
                  key.reset();
                  if (due) {
                    saved.run();
                  }
                }
              } catch (InterruptedException | ClosedWatchServiceException e) {
                // The end.
              }
            });
    thread.setDaemon(true);
    thread.start();
  }
}
