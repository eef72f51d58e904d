/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Peer sets on a bench. */
@InContainers
class LocalPeerSetIT {
  private static final Pattern NOTICED =
      Pattern.compile("\"notices\",\"joined\":\\[[^\\]]*\"magpie/(\\d{4})\"\\]");

  @Test
  void everyNodeOfThreeListsAndReachesAllOthers(Containers containers) {
    everyNodeListsAndReachesAllOthersOnEachNetworkInBothFamilies(3, containers);
  }

  @Test
  @Tag("thorough")
  void everyNodeOfTenListsAndReachesAllOthers(Containers containers) {
    everyNodeListsAndReachesAllOthersOnEachNetworkInBothFamilies(10, containers);
  }

  private static void everyNodeListsAndReachesAllOthersOnEachNetworkInBothFamilies(
      int size, Containers containers) {
    LocalBench bench = LocalBench.of(containers, size);
    List<List<String>> reports =
        Containers.atOnce(bench.nodes(), node -> node.ask(Expected.report(node)));
    for (Node node : bench.nodes()) {
      assertEquals(
          Expected.reports(node, bench.peersOf(node)), reports.get(node.number()), node.name());
    }
  }

  @Tag("thorough")
  @Test
  void fourthNodeJoinsLeavesAndRejoinsOnceEach(Containers containers) {
    LocalBench bench = LocalBench.of(containers, 3);
    List<Node> first = bench.nodes();
    first.forEach(node -> node.ask("dismiss"));

    Node fourth = bench.add();
    for (Node node : first) {
      node.awaitLine(Expected.noticed(List.of(fourth), List.of())::equals);
      assertEquals(List.of(Expected.joined(fourth)), node.ask("dismiss"));
    }
    assertEquals(Expected.reports(fourth, first), fourth.ask(Expected.report(fourth)));

    bench.depart(fourth);
    for (Node node : first) {
      node.awaitLine(Expected.noticed(List.of(), List.of(fourth))::equals);
      assertEquals(List.of(Expected.departed(fourth)), node.ask("notices"));
    }
    fourth.stop();

    bench.rejoin(fourth);
    fourth.startAgain();
    for (Node node : first) {
      node.awaitLine(
          line -> node.lines().lastIndexOf(Expected.noticed(List.of(fourth), List.of())) > 0);
      assertEquals(List.of(Expected.joined(fourth)), node.ask("notices"));
      assertEquals(
          List.of(
              Expected.changed(List.of(fourth), List.of(), bench.peersOf(node)),
              Expected.changed(List.of(), List.of(fourth), others(first, node)),
              Expected.changed(List.of(fourth), List.of(), bench.peersOf(node))),
          node.lines().stream().filter(line -> line.contains("\"changed\"")).toList(),
          node.name());
    }
  }

  private static List<Node> others(List<Node> nodes, Node node) {
    return nodes.stream().filter(other -> other != node).toList();
  }

  /**
   * While hosts appear one after the other, the node that records them is killed; before it is
   * back, all of them are gone. So what it recorded is the only trace of them.
   */
  @Tag("thorough")
  @Test
  void nodeKilledWhileItRecordsLosesNoNotice(Containers containers) {
    LocalBench bench = LocalBench.of(containers, 3);
    Node killed = bench.node(0);
    bench.depart(bench.node(2));
    killed.awaitLine(line -> line.contains("\"departed\":[\"magpie/2\"]"));
    List<String> expected =
        new ArrayList<>(List.of(Expected.joined(bench.node(1)), Expected.departed(bench.node(2))));

    for (int first = 1_000; first < 6_000; first += 1_000) {
      int from = first;
      Node editing = bench.node(1);
      CompletableFuture<Void> edits =
          CompletableFuture.runAsync(() -> bench.appendHosts(editing, from));
      killed.awaitLine(line -> newestNoticed(line) >= from);
      killed.kill();
      int said =
          killed.lines().stream().mapToInt(LocalPeerSetIT::newestNoticed).max().orElseThrow();
      bench.noMoreHosts(editing);
      edits.join();
      bench.writeTopology(bench.topology());
      killed.startAgain();

      // It may have recorded more than it came to say, but nothing it has said may be missing.
      List<String> noticed = killed.ask("notices");
      int recorded = Math.max(said, first + noticed.size() - expected.size() - 1);
      IntStream.rangeClosed(first, recorded)
          .mapToObj(host -> "{\"departed\":\"magpie/" + host + "\",\"last\":[]}")
          .forEach(expected::add);
      assertEquals(expected, noticed);
    }
  }

