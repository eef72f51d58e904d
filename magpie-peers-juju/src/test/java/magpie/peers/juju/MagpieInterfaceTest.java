/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import magpie.peers.IpAddress;
import magpie.peers.Notice;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.testkit.juju.FakeJuju;
import magpie.peers.testkit.juju.FakeUnit;
import magpie.peers.testkit.juju.HookRun;
import magpie.peers.testkit.juju.JujuVersion;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The keys of the Python interface: written exactly as it writes them, read whatever it wrote.
 *
 * <p>The values are those that interface-magpie at 3cba94a was seen to publish and to read.
 */
class MagpieInterfaceTest {
  @TempDir Path directory;
  private FakeJuju juju;
  private FakeUnit unit;

  @BeforeEach
  void twelveUnits() {
    juju = HookScene.juju(directory, JujuVersion.JUJU_3_6).units(12).build();
    unit = juju.unit("magpie/0");
  }

  @AfterEach
  void end() {
    juju.close();
  }

  private <T> T with(Function<MagpieInterface, T> work) {
    return HookScene.look(unit, view -> work.apply(MagpieInterface.of(view)));
  }

  private String published(String key) {
    return unit.settings("magpie").getOrDefault(key, "");
  }

  /** What {@code magpie/1} publishes, as the unit sees it. */
  private void peerPublishes(String key, String value) {
    juju.unit("magpie/1").publish("magpie", key, value);
    juju.settle();
  }

  private static List<IpAddress> addresses(String... texts) {
    return Stream.of(texts).map(IpAddress::parse).toList();
  }

  private static Set<PeerId> ids(int... numbers) {
    return Set.copyOf(java.util.Arrays.stream(numbers).mapToObj(HookScene::unit).toList());
  }

  @Test
  void hasTheStatesOfTheOriginalAndDismissesWhatTheyShowed() {
    juju.settle();
    List<PeerId> eleven = with(magpie -> magpie.joined().stream().map(Notice::id).toList());
    assertEquals(11, eleven.size());
    assertEquals(List.of(), with(MagpieInterface::departed));
    assertEquals(List.of(), with(MagpieInterface::dismissJoined));

    HookScene.run(
        unit,
        view -> {
          MagpieInterface magpie = MagpieInterface.of(view);
          assertEquals(eleven, magpie.joined().stream().map(Notice::id).toList());
          assertEquals(eleven, magpie.dismissJoined().stream().map(Notice::id).toList());
          assertEquals(List.of(), magpie.joined());
          assertEquals(eleven, magpie.getNodes().stream().map(PeerNode::id).toList());
        });
    juju.unit("magpie/2").remove();
    juju.settle();
    HookScene.run(
        unit,
        view -> {
          MagpieInterface magpie = MagpieInterface.of(view);
          Notice left = magpie.departed().get(0);
          assertEquals("magpie/2", left.id().value());
          assertEquals(10, magpie.getNodes().size());
          assertEquals(List.of(left), magpie.dismissDeparted());
          assertEquals(List.of(), magpie.departed());
        });
  }

  @Test
  void nodesOfANetworkAreThoseWithAnAddressInIt() {
    peerPublishes("iperf_addresses", "[\"10.99.0.5\", \"10.98.0.5\"]");

    assertEquals(
        List.of("magpie/1 at 10.98.0.5"),
        with(magpie -> magpie.getNodes("10.98.0.0/16").stream().map(PeerNode::toString).toList()));
    assertEquals(11, with(MagpieInterface::getNodes).size());
  }

  @Test
  void advertisesAsJsonDumpsWritesIt() {
    juju.settle();
    HookRun run =
        HookScene.run(
            unit,
            view ->
                assertTrue(
                    MagpieInterface.of(view)
                        .advertiseAddresses(
                            addresses(
                                "192.0.2.2",
                                "127.0.0.1",
                                "2001:db8::1",
                                "172.17.0.1",
                                "9.0.0.1",
                                "127.0.0.1"))));

    assertEquals(
        "[\"127.0.0.1\", \"172.17.0.1\", \"192.0.2.2\", \"9.0.0.1\"]",
        published("iperf_addresses"));
    assertEquals(1, run.toolCounts().get("relation-set"));
    assertEquals(true, with(m -> m.advertiseAddresses(List.of())));
    assertEquals("[]", published("iperf_addresses"));
  }

  @Test
  void saysThatItsServerIsReadyInPythonsWord() {
    juju.settle();
    assertEquals(true, with(MagpieInterface::setIperfServerReady));
    assertEquals("True", published("iperf.server"));
    assertEquals(false, with(MagpieInterface::setIperfServerReady));
  }

  @Test
  void marksWhomItCheckedAsPythonsReprWritesIt() {
    juju.settle();
    assertEquals(true, with(m -> m.setIperfChecked(ids(1))));
    assertEquals("['None magpie/1']", published("iperf.checked"));
    assertEquals(true, with(m -> m.setIperfChecked(ids(10, 2, 1))));
    assertEquals(
        "['None magpie/1', 'None magpie/2', 'None magpie/10']", published("iperf.checked"));
    assertEquals(
        false,
        with(
            m ->
                m.setIperfChecked(
                    List.of(
                        HookScene.unit(2),
                        HookScene.unit(10),
                        HookScene.unit(1),
                        HookScene.unit(1)))));
  }

