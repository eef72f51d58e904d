/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.etcd;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.kv.GetResponse;
import io.etcd.jetcd.kv.TxnResponse;
import io.etcd.jetcd.op.Cmp;
import io.etcd.jetcd.op.CmpTarget;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.DeleteOption;
import io.etcd.jetcd.options.GetOption;
import io.etcd.jetcd.options.PutOption;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.UUID;
import magpie.peers.ConfigurationException;
import magpie.peers.PeerAddress;
import magpie.peers.PeerId;
import magpie.peers.PeerView;
import magpie.peers.PeersException;
import magpie.peers.PeersOptions;
import magpie.peers.host.OwnInterfaces;
import magpie.peers.spi.Membership;
import magpie.peers.spi.PeerSource;
import magpie.peers.spi.StateStore;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;

/**
 * What a node can do beyond looking at its peers: join them, leave them, and forget one that will
 * not come back.
 *
 * <pre>{@code
 * try (PeerView peers = Peers.open()) {
 *   EtcdMember.of(peers).join();
 *   peers.onNotices(...);
 * }
 * }</pre>
 *
 * <p>A node that has joined is a peer until it leaves or is forgotten. It is alive as long as the
 * view is open, and is suspect (M4) when nothing was heard of it for the time of the option {@code
 * etcd-ttl}; no node departs because of time. Safe for use by many threads; each method is one or
 * few calls to etcd, of which each takes as long as the option {@code etcd-timeout} at most.
 */
public final class EtcdMember implements Membership {
  private final Etcd etcd;
  private final String prefix;
  private final PeersOptions options;
  private final Duration ttl;
  private volatile @Nullable Beat beat;
  private volatile boolean closed;

  EtcdMember(Etcd etcd, String prefix, PeersOptions options, Duration ttl) {
    this.etcd = etcd;
    this.prefix = prefix;
    this.options = options;
    this.ttl = ttl;
  }

