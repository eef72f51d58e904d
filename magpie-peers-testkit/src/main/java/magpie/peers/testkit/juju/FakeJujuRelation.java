/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit.juju;

import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** A peer relation as the controller knows it. */
final class FakeJujuRelation {
  private final int number;
  private final String endpoint;
  private final Map<String, FakeJujuBag> units = new TreeMap<>();
  private final TreeSet<String> scope = new TreeSet<>();
  private final FakeJujuBag application = new FakeJujuBag();
  private boolean gone;

  FakeJujuRelation(int number, String endpoint) {
    this.number = number;
    this.endpoint = endpoint;
  }

  int number() {
    return number;
  }

  String endpoint() {
    return endpoint;
  }

  String id() {
    return endpoint + ":" + number;
  }

  FakeJujuBag application() {
    return application;
  }

  /** Returns the bags of all units that ever were in the relation: they outlive their unit. */
  Map<String, FakeJujuBag> units() {
    return units;
  }

  /** Returns the bag of a unit that is or was in the relation. */
  FakeJujuBag bag(String unit) {
    return Objects.requireNonNull(units.get(unit), unit);
  }

  /** Returns the units that are in the relation now, in string order. */
  Set<String> scope() {
    return scope;
  }

  boolean isGone() {
    return gone;
  }

  void remove() {
    gone = true;
  }

  void enter(String unit, Map<String, String> addresses) {
    if (scope.add(unit)) {
      units.computeIfAbsent(unit, any -> new FakeJujuBag()).replace(addresses);
    }
  }
}
