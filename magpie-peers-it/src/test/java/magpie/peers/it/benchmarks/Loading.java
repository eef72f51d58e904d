/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it.benchmarks;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ref.Reference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.regex.Pattern;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.spi.PeerBackend;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.events.ScalarEvent;

/** Loading a topology of 100,000 nodes, beside the bare parser of events on the same file. */
final class Loading implements Benchmarks.Section {
  private static final int NODES = 100_000;
  private static final int LOADS = 6;
  private static final int STEP = 5;

  /** The ways to load it. */
  enum Way {
    /** Counts the events of the parser, and keeps nothing. */
    EVENTS,
    /** Makes plain records of texts out of the events, and checks nothing. */
    RECORDS,
    /** What the local backend does: reads, checks everything, makes nodes. */
    SOURCE,
    /** What a program does: opens a view and asks for the snapshot. */
    VIEW
  }

  private record Node(
      String id, String hostname, List<?> addresses, Map<?, ?> labels, Map<?, ?> settings) {}

  @Override
  public void run(Pattern which, int rounds) throws IOException, InterruptedException {
    if (!Benchmarks.chosen(which, this)) {
      return;
    }
    Path file = Files.createTempFile("magpie", ".magpie.yaml");
    try {
      Crowd.topology(file, NODES);
      measure(file, rounds == 0 ? 5 : rounds);
    } finally {
      Files.delete(file);
    }
  }

  private static void measure(Path file, int rounds) throws IOException, InterruptedException {
    Map<Way, List<double[]>> all = new LinkedHashMap<>();
    for (int round = 0; round < rounds; round++) {
      for (Way way : Way.values()) {
        all.computeIfAbsent(way, w -> new ArrayList<>())
            .add(Fork.run(Program.class, List.of(), way.name(), file.toString()).orElseThrow());
      }
    }
    Benchmarks.table(
        String.format(
            Locale.ROOT,
            "A topology of %,d nodes, %.1f MB (medians of %d rounds)",
            NODES,
            Files.size(file) / 1e6,
            rounds),
        "way",
        "first load, wall ms",
        "first load, CPU ms",
        "warm, wall ms",
        "warm, CPU ms",
        "x events",
        "x records",
        "kept MB",
        "smallest -Xmx");
    double events = median(all.get(Way.EVENTS), 3);
    double records = median(all.get(Way.RECORDS), 3);
    for (Map.Entry<Way, List<double[]>> each : all.entrySet()) {
      List<double[]> runs = each.getValue();
      double warm = median(runs, 3);
      Benchmarks.row(
          each.getKey().name().toLowerCase(Locale.ROOT),
          median(runs, 0),
          median(runs, 1),
          median(runs, 2),
          warm,
          warm / events,
          warm / records,
          median(runs, 4) / 1e6,
          smallest(each.getKey(), file) + "m");
    }
  }

  private static double median(List<double[]> runs, int column) {
    return Benchmarks.median(runs.stream().map(run -> run[column]).toList());
  }

  /** The smallest heap in which it works, with the collector that needs least room. */
  private static int smallest(Way way, Path file) throws IOException, InterruptedException {
    int fails = 0;
    int works = 400;
    while (works - fails > STEP) {
      int heap = (fails + works) / 2 / STEP * STEP;
      Optional<double[]> run =
          Fork.run(
              Program.class,
              List.of("-Xmx" + heap + "m", "-XX:+UseSerialGC"),
              way.name(),
              file.toString(),
              "once");
      if (run.isPresent()) {
        works = heap;
      } else {
        fails = heap;
      }
    }
    return works;
  }

