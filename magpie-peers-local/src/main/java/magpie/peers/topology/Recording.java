/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import magpie.peers.Network;
import magpie.peers.PeerAddress;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.Snapshot;
import magpie.peers.SourceUnavailableException;
import magpie.peers.text.Glob;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;

/**
 * The peer set that a view shows, as a topology file for the backend {@code local}.
 *
 * <pre>{@code
 * try (PeerView peers = Peers.open()) {
 *   Recording.of(peers).write(Path.of("/var/lib/app/peers.magpie.yaml"));
 * }
 * }</pre>
 *
 * <p><b>What is recorded.</b> All peers with their ids, addresses (IP addresses and host names, in
 * their order and with their sources), settings, labels, and whether they are suspect; this node
 * too, as far as {@link PeerView#self()} knows it, so that any of them can replay it; the networks
 * that the source declares and, where addresses lie in none, networks derived from prefix lengths,
 * else a /24 or a /64 around the address. So a view of the file, opened as the same node, shows
 * peers equal to the recorded ones in all but {@link PeerAddress#network()} where networks had to
 * be derived. Notices and departed peers are not recorded.
 *
 * <p>The text is the same for the same peers: it holds no time and no place. Recording reads the
 * view and changes nothing.
 *
 * <p>A recording is immutable and can be used by any thread.
 */
public final class Recording {
  /** What a masked setting says. */
  private static final String MASKED = "masked";

  private final @Nullable PeerId self;
  private final List<PeerNode> nodes;
  private final List<Network> declared;
  private final @Nullable String name;
  private final List<String> maskedSettings;
  private final boolean maskedAddresses;

  private Recording(
      @Nullable PeerId self,
      List<PeerNode> nodes,
      List<Network> declared,
      @Nullable String name,
      List<String> maskedSettings,
      boolean maskedAddresses) {
    this.self = self;
    this.nodes = nodes;
    this.declared = declared;
    this.name = name;
    this.maskedSettings = maskedSettings;
    this.maskedAddresses = maskedAddresses;
  }

  /**
   * Records what a view shows now.
   *
   * @param view the view, which stays open
   * @return the recording, nothing masked
   * @throws magpie.peers.PeersException if the view cannot tell
   * @throws IllegalStateException if the view is closed
   */
  public static Recording of(PeerView view) {
    Snapshot snapshot = view.snapshot();
    return new Recording(
        snapshot.selfId().orElse(null),
        withSelf(snapshot, view),
        snapshot.networks(),
        null,
        List.of(),
        false);
  }

  /**
   * Returns the peers of a snapshot and the node itself, as far as its view knows it.
   *
   * @param snapshot the snapshot
   * @param view the view that gave it
   * @return the nodes in the order of their ids; unmodifiable
   */
  public static List<PeerNode> withSelf(Snapshot snapshot, PeerView view) {
    List<PeerNode> all = new ArrayList<>(snapshot.nodes());
    view.self()
        .or(() -> snapshot.selfId().map(id -> PeerNode.builder(id).build()))
        .ifPresent(all::add);
    all.sort(Comparator.comparing(PeerNode::id));
    return List.copyOf(all);
  }

  /**
   * Returns this recording with a name for the bench.
   *
   * @param bench the name: 1 to 63 ASCII letters, digits, dots, hyphens and underscores, beginning
   *     with a letter; by default the application that all ids begin with, else {@code recorded}
   * @return a new recording
   * @throws IllegalArgumentException if it is no such name
   */
  public Recording name(String bench) {
    if (!Network.isName(bench)) {
      throw new IllegalArgumentException(
          "expected a name (1 to 63 ASCII letters, digits, '.', '-', '_', beginning with a letter),"
              + " found "
              + Quote.of(bench));
    }
    return new Recording(self, nodes, declared, bench, maskedSettings, maskedAddresses);
  }

  /**
   * Returns this recording with the values of some settings replaced by {@code masked}; by default
   * none are.
   *
   * @param glob which keys: {@code *} stands for any text and {@code ?} for one character; added to
   *     those given before
   * @return a new recording
   */
  public Recording maskSettings(String glob) {
    Objects.requireNonNull(glob, "glob");
    List<String> more = new ArrayList<>(maskedSettings);
    more.add(glob);
    return new Recording(self, nodes, declared, name, List.copyOf(more), maskedAddresses);
  }

  /**
   * Returns this recording with other addresses, from the ranges that are set aside for
   * documentation; by default they are as they are.
   *
   * <p>An address becomes the same one wherever it occurs, also in the values of settings and
   * labels and in ids; networks become networks, and who was in one network still is. Host names
   * become {@code host-1.example} and so on. Other ids, keys and names of networks stay.
   *
   * @return a new recording
   */
  public Recording maskAddresses() {
    return new Recording(self, nodes, declared, name, maskedSettings, true);
  }

  /**
   * Returns the topology file.
   *
   * @return the text, of the form that {@code magpie-peers check} accepts
   * @throws SourceUnavailableException if there are more addresses than can be masked, or the text
   *     is larger than the 64 MiB that can be read again
   */
  public String text() {
    return made().text;
  }

  /**
   * Returns what a topology file cannot hold and the text therefore lacks, such as settings with
   * unfit keys.
   *
   * @return one line for each thing left out; empty in all usual cases
   * @throws SourceUnavailableException if there are more addresses than can be masked, or the text
   *     is larger than the 64 MiB that can be read again
   */
  public List<String> omitted() {
    return made().omitted;
  }

