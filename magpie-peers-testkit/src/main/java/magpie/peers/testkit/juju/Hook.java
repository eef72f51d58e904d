/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit.juju;

import java.util.Objects;

/**
 * A hook, an action or a {@code juju exec} that a unit runs.
 *
 * <pre>{@code
 * Hook.joined("magpie", "magpie/1")          // magpie-relation-joined for magpie/1
 * Hook.changed("magpie", "")                 // the application's settings changed
 * Hook.departed("magpie", "magpie/1").on(7)  // of relation magpie:7, where there are several
 * Hook.named("update-status")
 * }</pre>
 *
 * @param kind what is run
 * @param name the hook's or action's name; {@code run-commands} for {@code juju exec}
 * @param endpoint the relation's endpoint, empty outside relation hooks
 * @param relation the number of the relation; {@link #ANY_RELATION} for the first one of the
 *     endpoint
 * @param remoteUnit the unit the hook is about, empty if it is about none
 * @param departingUnit the unit that departs; empty for Juju's own choice and in all other hooks
 */
public record Hook(
    Kind kind,
    String name,
    String endpoint,
    int relation,
    String remoteUnit,
    String departingUnit) {

  /** Stands for the first relation of the endpoint. */
  public static final int ANY_RELATION = -1;

  /** What a unit runs. */
  public enum Kind {
    /** A hook without relation. */
    PLAIN,
    /** {@code X-relation-created}. */
    CREATED,
    /** {@code X-relation-joined}. */
    JOINED,
    /** {@code X-relation-changed}; without a remote unit the application's settings changed. */
    CHANGED,
    /** {@code X-relation-departed}. */
    DEPARTED,
    /** {@code X-relation-broken}. */
    BROKEN,
    /** An action. */
    ACTION,
    /** {@code juju exec} ({@code juju-run} in Juju 2.9). */
    EXEC
  }

  /**
   * Checks that nothing is {@code null}.
   *
   * @param kind see the record
   * @param name see the record
   * @param endpoint see the record
   * @param relation see the record
   * @param remoteUnit see the record
   * @param departingUnit see the record
   * @throws NullPointerException if an argument is {@code null}
   */
  public Hook {
    Objects.requireNonNull(kind, "kind");
    Objects.requireNonNull(name, "name");
    Objects.requireNonNull(endpoint, "endpoint");
    Objects.requireNonNull(remoteUnit, "remoteUnit");
    Objects.requireNonNull(departingUnit, "departingUnit");
  }

  /**
   * Returns the hook of that name, about no unit.
   *
   * @param name such as {@code install} or {@code magpie-relation-created}
   * @return the hook
   */
  public static Hook named(String name) {
    return of(name, "");
  }

  /**
   * Returns the hook of that name.
   *
   * @param name such as {@code magpie-relation-joined}
   * @param remoteUnit the unit it is about; empty if it is about none
   * @return the hook
   */
  public static Hook of(String name, String remoteUnit) {
    Objects.requireNonNull(name, "name");
    int cut = name.lastIndexOf("-relation-");
    Kind kind =
        switch (cut > 0 ? name.substring(cut + "-relation-".length()) : "") {
          case "created" -> Kind.CREATED;
          case "joined" -> Kind.JOINED;
          case "changed" -> Kind.CHANGED;
          case "departed" -> Kind.DEPARTED;
          case "broken" -> Kind.BROKEN;
          default -> Kind.PLAIN;
        };
    String endpoint = kind == Kind.PLAIN ? "" : name.substring(0, cut);
    return new Hook(kind, name, endpoint, ANY_RELATION, remoteUnit, "");
  }

  /**
   * Returns {@code endpoint-relation-created}.
   *
   * @param endpoint the relation's endpoint
   * @return the hook
   */
  public static Hook created(String endpoint) {
    return named(endpoint + "-relation-created");
  }

  /**
   * Returns {@code endpoint-relation-joined} for a unit.
   *
   * @param endpoint the relation's endpoint
   * @param remoteUnit the unit that joined
   * @return the hook
   */
  public static Hook joined(String endpoint, String remoteUnit) {
    return of(endpoint + "-relation-joined", remoteUnit);
  }

  /**
   * Returns {@code endpoint-relation-changed} for a unit or, without one, for the application.
   *
   * @param endpoint the relation's endpoint
   * @param remoteUnit the unit whose settings changed; empty if the application's did
   * @return the hook
   */
  public static Hook changed(String endpoint, String remoteUnit) {
    return of(endpoint + "-relation-changed", remoteUnit);
  }

  /**
   * Returns {@code endpoint-relation-departed} for a unit.
   *
   * @param endpoint the relation's endpoint
   * @param remoteUnit the unit that is lost
   * @return the hook
   */
  public static Hook departed(String endpoint, String remoteUnit) {
    return of(endpoint + "-relation-departed", remoteUnit);
  }

  /**
   * Returns an action.
   *
   * @param name the action's name
   * @return the action
   */
  public static Hook action(String name) {
    return new Hook(Kind.ACTION, name, "", ANY_RELATION, "", "");
  }

  /**
   * Returns a {@code juju exec}: changes are committed whatever the command's exit code.
   *
   * @return the command context, without a relation
   */
  public static Hook exec() {
    return new Hook(Kind.EXEC, "run-commands", "", ANY_RELATION, "", "");
  }

  /**
   * Returns a {@code juju exec} in a relation: {@code juju-exec --relation} and {@code
   * --remote-unit}. The hook tools then have defaults as in a relation hook, except for the remote
   * application.
   *
   * @param endpoint the relation's endpoint
   * @param remoteUnit a unit that {@code relation-list} names; empty for the only one there is,
   *     without which the run is refused
   * @return the command context
   */
  public static Hook exec(String endpoint, String remoteUnit) {
    return new Hook(Kind.EXEC, "run-commands", endpoint, ANY_RELATION, remoteUnit, "");
  }

  /**
   * Returns the same hook of a certain relation, where one endpoint has several.
   *
   * @param relation the relation's number
   * @return the hook
   */
  public Hook on(int relation) {
    return new Hook(kind, name, endpoint, relation, remoteUnit, departingUnit);
  }

  boolean inRelation() {
    return !endpoint.isEmpty();
  }

  Hook about(String unit) {
    return new Hook(kind, name, endpoint, relation, unit, departingUnit);
  }

  Hook departing(String unit) {
    return new Hook(kind, name, endpoint, relation, remoteUnit, unit);
  }

  /** Returns the name and what it is about, such as {@code magpie-relation-joined magpie/1}. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(name);
    if (relation != ANY_RELATION) {
      text.append(" (").append(endpoint).append(':').append(relation).append(')');
    }
    if (!remoteUnit.isEmpty()) {
      text.append(' ').append(remoteUnit);
    }
    return text.toString();
  }
}
