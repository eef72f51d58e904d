/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import magpie.peers.NodeFilter;
import magpie.peers.PeerAddress;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.text.Quote;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Lists the peers. */
@Command(
    name = "nodes",
    description = {
      "Lists the peers, each with its selected address.",
      "",
      "table: columns at least two blanks apart, '-' for nothing; never cut unless on a terminal.",
      "json, yaml: a list of id, address, source, addresses (address, source, network), settings,"
          + " labels, suspect; null where there is nothing.",
      "hosts: lines for /etc/hosts, 'ADDRESS<TAB>NAME'. The name is the id with '-' for every '/'"
          + " and '_', as in magpie-0. A peer without IP address, ids that would share a name, and"
          + " names that mean something else (localhost, a number) become comments."
    },
    footer = {
      "  magpie-peers nodes --wide",
      "  magpie-peers nodes --network storage --format json"
    })
@SuppressWarnings("NullAway.Init") // picocli fills the fields in
final class NodesCommand extends FilteringCommand {
  /** What /etc/hosts names by default on Linux, macOS and in containers. */
  private static final Set<String> RESERVED =
      Set.of(
          "localhost4",
          "localhost6",
          "ip6-localhost",
          "ip6-loopback",
          "ip6-localnet",
          "ip6-mcastprefix",
          "ip6-allnodes",
          "ip6-allrouters",
          "ip6-allhosts",
          "broadcasthost");

  @Option(
      names = "--wide",
      description = "also show the settings of each peer, in lines that are never cut")
  private boolean wide;

  @Override
  Set<Format> formats() {
    return EnumSet.of(Format.TABLE, Format.JSON, Format.YAML, Format.HOSTS);
  }

  @Override
  int run(Output out) {
    if (wide && format() != Format.TABLE) {
      throw usage("--wide is for the table; the other formats tell more, except hosts");
    }
    NodeFilter filter = filter();
    try (PeerView view = open()) {
      List<PeerNode> nodes = view.nodes(filter);
      warn(view.snapshot());
      switch (format()) {
        case TABLE -> table(nodes, wide).print(out);
        case HOSTS -> hosts(nodes, out);
        default -> print(Tree.list(nodes, Shape::node), out);
      }
    }
    return 0;
  }

  private static Table table(List<PeerNode> nodes, boolean wide) {
    List<String> headings =
        new ArrayList<>(List.of("ID", "ADDRESS", "NETWORK", "SOURCE", "LABELS", "NOTES"));
    if (wide) {
      headings.add("SETTINGS");
    }
    Table table = new Table(!wide, headings.toArray(new String[0]));
    for (PeerNode node : nodes) {
      StringBuilder labels = new StringBuilder();
      node.labels()
          .forEach(
              (key, value) -> labels.append(labels.isEmpty() ? "" : ",").append(key + "=" + value));
      String notes =
          (node.suspect() ? "suspect" : "")
              + (node.suspect() && node.fallback() ? "," : "")
              + (node.fallback() ? "fallback" : "");
      List<String> cells =
          new ArrayList<>(
              List.of(
                  node.id().value(),
                  node.address().map(PeerAddress::text).orElse(""),
                  node.address().flatMap(PeerAddress::network).orElse(""),
                  node.address().map(PeerAddress::source).orElse(""),
                  labels.toString(),
                  notes));
      if (wide) {
        cells.add(settings(node));
      }
      table.row(
          notes.isEmpty() ? Output.Style.PLAIN : Output.Style.DOUBTFUL,
          cells.toArray(new String[0]));
    }
    return table;
  }

  /** KEY=VALUE separated by blanks; what holds a blank or the like is quoted as in JSON. */
  private static String settings(PeerNode node) {
    StringBuilder settings = new StringBuilder();
    node.settings()
        .forEach(
            (key, value) ->
                settings
                    .append(settings.isEmpty() ? "" : " ")
                    .append(word(key))
                    .append('=')
                    .append(word(value)));
    return settings.toString();
  }

  private static String word(String text) {
    boolean plain =
        !text.isEmpty()
            && text.codePoints()
                .noneMatch(
                    c ->
                        c == '"'
                            || c == '='
                            || c == '\\'
                            || Character.isWhitespace(c)
                            || Character.isSpaceChar(c));
    return plain ? text : Quote.json(text);
  }

  private static void hosts(List<PeerNode> nodes, Output out) {
    Map<String, Integer> uses = new HashMap<>();
    nodes.forEach(node -> uses.merge(key(node), 1, Integer::sum));
    for (PeerNode node : nodes) {
      PeerAddress address = node.address().orElse(null);
      String name = hostName(node);
      if (address == null) {
        out.line("# " + node.id() + ": no address");
      } else if (address.ip().isEmpty()) {
        out.line("# " + node.id() + ": no IP address, but " + Quote.of(address.text()));
      } else if (uses.getOrDefault(key(node), 0) > 1) {
        out.line("# " + node.id() + " at " + address.text() + ": not the only " + name);
      } else if (!valid(name)) {
        out.line("# " + node.id() + " at " + address.text() + ": " + name + " is no host name");
      } else if (reserved(key(node))) {
        out.line("# " + node.id() + " at " + address.text() + ": " + name + " means another host");
      } else if (number(name)) {
        out.line("# " + node.id() + " at " + address.text() + ": " + name + " reads as an address");
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

  /** Whether a name, in lower case, is one of the machine itself or of the protocol everywhere. */
  private static boolean reserved(String name) {
    return name.equals("localhost")
        || name.startsWith("localhost.localdomain")
        || name.startsWith("localhost4.localdomain")
        || name.startsWith("localhost6.localdomain")
        || name.endsWith(".localhost")
        || RESERVED.contains(name);
  }

  /** Whether every part is a number, as inet_aton(3) reads them: 42, 0x2a, 10.1. */
  private static boolean number(String name) {
    for (String part : name.split("\\.", -1)) {
      boolean hexadecimal = part.startsWith("0x") || part.startsWith("0X");
      String digits = hexadecimal ? part.substring(2) : part;
      for (int i = 0; i < digits.length(); i++) {
        if (Character.digit(digits.charAt(i), hexadecimal ? 16 : 10) < 0) {
          return false;
        }
      }
    }
    return true;
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
