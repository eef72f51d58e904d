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

  @Test
  void selfMustBeAnId() {
    assertEquals(
        Optional.of(PeerId.of("magpie/0")),
        given(Map.of(), Map.of()).self("magpie/0").build().self());
    assertEquals(
        "option self: expected a peer id such as \"magpie/3\" or \"blade-02\" (1 to 253 ASCII"
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
        "option observer: expected true or false, found \"1\"",
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
            + " nor HOME; set -Dmagpie.peers.state=DIR, MAGPIE_PEERS_STATE or --state DIR",
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
