/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import magpie.peers.NodeFilter;
import magpie.peers.Snapshot;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;

/** A command that takes the filter options. */
@SuppressWarnings("NullAway.Init") // picocli fills the fields in
abstract class FilteringCommand extends PeersCommand {
  @Mixin private FilterOptions filters;

  @Override
  final FilterOptions filters() {
    return filters;
  }

  final NodeFilter filter() {
    try {
      return filters.and(main().filter());
    } catch (IllegalArgumentException e) {
      throw usage(String.valueOf(e.getMessage()));
    }
  }

  /** The part of the filter that looks at ids and labels, and at no address. */
  final NodeFilter peers() {
    if (filters.prefers(main().filter())) {
      throw usage("--prefer-network is not for this command");
    }
    try {
      return filters.peers(main().filter());
    } catch (IllegalArgumentException e) {
      throw usage(String.valueOf(e.getMessage()));
    }
  }

  /** The network that addresses must lie in, or null. */
  final @Nullable String network() {
    return filters.network(main().filter());
  }

  /** Whether any filter was given. */
  final boolean filtered() {
    return filters.isSet() || main().filter().isSet();
  }

  /** Tells what people should know about a reading, where it cannot disturb the output. */
  static void warn(Snapshot snapshot) {
    snapshot.warnings().forEach(PeersCommand::warn);
  }
}
