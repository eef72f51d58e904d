/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import magpie.peers.Cidr;
import magpie.peers.Network;
import magpie.peers.PeerAddress;
import magpie.peers.text.Quote;
import magpie.peers.topology.Topology.SelfRule;
import magpie.peers.topology.YamlEvents.Kind;
import magpie.peers.topology.yaml.Code;
import magpie.peers.topology.yaml.Problems;
import magpie.peers.topology.yaml.YamlText;
import org.jspecify.annotations.Nullable;

/** Reads the document of a topology file section by section, and says what it comes to. */
final class DocumentReader {
  private static final String SOURCE = "topology";

  private static final List<String> ROOT_KEYS =
      List.of(
          "version", "name", "application", "networks", "defaults", "self", "exchange", "nodes");
  private static final List<String> NETWORK_KEYS = List.of("cidrs");
  private static final List<String> DEFAULTS_KEYS = List.of("network", "labels", "settings");
  private static final List<String> SELF_RULES = List.of("env", "hostname", "address");

  private final YamlText text;
  private final Problems problems;
  private final YamlEvents events;
  private final YamlFields yaml;
  private final TextsReader texts;

  private String name = "";
  private @Nullable String application;
  private final DeclaredNetworks networks = new DeclaredNetworks();
  private final Defaults defaults = new Defaults();
  private List<SelfRule> self = List.of(SelfRule.values());
  private @Nullable String exchange;
  private final Drafts drafts = new Drafts();

  DocumentReader(YamlText text, int size, Problems problems) {
    this.text = text;
    this.problems = problems;
    this.events = new YamlEvents(text, size, problems);
    this.yaml = new YamlFields(text, events, problems);
    this.texts = new TextsReader(yaml, events, problems);
  }

  /** Reads the document and checks it; returns false if there is none. */
  boolean read() {
    try {
      Kind root = events.begin();
      if (root == Kind.NOTHING || (root == Kind.SCALAR && events.isNull())) {
        return events.endWithoutTopology();
      }
      if (yaml.is(Kind.MAPPING, "a mapping with the keys version, name and nodes")) {
        root();
        new References(text, problems, networks, defaults, application, drafts).check();
      }
      events.end();
    } catch (YamlEvents.Stopped reported) {
      return true;
    } finally {
      events.reportAliases();
    }
    return true;
  }

  private void root() {
    NodeReader nodes = new NodeReader(yaml, events, problems, text, texts, drafts);
    Set<String> misspelt =
        yaml.fields(
            ROOT_KEYS,
            List.of("version", "name", "nodes"),
            events.place(),
            key -> {
              switch (key) {
                case "version" -> version();
                case "name" -> name = Objects.requireNonNullElse(name(), "");
                case "application" -> application = name();
                case "networks" -> networks();
                case "defaults" -> defaults();
                case "self" -> self();
                case "exchange" -> exchange();
                default -> nodes.read();
              }
            });
    if (misspelt.contains("networks")) {
      networks.namesUnknown();
    }
  }

  private void version() {
    if (events.kind() == Kind.SCALAR && events.isNumber()) {
      if (!events.value().equals("1")) {
        yaml.problem(
            Code.UNSUPPORTED_VERSION,
            "expected version 1, found version " + events.value(),
            "write \"version: 1\", or use a release that knows this version");
      }
    } else if (events.kind() != Kind.FAULT) {
      yaml.wrongType("the number 1", "write \"version: 1\"");
    }
  }

  private @Nullable String name() {
    String written = yaml.text("a name", true);
    if (written != null && !Network.isName(written)) {
      badName(written, events.place());
      return null;
    }
    return written;
  }

  private void badName(String written, long place) {
    problems.add(
        Code.BAD_NAME,
        place,
        "expected a name (1 to 63 ASCII letters, digits, '.', '-', '_', beginning with a letter),"
            + " found "
            + Quote.of(written),
        yaml.path(),
        "choose another name");
  }

