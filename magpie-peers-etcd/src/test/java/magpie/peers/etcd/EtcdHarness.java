/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.etcd;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.options.GetOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import magpie.peers.Environment;
import magpie.peers.PeerId;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.PeersOptions;
import magpie.peers.spi.PeerSource;
import magpie.peers.testkit.PeerSetHarness;

/**
 * A peer set in a real etcd, each with keys of its own, written by hand as programs in other
 * languages do.
 */
final class EtcdHarness implements PeerSetHarness {
  private static final AtomicInteger SETS = new AtomicInteger();

  private final Path directory;
  private final Client client;
  private final TcpProxy proxy;
  private final String prefix;
  private Optional<Breakage> broken = Optional.empty();

  EtcdHarness(Path directory, EtcdCluster cluster, Client client) {
    this.directory = directory;
    this.client = client;
    this.proxy = new TcpProxy(cluster.port(0));
    this.prefix = "/contract" + SETS.incrementAndGet() + "/" + ProcessHandle.current().pid();
    write("networks", Values.json(NETWORKS));
    put(new Peer(id(0), List.of("192.0.2.254"), Map.of(), Map.of()));
  }

  static <T> T get(CompletableFuture<T> future) {
    try {
      return future.get(30, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private String key(String name) {
    return prefix + "/set/" + name;
  }

  private void write(String name, byte[] value) {
    get(client.getKVClient().put(Etcd.bytes(key(name)), ByteSequence.from(value)));
  }

  private void delete(String name) {
    get(client.getKVClient().delete(Etcd.bytes(key(name))));
  }

  /** Clients of one process share the pool of gRPC, which ends with the last of them. */
  @Override
  public boolean isShared(Thread thread) {
    return thread.getName().startsWith("grpc-default-executor-");
  }

  @Override
  public Set<Capability> capabilities() {
    return EnumSet.complementOf(EnumSet.of(Capability.MERGED_IDS, Capability.LAZY_READS));
  }

  @Override
  public String lacks(Capability missing) {
    return missing == Capability.MERGED_IDS
        ? "an id is a key, and there is one value for a key"
        : "all members are read at one revision";
  }

  private PeersOptions options() {
    return PeersOptions.builder()
        .environment(Environment.system().withVariables(Map.of()))
        .backend("etcd")
        .option("etcd", proxy.endpoint())
        .option("etcd-prefix", prefix)
        .option("etcd-timeout", "1")
        .option("peer-set", "set")
        .stateDirectory(directory)
        .self(id(0).value())
        .build();
  }

  @Override
  public PeerView open() {
    return Peers.open(options());
  }

  @Override
  public Optional<PeerSource> source() {
    return Optional.of(
        new EtcdSource(
            new Etcd(Access.of(options())),
            Access.prefix(options()),
            options(),
            Duration.ofSeconds(1)));
  }

  @Override
  public void put(Peer peer) {
    write(
        EtcdSource.MEMBER + peer.id(),
        new Values.Member(peer.addresses(), peer.labels(), peer.settings(), "").json());
    write(EtcdSource.ALIVE + peer.id(), new Values.Alive("other", "other.example").json());
  }

  @Override
  public void remove(PeerId id) {
    delete(EtcdSource.MEMBER + id);
    delete(EtcdSource.ALIVE + id);
  }

  @Override
  public void doubt(PeerId id) {
    delete(EtcdSource.ALIVE + id);
  }

  @Override
  public Set<Breakage> breakages() {
    return new LinkedHashSet<>(List.of(Breakage.RUBBISH, Breakage.GONE, Breakage.UNREADABLE));
  }

  @Override
  public void breakSource(Breakage kind) {
    healSource();
    broken = Optional.of(kind);
    switch (kind) {
      case GONE -> proxy.cut();
      case UNREADABLE -> proxy.hangUp();
      case RUBBISH -> write(EtcdSource.MEMBER + "rubbish", Etcd.bytes("{\"version\":").getBytes());
    }
  }

  @Override
  public void healSource() {
    broken.ifPresent(
        kind -> {
          if (kind == Breakage.RUBBISH) {
            delete(EtcdSource.MEMBER + "rubbish");
          } else {
            proxy.mend();
          }
        });
    broken = Optional.empty();
  }

  @Override
  public Map<String, String> seenByPeers() {
    try {
      return Values.Member.read(
              get(client.getKVClient().get(Etcd.bytes(key(EtcdSource.MEMBER + id(0)))))
                  .getKvs()
                  .get(0)
                  .getValue()
                  .getBytes())
          .settings();
    } catch (Values.Unreadable e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public Object writes() {
    return List.of(
        PeerSetHarness.fingerprint(directory),
        get(
                client
                    .getKVClient()
                    .get(Etcd.bytes(key("")), GetOption.builder().isPrefix(true).build()))
            .getKvs()
            .stream()
            .map(KeyValue::getModRevision)
            .toList());
  }

  @Override
  public void close() {
    proxy.close();
  }
}
