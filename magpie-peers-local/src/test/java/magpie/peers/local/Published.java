/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.local;

import java.util.List;
import java.util.Map;
import magpie.peers.PeerId;
import magpie.peers.spi.PeerSource;

/** What a source says that a node has set. */
final class Published {
  private Published() {}

  static Map<String, String> of(PeerSource source, String id) {
    return source.read().nodes(List.of(PeerId.of(id))).iterator().next().settings();
  }
}
