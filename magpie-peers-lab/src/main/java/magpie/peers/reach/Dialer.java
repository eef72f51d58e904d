/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.reach;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.channels.UnsupportedAddressTypeException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntConsumer;
import magpie.peers.IpAddress;
import magpie.peers.PeerId;
import magpie.peers.reach.ReachResult.Outcome;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;

/**
 * Asks many addresses at the same time, on the thread that calls: a selector waits for all of them,
 * so an address that does not answer costs a descriptor and no thread.
 */
final class Dialer {
  /** Sockets that are open at the same time. */
  static final int MOST_AT_ONCE = 256;

  /**
   * What the network itself says comes sooner, even if only the second SYN of TCP is answered,
   * after one second. Later "no route" says that the system looked for the host on the link, and
   * nothing answered: Linux does that for three seconds.
   */
  private static final Duration SILENCE = Duration.ofSeconds(2);

  /** No system gives a connection up before it has waited so long for an answer to its SYN. */
  private static final Duration FIRST_RETRY = Duration.ofMillis(900);

  private final int count;
  private final long timeoutNanos;
  private final long deadline;
  private final IntConsumer done;

  /**
   * Makes a dialer for one run.
   *
   * @param count connections to each address
   * @param timeout for all connections to one address
   * @param longest for all addresses
   * @param done is told how many addresses are done, after each
   */
  Dialer(int count, Duration timeout, Duration longest, IntConsumer done) {
    this.count = count;
    this.timeoutNanos = timeout.toNanos();
    this.deadline = System.nanoTime() + longest.toNanos();
    this.done = done;
  }

  /**
   * An address to ask.
   *
   * @param from the address to ask from, or null to leave it to the system
   * @param greets whether a listener of ours is expected there
   */
  record Target(
      PeerId peer,
      IpAddress address,
      Optional<String> network,
      int port,
      @Nullable IpAddress from,
      boolean greets,
      String note) {}

  /** One target while it is being asked. */
  private final class Call {
    private final int index;
    private final Target target;
    private final List<Duration> roundTrips = new ArrayList<>();
    private final ByteBuffer said = ByteBuffer.allocate(Greeting.LONGEST);
    private @Nullable SocketChannel channel;
    private long began;
    private boolean connecting;
    private boolean greeted;
    private long until;
    private @Nullable ReachResult result;

    Call(int index, Target target) {
      this.index = index;
      this.target = target;
    }

