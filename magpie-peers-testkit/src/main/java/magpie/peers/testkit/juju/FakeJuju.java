/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit.juju;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * A fake Juju: one application with its units and peer relations, on which charms are tested with
 * real processes and real hook tools.
 *
 * <pre>{@code
 * try (FakeJuju juju =
 *     FakeJuju.create(directory, JujuVersion.JUJU_3_6)
 *         .application("magpie")
 *         .peerRelation("magpie")
 *         .newUnits(3)
 *         .charm(charmDirectory)
 *         .build()) {
 *   juju.play();                                       // install, joined, changed, ... of all units
 *   assertEquals("active: Ready, with 2 peers", juju.unit("magpie/0").status());
 *
 *   juju.unit("magpie/2").remove();
 *   juju.inject(Fault.exit(1, "ERROR connection is shut down").on("relation-list"));
 *   List<HookRun> runs = juju.play();                  // departed fails once and is retried
 * }
 * }</pre>
 *
 * <p>What it keeps to, as the unit agent does: {@code relation-list} is frozen during a hook and
 * follows the hooks that ran, not the truth; settings of a member are read once and again only when
 * a joined or changed hook of that very unit starts; a hook reads its own writes; {@code
 * relation-set} and {@code state-set} are committed when the hook's process ends with 0 and
 * discarded otherwise, {@code status-set} and {@code juju-log} are not; a failed hook is run again
 * with a new {@code JUJU_CONTEXT_ID}; outside a hook the tools fail. Messages, exit codes and the
 * differences between Juju versions are Juju's. Nothing depends on chance or on the clock.
 *
 * <p>The hook tools are executables on the hook's {@code PATH}: one POSIX shell script, which talks
 * to an agent in this process through FIFOs in the fake's directory. They need {@code /bin/sh},
 * {@code mkfifo} for the fake itself, and {@code cat} for large output or standard input.
 *
 * <p>May be used by several threads; hooks of different units then run at the same time. Closing it
 * kills the processes that still run and leaves neither processes nor threads nor open files; the
 * directory stays.
 */
public final class FakeJuju implements AutoCloseable {
  private final FakeJujuModel model;
  private final HookRunner hooks;
  private final int attempts;
  private final int stepLimit;

  /** Guarded by the model's monitor, as all that the model knows. */
  private final SortedMap<String, FakeUnit> units = new TreeMap<>(FakeJujuModel.BY_NUMBER);

  private FakeJuju(Builder builder) throws IOException {
    Path root = builder.directory.toAbsolutePath();
    this.attempts = builder.attempts;
    this.stepLimit = builder.stepLimit;
    Path scratch = root.resolve("scratch");
    Files.createDirectories(scratch);
    this.model = new FakeJujuModel(builder.version, builder.application, builder.serviceAddress);
    this.hooks =
        new HookRunner(
            model,
            new UnitDirectories(root, model, builder.charm),
            new HookProcess.Launcher(scratch, builder.deadline),
            builder.path,
            builder.modelName,
            Map.copyOf(builder.environment),
            builder.observer);
    model.config().putAll(builder.config);
    if (builder.spaces.isEmpty()) {
      builder.space("alpha", "10.0.0.0/16");
    }
    builder.spaces.forEach(
        (name, cidrs) ->
            model.spaces().put(name, new FakeJujuSpace(name, model.spaces().size(), cidrs)));
    builder.bindings.forEach(this::bind);
    builder.relations.forEach(
        (number, endpoint) ->
            model.relations().put(number, new FakeJujuRelation(number, endpoint)));
    model.leader(builder.leader.orElse(builder.application + "/0"));
    synchronized (model) {
      for (int i = 0; i < builder.units + builder.newUnits; i++) {
        addUnit(builder.application + "/" + i);
      }
      model.units().values().stream().limit(builder.units).forEach(unit -> unit.settle(false));
    }
  }

  private void bind(String endpoint, String space) {
    if (!model.spaces().containsKey(space)) {
      throw new IllegalArgumentException(
          "expected one of the spaces " + model.spaces().keySet() + ", got \"" + space + "\"");
    }
    model.bindings().put(endpoint, space);
  }

  /**
   * Begins to describe a fake Juju.
   *
   * @param directory where tools, charm directories and FIFOs go; created if missing
   * @param version the Juju to be
   * @return a builder
   */
  public static Builder create(Path directory, JujuVersion version) {
    return new Builder(
        Objects.requireNonNull(directory, "directory"), Objects.requireNonNull(version, "version"));
  }

