/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.reach;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import magpie.peers.ConfigurationException;
import magpie.peers.IpAddress;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.SourceUnavailableException;
import magpie.peers.text.Quote;

/**
 * How much data goes to a peer and comes back from it, each for the same time.
 *
 * @param peer the peer
 * @param address its address
 * @param sent megabits (10^6 bits) a second that the peer received
 * @param received megabits a second that came from the peer
 */
public record Throughput(PeerId peer, String address, double sent, double received) {
  private static final Duration SLACK = Duration.ofSeconds(10);

  /**
   * Checks the components.
   *
   * @param peer the peer
   * @param address its address
   * @param sent megabits (10^6 bits) a second that the peer received
   * @param received megabits a second that came from the peer
   */
  public Throughput {
    Objects.requireNonNull(peer, "peer");
    Objects.requireNonNull(address, "address");
  }

  /**
   * Measures with a peer that listens and allows it.
   *
   * @param peer the peer; its selected address is used
   * @param seconds for each direction, 1 to 60
   * @return what was measured
   * @throws IllegalArgumentException if the time is out of range
   * @throws ConfigurationException if the peer has no address, does not listen or does not allow it
   * @throws SourceUnavailableException if it cannot be reached, measures with another peer just
   *     now, or the connection breaks
   */
  public static Throughput measure(PeerNode peer, int seconds) {
    if (seconds < 1 || seconds > ThroughputServer.MOST_SECONDS) {
      throw new IllegalArgumentException(
          "expected 1 to " + ThroughputServer.MOST_SECONDS + " seconds, found " + seconds);
    }
    OptionalInt port = ReachListener.published(peer);
    IpAddress address = peer.requireAddress().ip().orElse(null);
    if (port.isEmpty() || address == null) {
      throw new ConfigurationException(
          "expected "
              + peer.id()
              + " to listen, found "
              + (address == null ? "no IP address" : "that it publishes no " + ReachListener.KEY)
              + "; run 'magpie-peers listen --allow-throughput' there");
    }
    try (SocketChannel channel = SocketChannel.open();
        Ending ending = new Ending(channel, Duration.ofSeconds(2L * seconds).plus(SLACK))) {
      Objects.requireNonNull(ending, "ending");
      channel
          .socket()
          .connect(
              new InetSocketAddress(address.toInetAddress(), port.getAsInt()),
              (int) SLACK.toMillis());
      return measure(channel, peer.id(), address, seconds);
    } catch (IOException e) {
      throw new SourceUnavailableException(
          peer.id().value(),
          "expected "
              + peer.id()
              + " to measure throughput at "
              + address
              + " port "
              + port.getAsInt()
              + ", found an error: "
              + Quote.visible(String.valueOf(e.getMessage()))
              + "; see what 'magpie-peers reach' says of it",
          e);
    }
  }

  private static Throughput measure(
      SocketChannel channel, PeerId peer, IpAddress address, int seconds) throws IOException {
    Lines lines = new Lines(channel);
    PeerId there =
        Greeting.read(lines.next()).orElseThrow(() -> new IOException("it gave no greeting")).id();
    if (!there.equals(peer)) {
      throw new IOException(there + " listens there");
    }
    write(channel, ThroughputServer.REQUEST + seconds + "\n");
    String answer = lines.next() + "\n";
    if (answer.equals(ThroughputServer.REFUSED)) {
      throw new ConfigurationException(
          "expected "
              + peer
              + " to allow throughput, found that it does not; run 'magpie-peers listen"
              + " --allow-throughput' there");
    }
    if (!answer.equals(ThroughputServer.GO)) {
      throw new IOException(
          answer.equals(ThroughputServer.BUSY)
              ? "it measures with another peer just now"
              : "it answered " + Quote.of(answer.strip()));
    }
    long began = System.nanoTime();
    ThroughputServer.send(channel, seconds, ByteBuffer.allocateDirect(ThroughputServer.BLOCK));
    channel.shutdownOutput();
    String received = lines.next();
    if (!received.startsWith(ThroughputServer.RECEIVED)) {
      throw new IOException("it answered " + Quote.of(received));
    }
    long receivedThere = number(received.substring(ThroughputServer.RECEIVED.length()));
    long turned = System.nanoTime();
    long receivedHere = lines.rest();
    return new Throughput(
        peer,
        address.toString(),
        megabits(receivedThere, turned - began),
        megabits(receivedHere, System.nanoTime() - turned));
  }

  private static long number(String text) throws IOException {
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw new IOException("it answered " + Quote.of(text), e);
    }
  }

  private static double megabits(long bytes, long nanos) {
    return nanos <= 0 ? 0 : bytes * 8e3 / nanos;
  }

  private static void write(SocketChannel channel, String text) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  /** Closes a channel after a while, since a blocking one has no deadline of its own (F2). */
  private static final class Ending implements AutoCloseable {
    private final Thread thread;

    Ending(SocketChannel channel, Duration after) {
      long until = System.nanoTime() + after.toNanos();
      thread =
          new Thread(
              () -> {
                while (until - System.nanoTime() > 0) {
                  if (Thread.interrupted()) {
                    return;
                  }
                  LockSupport.parkNanos(
                      Math.min(until - System.nanoTime(), TimeUnit.SECONDS.toNanos(1)));
                }
                GreetingServer.close(channel);
              },
              "magpie-reach-deadline");
      thread.setDaemon(true);
      thread.start();
    }

    @Override
    public void close() {
      thread.interrupt();
    }
  }

  /** Lines of a peer, and then everything behind them. */
  private static final class Lines {
    private final SocketChannel channel;
    private final ByteBuffer buffer = ByteBuffer.allocate(ThroughputServer.BLOCK).limit(0);

    Lines(SocketChannel channel) {
      this.channel = channel;
    }

    String next() throws IOException {
      StringBuilder line = new StringBuilder();
      while (line.length() < Greeting.LONGEST) {
        if (!buffer.hasRemaining() && !fill()) {
          throw new IOException("it closed the connection");
        }
        char c = (char) (buffer.get() & 0xff);
        if (c == '\n') {
          return line.toString();
        }
        line.append(c);
      }
      throw new IOException("it sent a line without end");
    }

    /** Counts what comes until the end. */
    long rest() throws IOException {
      long count = buffer.remaining();
      buffer.position(buffer.limit());
      while (fill()) {
        count += buffer.remaining();
        buffer.position(buffer.limit());
      }
      return count;
    }

    private boolean fill() throws IOException {
      buffer.clear();
      int read = channel.read(buffer);
      buffer.flip();
      return read > 0;
    }
  }
}
