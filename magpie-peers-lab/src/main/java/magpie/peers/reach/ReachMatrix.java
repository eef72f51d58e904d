/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.reach;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import magpie.peers.PeerAddress;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.reach.ReachResult.Outcome;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;

/**
 * What every node of a peer set saw of every other, as far as they published it.
 *
 * <p>A node publishes its results under one setting, {@value #KEY}, in one line of text: the
 * version {@code 1}, the time, and for each peer its addresses with what came of each.
 *
 * <pre>{@code
 * 1 2026-11-27T12:00:00Z; magpie/1 192.0.2.11 answered 198.51.100.12 timed-out; magpie/2 ...
 * }</pre>
 *
 * <p>Immutable, and safe for use by many threads.
 *
 * @param rows what each node saw, ordered by its id; also those that published nothing
 * @param warnings what could not be read, in words for people
 */
public record ReachMatrix(List<Row> rows, List<String> warnings) {
  /** The setting under which a node publishes what it saw. */
  public static final String KEY = "magpie.reach";

  /** A result that is older is stale. */
  public static final Duration FRESH_FOR = Duration.ofHours(24);

  private static final String VERSION = "1";

  /**
   * What one node saw.
   *
   * @param from the node
   * @param at when; empty if it published nothing
   * @param cells a cell for each address that it asked, in its order; unmodifiable
   */
  public record Row(PeerId from, Optional<Instant> at, List<Cell> cells) {
    /**
     * Copies the cells.
     *
     * @param from the node
     * @param at when
     * @param cells a cell for each address that it asked, in its order
     */
    public Row {
      Objects.requireNonNull(from, "from");
      Objects.requireNonNull(at, "at");
      cells = List.copyOf(cells);
    }
  }

  /**
   * What one node saw at one address of another.
   *
   * @param to the other node
   * @param address the address
   * @param network the network that the address lies in now; empty if none is declared
   * @param outcome what came of it
   * @param stale whether it says nothing of the present: it is older than 24 hours, or the other
   *     node has left or no longer has the address
   */
  public record Cell(
      PeerId to, String address, Optional<String> network, Outcome outcome, boolean stale) {
    /**
     * Checks the components.
     *
     * @param to the other node
     * @param address the address
     * @param network the network that the address lies in now
     * @param outcome what came of it
     * @param stale whether it says nothing of the present: it is older than 24 hours, or the other
     *     node has left or no longer has the address
     */
    public Cell {
      Objects.requireNonNull(to, "to");
      Objects.requireNonNull(address, "address");
      Objects.requireNonNull(network, "network");
      Objects.requireNonNull(outcome, "outcome");
    }
  }

  /**
   * Copies the lists.
   *
   * @param rows what each node saw, ordered by its id
   * @param warnings what could not be read, in words for people
   */
  public ReachMatrix {
    rows = List.copyOf(rows);
    warnings = List.copyOf(warnings);
  }

  /**
   * Reads what all nodes published, this one among them.
   *
   * @param view the view, which stays open
   * @return the matrix
   * @throws magpie.peers.PeersException if the peers cannot be read
   */
  public static ReachMatrix of(PeerView view) {
    return of(view, Instant.now());
  }

  static ReachMatrix of(PeerView view, Instant now) {
    Map<PeerId, PeerNode> nodes = new LinkedHashMap<>();
    List<PeerNode> all = new ArrayList<>(view.nodes());
    view.self().ifPresent(all::add);
    all.sort((a, b) -> a.id().compareTo(b.id()));
    all.forEach(node -> nodes.put(node.id(), node));
    List<Row> rows = new ArrayList<>();
    List<String> warnings = new ArrayList<>();
    for (PeerNode node : all) {
      String published = node.settings().get(KEY);
      try {
        rows.add(
            published == null
                ? new Row(node.id(), Optional.empty(), List.of())
                : read(node.id(), published, nodes, now));
      } catch (IllegalArgumentException | DateTimeException e) {
        rows.add(new Row(node.id(), Optional.empty(), List.of()));
        warnings.add(
            node.id()
                + " publishes a "
                + KEY
                + " that cannot be read: "
                + e.getMessage()
                + "; run 'magpie-peers reach --publish' there");
      }
    }
    return new ReachMatrix(rows, warnings);
  }

