/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import com.fasterxml.jackson.core.JsonParser;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import magpie.peers.IpAddress;
import magpie.peers.PeerAddress;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;

/** What the bag of a unit says about it: which keys are addresses, and which are settings. */
final class Bags {
  /** Where a unit publishes all its addresses, as a versioned list. */
  static final String ADDRESSES = "magpie-addresses";

  /** Where the Python interface publishes IPv4 addresses. */
  static final String IPERF_ADDRESSES = "iperf_addresses";

  /** Keys that Juju writes itself, best address first (docs/juju.md, J5). */
  private static final List<String> ADDRESS_KEYS = List.of("ingress-address", "private-address");

  private static final String EGRESS = "egress-subnets";

  /** The list under our key; a version that we do not know counts as none. */
  private static final Json.Shape<List<String>> VERSIONED_ADDRESSES =
      new Json.Shape<>() {
        @Override
        public List<String> read(JsonParser json) throws IOException {
          String version = "";
          List<String> addresses = List.of();
          for (String name = Json.firstField(json); name != null; name = Json.nextField(json)) {
            switch (name) {
              case "version" -> {
                version = json.getText();
                json.skipChildren();
              }
              case "addresses" -> addresses = Json.textsAmong(json);
              default -> json.skipChildren();
            }
          }
          return version.equals("1") ? addresses : List.of();
        }
      };

  /** The texts in a JSON list. */
  private static final Json.Shape<List<String>> TEXTS_AMONG =
      new Json.Shape<>() {
        @Override
        public List<String> read(JsonParser json) throws IOException {
          return Json.textsAmong(json);
        }
      };

  private Bags() {}

  static PeerNode node(PeerId unit, Map<String, String> bag, boolean suspect) {
    List<PeerAddress> candidates = new ArrayList<>();
    Set<String> seen = new HashSet<>();
    add(candidates, seen, read(bag.get(ADDRESSES), VERSIONED_ADDRESSES), ADDRESSES);
    for (String key : ADDRESS_KEYS) {
      String value = bag.getOrDefault(key, "");
      add(candidates, seen, value.isEmpty() ? List.of() : List.of(value), key);
    }
    // The Python interface lists loopback and whatever else there is; none of it reaches a peer.
    List<String> original = new ArrayList<>();
    for (String text : texts(bag.get(IPERF_ADDRESSES))) {
      if (mayReach(text)) {
        original.add(text);
      }
    }
    add(candidates, seen, original, IPERF_ADDRESSES);
    return PeerNode.builder(unit)
        .addresses(candidates)
        .settings(settings(bag))
        .suspect(suspect)
        .build();
  }

  private static void add(
      List<PeerAddress> candidates, Set<String> seen, List<String> texts, String source) {
    for (String text : texts) {
      PeerAddress candidate = PeerAddress.of(text, source);
      if (seen.add(candidate.text())) {
        candidates.add(candidate);
      }
    }
  }

  private static boolean mayReach(String text) {
    IpAddress ip = PeerAddress.of(text, IPERF_ADDRESSES).ip().orElse(null);
    if (ip == null) {
      return false;
    }
    InetAddress address = ip.toInetAddress();
    return !address.isLoopbackAddress() && !address.isLinkLocalAddress();
  }

  /** The settings among the keys of a bag: all but those that are addresses of Juju or ours. */
  static Map<String, String> settings(Map<String, String> bag) {
    Map<String, String> settings = new TreeMap<>();
    for (Map.Entry<String, String> entry : bag.entrySet()) {
      if (!reserved(entry.getKey())) {
        settings.put(entry.getKey(), entry.getValue());
      }
    }
    return settings;
  }

  private static boolean reserved(String key) {
    return key.equals(ADDRESSES) || key.equals(EGRESS) || ADDRESS_KEYS.contains(key);
  }

  /**
   * How long a key may be as JSON writes it, quotes included: what reads the file that relation-set
   * is given takes no longer one for a key (YAML 1.2, section 7.4.2).
   */
  private static final int LONGEST_KEY = 1024;

  /** Refuses keys that cannot be published, before any tool is launched. */
  static void checkKeys(Collection<String> keys) {
    for (String key : keys) {
      checkLength(key);
      if (reserved(key)) {
        throw new IllegalArgumentException(
            "expected a key of your own, found "
                + Quote.of(key)
                + ", which "
                + (key.equals(ADDRESSES)
                    ? "JujuUnit.publishAddresses() writes"
                    : "Juju writes itself"));
      }
    }
  }

  static void checkLength(String key) {
    if (key.length() < LONGEST_KEY / 6) {
      return;
    }
    // What is written is {"KEY":""}.
    String written = Json.object(Map.of(key, ""));
    int length = written.codePointCount(0, written.length()) - 5;
    if (length > LONGEST_KEY) {
      throw new IllegalArgumentException(
          "expected a key of at most "
              + (LONGEST_KEY - 2)
              + " characters as JSON writes it, found one of "
              + (length - 2)
              + ": "
              + Quote.of(key)
              + "; Juju reads no longer one");
    }
  }

  static String addresses(List<String> addresses) {
    return Json.write(
        json -> {
          json.writeStartObject();
          json.writeNumberField("version", 1);
          json.writeArrayFieldStart("addresses");
          for (String address : addresses) {
            json.writeString(address);
          }
          json.writeEndArray();
          json.writeEndObject();
        });
  }

  /** The texts in a JSON list, or nothing where it is anything else. */
  static List<String> texts(@Nullable String json) {
    return read(json, TEXTS_AMONG);
  }

  /** One peer's bad value must not stop every other unit as the Python interface lets it. */
  private static List<String> read(@Nullable String json, Json.Shape<List<String>> shape) {
    if (json == null) {
      return List.of();
    }
    try {
      return Json.read(json, shape);
    } catch (IOException e) {
      return List.of();
    }
  }
}
