/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology;

import java.util.List;
import java.util.Map;
import magpie.peers.PeerAddress;
import magpie.peers.PeerId;
import org.jspecify.annotations.Nullable;

/** A node as it is written; sections that complete it may follow later in the file. */
final class NodeDraft {
  final @Nullable PeerId id;
  final String writtenId;
  final boolean repeated;
  boolean faulty;
  List<@Nullable PeerAddress> candidates = List.of();
  int addressCount;
  int firstPlace;
  @Nullable String hostname;
  Map<String, String> labels = Map.of();
  Map<String, String> settings = Map.of();
  String state = "present";

  /** Whether the addresses were observed elsewhere, so that they cannot be corrected here. */
  boolean observed;

  /** Whether addresses were declared. */
  boolean declared;

  NodeDraft(@Nullable PeerId id, String writtenId, boolean repeated) {
    this.id = id;
    this.writtenId = writtenId;
    this.repeated = repeated;
  }

  /** Returns the path to an address. */
  String path(int index) {
    String list = observed ? ".candidates[" : ".addresses[";
    return "nodes." + writtenId + list + index + (observed ? "].address" : "]");
  }

  boolean departed() {
    return state.equals("departed");
  }
}
