/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class PeersOptionsTest {
  private static PeersOptions.Builder given(
      Map<String, String> variables, Map<String, String> properties) {
    return PeersOptions.builder()
        .environment(new Environment(variables, properties, Path.of("/srv"), Clock.systemUTC()));
  }

  @Test
  void anOptionIsLookedUpInItsOrder() {
    Map<String, String> variables = new HashMap<>(Map.of("MAGPIE_PEER_SET", "short"));
    assertEquals(Optional.of("short"), given(variables, Map.of()).build().peerSet());
    variables.put("MAGPIE_PEERS_PEER_SET", "long");
    assertEquals(Optional.of("long"), given(variables, Map.of()).build().peerSet());
    Map<String, String> properties = Map.of("magpie.peers.peer-set", "property");
    assertEquals(Optional.of("property"), given(variables, properties).build().peerSet());
    assertEquals(
        Optional.of("here"), given(variables, properties).peerSet("here").build().peerSet());
  }

  @Test
  void aBlankOneCountsAsNotSetWhereverItStands() {
    Map<String, String> variables = Map.of("MAGPIE_PEERS_BACKEND", " ", "MAGPIE_BACKEND", "local");
    assertEquals(
        Optional.of("local"),
        given(variables, Map.of("magpie.peers.backend", "")).backend(" ").build().backend());
    assertEquals(
        Optional.of("property"),
        given(variables, Map.of("magpie.peers.backend", "property")).backend("").build().backend());
    assertEquals(Optional.empty(), given(Map.of(), Map.of()).backend("").build().backend());
  }

  /** Every place in which an option can stand, the one that counts first. */
  private static final List<String> PLACES =
      List.of(
          "storage.x",
          "x",
          "-Dmagpie.peers.storage-a.x-y",
          "-Dmagpie.peers.x-y",
          "MAGPIE_PEERS_STORAGE_A_X_Y",
          "MAGPIE_STORAGE_A_X_Y",
          "MAGPIE_PEERS_X_Y",
          "MAGPIE_X_Y");

  @Test
  void eachPlaceOfAnOptionCountsBeforeThoseBehindItAndIsKnown() {
    for (int first = 0; first < PLACES.size(); first++) {
      Map<String, String> variables = new HashMap<>();
      Map<String, String> properties = new HashMap<>();
      for (String place : PLACES.subList(Math.max(2, first), PLACES.size())) {
        if (place.startsWith("-D")) {
          properties.put(place.substring(2), place);
        } else {
          variables.put(place, place);
        }
      }
      PeersOptions.Builder builder = given(variables, properties).peerSet("storage-a");
      if (first <= 1) {
        builder.option("x-y", "x");
      }
      if (first == 0) {
        builder.option("storage-a", "x-y", "storage.x");
      }
      PeersOptions options = builder.build();
      String place = PLACES.get(first);
      assertEquals(Optional.of(place), options.option("x-y"));
      assertEquals(Optional.of(first < 2 ? "the program" : place), options.origin("x-y"));
      assertEquals(
          first == 0 || first == 2 || first == 4 || first == 5, options.isOfPeerSet("x-y"));
      assertEquals(
          first < 2 ? "option x-y" : "option x-y (" + place + ")", options.described("x-y"));
    }
    PeersOptions none = given(Map.of(), Map.of()).peerSet("storage-a").build();
    assertEquals(Optional.empty(), none.option("x-y"));
    assertEquals(Optional.empty(), none.origin("x-y"));
    assertEquals("option x-y", none.described("x-y"));
    assertFalse(none.isOfPeerSet("x-y"));
  }

  @Test
  void anOptionOfAPeerSetIsForNoOther() {
    Map<String, String> variables =
        Map.of("MAGPIE_PEERS_STORAGE_TOPOLOGY", "s.yaml", "MAGPIE_TOPOLOGY", "all.yaml");
    assertEquals(
        Optional.of("s.yaml"),
        given(variables, Map.of()).peerSet("storage").build().option("topology"));
    assertEquals(
        Optional.of("all.yaml"),
        given(variables, Map.of()).peerSet("magpie").build().option("topology"));
    assertEquals(Optional.of("all.yaml"), given(variables, Map.of()).build().option("topology"));
  }

  @Test
  void thePeerSetPeersDoesNotTakeWhatIsMeantForAll() {
    PeersOptions options =
        given(Map.of("MAGPIE_PEERS_TOPOLOGY", "all.yaml"), Map.of()).peerSet("peers").build();
    assertEquals(Optional.of("all.yaml"), options.option("topology"));
    assertFalse(options.isOfPeerSet("topology"));
    Map<String, String> variables = Map.of("MAGPIE_PEERS_PEERS_TOPOLOGY", "p.yaml");
    assertTrue(given(variables, Map.of()).peerSet("peers").build().isOfPeerSet("topology"));
  }

  @Test
  void ofSelfAndObserverTheOneInTheEarlierPlaceCounts() {
    Map<String, String> self = Map.of("MAGPIE_PEERS_SELF", "magpie/0");
    assertIs("an observer", given(self, Map.of()).observer());
    assertIs("an observer", given(self, Map.of("magpie.peers.observer", "true")));
    assertIs("magpie/0", given(self, Map.of("magpie.peers.observer", "false")));
    Map<String, String> observer = Map.of("MAGPIE_OBSERVER", "true");
    assertIs("magpie/1", given(observer, Map.of()).self("magpie/1"));
    assertIs("magpie/1", given(observer, Map.of("magpie.peers.self", "magpie/1")));
    assertIs("an observer", given(observer, Map.of()));
    assertIs("anybody", given(Map.of(), Map.of()));
    // In one place both are a contradiction, which whoever opens the peers tells.
    assertIs("both", given(Map.of(), Map.of()).observer().self("magpie/0"));
    assertIs(
        "both",
        given(Map.of("MAGPIE_OBSERVER", "true", "MAGPIE_PEERS_SELF", "magpie/0"), Map.of()));
    assertIs(
        "an observer",
        given(Map.of("MAGPIE_STORAGE_OBSERVER", "true", "MAGPIE_PEERS_SELF", "magpie/0"), Map.of())
            .peerSet("storage"));
  }

  private static void assertIs(String expected, PeersOptions.Builder options) {
    PeersOptions built = options.build();
    Optional<PeerId> self = built.self();
    String found = built.observer() ? "an observer" : self.map(PeerId::value).orElse("anybody");
    assertEquals(expected, built.observer() && self.isPresent() ? "both" : found);
  }

  @Test
  void messagesNameAnOptionAsTheProgramDoes() {
    PeersOptions plain = given(Map.of(), Map.of()).build();
    assertEquals(
        "-Dmagpie.peers.peer-set=NAME or MAGPIE_PEERS_PEER_SET=NAME",
        plain.howToSet("peer-set", "NAME"));
    PeersOptions flags =
        given(Map.of("MAGPIE_STATE", "/s"), Map.of())
            .flag("peer-set", "--bench")
            .flag("observer", "--observer")
            .flag("state", "--state")
            .peerSet("b")
            .build();
    assertEquals("--bench NAME or MAGPIE_PEERS_PEER_SET=NAME", flags.howToSet("peer-set", "NAME"));
    assertEquals("--observer or MAGPIE_PEERS_OBSERVER=true", flags.howToSet("observer", "true"));
    assertEquals("--bench", flags.described("peer-set"));
    assertEquals(Optional.of("--bench"), flags.origin("peer-set"));
    assertEquals("option state (MAGPIE_STATE)", flags.described("state"));
    assertEquals("option observer", flags.described("observer"));
  }

  @Test
  void selfMustBeAnId() {
    assertEquals(
        Optional.of(PeerId.of("magpie/0")),
        given(Map.of(), Map.of()).self("magpie/0").build().self());
    assertEquals(
        "option self (MAGPIE_SELF): expected a peer id such as \"magpie/3\" or \"blade-02\" (1 to 253 ASCII"
            + " letters, digits, '.', '-', '_', beginning with a letter or digit, at most one '/'),"
            + " found \"-x\"",
        assertThrows(
                ConfigurationException.class,
                () -> given(Map.of("MAGPIE_SELF", "-x"), Map.of()).build().self())
            .getMessage());
  }

  @Test
  void observerIsOffUnlessSet() {
    assertFalse(given(Map.of(), Map.of()).build().observer());
    assertTrue(given(Map.of(), Map.of()).observer().build().observer());
    assertTrue(given(Map.of("MAGPIE_PEERS_OBSERVER", "true"), Map.of()).build().observer());
    PeersOptions unclear = given(Map.of("MAGPIE_PEERS_OBSERVER", "1"), Map.of()).build();
    assertEquals(
        "option observer (MAGPIE_PEERS_OBSERVER): expected true or false, found \"1\"",
        assertThrows(ConfigurationException.class, unclear::observer).getMessage());
  }

  @Test
  void theStateDirectoryIsLookedUpInItsOrder() {
    Map<String, String> variables = new HashMap<>(Map.of("HOME", "/home/lab"));
    assertEquals(
        Path.of("/home/lab/.local/state/magpie-peers"),
        given(variables, Map.of()).build().stateDirectory());
    variables.put("XDG_STATE_HOME", "/var/state");
    assertEquals(
        Path.of("/var/state/magpie-peers"), given(variables, Map.of()).build().stateDirectory());
    variables.put("XDG_STATE_HOME", "state");
    assertEquals(
        Path.of("/home/lab/.local/state/magpie-peers"),
        given(variables, Map.of()).build().stateDirectory());
    assertEquals(
        Path.of("/srv/here"),
        given(variables, Map.of()).stateDirectory(Path.of("here")).build().stateDirectory());
    assertEquals(
        "expected a directory for durable state, found neither the option state nor XDG_STATE_HOME"
            + " nor HOME; set -Dmagpie.peers.state=DIR or MAGPIE_PEERS_STATE=DIR",
        assertThrows(
                ConfigurationException.class,
                () -> given(Map.of(), Map.of()).build().stateDirectory())
            .getMessage());
  }

  @Test
  void theEnvironmentIsACopyOfWhatTheProcessWasGiven() {
    Map<String, String> variables = new HashMap<>(Map.of("A", "1", "BLANK", " "));
    Environment given =
        new Environment(variables, Map.of("p", "2"), Path.of("relative"), Clock.systemUTC());
    variables.clear();
    assertEquals(Optional.of("1"), given.variable("A"));
    assertEquals(Optional.empty(), given.variable("BLANK"));
    assertEquals(Optional.empty(), given.variable("a"));
    assertTrue(given.workingDirectory().isAbsolute());
    Environment other = given.withVariables(Map.of("B", "3"));
    assertEquals(Map.of("B", "3"), other.variables());
    assertEquals(given.properties(), other.properties());
    assertEquals(System.getenv(), Environment.system().variables());
  }
}
