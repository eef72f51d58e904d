/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import java.util.List;
import magpie.peers.NodeFilter;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say which peers count and at which address, before or after the command. */
@SuppressWarnings("NullAway.Init") // picocli fills the fields in
final class FilterOptions {
  @Option(
      names = "--network",
      paramLabel = "NETWORK",
      completionCandidates = Known.Networks.class,
      description = "only peers with an address in this network (name or CIDR), at that address")
  private @Nullable String network;

  @Option(
      names = "--prefer-network",
      paramLabel = "NETWORK",
      completionCandidates = Known.Networks.class,
      description = "all peers, at an address in this network where they have one")
  private @Nullable String preferred;

  @Option(
      names = "--label",
      paramLabel = "KEY=VALUE",
      description = "only peers with this label; may be repeated, then all must match")
  private List<String> labels = List.of();

  @Option(
      names = "--id",
      paramLabel = "GLOB",
      completionCandidates = Known.Ids.class,
      description = "only peers whose id matches, such as 'magpie/*'")
  private @Nullable String glob;

  boolean isSet() {
    return network != null || preferred != null || !labels.isEmpty() || glob != null;
  }

  /**
   * Returns the filter that these options and those before the command make together; where both
   * say the same thing, these count, as they do for every other option.
   *
   * @throws IllegalArgumentException if they make none; the message is for the user who wrote them
   */
  NodeFilter and(FilterOptions before) {
    String strict = network(before);
    String wished = preferred != null ? preferred : before.preferred;
    if (strict != null && wished != null) {
      throw new IllegalArgumentException(
          "--network and --prefer-network exclude each other: the one drops what the other keeps");
    }
    NodeFilter filter = peers(before);
    // Last, so that the reason for dropping a peer is the address only if all else fits.
    if (strict != null) {
      filter = filter.and(network("--network", strict));
    }
    if (wished != null) {
      filter = filter.and(network("--prefer-network", wished));
    }
    return filter;
  }

  /** Returns the network that addresses must lie in, or null. */
  @Nullable String network(FilterOptions before) {
    return network != null ? network : before.network;
  }

  /** Whether an address in some network is preferred. */
  boolean prefers(FilterOptions before) {
    return preferred != null || before.preferred != null;
  }

  /**
   * Returns the part of the filter that looks at ids and labels, and at no address.
   *
   * @throws IllegalArgumentException if they make none
   */
  NodeFilter peers(FilterOptions before) {
    String id = glob != null ? glob : before.glob;
    NodeFilter filter = NodeFilter.all();
    if (id != null) {
      filter = filter.and(NodeFilter.id(id));
    }
    for (List<String> some : List.of(before.labels, labels)) {
      for (String label : some) {
        int equals = label.indexOf('=');
        if (equals < 1) {
          throw new IllegalArgumentException(
              "--label: expected KEY=VALUE, found " + Quote.of(label));
        }
        filter =
            filter.and(NodeFilter.label(label.substring(0, equals), label.substring(equals + 1)));
      }
    }
    return filter;
  }

  private static NodeFilter network(String option, String text) {
    try {
      return option.equals("--network")
          ? NodeFilter.inNetwork(text)
          : NodeFilter.preferNetwork(text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(option + ": " + e.getMessage(), e);
    }
  }
}
