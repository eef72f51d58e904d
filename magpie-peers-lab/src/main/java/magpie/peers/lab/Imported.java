/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.lab;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import magpie.peers.Network;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.text.Quote;
import magpie.peers.topology.Problem;
import magpie.peers.topology.Recording;
import magpie.peers.topology.TopologyText;

/**
 * A topology made of a file that another lab tool understands.
 *
 * <pre>{@code
 * Imported bench = Imported.ansible(Path.of("hosts.ini"), "hosts.ini");
 * bench.leftOut().forEach(problem -> System.err.println(problem));
 * bench.write(Path.of("bench.magpie.yaml"));
 * }</pre>
 *
 * <p>Every host of the file is a node of the topology, or is named in {@link #leftOut()}, or the
 * file is refused with the line and the reason: templates, values encrypted by vault, inventory
 * plugins and scripts mean something inside the other tool only. Nothing is run, resolved or looked
 * up.
 *
 * <p>Immutable, and safe for use by many threads.
 */
public final class Imported {
  private final String name;
  private final String origin;
  private final List<Network> networks;
  private final List<PeerNode> nodes;
  private final List<Problem> leftOut;

  private Imported(
      String name,
      String origin,
      List<Network> networks,
      List<PeerNode> nodes,
      List<Problem> leftOut) {
    this.name = name;
    this.origin = origin;
    this.networks = networks;
    this.nodes = nodes;
    this.leftOut = leftOut;
  }

  /** What a reader made of a file; no two nodes have one id. */
  record Content(String name, List<Network> networks, List<PeerNode> nodes) {
    Imported imported(String shown, Diagnostics diagnostics) {
      diagnostics.refuse();
      List<PeerNode> ordered = new ArrayList<>(nodes);
      ordered.sort(Comparator.comparing(PeerNode::id));
      List<String> omitted = new ArrayList<>();
      new TopologyText(List.of(), name, null, networks, null, ordered).print(omitted::add);
      List<Problem> leftOut = new ArrayList<>(diagnostics.leftOut());
      omitted.forEach(
          what ->
              leftOut.add(
                  new Problem(
                      Problem.Severity.WARNING,
                      "not-carried-over",
                      what,
                      shown,
                      0,
                      0,
                      1,
                      "",
                      "",
                      "")));
      return new Imported(name, shown, networks, List.copyOf(ordered), List.copyOf(leftOut));
    }
  }

  /**
   * Imports a static Ansible inventory, in the form of INI or of YAML.
   *
   * <p>Hosts become nodes; ranges such as {@code web[01:20]} are written out. {@code ansible_host}
   * becomes the address or host name, else the name of the host does. Groups become labels: {@code
   * group} names those that list the host itself, and {@code group.NAME} is {@code true} for these
   * and all above them. Other variables become settings, where those of a host override those of
   * its groups and those of an inner group override those of an outer; {@code ansible_*} is left
   * out.
   *
   * @param file the inventory
   * @param shown the file as the user named it, for messages
   * @return the topology
   * @throws magpie.peers.topology.MalformedTopologyException if the file cannot be imported; every
   *     reason is given with its line
   */
  public static Imported ansible(Path file, String shown) {
    Objects.requireNonNull(file, "file");
    Objects.requireNonNull(shown, "shown");
    Diagnostics diagnostics =
        Diagnostics.of(file, shown, "an Ansible inventory", AnsibleInventory::isComment);
    refuseOthers(file, diagnostics);
    for (String beside : List.of("group_vars", "host_vars")) {
      if (Files.exists(file.resolveSibling(beside))) {
        diagnostics.leaveOut(
            beside + " beside the file",
            "its variables are not read: import what ansible-inventory -i FILE --list --yaml prints",
            new Diagnostics.Place(1, 1, 1));
      }
    }
    return AnsibleInventory.read(shown, diagnostics).imported(shown, diagnostics);
  }

