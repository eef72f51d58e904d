/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import magpie.peers.PeerView;
import magpie.peers.spi.Quote;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Publishes settings to the peers. */
@Command(
    name = "publish",
    description = {
      "Publishes settings of this node to its peers: merged into what it has published already.",
      "",
      "A value is everything behind the first '=', to the last blank. KEY= removes the key.",
      "json, yaml: written, whether anything had to be written."
    },
    footer = "  magpie-peers publish iperf-port=5001 old-key=")
@SuppressWarnings("NullAway.Init") // picocli fills the fields in
final class PublishCommand extends PeersCommand {
  @Parameters(paramLabel = "KEY=VALUE", arity = "1..*", description = "the settings")
  private List<String> entries;

  @Override
  int run(Output out) {
    Map<String, String> settings = new TreeMap<>();
    for (String entry : entries) {
      int equals = entry.indexOf('=');
      if (equals < 1) {
        throw usage("expected KEY=VALUE, found " + Quote.of(entry));
      }
      String key = entry.substring(0, equals);
      if (settings.put(key, entry.substring(equals + 1)) != null) {
        throw usage("expected every key once, found " + Quote.of(key) + " twice");
      }
    }
    try (PeerView view = open()) {
      boolean written = view.publish(settings);
      if (format() == Format.TABLE) {
        out.line(written ? "published" : "nothing to write: all of it is published already");
      } else {
        print(Tree.map("written", written), out);
      }
    }
    return 0;
  }
}
