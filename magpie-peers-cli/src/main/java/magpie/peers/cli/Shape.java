/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import java.util.List;
import java.util.Map;
import magpie.peers.Explanation;
import magpie.peers.Health;
import magpie.peers.Notice;
import magpie.peers.PeerAddress;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.Snapshot;
import magpie.peers.Verdict;
import magpie.peers.lab.Drift;
import magpie.peers.topology.Problem;
import org.jspecify.annotations.Nullable;

/** What the values of the api look like in JSON and YAML: keys are a promise to scripts. */
final class Shape {
  private Shape() {}

  /**
   * Says nothing of how the address was chosen: the same peers look the same whatever source they
   * come from. {@link #explanation} tells it.
   */
  static Map<String, @Nullable Object> node(PeerNode node) {
    return Tree.map(
        "id", node.id().value(),
        "address", node.address().map(PeerAddress::text).orElse(null),
        "source", node.address().map(PeerAddress::source).orElse(null),
        "addresses", Tree.list(node.addresses(), Shape::address),
        "settings", node.settings(),
        "labels", node.labels(),
        "suspect", node.suspect());
  }

  private static Map<String, @Nullable Object> address(PeerAddress address) {
    return Tree.map(
        "address", address.text(),
        "source", address.source(),
        "network", address.network().orElse(null));
  }

  static Map<String, @Nullable Object> explanation(Explanation explanation) {
    PeerNode kept = explanation.verdict().node().orElse(null);
    PeerAddress selected = kept == null ? null : kept.address().orElse(null);
    String reason = explanation.verdict() instanceof Verdict.Dropped no ? no.reason() : null;
    return Tree.map(
        "id",
        explanation.node().id().value(),
        "filter",
        explanation.filter(),
        "addresses",
        Tree.list(
            explanation.addresses(),
            address -> {
              Map<String, @Nullable Object> shape = address(address);
              shape.put("note", address.note().orElse(null));
              shape.put("selected", address.equals(selected));
              return shape;
            }),
        "rule",
        selected == null || kept == null ? null : kept.rule(),
        "verdict",
        kept == null ? "dropped" : "kept",
        "reason",
        reason,
        "address",
        selected == null ? null : selected.text(),
        "fallback",
        kept != null && kept.fallback(),
        "suspect",
        explanation.node().suspect());
  }

  static Map<String, @Nullable Object> notice(Notice notice) {
    return Tree.map(
        "kind", Choice.written(notice.kind()),
        "id", notice.id().value(),
        "sequence", notice.sequence(),
        "lastKnown", notice.lastKnown().map(Shape::node).orElse(null));
  }

  static Map<String, @Nullable Object> problem(Problem problem) {
    return Tree.map(
        "file", problem.file(),
        "line", problem.line(),
        "column", problem.column(),
        "length", problem.length(),
        "severity", Choice.written(problem.severity()),
        "code", problem.code(),
        "message", problem.message(),
        "path", problem.path(),
        "fix", problem.fix());
  }

  static Map<String, @Nullable Object> difference(Drift.Difference difference) {
    return Tree.map(
        "kind", Choice.written(difference.kind()),
        "id", difference.id().value(),
        "key", difference.key().isEmpty() ? null : difference.key(),
        "declared", difference.declared().orElse(null),
        "live", difference.live().orElse(null));
  }

  static Map<String, @Nullable Object> present(Snapshot snapshot, List<PeerNode> nodes) {
    return Tree.map(
        "event", "present",
        "readAt", snapshot.readAt().toString(),
        "origin", snapshot.origin(),
        "self", snapshot.selfId().map(PeerId::value).orElse(null),
        "nodes", Tree.list(nodes, Shape::node));
  }

  static Map<String, @Nullable Object> change(
      String event, Snapshot snapshot, @Nullable PeerNode before, @Nullable PeerNode after) {
    PeerNode any = after == null ? before : after;
    return Tree.map(
        "event", event,
        "readAt", snapshot.readAt().toString(),
        "id", any == null ? null : any.id().value(),
        "before", before == null ? null : node(before),
        "after", after == null ? null : node(after));
  }

  static Map<String, @Nullable Object> health(Health health) {
    return Tree.map(
        "event",
        "health",
        "status",
        Choice.written(health.status()),
        "since",
        health.since().toString(),
        "reason",
        health.reason().isEmpty() ? null : health.reason());
  }
}
