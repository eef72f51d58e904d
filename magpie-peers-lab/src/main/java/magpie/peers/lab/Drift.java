/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.lab;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeSet;
import magpie.peers.Cidr;
import magpie.peers.IpAddress;
import magpie.peers.Network;
import magpie.peers.PeerAddress;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.Snapshot;
import magpie.peers.text.Glob;
import magpie.peers.topology.Recording;
import org.jspecify.annotations.Nullable;

/**
 * How a live peer set differs from a declared one.
 *
 * <pre>{@code
 * for (Drift.Difference difference : Drift.between(declared, live).ignoring("iperf.*").differences()) {
 *   System.out.println(difference.id() + ": " + difference.kind());
 * }
 * }</pre>
 *
 * <p>Both views are taken with the nodes that they belong to. Addresses are compared as addresses,
 * whatever their source: a prefix length that one side does not know is no difference, and upper
 * and lower case of host names are the same. Labels are compared only where a live node has any,
 * since Juju knows none. Nothing but existence is compared of a node of which the live side knows
 * the id alone, as of this node before there is a relation.
 *
 * <p>Immutable, and safe for use by many threads.
 */
public final class Drift {

  /** The kinds of difference. */
  public enum Kind {
    /** Declared, and not there. */
    MISSING,
    /** There, and not declared. */
    EXTRA,
    /** On another network than declared. */
    MOVED,
    /** With another address than declared, with one more or one less, or with another first. */
    ADDRESS,
    /** With another setting than declared, with one more or one less. */
    SETTING,
    /** With another label than declared, with one more or one less. */
    LABEL,
    /** Suspect on one side only. */
    STATE
  }

  /**
   * One difference.
   *
   * @param kind what differs
   * @param id the node
   * @param key the network of an address (empty where it lies in none), or the key of a setting or
   *     label; empty for the other kinds
   * @param declared what is declared, or empty for nothing
   * @param live what is there, or empty for nothing
   */
  public record Difference(
      Kind kind, PeerId id, String key, Optional<String> declared, Optional<String> live) {
    /**
     * Checks the components.
     *
     * @param kind what differs
     * @param id the node
     * @param key the network of an address, or the key of a setting or label
     * @param declared what is declared
     * @param live what is there
     */
    public Difference {
      Objects.requireNonNull(kind, "kind");
      Objects.requireNonNull(id, "id");
      Objects.requireNonNull(key, "key");
      Objects.requireNonNull(declared, "declared");
      Objects.requireNonNull(live, "live");
    }
  }

  private final List<Difference> differences;

  private Drift(List<Difference> differences) {
    this.differences = List.copyOf(differences);
  }

  /**
   * Compares two views as they are now.
   *
   * @param declared what should be, such as a view of a topology file
   * @param live what is
   * @return the differences
   * @throws magpie.peers.PeersException if one of the views cannot tell
   * @throws IllegalStateException if one of the views is closed
   */
  public static Drift between(PeerView declared, PeerView live) {
    Snapshot should = declared.snapshot();
    Snapshot is = live.snapshot();
    return new Comparison(should.networks(), is.networks())
        .compare(Recording.withSelf(should, declared), Recording.withSelf(is, live));
  }

  /**
   * Returns these differences without those of some settings and labels, such as values that change
   * all the time.
   *
   * @param keyGlob which keys: {@code *} stands for any text and {@code ?} for one character
   * @return what is left
   */
  public Drift ignoring(String keyGlob) {
    Objects.requireNonNull(keyGlob, "keyGlob");
    return new Drift(
        differences.stream()
            .filter(
                difference ->
                    (difference.kind != Kind.SETTING && difference.kind != Kind.LABEL)
                        || !Glob.matches(keyGlob, difference.key))
            .toList());
  }

  /**
   * Returns the differences.
   *
   * @return the differences in the order of ids, then of kinds; unmodifiable
   */
  public List<Difference> differences() {
    return differences;
  }

  /**
   * Tells whether there is none.
   *
   * @return true if the live peer set is as declared
   */
  public boolean isEmpty() {
    return differences.isEmpty();
  }

  /** One comparison, with the networks that addresses are compared by. */
  private static final class Comparison {
    private final List<Network> networks;
    private final List<Difference> found = new ArrayList<>();

    Comparison(List<Network> declared, List<Network> live) {
      networks = new ArrayList<>(declared);
      networks.addAll(live);
    }

    Drift compare(List<PeerNode> declared, List<PeerNode> live) {
      boolean labels = live.stream().anyMatch(node -> !node.labels().isEmpty());
      Map<PeerId, PeerNode> should = byId(declared);
      Map<PeerId, PeerNode> is = byId(live);
      TreeSet<PeerId> ids = new TreeSet<>(should.keySet());
      ids.addAll(is.keySet());
      for (PeerId id : ids) {
        PeerNode one = should.get(id);
        PeerNode other = is.get(id);
        if (one == null) {
          add(Kind.EXTRA, id, "", null, text(other));
        } else if (other == null) {
          add(Kind.MISSING, id, "", text(one), null);
        } else if (!other.equals(PeerNode.builder(id).build())) {
          addresses(id, one, other);
          texts(Kind.SETTING, id, one.settings(), other.settings());
          if (labels) {
            texts(Kind.LABEL, id, one.labels(), other.labels());
          }
          if (one.suspect() != other.suspect()) {
            add(Kind.STATE, id, "", state(one), state(other));
          }
        }
      }
      return new Drift(found);
    }