    /** No address is to blame where the system has no socket left. */
    private static SocketChannel open() {
      try {
        SocketChannel opened = SocketChannel.open();
        opened.configureBlocking(false);
        return opened;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    /** Opens the next connection. */
    void connect(Selector selector) throws IOException {
      connecting = false;
      began = System.nanoTime();
      SocketChannel opened = open();
      channel = opened;
      IpAddress from = target.from();
      if (from != null) {
        opened.bind(new InetSocketAddress(from.toInetAddress(), 0));
      }
      connecting = true;
      began = System.nanoTime();
      boolean atOnce =
          opened.connect(new InetSocketAddress(target.address().toInetAddress(), target.port()));
      if (atOnce) {
        connected(selector);
      } else {
        opened.register(selector, SelectionKey.OP_CONNECT, this);
      }
    }

    /** The connection stands; a listener of ours now says who it is. */
    void connected(Selector selector) throws IOException {
      roundTrips.add(Duration.ofNanos(System.nanoTime() - began));
      if (target.greets() && roundTrips.size() == 1) {
        SocketChannel open = Objects.requireNonNull(channel, "channel");
        open.register(selector, SelectionKey.OP_READ, this);
      } else {
        again(selector, "");
      }
    }

    /** Reads more of the greeting. */
    void read(Selector selector) throws IOException {
      int read = Objects.requireNonNull(channel, "channel").read(said);
      String text = new String(said.array(), 0, said.position(), StandardCharsets.UTF_8);
      int end = text.indexOf('\n');
      if (end < 0 && read >= 0 && said.hasRemaining() && Greeting.mayBegin(text)) {
        return;
      }
      Optional<Greeting> greeting = Greeting.read(end < 0 ? null : text.substring(0, end));
      if (greeting.isPresent() && !greeting.get().id().equals(target.peer())) {
        finish(Outcome.WRONG_NODE, greeting.get().id() + " listens there");
      } else if (greeting.isPresent()) {
        greeted = true;
        again(selector, "");
      } else {
        again(
            selector,
            said.position() == 0
                ? "it closed without a greeting, as a listener does to addresses that no peer has"
                : "something else than a listener of magpie-peers answers");
      }
    }

    /** Connects once more, or ends well. */
    private void again(Selector selector, String detail) throws IOException {
      close();
      if (roundTrips.size() < count && detail.isEmpty()) {
        connect(selector);
      } else {
        finish(Outcome.ANSWERED, detail);
      }
    }

    void failed(IOException e) {
      Duration took = Duration.ofNanos(System.nanoTime() - began);
      if (!roundTrips.isEmpty()) {
        // A connection stood before: a reset of a later one changes nothing.
        finish(
            Outcome.ANSWERED,
            (roundTrips.size() == 1 ? "the connection broke: " : "a later connection failed: ")
                + reason(e));
      } else if (connecting && gaveUp(e, took)) {
        finish(Outcome.TIMED_OUT, "nothing on the way answers: " + reason(e));
      } else if (connecting && e instanceof ConnectException) {
        roundTrips.add(took);
        finish(Outcome.REFUSED, "");
      } else if (connecting || target.from() == null) {
        finish(Outcome.NO_ROUTE, e instanceof NoRouteToHostException ? "" : reason(e));
      } else {
        finish(Outcome.NO_ROUTE, "this node cannot ask from " + target.from() + ": " + reason(e));
      }
    }

    void timedOut(String detail) {
      if (target.greets() && !greeted && !roundTrips.isEmpty()) {
        // The system takes connections for a process that is paused, too.
        roundTrips.clear();
        finish(
            Outcome.TIMED_OUT,
            "the port is open, but the listener says nothing: it is paused or overloaded");
      } else if (roundTrips.isEmpty()) {
        finish(Outcome.TIMED_OUT, detail);
      } else {
        finish(Outcome.ANSWERED, "a later connection timed out");
      }
    }

    private void finish(Outcome outcome, String detail) {
      close();
      boolean both = !detail.isEmpty() && !target.note().isEmpty();
      result =
          new ReachResult(
              target.peer(),
              target.address().toString(),
              target.network(),
              target.port(),
              outcome,
              roundTrips,
              detail + (both ? "; " : "") + target.note());
    }

    private void close() {
      SocketChannel open = channel;
      channel = null;
      if (open != null) {
        try {
          open.close();
        } catch (IOException e) {
          // It is closed for us; what the other side makes of it does not matter.
        }
      }
    }
  }

  /**
   * The system itself ended a connection because nothing answers, which Java calls as it calls what
   * is refused or has no route.
   */
  static boolean gaveUp(IOException e, Duration took) {
    if (e instanceof NoRouteToHostException) {
      return took.compareTo(SILENCE) >= 0;
    }
    if (!(e instanceof ConnectException) || took.compareTo(FIRST_RETRY) < 0) {
      return false;
    }
    // From here on a host may also refuse the second SYN or a later one.
    return Refusal.words()
        .map(refused -> !refused.equals(e.getMessage()))
        .orElse(took.compareTo(SILENCE) >= 0);
  }

  private static String reason(IOException e) {
    return Quote.visible(e.getMessage() == null ? e.toString() : e.getMessage());
  }

  /**
   * Asks all targets.
   *
   * @return a result for each target, in their order
   * @throws IOException if the system gives no selector or no socket
   * @throws InterruptedException if the thread was interrupted; no connection is left open
   */
  List<ReachResult> dial(List<Target> targets) throws IOException, InterruptedException {
    Deque<Call> waiting = new ArrayDeque<>();
    for (Target target : targets) {
      waiting.add(new Call(waiting.size(), target));
    }
    @Nullable ReachResult[] results = new @Nullable ReachResult[targets.size()];
    Set<Call> open = new HashSet<>();
    int finished = 0;
    try (Selector selector = Selector.open()) {
      while (!waiting.isEmpty() || !open.isEmpty()) {
        if (Thread.interrupted()) {
          throw new InterruptedException("interrupted while asking peers");
        }
        begin(waiting, open, selector);
        wait(open, selector);
        for (Call call : List.copyOf(open)) {
          if (call.result == null) {
            expire(call);
          }
          if (call.result != null) {
            open.remove(call);
            results[call.index] = call.result;
            done.accept(++finished);
          }
        }
      }
    } catch (UncheckedIOException e) {
      throw e.getCause();
    } finally {
      open.forEach(Call::close);
    }
    return present(results);
  }

  @SuppressWarnings("NullAway") // every call has ended with a result
  private static List<ReachResult> present(@Nullable ReachResult[] results) {
    return List.of(results);
  }

  private void begin(Deque<Call> waiting, Set<Call> open, Selector selector) {
    while (!waiting.isEmpty() && open.size() < MOST_AT_ONCE) {
      Call call = waiting.remove();
      open.add(call);
      long now = System.nanoTime();
      call.until = now + Math.min(timeoutNanos, Math.max(0, deadline - now));
      if (deadline - now <= 0) {
        call.timedOut("not asked before the deadline of the run");
        continue;
      }
      try {
        call.connect(selector);
      } catch (UnsupportedAddressTypeException e) {
        call.finish(Outcome.NO_ROUTE, "this JVM has no IPv6");
      } catch (IOException e) {
        call.failed(e);
      }
    }
  }

  private void wait(Set<Call> open, Selector selector) throws IOException {
    long now = System.nanoTime();
    long least = Long.MAX_VALUE;
    for (Call call : open) {
      least = Math.min(least, call.result == null ? call.until - now : 0);
    }
    if (least > 0) {
      selector.select(key -> handle(key, selector), Math.max(1, least / 1_000_000));
    } else {
      selector.selectNow(key -> handle(key, selector));
    }
  }

  private static void handle(SelectionKey key, Selector selector) {
    Call call = (Call) key.attachment();
    try {
      if (key.isConnectable()) {
        key.interestOps(0);
        ((SocketChannel) key.channel()).finishConnect();
        call.connected(selector);
      } else if (key.isReadable()) {
        call.read(selector);
      }
    } catch (IOException e) {
      call.failed(e);
    }
  }

  private void expire(Call call) {
    long now = System.nanoTime();
    if (call.until - now <= 0) {
      call.timedOut(deadline - now <= 0 ? "the deadline of the run was over" : "");
    }
  }
}