  /**
   * Returns a unit.
   *
   * @param name such as {@code magpie/0}
   * @return the unit, also if it has been removed
   * @throws IllegalArgumentException if there is no such unit
   */
  public FakeUnit unit(String name) {
    Objects.requireNonNull(name, "name");
    synchronized (model) {
      FakeUnit unit = units.get(name);
      if (unit == null || !unit.name().equals(name)) {
        throw new IllegalArgumentException(
            "expected one of the units " + units.keySet() + ", got \"" + name + "\"");
      }
      return unit;
    }
  }

  /**
   * Returns all units that ever were.
   *
   * @return the units in the order of their numbers, a copy
   */
  public List<FakeUnit> units() {
    synchronized (model) {
      return List.copyOf(units.values());
    }
  }

  /**
   * Adds a unit with the next number, not yet installed.
   *
   * @return the unit
   */
  public FakeUnit addUnit() {
    synchronized (model) {
      int last = model.units().isEmpty() ? -1 : FakeJujuModel.number(model.units().lastKey());
      return addUnit(model.application() + "/" + (last + 1));
    }
  }

  /**
   * Adds a unit of a certain name, not yet installed. The name of a removed unit may be used again,
   * as Kubernetes does.
   *
   * @param name such as {@code magpie/7}
   * @return the unit
   * @throws IllegalArgumentException if it is no unit of the application, or still there
   */
  public FakeUnit addUnit(String name) {
    Objects.requireNonNull(name, "name");
    FakeJujuModel.number(name);
    if (!name.startsWith(model.application() + "/")) {
      throw new IllegalArgumentException(
          "expected a unit of " + model.application() + ", got \"" + name + "\"");
    }
    synchronized (model) {
      UnitAgent before = model.units().get(name);
      if (before != null && !before.isDead()) {
        throw new IllegalArgumentException(
            "expected the name of a unit that is not there, got \"" + name + "\"");
      }
      UnitAgent agent = new UnitAgent(model, name);
      FakeUnit unit = new FakeUnit(hooks, model, agent);
      // Removed first: the key may be another name of the same number.
      model.units().remove(name);
      model.units().put(name, agent);
      units.remove(name);
      units.put(name, unit);
      return unit;
    }
  }

  /** Begins to remove the application: all units are removed. */
  public void removeApplication() {
    synchronized (model) {
      model.units().values().forEach(UnitAgent::remove);
    }
  }

  /**
   * Makes another unit the leader.
   *
   * @param unit its name; empty for no leader
   * @throws IllegalArgumentException if there is no such unit
   */
  public void leader(String unit) {
    if (!unit.isEmpty()) {
      unit(unit);
    }
    synchronized (model) {
      if (!model.leader().equals(unit)) {
        model.leader(unit);
        model.units().values().forEach(UnitAgent::deposed);
      }
    }
  }

  /**
   * Sets an option of the application, which makes {@code config-changed} due for all units.
   *
   * @param name the option's name
   * @param value a {@link String}, {@link Boolean} or {@link Number}
   * @throws IllegalArgumentException if the value is of another type
   */
  public void config(String name, Object value) {
    Objects.requireNonNull(name, "name");
    synchronized (model) {
      model.config().put(name, Builder.option(value));
      model.configChanged();
    }
  }

  /**
   * Changes the application's settings as a hook of the leader would.
   *
   * @param endpoint the relation's endpoint
   * @param keysAndValues keys and values by turns; an empty value removes its key
   * @throws IllegalArgumentException if there is no such relation or a value is missing
   */
  public void publishApplication(String endpoint, String... keysAndValues) {
    Map<String, String> settings = pairs(keysAndValues);
    synchronized (model) {
      model.relation(endpoint, Hook.ANY_RELATION).application().merge(settings);
    }
  }

  /**
   * Returns the application's settings, as committed.
   *
   * @param endpoint the relation's endpoint
   * @return the settings, a copy
   * @throws IllegalArgumentException if there is no such relation
   */
  public SortedMap<String, String> applicationSettings(String endpoint) {
    synchronized (model) {
      return model.relation(endpoint, Hook.ANY_RELATION).application().read();
    }
  }

  /**
   * Removes a relation from the controller while agents still know of it.
   *
   * @param endpoint the relation's endpoint
   * @throws IllegalArgumentException if there is no such relation
   */
  public void removeRelation(String endpoint) {
    synchronized (model) {
      model.relation(endpoint, Hook.ANY_RELATION).remove();
    }
  }

  /** Brings all units up to date without running anything: every due hook counts as done. */
  public void settle() {
    synchronized (model) {
      // What one unit does may concern another, as when it enters a relation.
      for (int round = 0; round < 2; round++) {
        model.units().values().forEach(unit -> unit.settle(true));
      }
    }
  }

