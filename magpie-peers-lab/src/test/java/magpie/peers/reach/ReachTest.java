/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.reach;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import magpie.peers.ConfigurationException;
import magpie.peers.IpAddress;
import magpie.peers.NodeFilter;
import magpie.peers.PeerId;
import magpie.peers.PeerView;
import magpie.peers.SourceUnavailableException;
import magpie.peers.reach.ReachResult.Outcome;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real sockets on loopback: each node has an address of 127.0.0.0/8 and a port of its own. */
class ReachTest {
  private static final Duration PATIENT = Duration.ofSeconds(30);

  @TempDir Path directory;
  private LoopbackBench bench;
  private final List<AutoCloseable> open = new ArrayList<>();

  @BeforeEach
  void threeNodes() {
    bench = new LoopbackBench(directory, 3);
  }

  @AfterEach
  void closeAll() throws Exception {
    for (int i = open.size() - 1; i >= 0; i--) {
      open.get(i).close();
    }
    bench.close();
  }

  private ReachListener listen(int node) {
    ReachListener listener = ReachListener.on(bench.node(node)).port(0).start();
    open.add(listener);
    return listener;
  }

  private static Reach ask(PeerView view, int from) {
    return Reach.of(view).from(LoopbackBench.address(from)).timeout(PATIENT);
  }

  private static String told(ReachReport report) {
    StringBuilder text = new StringBuilder();
    for (ReachResult result : report.results()) {
      text.append(text.isEmpty() ? "" : ", ").append(result.peer() + " " + result.outcome());
    }
    return text.toString();
  }

  @Test
  void aPeerThatListensAnswersAndSaysWhichNodeItIs() throws Exception {
    ReachListener one = listen(1);
    ReachListener two = listen(2);
    PeerView view = bench.node(0);
    AtomicInteger told = new AtomicInteger();

    ReachReport report = ask(view, 0).count(4).run((done, all) -> told.set(10 * done + all));

    assertEquals("n/1 ANSWERED, n/2 ANSWERED", told(report));
    assertEquals(22, told.get());
    assertTrue(report.allReached());
    ReachResult first = report.results().get(0);
    assertEquals(one.port(), first.port());
    assertEquals(two.port(), report.results().get(1).port());
    assertEquals("lab", first.network().orElseThrow());
    assertEquals("", first.detail());
    assertEquals(4, first.roundTrips().size());
    assertTrue(first.minimum().orElseThrow().compareTo(first.median().orElseThrow()) <= 0);
    assertTrue(first.median().orElseThrow().compareTo(first.maximum().orElseThrow()) <= 0);
  }

  @Test
  void whatIsPublishedIsTakenBack() {
    ReachListener listener = listen(1);
    assertEquals(
        String.valueOf(listener.port()),
        bench.node(0).node(PeerId.of("n/1")).orElseThrow().settings().get("magpie.listen"));

    listener.close();
    listener.close();

    assertEquals(
        null, bench.node(0).node(PeerId.of("n/1")).orElseThrow().settings().get("magpie.listen"));
    assertEquals(List.of(), listener.endpoints());
  }

  @Test
  void nothingListensMeansRefusedAndTheHostIsThere() throws Exception {
    int free;
    try (ServerSocket closed = new ServerSocket(0)) {
      free = closed.getLocalPort();
    }

    ReachReport report = ask(bench.node(0), 0).port(free).run();

    assertEquals("n/1 REFUSED, n/2 REFUSED", told(report));
    assertTrue(report.allReached());
    assertEquals(1, report.results().get(0).roundTrips().size());
  }

  @Test
  void anotherNodeAtTheAddressIsSeen() throws Exception {
    ReachListener two = listen(2);
    bench.node(1).publish(ReachListener.KEY, String.valueOf(two.port()));

    ReachReport report = ask(bench.node(0), 0).run();

    assertEquals("n/1 WRONG_NODE, n/2 ANSWERED", told(report));
    assertEquals("n/2 listens there", report.results().get(0).detail());
    assertFalse(report.allReached());
  }

