/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import magpie.peers.Cidr;
import magpie.peers.Network;
import magpie.peers.PeerAddress;
import magpie.peers.PeerId;
import magpie.peers.SourceUnavailableException;
import magpie.peers.host.OwnInterfaces;
import magpie.peers.spi.PeerSource;
import magpie.peers.spi.Reading;
import magpie.peers.spi.StateStore;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;

/**
 * The peers of one unit in one hook.
 *
 * <p>Juju freezes membership at the start of a hook and answers the same for every bag until its
 * end (docs/juju.md, J3), so there is one reading per hook, and each bag is asked for once. Who
 * asks for ids alone starts two kinds of tool only, {@code relation-ids} and {@code relation-list}.
 */
final class JujuSource implements PeerSource {
  private final CharmProcess hook;
  private final HookTools tools;
  private final JujuState state;

  /** What earlier hooks read; null if each hook reads everything itself. */
  private final @Nullable SettingsCache cache;

  private @Nullable JujuReading reading;
  private @Nullable List<String> relationIds;

  /** What network-get said of an endpoint or space. */
  private final Map<String, List<PeerAddress>> addresses = new ConcurrentHashMap<>();

  /** The settings of this unit by relation, until it publishes. */
  private final Map<String, Map<String, String>> ownBags = new ConcurrentHashMap<>();

  /** The settings of the application by relation, until its leader publishes. */
  private final Map<String, Map<String, String>> applicationBags = new ConcurrentHashMap<>();

  JujuSource(CharmProcess hook) {
    this.hook = hook;
    // Before anything else, so that a hook that dies leaves nothing in it that is out of date.
    this.cache = hook.incremental() ? SettingsCache.of(hook) : null;
    this.tools = new HookTools(hook.environment(), hook.deadline());
    this.state = JujuState.of(hook, tools);
  }

  /** The ids of the peer relation: none before it exists, two after some refreshes. */
  List<String> relationIds() {
    List<String> known = relationIds;
    if (known == null) {
      HookTools.Pending asked =
          tools.begin(HookTools.Call.of("relation-ids", "--format=json", hook.endpoint()));
      // While the first tool starts there is nothing else to do, and all others need this.
      Json.prepare();
      try {
        known = relationIds(asked.answer());
      } catch (RuntimeException e) {
        state.abandon();
        throw e;
      }
      relationIds = known;
    }
    return known;
  }

  static List<String> relationIds(HookTools.Answer answer) {
    List<String> ids = Json.read(answer, "a JSON list of relation ids", Json.TEXTS);
    for (String id : ids) {
      if (!isRelationId(id)) {
        throw answer.unreadable("relation ids such as magpie:0", Quote.of(id));
      }
    }
    return ids;
  }

  /** An endpoint, a colon and a number, so no option of a tool. */
  private static boolean isRelationId(String text) {
    int colon = text.indexOf(':');
    return colon > 0
        && colon < text.length() - 1
        && CharmProcess.isEndpoint(text.substring(0, colon))
        && isNumber(text, colon + 1);
  }

  private static boolean isNumber(String text, int from) {
    for (int i = from; i < text.length(); i++) {
      if (text.charAt(i) < '0' || text.charAt(i) > '9') {
        return false;
      }
    }
    return true;
  }

  @Override
  public Reading read() {
    JujuReading known = reading;
    if (known == null) {
      Map<String, Set<PeerId>> members = new LinkedHashMap<>();
      List<String> ids = relationIds();
      List<HookTools.Call> calls = new ArrayList<>();
      for (String id : ids) {
        calls.add(HookTools.Call.of("relation-list", "--format=json", "-r", id));
      }
      List<Set<PeerId>> lists;
      try {
        lists = tools.runAll(calls, UNIT_NAMES);
      } catch (RuntimeException e) {
        state.abandon();
        throw e;
      }
      for (int i = 0; i < ids.size(); i++) {
        members.put(ids.get(i), lists.get(i));
      }
      known = new JujuReading(hook, tools, cache, members);
      reading = known;
    }
    return known;
  }

