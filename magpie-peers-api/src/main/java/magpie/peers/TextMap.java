/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * An unmodifiable map of texts in the order of its keys, in one array.
 *
 * <p>{@code Map.copyOf} iterates in another order in every process, which is no order to show to
 * people, and a tree costs a node of 40 bytes per entry; 100,000 peers have settings and labels.
 */
final class TextMap extends AbstractMap<String, String> {
  static final TextMap EMPTY = new TextMap(new String[0]);

  private final String[] keysAndValues;

  private TextMap(String[] keysAndValues) {
    this.keysAndValues = keysAndValues;
  }

  static TextMap copyOf(Map<String, String> map) {
    if (map instanceof TextMap already) {
      return already;
    }
    if (map.isEmpty()) {
      return EMPTY;
    }
    String[] all = new String[2 * map.size()];
    int i = 0;
    Map<String, String> inOrder =
        map instanceof SortedMap<String, String> sorted && sorted.comparator() == null
            ? sorted
            : new TreeMap<>(map);
    for (Map.Entry<String, String> entry : inOrder.entrySet()) {
      all[i++] = entry.getKey();
      all[i++] = Objects.requireNonNull(entry.getValue(), "value");
    }
    return new TextMap(all);
  }

  private int find(Object key) {
    int low = 0;
    int high = keysAndValues.length / 2 - 1;
    while (key instanceof String text && low <= high) {
      int middle = (low + high) >>> 1;
      int order = keysAndValues[2 * middle].compareTo(text);
      if (order == 0) {
        return middle;
      }
      if (order < 0) {
        low = middle + 1;
      } else {
        high = middle - 1;
      }
    }
    return -1;
  }

  @Override
  public @Nullable String get(@Nullable Object key) {
    int index = key == null ? -1 : find(key);
    return index < 0 ? null : keysAndValues[2 * index + 1];
  }

  @Override
  public boolean containsKey(@Nullable Object key) {
    return key != null && find(key) >= 0;
  }

  @Override
  public int size() {
    return keysAndValues.length / 2;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof TextMap map
        ? Arrays.equals(keysAndValues, map.keysAndValues)
        : super.equals(other);
  }

  @Override
  public int hashCode() {
    return super.hashCode();
  }

  @Override
  public Set<Entry<String, String>> entrySet() {
    return new AbstractSet<>() {
      @Override
      public Iterator<Entry<String, String>> iterator() {
        return entries().iterator();
      }

      @Override
      public int size() {
        return TextMap.this.size();
      }
    };
  }

  private List<Entry<String, String>> entries() {
    List<Entry<String, String>> entries = new ArrayList<>(size());
    for (int i = 0; i < keysAndValues.length; i += 2) {
      entries.add(Map.entry(keysAndValues[i], keysAndValues[i + 1]));
    }
    return Collections.unmodifiableList(entries);
  }
}