  /**
   * Publishes what this node saw, unless the same is published: round trips and the time do not
   * count, since under Juju each write runs a hook on every peer. What is half as old as makes it
   * stale is published again.
   *
   * @param view the view of this node
   * @param report what it saw
   * @return whether anything was written
   * @throws magpie.peers.PeersException if it cannot be published
   */
  public static boolean publish(PeerView view, ReachReport report) {
    String text = write(report);
    String before = view.published().getOrDefault(KEY, "");
    boolean same = cells(before).equals(cells(text)) && !before.isEmpty();
    if (same && recent(before, report.at())) {
      return false;
    }
    return view.publish(KEY, text);
  }

  private static boolean recent(String published, Instant now) {
    try {
      Duration age = Duration.between(time(published), now);
      return age.compareTo(FRESH_FOR.dividedBy(2)) < 0;
    } catch (IllegalArgumentException | DateTimeException e) {
      return false;
    }
  }

  private static String cells(String text) {
    int end = text.indexOf(';');
    return end < 0 ? "" : text.substring(end);
  }

  static String write(ReachReport report) {
    StringBuilder text =
        new StringBuilder(VERSION)
            .append(' ')
            .append(report.at().truncatedTo(ChronoUnit.SECONDS))
            .append(';');
    PeerId last = null;
    for (ReachResult result : report.results()) {
      if (result.outcome() == Outcome.NO_ADDRESS) {
        continue;
      }
      if (!result.peer().equals(last)) {
        text.append(last == null ? " " : "; ").append(result.peer());
        last = result.peer();
      }
      text.append(' ').append(result.address()).append(' ').append(word(result.outcome()));
    }
    return text.toString();
  }

  /**
   * Returns an outcome as it is published and shown: {@code timed-out}.
   *
   * @param outcome the outcome
   * @return its name in lower case with hyphens
   */
  public static String word(Outcome outcome) {
    return outcome.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static Row read(PeerId from, String published, Map<PeerId, PeerNode> nodes, Instant now) {
    Instant at = time(published);
    boolean old = Duration.between(at, now).compareTo(FRESH_FOR) > 0;
    List<Cell> cells = new ArrayList<>();
    for (String peer : cells(published).substring(1).split(";", -1)) {
      String[] words = peer.strip().split(" ", -1);
      if (words.length == 1 && words[0].isEmpty()) {
        continue;
      }
      PeerId to = PeerId.of(words[0]);
      if (words.length % 2 == 0) {
        throw new IllegalArgumentException(
            "expected addresses with outcomes behind "
                + Quote.of(words[0])
                + ", found "
                + Quote.of(peer.strip()));
      }
      for (int i = 1; i < words.length; i += 2) {
        PeerAddress address = find(nodes.get(to), words[i]);
        cells.add(
            new Cell(
                to,
                words[i],
                address == null ? Optional.empty() : address.network(),
                outcome(words[i + 1]),
                old || address == null));
      }
    }
    return new Row(from, Optional.of(at), cells);
  }

  private static Instant time(String published) {
    int blank = published.indexOf(' ');
    int end = published.indexOf(';');
    if (blank < 0 || end < blank || !published.substring(0, blank).equals(VERSION)) {
      throw new IllegalArgumentException(
          "expected \"" + VERSION + " TIME;\" at its beginning, found " + Quote.of(published));
    }
    return Instant.parse(published.substring(blank + 1, end));
  }

  private static @Nullable PeerAddress find(@Nullable PeerNode node, String address) {
    if (node != null) {
      for (PeerAddress candidate : node.addresses()) {
        if (candidate.text().equals(address)) {
          return candidate;
        }
      }
    }
    return null;
  }

  private static Outcome outcome(String word) {
    for (Outcome outcome : Outcome.values()) {
      if (word(outcome).equals(word)) {
        return outcome;
      }
    }
    throw new IllegalArgumentException("expected an outcome, found " + Quote.of(word));
  }
}
