/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import magpie.peers.Changes;
import magpie.peers.Environment;
import magpie.peers.PeerEvent;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.PeersOptions;
import magpie.peers.testkit.juju.FakeJuju;
import magpie.peers.testkit.juju.FakeUnit;
import magpie.peers.testkit.juju.HookContext;
import magpie.peers.testkit.juju.JujuVersion;
import magpie.peers.topology.Recording;
import magpie.peers.topology.TopologyReader;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Recording in hooks, with the hook tools of a fake Juju, and replaying on a bench. */
class JujuRecordingTest {
  private static final String UNIT = "magpie/0";

  @TempDir Path directory;

  private static PeerView inHook(HookContext hook) {
    Environment environment =
        new Environment(hook.environment(), Map.of(), hook.directory(), Clock.systemUTC());
    return Peers.open(
        PeersOptions.builder().environment(environment).backend("juju").peerSet("magpie").build());
  }

  private FakeJuju juju(JujuVersion version, int units) {
    return FakeJuju.create(directory.resolve("juju"), version)
        .application("magpie")
        .peerRelation("magpie")
        .space("alpha", "10.0.0.0/16")
        .units(units)
        .build();
  }

  /** Runs every hook that is due for a unit. */
  private static void hooks(FakeUnit unit, HookContext.Body<RuntimeException> body) {
    while (unit.runDueInside(body).isPresent()) {
      // The next one.
    }
  }

  @Test
  @Tag("thorough")
  void replaysWhatAHookWithAThousandUnitsSaw() {
    replaysWhatAHookSaw(1000);
  }

  @ParameterizedTest
  @ValueSource(ints = {3, 30})
  void replaysWhatAHookSaw(int units) {
    List<PeerNode> live = new ArrayList<>();
    Path file = directory.resolve("recorded.magpie.yaml");
    try (FakeJuju juju = juju(JujuVersion.JUJU_3_6, units)) {
      for (FakeUnit unit : juju.units()) {
        dress(unit);
      }
      hooks(juju.unit(UNIT), hook -> {});
      juju.unit(UNIT)
          .inHook(
              "update-status",
              "",
              hook -> {
                try (PeerView view = inHook(hook)) {
                  Recording recording = Recording.of(view);
                  assertEquals(List.of(), recording.omitted());
                  assertTrue(recording.write(file));
                  live.addAll(view.nodes());
                }
              });
    }
    assertEquals(units - 1, live.size());
    assertEquals(List.of(), TopologyReader.read(file, "recorded.magpie.yaml").problems());
    try (PeerView replay = Views.as(file, UNIT)) {
      assertEquals(RecordingTest.shapes(live), RecordingTest.shapes(replay.nodes()));
      String text = Recording.of(replay).text();
      assertEquals(List.of(), Views.check(directory, text));
      assertTrue(text.contains("\"net-10.0.0.0-16\""), "the network that prefixes tell");
    }
    try (PeerView other = Views.as(file, "magpie/1")) {
      assertEquals(UNIT, other.nodes().get(0).id().value());
      assertTrue(other.nodes().get(0).address().isPresent(), "where the recording unit is reached");
    }
  }

  /** Gives units IPv4, IPv6 and host names, in the ways in which units come to have them. */
  private static void dress(FakeUnit unit) {
    int number = Integer.parseInt(unit.name().substring(unit.name().indexOf('/') + 1));
    String place = (number / 250) + "." + (number % 250 + 1);
    String hex = Integer.toHexString(number + 1);
    switch (number % 4) {
      case 0 ->
          unit.publish(
              "magpie",
              "magpie-addresses",
              "{\"version\":1,\"addresses\":[\"2001:db8:0:a::"
                  + hex
                  + "/64\",\"10.0."
                  + place
                  + "/16\"]}",
              "iperf.server",
              "10.0." + place);
      case 1 -> unit.publish("magpie", "ingress-address", "node-" + number + ".maas");
      case 2 -> {
        unit.publish("magpie", "ingress-address", "node-" + number + ".maas");
        unit.publish("magpie", "private-address", "node-" + number + ".lan");
        unit.publish("magpie", "iperf_addresses", "[\"10.0." + place + "\", \"127.0.0.1\"]");
      }
      default -> unit.publish("magpie", "motd", " two\nlines: \"" + number + "\" ");
    }
  }

