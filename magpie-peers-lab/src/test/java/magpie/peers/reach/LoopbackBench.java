/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.reach;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import magpie.peers.IpAddress;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.PeersOptions;

/** Nodes {@code n/0}, {@code n/1}, ... at 127.0.0.10, 127.0.0.11, ... in a topology on disk. */
final class LoopbackBench implements AutoCloseable {
  private final Path file;
  private final List<PeerView> views = new ArrayList<>();
  private final int nodes;

  LoopbackBench(Path directory, int nodes) {
    this.nodes = nodes;
    file = directory.resolve("bench.magpie.yaml");
    write("");
  }

  static IpAddress address(int node) {
    return IpAddress.parse("127.0." + (10 + node) / 250 + "." + ((10 + node) % 250 + 1));
  }

  /** Writes the topology, with more lines behind the nodes. */
  void write(String more) {
    StringBuilder text =
        new StringBuilder(
            """
            version: 1
            name: bench
            networks:
              lab: { cidrs: [127.0.0.0/8] }
            exchange: ./bench.d
            nodes:
            """);
    for (int i = 0; i < nodes; i++) {
      text.append("  n/" + i + ": { addresses: [" + address(i) + "] }\n");
    }
    try {
      Path fresh = file.resolveSibling("fresh");
      Files.writeString(fresh, text + more);
      Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Opens the view of a node. */
  PeerView node(int number) {
    PeerView view =
        Peers.open(
            PeersOptions.builder()
                .backend("local")
                .topology(file)
                .self("n/" + number)
                .option("state", file.resolveSibling("state").toString())
                .option("poll-interval-ms", "50")
                .build());
    views.add(view);
    return view;
  }

  @Override
  public void close() {
    views.forEach(PeerView::close);
  }
}
