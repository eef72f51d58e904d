/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.reach;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.BooleanSupplier;
import magpie.peers.ConfigurationException;
import magpie.peers.NodeFilter;
import magpie.peers.PeerView;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever comes in, a listener keeps its limits and answers its peers. */
class ReachListenerTest {
  private static final Duration PATIENT = Duration.ofSeconds(60);
  private static final int NODES = 40;
  private static final String GREETING = "magpie-reach 1 n/1\n";
  private static final long TENTH = Duration.ofMillis(100).toNanos();

  @TempDir Path directory;
  private LoopbackBench bench;
  private PeerView asking;
  private ReachListener listener;
  private final List<Client> clients = new ArrayList<>();

  @BeforeEach
  void listen() {
    bench = new LoopbackBench(directory, NODES);
    asking = bench.node(0);
    listener =
        ReachListener.on(bench.node(1))
            .port(0)
            .allowThroughput()
            .longest(Duration.ofSeconds(1))
            .start();
  }

  @AfterEach
  void end() throws IOException {
    for (Client client : clients) {
      client.channel.close();
    }
    listener.close();
    bench.close();
  }

  /** One that connects from an address, and looks at what comes back without waiting. */
  private static final class Client {
    private final String from;
    private final SocketChannel channel = SocketChannel.open();
    private final ByteBuffer heard = ByteBuffer.allocate(1000);

    Client(String from, int port) throws IOException {
      this.from = from;
      channel.bind(new InetSocketAddress(InetAddress.getByName(from), 0));
      channel.connect(new InetSocketAddress("127.0.0.1", port));
      channel.configureBlocking(false);
    }

    /** Whether the listener still holds the connection. */
    boolean open() {
      try {
        return channel.read(heard) >= 0;
      } catch (IOException e) {
        return false;
      }
    }

    void say(String text) {
      say(text.getBytes(StandardCharsets.US_ASCII));
    }

    void say(byte[] bytes) {
      try {
        channel.write(ByteBuffer.wrap(bytes));
      } catch (IOException e) {
        // The listener may close it at any time.
      }
    }

    String heard() {
      return new String(heard.array(), 0, heard.position(), StandardCharsets.US_ASCII);
    }
  }

  private Client connect(String from) throws IOException {
    Client client = new Client(from, listener.port());
    clients.add(client);
    return client;
  }

  private Client connect(int node) throws IOException {
    return connect(LoopbackBench.address(node).toString());
  }

  private static long open(List<Client> clients) {
    return clients.stream().filter(Client::open).count();
  }

  /** A peer that asks now gets the whole answer. */
  private void peersAreAnswered(int node, String what) throws Exception {
    ReachReport report =
        Reach.of(asking)
            .filter(NodeFilter.id("n/1"))
            .from(LoopbackBench.address(node))
            .timeout(PATIENT)
            .count(1)
            .run();
    ReachResult result = report.results().get(0);
    assertEquals("ANSWERED ", result.outcome() + " " + result.detail(), what);
  }

