/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.etcd;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import magpie.peers.Changes;
import magpie.peers.PeerEvent;
import magpie.peers.PeerView;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Real servers, nodes that join, and a view that notes who was ever listed and who departed. */
abstract class RealServers {
  static final String SET = "set";

  @TempDir Path directory;
  EtcdCluster cluster;

  /** Who ever departed at a view that listens. */
  final Set<String> departures = ConcurrentHashMap.newKeySet();

  /** Who was ever listed there. */
  final Set<String> listed = ConcurrentHashMap.newKeySet();

  @BeforeEach
  void needsEtcd() {
    EtcdCluster.required();
  }

  @AfterEach
  void stop() {
    if (cluster != null) {
      cluster.close();
    }
  }

  void start(int size, String... more) {
    cluster = EtcdCluster.start(directory.resolve("cluster"), size, more);
  }

  PeerView joined(String id, String address) {
    return Nodes.joined(cluster.endpoints(), SET, directory, id, address);
  }

  PeerView observer(String endpoints) {
    PeerView view = Nodes.observer(endpoints, SET, directory.resolve("observer"));
    view.listen(
        event -> {
          event.snapshot().ids().forEach(id -> listed.add(id.value()));
          if (event instanceof PeerEvent.Changed change) {
            Changes.between(change.before().nodes(), change.snapshot().nodes())
                .departed()
                .forEach(node -> departures.add(node.id().value()));
          }
        });
    view.notices();
    return view;
  }

  void nobodyDeparted(PeerView view) {
    assertEquals(Set.of(), departures);
    assertEquals(List.of(), Nodes.departed(view));
  }
}
