/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.lab;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import java.util.stream.Collectors;
import magpie.peers.fuzz.Bounds;
import magpie.peers.text.Quote;
import magpie.peers.topology.MalformedTopologyException;
import org.jspecify.annotations.Nullable;

/** Reads any bytes as settings to publish; what is taken means the same in JSON. */
final class SettingsFuzz {
  /** A thousand problems may each show the line on which they are. */
  private static final Bounds BOUNDS = new Bounds(8 << 20, 16 * 1024);

  /** YAML ends a key on one line after so many characters, in which an escape has six. */
  private static final int LONGEST_KEY = 1024 / 6;

  private SettingsFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) {
    Map<String, String> settings = BOUNDS.parse(input, () -> read(input));
    if (settings == null || settings.keySet().stream().anyMatch(k -> k.length() > LONGEST_KEY)) {
      return;
    }
    String json =
        settings.entrySet().stream()
            .map(setting -> Quote.json(setting.getKey()) + ": " + Quote.json(setting.getValue()))
            .collect(Collectors.joining(",\n", "{", "}"));
    assertEquals(settings, Settings.read(json.getBytes(UTF_8), "json"));
  }

  private static @Nullable Map<String, String> read(byte[] input) {
    try {
      return Settings.read(input, "fuzz");
    } catch (MalformedTopologyException e) {
      ImportedFuzz.hold(e, input);
      return null;
    }
  }
}
