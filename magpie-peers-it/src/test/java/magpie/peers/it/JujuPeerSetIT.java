/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import magpie.peers.testkit.juju.Fault;
import magpie.peers.testkit.juju.HookRun;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Peer sets of Juju units. */
@InContainers
class JujuPeerSetIT {
  @Test
  void everyUnitOfThreeListsAndReachesAllOthers(Containers containers) {
    everyUnitListsAndReachesAllOthersOnEachNetworkInBothFamilies(3, containers);
  }

  @Test
  @Tag("thorough")
  void everyUnitOfTenListsAndReachesAllOthers(Containers containers) {
    everyUnitListsAndReachesAllOthersOnEachNetworkInBothFamilies(10, containers);
  }

  private static void everyUnitListsAndReachesAllOthersOnEachNetworkInBothFamilies(
      int size, Containers containers) {
    JujuModel model = JujuModel.of(containers, size);
    model.play();
    for (Node node : model.nodes()) {
      assertEquals("active: Ready, with " + (size - 1) + " peers", model.unit(node).status());
    }
    List<List<String>> reports =
        Containers.atOnce(model.nodes(), node -> model.ask(node, Expected.report(node)));
    for (Node node : model.nodes()) {
      assertEquals(
          Expected.reports(node, model.peersOf(node)), reports.get(node.number()), node.name());
    }
  }

  /** As a fresh unit is: the charm brings its own. */
  @Test
  @Tag("thorough")
  void charmRunsFromInstallToDepartedOnNodesWithoutJava(Containers containers) {
    JujuModel model = JujuModel.of(containers, 2);
    for (Node node : model.nodes()) {
      node.execute(Map.of(), "/", "sh", "-c", "rm -rf /opt/jre /opt/java /bin/java /usr/bin/java");
      assertEquals(
          "no java\n",
          node.execute(Map.of(), "/", "sh", "-c", "command -v java || echo no java").stdout());
    }
    List<HookRun> runs = new ArrayList<>(model.play());
    Node stays = model.node(0);
    assertEquals("active: Ready, with 1 peers", model.unit(stays).status());
    model.unit(model.node(1)).remove();
    List<HookRun> last = model.play();
    runs.addAll(last);
    assertEquals(
        List.of("departed: magpie/1 at " + model.oam().v4(model.node(1))), noticed(last, stays));
    for (HookRun run : runs) {
      assertEquals(0, run.exitCode(), () -> run + stays.log());
    }
  }

  @Tag("thorough")
  @Test
  void fourthUnitJoinsLeavesAndRejoinsOnceEach(Containers containers) {
    JujuModel model = JujuModel.of(containers, 3);
    model.play();
    List<Node> first = model.nodes();

    Node fourth = model.add();
    List<HookRun> runs = model.play();
    for (Node node : first) {
      assertEquals(List.of("magpie/3 joined"), noticed(runs, node));
      assertEquals("active: Ready, with 3 peers", model.unit(node).status());
    }
    assertEquals(Expected.reports(fourth, first), model.ask(fourth, Expected.report(fourth)));

    model.unit(fourth).remove();
    runs = model.play();
    fourth.stop();
    for (Node node : first) {
      assertEquals(List.of("departed: magpie/3 at " + model.oam().v4(fourth)), noticed(runs, node));
      assertEquals("active: Ready, with 2 peers", model.unit(node).status());
    }

    fourth.startAgain();
    model.addAgain(fourth);
    runs = model.play();
    for (Node node : first) {
      assertEquals(List.of("magpie/3 joined"), noticed(runs, node));
      assertEquals(List.of(), model.ask(node, "notices"), "all are dealt with");
      assertEquals(
          Expected.reports(node, model.peersOf(node)), model.ask(node, Expected.report(node)));
    }
  }

  /** Returns what the charm of a node said of notices in hooks that succeeded. */
  private static List<String> noticed(List<HookRun> runs, Node node) {
    return runs.stream()
        .filter(run -> run.unit().equals(node.name()) && run.committed())
        .flatMap(run -> run.calls().stream())
        .filter(call -> call.tool().equals("juju-log"))
        .flatMap(call -> call.arguments().get(call.arguments().size() - 1).lines())
        .filter(line -> line.endsWith(" joined") || line.startsWith("departed: "))
        .toList();
  }