    private static Map<PeerId, PeerNode> byId(List<PeerNode> nodes) {
      Map<PeerId, PeerNode> byId = new LinkedHashMap<>();
      nodes.forEach(node -> byId.put(node.id(), node));
      return byId;
    }

    private static @Nullable String text(@Nullable PeerNode node) {
      return node == null ? null : node.address().map(PeerAddress::toString).orElse("no address");
    }

    private static String state(PeerNode node) {
      return node.suspect() ? "suspect" : "present";
    }

    private void add(
        Kind kind, PeerId id, String key, @Nullable String declared, @Nullable String live) {
      found.add(
          new Difference(kind, id, key, Optional.ofNullable(declared), Optional.ofNullable(live)));
    }

    private void texts(
        Kind kind, PeerId id, Map<String, String> declared, Map<String, String> live) {
      TreeSet<String> keys = new TreeSet<>(declared.keySet());
      keys.addAll(live.keySet());
      for (String key : keys) {
        String one = declared.get(key);
        String other = live.get(key);
        if (!Objects.equals(one, other)) {
          add(kind, id, key, one, other);
        }
      }
    }

    /**
     * Compares addresses: an address gone from a network and one new in it belong together; of the
     * rest, one gone from a network and new in another has moved.
     */
    private void addresses(PeerId id, PeerNode declared, PeerNode live) {
      Map<String, PeerAddress> should = byText(declared.addresses());
      Map<String, PeerAddress> is = byText(live.addresses());
      List<Difference> moved = new ArrayList<>();
      List<PeerAddress> gone = without(should, is);
      List<PeerAddress> fresh = without(is, should);
      boolean sameAddresses = gone.isEmpty() && fresh.isEmpty();
      int before = found.size();
      for (PeerAddress one : List.copyOf(gone)) {
        fresh.stream()
            .filter(other -> network(other).equals(network(one)))
            .findFirst()
            .ifPresent(
                other -> {
                  add(Kind.ADDRESS, id, network(one), one.toString(), other.toString());
                  gone.remove(one);
                  fresh.remove(other);
                });
      }
      while (!gone.isEmpty() && !fresh.isEmpty()) {
        PeerAddress one = gone.remove(0);
        PeerAddress other = fresh.remove(0);
        moved.add(
            new Difference(
                Kind.MOVED, id, "", Optional.of(placed(one)), Optional.of(placed(other))));
      }
      gone.forEach(one -> add(Kind.ADDRESS, id, network(one), one.toString(), null));
      fresh.forEach(other -> add(Kind.ADDRESS, id, network(other), null, other.toString()));
      should.forEach(
          (text, one) -> {
            PeerAddress other = is.get(text);
            if (other != null && differ(one.subnet(), other.subnet())) {
              add(Kind.ADDRESS, id, network(one), one.toString(), other.toString());
            }
          });
      if (sameAddresses && found.size() == before) {
        PeerAddress one = declared.address().orElse(null);
        PeerAddress other = live.address().orElse(null);
        if (one != null && other != null && !text(one).equals(text(other))) {
          add(Kind.ADDRESS, id, network(one), one + " first", other + " first");
        }
      }
      found.addAll(before, moved);
    }

    private static boolean differ(Optional<Cidr> one, Optional<Cidr> other) {
      return one.isPresent() && other.isPresent() && !one.equals(other);
    }

    private static String text(PeerAddress candidate) {
      return candidate.ip().isPresent()
          ? candidate.text()
          : candidate.text().toLowerCase(Locale.ROOT);
    }

    private static Map<String, PeerAddress> byText(Collection<PeerAddress> candidates) {
      Map<String, PeerAddress> byText = new LinkedHashMap<>();
      candidates.forEach(candidate -> byText.putIfAbsent(text(candidate), candidate));
      return byText;
    }

    private static List<PeerAddress> without(
        Map<String, PeerAddress> some, Map<String, PeerAddress> others) {
      List<PeerAddress> rest = new ArrayList<>();
      some.forEach(
          (text, candidate) -> {
            if (!others.containsKey(text)) {
              rest.add(candidate);
            }
          });
      return rest;
    }

    private String network(PeerAddress candidate) {
      IpAddress ip = candidate.ip().orElse(null);
      if (ip != null) {
        for (Network network : networks) {
          if (network.contains(ip)) {
            return network.name();
          }
        }
      }
      return "";
    }

    private String placed(PeerAddress candidate) {
      String network = network(candidate);
      return candidate + (network.isEmpty() ? "" : " in " + network);
    }
  }
}
