/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit.juju;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** The settings of one unit or application in one relation, as the controller has them. */
final class FakeJujuBag {
  private final SortedMap<String, String> settings = new TreeMap<>();
  private long revision;

  /** Returns a copy. */
  SortedMap<String, String> read() {
    return new TreeMap<>(settings);
  }

  /** Puts keys, or removes those with an empty value, and returns what that really changed. */
  SortedMap<String, String> merge(Map<String, String> changes) {
    SortedMap<String, String> effective = new TreeMap<>();
    changes.forEach(
        (key, value) -> {
          if (!value.equals(settings.getOrDefault(key, ""))) {
            effective.put(key, value);
          }
        });
    effective.forEach(
        (key, value) -> {
          if (value.isEmpty()) {
            settings.remove(key);
          } else {
            settings.put(key, value);
          }
        });
    if (!effective.isEmpty()) {
      revision++;
    }
    return effective;
  }

  /** Forgets everything, as when a unit enters a relation anew. */
  void replace(Map<String, String> content) {
    settings.clear();
    settings.putAll(content);
    revision++;
  }

  /** Returns what the agents compare; 0 if there never was anything. */
  long version(JujuVersion juju) {
    if (!juju.isFour()) {
      return revision;
    }
    if (settings.isEmpty()) {
      return 0;
    }
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      settings.forEach(
          (key, value) -> {
            sha.update(key.getBytes(UTF_8));
            sha.update((byte) 0);
            sha.update(value.getBytes(UTF_8));
            sha.update((byte) 0);
          });
      return Integer.toUnsignedLong(ByteBuffer.wrap(sha.digest()).getInt());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  static long bytes(Map<String, String> settings) {
    long bytes = 0;
    for (Map.Entry<String, String> entry : settings.entrySet()) {
      bytes += entry.getKey().getBytes(UTF_8).length + entry.getValue().getBytes(UTF_8).length;
    }
    return bytes;
  }
}