  @Test
  void somethingElseAnswersWhereAListenerIsExpected() throws Exception {
    try (ServerSocket server = new ServerSocket(0)) {
      Thread thread =
          new Thread(
              () -> {
                try (Socket socket = server.accept()) {
                  socket.getOutputStream().write("SSH-2.0-x\r\n".getBytes());
                  socket.getInputStream().readAllBytes();
                } catch (IOException e) {
                  // Closed by the test.
                }
              });
      thread.start();
      bench.node(1).publish(ReachListener.KEY, String.valueOf(server.getLocalPort()));

      ReachReport report = ask(bench.node(0), 0).filter(NodeFilter.id("n/1")).run();

      assertEquals("n/1 ANSWERED", told(report));
      assertEquals(
          "something else than a listener of magpie-peers answers",
          report.results().get(0).detail());
      thread.join();
    }
  }

  /** What a paused process looks like: the system takes its connections, and it says nothing. */
  @Test
  void aListenerThatSaysNothingHasTimedOut() throws Exception {
    try (ServerSocket paused = new ServerSocket(0)) {
      bench.node(1).publish(ReachListener.KEY, String.valueOf(paused.getLocalPort()));

      ReachReport report =
          ask(bench.node(0), 0).filter(NodeFilter.id("n/1")).timeout(Duration.ofMillis(200)).run();

      assertEquals("n/1 TIMED_OUT", told(report));
      assertEquals(
          "the port is open, but the listener says nothing: it is paused or overloaded",
          report.results().get(0).detail());
      assertEquals(List.of(), report.results().get(0).roundTrips());
      assertFalse(report.allReached());
    }
  }

  @Test
  void theFirstOfTwoListenersLeavesThePortOfTheSecond() {
    ReachListener first = listen(1);
    ReachListener second = listen(1);

    first.close();

    assertEquals(
        String.valueOf(second.port()),
        bench.node(0).node(PeerId.of("n/1")).orElseThrow().settings().get("magpie.listen"));
  }

  @Test
  void whatIsNoPortIsNotAsked() throws Exception {
    ReachListener one = listen(1);
    for (String rubbish : List.of("0", "-1", "65536", "99999999999", "ssh", "22 ", "\u0661")) {
      bench.node(2).publish(ReachListener.KEY, rubbish);

      ReachReport report =
          ask(bench.node(0), 0).filter(NodeFilter.id("n/2")).port(one.port()).run();

      assertEquals(one.port(), report.results().get(0).port(), rubbish);
      assertEquals(
          "it publishes a magpie.listen that is no port", report.results().get(0).detail());
    }
  }

  @Test
  void anAddressToAskFromThatThisMachineLacksIsSaid() throws Exception {
    ReachReport report =
        Reach.of(bench.node(0)).from(IpAddress.parse("192.0.2.1")).timeout(PATIENT).run();

    assertEquals("n/1 NO_ROUTE, n/2 NO_ROUTE", told(report));
    String detail = report.results().get(0).detail();
    assertTrue(detail.startsWith("this node cannot ask from 192.0.2.1: "), detail);
  }

  @Test
  void aDeadlineThatIsOverLeavesEachAddressWithAResult() throws Exception {
    listen(1);
    ReachReport report = ask(bench.node(0), 0).deadline(Duration.ofNanos(1)).run();

    assertEquals("n/1 TIMED_OUT, n/2 TIMED_OUT", told(report));
    assertEquals("not asked before the deadline of the run", report.results().get(0).detail());
  }

  @Test
  void onlyPeersAreAnswered() throws Exception {
    ReachListener listener = listen(1);

    try (Socket stranger = from("127.0.0.99", listener.port())) {
      assertEquals(-1, stranger.getInputStream().read());
    }
    try (Socket peer = from(LoopbackBench.address(2).toString(), listener.port())) {
      assertEquals("magpie-reach 1 n/1\n", line(peer.getInputStream()));
    }
    ReachReport report = Reach.of(bench.node(0)).filter(NodeFilter.id("n/1")).run();
    assertEquals("n/1 ANSWERED", told(report));
    assertEquals(
        "it closed without a greeting, as a listener does to addresses that no peer has",
        report.results().get(0).detail());
  }

