/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit.juju;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A unit of {@link FakeJuju} with its agent: runs hooks, and answers for what came of them.
 *
 * <p>The hooks of one unit never overlap: a thread that wants to run a second one waits. All
 * methods may be called by any thread.
 */
public final class FakeUnit {
  private final HookRunner hooks;
  private final FakeJujuModel model;
  private final UnitAgent agent;

  FakeUnit(HookRunner hooks, FakeJujuModel model, UnitAgent agent) {
    this.hooks = hooks;
    this.model = model;
    this.agent = agent;
  }

  /**
   * Returns the unit's name.
   *
   * @return such as {@code magpie/0}
   */
  public String name() {
    return agent.name();
  }

  /**
   * Runs a hook: a real process with the environment a unit agent gives it.
   *
   * <p>Its changes are committed if it ends with 0, and discarded otherwise; then the unit is in
   * error until the same hook succeeds or {@link #resolved()} is called.
   *
   * @param hook the hook's name, such as {@code magpie-relation-joined}
   * @param remoteUnit the unit the hook is about, empty if it is about none
   * @param command what to run, searched for on the hook's {@code PATH}, and its arguments; nothing
   *     for the charm's {@code dispatch}, or else its {@code hooks/NAME}, which is skipped if it is
   *     missing
   * @return what became of it
   * @throws IllegalArgumentException if the hook is about a relation or a unit that never was
   * @throws IllegalStateException if the unit is in error after another hook, or the calling thread
   *     runs one of its hooks right now
   * @throws java.io.UncheckedIOException if the command cannot be started
   */
  public HookRun run(String hook, String remoteUnit, String... command) {
    return run(Hook.of(hook, remoteUnit), command);
  }

  /**
   * Runs a hook as {@link #run(String, String, String...)} does.
   *
   * @param hook the hook
   * @param command what to run; nothing for the charm's {@code dispatch}
   * @return what became of it
   * @throws IllegalArgumentException if the hook is about a relation or a unit that never was
   * @throws IllegalStateException if the unit is in error after another hook, or the calling thread
   *     runs one of its hooks right now
   * @throws java.io.UncheckedIOException if the command cannot be started
   */
  public HookRun run(Hook hook, String... command) {
    Objects.requireNonNull(hook, "hook");
    return hooks.run(agent, hook, List.of(command));
  }

  /**
   * Runs a hook inside this process.
   *
   * <p>The hook succeeds if the body returns and asked for no other {@linkplain
   * HookContext#exit(int) exit code}. If it throws, the changes are discarded and the exception is
   * passed on.
   *
   * @param hook the hook's name
   * @param remoteUnit the unit the hook is about, empty if it is about none
   * @param body what to do
   * @param <E> what the body may throw
   * @return what became of it
   * @throws E if the body does
   * @throws IllegalArgumentException if the hook is about a relation or a unit that never was
   * @throws IllegalStateException if the unit is in error after another hook, or the calling thread
   *     runs one of its hooks right now
   */
  public <E extends Exception> HookRun inHook(
      String hook, String remoteUnit, HookContext.Body<E> body) throws E {
    return inHook(Hook.of(hook, remoteUnit), body);
  }

  /**
   * Runs a hook inside this process, as {@link #inHook(String, String, HookContext.Body)} does.
   *
   * @param hook the hook
   * @param body what to do
   * @param <E> what the body may throw
   * @return what became of it
   * @throws E if the body does
   * @throws IllegalArgumentException if the hook is about a relation or a unit that never was
   * @throws IllegalStateException if the unit is in error after another hook, or the calling thread
   *     runs one of its hooks right now
   */
  public <E extends Exception> HookRun inHook(Hook hook, HookContext.Body<E> body) throws E {
    Objects.requireNonNull(hook, "hook");
    Objects.requireNonNull(body, "body");
    return hooks.inHook(agent, hook, body);
  }

  /**
   * Returns the hook that Juju would run next, a failed one before all others.
   *
   * @return the hook; empty if none is due
   */
  public Optional<Hook> due() {
    synchronized (model) {
      return agent.due();
    }
  }

  /**
   * Runs the hook that is due, if any.
   *
   * @param command what to run; nothing for the charm's {@code dispatch}
   * @return what became of it; empty if none is due
   * @throws java.io.UncheckedIOException if the command cannot be started
   */
  public Optional<HookRun> runDue(String... command) {
    return due().map(hook -> run(hook, command));
  }

  /**
   * Runs the hook that is due, if any, inside this process.
   *
   * @param body what to do
   * @param <E> what the body may throw
   * @return what became of it; empty if none is due
   * @throws E if the body does
   */
  public <E extends Exception> Optional<HookRun> runDueInside(HookContext.Body<E> body) throws E {
    Optional<Hook> due = due();
    return due.isPresent() ? Optional.of(inHook(due.get(), body)) : Optional.empty();
  }

  /**
   * Takes a failed hook for done without running it: {@code juju resolved --no-retry}. Does nothing
   * if the unit is not in error.
   */
  public void resolved() {
    synchronized (model) {
      agent.resolved();
    }
  }

  /**
   * Tells whether the last hook failed and waits to be retried.
   *
   * @return whether the unit is in error
   */
  public boolean isInError() {
    synchronized (model) {
      return agent.failed().isPresent();
    }
  }

  /**
   * Brings the unit up to date without running anything: every hook due counts as done. For one
   * unit among hundreds this is much faster than {@link FakeJuju#settle()}.
   */
  public void settle() {
    synchronized (model) {
      agent.settle(true);
    }
  }

