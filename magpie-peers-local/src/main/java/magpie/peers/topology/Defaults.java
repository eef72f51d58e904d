/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import magpie.peers.Network;
import magpie.peers.PeerAddress;
import magpie.peers.PeerNode;
import org.jspecify.annotations.Nullable;

/** What a file says of all its nodes, and the nodes that this makes of drafts. */
final class Defaults {
  @Nullable String network;
  long networkPlace;
  Map<String, String> labels = Map.of();
  Map<String, String> settings = Map.of();

  /** Completes the nodes of a file in which nothing is wrong; the drafts are gone then. */
  List<Topology.Entry> complete(Drafts drafts, @Nullable Network preferred) {
    // By identity, because what nodes say alike is one map already.
    IdentityHashMap<Map<String, String>, Map<String, String>> labels = new IdentityHashMap<>();
    IdentityHashMap<Map<String, String>, Map<String, String>> settings = new IdentityHashMap<>();
    List<Topology.Entry> entries = new ArrayList<>(drafts.nodes.size());
    for (int i = 0; i < drafts.nodes.size(); i++) {
      NodeDraft draft = drafts.nodes.get(i);
      // Kept no longer than needed: at the end there are all entries, and no drafts.
      drafts.nodes.set(i, null);
      PeerNode.Builder node =
          PeerNode.builder(Objects.requireNonNull(draft.id))
              .addresses(present(draft.candidates))
              .labels(overlaid(labels, this.labels, draft.labels))
              .settings(overlaid(settings, this.settings, draft.settings))
              .suspect(draft.state.equals("suspect"));
      if (preferred != null) {
        for (PeerAddress candidate : present(draft.candidates)) {
          if (candidate.ip().isPresent() && preferred.contains(candidate.ip().get())) {
            node.selected(candidate, "defaults.network " + preferred.name());
            break;
          }
        }
      }
      PeerNode built = node.build();
      share(labels, draft.labels, built.labels());
      share(settings, draft.settings, built.settings());
      entries.add(new Topology.Entry(built, Optional.ofNullable(draft.hostname), draft.departed()));
    }
    return Collections.unmodifiableList(entries);
  }

  /** A topology is made only where nothing was wrong, and then no candidate is missing. */
  @SuppressWarnings("NullAway")
  private static List<PeerAddress> present(List<@Nullable PeerAddress> candidates) {
    return candidates;
  }

  /** The defaults with what a node says itself, made once for all nodes that say the same. */
  private static Map<String, String> overlaid(
      Map<Map<String, String>, Map<String, String>> made,
      Map<String, String> defaults,
      Map<String, String> own) {
    Map<String, String> same = made.get(own);
    if (same != null) {
      return same;
    }
    Map<String, String> all = new TreeMap<>(defaults);
    all.putAll(own);
    return all;
  }

  private static void share(
      Map<Map<String, String>, Map<String, String>> made,
      Map<String, String> own,
      Map<String, String> built) {
    if (made.size() < TextsReader.MOST_SHARED) {
      made.putIfAbsent(own, built);
    }
  }
}