  @Test
  void keepsTheAddressThatAllUnitsOfAServiceShare() {
    Path file = directory.resolve("recorded.magpie.yaml");
    List<PeerNode> live = new ArrayList<>();
    try (FakeJuju juju = juju(JujuVersion.JUJU_3_6, 3)) {
      juju.units().forEach(unit -> unit.publish("magpie", "ingress-address", "10.152.183.9"));
      hooks(juju.unit(UNIT), hook -> {});
      juju.unit(UNIT)
          .inHook(
              "update-status",
              "",
              hook -> {
                try (PeerView view = inHook(hook)) {
                  Recording.of(view).write(file);
                  live.addAll(view.nodes());
                }
              });
    }
    assertEquals(List.of(), TopologyReader.read(file, "recorded.magpie.yaml").problems());
    try (PeerView replay = Views.as(file, UNIT)) {
      assertEquals("10.152.183.9", replay.nodes().get(1).address().orElseThrow().text());
      assertEquals(RecordingTest.shapes(live), RecordingTest.shapes(replay.nodes()));
    }
  }

  @Test
  void marksTheSuspectsOfJuju4() {
    Path file = directory.resolve("recorded.magpie.yaml");
    try (FakeJuju juju = juju(JujuVersion.JUJU_4_0, 3)) {
      hooks(juju.unit(UNIT), hook -> {});
      juju.unit("magpie/2").destroyLeavingGhost();
      juju.unit(UNIT).inHook("update-status", "", hook -> record(hook, file));
    }
    try (PeerView replay = Views.as(file, UNIT)) {
      assertEquals(List.of(false, true), replay.nodes().stream().map(PeerNode::suspect).toList());
    }
  }

  @Test
  void recordsTheUnitAloneBeforeThereIsARelation() {
    Path file = directory.resolve("recorded.magpie.yaml");
    try (FakeJuju juju =
        FakeJuju.create(directory.resolve("juju"), JujuVersion.JUJU_3_6)
            .application("magpie")
            .peerRelation("magpie")
            .newUnits(2)
            .build()) {
      juju.unit(UNIT).inHook("install", "", hook -> record(hook, file));
    }
    try (PeerView replay = Views.as(file, UNIT)) {
      assertEquals(List.of(), replay.nodes());
    }
  }

  private static void record(HookContext hook, Path file) {
    try (PeerView view = inHook(hook)) {
      Recording.of(view).write(file);
    }
  }

  /** The recipe of docs/lab.md: hooks write the file, a service that is no hook watches it. */
  @Test
  void servesAJavaServiceOutsideHooksWithLiveEvents() throws InterruptedException {
    Path file = directory.resolve("peers.magpie.yaml");
    LinkedBlockingQueue<String> told = new LinkedBlockingQueue<>();
    try (FakeJuju juju = juju(JujuVersion.JUJU_3_6, 2)) {
      FakeUnit unit = juju.unit(UNIT);
      hooks(unit, hook -> record(hook, file));
      try (PeerView service =
          Peers.open(Views.options(file).option("poll-interval-ms", "50").self(UNIT).build())) {
        service.listen(event -> told.add(words(event)));
        assertEquals("started [magpie/1]", await(told));

        hooks(juju.addUnit(), hook -> {});
        hooks(unit, hook -> record(hook, file));
        assertEquals("joined [magpie/2] departed [] updated []", await(told));

        juju.unit("magpie/1").publish("magpie", "ready", "yes");
        hooks(unit, hook -> record(hook, file));
        assertEquals("joined [] departed [] updated [magpie/1{ready=yes}]", await(told));

        // A hook that brings nothing new wakes nobody.
        unit.inHook("update-status", "", hook -> record(hook, file));

        juju.unit("magpie/2").remove();
        hooks(unit, hook -> record(hook, file));
        assertEquals("joined [] departed [magpie/2] updated []", await(told));
        assertTrue(told.isEmpty(), told::toString);
        assertEquals(List.of("magpie/1"), service.ids().stream().map(Object::toString).toList());
      }
    }
  }

  private static String await(LinkedBlockingQueue<String> told) throws InterruptedException {
    return String.valueOf(told.poll(20, TimeUnit.SECONDS));
  }

  private static String words(PeerEvent event) {
    if (event instanceof PeerEvent.Started started) {
      return "started " + started.snapshot().ids();
    }
    if (event instanceof PeerEvent.Changed changed) {
      Changes changes = Changes.between(changed.before().nodes(), changed.snapshot().nodes());
      return "joined "
          + changes.joined().stream().map(PeerNode::id).toList()
          + " departed "
          + changes.departed().stream().map(PeerNode::id).toList()
          + " updated "
          + changes.updated().stream()
              .map(u -> u.after().id() + "" + u.after().settings())
              .toList();
    }
    return event.toString();
  }
}
