/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import magpie.peers.ConfigurationException;
import magpie.peers.PeerAddress;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.PeersException;
import magpie.peers.spi.Membership;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;
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
          + " some time; with --leave-on-exit it leaves. With --from it joins as a topology file"
          + " declares this node, and publishes its settings.",
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

  @Option(
      names = "--from",
      paramLabel = "FILE",
      completionCandidates = Known.Files.class,
      description = "join with the addresses, labels and settings of this node in a topology file")
  private @Nullable String from;

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
    String declared = from;
    if (declared != null && (!addresses.isEmpty() || !named.isEmpty())) {
      throw usage("--from excludes --address and --set-label: the file says what they are");
    }
    if (addresses.isEmpty() && !named.isEmpty()) {
      throw usage("expected --address with --set-label, found none");
    }
    CountDownLatch ended = new CountDownLatch(1);
    try (PeerView view = open()) {
      Membership membership = membership(view);
      try {
        if (declared != null) {
          PeerNode node = declared(declared, view);
          membership.join(bestFirst(node), node.labels());
          if (!node.settings().isEmpty()) {
            view.publish(node.settings());
          }
        } else if (addresses.isEmpty()) {
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

  /** What a topology file declares for this node. */
  private PeerNode declared(String name, PeerView view) {
    PeerId id =
        view.selfId()
            .orElseThrow(
                () -> usage("expected --as ID with --from, found none; name the node that joins"));
    file(name);
    try (PeerView file = Peers.open(main().declared(name))) {
      return file.node(id)
          .orElseThrow(
              () ->
                  new ConfigurationException(
                      "expected a node "
                          + Quote.of(id.value())
                          + " in "
                          + Quote.of(name)
                          + ", found none among "
                          + file.ids().size()
                          + "; declare it there, or name another one with --as ID"));
    }
  }

  /** The addresses of a node as texts, with the one that its peers are to use in front. */
  private static List<String> bestFirst(PeerNode node) {
    Set<String> texts = new LinkedHashSet<>();
    node.address().ifPresent(address -> texts.add(address.toString()));
    for (PeerAddress address : node.addresses()) {
      texts.add(address.toString());
    }
    return List.copyOf(texts);
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
