/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import magpie.peers.Notice;
import magpie.peers.PeerEvent;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.SourceUnavailableException;
import magpie.peers.spi.Membership;

/**
 * A node that joins its peer set and, when it is told to, publishes one count after the other.
 *
 * <pre>
 * storm     begins to publish, or goes on where it was
 * count     the last count that was published
 * rest      stops publishing, and then the same
 * list      the peers, with their addresses and counts
 * joined    who joined, as told by notices
 * departed  who departed: as told by events, then by notices
 * leave     leaves the peer set
 * </pre>
 *
 * <p>Each TCP connection asks one of these words, and gets the answer in lines.
 */
public final class StormProgram {
  static final int PORT = 5002;
  private static final String KEY = "count";

  private final PeerView view;
  private final Set<PeerId> departed = new ConcurrentSkipListSet<>();
  private volatile boolean publishing;
  private final AtomicInteger count = new AtomicInteger();
  private Thread publisher = new Thread();

  private StormProgram(PeerView view) {
    this.view = view;
  }

  /**
   * Runs the program.
   *
   * @param arguments the name to say when it serves
   * @throws IOException if the port is taken
   * @throws InterruptedException if it is interrupted while its publisher comes to rest
   */
  public static void main(String... arguments) throws IOException, InterruptedException {
    try (PeerView view = Peers.open()) {
      new StormProgram(view).stay(arguments[0]);
    }
  }

  private void stay(String name) throws IOException, InterruptedException {
    view.extension(Membership.class).orElseThrow().join();
    count.set(Integer.parseInt(view.published().getOrDefault(KEY, "0")));
    view.listen(
        event -> {
          if (event instanceof PeerEvent.Changed changed) {
            changed.changes().departed().forEach(node -> departed.add(node.id()));
          }
        });
    try (ServerSocket server = new ServerSocket(PORT)) {
      System.out.println("{\"serving\":\"" + name + "\"}");
      while (true) {
        try (Socket caller = server.accept()) {
          String word = new String(caller.getInputStream().readAllBytes(), UTF_8);
          StringBuilder answer = new StringBuilder();
          answer(word).forEach(line -> answer.append(line).append('\n'));
          caller.getOutputStream().write(answer.toString().getBytes(UTF_8));
        }
      }
    }
  }

  private Stream<?> answer(String word) throws InterruptedException {
    switch (word) {
      case "storm" -> {
        publishing = true;
        publisher = new Thread(this::publish);
        publisher.start();
        return Stream.of(count);
      }
      case "count" -> {
        return Stream.of(count);
      }
      case "rest" -> {
        publishing = false;
        publisher.join();
        return Stream.of(count);
      }
      case "list" -> {
        return view.nodes().stream().map(StormProgram::shown);
      }
      case "joined" -> {
        return view.notices().joined().stream().map(Notice::id);
      }
      case "departed" -> {
        List<Notice> noticed = view.notices().departed();
        return Stream.of(departed, noticed.stream().map(Notice::id).toList());
      }
      case "leave" -> {
        return Stream.of(view.extension(Membership.class).orElseThrow().leave());
      }
      default -> throw new IllegalArgumentException("unknown: " + word);
    }
  }

  /** Ends with a count that was acknowledged: one whose answer was lost is published again. */
  private void publish() {
    boolean acknowledged = true;
    while (publishing || !acknowledged) {
      try {
        view.publish(KEY, Integer.toString(count.get() + 1));
        count.incrementAndGet();
        acknowledged = true;
      } catch (SourceUnavailableException e) {
        // Cut off, or the servers have no leader: it goes on.
        acknowledged = false;
      }
    }
  }

  private static String shown(PeerNode node) {
    // In the order of its interfaces, which the container engine decides.
    List<String> addresses =
        node.addresses().stream().map(address -> address.text()).sorted().toList();
    return node.id()
        + (node.suspect() ? " suspect " : " at ")
        + addresses
        + " count "
        + node.settings().getOrDefault(KEY, "0");
  }
}