  private static Socket from(String address, int port) throws IOException {
    Socket socket = new Socket();
    socket.bind(new InetSocketAddress(InetAddress.getByName(address), 0));
    socket.setSoTimeout((int) PATIENT.toMillis());
    socket.connect(new InetSocketAddress("127.0.0.1", port), (int) PATIENT.toMillis());
    return socket;
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder text = new StringBuilder();
    int c;
    do {
      c = in.read();
      text.append((char) c);
    } while (c != '\n' && c >= 0);
    return text.toString();
  }

  @Test
  void aNetworkChoosesTheAddressesAndAPeerWithoutOneSaysSo() throws Exception {
    bench.write("  n/3: { addresses: [192.0.2.1] }\n".replace("192.0.2.1", "127.9.9.9"));
    listen(1);
    ReachReport report = ask(bench.node(0), 0).network("127.0.0.12/32").run();

    assertEquals("n/1 ANSWERED, n/2 NO_ADDRESS, n/3 NO_ADDRESS", told(report));
    assertEquals("it has none in 127.0.0.12/32", report.results().get(1).detail());
    assertTrue(report.allReached());
    assertEquals(
        "expected a network of bench.magpie.yaml",
        assertThrows(
                ConfigurationException.class, () -> ask(bench.node(0), 0).network("storage").run())
            .getMessage()
            .replaceAll("[^ ]*/bench", "bench")
            .substring(0, 39));
  }

  @Test
  void twoHundredAddressesOfWhichHalfSayNothingEndWithinTwiceTheDeadline() throws Exception {
    try (LoopbackBench large = new LoopbackBench(directory, 201);
        ReachListener live = ReachListener.on(large.node(200)).port(0).start();
        ServerSocket deaf = new ServerSocket(0, 1)) {
      fill(deaf.getLocalPort());
      StringBuilder settings = new StringBuilder();
      for (int i = 0; i < 200; i++) {
        settings.append("  n/" + i + ": { addresses: [" + LoopbackBench.address(i) + "]");
        settings.append(
            i % 2 == 0 ? " }\n" : ", settings: { magpie.listen: " + deaf.getLocalPort() + " } }\n");
      }
      rewrite(settings.toString());
      PeerView view = large.node(200);
      assertEquals(200, view.nodes().size());
      int threads = Thread.activeCount();
      AtomicInteger most = new AtomicInteger();
      // An address may take longer than all of them: it is the deadline that ends the run.
      Duration deadline = Duration.ofSeconds(4);
      long began = System.nanoTime();

      ReachReport report =
          Reach.of(view)
              .from(LoopbackBench.address(200))
              .timeout(PATIENT)
              .deadline(deadline)
              .port(live.port())
              .run((done, all) -> most.accumulateAndGet(Thread.activeCount(), Math::max));

      Duration took = Duration.ofNanos(System.nanoTime() - began);
      TreeMap<Outcome, Integer> outcomes = new TreeMap<>();
      report.results().forEach(result -> outcomes.merge(result.outcome(), 1, Integer::sum));
      assertEquals("{ANSWERED=100, TIMED_OUT=100}", outcomes.toString());
      assertTrue(took.compareTo(deadline.multipliedBy(2)) < 0, took::toString);
      // One thread asks all; the view may start one of its own meanwhile.
      assertTrue(most.get() <= threads + 1, most.get() + " threads, " + threads + " before");
    }
  }

