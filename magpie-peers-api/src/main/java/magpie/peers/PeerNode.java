/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;

/**
 * One peer as it was seen at one moment: its id, its addresses, what it published, how it is
 * labelled.
 *
 * <p>Immutable, and a value: equal when everything in it is equal. The {@linkplain #address()
 * selected address} is one of the {@linkplain #addresses() addresses}; a filter may have selected
 * another than the source did (A2), and {@link #rule()} says which rule selected it.
 */
public final class PeerNode {
  private final PeerId id;
  private final List<PeerAddress> addresses;
  private final int chosen;
  private final String rule;
  private final boolean fallback;
  private final TextMap settings;
  private final TextMap labels;
  private final boolean suspect;

  private PeerNode(
      PeerId id,
      List<PeerAddress> addresses,
      int chosen,
      String rule,
      boolean fallback,
      TextMap settings,
      TextMap labels,
      boolean suspect) {
    this.id = id;
    this.addresses = addresses;
    this.chosen = chosen;
    this.rule = rule;
    this.fallback = fallback;
    this.settings = settings;
    this.labels = labels;
    this.suspect = suspect;
  }

  /**
   * Starts to describe a peer; backends and tests make nodes, programs receive them.
   *
   * @param id the peer, not null
   * @return a builder with no addresses, settings or labels
   */
  public static Builder builder(PeerId id) {
    return new Builder(id);
  }

  /**
   * Returns the id.
   *
   * @return the peer id, the node's identity
   */
  public PeerId id() {
    return id;
  }

  /**
   * Returns the selected address.
   *
   * @return one of the {@linkplain #addresses() addresses}, or empty if the peer has none
   */
  public Optional<PeerAddress> address() {
    return chosen < 0 ? Optional.empty() : Optional.of(addresses.get(chosen));
  }

  /**
   * Returns the selected address, for programs that cannot go on without one.
   *
   * @return the selected address, never null
   * @throws ConfigurationException if the peer has none; the message names the peer, the rule that
   *     selected and the addresses there are
   */
  public PeerAddress requireAddress() {
    if (chosen < 0) {
      throw new ConfigurationException(
          "expected "
              + id
              + " to have an address by the rule "
              + Quote.of(rule)
              + ", found "
              + (addresses.isEmpty() ? "no address at all" : "only " + addresses)
              + "; the peer must publish an address, or be given one in the topology");
    }
    return addresses.get(chosen);
  }

  /**
   * Returns the selected address with a port, to connect to. A host name stays unresolved: nothing
   * is looked up (A1).
   *
   * @param port the port, 0 to 65535
   * @return the socket address; {@linkplain InetSocketAddress#isUnresolved unresolved} if the
   *     selected address is a host name
   * @throws ConfigurationException as {@link #requireAddress} does
   * @throws IllegalArgumentException if the port is out of range
   */
  public InetSocketAddress socketAddress(int port) {
    PeerAddress address = requireAddress();
    IpAddress ip = address.ipOrNull();
    return ip == null
        ? InetSocketAddress.createUnresolved(address.text(), port)
        : new InetSocketAddress(ip.toInetAddress(), port);
  }

  /**
   * Starts a description that is like this node, to be changed.
   *
   * @return a builder with all that this node has, except that it is no {@linkplain #fallback()
   *     fallback}, which only a filter says
   */
  public Builder toBuilder() {
    Builder builder =
        new Builder(id).addresses(addresses).settings(settings).labels(labels).suspect(suspect);
    return chosen < 0 ? builder : builder.selected(addresses.get(chosen), rule);
  }

  /**
   * Returns every address that the source knows, best first.
   *
   * @return the addresses in the order of the source (A1); unmodifiable
   */
  public List<PeerAddress> addresses() {
    return addresses;
  }

  /**
   * Returns the rule that selected the address.
   *
   * @return words for people, such as {@code first address} or {@code inNetwork(storage)}
   */
  public String rule() {
    return rule;
  }

  /**
   * Tells whether a preferred network could not be satisfied, so that the address is on another
   * one.
   *
   * @return true after {@code preferNetwork} found no address inside (A2)
   */
  public boolean fallback() {
    return fallback;
  }

  /**
   * Returns what the peer published.
   *
   * @return the settings in the order of their keys; unmodifiable
   */
  public Map<String, String> settings() {
    return settings;
  }

  /**
   * Returns how the peer is labelled.
   *
   * @return the labels in the order of their keys; unmodifiable
   */
  public Map<String, String> labels() {
    return labels;
  }

  /**
   * Tells whether the source itself doubts that this peer is still there (M4).
   *
   * @return true for a suspect
   */
  public boolean suspect() {
    return suspect;
  }

  /** This node with another of its addresses selected. */
  PeerNode choosing(int index, String byRule, boolean asFallback) {
    return new PeerNode(id, addresses, index, byRule, asFallback, settings, labels, suspect);
  }

  int chosen() {
    return chosen;
  }

  /** This node as the snapshot shows it: every address knows the network it lies in. */
  PeerNode in(List<Network> networks) {
    PeerAddress[] placed = null;
    for (int i = 0; i < addresses.size(); i++) {
      PeerAddress address = addresses.get(i);
      PeerAddress in = address.inNetwork(nameOf(address.ipOrNull(), networks));
      if (!in.equals(address)) {
        placed = placed == null ? addresses.toArray(new PeerAddress[0]) : placed;
        placed[i] = in;
      }
    }
    return placed == null
        ? this
        : new PeerNode(id, List.of(placed), chosen, rule, fallback, settings, labels, suspect);
  }

