/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.etcd;

import io.etcd.jetcd.Client;
import java.nio.file.Path;
import magpie.peers.testkit.PeerSetHarness;
import magpie.peers.testkit.PeerViewStress;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;

/** Many threads use views of a real etcd that is cut off and mended meanwhile. */
@Tag("thorough")
@Tag("alone")
class EtcdStressTest extends PeerViewStress {
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
}