  static final HookTools.Receiver<Set<PeerId>> UNIT_NAMES =
      new HookTools.Receiver<>() {
        @Override
        public Set<PeerId> answered(HookTools.Answer answer) {
          Set<PeerId> units = new LinkedHashSet<>();
          for (String name : Json.read(answer, "a JSON list of unit names", Json.TEXTS)) {
            units.add(unitName(answer, name));
          }
          return units;
        }
      };

  private static PeerId unitName(HookTools.Answer answer, String name) {
    try {
      return PeerId.of(name);
    } catch (IllegalArgumentException e) {
      throw answer.unreadable("unit names such as magpie/0", Quote.of(name));
    }
  }

  /** One unit's bag in one relation. */
  record Bag(String relation, PeerId unit) {
    HookTools.Call call() {
      return HookTools.Call.of("relation-get", "--format=json", "-r", relation, "-", unit.value());
    }

    /** Whether the unit is a member of the relation, of those that were listed. */
    boolean isListed(Map<String, Set<PeerId>> members) {
      Set<PeerId> units = members.get(relation);
      return units != null && units.contains(unit);
    }

    // Written out, because what the JDK makes for a record costs a hook 10 ms the first time.

    @Override
    public boolean equals(@Nullable Object object) {
      return object instanceof Bag other
          && relation.equals(other.relation)
          && unit.equals(other.unit);
    }

    @Override
    public int hashCode() {
      return 31 * relation.hashCode() + unit.hashCode();
    }
  }

  static Map<String, String> settings(HookTools.Answer answer) {
    return Json.read(answer, "a JSON object of settings", Json.TEXT_MAP);
  }

  static Set<PeerId> plannedUnits(HookTools.Answer answer) {
    return Json.read(
        answer,
        "a JSON object with the units of goal-state",
        json -> {
          Set<PeerId> units = new HashSet<>();
          for (String name = Json.firstField(json); name != null; name = Json.nextField(json)) {
            if (!name.equals("units")) {
              json.skipChildren();
              continue;
            }
            for (String unit = Json.firstField(json); unit != null; unit = Json.nextField(json)) {
              units.add(unitName(answer, unit));
              json.skipChildren();
            }
          }
          return units;
        });
  }

  @Override
  public StateStore state() {
    return state;
  }

  @Override
  public boolean remembersDeparted() {
    return true;
  }

  /** {@inheritDoc} Cached: reading its own bag makes the agent submit it again (J2). */
  @Override
  public Map<String, String> published() {
    Map<String, String> all = new TreeMap<>();
    for (String relation : relationIds()) {
      all.putAll(ownBag(relation));
    }
    return Bags.settings(all);
  }

  private Map<String, String> ownBag(String relation) {
    return ownBags.computeIfAbsent(
        relation, id -> settings(tools.run(new Bag(id, hook.unit()).call())));
  }

  /** What the leader shared in one relation for the whole application. */
  Map<String, String> applicationBag(String relation) {
    return applicationBags.computeIfAbsent(
        relation,
        id ->
            Json.read(
                tools.run(
                    HookTools.Call.of(
                        "relation-get",
                        "--format=json",
                        "-r",
                        id,
                        "--app",
                        "-",
                        hook.application())),
                "a JSON object of settings",
                Json.TEXT_MAP));
  }

  /** Shares settings for the whole application. */
  void publishForApplication(Map<String, String> changes) {
    // What was read is no longer true, however this ends.
    applicationBags.clear();
    for (String relation : existingRelationIds()) {
      tools.run(
          HookTools.Call.of("relation-set", "-r", relation, "--app", "--file", "-")
              .saying(Json.object(changes)));
    }
  }

  @Override
  public Map<String, String> unpublished(Map<String, String> wanted) {
    Bags.checkKeys(wanted.keySet());
    return changes(wanted);
  }