  private static @Nullable String nameOf(@Nullable IpAddress ip, List<Network> networks) {
    if (ip != null) {
      for (Network network : networks) {
        if (network.contains(ip)) {
          return network.name();
        }
      }
    }
    return null;
  }

  /** Merges what another source says about the same peer: the first source wins a tie (M2). */
  PeerNode merge(PeerNode other) {
    Builder merged = new Builder(id).suspect(suspect && other.suspect);
    List<PeerAddress> all = new ArrayList<>(addresses);
    for (PeerAddress address : other.addresses) {
      if (!all.contains(address)) {
        all.add(address);
      }
    }
    merged.addresses(all);
    other.settings.forEach(merged::setting);
    settings.forEach(merged::setting);
    other.labels.forEach(merged::label);
    labels.forEach(merged::label);
    PeerNode node = merged.build();
    if (chosen >= 0) {
      return node.choosing(chosen, rule, fallback);
    }
    return other.chosen < 0
        ? node
        : node.choosing(all.indexOf(other.addresses.get(other.chosen)), other.rule, other.fallback);
  }

  @Override
  public boolean equals(@Nullable Object object) {
    // Of many nodes most are the same objects from one reading to the next.
    if (this == object) {
      return true;
    }
    return object instanceof PeerNode other
        && id.equals(other.id)
        && chosen == other.chosen
        && fallback == other.fallback
        && suspect == other.suspect
        && addresses.equals(other.addresses)
        && rule.equals(other.rule)
        && settings.equals(other.settings)
        && labels.equals(other.labels);
  }

  @Override
  public int hashCode() {
    return Objects.hash(id, addresses, chosen, settings);
  }

  /** Returns the id with the selected address; for people, not for programs. */
  @Override
  public String toString() {
    PeerAddress selected = address().orElse(null);
    return id + (selected == null ? " without address" : " at " + selected.text());
  }

  /**
   * Describes a peer. Not thread-safe; {@link #build()} may be called again.
   *
   * <p>If no address is selected, the first one is.
   */
  public static final class Builder {
    private final PeerId id;
    private List<PeerAddress> addresses = List.of();
    private @Nullable PeerAddress choice;
    private String rule = "first address";
    private Map<String, String> settings = TextMap.EMPTY;
    private Map<String, String> labels = TextMap.EMPTY;
    private boolean suspect;

    private Builder(PeerId id) {
      this.id = Objects.requireNonNull(id, "id");
    }

    /**
     * Sets the addresses, best first; by default there are none.
     *
     * @param all the addresses, copied; not null
     * @return this builder
     */
    public Builder addresses(List<PeerAddress> all) {
      addresses = List.copyOf(all);
      return this;
    }

    /**
     * Adds an address after the others.
     *
     * @param text the address or host name, as {@link PeerAddress#of} takes it
     * @param source what told it
     * @return this builder
     */
    public Builder address(String text, String source) {
      List<PeerAddress> more = new ArrayList<>(addresses);
      more.add(PeerAddress.of(text, source));
      return addresses(more);
    }

    /**
     * Selects an address; by default the first one is selected.
     *
     * @param address one of the addresses
     * @param byRule the rule that selected it, in words for people
     * @return this builder
     */
    public Builder selected(PeerAddress address, String byRule) {
      choice = Objects.requireNonNull(address, "address");
      rule = Objects.requireNonNull(byRule, "byRule");
      return this;
    }

    /**
     * Sets what the peer published, instead of what was set before; by default nothing.
     *
     * @param all the settings, copied; not null
     * @return this builder
     */
    public Builder settings(Map<String, String> all) {
      settings = TextMap.copyOf(all);
      return this;
    }

    /**
     * Adds one setting.
     *
     * @param key the key
     * @param value the value
     * @return this builder
     */
    public Builder setting(String key, String value) {
      settings = plus(settings, key, value);
      return this;
    }

    /**
     * Sets the labels, instead of those set before; by default there are none.
     *
     * @param all the labels, copied; not null
     * @return this builder
     */
    public Builder labels(Map<String, String> all) {
      labels = TextMap.copyOf(all);
      return this;
    }

    /**
     * Adds one label.
     *
     * @param key the key
     * @param value the value
     * @return this builder
     */
    public Builder label(String key, String value) {
      labels = plus(labels, key, value);
      return this;
    }

    private static Map<String, String> plus(Map<String, String> map, String key, String value) {
      Map<String, String> more = map instanceof TextMap ? new TreeMap<>(map) : map;
      more.put(Objects.requireNonNull(key, "key"), Objects.requireNonNull(value, "value"));
      return more;
    }

    /**
     * Marks the peer as one that the source doubts (M4); by default it is not.
     *
     * @param doubted whether the source doubts it
     * @return this builder
     */
    public Builder suspect(boolean doubted) {
      suspect = doubted;
      return this;
    }

    /**
     * Returns the node.
     *
     * @return a new immutable node
     * @throws IllegalStateException if the selected address is none of the addresses
     */
    public PeerNode build() {
      int chosen = choice == null ? (addresses.isEmpty() ? -1 : 0) : addresses.indexOf(choice);
      if (choice != null && chosen < 0) {
        throw new IllegalStateException(
            "expected the address of "
                + id
                + " to be one of its addresses "
                + addresses
                + ", found "
                + choice);
      }
      return new PeerNode(
          id,
          addresses,
          chosen,
          rule,
          false,
          TextMap.copyOf(settings),
          TextMap.copyOf(labels),
          suspect);
    }
  }
}
