/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit.juju;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The Juju releases {@link FakeJuju} can be.
 *
 * <p>They differ in the environment of a hook, in the hook tools there are, in messages, in the
 * keys Juju itself writes into a unit's settings, and in what counts as a change of settings.
 */
public enum JujuVersion {
  /** Juju 2.9, the last with {@code JUJU_METER_STATUS}. */
  JUJU_2_9("2.9.52"),
  /** Juju 3.6, the long-term release. */
  JUJU_3_6("3.6.26"),
  /** Juju 4.0: no leader settings, no {@code private-address} in settings. */
  JUJU_4_0("4.0.15");

  private static final List<String> TOOLS =
      List.of(
          "application-version-set",
          "config-get",
          "goal-state",
          "is-leader",
          "juju-log",
          "network-get",
          "relation-get",
          "relation-ids",
          "relation-list",
          "relation-set",
          "state-delete",
          "state-get",
          "state-set",
          "status-get",
          "status-set",
          "unit-get");

  private final String agentVersion;

  JujuVersion(String agentVersion) {
    this.agentVersion = agentVersion;
  }

  /**
   * Returns the full version of the agent, as a hook finds it in {@code JUJU_VERSION}.
   *
   * @return the version, such as {@code 3.6.26}
   */
  public String agentVersion() {
    return agentVersion;
  }

  /**
   * Returns the names of the hook tools this version has, as far as the fake knows them.
   *
   * @return the names in alphabetical order, unmodifiable
   */
  public List<String> tools() {
    List<String> tools = new ArrayList<>(TOOLS);
    if (this != JUJU_2_9) {
      tools.add("relation-model-get");
    }
    if (this != JUJU_4_0) {
      tools.add("leader-get");
      tools.add("leader-set");
    }
    Collections.sort(tools);
    return Collections.unmodifiableList(tools);
  }

  boolean isFour() {
    return this == JUJU_4_0;
  }
}
