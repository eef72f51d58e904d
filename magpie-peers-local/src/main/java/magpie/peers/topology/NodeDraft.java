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

/** A node as it is written; the sections that complete it may stand behind it. */
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

  /** Whether the candidates are what another source told, which nobody can correct here. */
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
