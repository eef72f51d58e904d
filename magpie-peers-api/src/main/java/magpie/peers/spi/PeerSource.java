/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.spi;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import magpie.peers.Network;
import magpie.peers.text.Quote;

/**
 * One backend's truth about one peer set, and the way to publish into it.
 *
 * <p>This is all that a backend implements besides {@link PeerBackend}. The view on top calls it
 * from one thread at a time, except for {@link #close()}, and never after {@code close()}. The
 * {@linkplain #state() place for state} is asked by one thread at a time as well, which may be
 * another: what waits for the state holds up no reading.
 */
public interface PeerSource extends AutoCloseable {

  /**
   * Reads who is there now.
   *
   * <p>Called often: where nothing has changed since the last call, return the same object, which
   * costs nothing. Failing leaves the view with its last good snapshot (E2), so do not return less
   * than everything instead of failing (M1).
   *
   * @return the reading
   * @throws magpie.peers.PeersException if the source cannot be read or cannot be understood
   */
  Reading read();

  /**
   * Reads for listeners, after a {@linkplain #watch watch} has called: as {@link #read}, but what
   * is newer than what the watch has told need not be in it. What a reading has shown is in all
   * later ones of both kinds.
   *
   * @return the reading; by default that of {@link #read}, which a source overrides whose watch
   *     tells what has changed
   * @throws magpie.peers.PeersException as {@link #read}
   */
  default Reading readForListeners() {
    return read();
  }

  /**
   * Returns the place for durable state (N3, N4).
   *
   * @return the store; {@link StateStore#file} serves backends that have no place of their own
   * @throws magpie.peers.PeersException if there is no place for state
   */
  StateStore state();

  /**
   * Tells whether {@link Reading#nodes} can still answer for a peer that has departed (N5).
   *
   * @return false by default: then the view keeps what was last known in the state
   */
  default boolean remembersDeparted() {
    return false;
  }

  /**
   * Returns what this node has published, its own writes included (S2).
   *
   * @return the settings; none by default
   * @throws magpie.peers.PeersException if they cannot be read
   */
  default Map<String, String> published() {
    return Map.of();
  }

  /**
   * Returns which of some settings differ from what is published, so that nothing is written in
   * vain (S2).
   *
   * @param wanted the settings to publish; an empty value is a key to remove
   * @return those that would change something; by default found by comparing with {@link
   *     #published()}, which a source overrides where reading that has a price
   * @throws magpie.peers.PeersException if it cannot be found out
   */
  default Map<String, String> unpublished(Map<String, String> wanted) {
    return changes(published(), wanted);
  }

  /**
   * Compares settings to publish with those that are published (S2).
   *
   * @param published what is published
   * @param wanted the settings to publish; an empty value is a key to remove
   * @return those that would change something, in the order of their keys; modifiable, and the
   *     caller's own
   */
  static Map<String, String> changes(Map<String, String> published, Map<String, String> wanted) {
    Map<String, String> changes = new TreeMap<>();
    for (Map.Entry<String, String> setting : wanted.entrySet()) {
      String value = setting.getValue();
      if (!value.equals(published.getOrDefault(setting.getKey(), ""))) {
        changes.put(setting.getKey(), value);
      }
    }
    return changes;
  }

  /**
   * Checks settings that are to be published, so that all of them come out as they went in (S1).
   * The view has checked what it hands to {@link #publish}; this is for what an {@linkplain
   * #extension extension} publishes.
   *
   * @param settings the settings
   * @throws IllegalArgumentException if a key is empty, or if a key or value has half of a
   *     surrogate pair, which no encoding carries
   */
  static void check(Map<String, String> settings) {
    for (Map.Entry<String, String> setting : settings.entrySet()) {
      String key = setting.getKey();
      if (key.isEmpty()) {
        throw new IllegalArgumentException("expected a key for every setting, found an empty one");
      }
      checkText(key, key);
      checkText(key, setting.getValue());
    }
  }

  private static void checkText(String key, String text) {
    for (int i = 0; i < text.length(); i++) {
      int c = text.codePointAt(i);
      if (Character.isSupplementaryCodePoint(c)) {
        i++;
      } else if (c >= 0xd800 && c <= 0xdfff) {
        throw new IllegalArgumentException(
            "expected Unicode text in the setting "
                + Quote.of(key)
                + ", found half of a surrogate pair in "
                + Quote.of(text));
      }
    }
  }

  /**
   * Publishes changes to the settings of this node.
   *
   * <p>The view asks only for changes: a key that has another value now, or an empty value for a
   * key to remove (S2).
   *
   * @param changes the changes, at least one
   * @throws magpie.peers.PeersException if they cannot be written; then none of them is
   * @throws UnsupportedOperationException by default: a backend that cannot publish
   */
  default void publish(Map<String, String> changes) {
    throw new UnsupportedOperationException("this backend cannot publish settings");
  }

  /**
   * Returns a network that {@link Reading#networks()} does not declare, if it can be asked for by
   * name.
   *
   * @param name a network name
   * @return the network; empty by default
   * @throws magpie.peers.PeersException if it cannot be found out
   */
  default Optional<Network> network(String name) {
    return Optional.empty();
  }

  /**
   * Asks to be called whenever {@link #read} may have something new to say.
   *
   * <p>Calling too often is harmless, since the view reads again and compares. The call is quick,
   * never throws, and may come from any thread.
   *
   * @param maybeChanged what to call
   * @return stops the calls when closed, after which none is under way; by default nothing ever
   *     changes
   * @throws magpie.peers.PeersException if watching cannot begin
   */
  default Watch watch(Runnable maybeChanged) {
    return () -> {};
  }

  /**
   * Returns something that only this backend offers.
   *
   * @param <T> the type
   * @param type a type that the backend documents
   * @return the extension, or empty; empty by default
   */
  default <T> Optional<T> extension(Class<T> type) {
    return Optional.empty();
  }

  /**
   * Releases everything: no thread, descriptor or process stays behind (F2). Idempotent; does
   * nothing by default.
   */
  @Override
  default void close() {}

  /** A watch that can be ended. */
  interface Watch extends AutoCloseable {
    /** Ends the watch; idempotent. */
    @Override
    void close();
  }
}
