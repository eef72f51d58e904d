/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.lab;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What applies to a node of a lab: what it says itself, which overrides its group, its kind and the
 * defaults of the lab.
 */
final class ContainerlabLevels {
  private final ContainerlabTexts texts;
  private final Map<String, YamlValue.Field> topology;
  private final Map<String, YamlValue.Field> own;
  private final Map<String, YamlValue.Field> group;
  private final Map<String, YamlValue.Field> kind;
  private final Map<String, YamlValue.Field> defaults;
  private final @Nullable String kindName;
  private final @Nullable String groupName;

  ContainerlabLevels(
      ContainerlabTexts texts,
      Map<String, YamlValue.Field> topology,
      Map<String, YamlValue.Field> own) {
    this.texts = texts;
    this.topology = topology;
    this.own = own;
    this.defaults = ContainerlabTexts.fieldsOf(topology, "defaults");
    Map<String, YamlValue.Field> groups = ContainerlabTexts.fieldsOf(topology, "groups");
    String named = kind(own, groups, defaults);
    this.groupName = groupOf(own, named, defaults);
    this.group = groupName == null ? Map.of() : ContainerlabTexts.fieldsOf(groups, groupName);
    this.kindName = named == null ? lower(texts.set(group.get("kind"))) : named;
    this.kind = kind(kindName);
  }

  /** The kind of the node, in lower case; null for none. */
  @Nullable String kindName() {
    return kindName;
  }

  /** The group of the node; null for none. */
  @Nullable String groupName() {
    return groupName;
  }

  /** The levels from the outermost to the node itself, where a later one overrides. */
  List<Map<String, YamlValue.Field>> outermostFirst() {
    return List.of(defaults, kind, group, own);
  }

  /** The field of a key on the first level that says it. */
  YamlValue.@Nullable Field first(String key) {
    for (Map<String, YamlValue.Field> level : List.of(own, group, kind)) {
      YamlValue.Field field = level.get(key);
      if (field != null && !"".equals(field.value().text()) && !field.value().isNull()) {
        return field;
      }
    }
    return defaults.get(key);
  }

  /** The kind of a node: its own, that of the group it names, or the usual one; null for none. */
  private @Nullable String kind(
      Map<String, YamlValue.Field> own,
      Map<String, YamlValue.Field> groups,
      Map<String, YamlValue.Field> defaults) {
    String kind = texts.set(own.get("kind"));
    String group = texts.set(own.get("group"));
    group = group == null ? texts.set(defaults.get("group")) : group;
    if (kind == null && group != null) {
      kind = texts.set(ContainerlabTexts.fieldsOf(groups, group).get("kind"));
    }
    return lower(kind == null ? texts.set(defaults.get("kind")) : kind);
  }

  /** The group of a node: its own, that of its kind, or the usual one; null for none. */
  private @Nullable String groupOf(
      Map<String, YamlValue.Field> own,
      @Nullable String kind,
      Map<String, YamlValue.Field> defaults) {
    String group = texts.set(own.get("group"));
    group = group == null ? texts.set(kind(kind).get("group")) : group;
    return group == null ? texts.set(defaults.get("group")) : group;
  }

  /** The fields of a kind; containerlab compares kinds without case. */
  private Map<String, YamlValue.Field> kind(@Nullable String name) {
    for (YamlValue.Field kind : ContainerlabTexts.fieldsOf(topology, "kinds").values()) {
      if (kind.key().equalsIgnoreCase(name)) {
        return kind.value().fields();
      }
    }
    return Map.of();
  }

  private static @Nullable String lower(@Nullable String kind) {
    return kind == null ? null : kind.toLowerCase(Locale.ROOT);
  }
}
