/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import java.net.InetSocketAddress;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import magpie.peers.PeerView;
import magpie.peers.reach.ReachListener;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Answers peers until it is interrupted. */
@Command(
    name = "listen",
    description = {
      "Answers peers that ask with 'reach', until it is interrupted.",
      "",
      "It answers on every address of this machine, and only to addresses that a peer has. The port"
          + " is published as the setting "
          + ReachListener.KEY
          + " where the backend can publish, and taken back at the end."
    },
    footer = "  magpie-peers listen --topology bench.magpie.yaml --port 0")
final class ListenCommand extends PeersCommand {
  private static final int LONGEST_END_SECONDS = 10;

  @Option(
      names = "--network",
      paramLabel = "NETWORK",
      completionCandidates = Known.Networks.class,
      description = "only on the addresses in this network (name or CIDR)")
  private @Nullable String network;

  @Option(
      names = "--port",
      paramLabel = "PORT",
      description = "the port, 0 for a free one (default: " + ReachListener.USUAL_PORT + ")")
  private int port = ReachListener.USUAL_PORT;

  @Option(names = "--allow-throughput", description = "let one peer at a time measure throughput")
  private boolean throughput;

  @Override
  boolean ends() {
    return false;
  }

  @Override
  int run(Output out) {
    CountDownLatch ended = new CountDownLatch(1);
    CountDownLatch gone = new CountDownLatch(1);
    Thread end =
        new Thread(
            () -> {
              ended.countDown();
              // What was published is taken back before the process ends.
              await(gone, LONGEST_END_SECONDS);
            },
            "magpie-peers end");
    Runtime.getRuntime().addShutdownHook(end);
    try (PeerView view = open();
        ReachListener listener = start(view)) {
      tell(view, listener, out);
      await(ended, Long.MAX_VALUE);
    } finally {
      gone.countDown();
    }
    return 0;
  }

  private static void await(CountDownLatch latch, long seconds) {
    try {
      latch.await(seconds, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private ReachListener start(PeerView view) {
    ReachListener.Builder builder = ReachListener.on(view);
    try {
      builder.port(port);
    } catch (IllegalArgumentException e) {
      throw usage("--port: " + e.getMessage());
    }
    if (network != null) {
      builder.network(network);
    }
    if (throughput) {
      builder.allowThroughput();
    }
    return builder.start();
  }

  private void tell(PeerView view, ReachListener listener, Output out) {
    listener.notPublished().ifPresent(reason -> warn("the port is not published: " + reason));
    String id = view.selfId().map(Object::toString).orElse("");
    if (format() == Format.TABLE) {
      for (InetSocketAddress endpoint : listener.endpoints()) {
        out.line(id + " listens on " + written(endpoint));
      }
    } else {
      print(
          Tree.map(
              "id",
              id,
              "port",
              listener.port(),
              "endpoints",
              Tree.list(listener.endpoints(), ListenCommand::written),
              "published",
              listener.notPublished().isEmpty()),
          out);
    }
    out.flush();
  }

  private static String written(InetSocketAddress endpoint) {
    String address = endpoint.getAddress().getHostAddress();
    int zone = address.indexOf('%');
    String plain = zone < 0 ? address : address.substring(0, zone);
    return endpoint.getAddress().isAnyLocalAddress()
        ? "every address, port " + endpoint.getPort()
        : (plain.indexOf(':') < 0 ? plain : "[" + plain + "]") + ":" + endpoint.getPort();
  }
}
