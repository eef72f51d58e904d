/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.testkit.FakeJuju;
import magpie.peers.testkit.Hook;
import magpie.peers.testkit.HookContext;
import magpie.peers.testkit.JujuVersion;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Measures what a hook costs, beside an empty program and beside its bare launches, and prints the
 * table of docs/juju.md.
 *
 * <p>Run it by its name, {@code -Dtest=HookCost}; no build does, since times prove nothing on a
 * busy machine. Every program runs in a JVM of its own, in turns, in hooks of a fake Juju; each
 * hook fails in the end, so that the next finds the same.
 */
class HookCost {
  /** What the measured programs print last. */
  private static final String MARK = "cost ";

  @TempDir Path directory;

  /** A program that does nothing. */
  static final class Empty {
    private Empty() {}

    /**
     * Does nothing.
     *
     * @param arguments none
     * @throws IOException if this is no Linux
     */
    public static void main(String[] arguments) throws IOException {
      report();
    }
  }

  /** A program that opens its peers, records who is there, and reads all of them. */
  static final class Whole {
    private Whole() {}

    /**
     * Does it.
     *
     * @param arguments none
     * @throws IOException if this is no Linux
     */
    public static void main(String[] arguments) throws IOException {
      try (PeerView peers = Peers.open()) {
        if (peers.notices().joined().size() != peers.nodes().size()) {
          throw new IllegalStateException("everybody has joined");
        }
      }
      report();
    }
  }

  /** A program that launches the tools of the one above, eight at a time, and does nothing else. */
  static final class Bare {
    private Bare() {}

    /**
     * Does it.
     *
     * @param arguments the number of peers
     * @throws Exception if a tool cannot be started
     */
    public static void main(String[] arguments) throws Exception {
      ExecutorService threads = Executors.newFixedThreadPool(8);
      launch("relation-ids", "--format=json", "magpie");
      launch("relation-list", "--format=json", "-r", "magpie:1");
      launch("state-get", "--format=json", "magpie-peers.magpie");
      launch("state-set", "magpie-peers.magpie=x");
      List<Future<Integer>> running = new ArrayList<>();
      for (int i = 1; i <= Integer.parseInt(arguments[0]); i++) {
        String unit = "magpie/" + i;
        running.add(
            threads.submit(
                () -> launch("relation-get", "--format=json", "-r", "magpie:1", "-", unit)));
      }
      for (Future<Integer> each : running) {
        if (each.get() != 0) {
          throw new IllegalStateException("a tool failed");
        }
      }
      threads.shutdown();
      report();
    }

    private static int launch(String... command) throws IOException, InterruptedException {
      ProcessBuilder builder = new ProcessBuilder(command);
      builder.redirectError(ProcessBuilder.Redirect.DISCARD);
      Process process = builder.start();
      process.getOutputStream().close();
      try (InputStream out = process.getInputStream()) {
        out.readAllBytes();
      }
      return process.waitFor();
    }
  }

  /** Prints peak memory in KiB and CPU time in ticks, its own and that of its tools. */
  private static void report() throws IOException {
    String peak =
        Files.readAllLines(Path.of("/proc/self/status")).stream()
            .filter(line -> line.startsWith("VmHWM:"))
            .findFirst()
            .orElseThrow();
    String[] stat = Files.readString(Path.of("/proc/self/stat")).split(" ", -1);
    System.out.println(
        MARK
            + peak.replaceAll("[^0-9]", "")
            + " "
            + (Long.parseLong(stat[13]) + Long.parseLong(stat[14]))
            + " "
            + (Long.parseLong(stat[15]) + Long.parseLong(stat[16])));
  }

  /** One run of one program. */
  private record Cost(double wall, double peak, double own, double tools, int launches) {}

  /** A program with its name in the table, in a hook with that many peers. */
  private record Candidate(String name, int peers, List<String> command) {}

  @Test
  void measure() throws IOException {
    measure(directory, Integer.getInteger("rounds", 11));
  }

