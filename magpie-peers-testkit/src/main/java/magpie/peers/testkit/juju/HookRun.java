/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit.juju;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What became of a hook.
 *
 * @param unit the unit that ran it
 * @param hook the hook
 * @param attempt 1 for the first try, 2 for the first retry, and so on
 * @param contextId the {@code JUJU_CONTEXT_ID} of this run
 * @param environment the environment the hook had
 * @param exitCode the exit code of the hook's process: 137 if it was killed at the deadline; for a
 *     hook run inside this process 0, or what it asked for with {@link HookContext#exit(int)}, or 1
 *     if it threw
 * @param stdout what the process wrote to its standard output, at most the first 16 MiB
 * @param stderr what the process wrote to its standard error output, at most the first 16 MiB
 * @param committed whether the hook succeeded and its changes were taken over
 * @param failure why it failed, empty if it did not: the agent's words
 * @param calls the hook tools it called, in order
 * @param unitSettings what the commit changed in the unit's own settings, by relation id; an empty
 *     value stands for a removed key
 * @param applicationSettings what the commit changed in the application's settings, alike
 * @param charmState what the commit changed in the unit's state; a removed key is in {@code
 *     deletedState}
 * @param deletedState the keys the commit removed from the unit's state
 */
public record HookRun(
    String unit,
    Hook hook,
    int attempt,
    String contextId,
    Map<String, String> environment,
    int exitCode,
    String stdout,
    String stderr,
    boolean committed,
    String failure,
    List<ToolCall> calls,
    Map<String, Map<String, String>> unitSettings,
    Map<String, Map<String, String>> applicationSettings,
    Map<String, String> charmState,
    List<String> deletedState) {

  /**
   * Makes the collections unmodifiable.
   *
   * @param unit see the record
   * @param hook see the record
   * @param attempt see the record
   * @param contextId see the record
   * @param environment see the record
   * @param exitCode see the record
   * @param stdout see the record
   * @param stderr see the record
   * @param committed see the record
   * @param failure see the record
   * @param calls see the record
   * @param unitSettings see the record
   * @param applicationSettings see the record
   * @param charmState see the record
   * @param deletedState see the record
   */
  public HookRun {
    environment = Map.copyOf(environment);
    calls = List.copyOf(calls);
    unitSettings = Map.copyOf(unitSettings);
    applicationSettings = Map.copyOf(applicationSettings);
    charmState = Map.copyOf(charmState);
    deletedState = List.copyOf(deletedState);
  }

  /**
   * Returns how often each hook tool was called.
   *
   * @return the counts by tool name, in alphabetical order
   */
  public Map<String, Integer> toolCounts() {
    Map<String, Integer> counts = new TreeMap<>();
    calls.forEach(call -> counts.merge(call.tool(), 1, Integer::sum));
    return counts;
  }

  /** Returns unit and hook and, if it failed, why: one line of a trace. */
  @Override
  public String toString() {
    return unit + ": " + hook + (committed ? "" : " [" + failure + "]");
  }
}
