/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import magpie.peers.PeerAddress;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.PeersException;
import magpie.peers.spi.Membership;
import magpie.peers.text.Quote;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Joins the peers, and keeps this node alive until it is ended. */
@Command(
    name = "join",
    description = {
      "Joins the peers as --as says, and keeps this node alive until it is ended (backend etcd).",
      "",
      "Without --address it joins with the addresses of the real interfaces of this machine. When it"
          + " is ended, this node stays a member, and is suspect when nothing was heard of it for"
          + " some time; with --leave-on-exit it leaves.",
      "json, yaml: id, addresses, labels, once it has joined."
    },
    footer = "  magpie-peers join --etcd 192.0.2.1:2379 --peer-set lab --as blade-02")
@SuppressWarnings("NullAway.Init") // picocli fills the fields in
final class JoinCommand extends MembershipCommand {
  @Option(
      names = "--address",
      paramLabel = "ADDRESS",
      description = "an address, with the prefix length of its network, or a host name; best first")
  private List<String> addresses = List.of();

  @Option(names = "--set-label", paramLabel = "KEY=VALUE", description = "a label of this node")
  private List<String> labels = List.of();

  @Option(names = "--leave-on-exit", description = "leave when this is ended")
  private boolean leave;

  @Override
  boolean ends() {
    return false;
  }

  @Override
  int run(Output out) {
    Map<String, String> named = new TreeMap<>();
    for (String label : labels) {
      int equals = label.indexOf('=');
      if (equals < 1) {
        throw usage("expected KEY=VALUE for --set-label, found " + Quote.of(label));
      }
      named.put(label.substring(0, equals), label.substring(equals + 1));
    }
    if (addresses.isEmpty() && !named.isEmpty()) {
      throw usage("expected --address with --set-label, found none");
    }
    CountDownLatch ended = new CountDownLatch(1);
    try (PeerView view = open()) {
      Membership membership = membership(view);
      try {
        if (addresses.isEmpty()) {
          membership.join();
        } else {
          membership.join(addresses, named);
        }
      } catch (IllegalArgumentException e) {
        throw usage(String.valueOf(e.getMessage()));
      }
      Runtime.getRuntime()
          .addShutdownHook(new Thread(() -> end(view, membership), "magpie-peers end"));
      view.self().ifPresent(node -> say(node, out));
      out.flush();
      ended.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return 0;
  }

  private void end(PeerView view, Membership membership) {
    try (view) {
      if (leave) {
        membership.leave();
      }
    } catch (PeersException e) {
      warn("could not leave: " + e.getMessage());
    }
  }

  private void say(PeerNode node, Output out) {
    List<String> texts = new ArrayList<>();
    for (PeerAddress address : node.addresses()) {
      texts.add(address.toString());
    }
    if (format() == Format.TABLE) {
      out.line("joined as " + node.id() + " with " + Quote.visible(String.join(", ", texts)));
    } else {
      print(Tree.map("id", node.id().value(), "addresses", texts, "labels", node.labels()), out);
    }
  }
}
