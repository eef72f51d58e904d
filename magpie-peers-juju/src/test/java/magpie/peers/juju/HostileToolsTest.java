/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import magpie.peers.NodeFilter;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.juju.HookToolException.Reason;
import magpie.peers.testkit.juju.FakeJuju;
import magpie.peers.testkit.juju.FakeUnit;
import magpie.peers.testkit.juju.Fault;
import magpie.peers.testkit.juju.HookRun;
import magpie.peers.text.Quote;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Hook tools, and peers through them, that say what no Juju would. */
@Timeout(120)
class HostileToolsTest {
  private static final String AGAIN =
      "; exit code 0, nothing on stderr; the hook is to fail, so that Juju runs it again";

  @TempDir Path directory;
  private FakeJuju juju;
  private FakeUnit unit;

  @BeforeEach
  void twoUnits() {
    juju = HookScene.settled(directory, 2);
    unit = juju.unit("magpie/0");
  }

  @AfterEach
  void end() {
    juju.close();
  }

  private HookToolException failure(HookScene.Work<RuntimeException> work) {
    return assertThrows(HookToolException.class, () -> HookScene.run(unit, work));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-r",
        "--help/0",
        "--app",
        "-",
        "",
        "magpie/-1",
        "magpie /1",
        "magpie/1 --app",
        "magpie/1\n--app",
        "../1/2",
        "\u001b[2J/1"
      })
  void aNameThatIsNoUnitReachesNoOtherTool(String name) {
    juju.inject(Fault.stdout("[" + Quote.json(name) + "]\n").on("relation-list").always());
    int before = juju.calls().size();
    HookToolException e = failure(PeerView::snapshot);
    assertEquals(Reason.UNREADABLE_OUTPUT, e.reason());
    assertEquals(
        "hook tool relation-list --format=json -r magpie:1: expected unit names such as magpie/0 on"
            + " stdout, found "
            + Quote.of(name)
            + AGAIN,
        e.getMessage());
    assertEquals(
        List.of("relation-ids", "relation-list"),
        juju.calls().subList(before, juju.calls().size()).stream()
            .map(call -> call.tool())
            .toList());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"-r", "--help:0", "magpie", "magpie:", ":1", "magpie:-1", "magpie:1 -", "a b:1"})
  void aTextThatIsNoRelationReachesNoOtherTool(String id) {
    juju.inject(Fault.stdout("[" + Quote.json(id) + "]\n").on("relation-ids").always());
    int before = juju.calls().size();
    assertEquals(
        "hook tool relation-ids --format=json magpie: expected relation ids such as magpie:0 on"
            + " stdout, found "
            + Quote.of(id)
            + AGAIN,
        failure(PeerView::snapshot).getMessage());
    assertEquals(before + 1, juju.calls().size());
  }

  @ParameterizedTest
  @ValueSource(strings = {"-r", "--help", "a b", "a\n"})
  void aTextThatIsNoBindingReachesNoTool(String network) {
    HookRun run =
        HookScene.run(
            unit,
            view ->
                assertThrows(
                    IllegalArgumentException.class,
                    () -> view.nodes(NodeFilter.inNetwork(network))));
    assertEquals(0, run.toolCounts().getOrDefault("network-get", 0));
  }

  @Test
  void aHundredThousandKeysAreRead() {
    String keys =
        IntStream.range(0, 100_000)
            .mapToObj(i -> "\"key-" + i + "\":\"v\"")
            .collect(Collectors.joining(","));
    juju.inject(Fault.stdout("{" + keys + "}\n").on("relation-get"));
    PeerNode peer = HookScene.look(unit, view -> view.nodes().get(0));
    assertEquals(100_000, peer.settings().size());
    assertEquals("v", peer.settings().get("key-99999"));
  }

  @Test
  void whatIsNestedWithoutEndIsRefused() {
    String deep = "[".repeat(1_000_000);
    juju.inject(Fault.stdout("{\"a\":" + deep).on("relation-get"));
    assertEquals(
        "hook tool relation-get --format=json -r magpie:1 - magpie/1: expected a JSON object of"
            + " settings on stdout, found \"{\\\"a\\\":"
            + "[".repeat(195)
            + "\"... (1000005 characters)"
            + AGAIN,
        failure(PeerView::snapshot).getMessage());

    juju.inject(Fault.stdout(deep).on("relation-ids"));
    assertEquals(
        "hook tool relation-ids --format=json magpie: expected a JSON list of relation ids on stdout,"
            + " found \""
            + "[".repeat(200)
            + "\"... (1000000 characters)"
            + AGAIN,
        failure(PeerView::ids).getMessage());
  }

  @Test
  void addressesThatAreNestedWithoutEndAreNone() {
    String deep = "{\"version\":1,\"x\":" + "[".repeat(100_000);
    juju.inject(
        Fault.stdout(
                "{\"magpie-addresses\":"
                    + Quote.json(deep)
                    + ",\"iperf_addresses\":"
                    + Quote.json("[".repeat(100_000))
                    + ",\"ingress-address\":\"10.0.0.7\"}\n")
            .on("relation-get"));
    PeerNode peer = HookScene.look(unit, view -> view.nodes().get(0));
    assertEquals(Optional.of("10.0.0.7"), peer.address().map(address -> address.text()));
    assertEquals(1, peer.addresses().size());
  }
}
