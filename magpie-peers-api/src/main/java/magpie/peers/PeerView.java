/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What one node sees of its peers: who is there, at which address, what each published, who joined
 * and departed.
 *
 * <pre>{@code
 * try (PeerView peers = Peers.open()) {
 *   for (PeerNode peer : peers.nodes(NodeFilter.inNetwork("storage"))) {
 *     System.out.println(peer.id() + " " + peer.requireAddress().text());
 *   }
 *   Notices notices = peers.notices();
 *   for (Notice notice : notices.departed()) {
 *     System.out.println("lost " + notice.id());
 *   }
 *   notices.dismissDeparted();
 * }
 * }</pre>
 *
 * <p><b>Guarantees.</b> Peers never include the node itself nor a departed one, are ordered by id,
 * and are whole or an exception (M1). Membership and notices are separate: reading one never
 * changes the other (M3). A mere listing records nothing, writes nothing and reads only what it
 * needs: {@link #ids()} does not read what the peers published (N6). When the source breaks, the
 * last good peers stay, and {@link #health()} tells (E2).
 *
 * <p><b>Threads.</b> Safe for use by many threads; calls wait for one another, in the order in
 * which they came, and for the source (a file, or processes and servers with their deadlines).
 * Listeners run on a thread of the view.
 *
 * <p><b>Failure.</b> Every method that reads or writes throws a {@link PeersException} if there is
 * nothing good to return, and {@link IllegalStateException} after {@link #close()}.
 */
public interface PeerView extends AutoCloseable {

  /**
   * Returns the name of the backend that supplies this view.
   *
   * @return the name, such as {@code local}
   */
  String backend();

  /**
   * Returns the id of the node that this view belongs to.
   *
   * @return the id, or empty for an observer
   */
  Optional<PeerId> selfId();

  /**
   * Returns this node itself, as its peers see it: {@link #nodes()} never contains it (M1).
   *
   * @return the node with its addresses, labels and settings as far as the source knows them; empty
   *     for an observer, and where the source knows nothing of it but its id. Empty by default
   */
  default Optional<PeerNode> self() {
    return Optional.empty();
  }

  /**
   * Returns who the peers are, without reading anything else of them.
   *
   * @return the ids in their natural order
   */
  List<PeerId> ids();

  /**
   * Returns the peers at this moment.
   *
   * @return the snapshot; the same object while nothing changes
   */
  Snapshot snapshot();

  /**
   * Returns all peers.
   *
   * @return the peers in the order of their ids
   */
  default List<PeerNode> nodes() {
    return snapshot().nodes();
  }

  /**
   * Returns the peers that a filter keeps, as it keeps them.
   *
   * @param filter the filter; network names mean what the source declares or can find out
   * @return the peers in the order of their ids
   * @throws ConfigurationException if the filter names a network that is not known
   */
  List<PeerNode> nodes(NodeFilter filter);

  /**
   * Returns one peer, reading no other.
   *
   * @param id the id
   * @return the peer, or empty if it is not a member
   */
  Optional<PeerNode> node(PeerId id);

  /**
   * Explains why a peer counts under a filter, and at which address (A3).
   *
   * @param id the peer
   * @param filter the filter; {@link NodeFilter#all()} explains the address as the source gives it
   * @return every address, the rule and the verdict, or empty if the id is not a member
   * @throws ConfigurationException if the filter names a network that is not known
   */
  Optional<Explanation> explain(PeerId id, NodeFilter filter);

  /**
   * Returns what a network name means to this view, as its filters take it.
   *
   * @param name the name of a network
   * @return the network that the source declares or finds out
   * @throws ConfigurationException if the network is not known
   */
  Network network(String name);

  /**
   * Records who is there, and returns the notices that have not been dismissed.
   *
   * <p>A peer present now and absent at the recording before has joined, and the reverse; at the
   * first recording ever all have joined (N1). Recording is atomic with the unit of work of the
   * backend, so a crash repeats a notice and never loses one (N4). While the source is broken
   * nothing is recorded.
   *
   * <p>This may have to wait for the state, which another process has locked; no other call of this
   * view waits with it, except for notices. A view that is closed meanwhile ends the wait.
   *
   * @return the notices
   * @throws StateException if the state cannot be read or written
   * @throws IllegalStateException if the view is closed, or is closed while this waits
   */
  Notices notices();

  /**
   * Dismisses the notices given, joined and departed, and no other (N3).
   *
   * @param notices the notices, as they were returned or passed to a consumer
   * @return what was dismissed: not those that were dismissed or replaced by newer ones since
   * @throws StateException if the state cannot be read or written
   */
  default List<Notice> dismiss(Notices notices) {
    List<Notice> all = new ArrayList<>(notices.joined());
    all.addAll(notices.departed());
    return dismiss(all);
  }

  /**
   * Dismisses some notices, and no other (N3).
   *
   * @param notices the notices, as they were returned or passed to a consumer
   * @return what was dismissed, ordered by id: not those that were dismissed or replaced by newer
   *     ones since
   * @throws StateException if the state cannot be read or written
   */
  List<Notice> dismiss(Collection<Notice> notices);

  /**
   * Calls a listener with the peers as they are, and then with every change until the subscription
   * or the view is closed (E1).
   *
   * @param listener the listener
   * @return ends the listening
   */
  Subscription listen(PeerListener listener);

  /**
   * Calls a listener with the peers that a filter keeps, as it keeps them, and then with every
   * change of these or of the health (E1).
   *
   * <pre>{@code
   * peers.listen(NodeFilter.inNetwork("storage"), event -> {
   *   event.changes().joined().forEach(peer -> pool.add(peer.id(), peer.socketAddress(5001)));
   *   event.changes().departed().forEach(peer -> pool.remove(peer.id()));
   * });
   * }</pre>
   *
   * @param filter the filter; a peer that it no longer keeps has departed for this listener
   * @param listener the listener
   * @return ends the listening
   * @throws ConfigurationException if the filter names a network that is not known
   */
  default Subscription listen(NodeFilter filter, PeerListener listener) {
    Objects.requireNonNull(listener, "listener");
    filter.resolve(this::network);
    return listen(FilteredListener.of(this, filter, listener));
  }

  /**
   * Calls a consumer with the notices whenever there are new ones to deal with, at once if there
   * are some now. This records, as {@link #notices()} does (N6), once before it returns: where
   * notices cannot be recorded, it throws. What breaks later is logged with its reason, and is
   * tried again until it heals.
   *
   * @param consumer gets all notices that have not been dismissed, one call at a time, on a thread
   *     of its own: a wait for the state holds up no event
   * @return ends the listening
   * @throws StateException if the state cannot be read or written
   * @throws PeersException if the peers cannot be read, or there is no place for state
   */
  Subscription onNotices(Consumer<Notices> consumer);

  /**
   * Returns what this node has published, its own latest writes included (S2).
   *
   * @return the settings in the order of their keys
   */
  Map<String, String> published();

  /**
   * Publishes settings to the peers: merges them into what is published; an empty value removes its
   * key; values arrive as they are, to the last blank (S1, S2).
   *
   * <p>Nothing is written if everything is published already.
   *
   * @param settings the settings to merge; no key may be empty
   * @return whether anything was written
   * @throws IllegalArgumentException if a key is empty, or a text holds half of a surrogate pair
   * @throws UnsupportedOperationException if the backend cannot publish
   */
  boolean publish(Map<String, String> settings);

  /**
   * Publishes one setting, as {@link #publish(Map)} does.
   *
   * @param key the key, not empty
   * @param value the value; empty to remove the key
   * @return whether anything was written
   */
  default boolean publish(String key, String value) {
    return publish(
        Map.of(Objects.requireNonNull(key, "key"), Objects.requireNonNull(value, "value")));
  }

  /**
   * Reads the source if need be, and tells how fresh the view is; throws nothing when it is stale.
   *
   * @return the health
   */
  Health health();

  /**
   * Returns something that only one backend offers, which the backend documents.
   *
   * @param <T> the type
   * @param type the type, which the backend documents
   * @return the extension, or empty if this view's backend does not offer it
   */
  <T> Optional<T> extension(Class<T> type);

  /**
   * Ends the view: no listener is called after this returns, and no thread, descriptor or process
   * stays behind (E1, F2). Idempotent.
   */
  @Override
  void close();
}
