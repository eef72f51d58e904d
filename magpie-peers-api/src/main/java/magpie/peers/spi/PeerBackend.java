/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.spi;

import java.util.Optional;
import magpie.peers.PeersOptions;

/**
 * A kind of place where peers are known, found with {@link java.util.ServiceLoader}.
 *
 * <p>Providers have a public constructor without parameters that does nothing, so that listing the
 * backends has no effect and costs next to nothing.
 */
public interface PeerBackend {

  /**
   * Returns the name by which users choose this backend.
   *
   * @return lower-case letters, digits and hyphens; unique among all backends, such as {@code
   *     local}
   */
  String name();

  /**
   * Says why this backend cannot serve these options, without touching anything outside.
   *
   * @param options what is to be opened
   * @return empty if it applies, else the reason and what would change it, in words that follow
   *     "does not apply: "
   */
  Optional<String> whyNot(PeersOptions options);

  /**
   * Opens the source.
   *
   * @param options what is to be opened
   * @return a source, which the caller closes
   * @throws magpie.peers.PeersException if it cannot be opened
   */
  PeerSource open(PeersOptions options);
}