  /**
   * Runs the charm's {@code dispatch}, or a command, for every hook that is due, until none is.
   *
   * <p>Units take turns in the order of their numbers, one hook each. A failed hook is retried when
   * its unit's turn comes again, and given up after the number of attempts the builder sets: its
   * unit stays in error and runs no more hooks in this play.
   *
   * @param command what to run; nothing for the charm's {@code dispatch}
   * @return all runs, in order
   * @throws IllegalStateException if there is no end of it: a charm that keeps changing its
   *     settings
   * @throws UncheckedIOException if the command cannot be started
   */
  public List<HookRun> play(String... command) {
    List<String> words = List.of(command);
    return playing((unit, hook) -> hooks.run(unit.agent(), hook, words));
  }

  /**
   * Does the same inside this process for every hook that is due, until none is.
   *
   * <p>As {@link #play(String...)}; a hook whose body throws an exception has failed and is
   * retried, an error ends the play.
   *
   * @param body what to do in each hook
   * @return all runs, in order
   * @throws IllegalStateException if there is no end of it
   */
  public List<HookRun> playInside(HookContext.Body<Exception> body) {
    Objects.requireNonNull(body, "body");
    return playing((unit, hook) -> hooks.attempt(unit.agent(), hook, body));
  }

  private interface Step {
    HookRun run(FakeUnit unit, Hook hook);
  }

  private List<HookRun> playing(Step step) {
    List<HookRun> played = new ArrayList<>();
    List<FakeUnit> givenUp = new ArrayList<>();
    boolean idle = false;
    while (!idle) {
      idle = true;
      for (FakeUnit unit : units()) {
        Optional<Hook> due = givenUp.contains(unit) ? Optional.empty() : unit.due();
        if (due.isEmpty()) {
          continue;
        }
        idle = false;
        if (played.size() == stepLimit) {
          throw new IllegalStateException(
              "expected the hooks to come to an end, "
                  + stepLimit
                  + " have run, the last ones: "
                  + played.subList(Math.max(0, stepLimit - 10), stepLimit)
                  + "; does the charm publish something new each time?");
        }
        HookRun run = step.run(unit, due.get());
        played.add(run);
        if (!run.committed() && run.attempt() >= attempts) {
          givenUp.add(unit);
        }
      }
    }
    return played;
  }

  /**
   * Lets a call of a hook tool go wrong.
   *
   * @param fault what goes wrong, and which call
   */
  public void inject(Fault fault) {
    Objects.requireNonNull(fault, "fault");
    synchronized (model) {
      model.faults().add(new HookSession.ArmedFault(fault));
    }
  }

  /**
   * Returns how many injected faults have not struck yet, those that strike always included.
   *
   * @return the number
   */
  public int pendingFaults() {
    synchronized (model) {
      return model.faults().size();
    }
  }

  /** Takes back all faults. */
  public void clearFaults() {
    synchronized (model) {
      model.faults().clear();
    }
  }

  /**
   * Takes a tool away from all units, from the next hook on: a call ends with "not found".
   *
   * @param tool the tool's name
   * @throws IllegalArgumentException if this Juju has no such tool
   */
  public void removeTool(String tool) {
    requireTool(tool);
    synchronized (model) {
      model.missingTools().add(tool);
    }
  }

  /**
   * Gives a tool back to all units, from the next hook on.
   *
   * @param tool the tool's name
   * @throws IllegalArgumentException if this Juju has no such tool
   */
  public void restoreTool(String tool) {
    requireTool(tool);
    synchronized (model) {
      model.missingTools().remove(tool);
    }
  }

  private void requireTool(String tool) {
    Objects.requireNonNull(tool, "tool");
    if (!model.version().tools().contains(tool)) {
      throw new IllegalArgumentException(
          "expected one of the tools " + model.version().tools() + ", got \"" + tool + "\"");
    }
  }

  /**
   * Returns all calls of hook tools so far.
   *
   * @return the calls in order, a copy
   */
  public List<ToolCall> calls() {
    synchronized (model) {
      return model.calls().stream().map(HookSession.RecordedCall::snapshot).toList();
    }
  }

  /**
   * Returns all calls of one hook tool so far.
   *
   * @param tool the tool's name
   * @return the calls in order, a copy
   */
  public List<ToolCall> calls(String tool) {
    return calls().stream().filter(call -> call.tool().equals(tool)).toList();
  }

  /**
   * Returns all hooks run so far.
   *
   * @return the runs in the order in which they ended, a copy
   */
  public List<HookRun> runs() {
    return hooks.runs();
  }

