/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.etcd;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.kv.GetResponse;
import io.etcd.jetcd.op.Cmp;
import io.etcd.jetcd.op.CmpTarget;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.PutOption;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import magpie.peers.ConfigurationException;
import magpie.peers.Network;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.PeersException;
import magpie.peers.PeersOptions;
import magpie.peers.SourceUnavailableException;
import magpie.peers.spi.PeerSource;
import magpie.peers.spi.Reading;
import magpie.peers.spi.StateStore;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;

/** The keys of one peer set: who is a member, and who of them is alive. */
final class EtcdSource implements PeerSource {
  static final String MEMBER = "member/";
  static final String ALIVE = "alive/";
  private static final String NETWORKS = "networks";

  /** How soon a change is found that neither the watch nor anything else told of. */
  private static final Duration SLOW = Duration.ofSeconds(30);

  /** More in one member would be read by everybody at every change of it. */
  static final int LARGEST = 256 * 1024;

  private final Etcd etcd;
  private final String prefix;
  private final PeersOptions options;
  private final Optional<PeerId> self;
  private final Duration slow;
  private final Mirror mirror;
  private final Map<PeerId, Values.Member> members = new HashMap<>();
  private final Map<PeerId, PeerNode> nodes = new TreeMap<>();
  private final Set<Hints> watches = ConcurrentHashMap.newKeySet();
  private final EtcdMember member;
  private List<Network> networks = List.of();

  /** Keys of which the values have still to be understood. */
  private final Set<String> unread = ConcurrentHashMap.newKeySet();

  /** Whether something was taken in that the last reading does not show. */
  private boolean changed;

  private volatile @Nullable Reading last;
  private volatile boolean failing;
  private volatile boolean closed;
  private @Nullable StateStore state;

  EtcdSource(Etcd etcd, String prefix, PeersOptions options) {
    this(etcd, prefix, options, SLOW);
  }

  /** With another time after which it is looked anyway, for tests. */
  EtcdSource(Etcd etcd, String prefix, PeersOptions options, Duration slow) {
    this.etcd = etcd;
    this.prefix = prefix;
    this.options = options;
    this.self = options.self();
    this.slow = slow;
    this.mirror = new Mirror(etcd, prefix);
    this.member = new EtcdMember(etcd, prefix, options, Access.ttl(options));
  }

  Mirror mirror() {
    return mirror;
  }

  @Override
  public Reading read() {
    return read(false);
  }

  @Override
  public Reading readForListeners() {
    return read(true);
  }

  private Reading read(boolean asTold) {
    try {
      Reading reading = readNow(asTold);
      failing = false;
      return reading;
    } catch (PeersException e) {
      if (!failing) {
        failing = true;
        watches.forEach(Hints::wake);
      }
      throw e;
    }
  }

  private Reading readNow(boolean asTold) {
    Set<String> touched = mirror.refresh(events(), asTold);
    Reading before = last;
    if (before != null && touched.isEmpty() && unread.isEmpty()) {
      return before;
    }
    unread.addAll(touched);
    for (String key : List.copyOf(unread)) {
      changed |= understand(key, mirror.keys().get(key));
      unread.remove(key);
    }
    if (before != null && !changed) {
      // A node that was back in time, or a value that was written once more.
      return before;
    }
    Reading reading =
        Reading.of(
            "etcd " + prefix,
            options.environment().clock().instant(),
            self,
            nodes.values(),
            networks);
    changed = false;
    last = reading;
    return reading;
  }

  /** What a watch of this source tells; nothing where none is open. */
  private Events events() {
    for (Hints each : watches) {
      return each.events();
    }
    return new Events();
  }

  /** Takes in one key; true if that makes a difference to anybody. */
  private boolean understand(String key, @Nullable KeyValue value) {
    try {
      if (key.startsWith(MEMBER)) {
        PeerId id = id(key, MEMBER);
        if (value == null) {
          members.remove(id);
        } else {
          members.put(id, Values.Member.read(value.getValue().getBytes()));
        }
        return show(id);
      }
      if (key.startsWith(ALIVE)) {
        // A node without a member key is no member.
        return mirror.keys().containsKey(MEMBER + key.substring(ALIVE.length()))
            && show(id(key, ALIVE));
      }
      if (key.equals(NETWORKS)) {
        List<Network> declared =
            value == null ? List.of() : Values.networks(value.getValue().getBytes());
        boolean differ = !declared.equals(networks);
        networks = declared;
        return differ;
      }
      return false;
    } catch (Values.Unreadable e) {
      throw unreadable(key, value, e.getMessage(), e);
    }
  }