  /** Which settings would change something, those that only this backend writes included. */
  Map<String, String> changes(Map<String, String> wanted) {
    state.prefetch();
    List<String> relations = relationIds();
    Map<String, String> changes = state.unpublished(relations, wanted);
    if (relations.isEmpty()) {
      // There is nothing yet that could be removed.
      changes.values().removeIf(String::isEmpty);
    }
    Iterator<Map.Entry<String, String>> each = changes.entrySet().iterator();
    while (each.hasNext()) {
      Map.Entry<String, String> change = each.next();
      boolean removal = change.getValue().isEmpty();
      if (removal
          && !state.knows(relations, change.getKey())
          && !isSet(relations, change.getKey())) {
        each.remove();
      }
    }
    return changes;
  }

  private boolean isSet(List<String> relations, String key) {
    for (String relation : relations) {
      if (!ownBag(relation).getOrDefault(key, "").isEmpty()) {
        return true;
      }
    }
    return false;
  }

  @Override
  public void publish(Map<String, String> changes) {
    Bags.checkKeys(changes.keySet());
    publishRaw(changes);
  }

  /** Publishes keys that are ours to write, such as that of the addresses. */
  void publishRaw(Map<String, String> changes) {
    List<String> relations = existingRelationIds();
    String settings = Json.object(changes);
    // What was read of the own settings is no longer true, however this ends.
    ownBags.clear();
    JujuReading known = reading;
    if (known != null) {
      for (String relation : relations) {
        known.forget(new Bag(relation, hook.unit()));
      }
    }
    // Forgotten first: if anything fails from here on, what is remembered claims no more than what
    // is certainly there, also where Juju keeps what was written (docs/juju.md, J7).
    state.forget(relations, changes.keySet());
    for (String relation : relations) {
      tools.run(HookTools.Call.of("relation-set", "-r", relation, "--file", "-").saying(settings));
    }
    state.published(relations, changes);
  }

  /** The ids of the peer relation, which must be there to publish to it. */
  List<String> existingRelationIds() {
    List<String> relations = relationIds();
    if (relations.isEmpty()) {
      throw new SourceUnavailableException(
          "relation " + hook.endpoint(),
          "expected the peer relation "
              + Quote.of(hook.endpoint())
              + " to publish to, found none yet; publish again in a later hook, from "
              + hook.endpoint()
              + "-relation-created on");
    }
    return relations;
  }

  /** The addresses of this unit at an endpoint, as network-get tells them. */
  List<PeerAddress> addresses(String endpoint) {
    return addresses.computeIfAbsent(endpoint, name -> NetworkInfo.read(tools, name));
  }

  /**
   * All addresses of this unit, to publish some of them: those at the endpoint, then those of the
   * machine. The state, which tells whether they are published already, is asked for meanwhile.
   */
  List<PeerAddress> ownAddresses() {
    state.prefetch();
    try {
      List<PeerAddress> all = new ArrayList<>(addresses(hook.endpoint()));
      all.addAll(OwnInterfaces.read());
      return all;
    } catch (RuntimeException e) {
      state.abandon();
      throw e;
    }
  }

  @Override
  public Optional<Network> network(String name) {
    if (!CharmProcess.isEndpoint(name)) {
      return Optional.empty();
    }
    List<Cidr> cidrs =
        addresses(name).stream()
            .map(PeerAddress::subnet)
            .flatMap(Optional::stream)
            .distinct()
            .toList();
    return cidrs.isEmpty() ? Optional.empty() : Optional.of(new Network(name, cidrs));
  }

  @Override
  public <T> Optional<T> extension(Class<T> type) {
    return type == JujuUnit.class
        ? Optional.of(type.cast(new JujuUnit(tools, this)))
        : Optional.empty();
  }

  @Override
  public void close() {
    tools.close();
  }

  @Override
  public String toString() {
    return Objects.toString(hook.endpoint());
  }
}
