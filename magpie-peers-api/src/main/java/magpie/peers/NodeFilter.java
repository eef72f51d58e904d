/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Predicate;
import magpie.peers.text.Glob;
import magpie.peers.text.Quote;

/**
 * Keeps or drops a node, may choose which of its addresses counts, and can say why.
 *
 * <pre>{@code
 * NodeFilter storage = NodeFilter.inNetwork("storage").and(NodeFilter.label("rack", "b"));
 * for (PeerNode peer : peers.nodes(storage)) {
 *   connect(peer.socketAddress(5001));
 * }
 * }</pre>
 *
 * <p>A filter depends on nothing but the node: the same input gives the same answer (A3). Every
 * filter made here reads well: {@code toString()} is the expression that made it.
 *
 * <p>Laws: {@code and} is associative, and {@link #all()} is its neutral element; {@code or} keeps
 * what its left side keeps, as the left side keeps it; {@code f.negate().negate()} is {@code f}.
 */
@FunctionalInterface
public interface NodeFilter {

  /**
   * Judges a node.
   *
   * @param node the node, not null
   * @return kept, with the selected address, or dropped, with the reason
   * @throws IllegalStateException if this filter names a network and was not {@linkplain #resolve
   *     resolved}
   */
  Verdict apply(PeerNode node);

  /**
   * Returns this filter with its network names replaced by what they mean; a {@link PeerView} does
   * this before it applies a filter.
   *
   * @param networks gives the network of a name, or throws for a name that means nothing
   * @return the filter to apply; by default this one, which names no network
   */
  default NodeFilter resolve(Function<String, Network> networks) {
    return this;
  }

  /**
   * Returns a filter that keeps what this one and then the other keep.
   *
   * <p>The other judges the node as this one left it, so where both choose an address the other's
   * choice counts.
   *
   * @param other the second filter
   * @return both filters, one after the other
   */
  default NodeFilter and(NodeFilter other) {
    return new Filters.And(this, Objects.requireNonNull(other, "other"));
  }

  /**
   * Returns a filter that keeps what this one or else the other keeps.
   *
   * @param other asked for what this one drops
   * @return either filter
   */
  default NodeFilter or(NodeFilter other) {
    return new Filters.Or(this, Objects.requireNonNull(other, "other"));
  }

  /**
   * Returns a filter that keeps what this one drops, unchanged, and drops what it keeps; the
   * opposite of the opposite is this filter again, with its choice of address.
   *
   * @return the opposite
   */
  default NodeFilter negate() {
    return new Filters.Not(this);
  }

  /**
   * Returns the filter that keeps every node as it is.
   *
   * @return the neutral filter
   */
  static NodeFilter all() {
    return Filters.ALL;
  }

  /**
   * Keeps the nodes that have an address in a network, and lets the first such count (A2).
   *
   * <p>There is no fallback: a node that cannot be reached there is dropped.
   *
   * @param nameOrCidr the name of a network, or a CIDR such as {@code 192.0.2.0/25}
   * @return the filter
   * @throws IllegalArgumentException if the text is neither
   */
  static NodeFilter inNetwork(String nameOrCidr) {
    return Filters.network(nameOrCidr, true);
  }

  /**
   * Keeps the nodes that have an address in a CIDR, and lets the first such count (A2).
   *
   * @param cidr the CIDR
   * @return the filter
   */
  static NodeFilter inNetwork(Cidr cidr) {
    return Filters.network(cidr, true);
  }

  /**
   * Keeps every node, lets the first address in a network count where there is one, and marks the
   * others as {@linkplain PeerNode#fallback() fallback} (A2).
   *
   * @param nameOrCidr the name of a network, or a CIDR
   * @return the filter
   * @throws IllegalArgumentException if the text is neither
   */
  static NodeFilter preferNetwork(String nameOrCidr) {
    return Filters.network(nameOrCidr, false);
  }

  /**
   * Keeps every node, lets the first address in a CIDR count where there is one, and marks the
   * others as {@linkplain PeerNode#fallback() fallback} (A2).
   *
   * @param cidr the CIDR
   * @return the filter
   */
  static NodeFilter preferNetwork(Cidr cidr) {
    return Filters.network(cidr, false);
  }

  /**
   * Keeps the nodes whose id matches a pattern as a whole.
   *
   * @param glob a pattern in which {@code *} stands for any text and {@code ?} for one character
   * @return the filter
   */
  static NodeFilter id(String glob) {
    Objects.requireNonNull(glob, "glob");
    return where("id(" + glob + ")", node -> Glob.matches(glob, node.id().value()));
  }

  /**
   * Keeps the nodes with a label.
   *
   * @param key the key of the label
   * @param value its value
   * @return the filter
   */
  static NodeFilter label(String key, String value) {
    return Filters.entry("label", key, value, PeerNode::labels);
  }

  /**
   * Keeps the nodes that published a setting.
   *
   * @param key the key of the setting
   * @param value its value
   * @return the filter
   */
  static NodeFilter setting(String key, String value) {
    return Filters.entry("setting", key, value, PeerNode::settings);
  }

  /**
   * Keeps the nodes for which a condition holds.
   *
   * @param description what the filter is called in explanations
   * @param condition the condition; it must depend on the node alone
   * @return the filter
   */
  static NodeFilter where(String description, Predicate<PeerNode> condition) {
    return new Filters.Where(
        Objects.requireNonNull(description, "description"),
        Objects.requireNonNull(condition, "condition"),
        new Verdict.Dropped("not " + description));
  }
}