  @Test
  void readsAdvertisedAddressesInTheOrderOfThePeer() {
    peerPublishes("iperf_addresses", "[\"127.0.0.1\", \"192.0.2.2\", \"10.2.0.1\"]");

    assertEquals(
        Map.of(HookScene.unit(1), addresses("127.0.0.1", "192.0.2.2", "10.2.0.1")),
        with(MagpieInterface::advertisedAddresses));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "null",
        "7",
        "\"192.0.2.1\"",
        "{\"192.0.2.1\": 1}",
        "[",
        "",
        "[]",
        "['192.0.2.1']"
      })
  void aListThatIsNoneCountsAsNone(String value) {
    peerPublishes("iperf_addresses", value);

    assertEquals(Map.of(), with(MagpieInterface::advertisedAddresses));
  }

  /** Each of these makes every hook of every other Python unit fail. */
  @Test
  void entriesThatAreNoAddressHideNoOther() {
    peerPublishes(
        "iperf_addresses",
        "[null, 7, \"\", \"fe80::1%eth0\", [\"10.9.9.9\"], {\"a\": 1}, \"10.2.0.9/16\","
            + " \"010.002.000.001\", \"10.2\", \" 10.2.0.2 \", \"10.2.0.1\", \"2001:db8::1\"]");

    assertEquals(
        Map.of(HookScene.unit(1), addresses("10.2.0.1", "2001:db8::1")),
        with(MagpieInterface::advertisedAddresses));
  }

  @ParameterizedTest
  @ValueSource(strings = {"True", "False", " ", "yes"})
  void anyTextMeansReady(String value) {
    peerPublishes("iperf.server", value);

    assertEquals(
        List.of(HookScene.unit(1)),
        with(MagpieInterface::checkReadyIperfServers).stream().map(PeerNode::id).toList());
  }

  @Test
  void nobodyIsReadyWhoDidNotSaySo() {
    peerPublishes("iperf.server.checked", "True");

    assertEquals(List.of(), with(MagpieInterface::checkReadyIperfServers));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "['None magpie/10']",
        "[\"None magpie/10\"]",
        "  ['None magpie/10']\n",
        "['magpie/10']",
        // What two units come to that answer each other.
        "[\"['None magpie/1'] magpie/10\"]",
        "['[\"[\\'None magpie/1\\'] magpie/2\"] magpie/10']",
        "[\"[\\\"['None magpie/0'] magpie/1\\\", 'None magpie/2'] magpie/10\"]",
        "['None magpie/10', 'None -x', 'None ', '', 'None magpie/']",
        "['None magpie/10', 'None magpie/10']",
        "[None, 7, 'None magpie/10', True]"
      })
  void findsWholeNamesInWhateverWasNested(String value) {
    peerPublishes("iperf.checked", value);

    // Not magpie/1, which the original finds in it.
    assertEquals(Map.of(HookScene.unit(1), ids(10)), with(MagpieInterface::getIperfChecked));
  }

  @Test
  void readsSeveral() {
    peerPublishes("iperf.checked", "['None magpie/1', 'None magpie/2', 'None magpie/11']");

    assertEquals(Map.of(HookScene.unit(1), ids(1, 2, 11)), with(MagpieInterface::getIperfChecked));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "None",
        "[]",
        "[",
        "]",
        "['",
        "[']",
        "['\\",
        "['\\']",
        "{}",
        "None magpie/1",
        "[1, 2]",
        "[\"",
        "[magpie/1]",
        "['None magpie/1'"
      })
  void whatIsNoListNamesNobody(String value) {
    peerPublishes("iperf.checked", value);

    assertEquals(Map.of(), with(MagpieInterface::getIperfChecked));
  }

  @Test
  void whatItWritesItReads() {
    juju.settle();
    Set<PeerId> all = ids(1, 2, 10, 11);
    HookScene.run(juju.unit("magpie/1"), view -> MagpieInterface.of(view).setIperfChecked(all));
    HookScene.run(
        juju.unit("magpie/1"),
        view -> MagpieInterface.of(view).advertiseAddresses(addresses("10.0.0.11", "192.0.2.1")));
    juju.settle();

    assertEquals(Map.of(HookScene.unit(1), all), with(MagpieInterface::getIperfChecked));
    assertEquals(
        Map.of(HookScene.unit(1), addresses("10.0.0.11", "192.0.2.1")),
        with(MagpieInterface::advertisedAddresses));
  }

  @Test
  void nobodyCanChangeWhatWasRead() {
    peerPublishes("iperf.checked", "['None magpie/2']");
    Map<PeerId, Set<PeerId>> checked = with(MagpieInterface::getIperfChecked);

    assertThrows(UnsupportedOperationException.class, checked::clear);
    assertThrows(UnsupportedOperationException.class, () -> checked.get(HookScene.unit(1)).clear());
    Map<PeerId, List<IpAddress>> addresses = with(MagpieInterface::advertisedAddresses);
    assertThrows(
        UnsupportedOperationException.class, () -> addresses.put(HookScene.unit(3), List.of()));
  }
}
