/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.reach;

import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashSet;
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
import magpie.peers.text.Quote;
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

  static final int MOST_CONNECTIONS = 256;
  static final int MOST_FROM_ONE_ADDRESS = 16;
  private static final Duration LONGEST_CONNECTION = Duration.ofSeconds(10);
  private static final Duration ROUND = Duration.ofSeconds(1);

  /** How long no connection is taken after the system could give none. */
  private static final Duration PAUSE = Duration.ofMillis(200);

  /** That the system gives no connections is said again if it was well for so long. */
  private static final Duration SAID_FOR = Duration.ofMinutes(1);

  private static final System.Logger LOG = System.getLogger(ReachListener.class.getName());

  private final PeerView view;
  private final byte[] greeting;
  private final boolean throughput;
  private final Duration longest;
  private final List<ServerSocketChannel> servers;
  private final Selector selector;
  private final Thread thread;

  /** The oldest first. */
  private final Set<Connection> connections = new LinkedHashSet<>();

  private boolean broken;
  private boolean paused;
  private long resume;
  private final int port;
  private final Optional<String> notPublished;
  private final Subscription subscription;
  private volatile Set<IpAddress> peers = Set.of();
  private volatile @Nullable ThroughputServer measuring;
  private volatile boolean closed;

  private ReachListener(
      Builder options,
      PeerId self,
      List<ServerSocketChannel> servers,
      Selector selector,
      int port) {
    this.view = options.view;
    this.greeting = new Greeting(self).bytes();
    this.throughput = options.throughput;
    this.longest = options.longest;
    this.servers = servers;
    this.selector = selector;
    this.port = port;
    this.thread = new Thread(this::serve, "magpie-reach-listener");
    thread.setDaemon(true);
    this.subscription = view.listen(event -> peers = addresses(event.snapshot().nodes()));
    peers = addresses(view.nodes());
    thread.start();
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
      List<ServerSocketChannel> servers = new ArrayList<>();
      boolean started = false;
      try {
        int bound = port;
        for (InetSocketAddress address : addresses()) {
          ServerSocketChannel server = ServerSocketChannel.open();
          servers.add(server);
          server.configureBlocking(false);
          server.bind(new InetSocketAddress(address.getAddress(), bound), MOST_CONNECTIONS);
          bound = ((InetSocketAddress) server.getLocalAddress()).getPort();
        }
        Selector selector = Selector.open();
        for (ServerSocketChannel server : servers) {
          server.register(selector, SelectionKey.OP_ACCEPT);
        }
        ReachListener listener = new ReachListener(this, self, servers, selector, bound);
        started = true;
        return listener;
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
      } finally {
        if (!started) {
          servers.forEach(ReachListener::close);
        }
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
    List<InetSocketAddress> all = new ArrayList<>();
    for (ServerSocketChannel server : servers) {
      try {
        if (server.getLocalAddress() instanceof InetSocketAddress address) {
          all.add(address);
        }
      } catch (IOException e) {
        // Closed meanwhile: it answers nowhere.
      }
    }
    return Collections.unmodifiableList(all);
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

  /** A connection of a peer until it says what it wants, or goes. */
  private static final class Connection {
    private final SocketChannel channel;
    private final IpAddress from;
    private final ByteBuffer said = ByteBuffer.allocate(ThroughputServer.LONGEST_REQUEST);
    private final long until;

    Connection(SocketChannel channel, IpAddress from, Duration longest) {
      this.channel = channel;
      this.from = from;
      this.until = System.nanoTime() + longest.toNanos();
    }
  }

  private void serve() {
    try {
      while (!closed) {
        selector.select(this::handle, (paused ? PAUSE : ROUND).toMillis());
        long now = System.nanoTime();
        if (paused && resume - now <= 0) {
          paused = false;
          accepting(SelectionKey.OP_ACCEPT);
        }
        for (Connection connection : List.copyOf(connections)) {
          if (connection.until - now <= 0) {
            end(connection);
          }
        }
        ThroughputServer server = measuring;
        if (server != null && server.endIfOver(now)) {
          measuring = null;
        }
      }
    } catch (IOException | ClosedSelectorException | CancelledKeyException e) {
      // The selector or a channel was closed: so is this listener.
    } finally {
      connections.forEach(connection -> close(connection.channel));
      connections.clear();
    }
  }

  private void handle(SelectionKey key) {
    if (!key.isValid()) {
      return;
    }
    if (key.channel() instanceof ServerSocketChannel server) {
      accept(server);
    } else if (key.attachment() instanceof Connection connection) {
      try {
        read(connection);
      } catch (IOException e) {
        end(connection);
      }
    }
  }

  /**
   * The system has no descriptor for a connection. It stays where it is and would be reported again
   * at once, without end; so none is taken for a moment.
   */
  private void pause(IOException e) {
    long now = System.nanoTime();
    if (!broken || now - resume > SAID_FOR.toNanos()) {
      LOG.log(
          System.Logger.Level.WARNING,
          "peers that connect are not answered: the system gives no more connections ("
              + Quote.visible(String.valueOf(e.getMessage()))
              + "); they wait until it does, so close other programs or raise the limit of open"
              + " files");
    }
    broken = true;
    paused = true;
    resume = now + PAUSE.toNanos();
    accepting(0);
  }

  private void accepting(int operations) {
    for (ServerSocketChannel server : servers) {
      SelectionKey key = server.keyFor(selector);
      if (key != null && key.isValid()) {
        key.interestOps(operations);
      }
    }
  }

  private void accept(ServerSocketChannel server) {
    SocketChannel channel;
    try {
      channel = server.accept();
    } catch (ClosedChannelException e) {
      return;
    } catch (IOException e) {
      pause(e);
      return;
    }
    if (channel == null) {
      return;
    }
    boolean kept = false;
    try {
      IpAddress from =
          MachineAddresses.of(((InetSocketAddress) channel.getRemoteAddress()).getAddress());
      if (!peers.contains(from)) {
        return;
      }
      makeRoom(from);
      channel.configureBlocking(false);
      // A new connection takes a line as short as this at once, or it is not worth keeping.
      if (channel.write(ByteBuffer.wrap(greeting)) == greeting.length) {
        Connection connection = new Connection(channel, from, longest);
        channel.register(selector, SelectionKey.OP_READ, connection);
        connections.add(connection);
        kept = true;
      }
    } catch (IOException e) {
      // It went away: the next one may be answered.
    } finally {
      if (!kept) {
        close(channel);
      }
    }
  }

  /**
   * Where there are too many connections the oldest goes: it has heard the greeting, and those that
   * come have not.
   */
  private void makeRoom(IpAddress from) {
    List<Connection> same = new ArrayList<>();
    for (Connection connection : connections) {
      if (connection.from.equals(from)) {
        same.add(connection);
      }
    }
    if (same.size() >= MOST_FROM_ONE_ADDRESS) {
      end(same.get(0));
    } else if (connections.size() >= MOST_CONNECTIONS) {
      end(connections.iterator().next());
    }
  }

  private void read(Connection connection) throws IOException {
    int read = connection.channel.read(connection.said);
    String text =
        new String(
            connection.said.array(), 0, connection.said.position(), StandardCharsets.US_ASCII);
    int end = text.indexOf('\n');
    OptionalInt seconds =
        end < 0 ? OptionalInt.empty() : ThroughputServer.request(text.substring(0, end));
    if (seconds.isPresent()) {
      measure(connection, seconds.getAsInt());
    } else if (end >= 0 || read < 0 || !connection.said.hasRemaining()) {
      end(connection);
    }
  }

  private void measure(Connection connection, int seconds) throws IOException {
    if (!throughput || measuring != null) {
      String answer = throughput ? ThroughputServer.BUSY : ThroughputServer.REFUSED;
      connection.channel.write(ByteBuffer.wrap(answer.getBytes(StandardCharsets.US_ASCII)));
      end(connection);
      return;
    }
    Objects.requireNonNull(connection.channel.keyFor(selector), "key").cancel();
    connections.remove(connection);
    measuring = ThroughputServer.start(connection.channel, seconds, selector::wakeup);
  }

  private void end(Connection connection) {
    connections.remove(connection);
    close(connection.channel);
  }

  static void close(AutoCloseable channel) {
    try {
      channel.close();
    } catch (Exception e) {
      // It is closed for us.
    }
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
    servers.forEach(ReachListener::close);
    close(selector);
    ThroughputServer server = measuring;
    if (server != null) {
      server.close();
    }
    boolean interrupted = false;
    while (true) {
      try {
        thread.join();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    // Another listener of this node, at another port, may have published its own since.
    if (notPublished.isEmpty()
        && String.valueOf(port).equals(view.published().getOrDefault(KEY, ""))) {
      view.publish(KEY, "");
    }
  }
}