  /** Refuses what Ansible would not read as text. */
  private static void refuseOthers(Path file, Diagnostics diagnostics) {
    String line = diagnostics.firstLine();
    if (line.startsWith("#!") && Files.isExecutable(file)) {
      diagnostics.error(
          "script",
          Diagnostics.Place.in(1, line, null),
          "expected a static inventory, found a script, which Ansible runs to get one",
          "",
          "import what it prints: ansible-inventory -i FILE --list --yaml");
    }
    if (String.valueOf(file.getFileName()).endsWith(".toml")) {
      AnsibleInventory.refuseToml(diagnostics, Diagnostics.Place.in(1, line, null), null);
    }
    diagnostics.refuse();
  }

  /**
   * Imports a containerlab topology, or the Ansible inventory that containerlab generates.
   *
   * <p>Nodes become nodes, with the name of their container as host name and their management
   * addresses; the management network becomes a network. Labels become labels, as do {@code kind},
   * {@code group} and {@code type}; what kinds, groups and defaults say applies to their nodes.
   * Bridges and the host itself are no nodes, and links have no place in a topology: they are named
   * in {@link #leftOut()}.
   *
   * @param file the file
   * @param shown the file as the user named it, for messages
   * @return the topology
   * @throws magpie.peers.topology.MalformedTopologyException if the file cannot be imported; every
   *     reason is given with its line
   */
  public static Imported containerlab(Path file, String shown) {
    Objects.requireNonNull(file, "file");
    Objects.requireNonNull(shown, "shown");
    Diagnostics diagnostics =
        Diagnostics.of(file, shown, "a containerlab topology", first -> false);
    return ContainerlabTopology.read(shown, diagnostics).imported(shown, diagnostics);
  }

  /**
   * Returns this topology with another name; by default that of the lab, or of the file.
   *
   * @param bench the name: 1 to 63 ASCII letters, digits, dots, hyphens and underscores, beginning
   *     with a letter
   * @return a new topology
   * @throws IllegalArgumentException if it is no such name
   */
  public Imported name(String bench) {
    if (!Network.isName(bench)) {
      throw new IllegalArgumentException(
          "expected a name (1 to 63 ASCII letters, digits, '.', '-', '_', beginning with a letter),"
              + " found "
              + Quote.of(bench));
    }
    return new Imported(bench, origin, networks, nodes, leftOut);
  }

  /**
   * Returns the ids of the nodes.
   *
   * @return the ids in their order; unmodifiable
   */
  public List<PeerId> ids() {
    return nodes.stream().map(PeerNode::id).toList();
  }

  /**
   * Returns what the file says and a topology cannot hold.
   *
   * @return warnings with their places, each kind of thing once, in the order of the file;
   *     unmodifiable
   */
  public List<Problem> leftOut() {
    return leftOut;
  }

  /**
   * Returns the topology file.
   *
   * @return the text, of the form that {@code magpie-peers check} accepts
   */
  public String text() {
    return topology().print(omitted -> {});
  }

  /**
   * Writes the topology file as a whole, as {@link Recording#write} does.
   *
   * @param file the file; its directory must be there
   * @return whether anything was written
   * @throws magpie.peers.SourceUnavailableException as {@link Recording#write} does
   */
  public boolean write(Path file) {
    return topology().write(file);
  }

  private TopologyText topology() {
    return new TopologyText(List.of("Imported from " + origin), name, null, networks, null, nodes);
  }

  /** A name that a topology can have, made of the name of a file or lab. */
  static String nameOf(String given) {
    String file = given.substring(given.replace('\\', '/').lastIndexOf('/') + 1);
    String stem =
        file.replaceFirst("(\\.hosts)?(\\.clab)?\\.(ya?ml|ini|cfg|txt)$", "")
            .replaceAll("[^A-Za-z0-9._-]", "-");
    String fit = stem.matches("[A-Za-z].*") ? stem : "lab-" + stem;
    String cut = fit.substring(0, Math.min(63, fit.length()));
    return Network.isName(cut) ? cut : "imported";
  }
}