  /** Makes the node of a member anew; true if it is another one. */
  private boolean show(PeerId id) {
    Values.Member now = members.get(id);
    PeerNode node = now == null ? null : now.node(id, !mirror.keys().containsKey(ALIVE + id));
    PeerNode before = node == null ? nodes.remove(id) : nodes.put(id, node);
    return !Objects.equals(before, node);
  }

  private static PeerId id(String key, String kind) throws Values.Unreadable {
    try {
      return PeerId.of(key.substring(kind.length()));
    } catch (IllegalArgumentException e) {
      throw new Values.Unreadable(String.valueOf(e.getMessage()));
    }
  }

  private PeersException unreadable(
      String key, @Nullable KeyValue value, @Nullable String fault, Exception cause) {
    String writer = "";
    KeyValue alive = mirror.keys().get(key.replaceFirst("^" + MEMBER, ALIVE));
    if (key.startsWith(MEMBER) && alive != null) {
      try {
        writer = "; " + Values.Alive.read(alive.getValue().getBytes()).shown() + " keeps it alive";
      } catch (Values.Unreadable e) {
        writer = "; its alive key cannot be read either";
      }
    }
    return new SourceUnavailableException(
        prefix + key,
        "expected a value as docs/etcd.md says in key "
            + Quote.of(prefix + key)
            + ", found one that cannot be used ("
            + fault
            + "), written at revision "
            + (value == null ? 0 : value.getModRevision())
            + writer
            + "; correct it where it is written, or remove it with 'etcdctl del'",
        cause);
  }

  @Override
  public StateStore state() {
    StateStore store = state;
    if (store == null) {
      store = StateStore.file(EtcdMember.file(options, prefix, ".state"));
      state = store;
    }
    return store;
  }

  @Override
  public Map<String, String> published() {
    PeersException failure = null;
    try {
      read();
    } catch (SourceUnavailableException e) {
      // Another member may be what cannot be read.
      failure = e;
    }
    Values.Member own = self.map(members::get).orElse(null);
    if (failure != null) {
      throw failure;
    }
    return own == null ? Map.of() : own.settings();
  }

  @Override
  public void publish(Map<String, String> changes) {
    Objects.requireNonNull(changes, "changes");
    PeerId id = member.self();
    String key = prefix + MEMBER + id;
    while (true) {
      GetResponse found =
          etcd.call("read " + key, client -> client.getKVClient().get(Etcd.bytes(key)));
      if (found.getKvs().isEmpty()) {
        throw new ConfigurationException(
            "expected "
                + id
                + " to have joined before it publishes, found no key "
                + Quote.of(key)
                + "; join with EtcdMember.of(view).join() or 'magpie-peers join'");
      }
      KeyValue now = found.getKvs().get(0);
      Values.Member before = member.own(key, now);
      if (PeerSource.changes(before.settings(), changes).isEmpty()) {
        // Written by a call of which the answer was lost.
        return;
      }
      byte[] value = checked(key, before.with(changes).json());
      boolean written =
          etcd.call(
                  "write " + key,
                  client ->
                      client
                          .getKVClient()
                          .txn()
                          .If(
                              new Cmp(
                                  Etcd.bytes(key),
                                  Cmp.Op.EQUAL,
                                  CmpTarget.modRevision(now.getModRevision())))
                          .Then(
                              Op.put(Etcd.bytes(key), ByteSequence.from(value), PutOption.DEFAULT))
                          .commit())
              .isSucceeded();
      if (written) {
        return;
      }
    }
  }

  /** Refuses a value that would be too large for every reader. */
  static byte[] checked(String key, byte[] value) {
    if (value.length > LARGEST) {
      throw new ConfigurationException(
          "expected at most "
              + LARGEST
              + " bytes of addresses, labels and settings of one node, found "
              + value.length
              + " for key "
              + Quote.of(key)
              + "; publish less, and where to find the rest");
    }
    return value;
  }

  @Override
  public Watch watch(Runnable maybeChanged) {
    Objects.requireNonNull(maybeChanged, "maybeChanged");
    Hints watch = Hints.start(etcd, prefix, slow, () -> failing, maybeChanged);
    watches.add(watch);
    if (closed) {
      watch.close();
    }
    return () -> {
      watches.remove(watch);
      watch.close();
    };
  }

  @Override
  public <T> Optional<T> extension(Class<T> type) {
    return type.isInstance(member) && !type.equals(Object.class)
        ? Optional.of(type.cast(member))
        : Optional.empty();
  }

  @Override
  public void close() {
    closed = true;
    watches.forEach(Hints::close);
    watches.clear();
    member.close();
  }
}
