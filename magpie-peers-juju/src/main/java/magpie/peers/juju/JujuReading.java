/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.juju.HookToolException.Reason;
import magpie.peers.spi.Reading;
import org.jspecify.annotations.Nullable;

/** Membership, which stays the same for the whole hook (J3), and the bags read so far. */
final class JujuReading implements Reading, HookTools.Receiver<Optional<Map<String, String>>> {
  private final CharmProcess hook;
  private final HookTools tools;

  /** What earlier hooks read; null if each hook reads everything itself. */
  private final @Nullable SettingsCache cache;

  private final Map<String, Set<PeerId>> members;
  private final Instant readAt;
  private final Map<JujuSource.Bag, Optional<Map<String, String>>> bags = new HashMap<>();
  private final Set<JujuSource.Bag> refused = new LinkedHashSet<>();
  private @Nullable Set<PeerId> planned;

  JujuReading(
      CharmProcess hook,
      HookTools tools,
      @Nullable SettingsCache cache,
      Map<String, Set<PeerId>> members) {
    this.hook = hook;
    this.tools = tools;
    this.cache = cache;
    this.members = members;
    this.readAt = hook.environment().clock().instant();
  }

  @Override
  public Optional<PeerId> selfId() {
    return Optional.of(hook.unit());
  }

  @Override
  public Collection<PeerId> ids() {
    List<PeerId> all = new ArrayList<>();
    for (Set<PeerId> units : members.values()) {
      all.addAll(units);
    }
    return Collections.unmodifiableList(all);
  }

  @Override
  public Collection<PeerNode> nodes(Collection<PeerId> ids) {
    List<JujuSource.Bag> wanted = new ArrayList<>();
    boolean anyMember = false;
    for (PeerId id : ids) {
      boolean member = isMember(id);
      anyMember |= member;
      for (Map.Entry<String, Set<PeerId>> relation : members.entrySet()) {
        // The bag of a unit that departed stays readable for the life of the relation (J4).
        if (!member || relation.getValue().contains(id)) {
          wanted.add(new JujuSource.Bag(relation.getKey(), id));
        }
      }
    }
    fetch(wanted);
    Set<PeerId> ghosts = anyMember ? ghosts() : Set.of();
    List<PeerNode> nodes = new ArrayList<>(wanted.size());
    for (JujuSource.Bag bag : wanted) {
      Map<String, String> settings =
          Objects.requireNonNull(bags.get(bag), "a bag that was fetched").orElse(null);
      if (settings != null) {
        nodes.add(Bags.node(bag.unit(), settings, ghosts.contains(bag.unit())));
      } else if (isMember(bag.unit())) {
        // Listed and refused, as a unit that was removed by force: doubted, and never dropped.
        refused.add(bag);
        nodes.add(PeerNode.builder(bag.unit()).suspect(true).build());
      }
    }
    return nodes;
  }

  @Override
  public List<String> warnings() {
    List<String> warnings = new ArrayList<>(refused.size());
    for (JujuSource.Bag bag : refused) {
      warnings.add(
          bag.unit()
              + " is listed in relation "
              + bag.relation()
              + ", and Juju refuses its settings: it may be a unit that was removed by force");
    }
    return warnings;
  }

  /** Forgets what was read of one bag, which this hook has changed since. */
  void forget(JujuSource.Bag bag) {
    bags.remove(bag);
  }

  private boolean isMember(PeerId id) {
    for (Set<PeerId> units : members.values()) {
      if (units.contains(id)) {
        return true;
      }
    }
    return false;
  }

  private void fetch(List<JujuSource.Bag> wanted) {
    Set<JujuSource.Bag> missing = new LinkedHashSet<>(wanted);
    missing.removeAll(bags.keySet());
    if (cache != null) {
      take(cache, missing);
    }
    if (missing.isEmpty()) {
      return;
    }
    List<HookTools.Call> calls = new ArrayList<>(missing.size());
    for (JujuSource.Bag bag : missing) {
      calls.add(bag.call());
    }
    Iterator<Optional<Map<String, String>>> answers = tools.runAll(calls, this).iterator();
    for (JujuSource.Bag bag : missing) {
      bags.put(bag, answers.next());
    }
    if (cache != null) {
      keep(cache, missing);
    }
  }

  /** Takes what earlier hooks read; the agent keeps that of members alone (J3). */
  private void take(SettingsCache cache, Set<JujuSource.Bag> missing) {
    Iterator<JujuSource.Bag> each = missing.iterator();
    while (each.hasNext()) {
      JujuSource.Bag bag = each.next();
      Map<String, String> settings = bag.isListed(members) ? cache.settings(bag) : null;
      if (settings != null) {
        bags.put(bag, Optional.of(settings));
        each.remove();
      }
    }
  }

  private void keep(SettingsCache cache, Set<JujuSource.Bag> read) {
    for (JujuSource.Bag bag : read) {
      Map<String, String> settings =
          Objects.requireNonNull(bags.get(bag), "a bag that was read").orElse(null);
      if (settings != null && bag.isListed(members)) {
        cache.keep(bag, settings);
      }
    }
    cache.save(members);
  }

  @Override
  public Optional<Map<String, String>> answered(HookTools.Answer answer) {
    return Optional.of(JujuSource.settings(answer));
  }

  /** Of one who is no member there may be nothing to know, and of a ghost among the members. */
  @Override
  public Optional<Map<String, String>> failed(HookToolException failure) {
    String unit = failure.arguments().get(failure.arguments().size() - 1);
    if (failure.reason() == Reason.NEVER_JOINED
        || (failure.reason() == Reason.RELATION_GONE && !isMember(PeerId.of(unit)))) {
      return Optional.empty();
    }
    throw failure;
  }

  /** Members that Juju 4 lists although they are gone from the model (juju/juju#23326, M4). */
  private Set<PeerId> ghosts() {
    if (!hook.mayHaveGhosts()) {
      return Set.of();
    }
    Set<PeerId> now = planned;
    if (now == null) {
      now = goalState();
      planned = now;
    }
    Set<PeerId> ghosts = new HashSet<>(ids());
    ghosts.removeAll(now);
    return ghosts;
  }

  private Set<PeerId> goalState() {
    return JujuSource.plannedUnits(tools.run(HookTools.Call.of("goal-state", "--format=json")));
  }

  @Override
  public String origin() {
    return members.isEmpty()
        ? "relation " + hook.endpoint() + " (not there yet)"
        : "relation " + String.join(" and ", members.keySet());
  }

  @Override
  public Instant readAt() {
    return readAt;
  }
}
