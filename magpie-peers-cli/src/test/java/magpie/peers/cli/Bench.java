/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import magpie.peers.Cidr;
import magpie.peers.Network;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.PeersException;
import magpie.peers.PeersOptions;
import magpie.peers.spi.PeerSource;
import magpie.peers.spi.Reading;
import magpie.peers.spi.StateStore;

/** Peers in memory that a test changes while the command looks at them. */
final class Bench implements PeerSource {
  private static final Instant READ_AT = Instant.parse("2026-01-02T03:04:05Z");

  private final Map<PeerId, PeerNode> nodes = new TreeMap<>();
  private final Map<String, String> published = new TreeMap<>();
  private final List<String> warnings = new ArrayList<>();
  private List<Network> networks =
      List.of(
          new Network("oam", List.of(Cidr.parse("192.0.2.0/25"), Cidr.parse("2001:db8:a::/64"))),
          new Network("storage", List.of(Cidr.parse("198.51.100.0/24"))));
  private Optional<PeerId> self = Optional.empty();
  private Throwable failure;
  private String origin = "a bench";
  private PeersOptions options;
  private String state = "";
  private Reading reading;
  private Runnable watcher = () -> {};

  synchronized Bench node(PeerNode.Builder node) {
    PeerNode built = node.build();
    nodes.put(built.id(), built);
    return changed();
  }

  synchronized Bench remove(String id) {
    nodes.remove(PeerId.of(id));
    return changed();
  }

  synchronized Bench self(String id) {
    self = Optional.of(PeerId.of(id));
    return changed();
  }

  synchronized Bench networks(Network... declared) {
    networks = List.of(declared);
    return changed();
  }

  synchronized Bench warn(String warning) {
    warnings.add(warning);
    return changed();
  }

  /** Makes every reading fail; null heals it. */
  synchronized Bench fail(PeersException with) {
    failure = with;
    return changed();
  }

  /** Makes every reading fail as only a fault of a program does. */
  synchronized Bench crash(Throwable unchecked) {
    failure = unchecked;
    return changed();
  }

  synchronized Bench origin(String words) {
    origin = words;
    return changed();
  }

  synchronized String state0() {
    return state;
  }

  synchronized PeersOptions options() {
    return options;
  }

  synchronized void opened(PeersOptions with) {
    options = with;
  }

  private Bench changed() {
    reading = null;
    watcher.run();
    return this;
  }

  @Override
  public synchronized Reading read() {
    if (failure instanceof Error error) {
      throw error;
    }
    if (failure != null) {
      throw (RuntimeException) failure;
    }
    if (reading == null) {
      Reading plain = Reading.of(origin, READ_AT, self, nodes.values(), networks);
      List<String> told = List.copyOf(warnings);
      reading =
          new Reading() {
            @Override
            public Optional<PeerId> selfId() {
              return plain.selfId();
            }

            @Override
            public Collection<PeerId> ids() {
              return plain.ids();
            }

            @Override
            public Collection<PeerNode> nodes(Collection<PeerId> ids) {
              return plain.nodes(ids);
            }

            @Override
            public List<Network> networks() {
              return plain.networks();
            }

            @Override
            public String origin() {
              return plain.origin();
            }

            @Override
            public Instant readAt() {
              return plain.readAt();
            }

            @Override
            public List<String> warnings() {
              return told;
            }
          };
    }
    return reading;
  }

  @Override
  public StateStore state() {
    return new StateStore() {
      @Override
      public String origin() {
        return "the memory of a bench";
      }

      @Override
      public String load() {
        return state0();
      }

      @Override
      public String update(UnaryOperator<String> change) {
        synchronized (Bench.this) {
          state = change.apply(state);
          return state;
        }
      }
    };
  }

  @Override
  public synchronized Map<String, String> published() {
    return Map.copyOf(published);
  }

  @Override
  public synchronized void publish(Map<String, String> changes) {
    published.putAll(changes);
    published.values().removeIf(String::isEmpty);
  }

  @Override
  public synchronized Watch watch(Runnable maybeChanged) {
    watcher = maybeChanged;
    return () -> {};
  }
}
