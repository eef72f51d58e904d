/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import magpie.peers.Environment;
import magpie.peers.Network;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.SourceUnavailableException;
import magpie.peers.spi.PeerSource;
import magpie.peers.spi.Reading;
import magpie.peers.spi.StateStore;
import org.jspecify.annotations.Nullable;

/**
 * Peers in memory, for the tests of programs that use peers: the real view on a source that a test
 * can change, break and heal.
 *
 * <pre>{@code
 * InMemoryPeers bench = InMemoryPeers.ofNode("magpie/0");
 * bench.put(PeerNode.builder(PeerId.of("magpie/1")).address("192.0.2.11", "test").build());
 * try (PeerView peers = bench.open()) {
 *   new Replicator(peers).start();
 *   bench.remove(PeerId.of("magpie/1"));
 *   ...
 * }
 * }</pre>
 *
 * <p>Only the source is a double. Filters, notices, events and health are those of every other
 * backend, and this class passes {@link PeerViewContract} like they do, so a test cannot pass on
 * behaviour that no backend has. What is durable (notices, what was published) survives in this
 * object: {@link #open()} again is a later process.
 *
 * <p>Safe for use by many threads. Several views may be open at a time; each gets every change.
 */
public final class InMemoryPeers {
  private static final String ORIGIN = "peers in memory";

  private final @Nullable PeerId self;
  private final List<PeerNode> nodes = new ArrayList<>();

  /** Guards the state alone: a thread that changes it reads the peers meanwhile, as others do. */
  private final Object stateLock = new Object();

  private final List<Network> networks = new ArrayList<>();
  private final Map<String, String> published = new TreeMap<>();
  private final Set<PeerId> read = new HashSet<>();
  private final List<Runnable> watchers = new ArrayList<>();
  private String state = "";
  private @Nullable String broken;
  private @Nullable Reading reading;
  private long writes;

  private InMemoryPeers(@Nullable PeerId self) {
    this.self = self;
  }

  /**
   * Returns the peer set of a node, with no peers yet.
   *
   * @param id the id of the node that views belong to
   * @return a new peer set
   * @throws IllegalArgumentException if the text is no peer id
   */
  public static InMemoryPeers ofNode(String id) {
    return new InMemoryPeers(PeerId.of(id));
  }

  /**
   * Returns a peer set seen from outside, with no nodes yet; its views cannot publish.
   *
   * @return a new peer set
   */
  public static InMemoryPeers ofObserver() {
    return new InMemoryPeers(null);
  }

  /**
   * Opens a view, as a new process with the notices and settings of those before.
   *
   * @return the view, which the caller closes
   */
  public PeerView open() {
    return Peers.open("memory", source(), Environment.system());
  }

  /**
   * Adds a peer, or replaces all that was known of it.
   *
   * @param node the peer as its source tells it
   */
  public void put(PeerNode node) {
    Objects.requireNonNull(node, "node");
    change(
        () -> {
          nodes.removeIf(other -> other.id().equals(node.id()));
          nodes.add(node);
        });
  }

  /**
   * Adds what a second source says of a peer, as when a unit is seen through two relations (M2).
   *
   * @param node the peer as the second source tells it
   */
  public void putFromAnotherSource(PeerNode node) {
    Objects.requireNonNull(node, "node");
    change(() -> nodes.add(node));
  }

  /**
   * Lets a peer depart.
   *
   * @param id the peer; nothing happens if it is not there
   */
  public void remove(PeerId id) {
    Objects.requireNonNull(id, "id");
    change(() -> nodes.removeIf(node -> node.id().equals(id)));
  }

  /**
   * Declares a network.
   *
   * @param network the network, in place of one of the same name
   */
  public void declare(Network network) {
    Objects.requireNonNull(network, "network");
    change(
        () -> {
          networks.removeIf(other -> other.name().equals(network.name()));
          networks.add(network);
        });
  }