  /** Returns the greatest number of a host that a line says has joined, 0 if it is no such line. */
  private static int newestNoticed(String line) {
    Matcher joined = NOTICED.matcher(line);
    return joined.find() ? Integer.parseInt(joined.group(1)) : 0;
  }

  @Tag("thorough")
  @Test
  void nodeCutOffOneNetworkIsListedAndReachedOnTheOther(Containers containers) {
    LocalBench bench = LocalBench.of(containers, 3);
    Node cut = bench.node(1);
    List<String> whole = Expected.reports(bench.node(0), bench.peersOf(bench.node(0)));

    cut.cutOff(bench.storage());
    assertEquals(
        Expected.unreachable(whole, bench.storage(), cut),
        Expected.withoutReasons(bench.node(0).ask(Expected.report(bench.node(0)))));

    cut.reconnect(bench.storage());
    Expected.soon(whole, () -> bench.node(0).ask(Expected.report(bench.node(0))));
    Expected.soon(Expected.reports(cut, bench.peersOf(cut)), () -> cut.ask(Expected.report(cut)));
  }

  @Tag("thorough")
  @Test
  void silentNodeIsStillListed(Containers containers) {
    LocalBench bench = LocalBench.of(containers, 3);
    Node silent = bench.node(2);
    List<String> whole = Expected.reports(bench.node(0), bench.peersOf(bench.node(0)));

    silent.pause();
    List<String> expected =
        Expected.unreachable(
            Expected.unreachable(whole, bench.oam(), silent), bench.storage(), silent);
    assertEquals(
        expected, Expected.withoutReasons(bench.node(0).ask(Expected.report(bench.node(0)))));

    silent.resume();
    assertEquals(whole, bench.node(0).ask(Expected.report(bench.node(0))));
  }

  @Tag("thorough")
  @Test
  void badEditLeavesTenNodesTheirPeersUntilTheFileIsRepaired(Containers containers) {
    LocalBench bench = LocalBench.of(containers, 10);
    String good = bench.topology();

    String address = bench.oam().v4(bench.node(4));
    String bad = good.replace(address, "203.0.113.14");
    bench.writeTopology(bad);
    String line = bad.lines().toList().get(12);
    String why =
        """
        /bench/bench.magpie.yaml:13:47: error [address-outside-networks] 203.0.113.14 is in none \
        of: oam, storage
          13 | %s
             |                                               ^^^^^^^^^^^^^^
          at nodes.magpie/4.addresses[0]; fix: add a network that contains 203.0.113.14 or \
        correct the address"""
            .formatted(line);
    for (Node node : bench.nodes()) {
      String said = node.awaitLine(l -> l.startsWith("{\"event\":\"stale\""));
      assertEquals(Expected.stale(why, bench.peersOf(node)), said);
    }

    bench.writeTopology(good);
    for (Node node : bench.nodes()) {
      String said = node.awaitLine(l -> l.startsWith("{\"event\":\"fresh\""));
      assertEquals(Expected.fresh(bench.peersOf(node)), said);
      assertEquals(
          List.of("started", "stale", "fresh"),
          node.lines().stream()
              .map(l -> l.replaceAll("\\{\"event\":\"(\\w+)\".*", "$1"))
              .filter(event -> !event.equals("notices") && !event.startsWith("{"))
              .toList(),
          "nothing has changed for " + node.name());
    }
  }

  @Tag("thorough")
  @Test
  void viewIsInjectedInRunningNode(Containers containers) {
    LocalBench bench = LocalBench.of(containers, 3, PackagedJars.forBenchWithInjection());
    for (Node node : bench.nodes()) {
      assertEquals(
          bench.peersOf(node).stream().map(Node::name).toList(),
          node.ask(InjectedProgram.class, Stream.of()));
    }
  }
}
