/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import magpie.peers.ConfigurationException;
import magpie.peers.fuzz.Bounds;

/** Looks for peer relations in any text. */
final class MetadataFuzz {
  private static final Bounds BOUNDS = new Bounds(1 << 20, 256);

  private MetadataFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) {
    List<String> lines = new String(input, UTF_8).lines().toList();
    List<String> peers = BOUNDS.parse(input, () -> peers(lines));
    assertTrue(peers.stream().allMatch(CharmProcess::isEndpoint), peers::toString);
  }

  private static List<String> peers(List<String> lines) {
    try {
      return CharmProcess.peers(lines, Path.of("metadata.yaml"));
    } catch (ConfigurationException e) {
      String message = String.valueOf(e.getMessage());
      assertTrue(message.startsWith("expected the endpoints under \"peers:\" in "), message);
      return List.of();
    }
  }
}
