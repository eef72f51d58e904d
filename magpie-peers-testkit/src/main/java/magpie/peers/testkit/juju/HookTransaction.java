/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit.juju;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What the hook tools of one hook see and change: frozen membership, caches, uncommitted changes.
 *
 * <p>Used under the monitor of the model.
 */
final class HookTransaction {
  private static final long RELATION_LIMIT = 16L << 20;
  private static final long STATE_LIMIT = 2L << 20;

  /** What a commit changed; an empty value stands for a removed key of a relation. */
  record Commit(
      Map<String, Map<String, String>> unitSettings,
      Map<String, Map<String, String>> applicationSettings,
      Map<String, String> state,
      List<String> deletedState) {
    static final Commit NOTHING = new Commit(Map.of(), Map.of(), Map.of(), List.of());
  }

  /** A bag as this hook sees it, with what it changed. */
  private static final class LocalBag {
    final SortedMap<String, String> values;
    final SortedMap<String, String> changes = new TreeMap<>();

    LocalBag(SortedMap<String, String> values) {
      this.values = values;
    }

    void set(String key, String value) {
      if (value.isEmpty()) {
        values.remove(key);
      } else {
        values.put(key, value);
      }
      changes.put(key, value);
    }

    /** Returns every key as read or changed: what a unit's own bag submits. */
    Map<String, String> all() {
      Map<String, String> all = new TreeMap<>(changes);
      all.putAll(values);
      return all;
    }
  }

  /** A workload status with its message. */
  record Status(String status, String message) {}

  private final FakeJujuModel model;
  private final UnitAgent unit;
  private final Hook hook;
  private final Optional<FakeJujuRelation> relation;
  private final SortedMap<Integer, List<String>> members = new TreeMap<>();
  private final Map<Integer, Set<String>> cachedAcrossHooks = new HashMap<>();
  private final Map<Integer, Map<String, SortedMap<String, String>>> others = new HashMap<>();
  private final Map<Integer, SortedMap<String, String>> applications = new HashMap<>();
  private final SortedMap<Integer, LocalBag> ownUnit = new TreeMap<>();
  private final SortedMap<Integer, LocalBag> ownApplication = new TreeMap<>();
  private Optional<SortedMap<String, String>> state = Optional.empty();
  private Optional<SortedMap<String, Object>> config = Optional.empty();
  private Optional<SortedMap<String, String>> leaderSettings = Optional.empty();
  private Optional<Status> unitStatus = Optional.empty();
  private boolean stateChanged;
  private boolean foundNotLeader;

  HookTransaction(
      FakeJujuModel model, UnitAgent unit, Hook hook, Optional<FakeJujuRelation> relation) {
    this.model = model;
    this.unit = unit;
    this.hook = hook;
    this.relation = relation;
    unit.relations()
        .forEach(
            (number, known) -> {
              if (known.isBroken()) {
                return;
              }
              boolean here = relation.isPresent() && relation.get().number() == number;
              Set<String> listed = new HashSet<>(known.members().keySet());
              if (here && hook.kind() == Hook.Kind.BROKEN) {
                listed.clear();
              } else if (here && !hook.remoteUnit().isEmpty() && hook.kind() != Hook.Kind.EXEC) {
                // Read anew what the hook is about.
                known.cache().remove(hook.remoteUnit());
                if (hook.kind() == Hook.Kind.DEPARTED) {
                  listed.remove(hook.remoteUnit());
                } else {
                  listed.add(hook.remoteUnit());
                }
              }
              known.cache().keySet().retainAll(listed);
              cachedAcrossHooks.put(number, listed);
              members.put(number, listed.stream().sorted().toList());
            });
  }

  Hook hook() {
    return hook;
  }

  Optional<FakeJujuRelation> relation() {
    return relation;
  }

  /** Returns the relations this hook knows. */
  List<FakeJujuRelation> relations() {
    return members.keySet().stream().map(model::relation).toList();
  }

  /** Tells whether relation-ids leaves a relation out: one that breaks, since Juju 3.4.4. */
  boolean isHidden(FakeJujuRelation of) {
    return hook.kind() == Hook.Kind.BROKEN
        && model.version() != JujuVersion.JUJU_2_9
        && relation.isPresent()
        && relation.get().number() == of.number();
  }