  /**
   * Returns the membership that a view belongs to.
   *
   * @param view a view of the etcd backend
   * @return the membership
   * @throws IllegalArgumentException if the view is of another backend
   */
  public static EtcdMember of(PeerView view) {
    return view.extension(EtcdMember.class)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "expected a view of the backend etcd, found one of "
                        + Quote.of(view.backend())));
  }

  /**
   * Joins with the addresses of the real interfaces of this machine, without bridges, loopback and
   * link-local, and without labels.
   *
   * @throws PeersException as {@link #join(List, Map)}
   */
  @Override
  public void join() {
    join(
        OwnInterfaces.ordered(OwnInterfaces.read()).stream().map(PeerAddress::toString).toList(),
        Map.of());
  }

  /**
   * Joins, or changes what this node said when it joined, and keeps it alive until the view is
   * closed.
   *
   * <p>An installation that comes back is the same node, which no peer sees depart; it keeps what
   * it has published. What makes it the same is an id in the state directory. An id whose node is
   * gone for longer than the option {@code etcd-ttl} can be taken by another installation, which
   * has published nothing.
   *
   * @param addresses at which peers reach this node, best first: each an address, an address with
   *     the prefix length of its network ({@code 192.0.2.11/25}), or a host name
   * @param labels the labels of this node
   * @throws ConfigurationException if this view is an observer's; if another installation is alive
   *     under this id, which the message names; or if all this is larger than 256 KiB
   * @throws magpie.peers.SourceUnavailableException if etcd does not answer
   * @throws magpie.peers.StateException if the state directory cannot be written
   * @throws IllegalArgumentException if there is no address, or one that is neither an address nor
   *     a host name
   */
  @Override
  public synchronized void join(List<String> addresses, Map<String, String> labels) {
    List<String> checked = checked(addresses);
    PeerSource.check(labels);
    PeerId id = self();
    String instance = instance();
    Values.Alive holder = new Values.Alive(instance, host());
    if (closed) {
      throw new IllegalStateException("expected an open view, found it closed");
    }
    String memberKey = prefix + EtcdSource.MEMBER + id;
    String aliveKey = prefix + EtcdSource.ALIVE + id;
    Beat known = beat == null || beat.over() ? null : beat;
    long lease = known == null ? 0 : known.lease();
    boolean granted = false;
    while (true) {
      List<GetResponse> now = both(memberKey, aliveKey);
      @Nullable KeyValue member = first(now.get(0));
      @Nullable KeyValue alive = first(now.get(1));
      refuseOther(id, instance, alive);
      byte[] value =
          EtcdSource.checked(
              memberKey,
              new Values.Member(checked, new TreeMap<>(labels), kept(member, instance), instance)
                  .json());
      List<Op> writes = new ArrayList<>();
      ByteSequence written = ByteSequence.from(value);
      if (member == null || !member.getValue().equals(written)) {
        writes.add(Op.put(Etcd.bytes(memberKey), written, PutOption.DEFAULT));
      }
      if (alive == null || alive.getLease() != lease) {
        if (!granted) {
          lease = Beat.grant(etcd, ttl);
          granted = true;
        }
        writes.add(Beat.sign(aliveKey, holder, lease));
      }
      if (write("join as " + id, List.of(same(memberKey, member), same(aliveKey, alive)), writes)) {
        break;
      }
    }
    if (known == null) {
      known = new Beat(etcd, id, memberKey, aliveKey, holder, ttl);
      beat = known;
    }
    known.start(lease);
  }

  /**
   * Leaves: this node departs at all others, which keep its last address and settings in their
   * notices (N5).
   *
   * @return whether it was a member
   * @throws ConfigurationException if this view is an observer's, or if the member of this id is
   *     another installation
   * @throws magpie.peers.SourceUnavailableException if etcd does not answer; then it may have left
   */
  @Override
  public synchronized boolean leave() {
    PeerId id = self();
    String memberKey = prefix + EtcdSource.MEMBER + id;
    String aliveKey = prefix + EtcdSource.ALIVE + id;
    Beat known = beat;
    beat = null;
    if (known != null) {
      known.end();
    }
    while (true) {
      List<GetResponse> now = both(memberKey, aliveKey);
      KeyValue member = first(now.get(0));
      if (member == null) {
        return false;
      }
      own(memberKey, member);
      if (remove("leave as " + id, memberKey, member, aliveKey, first(now.get(1)))) {
        return true;
      }
    }
  }

  /**
   * Lets a node depart that will not come back; for operators.
   *
   * @param id the node
   * @return whether it was a member
   * @throws ConfigurationException if it is alive; the message names who keeps it so
   * @throws magpie.peers.SourceUnavailableException if etcd does not answer; then it may have been
   *     forgotten
   */
  @Override
  public boolean forget(PeerId id) {
    String memberKey = prefix + EtcdSource.MEMBER + Objects.requireNonNull(id, "id");
    String aliveKey = prefix + EtcdSource.ALIVE + id;
    while (true) {
      List<GetResponse> now = both(memberKey, aliveKey);
      KeyValue member = first(now.get(0));
      KeyValue alive = first(now.get(1));
      if (member == null) {
        return false;
      }
      if (alive != null) {
        throw new ConfigurationException(
            "expected "
                + id
                + " to be gone before it is forgotten, found that "
                + shown(alive)
                + " keeps it alive; let it leave with 'magpie-peers leave', or stop it and wait "
                + ttl.toSeconds()
                + " s");
      }
      if (remove("forget " + id, memberKey, member, aliveKey, null)) {
        return true;
      }
    }
  }

  /** Stops keeping this node alive: from now on it is on its way to be suspect. */
  void close() {
    closed = true;
    Beat known = beat;
    if (known != null) {
      known.end();
    }
    etcd.close();
    if (known != null) {
      known.awaitEnd();
    }
  }

  PeerId self() {
    return options
        .self()
        .orElseThrow(
            () ->
                new ConfigurationException(
                    "expected a node of "
                        + prefix
                        + " to write as, found an observer; name the node with "
                        + options.howToSet("self", "ID")));
  }

  /** Reads the member of this node, and refuses that of another installation. */
  Values.Member own(String key, KeyValue found) {
    Values.Member member;
    try {
      member = Values.Member.read(found.getValue().getBytes());
    } catch (Values.Unreadable e) {
      throw new ConfigurationException(
          "expected the member of this node in key "
              + Quote.of(key)
              + ", found one that cannot be used ("
              + e.getMessage()
              + "); join again to write it anew",
          e);
    }
    if (!member.instance().isEmpty() && !member.instance().equals(storedInstance())) {
      throw new ConfigurationException(
          "expected key "
              + Quote.of(key)
              + " to belong to this installation, found instance "
              + Quote.of(member.instance())
              + "; use the state directory that it joined with, set with "
              + options.howToSet("state", "DIR")
              + ", or another id");
    }
    return member;
  }

  private void refuseOther(PeerId id, String instance, @Nullable KeyValue alive) {
    if (alive == null) {
      return;
    }
    try {
      if (Values.Alive.read(alive.getValue().getBytes()).instance().equals(instance)) {
        return;
      }
    } catch (Values.Unreadable e) {
      // Somebody's all the same.
    }
    throw new ConfigurationException(
        "expected "
            + id
            + " to be free in "
            + prefix
            + ", found that "
            + shown(alive)
            + " is alive under this id; choose another id, or stop that one and wait "
            + ttl.toSeconds()
            + " s");
  }

  private static String shown(KeyValue alive) {
    try {
      return Values.Alive.read(alive.getValue().getBytes()).shown();
    } catch (Values.Unreadable e) {
      return "somebody who does not say so well (" + e.getMessage() + ")";
    }
  }

  /** What stays of a member when it joins again: its settings, if it is the same one. */
  private static Map<String, String> kept(@Nullable KeyValue member, String instance) {
    if (member == null) {
      return Map.of();
    }
    try {
      Values.Member before = Values.Member.read(member.getValue().getBytes());
      return before.instance().equals(instance) ? before.settings() : Map.of();
    } catch (Values.Unreadable e) {
      // Whatever it was, it is written anew now.
      return Map.of();
    }
  }

  private List<GetResponse> both(String memberKey, String aliveKey) {
    return etcd.call(
            "read " + memberKey,
            client ->
                client
                    .getKVClient()
                    .txn()
                    .Then(
                        Op.get(Etcd.bytes(memberKey), GetOption.DEFAULT),
                        Op.get(Etcd.bytes(aliveKey), GetOption.DEFAULT))
                    .commit())
        .getGetResponses();
  }

  private boolean remove(
      String what, String memberKey, KeyValue member, String aliveKey, @Nullable KeyValue alive) {
    return write(
        what,
        List.of(same(memberKey, member), same(aliveKey, alive)),
        List.of(
            Op.delete(Etcd.bytes(memberKey), DeleteOption.DEFAULT),
            Op.delete(Etcd.bytes(aliveKey), DeleteOption.DEFAULT)));
  }

  /** One transaction; false if something changed since it was read. */
  private boolean write(String what, List<Cmp> conditions, List<Op> writes) {
    TxnResponse answer =
        etcd.call(
            what,
            client ->
                client
                    .getKVClient()
                    .txn()
                    .If(conditions.toArray(new Cmp[0]))
                    .Then(writes.toArray(new Op[0]))
                    .commit());
    return answer.isSucceeded();
  }

  private static Cmp same(String key, @Nullable KeyValue found) {
    return new Cmp(
        Etcd.bytes(key),
        Cmp.Op.EQUAL,
        CmpTarget.modRevision(found == null ? 0 : found.getModRevision()));
  }

  private static @Nullable KeyValue first(GetResponse answer) {
    return answer.getKvs().isEmpty() ? null : answer.getKvs().get(0);
  }

  private static List<String> checked(List<String> addresses) {
    if (addresses.isEmpty()) {
      throw new IllegalArgumentException(
          "expected at least one address to join with, found none; this machine has none that"
              + " others could reach, so name one");
    }
    for (String address : addresses) {
      PeerAddress candidate = PeerAddress.of(address, "join");
      String note = candidate.note().orElse("");
      if (note.startsWith("no IP address")) {
        throw new IllegalArgumentException(
            "expected an address or a host name to join with, found "
                + Quote.of(address)
                + ", "
                + note);
      }
    }
    return List.copyOf(addresses);
  }

  private static String host() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "";
    }
  }

  private StateStore instanceStore() {
    return StateStore.file(file(options, prefix, ".instance"));
  }

  private String instance() {
    return instanceStore()
        .update(before -> before.isBlank() ? UUID.randomUUID().toString() : before)
        .strip();
  }

  private String storedInstance() {
    return instanceStore().load().strip();
  }

  /** A file of one node of one peer set in the state directory. */
  static Path file(PeersOptions options, String prefix, String suffix) {
    String who = options.self().map(PeerId::value).orElse("observer");
    String identity = prefix + "\n" + options.self().map(PeerId::value).orElse("");
    String digest = HexFormat.of().formatHex(sha256(identity), 0, 4);
    String readable = who.replaceAll("[^A-Za-z0-9._-]", "-");
    return options
        .stateDirectory()
        .resolve(
            "etcd-"
                + digest
                + "-"
                + readable.substring(0, Math.min(60, readable.length()))
                + suffix);
  }

  private static byte[] sha256(String text) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
