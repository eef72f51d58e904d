/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import magpie.peers.Changes;
import magpie.peers.Health;
import magpie.peers.NodeFilter;
import magpie.peers.Notice;
import magpie.peers.Notices;
import magpie.peers.PeerAddress;
import magpie.peers.PeerEvent;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.Peers;

/**
 * A small program that uses its peers, written against the api alone: which backend tells of them
 * is decided by the class path it runs with.
 *
 * <pre>
 * serve NAME      answers every TCP connection with its name
 * watch NAME      the same, and says what becomes of its peers and what was recorded of them
 * report CIDR...  for each network lists the peers in it and connects to each
 * notices         says who joined and departed, and records it
 * dismiss         dismisses all notices, and says which
 * publish K V     publishes a setting
 * </pre>
 *
 * <p>Everything it says is a line of JSON on standard output.
 */
public final class PeerProgram {
  private static final int PORT = 5001;
  private static final int TIMEOUT_MILLIS = 1_000;

  private final PrintStream out;

  private PeerProgram(PrintStream out) {
    this.out = out;
  }

  /**
   * Runs the program.
   *
   * @param arguments a command and its arguments
   * @throws IOException if the port is taken
   */
  public static void main(String... arguments) throws IOException {
    PeerProgram program = new PeerProgram(new PrintStream(System.out, true, UTF_8));
    List<String> rest = List.of(arguments).subList(1, arguments.length);
    switch (arguments[0]) {
      case "serve" -> program.serve(rest.get(0));
      case "watch" -> program.watch(rest.get(0));
      case "report" -> program.report(rest);
      case "notices" -> program.notices();
      case "dismiss" -> program.dismiss();
      case "publish" -> program.publish(rest.get(0), rest.get(1));
      default -> throw new IllegalArgumentException("unknown: " + Arrays.toString(arguments));
    }
  }

  private void serve(String name) throws IOException {
    try (ServerSocket server = new ServerSocket(PORT)) {
      say(Map.of("serving", name));
      while (true) {
        try (Socket caller = server.accept()) {
          caller.getOutputStream().write(name.getBytes(UTF_8));
        }
      }
    }
  }

  private void watch(String name) throws IOException {
    try (PeerView view = Peers.open()) {
      view.listen(this::tell);
      view.onNotices(this::tell);
      serve(name);
    }
  }

  private void tell(PeerEvent event) {
    Map<String, Object> line = new LinkedHashMap<>();
    if (event instanceof PeerEvent.Started) {
      line.put("event", "started");
    } else if (event instanceof PeerEvent.Changed changed) {
      Changes changes = changed.changes();
      line.put("event", "changed");
      line.put("joined", ids(changes.joined()));
      line.put("departed", ids(changes.departed()));
    } else if (event instanceof PeerEvent.HealthChanged changed) {
      Health health = changed.after();
      line.put("event", health.stale() ? "stale" : "fresh");
      line.put("reason", health.reason());
    }
    line.put("peers", event.snapshot().ids());
    say(line);
  }

  private void tell(Notices notices) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("event", "notices");
    line.put("joined", notices.joined().stream().map(Notice::id).toList());
    line.put("departed", notices.departed().stream().map(Notice::id).toList());
    say(line);
  }

  private static List<?> ids(List<PeerNode> nodes) {
    return nodes.stream().map(PeerNode::id).toList();
  }

  private void report(List<String> networks) {
    try (PeerView view = Peers.open()) {
      for (String network : networks) {
        for (PeerNode peer : view.nodes(NodeFilter.inNetwork(network))) {
          PeerAddress address = peer.address().orElseThrow();
          Map<String, Object> line = new LinkedHashMap<>();
          line.put("network", network);
          line.put("peer", peer.id());
          line.put("address", address.text());
          line.put("answer", answerOf(address));
          say(line);
        }
      }
    }
  }

  private static String answerOf(PeerAddress address) {
    try (Socket socket = new Socket()) {
      socket.connect(
          new InetSocketAddress(address.ip().orElseThrow().toInetAddress(), PORT), TIMEOUT_MILLIS);
      socket.setSoTimeout(TIMEOUT_MILLIS);
      return new String(socket.getInputStream().readAllBytes(), UTF_8);
    } catch (IOException e) {
      return "none: " + e.getClass().getSimpleName();
    }
  }

  private void notices() {
    try (PeerView view = Peers.open()) {
      view.notices().joined().forEach(this::say);
      view.notices().departed().forEach(this::say);
    }
  }

  private void dismiss() {
    try (PeerView view = Peers.open()) {
      Notices notices = view.notices();
      notices.dismissJoined().forEach(this::say);
      notices.dismissDeparted().forEach(this::say);
    }
  }

  private void publish(String key, String value) {
    try (PeerView view = Peers.open()) {
      say(Map.of("published", view.publish(key, value)));
    }
  }

  private void say(Notice notice) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put(notice.kind() == Notice.Kind.JOINED ? "joined" : "departed", notice.id());
    notice
        .lastKnown()
        .ifPresent(
            node ->
                line.put(
                    "last",
                    node.addresses().stream()
                        .filter(candidate -> candidate.ip().isPresent())
                        .map(PeerAddress::text)
                        .toList()));
    say(line);
  }

  private void say(Map<String, ?> line) {
    out.println(json(line));
  }

  private static String json(Object value) {
    if (value instanceof Map<?, ?> map) {
      return map.entrySet().stream()
          .map(entry -> json(entry.getKey()) + ":" + json(entry.getValue()))
          .collect(Collectors.joining(",", "{", "}"));
    }
    if (value instanceof Collection<?> list) {
      return list.stream().map(PeerProgram::json).collect(Collectors.joining(",", "[", "]"));
    }
    return value instanceof Boolean ? value.toString() : quoted(value.toString());
  }

  private static String quoted(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        quoted.append('\\').append(c);
      } else if (c == '\n') {
        quoted.append("\\n");
      } else {
        quoted.append(c);
      }
    }
    return quoted.append('"').toString();
  }
}
