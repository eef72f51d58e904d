/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit.juju;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * One call of a hook tool, as the fake agent got it.
 *
 * @param number the number of the call among all of its {@link FakeJuju}, from 1
 * @param unit the unit that called
 * @param hook the hook it ran
 * @param contextId the {@code JUJU_CONTEXT_ID} the tool was called with
 * @param tool the tool's name
 * @param arguments its arguments, unmodifiable
 * @param directory the working directory of the call
 * @param stdin what the tool was given on its standard input, if it read that
 * @param exitCode the exit code; empty if the tool was left hanging, was killed, or is still served
 * @param fault what was done to the call, if anything
 */
public record ToolCall(
    int number,
    String unit,
    Hook hook,
    String contextId,
    String tool,
    List<String> arguments,
    String directory,
    Optional<String> stdin,
    OptionalInt exitCode,
    Optional<Fault> fault) {

  /**
   * Makes the list of arguments unmodifiable.
   *
   * @param number see the record
   * @param unit see the record
   * @param hook see the record
   * @param contextId see the record
   * @param tool see the record
   * @param arguments see the record
   * @param directory see the record
   * @param stdin see the record
   * @param exitCode see the record
   * @param fault see the record
   */
  public ToolCall {
    arguments = List.copyOf(arguments);
  }

  /** Returns the call as one would type it. */
  @Override
  public String toString() {
    return (tool + " " + String.join(" ", arguments)).strip();
  }
}