  @Tag("thorough")
  @ParameterizedTest
  @ValueSource(strings = {"state-set", "status-set"})
  void unitKilledWhileItRecordsLosesNoNotice(String tool, Containers containers) {
    JujuModel model = JujuModel.of(containers, 3);
    Node killed = model.node(0);
    model.juju().inject(Fault.hang().on(tool).unit(killed.name()).during("magpie-relation-joined"));

    CompletableFuture<List<HookRun>> playing = CompletableFuture.supplyAsync(model::play);
    model.awaitFault();
    killed.kill();
    killed.startAgain();

    List<HookRun> runs = playing.join();
    assertEquals(
        List.of("magpie/1 attempt 1 failed", "magpie/1 attempt 2", "magpie/2 attempt 1"),
        runs.stream()
            .filter(run -> run.unit().equals(killed.name()))
            .filter(run -> run.hook().name().equals("magpie-relation-joined"))
            .map(
                run ->
                    run.hook().remoteUnit()
                        + " attempt "
                        + run.attempt()
                        + (run.committed() ? "" : " failed"))
            .toList());
    assertEquals(List.of("magpie/1 joined", "magpie/2 joined"), noticed(runs, killed));
  }

  @Tag("thorough")
  @Test
  void unitCutOffOneNetworkIsListedAndReachedOnTheOther(Containers containers) {
    JujuModel model = JujuModel.of(containers, 3);
    model.play();
    Node node = model.node(0);
    Node cut = model.node(1);
    List<String> whole = Expected.reports(node, model.peersOf(node));

    cut.cutOff(model.storage());
    assertEquals(
        Expected.unreachable(whole, model.storage(), cut),
        Expected.withoutReasons(model.ask(node, Expected.report(node))));

    cut.reconnect(model.storage());
    Expected.soon(whole, () -> model.ask(node, Expected.report(node)));
    Expected.soon(
        Expected.reports(cut, model.peersOf(cut)), () -> model.ask(cut, Expected.report(cut)));
  }

  @Tag("thorough")
  @Test
  void setThatIsHalfUpgradedFromThePythonInterfaceSeesAll(Containers containers) {
    JujuModel model = JujuModel.of(containers, 4);
    List<Node> upgraded = model.nodes().subList(0, 2);
    List<Node> original = model.nodes().subList(2, 4);
    original.forEach(model::pythonUnit);
    model.play();
    for (Node node : upgraded) {
      model.ask(node, MagpieProgram.class, Stream.concat(Stream.of("speak"), v4(node)));
    }
    model.play();

    for (Node node : upgraded) {
      List<String> expected = new ArrayList<>();
      for (Node peer : model.peersOf(node)) {
        String addresses = String.join(", ", advertised(peer, original.contains(peer)).toList());
        expected.add(
            peer.name()
                + " advertises ["
                + addresses
                + "] is ready checked "
                + model.peersOf(peer).stream().map(Node::name).toList());
      }
      assertEquals(expected, model.ask(node, MagpieProgram.class, Stream.of("hear")));

      String[] networks = {"report", model.oam().v4(), model.storage().v4()};
      List<String> reached = new ArrayList<>();
      for (NodeNetwork network : List.of(model.oam(), model.storage())) {
        model
            .peersOf(node)
            .forEach(
                peer ->
                    reached.add(
                        Expected.answer(network.v4(), peer, network.v4(peer), peer.name())));
      }
      assertEquals(reached, model.ask(node, networks));
    }
    for (Node node : original) {
      List<String> expected =
          model.peersOf(node).stream()
              .map(
                  peer ->
                      "%s [%s] True [%s]"
                          .formatted(
                              peer.name(),
                              advertised(peer, original.contains(peer))
                                  .map(address -> "\"" + address + "\"")
                                  .collect(Collectors.joining(", ")),
                              model.peersOf(peer).stream()
                                  .map(other -> "'None " + other.name() + "'")
                                  .collect(Collectors.joining(", "))))
              .toList();
      assertEquals(expected, model.hearAsPython(node));
    }
  }

  /** The original advertises its loopback address too; it sorts as text. */
  private static Stream<String> advertised(Node node, boolean original) {
    return Stream.concat(v4(node), original ? Stream.of("127.0.0.1") : Stream.of());
  }

  private static Stream<String> v4(Node node) {
    return node.networks().stream().map(network -> network.v4(node));
  }
}