  /**
   * Writes the topology file as a whole: a reader sees the old file or the new one, also after a
   * crash. Nothing is written if the file says exactly this already. A new file has the permissions
   * of other new files of this process. A replaced one keeps its owner, group, permissions and
   * access control list as far as this user may set them ({@link
   * magpie.peers.host.WholeFile.Access#KEPT}); a warning is logged before the file is replaced if
   * the owner or the group cannot be kept.
   *
   * @param file the file; its directory must be there
   * @return whether anything was written
   * @throws SourceUnavailableException if the text is larger than 64 MiB; if it cannot be written,
   *     and then it stays as it was; or if it was written but may be lost in a power failure, as
   *     the message then says
   */
  public boolean write(Path file) {
    return TextFile.write(Objects.requireNonNull(file, "file"), text());
  }

  private record Made(String text, List<String> omitted) {}

  private Made made() {
    Set<String> omitted = new LinkedHashSet<>();
    List<PeerNode> shown = nodes.stream().map(this::withoutSecrets).toList();
    List<PeerAddress> candidates =
        shown.stream().flatMap(node -> node.addresses().stream()).toList();
    List<Network> networks = new Subnets(declared, candidates, omitted::add).networks();
    if (maskedAddresses) {
      AddressMask mask = new AddressMask(networks, shown);
      networks = networks.stream().map(mask::network).toList();
      shown = shown.stream().map(mask::node).sorted(Comparator.comparing(PeerNode::id)).toList();
    }
    String preferred = preferred(shown, networks);
    List<PeerNode> ordered =
        preferred != null ? shown : shown.stream().map(Recording::chosenFirst).toList();
    String application = application(shown);
    String derived = application == null ? "recorded" : application;
    TopologyText text =
        new TopologyText(
            List.of(
                "A recorded peer set. To see what "
                    + (self == null ? "an observer" : self)
                    + " saw:",
                "magpie-peers nodes --topology FILE "
                    + (self == null ? "--observer" : "--as " + self)),
            name == null ? derived : name,
            application,
            networks,
            preferred,
            ordered);
    String printed = text.print(omitted::add);
    refuseTooLarge(printed);
    return new Made(printed, List.copyOf(omitted));
  }

  /** What no reader would take is not written. */
  private void refuseTooLarge(String printed) {
    long most = TopologyReader.LONGEST_FILE;
    // No character takes more than three bytes.
    if (3L * printed.length() <= most) {
      return;
    }
    long size = printed.getBytes(StandardCharsets.UTF_8).length;
    if (size > most) {
      throw new SourceUnavailableException(
          "recording",
          "expected a recorded topology of at most "
              + most
              + " bytes, which is as much as can be read again, found "
              + size
              + " bytes for "
              + nodes.size()
              + " nodes; nothing was written. Divide the peer set, or keep large settings elsewhere");
    }
  }

  private PeerNode withoutSecrets(PeerNode node) {
    if (maskedSettings.isEmpty()) {
      return node;
    }
    PeerNode.Builder masked =
        PeerNode.builder(node.id())
            .addresses(node.addresses())
            .labels(node.labels())
            .suspect(node.suspect());
    node.settings()
        .forEach(
            (key, value) ->
                masked.setting(
                    key,
                    maskedSettings.stream().anyMatch(glob -> Glob.matches(glob, key))
                        ? MASKED
                        : value));
    node.address().ifPresent(address -> masked.selected(address, node.rule()));
    return masked.build();
  }

  /** The application that the ids of all units begin with. */
  private static @Nullable String application(List<PeerNode> nodes) {
    Set<String> all = new HashSet<>();
    for (PeerNode node : nodes) {
      int slash = node.id().value().indexOf('/');
      if (slash > 0) {
        all.add(node.id().value().substring(0, slash));
      }
    }
    return all.size() == 1 && all.stream().allMatch(Network::isName) ? all.iterator().next() : null;
  }

  /**
   * The network whose addresses count first, where others than the first ones count: the one that
   * explains the address of every node.
   */
  private static @Nullable String preferred(List<PeerNode> nodes, List<Network> networks) {
    if (nodes.stream().allMatch(node -> node.equals(chosenFirst(node)))) {
      return null;
    }
    for (Network network : networks) {
      boolean explains =
          nodes.stream()
              .allMatch(
                  node ->
                      node.addresses().stream()
                          .filter(c -> c.ip().filter(network::contains).isPresent())
                          .findFirst()
                          .or(() -> node.addresses().stream().findFirst())
                          .equals(node.address()));
      if (explains) {
        return network.name();
      }
    }
    return null;
  }

  /** A node whose selected address is its first, as that of a topology is. */
  private static PeerNode chosenFirst(PeerNode node) {
    PeerAddress address = node.address().orElse(null);
    if (address == null || node.addresses().indexOf(address) == 0) {
      return node;
    }
    List<PeerAddress> candidates = new ArrayList<>(node.addresses());
    candidates.remove(address);
    candidates.add(0, address);
    return PeerNode.builder(node.id())
        .addresses(candidates)
        .settings(node.settings())
        .labels(node.labels())
        .suspect(node.suspect())
        .build();
  }
}
