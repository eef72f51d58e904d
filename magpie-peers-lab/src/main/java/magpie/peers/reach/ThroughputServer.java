/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.reach;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.OptionalInt;

/**
 * The side of a listener that measures throughput with one peer.
 *
 * <p>Behind the greeting the peer says {@code throughput SECONDS}. The listener answers {@code go},
 * {@code busy} or {@code refused}. After {@code go} the peer sends for so long and ends its side;
 * the listener says {@code received BYTES} and then sends for so long itself.
 */
final class ThroughputServer implements AutoCloseable {
  static final int LONGEST_REQUEST = 64;
  static final int MOST_SECONDS = 60;
  static final int BLOCK = 1 << 16;
  static final String REQUEST = "throughput ";
  static final String GO = "go\n";
  static final String BUSY = "busy\n";
  static final String REFUSED = "refused\n";
  static final String RECEIVED = "received ";

  /** For what comes before, between and behind the two directions. */
  private static final Duration SLACK = Duration.ofSeconds(10);

  private final SocketChannel channel;
  private final int seconds;
  private final Runnable ended;
  private final long until;
  private final Thread thread;

  private ThroughputServer(SocketChannel channel, int seconds, Runnable ended) {
    this.channel = channel;
    this.seconds = seconds;
    this.ended = ended;
    this.until = System.nanoTime() + Duration.ofSeconds(2L * seconds).plus(SLACK).toNanos();
    this.thread = new Thread(this::measure, "magpie-reach-throughput");
    thread.setDaemon(true);
  }

  /** The seconds that a request asks for; empty if it is no such request. */
  static OptionalInt request(String line) {
    if (!line.startsWith(REQUEST)) {
      return OptionalInt.empty();
    }
    try {
      int seconds = Integer.parseInt(line.substring(REQUEST.length()));
      return seconds > 0 && seconds <= MOST_SECONDS ? OptionalInt.of(seconds) : OptionalInt.empty();
    } catch (NumberFormatException e) {
      return OptionalInt.empty();
    }
  }

  static ThroughputServer start(SocketChannel channel, int seconds, Runnable ended) {
    ThroughputServer server = new ThroughputServer(channel, seconds, ended);
    server.thread.start();
    return server;
  }

  private void measure() {
    try {
      channel.configureBlocking(true);
      channel.write(ByteBuffer.wrap(GO.getBytes(StandardCharsets.US_ASCII)));
      ByteBuffer block = ByteBuffer.allocateDirect(BLOCK);
      long received = 0;
      for (int read = channel.read(block); read >= 0; read = channel.read(block)) {
        received += read;
        block.clear();
      }
      String answer = RECEIVED + received + "\n";
      channel.write(ByteBuffer.wrap(answer.getBytes(StandardCharsets.US_ASCII)));
      send(channel, seconds, block);
    } catch (IOException e) {
      // The peer went away, or this side was ended because it took too long.
    } finally {
      GreetingServer.close(channel);
      ended.run();
    }
  }

  /** Sends for so long, and returns how much. */
  static long send(SocketChannel channel, int seconds, ByteBuffer block) throws IOException {
    long end = System.nanoTime() + Duration.ofSeconds(seconds).toNanos();
    long sent = 0;
    while (end - System.nanoTime() > 0) {
      block.clear();
      sent += channel.write(block);
    }
    return sent;
  }

  /** Ends what takes too long; returns whether it is over. */
  boolean endIfOver(long now) {
    if (until - now <= 0) {
      GreetingServer.close(channel);
    }
    return !thread.isAlive();
  }

  @Override
  public void close() {
    GreetingServer.close(channel);
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
