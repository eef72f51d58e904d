/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import magpie.peers.AddressCandidate;
import magpie.peers.NodeFilter;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.spi.Quote;
import picocli.CommandLine.Command;

/** Lists the peers. */
@Command(
    name = "nodes",
    description = {
      "Lists the peers, with the address that counts for each.",
      "",
      "table: columns at least two blanks apart, '-' for nothing; never cut unless on a terminal.",
      "json, yaml: a list of id, address, source, candidates (address, source, network), settings,"
          + " labels, suspect; null where there is nothing.",
      "hosts: lines for /etc/hosts, 'ADDRESS<TAB>NAME'. The name is the id with '-' for every '/'"
          + " and '_', as in magpie-0. A peer without IP address, and ids that would share a name,"
          + " become comments."
    },
    footer = "  magpie-peers nodes --network storage --format json")
final class NodesCommand extends FilteringCommand {
  @Override
  Set<Format> formats() {
    return EnumSet.of(Format.TABLE, Format.JSON, Format.YAML, Format.HOSTS);
  }

  @Override
  int run(Output out) {
    NodeFilter filter = filter();
    try (PeerView view = open()) {
      List<PeerNode> nodes = view.nodes(filter);
      warn(view.snapshot());
      switch (format()) {
        case TABLE -> table(nodes).print(out);
        case HOSTS -> hosts(nodes, out);
        default -> print(Tree.list(nodes, Shape::node), out);
      }
    }
    return 0;
  }

  static Table table(List<PeerNode> nodes) {
    Table table = new Table("ID", "ADDRESS", "NETWORK", "SOURCE", "LABELS", "NOTES");
    for (PeerNode node : nodes) {
      StringBuilder labels = new StringBuilder();
      node.labels()
          .forEach(
              (key, value) -> labels.append(labels.isEmpty() ? "" : ",").append(key + "=" + value));
      String notes =
          (node.suspect() ? "suspect" : "")
              + (node.suspect() && node.fallback() ? "," : "")
              + (node.fallback() ? "fallback" : "");
      table.row(
          notes.isEmpty() ? Output.Style.PLAIN : Output.Style.DOUBTFUL,
          node.id().value(),
          node.address().map(AddressCandidate::text).orElse(""),
          node.address().flatMap(AddressCandidate::network).orElse(""),
          node.address().map(AddressCandidate::source).orElse(""),
          labels.toString(),
          notes);
    }
    return table;
  }

  private static void hosts(List<PeerNode> nodes, Output out) {
    Map<String, Integer> uses = new HashMap<>();
    nodes.forEach(node -> uses.merge(key(node), 1, Integer::sum));
    for (PeerNode node : nodes) {
      AddressCandidate address = node.address().orElse(null);
      String name = hostName(node);
      if (address == null) {
        out.line("# " + node.id() + ": no address");
      } else if (address.ip().isEmpty()) {
        out.line("# " + node.id() + ": no IP address, but " + Quote.of(address.text()));
      } else if (uses.getOrDefault(key(node), 0) > 1) {
        out.line("# " + node.id() + " at " + address.text() + ": not the only " + name);
      } else if (!valid(name)) {
        out.line("# " + node.id() + " at " + address.text() + ": " + name + " is no host name");
      } else {
        out.line(address.text() + "\t" + name);
      }
    }
  }

  private static String hostName(PeerNode node) {
    return node.id().value().replace('/', '-').replace('_', '-');
  }

  /** Host names are the same in either case. */
  private static String key(PeerNode node) {
    return hostName(node).toLowerCase(Locale.ROOT);
  }

  /** What a peer id allows is nearly a host name; labels may not be empty, long or edged by '-'. */
  private static boolean valid(String name) {
    for (String label : name.split("\\.", -1)) {
      if (label.isEmpty() || label.length() > 63 || label.startsWith("-") || label.endsWith("-")) {
        return false;
      }
    }
    return true;
  }
}
