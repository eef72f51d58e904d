/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit.juju;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A unit of {@link FakeJuju} with its agent: runs hooks, and answers for what came of them.
 *
 * <p>The hooks of one unit never overlap: a thread that wants to run a second one waits. All
 * methods may be called by any thread.
 */
public final class FakeUnit {
  private enum Life {
    ALIVE,
    DYING,
    DEAD
  }

  private final FakeJuju juju;
  private final FakeJujuModel model;
  private final String name;
  private final int number;
  private final ReentrantLock running = new ReentrantLock();

  // All below is guarded by the model's monitor.
  private final SortedMap<Integer, FakeUnitRelation> relations = new TreeMap<>();
  private final SortedMap<String, String> state = new TreeMap<>();
  private final Map<String, List<String>> ownAddresses = new HashMap<>();
  private final List<String> logs = new ArrayList<>();
  private Life life = Life.ALIVE;
  private boolean leavesGhost;
  private boolean installed;
  private boolean started;
  private boolean startPending;
  private boolean restarted;
  private boolean stopped;
  private boolean elected;
  private long leaderSettingsSeen;
  private long configSeen;
  private boolean updateStatusDue;
  private Optional<Hook> failed = Optional.empty();
  private int attempts;
  private String status = "waiting";
  private String message = "waiting for machine";
  private String since;

  FakeUnit(FakeJuju juju, FakeJujuModel model, String name) {
    this.juju = juju;
    this.model = model;
    this.name = name;
    this.number = FakeJujuModel.number(name);
    this.since = model.now();
  }

  /**
   * Returns the unit's name.
   *
   * @return such as {@code magpie/0}
   */
  public String name() {
    return name;
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
    return juju.run(this, hook, List.of(command));
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
    return juju.inHook(this, hook, body);
  }

  /**
   * Returns the hook that Juju would run next, a failed one before all others.
   *
   * @return the hook; empty if none is due
   */
  public Optional<Hook> due() {
    synchronized (model) {
      return failed.isPresent() ? failed : next();
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
      failed.ifPresent(this::done);
    }
  }

  /**
   * Tells whether the last hook failed and waits to be retried.
   *
   * @return whether the unit is in error
   */
  public boolean isInError() {
    synchronized (model) {
      return failed.isPresent();
    }
  }

  /**
   * Brings the unit up to date without running anything: every hook due counts as done. For one
   * unit among hundreds this is much faster than {@link FakeJuju#settle()}.
   */
  public void settle() {
    synchronized (model) {
      settle(true);
    }
  }

  /** Makes {@code update-status} due. */
  public void updateStatus() {
    synchronized (model) {
      updateStatusDue = true;
    }
  }

  /**
   * Begins to remove the unit: its peers lose it, its own teardown hooks become due.
   *
   * <p>Before Juju 4 the peers are told at once, in Juju 4 when the unit's own hooks are done.
   */
  public void remove() {
    synchronized (model) {
      if (life == Life.ALIVE) {
        life = Life.DYING;
        if (!model.version().isFour()) {
          leaveRelations();
        }
      }
    }
  }

  /** Removes the unit by force: it is gone at once and runs no more hooks; its peers lose it. */
  public void destroy() {
    synchronized (model) {
      life = Life.DEAD;
      failed = Optional.empty();
      leaveRelations();
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
      leavesGhost = true;
      life = Life.DEAD;
      failed = Optional.empty();
    }
  }

