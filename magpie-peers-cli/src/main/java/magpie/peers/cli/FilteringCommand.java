/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import magpie.peers.NodeFilter;
import magpie.peers.Snapshot;
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

  /** Tells what people should know about a reading, where it cannot disturb the output. */
  static void warn(Snapshot snapshot) {
    for (String warning : snapshot.warnings()) {
      System.getLogger(FilteringCommand.class.getName()).log(System.Logger.Level.WARNING, warning);
    }
  }
}
