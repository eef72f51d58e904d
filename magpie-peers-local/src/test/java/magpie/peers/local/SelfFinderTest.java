/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import magpie.peers.ConfigurationException;
import magpie.peers.IpAddress;
import magpie.peers.PeerId;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SelfFinderTest {
  private static final String NEXT =
      "\nname the node with -Dmagpie.peers.self=ID or MAGPIE_PEERS_SELF=ID, or look from outside"
          + " with -Dmagpie.peers.observer=true or MAGPIE_PEERS_OBSERVER=true";

  @TempDir Path directory;
  private Bench bench;

  @BeforeEach
  void makeBench() {
    bench = new Bench(directory).write(Bench.nodes(0, 1, 2));
  }

  private Optional<PeerId> self() {
    try (LocalSource source = bench.open()) {
      return source.read().selfId();
    }
  }

  private String refusal() {
    return assertThrows(ConfigurationException.class, this::self).getMessage();
  }

  /** Three nodes: A and B as given, and another that nothing here fits. */
  private void names(String a, String b) {
    bench.write(
        """
        version: 1
        name: bench-b
        nodes:
          a: { hostname: %s }
          b: { hostname: %s }
          c: { hostname: other }
        """
            .formatted(a, b));
  }

  private static Optional<PeerId> is(String id) {
    return Optional.of(PeerId.of(id));
  }

  @ParameterizedTest
  @CsvSource({
    // machine, node a, node b: the machine is a
    "blade-1, blade-1, blade-2",
    "BLADE-1, blade-1, blade-2",
    "blade-i, BLADE-I, blade-2",
    "blade-1., blade-1, blade-2",
    "blade-1, blade-1.lab.example, blade-2.lab.example",
    "blade-1.lab.example, blade-1, blade-2",
    "blade-1.lab.example, blade-1.lab.example, blade-1",
    "blade-1, blade-1, blade-1.lab.example",
  })
  void findsItsHostName(String machine, String a, String b) {
    bench.hostName = machine;
    names(a, b);
    assertEquals(is("a"), self());
  }

  @ParameterizedTest
  @CsvSource({
    "blade-1.lab.example, blade-1.other.example, blade-2",
    "blade-1, blade-10, blade-11.lab",
    "blade-1.lab, blade, blade-1.lab.example",
  })
  void takesNoOtherHostNameForItsOwn(String machine, String a, String b) {
    bench.hostName = machine;
    names(a, b);
    assertEquals(
        """
        expected one node of "bench.magpie.yaml" to be this machine, found no rule that fits exactly one
          rule env: found no id (option self, -Dmagpie.peers.self, MAGPIE_PEERS_SELF)
          rule hostname: this machine is "%s", the nodes are a "%s", b "%s", c "other"
          rule address: this machine has none, the nodes are a none, b none, c none\
        """
                .formatted(machine, a, b)
            + NEXT,
        refusal());
  }

  @Test
  void refusesTwoNodesThatFit() {
    bench.hostName = "blade-1";
    names("blade-1.lab.example", "blade-1.other.example");
    assertEquals(
        """
        expected one node of "bench.magpie.yaml" to be this machine, found no rule that fits exactly one
          rule env: found no id (option self, -Dmagpie.peers.self, MAGPIE_PEERS_SELF)
          rule hostname: this machine is "blade-1", which fits a, b
          rule address: this machine has none, the nodes are a none, b none, c none\
        """
            + NEXT,
        refusal());
  }

  @Test
  void findsItsAddressWhereNoHostNameFits() {
    bench.hostName = "laptop";
    bench.addresses = List.of(IpAddress.parse("127.0.0.1"), IpAddress.parse("192.0.2.12"));
    assertEquals(is("magpie/2"), self());
  }

  @Test
  void goesOnWithTheNextRuleWhereTheMachineDoesNotTellItsName() {
    bench.hostName = "";
    bench.addresses = List.of(IpAddress.parse("192.0.2.12"));
    assertEquals(is("magpie/2"), self());

    bench.addresses = List.of();
    String refusal = refusal();
    assertTrue(
        refusal.contains(
            "\n  rule hostname: the system does not tell the host name\n  rule address:"),
        refusal);
  }

  @Test
  void letsTheNextRuleDecideWhereTwoNodesFit() {
    bench.hostName = "blade";
    bench.addresses = List.of(IpAddress.parse("192.0.2.11"));
    bench.write(Bench.nodes(0, 1).replace("blade-0", "blade.a").replace("blade-1", "blade.b"));
    assertEquals(is("magpie/1"), self());
  }

  @Test
  void refusesTheAddressesOfTwoNodes() {
    bench.hostName = "laptop";
    bench.addresses = List.of(IpAddress.parse("192.0.2.10"), IpAddress.parse("192.0.2.12"));
    bench.write(Bench.nodes(0, 1, 2).replace("nodes:", "self: [address]\nnodes:"));
    assertEquals(
        """
        expected one node of "bench.magpie.yaml" to be this machine, found no rule that fits exactly one
          rule address: this machine has 192.0.2.10, 192.0.2.12, which fits magpie/0, magpie/2\
        """
            + NEXT,
        refusal());
  }

  @Test
  void usesTheRulesInTheOrderOfTheFile() {
    bench.hostName = "blade-0";
    bench.addresses = List.of(IpAddress.parse("192.0.2.11"));
    bench.write(Bench.nodes(0, 1).replace("nodes:", "self: [address, hostname]\nnodes:"));
    assertEquals(is("magpie/1"), self());
    bench.write(Bench.nodes(0, 1).replace("nodes:", "self: [hostname, address]\nnodes:"));
    assertEquals(is("magpie/0"), self());
  }

  @Test
  void listsNoMoreThanTenNodes() {
    bench.hostName = "laptop";
    bench.addresses = List.of(IpAddress.parse("198.51.100.1"));
    bench.write(Bench.nodes(IntStream.range(0, 13).toArray()));
    assertEquals(
        "expected one node of \"bench.magpie.yaml\" to be this machine, found no rule that fits"
            + " exactly one\n  rule env: found no id (option self, -Dmagpie.peers.self,"
            + " MAGPIE_PEERS_SELF)\n  rule hostname: this machine is \"laptop\", the nodes are "
            + listed("magpie/%d \"blade-%d\"", 0)
            + " and 3 more\n  rule address: this machine has 198.51.100.1, the nodes are "
            + listed("magpie/%d 192.0.2.%d", 10)
            + " and 3 more"
            + NEXT,
        refusal());
  }

  private static String listed(String format, int offset) {
    return IntStream.range(0, 10)
        .mapToObj(i -> format.formatted(i, i + offset))
        .collect(Collectors.joining(", "));
  }

  @Test
  void believesAnIdThatWasGivenBeforeAnyRule() {
    bench.options.put("self", "magpie/2");
    bench.write(Bench.nodes(0, 1, 2).replace("nodes:", "self: [hostname]\nnodes:"));
    assertEquals(is("magpie/2"), self());
  }

  @Test
  void refusesAnIdThatIsNoNode() {
    bench.options.put("self", "magpie/O");
    assertEquals(
        "option self: expected \"magpie/O\" to be a node of \"bench.magpie.yaml\", found no such node; did"
            + " you mean \"magpie/0\"?; its nodes are magpie/0, magpie/1, magpie/2; name one of"
            + " them, add the node to the file, or look from outside with"
            + " -Dmagpie.peers.observer=true or MAGPIE_PEERS_OBSERVER=true",
        refusal());
  }

  @Test
  void mayBeANodeThatHasDeparted() {
    bench.write(Bench.nodes(1, 2) + Bench.node(0, ", state: departed"));
    assertEquals(is("magpie/0"), self());
    bench.options.put("self", "magpie/0");
    assertEquals(is("magpie/0"), self());
  }

  @Test
  void looksFromOutsideAsAnObserver() {
    bench.options.put("observer", "true");
    assertEquals(Optional.empty(), self());
  }

  @Test
  void refusesAnObserverWithAnId() {
    bench.options.put("observer", "true");
    bench.options.put("self", "magpie/0");
    assertEquals(
        "expected either an observer or a node, found both: option observer and option self"
            + " \"magpie/0\"; leave one of them out",
        refusal());
  }

  @Test
  void knowsTheAddressesOfThisMachine() {
    assertTrue(new LocalHost().addresses().contains(IpAddress.parse("127.0.0.1")));
  }
}