  private static void await(String what, BooleanSupplier condition) {
    long until = System.nanoTime() + PATIENT.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - until > 0) {
        throw new AssertionError("it did not come: " + what);
      }
      Thread.onSpinWait();
    }
  }

  @Test
  void strangersAreClosedWithoutAWord() throws Exception {
    Client stranger = connect("127.0.0.99");
    Client peer = connect(2);

    await("the end of a stranger", () -> !stranger.open());
    await("a greeting", () -> peer.open() && peer.heard().equals(GREETING));
    assertEquals("", stranger.heard());
  }

  /** Nothing that a slow sender does makes its connection last longer. */
  @Test
  void slowSendersEndInTimeAndPeersAreAnsweredMeanwhile() throws Exception {
    List<Client> dripping = new ArrayList<>();
    List<Client> slow = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      dripping.add(connect(2));
      slow.add(connect(2));
      // It asks for an answer, and does not read.
      Client deaf = connect(3);
      deaf.say("throughput 0\n".repeat(100));
      slow.add(deaf);
    }
    slow.addAll(dripping);
    long began = System.nanoTime();
    long dripped = began;
    int rounds = 0;
    while (open(slow) > 0) {
      assertTrue(System.nanoTime() - began < PATIENT.toNanos(), "they stay for ever");
      if (System.nanoTime() - dripped > TENTH) {
        dripping.forEach(each -> each.say("t"));
        dripped += TENTH;
      }
      peersAreAnswered(0, "another peer");
      peersAreAnswered(2, "from the address of the slow ones");
      rounds++;
    }
    assertTrue(rounds > 0);
    dripping.forEach(each -> assertEquals(GREETING, each.heard()));
  }

  @Test
  void aPeerThatIsMeasuredAndNeverReadsEndsInTimeAndOthersAreAnswered() throws Exception {
    Client measured = connect(2);
    measured.say("throughput 1\n");
    await("go", () -> measured.open() && measured.heard().equals(GREETING + "go\n"));

    Client second = connect(3);
    second.say("throughput 1\n");
    await("busy", () -> !second.open() && second.heard().equals(GREETING + "busy\n"));
    peersAreAnswered(0, "while one is measured");
    peersAreAnswered(2, "from the address that is measured");
    measured.channel.shutdownOutput();
    // It reads no more: the listener cannot send, and is done when its time is over.
    peersAreAnswered(0, "while one does not read");

    listener.close();
    await("the end of the thread", () -> threads("magpie-reach-throughput") == 0);
  }

  private static long threads(String name) {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().equals(name))
        .count();
  }

  @Test
  void garbageIsClosedAndPeersAreAnswered() throws Exception {
    long seed = new Random().nextLong();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    for (int i = 0; i < 100; i++) {
      byte[] garbage = new byte[ThroughputServer.LONGEST_REQUEST + random.nextInt(2000)];
      random.nextBytes(garbage);
      connect(2 + i % 2).say(garbage);
    }
    // Longer than the longest request: not its time ends it, but its length.
    await("the end of garbage, seed " + seed, () -> open(clients) == 0);
    peersAreAnswered(0, "seed " + seed);
    peersAreAnswered(2, "seed " + seed);
  }

  /** Every connection that may be held is held by peers that say nothing. */
  @Test
  void aThousandConnectionsAreBoundedAndPeersAreAnswered() throws Exception {
    listener.close();
    listener = ReachListener.on(bench.node(1)).port(0).start();
    List<Client> strangers = new ArrayList<>();
    List<Client> idle = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      if (i % 4 == 0) {
        strangers.add(connect("127.0.0." + (100 + i % 100)));
      } else {
        idle.add(connect(2 + i % (NODES - 2)));
      }
    }
    for (int node : List.of(0, 2)) {
      peersAreAnswered(node, "n/" + node + " among a thousand connections");
    }
    await("the end of strangers", () -> open(strangers) == 0);
    await("what is more than 256", () -> open(idle) <= GreetingServer.MOST_CONNECTIONS);
    for (int i = 0; i < 3 * GreetingServer.MOST_FROM_ONE_ADDRESS; i++) {
      idle.add(connect(5));
    }
    peersAreAnswered(5, "the address with most connections");
    String five = LoopbackBench.address(5).toString();
    List<Client> ofOne = idle.stream().filter(each -> each.from.equals(five)).toList();
    await("what is more than 16", () -> open(ofOne) <= GreetingServer.MOST_FROM_ONE_ADDRESS);
    assertTrue(open(idle) <= GreetingServer.MOST_CONNECTIONS);
    assertEquals(1, threads("magpie-reach-listener"));
  }

  @Test
  void aListenerNeedsANodeAFreePortAndAnAddressInItsNetwork() {
    PeerView other = bench.node(2);

    String busy =
        assertThrows(
                ConfigurationException.class,
                () -> ReachListener.on(other).port(listener.port()).start())
            .getMessage();
    assertTrue(busy.contains("choose another port (0 for a free one)"), busy);
    String nowhere =
        assertThrows(
                ConfigurationException.class,
                () -> ReachListener.on(other).network("198.51.100.0/24").start())
            .getMessage();
    assertTrue(nowhere.startsWith("expected this machine to have an address in 198.51"), nowhere);
  }
}
