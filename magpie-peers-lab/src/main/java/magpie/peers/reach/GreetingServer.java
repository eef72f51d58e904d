/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.reach;

import java.io.IOException;
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
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.Set;
import magpie.peers.IpAddress;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;

/**
 * The side of a listener that takes connections: greets those of peers, closes others, and keeps
 * within the limits. One thread does all of it; only throughput has its own.
 */
final class GreetingServer implements AutoCloseable {
  static final int MOST_CONNECTIONS = 256;
  static final int MOST_FROM_ONE_ADDRESS = 16;
  private static final Duration ROUND = Duration.ofSeconds(1);

  /** How long no connection is taken after the system could give none. */
  private static final Duration PAUSE = Duration.ofMillis(200);

  /** That the system gives no connections is said again if it was well for so long. */
  private static final Duration SAID_FOR = Duration.ofMinutes(1);

  private static final System.Logger LOG = System.getLogger(ReachListener.class.getName());

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
  private volatile Set<IpAddress> peers = Set.of();
  private volatile @Nullable ThroughputServer measuring;
  private volatile boolean closed;

  private GreetingServer(
      List<ServerSocketChannel> servers, Greeting greeting, boolean throughput, Duration longest)
      throws IOException {
    this.servers = servers;
    this.greeting = greeting.bytes();
    this.throughput = throughput;
    this.longest = longest;
    this.selector = Selector.open();
    this.thread = new Thread(this::serve, "magpie-reach-listener");
    thread.setDaemon(true);
  }

  /**
   * Binds the addresses, all with the port of the first, and does not answer yet.
   *
   * @throws java.net.BindException if one of them is in use
   */
  static GreetingServer bind(
      List<InetSocketAddress> addresses, Greeting greeting, boolean throughput, Duration longest)
      throws IOException {
    List<ServerSocketChannel> servers = new ArrayList<>();
    GreetingServer bound = null;
    try {
      int port = addresses.get(0).getPort();
      for (InetSocketAddress address : addresses) {
        ServerSocketChannel server = ServerSocketChannel.open();
        servers.add(server);
        server.configureBlocking(false);
        server.bind(new InetSocketAddress(address.getAddress(), port), MOST_CONNECTIONS);
        port = ((InetSocketAddress) server.getLocalAddress()).getPort();
      }
      GreetingServer made = new GreetingServer(servers, greeting, throughput, longest);
      for (ServerSocketChannel server : servers) {
        server.register(made.selector, SelectionKey.OP_ACCEPT);
      }
      bound = made;
      return made;
    } finally {
      if (bound == null) {
        servers.forEach(GreetingServer::close);
      }
    }
  }

  /** Begins to answer. */
  void start() {
    thread.start();
  }

  /** Answers connections from these addresses only. */
  void answer(Set<IpAddress> from) {
    peers = from;
  }

  /** Where it answers: nowhere when it is closed. */
  List<InetSocketAddress> endpoints() {
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

  /** Stops answering. No thread or socket stays behind. */
  @Override
  public void close() {
    closed = true;
    servers.forEach(GreetingServer::close);
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
  }
}
