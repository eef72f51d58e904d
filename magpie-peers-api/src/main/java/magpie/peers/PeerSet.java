/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import jakarta.inject.Qualifier;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Names the peer set that an injected {@link PeerView} shows.
 *
 * <pre>{@code
 * @Inject
 * Replicator(@PeerSet("storage") PeerView peers) { ... }
 * }</pre>
 */
@Qualifier
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.PARAMETER, ElementType.FIELD, ElementType.METHOD, ElementType.TYPE})
public @interface PeerSet {

  /**
   * Returns the name of the peer set.
   *
   * @return the name, as the backend takes it in {@link PeersOptions.Builder#peerSet}
   */
  String value();
}