  private void networks() {
    if (!yaml.is(Kind.MAPPING, "a mapping of names to networks")) {
      networks.namesUnknown();
      return;
    }
    yaml.entries(
        (network, place, first) -> {
          if (!Network.isName(network)) {
            badName(network, place);
            networks.namesUnknown();
          }
          networks.add(network);
          int faults = yaml.faults();
          int correctable = 0;
          if (yaml.is(Kind.MAPPING, "a mapping with the key cidrs")) {
            int[] hostBits = new int[1];
            yaml.fields(
                NETWORK_KEYS, NETWORK_KEYS, place, key -> hostBits[0] += cidrs(network, first));
            correctable = hostBits[0];
          }
          if (yaml.faults() > faults + correctable) {
            networks.cidrsUnknown();
          }
        });
  }

  /** Reads the CIDRs of a network; returns how many faults are known well enough to go on. */
  private int cidrs(String network, boolean first) {
    int understood = 0;
    if (!yaml.is(Kind.LIST, "a list of networks such as [192.0.2.0/24]")) {
      return understood;
    }
    long list = events.place();
    int count = 0;
    for (; events.next() != Kind.END; count++) {
      yaml.enter(count);
      String written = yaml.text("a network such as 192.0.2.0/24", false);
      if (written != null) {
        Cidr cidr = null;
        try {
          cidr = Cidr.parse(written);
        } catch (IllegalArgumentException e) {
          Optional<Cidr> meant = PeerAddress.of(written, SOURCE).subnet();
          if (meant.isPresent()) {
            yaml.problem(Code.HOST_BITS, e.getMessage(), "write " + meant.get());
            cidr = meant.get();
          } else {
            yaml.problem(
                Code.BAD_CIDR,
                e.getMessage(),
                "write the first address of the network, a slash and the prefix length");
            networks.doubt(written);
          }
          understood++;
        }
        if (cidr != null && first) {
          networks.add(new DeclaredNetworks.Declared(network, cidr, events.place(), yaml.path()));
        }
      }
      yaml.leave();
    }
    if (count == 0) {
      problems.add(
          Code.BAD_VALUE,
          list,
          "expected at least one network, found an empty list",
          yaml.path(),
          "write at least one, such as [192.0.2.0/24]");
    }
    return understood;
  }

  private void defaults() {
    if (!yaml.is(Kind.MAPPING, "a mapping with the keys network, labels and settings")) {
      return;
    }
    yaml.fields(
        DEFAULTS_KEYS,
        List.of(),
        events.place(),
        key -> {
          switch (key) {
            case "network" -> {
              defaults.network = yaml.text("the name of a network", false);
              defaults.networkPlace = events.place();
            }
            case "labels" -> defaults.labels = texts.read("labels");
            default -> defaults.settings = texts.read("settings");
          }
        });
  }

  private void self() {
    if (!yaml.is(Kind.LIST, "a list such as [env, hostname, address]")) {
      return;
    }
    long list = events.place();
    Set<SelfRule> rules = new LinkedHashSet<>();
    int count = 0;
    for (; events.next() != Kind.END; count++) {
      yaml.enter(count);
      String word = yaml.word("env, hostname or address", SELF_RULES);
      if (word != null && !rules.add(SelfRule.valueOf(word.toUpperCase(Locale.ROOT)))) {
        yaml.problem(
            Code.BAD_VALUE,
            "expected each way once, found " + word + " again",
            "remove one of them");
      }
      yaml.leave();
    }
    if (count == 0) {
      problems.add(
          Code.BAD_VALUE,
          list,
          "expected at least one of env, hostname, address, found an empty list",
          yaml.path(),
          "remove the key; all three are the default");
    }
    self = List.copyOf(rules);
  }

  private void exchange() {
    String written = yaml.text("a directory", true);
    if (written != null && (written.isEmpty() || written.indexOf('\0') >= 0)) {
      yaml.problem(
          Code.BAD_VALUE,
          "expected a directory, found " + Quote.of(written),
          "write a directory such as ./bench.d, or remove the key");
      return;
    }
    exchange = written;
  }

  /** Returns what the file says; nothing was wrong with it. */
  Topology topology() {
    Network preferred = null;
    List<Network> all = networks.toNetworks();
    for (Network network : all) {
      preferred = network.name().equals(defaults.network) ? network : preferred;
    }
    return new Topology(
        name,
        Objects.requireNonNullElse(application, name),
        all,
        Optional.ofNullable(defaults.network),
        self,
        Optional.ofNullable(exchange),
        defaults.complete(drafts, preferred));
  }
}
