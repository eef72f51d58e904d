/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import magpie.peers.Environment;
import magpie.peers.Notice;
import magpie.peers.PeerId;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.PeersOptions;
import magpie.peers.testkit.juju.FakeJuju;
import magpie.peers.testkit.juju.FakeUnit;
import magpie.peers.testkit.juju.Hook;
import magpie.peers.testkit.juju.HookContext;
import magpie.peers.testkit.juju.HookRun;
import magpie.peers.testkit.juju.JujuVersion;

/**
 * How the tests of this package look at peers: inside hooks of a fake Juju, of which only the hook
 * tools are real processes.
 */
final class HookScene {
  static final Clock CLOCK = Clock.fixed(Instant.parse("2026-11-22T12:00:00Z"), ZoneOffset.UTC);

  private HookScene() {}

  /** What a program in this hook is given. */
  static Environment environment(HookContext hook) {
    return new Environment(hook.environment(), Map.of(), hook.directory(), CLOCK);
  }

  /** The same with some variables set, or removed where the value is empty. */
  static Environment environment(HookContext hook, Map<String, String> changed) {
    Map<String, String> variables = new HashMap<>(hook.environment());
    variables.putAll(changed);
    variables.values().removeIf(String::isEmpty);
    return environment(hook).withVariables(variables);
  }

  /** Opens the peers as a charm does: with no options at all. */
  static PeerView open(HookContext hook) {
    return open(environment(hook));
  }

  static PeerView open(Environment environment) {
    return Peers.open(PeersOptions.builder().environment(environment).build());
  }

  /** Opens the peers of the endpoint {@code magpie}, which no metadata of the charm tells. */
  static PeerView openMagpie(HookContext hook) {
    return Peers.open(
        PeersOptions.builder().environment(environment(hook)).peerSet("magpie").build());
  }

  /** Begins to describe the application {@code magpie} with its one peer relation. */
  static FakeJuju.Builder juju(Path directory, JujuVersion version) {
    return FakeJuju.create(directory.resolve("juju"), version)
        .peerRelation("magpie")
        .charm(charm(directory, "peers:", "  magpie:", "    interface: magpie"));
  }

  /** Makes an application of that many units, each of which knows all others. */
  static FakeJuju settled(Path directory, int units) {
    FakeJuju juju = juju(directory, JujuVersion.JUJU_3_6).units(units).build();
    juju.settle();
    return juju;
  }

  /** Makes a charm directory with that {@code metadata.yaml}. */
  static Path charm(Path directory, String... metadata) {
    try {
      Path charm = Files.createDirectories(directory.resolve("charm"));
      Files.write(charm.resolve("metadata.yaml"), List.of(metadata));
      return charm;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Runs a hook that looks at its peers, and returns what it saw. */
  static <T> T look(FakeUnit unit, Hook hook, Function<PeerView, T> look) {
    AtomicReference<T> seen = new AtomicReference<>();
    run(unit, hook, view -> seen.set(look.apply(view)));
    return seen.get();
  }

  static <T> T look(FakeUnit unit, Function<PeerView, T> look) {
    return look(unit, Hook.named("update-status"), look);
  }

  /** What is done with the view of a hook. */
  interface Work<E extends Exception> {
    void with(PeerView view) throws E;
  }

  /** Runs a hook with a view. */
  static <E extends Exception> HookRun run(FakeUnit unit, Hook hook, Work<E> work) throws E {
    return unit.inHook(
        hook,
        (HookContext.Body<E>)
            context -> {
              try (PeerView view = openMagpie(context)) {
                work.with(view);
              }
            });
  }

  static <E extends Exception> HookRun run(FakeUnit unit, Work<E> work) throws E {
    return run(unit, Hook.named("update-status"), work);
  }

  /** Publishes one setting in a hook of its own, and returns whether anything was written. */
  static boolean publish(FakeUnit unit, String key, String value) {
    return look(unit, view -> view.publish(key, value));
  }

  static PeerId unit(int number) {
    return PeerId.of("magpie/" + number);
  }

  static List<String> texts(List<Notice> notices) {
    return notices.stream().map(notice -> notice.id().value()).toList();
  }

  /**
   * The calls of a hook as one would type them; that for the state, which begins while the relation
   * is being found, stands behind that for the relation.
   */
  static List<String> calls(HookRun run) {
    List<String> calls = new ArrayList<>();
    run.calls().forEach(call -> calls.add(call.toString()));
    List<String> state = calls.stream().filter(call -> call.startsWith("state-get ")).toList();
    List<String> ids = calls.stream().filter(call -> call.startsWith("relation-ids ")).toList();
    if (!ids.isEmpty()) {
      calls.removeAll(state);
      calls.addAll(calls.indexOf(ids.get(0)) + 1, state);
    }
    return calls;
  }
}
