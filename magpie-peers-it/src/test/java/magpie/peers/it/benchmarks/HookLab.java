/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it.benchmarks;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import magpie.peers.testkit.juju.FakeJuju;
import magpie.peers.testkit.juju.Hook;
import magpie.peers.testkit.juju.HookContext;
import magpie.peers.testkit.juju.JujuVersion;
import magpie.peers.testkit.juju.ToolCall;

/**
 * A unit of a fake Juju in whose hooks programs are run in turns; each hook fails in the end, so
 * that the next finds the same.
 */
final class HookLab implements AutoCloseable {
  /** How {@code dispatch} of the example charm starts a JVM. */
  static final List<String> OPTIONS =
      List.of(
          "-XX:TieredStopAtLevel=1",
          "-XX:CompileThresholdScaling=3",
          "-XX:+UseG1GC",
          "-XX:-UsePerfData",
          "-Xlog:disable");

  private static final String CPU = "CPU ";

  private final Path directory;
  private final FakeJuju juju;
  private final String classPath;
  private final Map<String, List<String>> commands = new LinkedHashMap<>();
  private final Map<String, List<Double>> wall = new LinkedHashMap<>();
  private final Map<String, List<Double>> cpu = new LinkedHashMap<>();
  private int archives;

  HookLab(Path directory, int peers) throws IOException {
    this.directory = Files.createDirectories(directory);
    this.classPath = jars();
    Path charm = Files.createDirectories(directory.resolve("charm"));
    Files.writeString(charm.resolve("metadata.yaml"), "peers:\n  magpie:\n    interface: magpie\n");
    juju =
        FakeJuju.create(directory.resolve("juju"), JujuVersion.JUJU_3_6)
            .peerRelation("magpie")
            .charm(charm)
            .units(peers + 1)
            .build();
    for (int i = 1; i <= peers; i++) {
      juju.unit("magpie/" + i).publish("magpie", "port", "5001", "greeting", "hello from " + i);
    }
    juju.unit("magpie/0").settle();
  }

