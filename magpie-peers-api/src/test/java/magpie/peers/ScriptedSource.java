/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import magpie.peers.spi.PeerSource;
import magpie.peers.spi.Reading;
import magpie.peers.spi.StateStore;
import org.jspecify.annotations.Nullable;

/** A source that does what a test says, with every fault that a backend can have. */
final class ScriptedSource implements PeerSource {
  final List<PeerNode> nodes = new ArrayList<>();
  final List<Network> networks = new ArrayList<>();
  final List<String> warnings = new ArrayList<>();

  /** Departed peers of which the source can still tell; null where it cannot. */
  @Nullable List<PeerNode> departed;

  /** What this node has published; null where it cannot publish. */
  @Nullable Map<String, String> published;

  /** Whether the source also tells of peers that it was not asked for. */
  boolean tellsAll;

  final Set<PeerId> asked = new HashSet<>();
  final Store store = new Store();
  volatile @Nullable String readFault;
  volatile @Nullable String nodesFault;
  volatile @Nullable RuntimeException watchFault;
  volatile Runnable beforeWatchFault = () -> {};
  volatile @Nullable RuntimeException endOfWatchFault;
  volatile @Nullable Error error;
  volatile boolean readInterrupted;
  volatile boolean closed;
  volatile int reads;
  volatile Runnable beforeReading = () -> {};
  private final List<Runnable> watchers = new ArrayList<>();
  private @Nullable Reading reading;

  static PeerNode node(String id, String address) {
    return PeerNode.builder(PeerId.of(id)).address(address, "test").build();
  }

  static ScriptedSource of(String... ids) {
    ScriptedSource source = new ScriptedSource();
    for (int i = 0; i < ids.length; i++) {
      source.nodes.add(node(ids[i], "192.0.2." + (i + 1)));
    }
    return source;
  }

  PeerView open() {
    return Peers.open("scripted", this, Environment.system());
  }

  void changed() {
    changedUnseen();
    List<Runnable> all;
    synchronized (watchers) {
      all = List.copyOf(watchers);
    }
    all.forEach(Runnable::run);
  }

  /** The next reading is another one, and no watch has told so. */
  void changedUnseen() {
    synchronized (watchers) {
      reading = null;
    }
  }

  int watched() {
    synchronized (watchers) {
      return watchers.size();
    }
  }

  @Override
  public Reading read() {
    reads++;
    beforeReading.run();
    readInterrupted |= Thread.currentThread().isInterrupted();
    Error serious = error;
    if (serious != null) {
      throw serious;
    }
    String fault = readFault;
    if (fault != null) {
      throw new SourceUnavailableException("the script", fault);
    }
    synchronized (watchers) {
      Reading now = reading;
      if (now == null) {
        now = new Lazy(List.copyOf(nodes), List.copyOf(networks), List.copyOf(warnings));
        reading = now;
      }
      return now;
    }
  }

  @Override
  public StateStore state() {
    return store;
  }

  @Override
  public Watch watch(Runnable maybeChanged) {
    synchronized (watchers) {
      watchers.add(maybeChanged);
    }
    RuntimeException fault = watchFault;
    if (fault != null) {
      maybeChanged.run();
      beforeWatchFault.run();
      throw fault;
    }
    return () -> {
      synchronized (watchers) {
        watchers.remove(maybeChanged);
      }
      RuntimeException end = endOfWatchFault;
      if (end != null) {
        throw end;
      }
    };
  }

  @Override
  public boolean remembersDeparted() {
    return departed != null;
  }

  @Override
  public Map<String, String> published() {
    return published == null ? Map.of() : Map.copyOf(published);
  }

  @Override
  public void publish(Map<String, String> changes) {
    Map<String, String> mine = published;
    if (mine == null) {
      PeerSource.super.publish(changes);
    } else {
      mine.putAll(changes);
      mine.values().removeIf(String::isEmpty);
    }
  }

  @Override
  public <T> Optional<T> extension(Class<T> type) {
    return type == ScriptedSource.class ? Optional.of(type.cast(this)) : Optional.empty();
  }

  @Override
  public void close() {
    closed = true;
  }

  private final class Lazy implements Reading {
    private final List<PeerNode> there;
    private final Reading all;

    Lazy(List<PeerNode> there, List<Network> networks, List<String> warnings) {
      this.there = there;
      this.all =
          Reading.of(
              "the script", Instant.EPOCH, Optional.of(PeerId.of("me")), there, networks, warnings);
    }

    @Override
    public Optional<PeerId> selfId() {
      return all.selfId();
    }

    /** In any order, and more than once. */
    @Override
    public Collection<PeerId> ids() {
      return there.stream().map(PeerNode::id).toList();
    }

    @Override
    public Collection<PeerNode> nodes(Collection<PeerId> ids) {
      asked.addAll(ids);
      String fault = nodesFault;
      if (fault != null) {
        throw new SourceUnavailableException("the script", fault);
      }
      List<PeerNode> told = new ArrayList<>(there);
      if (departed != null) {
        told.addAll(departed);
      }
      told.removeIf(node -> !tellsAll && !ids.contains(node.id()));
      return told;
    }

    @Override
    public List<String> warnings() {
      return all.warnings();
    }

    @Override
    public List<Network> networks() {
      return all.networks();
    }

    @Override
    public String origin() {
      return all.origin();
    }

    @Override
    public Instant readAt() {
      return all.readAt();
    }
  }

  /** State in memory, counting writes. */
  static final class Store implements StateStore {
    String text = "";
    int writes;

    boolean prefetched;

    /** What happens once between the reading of a view and its recording. */
    Runnable beforeUpdate = () -> {};

    /** What happens before each change of the text, while nothing here is locked. */
    volatile Runnable beforeEachUpdate = () -> {};

    /** What goes wrong with the state; null if nothing does. */
    volatile @Nullable RuntimeException fault;

    @Override
    public String origin() {
      return "memory";
    }

    @Override
    public void prefetch() {
      prefetched = true;
    }

    @Override
    public synchronized String load() {
      return text;
    }

    @Override
    public String update(UnaryOperator<String> change) {
      beforeEachUpdate.run();
      RuntimeException broken = fault;
      if (broken != null) {
        throw broken;
      }
      return updateAlone(change);
    }

    private synchronized String updateAlone(UnaryOperator<String> change) {
      Runnable first = beforeUpdate;
      beforeUpdate = () -> {};
      first.run();
      String after = change.apply(text);
      if (!after.equals(text)) {
        text = after;
        writes++;
      }
      return after;
    }
  }
}
