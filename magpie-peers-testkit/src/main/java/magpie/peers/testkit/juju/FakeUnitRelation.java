/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit.juju;

import java.util.HashMap;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/** What the agent of one unit knows of one relation. */
final class FakeUnitRelation {
  private final SortedMap<String, Long> members = new TreeMap<>();
  private final Map<String, SortedMap<String, String>> cache = new HashMap<>();
  private boolean created;
  private boolean broken;
  private String changedPending = "";
  private long applicationVersion;

  /** Returns the units whose joined hook is done, with the version last told to the charm. */
  SortedMap<String, Long> members() {
    return members;
  }

  /** Returns the settings of members read so far: kept across hooks. */
  Map<String, SortedMap<String, String>> cache() {
    return cache;
  }

  boolean isCreated() {
    return created;
  }

  /** Tells whether the unit has left the relation for good. */
  boolean isBroken() {
    return broken;
  }

  /** Returns the unit whose joined hook just ran, or the empty text. */
  String changedPending() {
    return changedPending;
  }

  long applicationVersion() {
    return applicationVersion;
  }

  /** Takes note that a hook is done. */
  void done(Hook hook, long version) {
    switch (hook.kind()) {
      case CREATED -> created = true;
      case JOINED -> {
        members.put(hook.remoteUnit(), version);
        changedPending = hook.remoteUnit();
      }
      case CHANGED -> {
        if (hook.remoteUnit().isEmpty()) {
          applicationVersion = version;
        } else {
          members.put(hook.remoteUnit(), version);
          changedPending = changedPending.equals(hook.remoteUnit()) ? "" : changedPending;
        }
      }
      case DEPARTED -> {
        members.remove(hook.remoteUnit());
        changedPending = changedPending.equals(hook.remoteUnit()) ? "" : changedPending;
      }
      case BROKEN -> {
        broken = true;
        members.clear();
        cache.clear();
        changedPending = "";
      }
      default -> {}
    }
  }
}
