/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.local;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import magpie.peers.ConfigurationException;
import magpie.peers.IpAddress;
import magpie.peers.PeerAddress;
import magpie.peers.PeerId;
import magpie.peers.PeersOptions;
import magpie.peers.text.Quote;
import magpie.peers.topology.Topology;

/**
 * Finds the node of a topology that this machine is.
 *
 * <p>An id that was given (option {@code self}) is used before any rule of the file. Otherwise the
 * rules of the file are tried in order, and the first that fits exactly one node wins. Departed
 * nodes are included, since a machine may still be the node that it was.
 *
 * <p>Rule {@code hostname}: upper and lower case are the same, a final dot is nothing. A node whose
 * host name equals that of the machine fits. Where there is none, and one of the two names is short
 * (without a dot) while the other is not, the short one must equal the first label of the other;
 * two long names that differ never fit.
 *
 * <p>Rule {@code address}: a node fits if one of its addresses is on an interface of this machine.
 */
final class SelfFinder {
  private static final int MOST_LISTED = 10;
  private final Topology topology;
  private final String file;
  private final PeersOptions options;
  private final Host host;

  private SelfFinder(Topology topology, String file, PeersOptions options, Host host) {
    this.topology = topology;
    this.file = file;
    this.options = options;
    this.host = host;
  }

  /**
   * Returns this machine's node, or empty for an observer.
   *
   * @throws ConfigurationException if there is no such node, or more than one
   */
  static Optional<PeerId> find(Topology topology, String file, PeersOptions options, Host host) {
    Optional<PeerId> given = options.self();
    if (options.observer()) {
      if (given.isPresent()) {
        throw new ConfigurationException(
            "expected either an observer or a node, found both: "
                + options.described("observer")
                + " and "
                + options.described("self")
                + " "
                + Quote.of(given.get().value())
                + "; leave one of them out");
      }
      return Optional.empty();
    }
    SelfFinder finder = new SelfFinder(topology, file, options, host);
    return Optional.of(given.isPresent() ? finder.known(given.get()) : finder.byRules());
  }

  private PeerId known(PeerId given) {
    List<String> ids = new ArrayList<>(topology.entries().size());
    for (Topology.Entry entry : topology.entries()) {
      if (entry.node().id().equals(given)) {
        return given;
      }
      ids.add(entry.node().id().value());
    }
    throw new ConfigurationException(
        options.described("self")
            + ": expected "
            + Quote.of(given.value())
            + " to be a node of "
            + Quote.of(file)
            + ", found no such node"
            + Quote.nearest(given.value(), ids)
                .map(id -> "; did you mean " + Quote.of(id) + "?")
                .orElse("")
            + "; its nodes are "
            + listed(ids, id -> id)
            + "; name one of them, add the node to the file, or look from outside with "
            + options.howToSet("observer", "true"));
  }

  private PeerId byRules() {
    StringBuilder compared = new StringBuilder();
    for (Topology.SelfRule rule : topology.self()) {
      compared.append("\n  rule ").append(rule.name().toLowerCase(Locale.ROOT)).append(": ");
      List<PeerId> fitting =
          switch (rule) {
            case ENV -> {
              compared.append("found no id (option self, -Dmagpie.peers.self, MAGPIE_PEERS_SELF)");
              yield List.of();
            }
            case HOSTNAME -> byMachine(host::name, compared, this::byHostName);
            case ADDRESS -> byMachine(host::addresses, compared, this::byAddress);
          };
      if (fitting.size() == 1) {
        return fitting.get(0);
      }
      if (fitting.size() > 1) {
        compared.append(", which fits ").append(listed(fitting, PeerId::value));
      }
    }
    throw new ConfigurationException(
        "expected one node of "
            + Quote.of(file)
            + " to be this machine, found no rule that fits exactly one"
            + compared
            + "\nname the node with "
            + options.howToSet("self", "ID")
            + ", or look from outside with "
            + options.howToSet("observer", "true"));
  }

  /** Tries a rule with what this machine says; where it says nothing, the next rule may do. */
  private static <T> List<PeerId> byMachine(
      Supplier<T> machine,
      StringBuilder compared,
      BiFunction<T, StringBuilder, List<PeerId>> rule) {
    T said;
    try {
      said = machine.get();
    } catch (ConfigurationException e) {
      compared.append(e.getMessage());
      return List.of();
    }
    return rule.apply(said, compared);
  }

  private List<PeerId> byHostName(String machine, StringBuilder compared) {
    String own = canonical(machine);
    compared.append("this machine is ").append(Quote.of(own));
    List<PeerId> fitting = named(own::equals);
    if (fitting.isEmpty()) {
      fitting = named(name -> alike(own, name));
    }
    if (fitting.isEmpty()) {
      List<Topology.Entry> named =
          topology.entries().stream().filter(entry -> entry.hostname().isPresent()).toList();
      compared
          .append(", the nodes are ")
          .append(
              listed(
                  named,
                  entry ->
                      entry.node().id() + " " + entry.hostname().map(Quote::of).orElseThrow()));
    }
    return fitting;
  }

  private List<PeerId> named(Predicate<String> like) {
    return fitting(entry -> entry.hostname().map(SelfFinder::canonical).filter(like).isPresent());
  }

  private static String canonical(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    return lower.endsWith(".") ? lower.substring(0, lower.length() - 1) : lower;
  }

  private static boolean alike(String a, String b) {
    return (a.indexOf('.') < 0 && b.startsWith(a + "."))
        || (b.indexOf('.') < 0 && a.startsWith(b + "."));
  }

  private List<PeerId> byAddress(List<IpAddress> addresses, StringBuilder compared) {
    compared.append("this machine has ").append(listed(addresses, IpAddress::toString));
    Set<IpAddress> own = new HashSet<>(addresses);
    List<PeerId> fitting =
        fitting(
            entry ->
                entry.node().addresses().stream()
                    .anyMatch(candidate -> candidate.ip().filter(own::contains).isPresent()));
    if (fitting.isEmpty()) {
      compared
          .append(", the nodes are ")
          .append(
              listed(
                  topology.entries(),
                  entry ->
                      entry.node().id()
                          + " "
                          + listed(
                              entry.node().addresses().stream()
                                  .filter(candidate -> candidate.ip().isPresent())
                                  .toList(),
                              PeerAddress::text)));
    }
    return fitting;
  }

  private List<PeerId> fitting(Predicate<Topology.Entry> test) {
    return topology.entries().stream().filter(test).map(entry -> entry.node().id()).toList();
  }

  private static <T> String listed(Collection<T> all, Function<T, String> shown) {
    if (all.isEmpty()) {
      return "none";
    }
    String some = all.stream().limit(MOST_LISTED).map(shown).collect(Collectors.joining(", "));
    int more = all.size() - MOST_LISTED;
    return more > 0 ? some + " and " + more + " more" : some;
  }
}
