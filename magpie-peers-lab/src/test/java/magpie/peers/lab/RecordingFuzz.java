/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.PeersException;
import magpie.peers.fuzz.Bounds;
import magpie.peers.topology.Recording;

/** Reads any bytes as a topology, and where they are one, records what a view of it shows. */
final class RecordingFuzz {
  private static final Bounds BOUNDS = new Bounds(16 << 20, 64 * 1024);

  private RecordingFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) throws IOException {
    Path bench = Files.write(Scratch.directory().resolve("bench.magpie.yaml"), input);
    String text;
    List<String> live;
    try (PeerView view = Views.observer(bench)) {
      live = lines(view);
      Recording recording = Recording.of(view);
      text = BOUNDS.parse(input, recording::text);
      assertEquals(List.of(), recording.omitted());
    } catch (PeersException e) {
      return;
    }
    Path recorded = Views.file(Scratch.directory(), "recorded.magpie.yaml", text);
    try (PeerView replay = Views.observer(recorded)) {
      assertEquals(live, lines(replay));
      assertEquals(text, Recording.of(replay).text());
    }
  }

  private static List<String> lines(PeerView view) {
    return view.nodes().stream().map(RecordingFuzz::line).toList();
  }

  private static String line(PeerNode node) {
    return node.id()
        + " "
        + node.address().map(Object::toString).orElse("")
        + node.addresses().stream().map(c -> " " + c.source() + " " + c).toList()
        + node.labels()
        + node.settings()
        + node.suspect();
  }
}
