/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import java.util.List;
import magpie.peers.juju.HookToolException.Reason;

/**
 * Tells known failures of hook tools apart by their own words, which are the only sign there is.
 *
 * <p>The texts are those of Juju 2.9 to 4.0, client and agent; one that is not known keeps all that
 * was said.
 */
enum Failures {
  OUTSIDE_HOOK(
      Reason.OUTSIDE_HOOK,
      "expected to be inside a hook, found none",
      "hook tools answer only inside a hook, an action or juju-exec",
      "JUJU_CONTEXT_ID not set",
      "JUJU_AGENT_SOCKET_ADDRESS not set",
      "JUJU_AGENT_SOCKET_NETWORK not set",
      "connect: connection refused",
      "connect: no such file or directory"),
  OTHER_USER(
      Reason.OTHER,
      "expected the agent to listen to this user, found it refuses",
      "run as the user of the agent, as the hook does",
      "connect: permission denied"),
  STALE_CONTEXT(
      Reason.STALE_CONTEXT,
      "expected the hook of this process to be running, found another or none",
      "a program that outlives its hook cannot use hook tools; start juju-exec from it",
      "bad request: wrong context ID",
      "bad request: expected context id"),
  OVER_QUOTA(
      Reason.OVER_QUOTA,
      "expected to store less, found it over Juju's limit",
      "store less, or store it elsewhere",
      "max allowed"),
  NOT_LEADER(
      Reason.NOT_LEADER,
      "expected this unit to be the leader, found it is not",
      "only the leader may do this; another unit will",
      "cannot write relation settings",
      "this unit is not the leader",
      "cannot write leadership settings",
      "is not leader of"),
  NEVER_JOINED(
      Reason.NEVER_JOINED,
      "expected a unit of the relation, found one that never joined it",
      "ask again after its joined hook",
      "settings not found",
      "relation unit not found"),
  RELATION_GONE(
      Reason.RELATION_GONE,
      "expected the relation to be there, found it gone or not visible to this unit",
      "the hook is to fail, or to go on without the relation",
      "relation not found",
      "permission denied"),
  OTHER(Reason.OTHER, "expected success", "the hook is to fail, so that Juju runs it again");

  private final Reason reason;
  private final String message;
  private final String next;

  @SuppressWarnings("ImmutableEnumChecker") // a List.of cannot be changed
  private final List<String> signs;

  Failures(Reason reason, String message, String next, String... signs) {
    this.reason = reason;
    this.message = message;
    this.next = next;
    this.signs = List.of(signs);
  }

  static HookToolException of(HookTools.Call call, int exitCode, String stderr) {
    for (Failures known : values()) {
      for (String sign : known.signs) {
        if (stderr.contains(sign)) {
          return known.failure(call, exitCode, stderr);
        }
      }
    }
    Failures known =
        stderr.matches("(?s).*relation \\d+ not found.*")
            ? RELATION_GONE
            : missesTheUnitAskedAbout(call, stderr) ? NEVER_JOINED : OTHER;
    return known.failure(call, exitCode, stderr);
  }

  /** Said of another unit, such as the own one, it tells nothing of the unit asked about. */
  private static boolean missesTheUnitAskedAbout(HookTools.Call call, String stderr) {
    for (String argument : call.arguments()) {
      if (stderr.contains("unit \"" + argument + "\" not found")) {
        return true;
      }
    }
    return false;
  }

  private HookToolException failure(HookTools.Call call, int exitCode, String stderr) {
    return call.failed(reason, exitCode, stderr, message, next);
  }
}