  /** The events of the bare parser, with its own settings but for the size. */
  static Iterator<Event> events(Path file) {
    try {
      byte[] bytes = Files.readAllBytes(file);
      LoadSettings settings = LoadSettings.builder().setCodePointLimit(bytes.length).build();
      return new Parse(settings).parseInputStream(new ByteArrayInputStream(bytes)).iterator();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Loads the file in one way. */
  static final class Program {
    private Program() {}

    /**
     * Loads it several times, or once.
     *
     * @param arguments the way, the file, and anything more for once
     */
    public static void main(String[] arguments) {
      Way way = Way.valueOf(arguments[0]);
      Path file = Path.of(arguments[1]);
      long before = Fork.used();
      List<Double> wall = new ArrayList<>();
      List<Double> cpu = new ArrayList<>();
      Object kept = null;
      for (int i = 0; i < (arguments.length > 2 ? 1 : LOADS); i++) {
        // Only one at a time is to be in memory.
        kept = null;
        double start = System.nanoTime() / 1e6;
        double cpuStart = Fork.cpuMillis();
        kept = load(way, file);
        wall.add(System.nanoTime() / 1e6 - start);
        cpu.add(Fork.cpuMillis() - cpuStart);
      }
      double keeps = Fork.used() - before;
      Reference.reachabilityFence(kept);
      Fork.report(wall.get(0), cpu.get(0), warm(wall), warm(cpu), keeps);
    }

    /** The last loads, of which the best is least disturbed by compilers and neighbours. */
    private static double warm(List<Double> loads) {
      return loads.subList(loads.size() / 2, loads.size()).stream()
          .min(Double::compare)
          .orElseThrow();
    }

    private static Object load(Way way, Path file) {
      return switch (way) {
        case EVENTS -> {
          int count = 0;
          for (Iterator<Event> events = events(file); events.hasNext(); events.next()) {
            count++;
          }
          yield count;
        }
        case RECORDS -> records(events(file));
        case SOURCE -> {
          PeerBackend local =
              ServiceLoader.load(PeerBackend.class).stream()
                  .map(ServiceLoader.Provider::get)
                  .filter(backend -> backend.name().equals("local"))
                  .findFirst()
                  .orElseThrow();
          var source = local.open(Crowd.observing(file));
          expect(source.read().ids().size());
          yield source;
        }
        case VIEW -> {
          PeerView view = Peers.open(Crowd.observing(file));
          expect(view.snapshot().nodes().size());
          yield view;
        }
      };
    }

    private static void expect(int count) {
      if (count != NODES) {
        throw new IllegalStateException("expected " + NODES + " nodes, found " + count);
      }
    }

    private static List<Node> records(Iterator<Event> events) {
      List<Node> nodes = new ArrayList<>();
      Event event = events.next();
      while (event.getEventId() != Event.ID.MappingStart) {
        event = events.next();
      }
      for (event = events.next(); event instanceof ScalarEvent key; event = events.next()) {
        if (!key.getValue().equals("nodes")) {
          value(events, events.next());
          continue;
        }
        events.next();
        for (event = events.next(); event instanceof ScalarEvent id; event = events.next()) {
          Map<?, ?> node = (Map<?, ?>) value(events, events.next());
          nodes.add(
              new Node(
                  id.getValue(),
                  (String) node.get("hostname"),
                  (List<?>) node.get("addresses"),
                  (Map<?, ?>) node.get("labels"),
                  (Map<?, ?>) node.get("settings")));
        }
      }
      expect(nodes.size());
      return nodes;
    }

    private static Object value(Iterator<Event> events, Event first) {
      if (first instanceof ScalarEvent scalar) {
        return scalar.getValue();
      }
      if (first.getEventId() == Event.ID.SequenceStart) {
        List<Object> list = new ArrayList<>();
        for (Event e = events.next(); e.getEventId() != Event.ID.SequenceEnd; e = events.next()) {
          list.add(value(events, e));
        }
        return List.copyOf(list);
      }
      Map<String, Object> map = new HashMap<>();
      for (Event e = events.next(); e instanceof ScalarEvent key; e = events.next()) {
        map.put(key.getValue(), value(events, events.next()));
      }
      return Map.copyOf(map);
    }
  }
}
