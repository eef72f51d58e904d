/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.reach;

import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.Predicate;
import magpie.peers.ConfigurationException;
import magpie.peers.IpAddress;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.PeersException;
import magpie.peers.SourceUnavailableException;
import magpie.peers.Subscription;
import org.jspecify.annotations.Nullable;

/**
 * Answers peers that ask whether this node is there.
 *
 * <p>It answers on all addresses of this machine, or on those in one network, on one port, and only
 * to addresses that a peer has; to others it closes the connection without a word. What it says is
 * one short line with the id of this node. Where the backend can publish, the port is published
 * under {@value #KEY}, so that {@link Reach} finds it, and taken back at the end.
 *
 * <p><b>Limits.</b> At most 256 connections at a time, at most 16 from one address, each for at
 * most ten seconds and for at most 64 bytes from the peer. A connection too many is answered, and
 * the oldest closed. Throughput is measured with one peer at a time, where it is {@linkplain
 * Builder#allowThroughput() allowed}. While the system gives no connections, because this process
 * has too many open files, peers wait; that is logged once.
 *
 * <p><b>Threads.</b> One thread answers; one more while throughput is measured. Safe for use by
 * many threads.
 */
public final class ReachListener implements AutoCloseable {
  /** The setting under which a node publishes the port that it listens on. */
  public static final String KEY = "magpie.listen";

  /** The port that is listened on unless another is named; IANA has not assigned it. */
  public static final int USUAL_PORT = 26497;

  private static final Duration LONGEST_CONNECTION = Duration.ofSeconds(10);

  private final PeerView view;
  private final GreetingServer server;
  private final int port;
  private final Optional<String> notPublished;
  private final Subscription subscription;
  private volatile boolean closed;

  private ReachListener(PeerView view, GreetingServer server) {
    this.view = view;
    this.server = server;
    this.port = server.endpoints().get(0).getPort();
    this.subscription = view.listen(event -> server.answer(addresses(event.snapshot().nodes())));
    server.answer(addresses(view.nodes()));
    server.start();
    this.notPublished = publish(String.valueOf(port));
  }

  /**
   * Starts to describe a listener.
   *
   * @param view the view of this node, which must stay open until the listener is closed
   * @return a builder: all addresses, the usual port, no throughput
   */
  public static Builder on(PeerView view) {
    return new Builder(view);
  }

  /** Describes a listener. Not thread-safe. */
  public static final class Builder {
    private final PeerView view;
    private @Nullable String network;
    private int port = USUAL_PORT;
    private boolean throughput;
    private Duration longest = LONGEST_CONNECTION;

    private Builder(PeerView view) {
      this.view = Objects.requireNonNull(view, "view");
    }

    /**
     * Listens only on the addresses that this machine has in a network.
     *
     * @param nameOrCidr the name of a network, or a CIDR
     * @return this builder
     */
    public Builder network(String nameOrCidr) {
      network = Objects.requireNonNull(nameOrCidr, "nameOrCidr");
      return this;
    }

    /**
     * Listens on a port.
     *
     * @param number 1 to 65535, or 0 for a free one
     * @return this builder
     * @throws IllegalArgumentException if it is out of range
     */
    public Builder port(int number) {
      if (number < 0 || number > 0xffff) {
        throw new IllegalArgumentException(
            "expected a port from 0 to " + 0xffff + ", found " + number);
      }
      port = number;
      return this;
    }

    /**
     * Lets peers measure throughput.
     *
     * @return this builder
     */
    public Builder allowThroughput() {
      throughput = true;
      return this;
    }

    /** Keeps a connection so long; tests cannot wait as long as peers may take. */
    Builder longest(Duration time) {
      longest = time;
      return this;
    }

    /**
     * Begins to listen.
     *
     * @return the listener
     * @throws ConfigurationException if this node has no id, as an observer, if the network is not
     *     known or this machine has no address in it, or if the port is in use
     * @throws PeersException if the peers cannot be read, or the system lends no sockets
     */
    public ReachListener start() {
      PeerId self =
          view.selfId()
              .orElseThrow(
                  () ->
                      new ConfigurationException(
                          "expected to listen as a node, found an observer, which has no id; say"
                              + " which node this is"));
      GreetingServer server = bind(new Greeting(self));
      boolean started = false;
      try {
        ReachListener listener = new ReachListener(view, server);
        started = true;
        return listener;
      } finally {
        if (!started) {
          server.close();
        }
      }
    }

    private GreetingServer bind(Greeting greeting) {
      try {
        return GreetingServer.bind(addresses(), greeting, throughput, longest);
      } catch (BindException e) {
        throw new ConfigurationException(
            "expected port "
                + port
                + " of this machine to be free, found an error: "
                + e.getMessage()
                + "; end what listens there, or choose another port (0 for a free one)",
            e);
      } catch (IOException e) {
        throw new SourceUnavailableException(
            "this machine",
            "expected sockets to listen with, found an error: " + e.getMessage(),
            e);
      }
    }

    private List<InetSocketAddress> addresses() {
      if (network == null) {
        return List.of(new InetSocketAddress(port));
      }
      Predicate<IpAddress> inside = Reach.inside(view, network);
      List<InetSocketAddress> all = new ArrayList<>();
      for (IpAddress address : MachineAddresses.all()) {
        if (inside.test(address)) {
          all.add(new InetSocketAddress(address.toInetAddress(), port));
        }
      }
      if (all.isEmpty()) {
        throw new ConfigurationException(
            "expected this machine to have an address in "
                + network
                + ", found none; its addresses are "
                + MachineAddresses.all());
      }
      return all;
    }
  }

  /** The port on which a node says that it listens. */
  static OptionalInt published(PeerNode node) {
    String text = node.settings().getOrDefault(KEY, "");
    int port = 0;
    for (int i = 0; i < text.length() && port >= 0; i++) {
      int digit = text.charAt(i) - '0';
      port = digit < 0 || digit > 9 || port > 0xffff ? -1 : 10 * port + digit;
    }
    return port > 0 && port <= 0xffff ? OptionalInt.of(port) : OptionalInt.empty();
  }

  /**
   * Returns the port that is listened on.
   *
   * @return the port, the one that was found free where 0 was asked for
   */
  public int port() {
    return port;
  }

  /**
   * Returns where this listener answers.
   *
   * @return the addresses with the port, unmodifiable; {@code 0.0.0.0} or {@code ::} for all
   */
  public List<InetSocketAddress> endpoints() {
    return server.endpoints();
  }

  /**
   * Says why the port is not published: peers then have to name it.
   *
   * @return the reason, or empty if it is published
   */
  public Optional<String> notPublished() {
    return notPublished;
  }

  private Optional<String> publish(String value) {
    try {
      view.publish(KEY, value);
      return Optional.empty();
    } catch (PeersException | UnsupportedOperationException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
  }

  private Set<IpAddress> addresses(List<PeerNode> nodes) {
    Set<IpAddress> all = new HashSet<>();
    for (PeerNode node : nodes) {
      all.addAll(Reach.addresses(node));
    }
    // Where two nodes have each other's addresses, one asks itself, and must learn it.
    view.self().ifPresent(own -> all.addAll(Reach.addresses(own)));
    return all;
  }

  /**
   * Stops listening, and takes back what was published. No thread or socket stays behind (F2).
   * Idempotent.
   *
   * @throws PeersException if what was published cannot be taken back
   */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    subscription.close();
    server.close();
    // Another listener of this node, at another port, may have published its own since.
    if (notPublished.isEmpty()
        && String.valueOf(port).equals(view.published().getOrDefault(KEY, ""))) {
      view.publish(KEY, "");
    }
  }
}
