/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit.juju;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The agent of one unit: what it knows, which hook it runs next, and what is different afterwards.
 *
 * <p>All but the lock {@link #running()} is guarded by the model's monitor.
 */
final class UnitAgent {
  private enum Life {
    ALIVE,
    DYING,
    DEAD
  }

  private final FakeJujuModel model;
  private final String name;
  private final UnitAddresses addresses;
  private final ReentrantLock running = new ReentrantLock();
  private final SortedMap<Integer, FakeUnitRelation> relations = new TreeMap<>();
  private final SortedMap<String, String> state = new TreeMap<>();
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

  UnitAgent(FakeJujuModel model, String name) {
    this.model = model;
    this.name = name;
    this.addresses = new UnitAddresses(model, FakeJujuModel.number(name));
    this.since = model.now();
  }

  String name() {
    return name;
  }

  UnitAddresses addresses() {
    return addresses;
  }

  /** Held while a hook runs, so that the hooks of one unit never overlap. */
  ReentrantLock running() {
    return running;
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

  List<String> logs() {
    return logs;
  }

  void updateStatus() {
    updateStatusDue = true;
  }

  void remove() {
    if (life == Life.ALIVE) {
      life = Life.DYING;
      if (!model.version().isFour()) {
        leaveRelations();
      }
    }
  }

  void destroy(boolean leavingGhost) {
    leavesGhost |= leavingGhost;
    life = Life.DEAD;
    failed = Optional.empty();
    leaveRelations();
  }

  void restart() {
    relations.values().forEach(known -> known.cache().clear());
    configSeen = 0;
    startPending = false;
    restarted = started;
  }

  void replaceAddresses(String space, List<String> replaced) {
    addresses.replace(space, replaced);
    configSeen = 0;
  }

  void resolved() {
    failed.ifPresent(this::done);
  }

  /** Returns the hook to run next, a failed one before all others. */
  Optional<Hook> due() {
    return failed.isPresent() ? failed : next();
  }

  private void enterRelations() {
    for (FakeJujuRelation relation : model.relations().values()) {
      if (!relation.isGone() && !relations.containsKey(relation.number())) {
        relations.put(relation.number(), new FakeUnitRelation());
        Map<String, String> keys = addresses.addressKeys(relation.endpoint());
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
        relation.bag(name).merge(addresses.addressKeys(relation.endpoint()));
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
}