  /** Messages of the system are in its language; a JVM that runs in German says these. */
  @Test
  void whatTheSystemGaveUpIsToldFromWhatIsRefusedInAnyLanguage() {
    Duration soon = Duration.ofMillis(20);
    Duration late = Duration.ofSeconds(3);
    ConnectException refused = new ConnectException(Refusal.words().orElseThrow());
    for (String words :
        List.of("Connection timed out", "Die Wartezeit f\u00fcr die Verbindung ist abgelaufen")) {
      assertTrue(Dialer.gaveUp(new ConnectException(words), late), words);
    }
    assertFalse(Dialer.gaveUp(refused, soon));
    assertFalse(Dialer.gaveUp(refused, late));
    assertFalse(Dialer.gaveUp(new ConnectException("Verbindungsaufbau abgelehnt"), soon));
    assertTrue(Dialer.gaveUp(new NoRouteToHostException("Keine Route zum Zielrechner"), late));
    assertFalse(Dialer.gaveUp(new NoRouteToHostException("Keine Route zum Zielrechner"), soon));
    // ENETUNREACH is neither of them.
    assertFalse(Dialer.gaveUp(new SocketException("Das Netzwerk ist nicht erreichbar"), late));
  }

  private void rewrite(String nodes) throws IOException {
    Files.writeString(
        directory.resolve("bench.magpie.yaml"),
        "version: 1\nname: bench\nexchange: ./bench.d\nnodes:\n"
            + nodes
            + "  n/200: { addresses: ["
            + LoopbackBench.address(200)
            + "] }\n");
  }

  /** Connects until the system takes no more: from then on it drops what comes. */
  private void fill(int port) throws IOException {
    for (int i = 0; i < 8; i++) {
      Socket socket = new Socket();
      open.add(socket);
      try {
        socket.connect(new InetSocketAddress("127.0.0.1", port), 300);
      } catch (SocketTimeoutException e) {
        return;
      }
    }
    throw new AssertionError("the system takes connections without end");
  }

  @Test
  void throughputIsMeasuredEachWayWhereThePeerAllowsIt() {
    listen(1);
    PeerView two = bench.node(2);
    ReachListener allowing = ReachListener.on(two).port(0).allowThroughput().start();
    open.add(allowing);
    PeerView view = bench.node(0);

    // From the loopback address of the machine: a listener answers it only if a node has it.
    bench.write("  n/9: { addresses: [127.0.0.1] }\n");
    await(() -> two.ids().size() == 3);
    Throughput measured = Throughput.measure(view.node(PeerId.of("n/2")).orElseThrow(), 1);
    assertTrue(measured.sent() > 1, measured::toString);
    assertTrue(measured.received() > 1, measured::toString);

    String refused =
        assertThrows(
                ConfigurationException.class,
                () -> {
                  await(() -> bench.node(1).ids().size() == 3);
                  Throughput.measure(view.node(PeerId.of("n/1")).orElseThrow(), 1);
                })
            .getMessage();
    assertTrue(refused.contains("listen --allow-throughput"), refused);
  }

  private static void await(BooleanSupplier condition) {
    long until = System.nanoTime() + PATIENT.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - until > 0) {
        throw new AssertionError("it did not come");
      }
      Thread.onSpinWait();
    }
  }

  @Test
  void anInterruptEndsARunAndLeavesNothing() throws Exception {
    try (ServerSocket deaf = new ServerSocket(0, 1)) {
      fill(deaf.getLocalPort());
      PeerView view = bench.node(0);
      Reach reach = ask(view, 0).port(deaf.getLocalPort());
      Thread.currentThread().interrupt();
      assertThrows(InterruptedException.class, reach::run);
    }
  }

  @Test
  void throughputOfWhatDoesNotListenIsRefused() {
    ConfigurationException thrown =
        assertThrows(
            ConfigurationException.class,
            () -> Throughput.measure(bench.node(0).node(PeerId.of("n/1")).orElseThrow(), 1));
    assertTrue(thrown.getMessage().contains("publishes no magpie.listen"), thrown.getMessage());
    assertEquals(SourceUnavailableException.class, unavailable().getClass());
  }

  private RuntimeException unavailable() {
    PeerView one = bench.node(1);
    one.publish(ReachListener.KEY, "1");
    return assertThrows(
        SourceUnavailableException.class,
        () -> Throughput.measure(bench.node(0).node(PeerId.of("n/1")).orElseThrow(), 1));
  }
}
