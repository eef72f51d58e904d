/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import magpie.peers.PeerAddress;
import magpie.peers.PeerId;
import magpie.peers.text.Quote;
import magpie.peers.topology.YamlEvents.Kind;
import magpie.peers.topology.yaml.Code;
import magpie.peers.topology.yaml.Problems;
import magpie.peers.topology.yaml.YamlText;
import org.jspecify.annotations.Nullable;

/** Reads the nodes of a file, each into a draft, and remembers where it found them. */
final class NodeReader {
  private static final String SOURCE = "topology";
  private static final List<String> NODE_KEYS =
      List.of("hostname", "addresses", "candidates", "labels", "settings", "state");
  private static final List<String> CANDIDATE_KEYS = List.of("address", "source");
  private static final List<String> STATES = List.of("present", "suspect", "departed");

  private final YamlFields yaml;
  private final YamlEvents events;
  private final Problems problems;
  private final YamlText text;
  private final TextsReader texts;
  private final Drafts drafts;
  private final FirstOccurrences<String> ids = new FirstOccurrences<>(0);
  private final List<@Nullable PeerAddress> candidates = new ArrayList<>();

  NodeReader(
      YamlFields yaml,
      YamlEvents events,
      Problems problems,
      YamlText text,
      TextsReader texts,
      Drafts drafts) {
    this.yaml = yaml;
    this.events = events;
    this.problems = problems;
    this.text = text;
    this.texts = texts;
    this.drafts = drafts;
  }

  void read() {
    if (!yaml.is(Kind.MAPPING, "a mapping of peer ids to nodes")) {
      return;
    }
    while (events.next() != Kind.END) {
      if (events.kind() != Kind.SCALAR) {
        yaml.noKey();
        continue;
      }
      String id = events.value();
      yaml.enter(id);
      node(id);
      yaml.leave();
    }
  }

  private void node(String written) {
    PeerId id = null;
    try {
      id = PeerId.of(written);
    } catch (IllegalArgumentException e) {
      yaml.problem(Code.BAD_ID, e.getMessage(), "choose another id");
    }
    int first = ids.add(written);
    if (first >= 0) {
      yaml.problem(
          Code.DUPLICATE_ID,
          "expected every node once, found "
              + Quote.of(written)
              + " again; it is first at "
              + text.locate(drafts.ids.get(first)),
          "give one of the two another id, or remove it");
    }
    drafts.ids.add(events.place());
    NodeDraft draft = new NodeDraft(id, written, first >= 0);
    int faults = yaml.faults();
    drafts.nodes.add(draft);
    candidates.clear();
    draft.firstPlace = drafts.addresses.count();
    events.next();
    if (yaml.is(Kind.MAPPING, "a mapping with the keys of a node")) {
      yaml.fields(
          NODE_KEYS,
          List.of(),
          events.place(),
          key -> {
            switch (key) {
              case "hostname" -> draft.hostname = hostname();
              case "addresses" -> addresses(draft);
              case "candidates" -> observed(draft);
              case "labels" -> draft.labels = texts.read("labels");
              case "settings" -> draft.settings = texts.read("settings");
              default ->
                  draft.state =
                      Objects.requireNonNullElse(
                          yaml.word("present, suspect or departed", STATES), draft.state);
            }
          });
    }
    if (draft.observed && (draft.declared || draft.hostname != null)) {
      problems.add(
          Code.BAD_VALUE,
          drafts.ids.get(drafts.ids.count() - 1),
          "expected either candidates or addresses and a host name, found both",
          yaml.path(),
          "list the addresses and the host name among the candidates, or remove those");
    }
    draft.faulty = yaml.faults() > faults;
    draft.addressCount = candidates.size();
    if (draft.hostname != null) {
      candidates.add(PeerAddress.of(draft.hostname, "hostname"));
    }
    draft.candidates =
        draft.faulty
            ? Collections.unmodifiableList(new ArrayList<>(candidates))
            : List.copyOf(candidates);
  }

  private @Nullable String hostname() {
    String written = yaml.text("a host name", true);
    if (written != null && !TopologyText.isHostName(written)) {
      boolean address = PeerAddress.of(written, SOURCE).ip().isPresent();
      int colon = written.lastIndexOf(':');
      boolean port = colon > 0 && TopologyText.isHostName(written.substring(0, colon));
      yaml.problem(
          Code.BAD_HOSTNAME,
          address
              ? "expected a host name, found the address " + written
              : "expected a host name (1 to 253 ASCII letters, digits, '-', '_', in parts of at"
                  + " most 63 with dots between them, the last not all digits), found "
                  + Quote.of(written)
                  + (port ? "; ports do not belong here" : ""),
          address
              ? "list it under \"addresses\""
              : port
                  ? "write " + Quote.of(written.substring(0, colon)) + " alone"
                  : "correct the host name");
      return null;
    }
    return written;
  }

  private void addresses(NodeDraft draft) {
    // A second list (which is reported) replaces the first, as the places must match.
    candidates.clear();
    draft.firstPlace = drafts.addresses.count();
    draft.declared = true;
    if (!yaml.is(Kind.LIST, "a list of addresses such as [192.0.2.11/24]")) {
      return;
    }
    for (int i = 0; events.next() != Kind.END; i++) {
      yaml.enter(i);
      drafts.addresses.add(events.place());
      candidates.add(address());
      yaml.leave();
    }
  }

  private @Nullable PeerAddress address() {
    String written = yaml.text("an address such as 192.0.2.11/24", false);
    if (written == null) {
      return null;
    }
    PeerAddress candidate = PeerAddress.of(written, SOURCE);
    if (candidate.ip().isEmpty()) {
      yaml.problem(
          Code.BAD_ADDRESS,
          "expected an address such as 192.0.2.11/24, found "
              + Quote.of(written)
              + ", "
              + candidate.note().orElse("no IP address"),
          TopologyText.isHostName(written)
              ? "write \"hostname: " + written + "\" instead, if this is a host name"
              : "correct the address");
      return null;
    }
    return candidate;
  }

  /**
   * Reads observed addresses of the node: addresses and host names in the order and with the
   * sources that they had there. Unlike declared addresses they may be shared by nodes, as the
   * address of a service is, and may be no addresses at all: that is how they were seen.
   */
  private void observed(NodeDraft draft) {
    candidates.clear();
    draft.firstPlace = drafts.addresses.count();
    draft.observed = true;
    if (!yaml.is(Kind.LIST, "a list such as [{ address: 192.0.2.11, source: topology }]")) {
      return;
    }
    for (int i = 0; events.next() != Kind.END; i++) {
      yaml.enter(i);
      long[] place = {events.place()};
      @Nullable String[] written = new @Nullable String[CANDIDATE_KEYS.size()];
      if (yaml.is(Kind.MAPPING, "a mapping with the keys address and source")) {
        yaml.fields(
            CANDIDATE_KEYS,
            CANDIDATE_KEYS,
            place[0],
            key -> {
              int index = CANDIDATE_KEYS.indexOf(key);
              place[0] = index == 0 ? events.place() : place[0];
              written[index] = notEmpty(index == 0 ? "an address or a host name" : "a source");
            });
      }
      drafts.addresses.add(place[0]);
      String address = written[0];
      String source = written[1];
      candidates.add(address == null || source == null ? null : PeerAddress.of(address, source));
      yaml.leave();
    }
  }

  private @Nullable String notEmpty(String expected) {
    String written = yaml.text(expected, true);
    if (written != null && written.isEmpty()) {
      yaml.problem(
          Code.BAD_VALUE, "expected " + expected + ", found an empty text", "write " + expected);
      return null;
    }
    return written;
  }
}