  /**
   * Breaks the source: reading it fails until {@link #heal()}.
   *
   * @param reason what is wrong with it, in words for people
   */
  public void breakWith(String reason) {
    Objects.requireNonNull(reason, "reason");
    change(() -> broken = reason);
  }

  /** Heals the source, with the peers that it had or was given since. */
  public void heal() {
    change(() -> broken = null);
  }

  /**
   * Returns what the node has published, as its peers see it.
   *
   * @return a copy of the settings
   */
  public Map<String, String> published() {
    synchronized (nodes) {
      return Map.copyOf(published);
    }
  }

  /** A source as each view has one. */
  PeerSource source() {
    return new Source();
  }

  /** How often something durable was written: state, or settings that were published. */
  long writes() {
    synchronized (nodes) {
      return writes;
    }
  }

  /** The peers of which more than the id was asked since the last call. */
  Set<PeerId> peersRead() {
    synchronized (nodes) {
      Set<PeerId> since = Set.copyOf(read);
      read.clear();
      return since;
    }
  }

  private void change(Runnable work) {
    synchronized (nodes) {
      work.run();
      reading = null;
    }
    synchronized (watchers) {
      watchers.forEach(Runnable::run);
    }
  }

  /** What one view reads; all of it is in the object around it. */
  private final class Source implements PeerSource {
    private final StateStore state = new State();

    @Override
    public Reading read() {
      synchronized (nodes) {
        if (broken != null) {
          throw new SourceUnavailableException(
              ORIGIN, "expected " + ORIGIN + " to be readable, found: " + broken + "; heal them");
        }
        Reading now = reading;
        if (now == null) {
          List<PeerNode> all = new ArrayList<>(nodes);
          if (self != null) {
            all.add(PeerNode.builder(self).settings(published).build());
          }
          Reading complete =
              Reading.of(ORIGIN, Instant.now(), Optional.ofNullable(self), all, networks);
          now = new Observed(complete);
          reading = now;
        }
        return now;
      }
    }

    @Override
    public StateStore state() {
      return state;
    }

    @Override
    public Map<String, String> published() {
      return InMemoryPeers.this.published();
    }

    @Override
    public void publish(Map<String, String> changes) {
      if (self == null) {
        throw new UnsupportedOperationException("an observer cannot publish settings");
      }
      change(
          () -> {
            changes.forEach(published::put);
            published.values().removeIf(String::isEmpty);
            writes++;
          });
    }

    @Override
    public Watch watch(Runnable maybeChanged) {
      synchronized (watchers) {
        watchers.add(maybeChanged);
      }
      return () -> {
        // Waits for a call that is under way, since calls are made under the same lock.
        synchronized (watchers) {
          watchers.remove(maybeChanged);
        }
      };
    }
  }

  /** A complete reading that notes of which peers it is asked. */
  private final class Observed implements Reading {
    private final Reading complete;

    Observed(Reading complete) {
      this.complete = complete;
    }

    @Override
    public Optional<PeerId> selfId() {
      return complete.selfId();
    }

    @Override
    public Collection<PeerId> ids() {
      return complete.ids();
    }

    @Override
    public Collection<PeerNode> nodes(Collection<PeerId> ids) {
      synchronized (nodes) {
        read.addAll(ids);
      }
      return complete.nodes(ids);
    }

    @Override
    public List<Network> networks() {
      return complete.networks();
    }

    @Override
    public String origin() {
      return complete.origin();
    }

    @Override
    public Instant readAt() {
      return complete.readAt();
    }
  }

  /** The state that all views share. */
  private final class State implements StateStore {
    @Override
    public String origin() {
      return ORIGIN;
    }

    @Override
    public String load() {
      synchronized (stateLock) {
        return state;
      }
    }

    @Override
    public String update(UnaryOperator<String> change) {
      synchronized (stateLock) {
        String after = change.apply(state);
        if (!after.equals(state)) {
          state = after;
          synchronized (nodes) {
            writes++;
          }
        }
        return after;
      }
    }
  }
}
