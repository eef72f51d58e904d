/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.lab;

import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Settings to publish, as people write them in a file. */
public final class Settings {
  private Settings() {}

  /**
   * Reads settings: a JSON object or a YAML mapping whose values are texts, numbers or truth
   * values.
   *
   * <p>Values are the text as it is written: {@code 1.0} is {@code 1.0}, and what is in quotes is
   * the text between them. An empty text removes its key when it is published.
   *
   * @param content the bytes of the file, UTF-8
   * @param shown the file as the user named it, for messages
   * @return the settings, in the order of their keys
   * @throws magpie.peers.topology.MalformedTopologyException if they are not of that form; every
   *     problem is reported
   */
  public static Map<String, String> read(byte[] content, String shown) {
    Objects.requireNonNull(shown, "shown");
    Diagnostics diagnostics = new Diagnostics(content, shown, "settings");
    YamlValue root = YamlValue.read(diagnostics, false);
    Map<String, String> settings = new TreeMap<>();
    if (root != null && root.isMapping()) {
      for (YamlValue.Field field : root.fields().values()) {
        @Nullable String value = field.value().text();
        if (field.key().isEmpty()) {
          diagnostics.error(
              "bad-key", field.place(), "expected a key, found an empty one", "", "name the key");
        } else if (value == null) {
          diagnostics.error(
              "wrong-type",
              field.value().place(),
              "expected a text, a number, true or false, found " + field.value().found(),
              field.key(),
              field.value().isNull()
                  ? "write \"\" to remove the key"
                  : "write the value as one text, in quotes");
        } else {
          settings.put(field.key(), value);
        }
      }
    } else if (!diagnostics.hasErrors()) {
      diagnostics.error(
          "wrong-type",
          new Diagnostics.Place(1, 1, 1),
          "expected a mapping of keys to values, found "
              + (root == null ? "nothing" : root.found()),
          "",
          "write \"key: value\" lines, or a JSON object");
    }
    diagnostics.refuse();
    return settings;
  }
}
