/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.topology.Recording;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What differs between a declared and a live peer set is told, and nothing else. */
class DriftTest {
  @TempDir Path directory;
  private Path bench;

  @BeforeEach
  void declare() {
    bench =
        Views.file(
            directory,
            "bench.magpie.yaml",
            """
            version: 1
            name: bench
            networks:
              oam: { cidrs: [192.0.2.0/24, "2001:db8::/64"] }
              storage: { cidrs: [198.51.100.0/24] }
            nodes:
              n0: { addresses: [192.0.2.10/24], labels: { rack: a }, settings: { port: 1, mode: x } }
              n1: { addresses: [192.0.2.11/24, 198.51.100.11/24], hostname: Blade-01 }
              n2: { addresses: [192.0.2.12/24] }
            """);
  }

  private List<String> drift(Optional<PeerId> self, List<PeerNode> live, String... ignored) {
    try (PeerView declared = Views.observer(bench);
        PeerView now = Views.of(self, live, List.of())) {
      Drift drift = Drift.between(declared, now);
      for (String glob : ignored) {
        drift = drift.ignoring(glob);
      }
      assertEquals(drift.differences().isEmpty(), drift.isEmpty());
      return drift.differences().stream()
          .map(
              d ->
                  (d.kind() + " " + d.id() + " " + d.key()).strip()
                      + ": "
                      + d.declared().orElse("-")
                      + " / "
                      + d.live().orElse("-"))
          .toList();
    }
  }

  private static PeerNode.Builder n0() {
    return Views.node("n0")
        .address("192.0.2.10", "ingress-address")
        .setting("port", "1")
        .setting("mode", "x");
  }

  private static PeerNode.Builder n1() {
    return Views.node("n1")
        .address("192.0.2.11/24", "magpie-addresses")
        .address("198.51.100.11", "x")
        .address("blade-01", "private-address");
  }

  private static PeerNode.Builder n2() {
    return Views.node("n2").address("192.0.2.12", "ingress-address");
  }

  @Test
  void findsNothingWhereOnlySourcesPrefixesAndCaseDiffer() {
    assertEquals(
        List.of(), drift(Optional.empty(), List.of(n0().build(), n1().build(), n2().build())));
  }

  @Test
  void comparesANodeOfWhichOnlyTheIdIsKnownByThatAlone() {
    assertEquals(
        List.of(), drift(Optional.of(PeerId.of("n0")), List.of(n1().build(), n2().build())));
    assertEquals(
        List.of("MISSING n0: 192.0.2.10/24 / -"),
        drift(Optional.empty(), List.of(n1().build(), n2().build())));
  }

  @Test
  void comparesThisNodeTooWhereItIsKnown() {
    assertEquals(
        List.of("SETTING n0 port: 1 / 2"),
        drift(
            Optional.of(PeerId.of("n0")),
            List.of(n0().setting("port", "2").build(), n1().build(), n2().build())));
  }

  @Test
  void tellsEveryKindOfDifference() {
    assertEquals(
        List.of(
            "ADDRESS n0 oam: 192.0.2.10/24 / 192.0.2.99",
            "SETTING n0 extra: - / 1",
            "SETTING n0 mode: x / -",
            "SETTING n0 port: 1 / 2",
            "LABEL n0 rack: a / b",
            "MOVED n1: 198.51.100.11/24 in storage / 2001:db8::11 in oam",
            "ADDRESS n1: - / other.example",
            "STATE n1: present / suspect",
            "MISSING n2: 192.0.2.12/24 / -",
            "EXTRA n3: - / no address"),
        drift(
            Optional.empty(),
            List.of(
                Views.node("n0")
                    .address("192.0.2.99", "x")
                    .label("rack", "b")
                    .setting("port", "2")
                    .setting("extra", "1")
                    .build(),
                Views.node("n1")
                    .address("192.0.2.11", "x")
                    .address("2001:db8::11", "x")
                    .address("blade-01", "x")
                    .address("other.example", "x")
                    .suspect(true)
                    .build(),
                Views.node("n3").build())));
  }

  @Test
  void tellsAnotherNetmaskAndAnotherFirstAddress() {
    assertEquals(
        List.of(
            "ADDRESS n1 oam: 192.0.2.11/24 first / 198.51.100.11 first",
            "ADDRESS n2 oam: 192.0.2.12/24 / 192.0.2.12/25"),
        drift(
            Optional.empty(),
            List.of(
                n0().build(),
                Views.node("n1")
                    .address("198.51.100.11", "x")
                    .address("192.0.2.11", "x")
                    .address("blade-01", "x")
                    .build(),
                Views.node("n2").address("192.0.2.12/25", "x").build())));
  }

  @Test
  void ignoresSettingsAndLabelsByPattern() {
    List<PeerNode> live =
        List.of(
            n0().setting("iperf.port", "1").setting("port", "3").label("iperf", "x").build(),
            n1().address("192.0.2.50", "x").build(),
            n2().build());
    assertEquals(
        List.of("LABEL n0 rack: a / -", "ADDRESS n1 oam: - / 192.0.2.50"),
        drift(Optional.empty(), live, "iperf*", "p?rt"));
    assertEquals(List.of("ADDRESS n1 oam: - / 192.0.2.50"), drift(Optional.empty(), live, "*"));
  }

  @Test
  void findsNoDriftBetweenAPeerSetAndItsRecording() {
    Path many = Views.file(directory, "many.magpie.yaml", Views.bench(200));
    try (PeerView live = Views.as(many, "magpie/7")) {
      Path recorded = Views.file(directory, "recorded.magpie.yaml", Recording.of(live).text());
      try (PeerView declared = Views.observer(recorded)) {
        assertTrue(Drift.between(declared, live).isEmpty());
        assertFalse(Drift.between(Views.observer(bench), live).isEmpty());
      }
    }
  }
}
