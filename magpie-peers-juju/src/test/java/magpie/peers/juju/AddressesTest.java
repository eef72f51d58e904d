/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.net.NetworkInterface;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import magpie.peers.ConfigurationException;
import magpie.peers.NodeFilter;
import magpie.peers.PeerAddress;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.PeersOptions;
import magpie.peers.Snapshot;
import magpie.peers.host.OwnInterfaces;
import magpie.peers.spi.PeerSource;
import magpie.peers.testkit.juju.FakeJuju;
import magpie.peers.testkit.juju.FakeUnit;
import magpie.peers.testkit.juju.Fault;
import magpie.peers.testkit.juju.Hook;
import magpie.peers.testkit.juju.HookRun;
import magpie.peers.testkit.juju.JujuVersion;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which addresses a peer has, and how it comes to publish its own. */
class AddressesTest {
  /** Keeps what the test decides about, not what this machine happens to have. */
  private static final Predicate<PeerAddress> BOUND =
      candidate -> candidate.source().equals("network-get");

  @TempDir Path directory;

  private static List<String> candidates(Map<String, String> bag) {
    return Bags.node(HookScene.unit(1), bag, false).addresses().stream()
        .map(candidate -> candidate + " by " + candidate.source())
        .toList();
  }

  private static Map<String, String> bag(String... keysAndValues) {
    Map<String, String> bag = new LinkedHashMap<>();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      bag.put(keysAndValues[i], keysAndValues[i + 1]);
    }
    return bag;
  }

  @Test
  void publishedAddressesComeBeforeThoseOfJujuAndThoseOfThePythonInterface() {
    assertEquals(
        List.of(
            "10.1.0.5/16 by magpie-addresses",
            "2001:db8::5/64 by magpie-addresses",
            "10.0.0.5 by ingress-address",
            "node5.maas by private-address",
            "192.0.2.5 by iperf_addresses"),
        candidates(
            bag(
                "iperf_addresses",
                "[\"10.0.0.5\", \"127.0.0.1\", \"192.0.2.5\"]",
                "private-address",
                "node5.maas",
                "ingress-address",
                "10.0.0.5",
                "egress-subnets",
                "10.0.0.5/32",
                "magpie-addresses",
                "{\"version\":1,\"addresses\":[\"10.1.0.5/16\",\"2001:db8::5/64\"]}")));
  }

  @Test
  void emptyKeysAreNoAddresses() {
    assertEquals(
        List.of(), candidates(bag("ingress-address", "", "private-address", "", "greeting", "x")));
    assertEquals(List.of(), candidates(Map.of()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "null",
        "7",
        "\"10.0.0.5\"",
        "no JSON",
        "{}",
        "{\"10.0.0.5\":1}",
        "[\"10.0.0.5\"",
        "[\"10.0.0.5\"] x",
        "[null, 7, \"\", \"fe80::1%eth0\", [\"10.0.0.5\"], {\"a\":\"10.0.0.5\"}, \"010.0.0.5\"]",
        "[\"127.0.0.1\", \"::1\", \"169.254.1.1\", \"fe80::1\"]"
      })
  void aBadValueOfOnePeerHarmsNobody(String value) {
    assertEquals(
        List.of("10.0.0.9 by ingress-address"),
        candidates(
            bag(
                "iperf_addresses",
                value,
                "magpie-addresses",
                value,
                "ingress-address",
                "10.0.0.9")));
  }

  @Test
  void goodAddressesAmongBadOnesCount() {
    assertEquals(
        List.of("10.0.0.5/16 by magpie-addresses", "10.0.0.6 by iperf_addresses"),
        candidates(
            bag(
                "magpie-addresses",
                "{\"addresses\":[null,\"10.0.0.5/16\",[1]],\"more\":{\"version\":7},\"version\":1}",
                "iperf_addresses",
                "[null, \"10.0.0.6\", \" 10.0.0.7 \", 3]")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"version\":2,\"addresses\":[\"10.0.0.5\"]}",
        "{\"version\":1.9,\"addresses\":[\"10.0.0.5\"]}",
        "{\"version\":{\"version\":1},\"addresses\":[\"10.0.0.5\"]}",
        "{\"addresses\":[\"10.0.0.5\"]}",
        "{\"version\":1}",
        "{\"version\":1,\"addresses\":\"10.0.0.5\"}",
        "{\"version\":1,\"addresses\":[\"10.0.0.5\"]}{}"
      })
  void anUnknownVersionOfTheKeyCountsAsNone(String value) {
    assertEquals(List.of(), candidates(bag("magpie-addresses", value)));
  }

  @Test
  void settingsAreAllOtherKeys() {
    PeerNode node =
        Bags.node(
            HookScene.unit(1),
            bag(
                "ingress-address",
                "10.0.0.5",
                "private-address",
                "10.0.0.5",
                "egress-subnets",
                "10.0.0.5/32",
                "magpie-addresses",
                "{}",
                "iperf_addresses",
                "[]",
                "greeting",
                "hello"),
            true);

    assertEquals(Map.of("iperf_addresses", "[]", "greeting", "hello"), node.settings());
    assertTrue(node.suspect());
  }

  @ParameterizedTest
  @EnumSource
  void whatAUnitPublishesItsPeersFind(JujuVersion version) {
    try (FakeJuju juju =
        HookScene.juju(directory, version)
            .space("oam", "10.20.0.0/16", "2001:db8:20::/64")
            .space("storage", "10.30.0.0/24")
            .bind("magpie", "oam")
            .units(2)
            .build()) {
      juju.settle();
      FakeUnit unit = juju.unit("magpie/0");
      HookScene.run(unit, view -> assertTrue(JujuUnit.of(view).publishAddresses(BOUND)));
      assertEquals(
          "{\"version\":1,\"addresses\":[\"10.20.0.10/16\",\"2001:db8:20::a/64\"]}",
          unit.settings("magpie").get("magpie-addresses"));
      HookRun again =
          HookScene.run(unit, view -> assertFalse(JujuUnit.of(view).publishAddresses(BOUND)));
      assertEquals(
          Set.of(
              "network-get --format=json magpie",
              "relation-ids --format=json magpie",
              "state-get --format=json magpie-peers.magpie"),
          Set.copyOf(HookScene.calls(again)));
      assertEquals(3, HookScene.calls(again).size());

      HookScene.run(
          juju.unit("magpie/1"),
          Hook.changed("magpie", "magpie/0"),
          view -> {
            PeerNode peer = view.nodes().get(0);
            assertEquals("10.20.0.10", peer.address().orElseThrow().text());
            assertEquals("magpie-addresses", peer.address().orElseThrow().source());
            assertEquals(Map.of(), peer.settings());
            assertEquals(
                "2001:db8:20::a",
                view.nodes(NodeFilter.inNetwork("2001:db8:20::/64"))
                    .get(0)
                    .address()
                    .orElseThrow()
                    .text());
          });
    }
  }

  @Test
  void aChangedAddressIsPublishedAnew() {
    try (FakeJuju juju = HookScene.settled(directory, 2)) {
      FakeUnit unit = juju.unit("magpie/0");
      HookScene.run(unit, view -> JujuUnit.of(view).publishAddresses(BOUND));
      unit.addresses("alpha", "10.0.7.7/16");

      HookScene.run(
          unit,
          Hook.named("config-changed"),
          view -> assertTrue(JujuUnit.of(view).publishAddresses(BOUND)));
      assertEquals(
          "{\"version\":1,\"addresses\":[\"10.0.7.7/16\"]}",
          unit.settings("magpie").get("magpie-addresses"));
    }
  }

  /** canonical/operator#1556. */
  @Test
  void virtualAddressesStandLast() {
    try (FakeJuju juju = HookScene.settled(directory, 2)) {
      FakeUnit unit = juju.unit("magpie/0");
      unit.addresses(
          "alpha", "10.0.0.100/32", "10.0.0.5/16", "2001:db8::ffff/128", "2001:db8::5/64");
      HookScene.run(unit, view -> JujuUnit.of(view).publishAddresses(BOUND));
      assertEquals(
          "{\"version\":1,\"addresses\":[\"10.0.0.5/16\",\"2001:db8::5/64\",\"10.0.0.100/32\","
              + "\"2001:db8::ffff/128\"]}",
          unit.settings("magpie").get("magpie-addresses"));

      // Behind those of the interfaces too, so far as this machine has any.
      HookScene.run(unit, view -> JujuUnit.of(view).publishAddresses());
      String all = unit.settings("magpie").get("magpie-addresses");
      assertTrue(all.indexOf("10.0.0.100/32") > all.lastIndexOf("/64"), all);
      for (PeerAddress own : OwnInterfaces.read()) {
        assertTrue(all.contains("\"" + own + "\""), own + " in " + all);
        assertTrue(
            own.toString().endsWith("/32") || all.indexOf(own.text()) < all.indexOf("/32"), all);
      }
    }
  }

  @Test
  void theInterfacesOfThisMachineAreThoseThatAreRealAndUp() throws Exception {
    List<String> expected = new ArrayList<>();
    for (NetworkInterface each : NetworkInterface.networkInterfaces().toList()) {
      boolean bridge =
          Files.exists(Path.of("/sys/class/net", each.getName(), "bridge"))
              || Stream.of("docker", "br-", "virbr", "lxdbr", "lxcbr", "cni", "flannel")
                  .anyMatch(each.getName()::startsWith);
      if (each.isUp() && !each.isLoopback() && !bridge) {
        each.getInterfaceAddresses().stream()
            .filter(a -> !a.getAddress().isLinkLocalAddress())
            .map(a -> a.getAddress().getHostAddress().replaceFirst("%.*", ""))
            .map(text -> PeerAddress.of(text, "").text() + " on " + each.getName())
            .forEach(expected::add);
      }
    }

    List<PeerAddress> found = OwnInterfaces.read();
    assertEquals(
        expected.stream().sorted().toList(),
        found.stream().map(own -> own.text() + " on " + own.source()).sorted().toList());
    assertTrue(found.stream().allMatch(own -> own.subnet().isPresent()), found.toString());
  }

  @Test
  void theFilterDecidesOfEachAndNoneIsAnAnswer() {
    try (FakeJuju juju = HookScene.settled(directory, 2)) {
      FakeUnit unit = juju.unit("magpie/0");
      HookScene.run(
          unit,
          view ->
              assertTrue(
                  JujuUnit.of(view)
                      .publishAddresses(candidate -> candidate.text().startsWith("172.31."))));

      assertEquals(
          "{\"version\":1,\"addresses\":[]}", unit.settings("magpie").get("magpie-addresses"));
    }
  }

  /** Juju publishes the address of the service there, the same for all. */
  @Test
  void onKubernetesItIsTheOnlyWayToAPeersOwnAddress() {
    try (FakeJuju juju =
        HookScene.juju(directory, JujuVersion.JUJU_3_6)
            .kubernetes("10.152.183.7")
            .units(3)
            .build()) {
      juju.settle();
      assertEquals(
          List.of("10.152.183.7", "10.152.183.7"),
          HookScene.look(juju.unit("magpie/0"), AddressesTest::addresses));

      for (int i = 1; i < 3; i++) {
        HookScene.run(juju.unit("magpie/" + i), view -> JujuUnit.of(view).publishAddresses(BOUND));
      }
      juju.settle();

      assertEquals(
          List.of("10.0.0.11", "10.0.0.12"),
          HookScene.look(juju.unit("magpie/0"), AddressesTest::addresses));
    }
  }

  private static List<String> addresses(PeerView view) {
    return view.nodes().stream().map(peer -> peer.address().orElseThrow().text()).toList();
  }

  /** On Kubernetes network-get tells no prefix length; the pod's interface does. */
  @Test
  void aPrefixLengthThatOnlyTheInterfaceKnowsIsTakenFromIt() {
    List<PeerAddress> own = OwnInterfaces.read();
    assumeFalse(own.isEmpty(), "this machine has no address but loopback");
    try (FakeJuju juju =
        HookScene.juju(directory, JujuVersion.JUJU_3_6)
            .kubernetes("10.152.183.7")
            .units(1)
            .build()) {
      juju.settle();
      FakeUnit unit = juju.unit("magpie/0");
      unit.addresses(
          "alpha", own.get(0).text() + (own.get(0).text().contains(":") ? "/64" : "/24"));
      HookScene.run(unit, view -> JujuUnit.of(view).publishAddresses());

      String published = unit.settings("magpie").get("magpie-addresses");
      assertTrue(published.contains("\"" + own.get(0) + "\""), published);
      assertFalse(published.contains("\"" + own.get(0).text() + "\""), published);
    }
  }

  @Test
  void beforeThereIsARelationNothingIsPublishedAndNothingFails() {
    try (FakeJuju juju = HookScene.juju(directory, JujuVersion.JUJU_3_6).newUnits(1).build()) {
      HookRun run =
          HookScene.run(
              juju.unit("magpie/0"),
              Hook.named("install"),
              view -> assertFalse(JujuUnit.of(view).publishAddresses(BOUND)));
      assertEquals(List.of("relation-ids --format=json magpie"), HookScene.calls(run));
    }
  }

  @Test
  void anotherEndpointsNetworkIsAskedForByName() {
    try (FakeJuju juju =
        HookScene.juju(directory, JujuVersion.JUJU_3_6)
            .space("oam", "10.20.0.0/16")
            .space("storage", "10.30.0.0/24", "2001:db8:30::/64")
            .bind("magpie", "oam")
            .bind("storage", "storage")
            .units(2)
            .build()) {
      juju.settle();
      FakeUnit unit = juju.unit("magpie/0");
      juju.unit("magpie/1").publish("magpie", "iperf_addresses", "[\"10.30.0.11\"]");
      juju.settle();

      HookScene.run(
          unit,
          view -> {
            assertEquals(
                "10.30.0.11",
                view.nodes(NodeFilter.inNetwork("storage")).get(0).address().orElseThrow().text());
            assertEquals(1, view.nodes(NodeFilter.inNetwork("magpie")).size());
          });
    }
  }

  @Test
  void aNetworkThatNoEndpointHasIsNone() {
    try (FakeJuju juju = HookScene.settled(directory, 2)) {
      ConfigurationException unknown =
          assertThrows(
              ConfigurationException.class,
              () ->
                  HookScene.run(
                      juju.unit("magpie/0"), view -> view.nodes(NodeFilter.inNetwork("nowhere"))));

      assertEquals(
          "expected a network of relation magpie:1, found \"nowhere\"; it declares none, so name a"
              + " CIDR instead",
          unknown.getMessage());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"--help", "-r 1", "a b", "", "0"})
  void whatIsNoNameOfAnEndpointNeverBecomesAnArgument(String name) {
    try (FakeJuju juju = HookScene.settled(directory, 2)) {
      HookRun run =
          juju.unit("magpie/0")
              .inHook(
                  "update-status",
                  "",
                  hook -> {
                    PeersOptions options =
                        PeersOptions.builder().environment(HookScene.environment(hook)).build();
                    try (PeerSource source = new JujuBackend().open(options)) {
                      assertEquals(Optional.empty(), source.network(name));
                    }
                  });

      assertEquals(List.of(), run.calls());
    }
  }

  @Test
  void anotherFailureOfNetworkGetStaysOne() {
    try (FakeJuju juju = HookScene.settled(directory, 2)) {
      juju.inject(Fault.exit(1, "ERROR connection is shut down").on("network-get"));

      assertThrows(
          HookToolException.class,
          () ->
              HookScene.run(
                  juju.unit("magpie/0"), view -> view.nodes(NodeFilter.inNetwork("magpie"))));
    }
  }

  /** As a unit is that was removed by force and stays in relation-list. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "ERROR unit \"magpie/1\" not found",
        "ERROR unit \"magpie/1\" not found (not found)",
        "ERROR cannot read settings for unit \"magpie/1\" in relation \"magpie:magpie\": unit"
            + " \"magpie/1\": settings not found",
        "ERROR relation unit not found"
      })
  void aMemberWhoseSettingsAreRefusedIsSuspectAndKeepsNobodyFromTheOthers(String refusal) {
    try (FakeJuju three =
        HookScene.juju(directory.resolve("three"), JujuVersion.JUJU_3_6).units(3).build()) {
      three.settle();
      three.inject(
          Fault.exit(1, refusal)
              .on("relation-get")
              .matching(arguments -> arguments.contains("magpie/1")));
      Snapshot seen = HookScene.look(three.unit("magpie/0"), PeerView::snapshot);

      assertEquals(2, seen.nodes().size());
      assertTrue(seen.nodes().get(0).suspect());
      assertTrue(seen.nodes().get(0).address().isEmpty());
      assertFalse(seen.nodes().get(1).suspect());
      assertEquals(
          List.of(
              "magpie/1 is listed in relation magpie:1, and Juju refuses its settings: it may be a"
                  + " unit that was removed by force"),
          seen.warnings());
      assertEquals(0, three.pendingFaults());
    }
  }
}
