/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology;

import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.TreeMap;
import magpie.peers.text.Quote;
import magpie.peers.topology.YamlEvents.Kind;
import magpie.peers.topology.yaml.Code;
import magpie.peers.topology.yaml.Problems;

/**
 * Reads labels and settings. What many nodes say alike is kept once: they share the texts and the
 * whole map.
 */
final class TextsReader {
  /** How many different sets of labels or settings, and how many texts, are kept to be shared. */
  static final int MOST_SHARED = 10_000;

  private final YamlFields yaml;
  private final YamlEvents events;
  private final Problems problems;

  private final Map<Texts, Map<String, String>> sharedMaps = new HashMap<>();

  private final Map<String, String> sharedTexts = new HashMap<>();

  TextsReader(YamlFields yaml, YamlEvents events, Problems problems) {
    this.yaml = yaml;
    this.events = events;
    this.problems = problems;
  }

  /** Reads labels or settings. */
  Map<String, String> read(String what) {
    if (!yaml.is(Kind.MAPPING, "a mapping with " + what)) {
      return Map.of();
    }
    TreeMap<String, String> texts = new TreeMap<>();
    yaml.entries(
        (key, place, first) -> {
          if (!TopologyText.isKey(key)) {
            problems.add(
                Code.BAD_KEY,
                place,
                "expected a key of 1 to 253 characters without \"=\" and control characters, found "
                    + Quote.of(key),
                yaml.path(),
                "choose another key");
          }
          if (events.kind() == Kind.LIST || events.kind() == Kind.MAPPING) {
            yaml.wrongType("text", "write the value as one text, in quotes where needed");
            events.skip();
          } else if (events.kind() == Kind.SCALAR) {
            if (events.value().isEmpty() || events.isNull()) {
              yaml.problem(
                  Code.EMPTY_VALUE,
                  "expected text, found " + events.found(),
                  "write a value, in quotes if it is \"~\" or \"null\", or remove the key");
            } else {
              texts.put(shared(key), shared(events.value()));
            }
          }
        });
    Texts key = new Texts(texts.hashCode(), texts);
    Map<String, String> same = sharedMaps.get(key);
    if (same == null) {
      same = Collections.unmodifiableMap(texts);
      if (sharedMaps.size() < MOST_SHARED) {
        sharedMaps.put(key, same);
      }
    }
    return same;
  }

  private String shared(String written) {
    String same = sharedTexts.get(written);
    if (same == null && sharedTexts.size() < MOST_SHARED) {
      sharedTexts.put(written, written);
    }
    return same == null ? written : same;
  }

  /**
   * A key of {@link #sharedMaps}. It has an order, because a file can be full of texts of one hash,
   * which a hash map keeps in a tree then.
   */
  private record Texts(int hash, TreeMap<String, String> texts) implements Comparable<Texts> {
    @Override
    public int hashCode() {
      return hash;
    }

    @Override
    public int compareTo(Texts other) {
      int order = Integer.compare(texts.size(), other.texts.size());
      Iterator<Map.Entry<String, String>> others = other.texts.entrySet().iterator();
      for (Map.Entry<String, String> mine : texts.entrySet()) {
        if (order != 0) {
          return order;
        }
        Map.Entry<String, String> theirs = others.next();
        order = mine.getKey().compareTo(theirs.getKey());
        order = order != 0 ? order : mine.getValue().compareTo(theirs.getValue());
      }
      return order;
    }
  }
}