  /**
   * Restarts the unit agent: settings of peers are read anew, and {@code config-changed} and {@code
   * start} become due, as after a reboot. A hook that failed before is retried first, and a unit
   * that is being removed runs neither of them.
   */
  public void restartAgent() {
    synchronized (model) {
      relations.values().forEach(known -> known.cache().clear());
      configSeen = 0;
      startPending = false;
      restarted = started;
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
    FakeJujuBag bag = relation.units().get(name);
    if (bag == null) {
      throw new IllegalArgumentException(
          "expected a relation " + name + " is in, it is not yet in " + relation.id());
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
      ownAddresses.put(space, given);
      configSeen = 0;
    }
  }

  /**
   * Returns the unit's state, as {@code state-set} left it and hooks committed it.
   *
   * @return keys and values, a copy
   */
  public SortedMap<String, String> charmState() {
    synchronized (model) {
      return new TreeMap<>(state);
    }
  }

  /**
   * Returns the workload status and its message.
   *
   * @return such as {@code active: Ready}
   */
  public String status() {
    synchronized (model) {
      return message.isEmpty() ? status : status + ": " + message;
    }
  }

  /**
   * Returns what the unit logged with {@code juju-log}.
   *
   * @return level and message of each, in order, a copy
   */
  public List<String> logs() {
    synchronized (model) {
      return List.copyOf(logs);
    }
  }

  /**
   * Returns the units this unit's charm has been told of, as {@code relation-list} does outside
   * joined and departed hooks.
   *
   * @param endpoint the relation's endpoint
   * @return unit names in string order, a copy
   * @throws IllegalArgumentException if there is no such relation
   */
  public List<String> members(String endpoint) {
    synchronized (model) {
      FakeUnitRelation known = relations.get(model.relation(endpoint, Hook.ANY_RELATION).number());
      return known == null ? List.of() : List.copyOf(known.members().keySet());
    }
  }

  /**
   * Returns the directory of the unit's hook tools. It exists once a hook ran.
   *
   * @return an absolute path
   */
  public Path tools() {
    return juju.tools(this);
  }

  /**
   * Returns the charm directory, the working directory of a hook. It exists once a hook ran.
   *
   * @return an absolute path
   */
  public Path charmDirectory() {
    return juju.charmDirectory(this);
  }

  // ---- for the fake: under the model's monitor ----

  ReentrantLock running() {
    return running;
  }

  int number() {
    return number;
  }

  SortedMap<Integer, FakeUnitRelation> relations() {
    return relations;
  }

  /** Returns what the agent knows of a relation the unit is in. */
  FakeUnitRelation known(int relation) {
    return Objects.requireNonNull(relations.get(relation), "relation " + relation);
  }

  SortedMap<String, String> state() {
    return state;
  }

  boolean isDead() {
    return life == Life.DEAD;
  }

  boolean isDying() {
    return life == Life.DYING;
  }

  Optional<Hook> failed() {
    return failed;
  }

  int attempts() {
    return attempts;
  }

  String workloadStatus() {
    return status;
  }

  String statusMessage() {
    return message;
  }

  String statusSince() {
    return since;
  }

  void status(String status, String message) {
    this.status = status;
    this.message = message;
    this.since = model.now();
  }

  void log(String line) {
    logs.add(line);
  }

  boolean hasInterface(String binding) {
    return model.isKubernetes()
        || !addressesOrNone(model.space(binding)).isEmpty()
        || ownAddresses.containsKey(model.space(binding).name());
  }

  private List<String> addressesOrNone(FakeJujuSpace space) {
    return ownAddresses.getOrDefault(space.name(), space.addresses(number));
  }

  /** Returns the unit's addresses in a space, with prefix length. */
  List<String> addresses(FakeJujuSpace space) {
    return addressesOrNone(space);
  }

  List<String> ingressAddresses(String binding) {
    if (model.serviceAddress().isPresent()) {
      return List.of(model.serviceAddress().get());
    }
    return addresses(model.space(binding)).stream().map(FakeJujuSpace::host).toList();
  }

  List<String> egressSubnets(String binding) {
    List<String> ingress = ingressAddresses(binding);
    return ingress.isEmpty()
        ? List.of()
        : List.of(ingress.get(0) + (FakeJujuSpace.isV6(ingress.get(0)) ? "/128" : "/32"));
  }

  String device(String binding) {
    return "eth" + model.space(binding).index();
  }

  String mac(String binding) {
    return String.format(
        Locale.ROOT,
        "00:16:3e:%02x:%02x:%02x",
        model.space(binding).index(),
        number >> 8 & 255,
        number & 255);
  }

  /** Returns the keys Juju itself keeps in the unit's bag; an empty value for one it has not. */
  private Map<String, String> addressKeys(String endpoint) {
    List<String> ingress = ingressAddresses(endpoint);
    String address = ingress.isEmpty() ? "" : ingress.get(0);
    Map<String, String> keys = new LinkedHashMap<>();
    keys.put("egress-subnets", String.join(",", egressSubnets(endpoint)));
    keys.put("ingress-address", address);
    if (!model.version().isFour()) {
      keys.put("private-address", address);
    }
    return keys;
  }

  private void enterRelations() {
    for (FakeJujuRelation relation : model.relations().values()) {
      if (!relation.isGone() && !relations.containsKey(relation.number())) {
        relations.put(relation.number(), new FakeUnitRelation());
        Map<String, String> keys = addressKeys(relation.endpoint());
        keys.values().removeIf(String::isEmpty);
        relation.enter(name, keys);
      }
    }
  }

  private void leaveRelations() {
    if (!leavesGhost) {
      model.relations().values().forEach(relation -> relation.scope().remove(name));
    }
  }

  /** Finds what to run next, a failed hook aside. */
  private Optional<Hook> next() {
    if (life == Life.DEAD) {
      return Optional.empty();
    }
    if (life == Life.DYING) {
      return nextWhileDying();
    }
    if (!installed) {
      return Optional.of(Hook.named("install"));
    }
    if (startPending) {
      return Optional.of(Hook.named("start"));
    }
    enterRelations();
    for (Map.Entry<Integer, FakeUnitRelation> known : relations.entrySet()) {
      FakeJujuRelation relation = model.relation(known.getKey());
      boolean over = relation.isGone() || known.getValue().isBroken();
      if (!known.getValue().isCreated() && !over) {
        return Optional.of(Hook.created(relation.endpoint()).on(relation.number()));
      }
    }
    if (model.leader().equals(name)) {
      if (!elected) {
        return Optional.of(Hook.named("leader-elected"));
      }
    } else if (!model.version().isFour()
        && leaderSettingsSeen != 1 + model.leaderSettings().version(model.version())) {
      return Optional.of(Hook.named("leader-settings-changed"));
    }
    if (configSeen != model.configVersion()) {
      return Optional.of(Hook.named("config-changed"));
    }
    for (Map.Entry<Integer, FakeUnitRelation> known : relations.entrySet()) {
      FakeJujuRelation relation = model.relation(known.getKey());
      Optional<Hook> hook = next(relation, known.getValue());
      if (hook.isPresent()) {
        return hook;
      }
    }
    return updateStatusDue ? Optional.of(Hook.named("update-status")) : Optional.empty();
  }

  private Optional<Hook> nextWhileDying() {
    for (Map.Entry<Integer, FakeUnitRelation> known : relations.entrySet()) {
      FakeJujuRelation relation = model.relation(known.getKey());
      FakeUnitRelation here = known.getValue();
      if (!here.changedPending().isEmpty()) {
        return Optional.of(changed(relation, here.changedPending()));
      }
      if (!here.members().isEmpty()) {
        return Optional.of(departed(relation, here.members().firstKey()));
      }
    }
    if (!started) {
      // Nothing to take down.
      dead();
      return Optional.empty();
    }
    return Optional.of(Hook.named(stopped ? "remove" : "stop"));
  }

  private static Hook changed(FakeJujuRelation relation, String unit) {
    return Hook.changed(relation.endpoint(), unit).on(relation.number());
  }

  private Hook departed(FakeJujuRelation relation, String unit) {
    return Hook.departed(relation.endpoint(), unit)
        .on(relation.number())
        .departing(departing(unit));
  }

  private String departing(String unit) {
    return life == Life.ALIVE ? unit : name;
  }

  private Optional<Hook> next(FakeJujuRelation relation, FakeUnitRelation known) {
    if (relation.isGone() || known.isBroken()) {
      return Optional.empty();
    }
    if (!known.changedPending().isEmpty()) {
      return Optional.of(changed(relation, known.changedPending()));
    }
    for (String member : known.members().keySet()) {
      if (!relation.scope().contains(member)) {
        return Optional.of(departed(relation, member));
      }
    }
    if (relation.application().version(model.version()) != known.applicationVersion()) {
      return Optional.of(changed(relation, ""));
    }
    for (String present : relation.scope()) {
      if (!present.equals(name) && !known.members().containsKey(present)) {
        return Optional.of(Hook.joined(relation.endpoint(), present).on(relation.number()));
      }
    }
    for (Map.Entry<String, Long> member : known.members().entrySet()) {
      if (version(relation, member.getKey()) != member.getValue()) {
        return Optional.of(changed(relation, member.getKey()));
      }
    }
    return Optional.empty();
  }

  private long version(FakeJujuRelation relation, String unit) {
    FakeJujuBag bag = unit.isEmpty() ? relation.application() : relation.bag(unit);
    return bag.version(model.version());
  }

  /** Fills in the relation and the departing unit, and checks that the hook makes sense. */
  Hook resolve(Hook hook) {
    if (failed.isPresent() && hook.kind() != Hook.Kind.ACTION && hook.kind() != Hook.Kind.EXEC) {
      Hook retried = hook.inRelation() ? inRelation(hook) : hook;
      if (!retried.equals(failed.get())) {
        throw new IllegalStateException(
            name
                + " is in error after "
                + failed.get()
                + ", got "
                + hook
                + ": run the failed hook again, or call resolved()");
      }
    }
    return hook.inRelation() ? inRelation(hook) : hook;
  }

  private Hook inRelation(Hook hook) {
    FakeJujuRelation relation = model.relation(hook.endpoint(), hook.relation());
    enterRelations();
    Hook known = hook.on(relation.number());
    FakeUnitRelation here = relations.get(relation.number());
    if (here != null && here.isBroken()) {
      throw new IllegalArgumentException(
          "expected a relation that " + name + " is in, its " + relation.id() + " was broken");
    }
    if (hook.kind() == Hook.Kind.EXEC) {
      return inferred(known, here == null ? List.of() : List.copyOf(here.members().keySet()));
    }
    String remote = hook.remoteUnit();
    if (!remote.isEmpty() && !relation.units().containsKey(remote)) {
      throw new IllegalArgumentException(
          "expected one of the units "
              + relation.units().keySet()
              + " of "
              + relation.id()
              + ", got \""
              + remote
              + "\"");
    }
    if (remote.equals(name)) {
      throw new IllegalArgumentException(
          "expected another unit than " + name + ", which never hears of itself");
    }
    return hook.kind() == Hook.Kind.DEPARTED && hook.departingUnit().isEmpty()
        ? known.departing(departing(remote))
        : known;
  }

  /** Finds the unit that commands are run for, as {@code juju-exec} does it. */
  private static Hook inferred(Hook exec, List<String> members) {
    String remote = exec.remoteUnit();
    if (remote.isEmpty() ? members.size() == 1 : members.contains(remote)) {
      return exec.about(remote.isEmpty() ? members.get(0) : remote);
    }
    throw new IllegalArgumentException(
        !remote.isEmpty()
            ? "unknown remote unit " + remote + "; possibilities are " + members
            : members.isEmpty()
                ? "cannot infer remote unit in empty relation " + exec.relation()
                : "ambiguous remote unit; possibilities are " + members);
  }

  /** Returns the version of what the hook tells of, for {@link #done(Hook, long)}. */
  long versionAtStart(Hook hook) {
    if (!hook.inRelation()) {
      return hook.name().equals("leader-settings-changed")
          ? 1 + model.leaderSettings().version(model.version())
          : model.configVersion();
    }
    boolean aboutBag = hook.kind() == Hook.Kind.JOINED || hook.kind() == Hook.Kind.CHANGED;
    return aboutBag ? version(model.relation(hook.relation()), hook.remoteUnit()) : 0;
  }

  void failed(Hook hook) {
    attempts = failed.isPresent() ? attempts + 1 : 1;
    failed = Optional.of(hook);
  }

  void begin(Hook hook) {
    if (hook.name().equals("install")) {
      status("maintenance", "installing charm software");
    } else if (hook.name().equals("start") && status.equals("maintenance")) {
      status("unknown", "");
    }
  }

  void done(Hook hook) {
    done(hook, versionAtStart(hook));
  }

  void done(Hook hook, long version) {
    if (hook.kind() == Hook.Kind.ACTION || hook.kind() == Hook.Kind.EXEC) {
      return;
    }
    failed = Optional.empty();
    attempts = 0;
    if (hook.inRelation()) {
      known(hook.relation()).done(hook, version);
      if (hook.kind() == Hook.Kind.BROKEN) {
        model.relation(hook.relation()).scope().remove(name);
      }
      return;
    }
    switch (hook.name()) {
      case "install" -> {
        installed = true;
        enterRelations();
      }
      case "leader-elected" -> elected = true;
      case "leader-settings-changed" -> leaderSettingsSeen = version;
      case "config-changed" -> {
        configSeen = version;
        startPending = !started || restarted;
        restarted = false;
        refreshAddresses();
      }
      case "start" -> {
        started = true;
        startPending = false;
      }
      case "update-status" -> updateStatusDue = false;
      case "stop" -> stopped = true;
      case "remove" -> dead();
      default -> {}
    }
  }

  private void dead() {
    life = Life.DEAD;
    leaveRelations();
  }

  private void refreshAddresses() {
    for (Integer number : relations.keySet()) {
      FakeJujuRelation relation = model.relation(number);
      if (!relation.isGone()) {
        relation.bag(name).merge(addressKeys(relation.endpoint()));
      }
    }
  }

  /** Takes hooks for done without running them: all, or those before the first about a peer. */
  void settle(boolean withPeers) {
    Optional<Hook> due = due();
    while (due.isPresent()
        && (withPeers
            || due.get().kind() == Hook.Kind.PLAIN
            || due.get().kind() == Hook.Kind.CREATED)) {
      Hook hook = due.get();
      begin(hook);
      if (hook.inRelation()) {
        // As when it starts to run: what it is about is read anew.
        known(hook.relation()).cache().remove(hook.remoteUnit());
      }
      done(hook);
      due = due();
    }
  }

  /** The leader changed: this one will be told if it becomes leader again. */
  void deposed() {
    elected = false;
  }

  /** Returns name and status. */
  @Override
  public String toString() {
    return name + " (" + status() + ")";
  }
}