  private static void measure(Path directory, int rounds) throws IOException {
    List<Path> jars = jars(directory);
    Map<Integer, FakeJuju> jujus = new LinkedHashMap<>();
    Map<Candidate, List<Cost>> costs = new LinkedHashMap<>();
    for (int peers : new int[] {10, 300}) {
      jujus.put(peers, juju(directory.resolve("of-" + peers), peers));
    }
    for (boolean archive : new boolean[] {false, true}) {
      for (int peers : new int[] {0, 10, 300}) {
        for (Class<?> main : peers == 0 ? List.of(Empty.class) : List.of(Whole.class, Bare.class)) {
          int within = Math.max(10, peers);
          String name = main.getSimpleName().toLowerCase(Locale.ROOT);
          List<String> command = HookProgram.command(main, jars);
          command.remove("-Xmx64m");
          command.addAll(1, List.of("-Xshare:auto", "-Xlog:disable", "-Xlog:all=error:stderr"));
          if (main == Bare.class) {
            command.add(Integer.toString(within));
          }
          if (archive) {
            Path file = directory.resolve(name + peers + ".jsa");
            List<String> dump = new ArrayList<>(command);
            dump.add(1, "-XX:ArchiveClassesAtExit=" + file);
            run(jujus.get(within), dump);
            command.add(1, "-XX:SharedArchiveFile=" + file);
          }
          costs.put(
              new Candidate(name + (archive ? ", archive" : ""), peers, command),
              new ArrayList<>());
        }
      }
    }
    for (int round = 0; round < rounds; round++) {
      costs.forEach(
          (candidate, all) ->
              all.add(run(jujus.get(Math.max(10, candidate.peers())), candidate.command())));
    }
    jujus.values().forEach(FakeJuju::close);
    print(costs, rounds);
  }

  private static FakeJuju juju(Path directory, int peers) {
    FakeJuju juju = HookScene.juju(directory, JujuVersion.JUJU_3_6).units(peers + 1).build();
    for (int i = 1; i <= peers; i++) {
      juju.unit("magpie/" + i).publish("magpie", "port", "5001", "greeting", "hello from " + i);
    }
    juju.unit("magpie/0").settle();
    return juju;
  }

  private static Cost run(FakeJuju juju, List<String> command) {
    int before = juju.calls().size();
    double[] wall = new double[1];
    String[] said = new String[1];
    juju.unit("magpie/0")
        .inHook(
            Hook.action("measure"),
            (HookContext.Body<RuntimeException>)
                hook -> {
                  long start = System.nanoTime();
                  HookContext.Output output = hook.call(command.toArray(new String[0]));
                  wall[0] = (System.nanoTime() - start) / 1e6;
                  if (output.exitCode() != 0) {
                    throw new IllegalStateException(command + " failed: " + output.stderr());
                  }
                  said[0] = output.stdout();
                  hook.exit(1);
                });
    String[] words = said[0].substring(said[0].lastIndexOf(MARK)).strip().split(" ", -1);
    return new Cost(
        wall[0],
        Double.parseDouble(words[1]) / 1024,
        Double.parseDouble(words[2]) * 10,
        Double.parseDouble(words[3]) * 10,
        juju.calls().size() - before);
  }

  /** Jars of what may be directories here, since only classes in jars can be archived. */
  private static List<Path> jars(Path directory) throws IOException {
    List<Path> jars = new ArrayList<>();
    for (Path place : HookProgram.classPath()) {
      if (!Files.isDirectory(place)) {
        jars.add(place);
        continue;
      }
      Path jar = directory.resolve(jars.size() + ".jar");
      try (OutputStream out = Files.newOutputStream(jar);
          JarOutputStream entries = new JarOutputStream(out);
          Stream<Path> all = Files.walk(place)) {
        for (Path file : all.filter(Files::isRegularFile).toList()) {
          entries.putNextEntry(new JarEntry(place.relativize(file).toString()));
          Files.copy(file, entries);
          entries.closeEntry();
        }
      }
      jars.add(jar);
    }
    return jars;
  }

  private static void print(Map<Candidate, List<Cost>> costs, int rounds) {
    System.out.println(
        "JDK "
            + Runtime.version()
            + ", "
            + Runtime.getRuntime().availableProcessors()
            + " processors, medians of "
            + rounds
            + " rounds\n\n"
            + "| program | peers | wall ms | x empty | CPU ms, JVM + tools | peak MiB | launches |\n"
            + "|---|---|---|---|---|---|---|");
    Map<Boolean, Double> empty = new LinkedHashMap<>();
    costs.forEach(
        (candidate, all) -> {
          double wall = median(all.stream().map(Cost::wall).toList());
          empty.putIfAbsent(candidate.name().contains("archive"), wall);
          System.out.printf(
              Locale.ROOT,
              "| %s | %s | %.0f | %.1f | %.0f + %.0f | %.0f | %d |%n",
              candidate.name(),
              candidate.peers() == 0 ? "-" : candidate.peers(),
              wall,
              wall / empty.get(candidate.name().contains("archive")),
              median(all.stream().map(Cost::own).toList()),
              median(all.stream().map(Cost::tools).toList()),
              median(all.stream().map(Cost::peak).toList()),
              all.get(0).launches());
        });
  }

  private static double median(List<Double> values) {
    return values.stream().sorted().skip(values.size() / 2).findFirst().orElseThrow();
  }
}
