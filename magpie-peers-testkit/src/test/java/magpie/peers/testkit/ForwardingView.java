/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import magpie.peers.Explanation;
import magpie.peers.Health;
import magpie.peers.Network;
import magpie.peers.NodeFilter;
import magpie.peers.Notice;
import magpie.peers.Notices;
import magpie.peers.PeerId;
import magpie.peers.PeerListener;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.Snapshot;
import magpie.peers.Subscription;

/** A good view, for broken ones to extend. */
class ForwardingView implements PeerView {
  final PeerView good;

  ForwardingView(PeerView good) {
    this.good = good;
  }

  @Override
  public String backend() {
    return good.backend();
  }

  @Override
  public Optional<PeerId> selfId() {
    return good.selfId();
  }

  @Override
  public Optional<PeerNode> self() {
    return good.self();
  }

  @Override
  public List<PeerId> ids() {
    return good.ids();
  }

  @Override
  public Snapshot snapshot() {
    return good.snapshot();
  }

  @Override
  public List<PeerNode> nodes(NodeFilter filter) {
    return good.nodes(filter);
  }

  @Override
  public Optional<PeerNode> node(PeerId id) {
    return good.node(id);
  }

  @Override
  public Optional<Explanation> explain(PeerId id, NodeFilter filter) {
    return good.explain(id, filter);
  }

  @Override
  public Network network(String name) {
    return good.network(name);
  }

  @Override
  public Notices notices() {
    Notices notices = good.notices();
    // Dismissing them is to go through this view.
    return new Notices(this, notices.joined(), notices.departed());
  }

  @Override
  public List<Notice> dismiss(Collection<Notice> notices) {
    return good.dismiss(notices);
  }

  @Override
  public Subscription listen(PeerListener listener) {
    return good.listen(listener);
  }

  @Override
  public Subscription onNotices(Consumer<Notices> consumer) {
    return good.onNotices(consumer);
  }

  @Override
  public Map<String, String> published() {
    return good.published();
  }

  @Override
  public boolean publish(Map<String, String> settings) {
    return good.publish(settings);
  }

  @Override
  public Health health() {
    return good.health();
  }

  @Override
  public <T> Optional<T> extension(Class<T> type) {
    return good.extension(type);
  }

  @Override
  public void close() {
    good.close();
  }
}