/** The filters that {@link NodeFilter} makes. */
final class Filters {
  static final NodeFilter ALL =
      new NodeFilter() {
        @Override
        public Verdict apply(PeerNode node) {
          return new Verdict.Kept(node);
        }

        @Override
        public NodeFilter and(NodeFilter other) {
          return Objects.requireNonNull(other, "other");
        }

        @Override
        public String toString() {
          return "all";
        }
      };

  private Filters() {}

  static NodeFilter network(String nameOrCidr, boolean strict) {
    Objects.requireNonNull(nameOrCidr, "nameOrCidr");
    if (Network.isName(nameOrCidr)) {
      return new Named(nameOrCidr, strict);
    }
    try {
      return network(Cidr.parse(nameOrCidr), strict);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "expected the name of a network or a CIDR, found "
              + Quote.of(nameOrCidr)
              + ": "
              + e.getMessage(),
          e);
    }
  }

  static NodeFilter network(Cidr cidr, boolean strict) {
    String text = cidr.toString();
    return new Inside(text, strict, "no address lies in " + text, cidr::contains);
  }

  static NodeFilter entry(
      String kind, String key, String value, Function<PeerNode, Map<String, String>> map) {
    Objects.requireNonNull(key, "key");
    Objects.requireNonNull(value, "value");
    return NodeFilter.where(
        kind + "(" + key + "=" + value + ")", node -> value.equals(map.apply(node).get(key)));
  }

  private static String called(String network, boolean strict) {
    return (strict ? "inNetwork(" : "preferNetwork(") + network + ")";
  }

  /** A network by name, which only a view can tell the meaning of. */
  record Named(String name, boolean strict) implements NodeFilter {
    @Override
    public Verdict apply(PeerNode node) {
      throw new IllegalStateException(
          this + " names a network; apply it with PeerView.nodes, or resolve it first");
    }

    @Override
    public NodeFilter resolve(Function<String, Network> networks) {
      Network network = networks.apply(name);
      return new Inside(name, strict, "no address lies in " + network, network::contains);
    }

    @Override
    public String toString() {
      return called(name, strict);
    }
  }

  /** A set of addresses, with the verdict on those that have none in it made once. */
  static final class Inside implements NodeFilter {
    private final String rule;
    private final boolean strict;
    private final Verdict dropped;
    private final Predicate<IpAddress> inside;

    Inside(String network, boolean strict, String reason, Predicate<IpAddress> inside) {
      this.rule = called(network, strict);
      this.strict = strict;
      this.dropped = new Verdict.Dropped(reason);
      this.inside = inside;
    }

    @Override
    public Verdict apply(PeerNode node) {
      int size = node.addresses().size();
      for (int i = 0; i < size; i++) {
        IpAddress ip = node.addresses().get(i).ipOrNull();
        if (ip != null && inside.test(ip)) {
          return new Verdict.Kept(node.choosing(i, rule, false));
        }
      }
      return strict ? dropped : new Verdict.Kept(node.choosing(node.chosen(), node.rule(), true));
    }

    @Override
    public String toString() {
      return rule;
    }
  }

  /** A condition with a name. */
  record Where(String description, Predicate<PeerNode> condition, Verdict dropped)
      implements NodeFilter {
    @Override
    public Verdict apply(PeerNode node) {
      return condition.test(node) ? new Verdict.Kept(node) : dropped;
    }

    @Override
    public String toString() {
      return description;
    }
  }

  /** Both, one after the other. */
  record And(NodeFilter first, NodeFilter second) implements NodeFilter {
    @Override
    public Verdict apply(PeerNode node) {
      Verdict verdict = first.apply(node);
      return verdict instanceof Verdict.Kept kept ? second.apply(kept.kept()) : verdict;
    }

    @Override
    public NodeFilter resolve(Function<String, Network> networks) {
      return new And(first.resolve(networks), second.resolve(networks));
    }

    @Override
    public String toString() {
      return "(" + first + " and " + second + ")";
    }
  }

  /** One or else the other. */
  record Or(NodeFilter first, NodeFilter second) implements NodeFilter {
    @Override
    public Verdict apply(PeerNode node) {
      Verdict verdict = first.apply(node);
      if (verdict instanceof Verdict.Kept) {
        return verdict;
      }
      Verdict other = second.apply(node);
      return verdict instanceof Verdict.Dropped a && other instanceof Verdict.Dropped b
          ? new Verdict.Dropped(a.reason() + "; " + b.reason())
          : other;
    }

    @Override
    public NodeFilter resolve(Function<String, Network> networks) {
      return new Or(first.resolve(networks), second.resolve(networks));
    }

    @Override
    public String toString() {
      return "(" + first + " or " + second + ")";
    }
  }

  /** The opposite. */
  record Not(NodeFilter filter) implements NodeFilter {
    @Override
    public Verdict apply(PeerNode node) {
      return filter.apply(node) instanceof Verdict.Kept
          ? new Verdict.Dropped(this.toString())
          : new Verdict.Kept(node);
    }

    @Override
    public NodeFilter negate() {
      return filter;
    }

    @Override
    public NodeFilter resolve(Function<String, Network> networks) {
      return new Not(filter.resolve(networks));
    }

    @Override
    public String toString() {
      return "not " + filter;
    }
  }
}
