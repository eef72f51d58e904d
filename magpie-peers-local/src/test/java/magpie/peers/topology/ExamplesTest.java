/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import magpie.peers.PeerAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The benches in {@code examples/} are what their comments say. */
class ExamplesTest {
  static List<Path> examples() {
    return Corpus.in(Corpus.root().resolve("examples"));
  }

  private static Topology example(String name) {
    Path file = Corpus.root().resolve("examples").resolve(name + ".magpie.yaml");
    return TopologyReader.read(file, name).topology().orElseThrow();
  }

  @Test
  void thereAreThree() {
    assertEquals(
        List.of("leaf-spine", "maintenance", "rack"),
        examples().stream().map(Corpus::nameOf).toList());
  }

  @ParameterizedTest
  @MethodSource("examples")
  void haveNoProblemsAndTheirOwnNames(Path file) {
    TopologyReader.Outcome outcome = TopologyReader.read(file, file.toString());

    assertEquals("", Corpus.said(outcome));
    assertEquals(Corpus.nameOf(file), outcome.topology().orElseThrow().name());
  }

  @Test
  void theRackHasTwoDualStackNetworks() {
    Topology rack = example("rack");

    assertEquals(
        List.of(
            "oam (192.0.2.0/25, 2001:db8:0:a::/64)",
            "storage (198.51.100.0/24, 2001:db8:0:b::/64)"),
        rack.networks().stream().map(Object::toString).toList());
    assertEquals(
        List.of("magpie/0", "magpie/1", "magpie/2", "magpie/3", "magpie/4", "magpie/5"),
        rack.entries().stream().map(entry -> entry.node().id().value()).toList());
    assertEquals("5002", rack.entries().get(5).node().settings().get("iperf-port"));
  }

  @Test
  void theFabricHasFortySwitchesWithLabels() {
    Topology fabric = example("leaf-spine");

    Map<String, Long> roles =
        fabric.entries().stream()
            .map(entry -> String.valueOf(entry.node().labels().get("role")))
            .collect(Collectors.groupingBy(Function.identity(), Collectors.counting()));
    assertEquals(Map.of("leaf", 36L, "spine", 4L), roles);
    assertEquals(
        "198.51.100.40",
        fabric.entries().get(39).node().address().map(PeerAddress::text).orElse(""));
  }

  @Test
  void theBenchInMaintenanceHasADepartedNodeAndAnExchangeDirectory() {
    Topology bench = example("maintenance");

    assertEquals(Optional.of("./maintenance.d"), bench.exchange());
    assertEquals(
        List.of("magpie/2"),
        bench.entries().stream()
            .filter(Topology.Entry::departed)
            .map(entry -> entry.node().id().value())
            .toList());
    assertEquals(
        List.of("magpie/3"),
        bench.entries().stream()
            .filter(entry -> entry.node().suspect())
            .map(entry -> entry.node().id().value())
            .toList());
  }
}
