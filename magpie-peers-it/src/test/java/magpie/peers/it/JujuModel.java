/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it;

import static java.nio.file.StandardCopyOption.COPY_ATTRIBUTES;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import magpie.peers.testkit.juju.FakeJuju;
import magpie.peers.testkit.juju.FakeUnit;
import magpie.peers.testkit.juju.Hook;
import magpie.peers.testkit.juju.HookContext;
import magpie.peers.testkit.juju.HookRun;
import magpie.peers.testkit.juju.JujuVersion;

/**
 * A Juju model of one application whose units are nodes: their hooks run in their containers.
 *
 * <p>The fake's directory is mounted into every node. So the hook tools are there, and the FIFOs
 * through which they speak to the agents, which are in this process. That takes an engine on this
 * machine and kernel.
 */
final class JujuModel {
  private static final String ENDPOINT = "magpie";
  private static final Path CHARM = Path.of(System.getProperty("magpie.it.charm"));
  private static final Path PYTHON_CHARM = Path.of("src", "test", "python-charm");
  private static final int ATTEMPTS = 3;

  private final Containers containers;
  private final NodeNetwork oam;
  private final NodeNetwork storage;
  private final Path directory;
  private final FakeJuju juju;
  private final Map<Integer, Node> nodes = new TreeMap<>();

  private JujuModel(Containers containers, int units) {
    this.containers = containers;
    this.oam = containers.network("oam");
    this.storage = containers.network("storage");
    this.directory = makeDirectory();
    containers.atEnd(() -> delete(directory));
    this.juju =
        FakeJuju.create(directory, JujuVersion.JUJU_3_6)
            .application("magpie")
            .peerRelation(ENDPOINT)
            .space(oam.name(), oam.v4(), oam.v6())
            .space(storage.name(), storage.v4(), storage.v6())
            .bind(ENDPOINT, oam.name())
            // Where public images have their Java.
            .path(
                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/java/openjdk/bin")
            .newUnits(units)
            .build();
    containers.atEnd(juju::close);
  }

  /** Makes a model of units {@code magpie/0} and so on, whose nodes are up and no hook has run. */
  static JujuModel of(Containers containers, int units) {
    JujuModel model = new JujuModel(containers, units);
    model.juju.units().forEach(model::nodeOf);
    containers.start(model.nodes());
    return model;
  }

  private Node nodeOf(FakeUnit unit) {
    deploy(CHARM, unit);
    String name = unit.name();
    Node node =
        containers
            .node(name, List.of(oam, storage))
            .with(PackagedJars.forJuju())
            .mount(directory.toString(), directory.toString())
            .running("serve");
    nodes.put(node.number(), node);
    return node;
  }

  NodeNetwork oam() {
    return oam;
  }

  NodeNetwork storage() {
    return storage;
  }

  FakeJuju juju() {
    return juju;
  }

  Node node(int number) {
    return nodes.get(number);
  }

  List<Node> nodes() {
    return List.copyOf(nodes.values());
  }

  List<Node> peersOf(Node node) {
    return nodes().stream().filter(other -> other != node).toList();
  }

  FakeUnit unit(Node node) {
    return juju.unit(node.name());
  }

  /** Puts a charm where the unit's agent would: each unit has a copy, which it may write to. */
  private static void deploy(Path charm, FakeUnit unit) {
    try {
      Files.createDirectories(unit.charmDirectory().getParent());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    copy(charm, unit.charmDirectory());
    if (!unit.charmDirectory().resolve("dispatch").toFile().setExecutable(true)) {
      throw new IllegalStateException("expected a charm with dispatch in " + charm);
    }
  }

  /** Adds a unit with a node of its own, no hook of which has run. */
  Node add() {
    Node added = nodeOf(juju.addUnit());
    containers.start(List.of(added));
    return added;
  }

  /** Adds a unit of the same name again, on the node that is still there. */
  void addAgain(Node node) {
    juju.addUnit(node.name());
  }

  /**
   * Lets every unit's agent run the hooks that are due until none is. Agents do not wait for each
   * other; each runs one hook after the other, in Juju's order, and a failed one again.
   */
  List<HookRun> play() {
    List<HookRun> played = new ArrayList<>();
    List<HookRun> round;
    do {
      round = Containers.atOnce(nodes(), this::runDue).stream().flatMap(Optional::stream).toList();
      played.addAll(round);
    } while (!round.isEmpty());
    return played;
  }

  private Optional<HookRun> runDue(Node node) {
    Optional<HookRun> run = unit(node).runDueInside(hook -> dispatch(node, hook));
    run.filter(ended -> !ended.committed() && ended.attempt() >= ATTEMPTS)
        .ifPresent(
            ended -> {
              throw new AssertionError("expected it to succeed at last: " + ended);
            });
    return run;
  }

  private static void dispatch(Node node, HookContext hook) {
    // An agent goes down with its node, and runs the hook again when both are back.
    node.awaitUp();
    run(node, hook, hook.directory().resolve("dispatch").toString());
  }

  private static Shell.Result run(Node node, HookContext hook, String... command) {
    Shell.Result result = node.execute(hook.environment(), hook.directory().toString(), command);
    hook.exit(result.exitCode());
    return result;
  }

  /** Gives a unit a charm with the original Python interface instead. */
  void pythonUnit(Node node) {
    delete(unit(node).charmDirectory());
    deploy(PYTHON_CHARM, unit(node));
  }

  /** Returns what a unit with the original Python interface reads of its peers. */
  List<String> hearAsPython(Node node) {
    return exec(node, unit(node).charmDirectory().resolve("dispatch").toString(), "hear");
  }

  /** Waits until no injected fault is left to strike. */
  void awaitFault() {
    long deadline = System.nanoTime() + Node.DEADLINE.toNanos();
    while (juju.pendingFaults() > 0) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("expected the fault to strike within " + Node.DEADLINE);
      }
      LockSupport.parkNanos(10_000_000);
    }
  }

  /** Runs the peer program as {@code juju exec} does, and returns what it said. */
  List<String> ask(Node node, String... arguments) {
    return exec(node, node.program(arguments));
  }

  /** Runs another program of the same jars in the same way. */
  List<String> ask(Node node, Class<?> main, Stream<String> arguments) {
    return exec(node, node.program(main, arguments));
  }

  /** Runs a command as {@code juju exec} does, and returns what it printed. */
  private List<String> exec(Node node, String... command) {
    List<String> lines = new ArrayList<>();
    HookRun run =
        unit(node)
            .inHook(
                Hook.exec(), hook -> run(node, hook, command).stdout().lines().forEach(lines::add));
    if (run.exitCode() != 0) {
      throw new IllegalStateException(run + "\n" + node.log());
    }
    return lines;
  }

  // ---- the directory the fake shares with the nodes ----

  private static Path makeDirectory() {
    try {
      return Files.createTempDirectory(Path.of("target").toAbsolutePath(), "juju");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void copy(Path from, Path to) {
    walk(
        from,
        Comparator.naturalOrder(),
        path -> Files.copy(path, to.resolve(from.relativize(path)), COPY_ATTRIBUTES));
  }

  private static void delete(Path directory) {
    walk(directory, Comparator.reverseOrder(), Files::delete);
  }

  private interface Step {
    void take(Path path) throws IOException;
  }

  private static void walk(Path directory, Comparator<Path> order, Step step) {
    try (Stream<Path> paths = Files.walk(directory)) {
      for (Path path : paths.sorted(order).toList()) {
        step.take(path);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