  /** Jars alone, of what a charm has, since only classes in jars can be archived. */
  private String jars() throws IOException {
    List<String> jars = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
      Path place = Path.of(entry);
      String name = place.toAbsolutePath().normalize().toString();
      if (Files.isDirectory(place) && name.endsWith("test-classes")) {
        Path jar = directory.resolve("programs.jar");
        try (OutputStream out = Files.newOutputStream(jar);
            JarOutputStream entries = new JarOutputStream(out);
            Stream<Path> all = Files.walk(place)) {
          for (Path file : all.filter(f -> f.toString().contains("HookPrograms")).toList()) {
            entries.putNextEntry(new JarEntry(place.relativize(file).toString()));
            Files.copy(file, entries);
            entries.closeEntry();
          }
        }
        jars.add(jar.toString());
      } else if (name.matches(
          ".*(magpie-peers-(api|juju|example-charm)|charm/target/charm|jackson-core|jakarta.inject"
              + "|jspecify).*")) {
        jars.add(name);
      }
    }
    return String.join(File.pathSeparator, jars);
  }

  /**
   * Adds a program as a JVM with the options of dispatch, from an archive of its classes or not.
   */
  void add(String name, boolean archive, List<String> before, Class<?> main, String... arguments)
      throws IOException, InterruptedException {
    add(name, Hook.action("measure"), archive, before, main, arguments);
  }

  /** The same, with the archive of the classes that are loaded in this hook. */
  void add(
      String name,
      Hook in,
      boolean archive,
      List<String> before,
      Class<?> main,
      String... arguments)
      throws IOException, InterruptedException {
    List<String> program = new ArrayList<>(List.of("-cp", classPath, main.getName()));
    program.addAll(List.of(arguments));
    List<String> java = new ArrayList<>(before);
    java.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    java.addAll(OPTIONS);
    if (archive) {
      Path list = directory.resolve("classes" + archives);
      Path file = directory.resolve("archive" + archives++ + ".jsa");
      // A relation hook that fails would put the unit in error; an action leaves nothing behind.
      int exitCode = in.kind() == Hook.Kind.ACTION ? 1 : 0;
      run(joined(java, List.of("-XX:DumpLoadedClassList=" + list), program), in, exitCode);
      List<String> dump = new ArrayList<>(java);
      if (Runtime.version().feature() >= 24) {
        dump.add("-XX:+AOTClassLinking");
      }
      dump.addAll(
          List.of(
              "-Xshare:dump",
              "-XX:SharedClassListFile=" + list,
              "-XX:SharedArchiveFile=" + file,
              "-cp",
              classPath));
      int code =
          new ProcessBuilder(dump)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor();
      if (code != 0 || !Files.exists(file)) {
        throw new IllegalStateException("no archive from " + dump);
      }
      java.add("-XX:SharedArchiveFile=" + file);
    }
    add(name, joined(java, program));
  }

  @SafeVarargs
  private static List<String> joined(List<String>... parts) {
    List<String> all = new ArrayList<>();
    for (List<String> part : parts) {
      all.addAll(part);
    }
    return all;
  }

  /** Adds any command. */
  void add(String name, List<String> command) {
    commands.put(name, command);
    wall.put(name, new ArrayList<>());
    cpu.put(name, new ArrayList<>());
  }

  /** Runs all of them in turns, in hooks that fail in the end. */
  void measure(int rounds) {
    for (int round = 0; round < rounds; round++) {
      measure(Hook.action("measure"), 1);
    }
  }

  /** Runs each of them in a hook that ends like this. */
  void measure(Hook hook, int exitCode) {
    commands.forEach(
        (name, command) -> {
          double[] cost = run(command, hook, exitCode);
          wall.get(name).add(cost[0]);
          cpu.get(name).add(cost[1]);
        });
  }

  /** Adds a program that launches the tools of the last hook, and nothing else. */
  void addReplay(String name) throws IOException, InterruptedException {
    List<ToolCall> calls = juju.calls();
    String last = calls.get(calls.size() - 1).contextId();
    List<String> lines = new ArrayList<>();
    for (ToolCall call : calls) {
      if (call.contextId().equals(last)) {
        List<String> words = new ArrayList<>(List.of(call.stdin().orElse(""), call.tool()));
        words.addAll(call.arguments());
        lines.add(String.join(HookPrograms.Replay.BETWEEN, words));
      }
    }
    Path file = Files.write(directory.resolve("calls"), lines);
    add(name, true, List.of(), HookPrograms.Replay.class, file.toString());
  }

  /** How many tools were called so far. */
  int calls() {
    return juju.calls().size();
  }

  /** Forgets what was measured so far. */
  void forget() {
    wall.values().forEach(List::clear);
    cpu.values().forEach(List::clear);
  }

  /** The charm directory of the unit. */
  Path charm() {
    return directory.resolve("charm");
  }

  /** The median of the milliseconds from start to end. */
  double wall(String name) {
    return Benchmarks.median(wall.get(name));
  }

  /** The median of the milliseconds of CPU time, of the program and its tools. */
  double cpu(String name) {
    return Benchmarks.median(cpu.get(name));
  }

  /** Runs a command in a hook; returns milliseconds from start to end, and of CPU time. */
  private double[] run(List<String> command, Hook in, int exitCode) {
    List<String> timed =
        new ArrayList<>(
            List.of("/bin/bash", "-c", "TIMEFORMAT='" + CPU + "%3U %3S'; time \"$@\"", "bash"));
    timed.addAll(command);
    double[] cost = new double[2];
    juju.unit("magpie/0")
        .inHook(
            in,
            (HookContext.Body<RuntimeException>)
                hook -> {
                  long start = System.nanoTime();
                  HookContext.Output output = hook.call(timed.toArray(new String[0]));
                  cost[0] = (System.nanoTime() - start) / 1e6;
                  String said = output.stderr();
                  int at = said.lastIndexOf(CPU);
                  if (output.exitCode() != 0 || at < 0) {
                    throw new IllegalStateException(command + " failed: " + said);
                  }
                  String[] words = said.substring(at + CPU.length()).strip().split(" ", -1);
                  cost[1] = 1000 * (Double.parseDouble(words[0]) + Double.parseDouble(words[1]));
                  hook.exit(exitCode);
                });
    return cost;
  }

  @Override
  public void close() {
    juju.close();
  }
}
