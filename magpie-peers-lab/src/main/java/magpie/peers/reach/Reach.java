/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.reach;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.IntConsumer;
import java.util.function.Predicate;
import magpie.peers.Cidr;
import magpie.peers.ConfigurationException;
import magpie.peers.IpAddress;
import magpie.peers.Network;
import magpie.peers.NodeFilter;
import magpie.peers.PeerAddress;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.Snapshot;
import magpie.peers.SourceUnavailableException;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;

/**
 * Asks peers at their addresses whether they are there.
 *
 * <pre>{@code
 * ReachReport report = Reach.of(peers).network("storage").count(5).run();
 * for (ReachResult result : report.results()) {
 *   System.out.println(result.peer() + " " + result.address() + " " + result.outcome());
 * }
 * }</pre>
 *
 * <p>Where a peer listens ({@link ReachListener}), its port is asked, and the listener says which
 * node it is; elsewhere the {@linkplain #port(int) port given}. A connection is made from the
 * address that this machine has in the network of the peer's address, so that the network that is
 * meant is the one that is used; a result says where there is none.
 *
 * <p>Immutable: each method returns a changed copy. Safe for use by many threads.
 */
public final class Reach {
  /** The port that is asked where a peer does not listen: that of SSH. */
  public static final int USUAL_PORT = 22;

  private static final int MOST_CONNECTIONS = 100;

  private final PeerView view;
  private final NodeFilter filter;
  private final @Nullable String network;
  private final int port;
  private final int count;
  private final Duration timeout;
  private final Duration deadline;
  private final @Nullable IpAddress from;

  private Reach(
      PeerView view,
      NodeFilter filter,
      @Nullable String network,
      int port,
      int count,
      Duration timeout,
      Duration deadline,
      @Nullable IpAddress from) {
    this.view = view;
    this.filter = filter;
    this.network = network;
    this.port = port;
    this.count = count;
    this.timeout = timeout;
    this.deadline = deadline;
    this.from = from;
  }

  /**
   * Asks every peer of a view at each of its addresses: port 22 where it does not listen, three
   * connections, three seconds for an address, five minutes for all.
   *
   * @param view the view, which stays open
   * @return what to ask; nothing is asked yet
   */
  public static Reach of(PeerView view) {
    return new Reach(
        Objects.requireNonNull(view, "view"),
        NodeFilter.all(),
        null,
        USUAL_PORT,
        3,
        Duration.ofSeconds(3),
        Duration.ofMinutes(5),
        null);
  }

  /**
   * Asks only the peers that a filter keeps.
   *
   * @param peers the filter
   * @return a changed copy
   */
  public Reach filter(NodeFilter peers) {
    Objects.requireNonNull(peers, "peers");
    return new Reach(view, peers, network, port, count, timeout, deadline, from);
  }

  /**
   * Asks only the addresses in one network.
   *
   * @param nameOrCidr the name of a network, or a CIDR
   * @return a changed copy
   */
  public Reach network(String nameOrCidr) {
    Objects.requireNonNull(nameOrCidr, "nameOrCidr");
    return new Reach(view, filter, nameOrCidr, port, count, timeout, deadline, from);
  }

  /**
   * Asks another port where a peer does not listen.
   *
   * @param usual the port, 1 to 65535
   * @return a changed copy
   * @throws IllegalArgumentException if it is no port
   */
  public Reach port(int usual) {
    return new Reach(
        view, filter, network, within("a port", usual, 0xffff), count, timeout, deadline, from);
  }

  /**
   * Makes as many connections to each address, one after the other.
   *
   * @param connections how many, 1 to 100
   * @return a changed copy
   * @throws IllegalArgumentException if it is out of range
   */
  public Reach count(int connections) {
    int checked = within("a number of connections", connections, MOST_CONNECTIONS);
    return new Reach(view, filter, network, port, checked, timeout, deadline, from);
  }

  /**
   * Waits so long for one address, all its connections together.
   *
   * @param longest the time, more than nothing
   * @return a changed copy
   * @throws IllegalArgumentException if it is not positive
   */
  public Reach timeout(Duration longest) {
    return new Reach(view, filter, network, port, count, positive(longest), deadline, from);
  }

  /**
   * Ends the whole run after so long; what was not asked by then has timed out.
   *
   * @param longest the time, more than nothing
   * @return a changed copy
   * @throws IllegalArgumentException if it is not positive
   */
  public Reach deadline(Duration longest) {
    return new Reach(view, filter, network, port, count, timeout, positive(longest), from);
  }

  /**
   * Asks from one address of this machine, whatever network is asked. Addresses of the other family
   * are asked from where the system likes.
   *
   * @param address the address
   * @return a changed copy
   */
  public Reach from(IpAddress address) {
    Objects.requireNonNull(address, "address");
    return new Reach(view, filter, network, port, count, timeout, deadline, address);
  }

  private static int within(String what, int number, int most) {
    if (number < 1 || number > most) {
      throw new IllegalArgumentException(
          "expected " + what + " from 1 to " + most + ", found " + number);
    }
    return number;
  }

  private static Duration positive(Duration time) {
    if (time.isNegative() || time.isZero()) {
      throw new IllegalArgumentException("expected a time of more than nothing, found " + time);
    }
    return time;
  }