  List<String> members(FakeJujuRelation of) {
    return members.getOrDefault(of.number(), List.of());
  }

  boolean isLeader() {
    // Once told no, a hook is told no to its end.
    foundNotLeader |= !model.leader().equals(unit.name());
    return !foundNotLeader;
  }

  SortedMap<String, String> ownUnit(FakeJujuRelation of) throws ToolFailure {
    return localUnit(of).values;
  }

  private LocalBag localUnit(FakeJujuRelation of) throws ToolFailure {
    LocalBag local = ownUnit.get(of.number());
    if (local == null) {
      if (of.isGone()) {
        throw ToolFailure.failed("permission denied");
      }
      local = new LocalBag(bag(of, unit.name()).read());
      ownUnit.put(of.number(), local);
    }
    return local;
  }

  private LocalBag localApplication(FakeJujuRelation of) throws ToolFailure {
    LocalBag local = ownApplication.get(of.number());
    if (local == null) {
      if (of.isGone()) {
        throw ToolFailure.failed("permission denied");
      }
      local = new LocalBag(of.application().read());
      ownApplication.put(of.number(), local);
    }
    return local;
  }

  SortedMap<String, String> unit(FakeJujuRelation of, String name) throws ToolFailure {
    if (name.equals(unit.name())) {
      return ownUnit(of);
    }
    Map<String, SortedMap<String, String>> cache =
        cachedAcrossHooks.getOrDefault(of.number(), Set.of()).contains(name)
            ? unit.known(of.number()).cache()
            : others.computeIfAbsent(of.number(), any -> new HashMap<>());
    SortedMap<String, String> settings = cache.get(name);
    if (settings == null) {
      requireRemote(of);
      settings = bag(of, name).read();
      cache.put(name, settings);
    }
    return settings;
  }

  private void requireRemote(FakeJujuRelation of) throws ToolFailure {
    if (of.isGone()) {
      throw ToolFailure.failed(
          model.version().isFour() ? "relation not found" : "permission denied");
    }
  }

  private FakeJujuBag bag(FakeJujuRelation of, String name) throws ToolFailure {
    FakeJujuBag bag = of.units().get(name);
    if (bag != null) {
      return bag;
    }
    if (model.version().isFour()) {
      throw ToolFailure.failed("relation unit not found");
    }
    if (!name.startsWith(model.application() + "/")) {
      throw ToolFailure.failed("permission denied");
    }
    throw ToolFailure.failed(
        "cannot read settings for unit "
            + ToolText.quote(name)
            + " in relation "
            + ToolText.quote(model.application() + ":" + of.endpoint())
            + ": unit "
            + ToolText.quote(name)
            + ": settings not found");
  }

  SortedMap<String, String> application(FakeJujuRelation of, String name) throws ToolFailure {
    if (!name.equals(model.application())) {
      throw ToolFailure.failed(
          model.version().isFour() ? "relation unit not found" : "permission denied");
    }
    if (isLeader()) {
      return localApplication(of).values;
    }
    SortedMap<String, String> settings = applications.get(of.number());
    if (settings == null) {
      requireRemote(of);
      settings = of.application().read();
      applications.put(of.number(), settings);
    }
    return settings;
  }

  void set(FakeJujuRelation of, boolean forApplication, Map<String, String> settings)
      throws ToolFailure {
    if (forApplication && !isLeader()) {
      throw ToolFailure.failed("cannot write relation settings");
    }
    LocalBag local;
    try {
      local = forApplication ? localApplication(of) : localUnit(of);
    } catch (ToolFailure e) {
      throw ToolFailure.failed(
          "cannot read relation "
              + (forApplication ? "application settings: " : "settings: ")
              + e.getMessage());
    }
    settings.forEach(local::set);
  }

  SortedMap<String, String> state() {
    if (state.isEmpty()) {
      state = Optional.of(new TreeMap<>(unit.state()));
    }
    return state.get();
  }

  void stateChanged() {
    stateChanged = true;
  }

  /** Returns the unit's status as it was when first asked for, whatever was set since. */
  Status unitStatus() {
    if (unitStatus.isEmpty()) {
      unitStatus = Optional.of(new Status(unit.workloadStatus(), unit.statusMessage()));
    }
    return unitStatus.get();
  }

