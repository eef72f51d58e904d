/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import magpie.peers.juju.HookToolException.Reason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What Juju says when a hook tool fails, in all its versions, and what it is taken for. */
class FailuresTest {
  private static HookToolException failure(int exitCode, String stderr) {
    HookTools.Call call = HookTools.Call.of("relation-get", "-r", "magpie:1", "-", "magpie/9");
    return Failures.of(call, exitCode, stderr);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        // The relation (2.1).
        "2 | invalid value \"magpie:7\" for option -r: relation not found | RELATION_GONE",
        "1 | permission denied | RELATION_GONE",
        "1 | permission denied (unauthorized access) | RELATION_GONE",
        "1 | relation not found | RELATION_GONE",
        "1 | relation 2 not found (not found) | RELATION_GONE",
        "1 | cannot read settings for unit \"a/9\" in relation \"a:X\": unit \"a/9\": settings not"
            + " found | NEVER_JOINED",
        "1 | relation unit not found | NEVER_JOINED",
        "1 | getting settings: relation unit not found: a/9 | NEVER_JOINED",
        "1 | unit \"magpie/9\" not found | NEVER_JOINED",
        // Said of another unit, such as the own one: nothing is known of the unit asked about.
        "1 | unit \"magpie/0\" not found | OTHER",
        "1 | unit \"magpie/99\" not found | OTHER",
        // Leadership (2.2, 3.1).
        "1 | cannot write relation settings | NOT_LEADER",
        "1 | this unit is not the leader | NOT_LEADER",
        "1 | finding application status: this unit is not the leader | NOT_LEADER",
        "1 | cannot write leadership settings: cannot write settings: not the leader | NOT_LEADER",
        "1 | \"a/0\" is not leader of \"a\" | NOT_LEADER",
        // Limits (2.2, 2.3).
        "1 | max allowed key length (256) exceeded | OVER_QUOTA",
        "1 | max allowed value length (65536) exceeded | OVER_QUOTA",
        "1 | max allowed key length (256): quota limit exceeded | OVER_QUOTA",
        "1 | max allowed size (2097152) exceeded | OVER_QUOTA",
        "1 | max allowed total size (16777216): quota limit exceeded | OVER_QUOTA",
        // The client (4.5).
        "1 | JUJU_CONTEXT_ID not set | OUTSIDE_HOOK",
        "1 | JUJU_AGENT_SOCKET_ADDRESS not set | OUTSIDE_HOOK",
        "1 | JUJU_AGENT_SOCKET_NETWORK not set | OUTSIDE_HOOK",
        "1 | dial unix @/var/lib/juju/agents/unit-a-0/agent.socket: connect: connection refused |"
            + " OUTSIDE_HOOK",
        "1 | dial unix /var/lib/juju/agents/unit-a-0/agent.socket: connect: no such file or"
            + " directory | OUTSIDE_HOOK",
        "1 | dial unix /var/lib/juju/agents/unit-a-0/agent.socket: connect: permission denied |"
            + " OTHER",
        "1 | bad request: wrong context ID; got \"a/0-install-1\" | STALE_CONTEXT",
        "1 | bad request: expected context id \"a/0-x\", got \"a/0-y\" | STALE_CONTEXT",
        // Nothing that a caller could act on.
        "1 | bad request: token does not match | OTHER",
        "1 | bad request: unknown command: state-get | OTHER",
        "1 | unexpected EOF | OTHER",
        "1 | connection is shut down | OTHER",
        "1 | not implemented for restricted context | OTHER",
        "1 | leadership status unknown: i/o timeout | OTHER",
        "1 | no network config found for binding \"x\" | OTHER",
        "2 | no relation id specified | OTHER",
        "2 | option provided but not defined: --x | OTHER",
        "3 | panic: runtime error: index out of range [0] with length 0 | OTHER",
        "1 | the relation to the unit is fine | OTHER",
      })
  void isTakenForWhatItIsAndKeepsTheWordsOfJuju(int exitCode, String words, Reason reason) {
    HookToolException failure = failure(exitCode, "ERROR " + words + "\n");

    assertEquals(reason, failure.reason());
    assertEquals("relation-get", failure.tool());
    assertEquals(List.of("-r", "magpie:1", "-", "magpie/9"), failure.arguments());
    assertEquals(exitCode, failure.exitCode());
    assertEquals("ERROR " + words + "\n", failure.stderr());
  }

  @Test
  void isFoundBehindOtherLines() {
    assertEquals(
        Reason.RELATION_GONE,
        failure(1, "WARNING slow\nERROR relation 12 not found\nrest\n").reason());
  }

  private static void assertMessage(String stderr, String rest) {
    assertEquals(
        "hook tool relation-get -r magpie:1 - magpie/9: "
            + rest.replace("{}", "; exit code 1, stderr \"" + stderr + "\"; "),
        failure(1, stderr).getMessage());
  }

  @Test
  void everyKindSaysWhatToDoNext() {
    assertMessage(
        "ERROR JUJU_CONTEXT_ID not set",
        "expected to be inside a hook, found none{}hook tools answer only inside a hook, an action"
            + " or juju-exec");
    assertMessage(
        "dial unix x: connect: permission denied",
        "expected the agent to listen to this user, found it refuses{}run as the user of the"
            + " agent, as the hook does");
    assertMessage(
        "bad request: wrong context ID; got x",
        "expected the hook of this process to be running, found another or none{}a program that"
            + " outlives its hook cannot use hook tools; start juju-exec from it");
    assertMessage(
        "max allowed size (2097152) exceeded",
        "expected to store less, found it over Juju's limit{}store less, or store it elsewhere");
    assertMessage(
        "this unit is not the leader",
        "expected this unit to be the leader, found it is not{}only the leader may do this;"
            + " another unit will");
    assertMessage(
        "relation unit not found",
        "expected a unit of the relation, found one that never joined it{}ask again after its"
            + " joined hook");
    assertMessage(
        "permission denied",
        "expected the relation to be there, found it gone or not visible to this unit{}the hook"
            + " is to fail, or to go on without the relation");
    assertMessage(
        "unexpected EOF", "expected success{}the hook is to fail, so that Juju runs it again");
  }
}
