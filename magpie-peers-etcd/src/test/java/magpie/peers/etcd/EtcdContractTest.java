/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.etcd;

import io.etcd.jetcd.Client;
import java.nio.file.Path;
import java.time.Duration;
import magpie.peers.testkit.PeerSetHarness;
import magpie.peers.testkit.PeerViewContract;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** The etcd backend keeps the contract, with a real etcd. */
class EtcdContractTest extends PeerViewContract {
  @TempDir static Path data;
  private static EtcdCluster cluster;
  private static Client client;
  @TempDir Path directory;

  @BeforeAll
  static void startEtcd() {
    EtcdCluster.required();
    cluster = EtcdCluster.start(data, 1);
    client = cluster.client();
  }

  @AfterAll
  static void stopEtcd() {
    if (cluster != null) {
      client.close();
      cluster.close();
    }
  }

  @Override
  protected PeerSetHarness harness() {
    return new EtcdHarness(directory, cluster, client);
  }

  /** The threads that all channels of gRPC share end a second after the last one is closed. */
  @Override
  protected Duration quiet() {
    return super.quiet().plusMillis(200);
  }
}