  /**
   * Asks, and waits for the end.
   *
   * @return what came of it
   * @throws ConfigurationException if the network is not known
   * @throws magpie.peers.PeersException if the peers cannot be read, or the system lends no sockets
   * @throws InterruptedException if the thread is interrupted; no connection is left open
   */
  public ReachReport run() throws InterruptedException {
    return run((done, all) -> {});
  }

  /** Is told how far a run is. */
  @FunctionalInterface
  public interface Progress {
    /**
     * Is called after each address, on the thread that runs.
     *
     * @param done how many addresses are done
     * @param all how many there are
     */
    void told(int done, int all);
  }

  /**
   * Asks, tells how far it is, and waits for the end.
   *
   * @param progress is called after each address
   * @return what came of it
   * @throws ConfigurationException if the network is not known
   * @throws magpie.peers.PeersException if the peers cannot be read, or the system lends no sockets
   * @throws InterruptedException if the thread is interrupted; no connection is left open
   */
  public ReachReport run(Progress progress) throws InterruptedException {
    Snapshot snapshot = view.snapshot();
    Predicate<IpAddress> inside = network == null ? address -> true : inside(view, network);
    List<IpAddress> machine = MachineAddresses.all();
    List<IpAddress> own = view.self().map(Reach::addresses).orElse(List.of());
    List<@Nullable Object> plan = new ArrayList<>();
    List<Dialer.Target> targets = new ArrayList<>();
    for (PeerNode peer : view.nodes(filter)) {
      int before = targets.size();
      for (PeerAddress candidate : peer.addresses()) {
        IpAddress address = candidate.ip().orElse(null);
        if (address != null && inside.test(address)) {
          targets.add(target(snapshot, peer, candidate, address, machine, own));
          plan.add(null);
        }
      }
      if (targets.size() == before) {
        plan.add(none(peer));
      }
    }
    Instant at = Instant.now();
    int all = targets.size();
    IntConsumer done = finished -> progress.told(finished, all);
    List<ReachResult> asked;
    try {
      asked = new Dialer(count, timeout, deadline, done).dial(targets);
    } catch (IOException e) {
      throw new SourceUnavailableException(
          "this machine",
          "expected sockets to ask peers with, found an error: "
              + e.getMessage()
              + "; close other programs or raise the limit of open files",
          e);
    }
    List<ReachResult> results = new ArrayList<>();
    int next = 0;
    for (Object planned : plan) {
      results.add(planned instanceof ReachResult missing ? missing : asked.get(next++));
    }
    return new ReachReport(snapshot.selfId(), at, results);
  }

  private ReachResult none(PeerNode peer) {
    return new ReachResult(
        peer.id(),
        "",
        Optional.empty(),
        0,
        ReachResult.Outcome.NO_ADDRESS,
        List.of(),
        network == null ? "it has no IP address" : "it has none in " + network);
  }

  private Dialer.Target target(
      Snapshot snapshot,
      PeerNode peer,
      PeerAddress candidate,
      IpAddress address,
      List<IpAddress> machine,
      List<IpAddress> own) {
    OptionalInt listens = ReachListener.published(peer);
    Optional<Cidr> around = around(snapshot, candidate, address);
    IpAddress source = null;
    String note = "";
    if (from != null) {
      source = from.isV6() == address.isV6() ? from : null;
    } else if (around.isPresent()) {
      source = MachineAddresses.first(machine, own, around.get()::contains);
      note =
          source == null
              ? "this machine has no address in " + candidate.network().orElse("" + around.get())
              : "";
    }
    if (listens.isEmpty() && peer.settings().containsKey(ReachListener.KEY)) {
      String rubbish = "it publishes a " + ReachListener.KEY + " that is no port";
      note = note.isEmpty() ? rubbish : note + "; " + rubbish;
    }
    return new Dialer.Target(
        peer.id(),
        address,
        candidate.network(),
        listens.orElse(port),
        source,
        listens.isPresent(),
        note);
  }

  /** The CIDR that an address lies in: that of its declared network, else its own prefix. */
  private static Optional<Cidr> around(
      Snapshot snapshot, PeerAddress candidate, IpAddress address) {
    for (Network declared : snapshot.networks()) {
      for (Cidr cidr : declared.cidrs()) {
        if (cidr.contains(address)) {
          return Optional.of(cidr);
        }
      }
    }
    return candidate.subnet();
  }

  /** Whether addresses lie in a network, by its name or as a CIDR. */
  static Predicate<IpAddress> inside(PeerView view, String nameOrCidr) {
    if (Network.isName(nameOrCidr)) {
      return view.network(nameOrCidr)::contains;
    }
    try {
      return Cidr.parse(nameOrCidr)::contains;
    } catch (IllegalArgumentException e) {
      throw new ConfigurationException(
          "expected the name of a network or a CIDR, found "
              + Quote.of(nameOrCidr)
              + ": "
              + e.getMessage(),
          e);
    }
  }

  /** The IP addresses of a node, best first. */
  static List<IpAddress> addresses(PeerNode node) {
    List<IpAddress> all = new ArrayList<>();
    for (PeerAddress candidate : node.addresses()) {
      candidate.ip().ifPresent(all::add);
    }
    return all;
  }
}