  /**
   * Returns the version of the workload as {@code application-version-set} left it.
   *
   * @return the version, empty if there is none
   */
  public String applicationVersion() {
    synchronized (model) {
      return model.applicationVersion();
    }
  }

  /** Kills the processes that still run, and ends what serves them. */
  @Override
  public void close() {
    hooks.close();
  }

  static Map<String, String> pairs(String... keysAndValues) {
    if (keysAndValues.length % 2 != 0) {
      throw new IllegalArgumentException(
          "expected keys and values by turns, got " + List.of(keysAndValues));
    }
    Map<String, String> pairs = new LinkedHashMap<>();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      pairs.put(keysAndValues[i], keysAndValues[i + 1]);
    }
    return pairs;
  }

  /** Returns the version and the units. */
  @Override
  public String toString() {
    return "FakeJuju " + model.version().agentVersion() + " " + units();
  }

  /** Describes a {@link FakeJuju}. Not for use by several threads. */
  public static final class Builder {
    private final Path directory;
    private final JujuVersion version;
    private final SortedMap<Integer, String> relations = new TreeMap<>();
    private final Map<String, List<String>> spaces = new LinkedHashMap<>();
    private final Map<String, String> bindings = new TreeMap<>();
    private final Map<String, Object> config = new TreeMap<>();
    private final Map<String, String> environment = new TreeMap<>();
    private Optional<String> serviceAddress = Optional.empty();
    private Optional<String> leader = Optional.empty();
    private Optional<Path> charm = Optional.empty();
    private Consumer<HookRun> observer = run -> {};
    private String application = "magpie";
    private String modelName = "bench";
    private String path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    private Duration deadline = Duration.ofSeconds(60);
    private int units;
    private int newUnits;
    private int attempts = 3;
    private int stepLimit = 10_000;

    private Builder(Path directory, JujuVersion version) {
      this.directory = directory;
      this.version = version;
    }

    /**
     * Sets the application's name.
     *
     * @param application the name, {@code magpie} by default
     * @return this builder
     */
    public Builder application(String application) {
      this.application = Objects.requireNonNull(application, "application");
      return this;
    }

    /**
     * Adds a peer relation with the next free number, from 1. One endpoint may get several.
     *
     * @param endpoint the endpoint's name
     * @return this builder
     */
    public Builder peerRelation(String endpoint) {
      return peerRelation(endpoint, relations.isEmpty() ? 1 : relations.lastKey() + 1);
    }

    /**
     * Adds a peer relation of a certain number. One endpoint may get several.
     *
     * @param endpoint the endpoint's name
     * @param number the number in its id
     * @return this builder
     * @throws IllegalArgumentException if the number is negative or taken
     */
    public Builder peerRelation(String endpoint, int number) {
      Objects.requireNonNull(endpoint, "endpoint");
      if (number < 0 || relations.containsKey(number)) {
        throw new IllegalArgumentException(
            "expected a number of no relation yet, 0 or more, got " + number);
      }
      relations.put(number, endpoint);
      return this;
    }

    /**
     * Sets how many units there are that are installed, started and in all relations, but have not
     * heard of each other.
     *
     * @param units the number, 0 by default
     * @return this builder
     * @throws IllegalArgumentException if the number is negative
     */
    public Builder units(int units) {
      this.units = (int) natural(units, "units");
      return this;
    }

    /**
     * Sets how many units there are whose first hook will be {@code install}. Their numbers follow
     * those of the units that are installed.
     *
     * @param units the number, 0 by default
     * @return this builder
     * @throws IllegalArgumentException if the number is negative
     */
    public Builder newUnits(int units) {
      this.newUnits = (int) natural(units, "units");
      return this;
    }

    private static long natural(long number, String name) {
      if (number < 0) {
        throw new IllegalArgumentException(name + " must not be negative, got " + number);
      }
      return number;
    }

    /**
     * Adds a space, in which each unit gets one interface with an address of each subnet. The first
     * one is the default; without any there is {@code alpha} with {@code 10.0.0.0/16}.
     *
     * @param name the space's name
     * @param cidrs its subnets, IPv4 or IPv6, in the order in which the addresses are to appear
     * @return this builder
     */
    public Builder space(String name, String... cidrs) {
      spaces.put(Objects.requireNonNull(name, "name"), List.of(cidrs));
      return this;
    }

    /**
     * Binds an endpoint to a space.
     *
     * @param endpoint the endpoint; the empty name for the default binding of all others
     * @param space the space's name
     * @return this builder
     */
    public Builder bind(String endpoint, String space) {
      bindings.put(
          Objects.requireNonNull(endpoint, "endpoint"), Objects.requireNonNull(space, "space"));
      return this;
    }

    /**
     * Makes it a Kubernetes model: all units share the address of a service as their ingress
     * address, and their own shows only in {@code network-get}.
     *
     * @param serviceAddress the address of the service
     * @return this builder
     */
    public Builder kubernetes(String serviceAddress) {
      this.serviceAddress = Optional.of(serviceAddress);
      return this;
    }

    /**
     * Sets an option of the application.
     *
     * @param name the option's name
     * @param value a {@link String}, {@link Boolean} or {@link Number}
     * @return this builder
     * @throws IllegalArgumentException if the value is of another type
     */
    public Builder config(String name, Object value) {
      config.put(Objects.requireNonNull(name, "name"), option(value));
      return this;
    }

    /**
     * Adds an option of the application that has no value.
     *
     * @param name the option's name
     * @return this builder
     */
    public Builder unsetConfig(String name) {
      config.put(Objects.requireNonNull(name, "name"), Optional.empty());
      return this;
    }

    private static Object option(Object value) {
      Objects.requireNonNull(value, "value");
      if (value instanceof String || value instanceof Boolean || value instanceof Number) {
        return value;
      }
      throw new IllegalArgumentException(
          "expected a String, Boolean or Number, got a " + value.getClass().getName());
    }

    /**
     * Sets the leader.
     *
     * @param unit its name, the unit with the number 0 by default; empty for none
     * @return this builder
     */
    public Builder leader(String unit) {
      this.leader = Optional.of(unit);
      return this;
    }

    /**
     * Sets the charm: the directory with {@code dispatch}, which all units share.
     *
     * @param directory the charm directory; by default each unit has one of its own, with a {@code
     *     metadata.yaml} that declares the peer relations and nothing else
     * @return this builder
     */
    public Builder charm(Path directory) {
      this.charm = Optional.of(directory.toAbsolutePath());
      return this;
    }

    /**
     * Sets the {@code PATH} of the agent, which follows the tools in the {@code PATH} of a hook.
     *
     * @param path the directories, separated by colons; by default those of a usual system
     * @return this builder
     */
    public Builder path(String path) {
      this.path = Objects.requireNonNull(path, "path");
      return this;
    }

    /**
     * Adds an environment variable to all hooks, or replaces one.
     *
     * @param name the variable's name
     * @param value its value
     * @return this builder
     */
    public Builder environment(String name, String value) {
      environment.put(Objects.requireNonNull(name, "name"), Objects.requireNonNull(value, "value"));
      return this;
    }

    /**
     * Sets the model's name.
     *
     * @param modelName the name, {@code bench} by default
     * @return this builder
     */
    public Builder modelName(String modelName) {
      this.modelName = Objects.requireNonNull(modelName, "modelName");
      return this;
    }

    /**
     * Sets how long a hook may run before it is killed with its child processes, and has failed.
     *
     * @param deadline the time, 60 seconds by default
     * @return this builder
     * @throws IllegalArgumentException if it is not positive
     */
    public Builder deadline(Duration deadline) {
      if (deadline.isNegative() || deadline.isZero()) {
        throw new IllegalArgumentException("deadline must be positive, got " + deadline);
      }
      this.deadline = deadline;
      return this;
    }

    /**
     * Sets how often a play runs one hook before it gives it up.
     *
     * @param attempts the number, 3 by default
     * @return this builder
     * @throws IllegalArgumentException if it is less than 1
     */
    public Builder attempts(int attempts) {
      if (attempts < 1) {
        throw new IllegalArgumentException("attempts must be 1 or more, got " + attempts);
      }
      this.attempts = attempts;
      return this;
    }

    /**
     * Sets how many hooks one play may run.
     *
     * @param stepLimit the number, 10,000 by default
     * @return this builder
     * @throws IllegalArgumentException if it is negative
     */
    public Builder stepLimit(int stepLimit) {
      this.stepLimit = (int) natural(stepLimit, "stepLimit");
      return this;
    }

    /**
     * Sets a listener for the hooks that ran.
     *
     * @param observer called after the hook, by the thread that ran it
     * @return this builder
     */
    public Builder afterEachHook(Consumer<HookRun> observer) {
      this.observer = Objects.requireNonNull(observer, "observer");
      return this;
    }

    /**
     * Makes the fake Juju.
     *
     * @return a Juju with the units described, none of which has run a hook
     * @throws IllegalArgumentException if a binding names a space there is not
     * @throws UncheckedIOException if the directory cannot be made
     */
    public FakeJuju build() {
      try {
        return new FakeJuju(this);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