  SortedMap<String, String> leaderSettings() {
    if (leaderSettings.isEmpty()) {
      leaderSettings = Optional.of(model.leaderSettings().read());
    }
    return leaderSettings.get();
  }

  /** Writes leader settings, at once; they are read anew afterwards. */
  void setForLeader(Map<String, String> settings) {
    leaderSettings = Optional.empty();
    model.leaderSettings().merge(settings);
  }

  SortedMap<String, Object> config() {
    if (config.isEmpty()) {
      config = Optional.of(new TreeMap<>(model.config()));
    }
    return config.get();
  }

  /** Takes over all changes, or none and says why. */
  Commit commit() throws ToolFailure {
    check();
    Map<String, Map<String, String>> unitSettings = new LinkedHashMap<>();
    Map<String, Map<String, String>> applicationSettings = new LinkedHashMap<>();
    ownUnit.forEach(
        (number, local) -> {
          FakeJujuRelation of = model.relation(number);
          Map<String, String> changed = of.bag(unit.name()).merge(submitted(local));
          if (!changed.isEmpty()) {
            unitSettings.put(of.id(), Map.copyOf(changed));
          }
        });
    ownApplication.forEach(
        (number, local) -> {
          FakeJujuRelation of = model.relation(number);
          Map<String, String> changed = of.application().merge(local.changes);
          if (!changed.isEmpty()) {
            applicationSettings.put(of.id(), Map.copyOf(changed));
          }
        });
    Map<String, String> stored = new TreeMap<>();
    List<String> deleted = new ArrayList<>();
    if (stateChanged) {
      SortedMap<String, String> before = unit.state();
      SortedMap<String, String> after = state();
      after.forEach(
          (key, value) -> {
            if (!value.equals(before.get(key))) {
              stored.put(key, value);
            }
          });
      before.keySet().stream().filter(key -> !after.containsKey(key)).forEach(deleted::add);
      before.clear();
      before.putAll(after);
    }
    return new Commit(unitSettings, applicationSettings, stored, deleted);
  }

  /** Returns what is sent of the unit's own bag: read keys too, which is how Juju does it. */
  private Map<String, String> submitted(LocalBag local) {
    Map<String, String> all = local.all();
    if (model.version().isFour()) {
      all.remove("ingress-address");
      all.remove("egress-subnets");
    }
    return all;
  }

  private void check() throws ToolFailure {
    for (Map.Entry<Integer, LocalBag> entry : ownUnit.entrySet()) {
      FakeJujuRelation of = model.relation(entry.getKey());
      check(of, of.bag(unit.name()), submitted(entry.getValue()));
    }
    for (Map.Entry<Integer, LocalBag> entry : ownApplication.entrySet()) {
      FakeJujuRelation of = model.relation(entry.getKey());
      if (entry.getValue().changes.isEmpty()) {
        continue;
      }
      if (!model.leader().equals(unit.name())) {
        throw ToolFailure.failed(
            ToolText.quote(unit.name())
                + " is not leader of "
                + ToolText.quote(model.application()));
      }
      check(of, of.application(), entry.getValue().changes);
    }
    if (stateChanged && !model.version().isFour() && bson(state()) > STATE_LIMIT) {
      throw ToolFailure.failed("max allowed size (" + STATE_LIMIT + ") exceeded");
    }
  }

  private void check(FakeJujuRelation of, FakeJujuBag bag, Map<String, String> submitted)
      throws ToolFailure {
    if (of.isGone()) {
      throw ToolFailure.failed(
          model.version().isFour() ? "relation not found" : "permission denied");
    }
    if (model.version().isFour()) {
      SortedMap<String, String> after = bag.read();
      after.putAll(submitted);
      if (FakeJujuBag.bytes(after) > RELATION_LIMIT) {
        throw ToolFailure.failed(
            "max allowed total size (" + RELATION_LIMIT + "): quota limit exceeded");
      }
    }
  }

  /** The size of a map of texts as a BSON document. */
  private static long bson(Map<String, String> map) {
    return FakeJujuBag.bytes(map) + 7L * map.size() + 5;
  }
}
