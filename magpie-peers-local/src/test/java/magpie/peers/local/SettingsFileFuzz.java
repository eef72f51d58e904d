/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.local;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.TreeMap;
import magpie.peers.PeerId;
import magpie.peers.fuzz.Bounds;
import magpie.peers.local.SettingsFile.Malformed;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Reads any bytes as what a node published; all that is taken is JSON that means the same. */
final class SettingsFileFuzz {
  private static final Bounds BOUNDS = new Bounds(1 << 20, 256);
  private static final PeerId ID = PeerId.of("magpie/0");
  private static final JsonMapper JSON = new JsonMapper();

  private SettingsFileFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) throws Malformed {
    Map<String, String> settings = BOUNDS.parse(input, () -> parse(input));
    if (settings == null) {
      return;
    }
    assertEquals(settings, SettingsFile.parse(SettingsFile.print(ID, settings), ID));
    // Half a surrogate pair comes back as it was (S1), but not every reader of JSON takes it.
    if (!UTF_8.newEncoder().canEncode(settings.toString())) {
      return;
    }
    JsonNode root = JSON.readTree(new String(input, UTF_8));
    Map<String, String> known = new TreeMap<>();
    // There is none where a file has no settings.
    root.path("settings").properties().forEach(e -> known.put(e.getKey(), e.getValue().asString()));
    assertEquals(known, settings);
  }

  private static @Nullable Map<String, String> parse(byte[] input) {
    try {
      return SettingsFile.parse(input, ID);
    } catch (Malformed e) {
      String message = String.valueOf(e.getMessage());
      assertTrue(message.startsWith("expected ") && message.contains(", found "), message);
      return null;
    }
  }
}