  /** Makes {@code update-status} due. */
  public void updateStatus() {
    synchronized (model) {
      agent.updateStatus();
    }
  }

  /**
   * Begins to remove the unit: its peers lose it, its own teardown hooks become due.
   *
   * <p>Before Juju 4 the peers are told at once, in Juju 4 when the unit's own hooks are done.
   */
  public void remove() {
    synchronized (model) {
      agent.remove();
    }
  }

  /** Removes the unit by force: it is gone at once and runs no more hooks; its peers lose it. */
  public void destroy() {
    synchronized (model) {
      agent.destroy(false);
    }
  }

  /**
   * Removes the unit as destroying it does, but its peers get no departed hook and go on listing
   * it: what Juju 4.0 does (juju/juju#23326). {@code goal-state} does not list it any more.
   *
   * @throws IllegalStateException if this is an older Juju, which does not do that
   */
  public void destroyLeavingGhost() {
    if (!model.version().isFour()) {
      throw new IllegalStateException(
          "expected Juju 4, which alone leaves ghosts, this is " + model.version().agentVersion());
    }
    synchronized (model) {
      agent.destroy(true);
    }
  }

  /**
   * Restarts the unit agent: settings of peers are read anew, and {@code config-changed} and {@code
   * start} become due, as after a reboot. A hook that failed before is retried first, and a unit
   * that is being removed runs neither of them.
   */
  public void restartAgent() {
    synchronized (model) {
      agent.restart();
    }
  }

  /**
   * Changes the unit's settings as a hook of its own would: its peers get a changed hook.
   *
   * @param endpoint the relation's endpoint
   * @param keysAndValues keys and values by turns; an empty value removes its key
   * @throws IllegalArgumentException if there is no such relation, the unit is not in it, or a
   *     value is missing
   */
  public void publish(String endpoint, String... keysAndValues) {
    Map<String, String> settings = FakeJuju.pairs(keysAndValues);
    synchronized (model) {
      bag(endpoint).merge(settings);
    }
  }

  /**
   * Returns what the unit has published, as committed.
   *
   * @param endpoint the relation's endpoint
   * @return its settings, a copy
   * @throws IllegalArgumentException if there is no such relation or the unit never was in it
   */
  public SortedMap<String, String> settings(String endpoint) {
    synchronized (model) {
      return bag(endpoint).read();
    }
  }

  private FakeJujuBag bag(String endpoint) {
    int colon = endpoint.indexOf(':');
    FakeJujuRelation relation =
        colon < 0
            ? model.relation(endpoint, Hook.ANY_RELATION)
            : model.relation(
                endpoint.substring(0, colon), Integer.parseInt(endpoint.substring(colon + 1)));
    FakeJujuBag bag = relation.units().get(name());
    if (bag == null) {
      throw new IllegalArgumentException(
          "expected a relation " + name() + " is in, it is not yet in " + relation.id());
    }
    return bag;
  }

  /**
   * Sets the unit's addresses in a space, which makes {@code config-changed} due; only when that
   * hook is committed do peers see the new ones.
   *
   * @param space the space's name
   * @param addresses addresses with prefix length, such as {@code 10.0.0.5/24}; none for an
   *     interface without address
   * @throws IllegalArgumentException if there is no such space or an address is malformed
   */
  public void addresses(String space, String... addresses) {
    List<String> given = List.of(addresses);
    given.forEach(FakeJujuSpace::subnet);
    synchronized (model) {
      if (!model.spaces().containsKey(space)) {
        throw new IllegalArgumentException(
            "expected one of the spaces " + model.spaces().keySet() + ", got \"" + space + "\"");
      }
      agent.replaceAddresses(space, given);
    }
  }

  /**
   * Returns the unit's state, as {@code state-set} left it and hooks committed it.
   *
   * @return keys and values, a copy
   */
  public SortedMap<String, String> charmState() {
    synchronized (model) {
      return new TreeMap<>(agent.state());
    }
  }

  /**
   * Returns the workload status and its message.
   *
   * @return such as {@code active: Ready}
   */
  public String status() {
    synchronized (model) {
      String message = agent.statusMessage();
      return agent.workloadStatus() + (message.isEmpty() ? "" : ": " + message);
    }
  }

  /**
   * Returns what the unit logged with {@code juju-log}.
   *
   * @return level and message of each, in order, a copy
   */
  public List<String> logs() {
    synchronized (model) {
      return List.copyOf(agent.logs());
    }
  }

  /**
   * Returns the units whose joined hook this unit's charm has run, as {@code relation-list} does
   * outside joined and departed hooks.
   *
   * @param endpoint the relation's endpoint
   * @return unit names in string order, a copy
   * @throws IllegalArgumentException if there is no such relation
   */
  public List<String> members(String endpoint) {
    synchronized (model) {
      FakeUnitRelation known =
          agent.relations().get(model.relation(endpoint, Hook.ANY_RELATION).number());
      return known == null ? List.of() : List.copyOf(known.members().keySet());
    }
  }

  /**
   * Returns the directory of the unit's hook tools. It exists once a hook ran.
   *
   * @return an absolute path
   */
  public Path tools() {
    return hooks.directories().tools(agent);
  }

  /**
   * Returns the charm directory, the working directory of a hook. It exists once a hook ran.
   *
   * @return an absolute path
   */
  public Path charmDirectory() {
    return hooks.directories().charm(agent);
  }

  /** Returns name and status. */
  @Override
  public String toString() {
    return name() + " (" + status() + ")";
  }

  UnitAgent agent() {
    return agent;
  }
}
