/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit.juju;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What the controller knows: one application with its units, peer relations, spaces and options.
 *
 * <p>Callers must hold its monitor while they read or write it or the state of its units.
 */
final class FakeJujuModel {
  private static final Instant START = Instant.parse("2026-01-02T03:04:05Z");
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss'Z'", Locale.ROOT);

  /** Unit names in the order of their numbers. */
  static final Comparator<String> BY_NUMBER = Comparator.comparingInt(FakeJujuModel::number);

  private final SortedMap<String, UnitAgent> units = new TreeMap<>(BY_NUMBER);

  private final SortedMap<Integer, FakeJujuRelation> relations = new TreeMap<>();
  private final Map<String, FakeJujuSpace> spaces = new LinkedHashMap<>();
  private final Map<String, String> bindings = new TreeMap<>();
  private final SortedMap<String, Object> config = new TreeMap<>();
  private final FakeJujuBag leaderSettings = new FakeJujuBag();
  private final TreeSet<String> missingTools = new TreeSet<>();
  private final List<HookSession.RecordedCall> calls = new ArrayList<>();
  private final List<HookSession.ArmedFault> faults = new ArrayList<>();
  private final JujuVersion version;
  private final String application;
  private final Optional<String> serviceAddress;
  private String leader = "";
  private String applicationVersion = "";
  private String applicationStatus = "unknown";
  private String applicationMessage = "";
  private long configVersion = 1;
  private long contexts;
  private long ticks;

  FakeJujuModel(JujuVersion version, String application, Optional<String> serviceAddress) {
    this.version = version;
    this.application = application;
    this.serviceAddress = serviceAddress;
  }

  static int number(String unit) {
    int slash = unit.indexOf('/');
    try {
      int number = Integer.parseInt(unit.substring(slash + 1));
      if (slash > 0 && number >= 0) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Reported below.
    }
    throw new IllegalArgumentException(
        "expected a unit name such as \"magpie/0\", got \"" + unit + "\"");
  }

  JujuVersion version() {
    return version;
  }

  String application() {
    return application;
  }

  String uuid() {
    return "5a7e1f0c-4a51-4c7e-8d15-0f8f6f1c2b3d";
  }

  boolean isKubernetes() {
    return serviceAddress.isPresent();
  }

  Optional<String> serviceAddress() {
    return serviceAddress;
  }

  SortedMap<String, UnitAgent> units() {
    return units;
  }

  SortedMap<Integer, FakeJujuRelation> relations() {
    return relations;
  }

  FakeJujuRelation relation(String endpoint, int number) {
    Collection<FakeJujuRelation> all = relations.values();
    return all.stream()
        .filter(r -> r.endpoint().equals(endpoint))
        .filter(r -> number == Hook.ANY_RELATION || r.number() == number)
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "expected one of the relations "
                        + all.stream().map(FakeJujuRelation::id).toList()
                        + ", got \""
                        + endpoint
                        + (number == Hook.ANY_RELATION ? "" : ":" + number)
                        + "\""));
  }

  /** Returns the relation of that number, which there must be. */
  FakeJujuRelation relation(int number) {
    return Objects.requireNonNull(relations.get(number), "relation " + number);
  }

  Map<String, FakeJujuSpace> spaces() {
    return spaces;
  }

  Map<String, String> bindings() {
    return bindings;
  }

  boolean hasBinding(String name) {
    return bindings.containsKey(name)
        || name.equals("juju-info")
        || relations.values().stream().anyMatch(r -> r.endpoint().equals(name));
  }

  /** Returns the space an endpoint is bound to; the empty name stands for the default binding. */
  FakeJujuSpace space(String endpoint) {
    String defaultSpace = bindings.getOrDefault("", spaces.keySet().iterator().next());
    String bound = bindings.getOrDefault(endpoint, defaultSpace);
    return Objects.requireNonNull(spaces.get(bound), bound);
  }

  SortedMap<String, Object> config() {
    return config;
  }

  long configVersion() {
    return configVersion;
  }

  void configChanged() {
    configVersion++;
  }

  FakeJujuBag leaderSettings() {
    return leaderSettings;
  }

  String leader() {
    return leader;
  }

  void leader(String unit) {
    leader = unit;
  }

  String applicationVersion() {
    return applicationVersion;
  }

  void applicationVersion(String workload) {
    applicationVersion = workload;
  }

  String applicationStatus() {
    return applicationStatus;
  }

  String applicationMessage() {
    return applicationMessage;
  }

  void applicationStatus(String status, String message) {
    applicationStatus = status;
    applicationMessage = message;
  }

  Set<String> missingTools() {
    return missingTools;
  }

  List<HookSession.RecordedCall> calls() {
    return calls;
  }

  List<HookSession.ArmedFault> faults() {
    return faults;
  }

  /** Returns a number no earlier hook had. */
  long nextContext() {
    return ++contexts;
  }

  /** Returns the time, which goes on by a second whenever it is asked for: runs are repeatable. */
  String now() {
    return TIME.format(START.plusSeconds(ticks++).atOffset(ZoneOffset.UTC));
  }
}
