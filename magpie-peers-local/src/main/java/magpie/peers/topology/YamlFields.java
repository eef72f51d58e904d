/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import magpie.peers.text.Quote;
import magpie.peers.topology.YamlEvents.Kind;
import magpie.peers.topology.yaml.Code;
import magpie.peers.topology.yaml.Problems;
import magpie.peers.topology.yaml.SyntaxErrors;
import magpie.peers.topology.yaml.YamlText;
import org.jspecify.annotations.Nullable;

/**
 * The shapes that values of a topology have: text, one word of a few, a list, a mapping of known
 * keys or of names. What has another shape is reported with the path that leads to it.
 */
final class YamlFields {
  private final YamlText text;
  private final YamlEvents events;
  private final Problems problems;
  private final List<Object> path = new ArrayList<>();

  YamlFields(YamlText text, YamlEvents events, Problems problems) {
    this.text = text;
    this.events = events;
    this.problems = problems;
  }

  /** Reads the value of a known key, on which the cursor stands. */
  interface Field {
    void read(String key);
  }

  /** Reads a mapping of keys that this format knows; returns those that were misspelt. */
  Set<String> fields(List<String> known, List<String> required, long at, Field field) {
    long[] places = new long[known.size()];
    Arrays.fill(places, -1);
    Set<String> misspelt = Set.of();
    while (events.next() != Kind.END) {
      if (events.kind() != Kind.SCALAR) {
        noKey();
        continue;
      }
      String key = events.value();
      long place = events.place();
      path.add(key);
      int index = known.indexOf(key);
      if (index >= 0) {
        if (places[index] >= 0) {
          duplicateKey(key, place, places[index]);
        } else {
          places[index] = place;
        }
        events.next();
        field.read(key);
      } else {
        events.next();
        if (!key.startsWith("x-") && !events.anchored()) {
          Optional<String> meant = unknownKey(key, place, known);
          if (meant.isPresent()) {
            misspelt = misspelt.isEmpty() ? new HashSet<>() : misspelt;
            misspelt.add(meant.get());
          }
        }
        events.skip();
      }
      leave();
    }
    for (String key : required) {
      if (places[known.indexOf(key)] < 0 && !misspelt.contains(key)) {
        missingKey(key, at);
      }
    }
    return misspelt;
  }

  private void missingKey(String key, long at) {
    problems.add(
        Code.MISSING_KEY,
        at,
        "expected the key " + Quote.of(key) + ", found none",
        path(),
        switch (key) {
          case "version" -> "add \"version: 1\"";
          case "name" -> "add \"name: NAME\"";
          case "address" -> "add \"address: ADDRESS\" with an address or a host name";
          case "source" -> "add \"source: SOURCE\" with the place that the address is from";
          case "cidrs" -> "add \"cidrs: [192.0.2.0/24]\" with the networks that it is made of";
          default -> "add \"nodes:\" with a mapping of peer ids to nodes";
        });
  }

  private Optional<String> unknownKey(String key, long place, List<String> known) {
    Optional<String> meant = Quote.nearest(key, known);
    int colon = key.indexOf(':');
    String fix =
        meant.isPresent()
            ? "write " + Quote.of(meant.get())
            : key.equals("<<")
                ? "write the keys out, or put what nodes share under \"defaults\"; YAML 1.2 has no"
                    + " merge key"
                : colon > 0 && known.contains(key.substring(0, colon))
                    ? "write a blank behind the colon"
                    : "remove it, or let its name begin with \"x-\" to keep it as a note";
    problems.add(
        Code.UNKNOWN_KEY,
        place,
        "expected one of " + String.join(", ", known) + ", found the key " + Quote.of(key),
        path(),
        fix);
    return meant.or(
        () -> colon > 0 ? Optional.of(key.substring(0, colon)) : Optional.<String>empty());
  }

  private void duplicateKey(String key, long place, long first) {
    problems.add(
        Code.DUPLICATE_KEY,
        place,
        "expected every key once, found "
            + Quote.of(key)
            + " again; it is first at "
            + text.locate(first),
        path(),
        "remove one of the two");
  }

  /** Skips a key that is a list, a mapping or a fault, with its value. */
  void noKey() {
    if (events.kind() != Kind.FAULT) {
      wrongType("a key", "write the key as plain text");
    }
    events.skip();
    events.next();
    events.skip();
  }

  /** Reads one entry, whose value the cursor stands on. */
  interface Entry {
    void read(String key, long place, boolean first);
  }

  /** Reads a mapping whose keys are names. */
  void entries(Entry entry) {
    FirstOccurrences<String> seen = new FirstOccurrences<>(0);
    Places places = new Places();
    while (events.next() != Kind.END) {
      if (events.kind() != Kind.SCALAR) {
        noKey();
        continue;
      }
      String key = events.value();
      long place = events.place();
      path.add(key);
      int first = seen.add(key);
      places.add(place);
      if (first >= 0) {
        duplicateKey(key, place, places.get(first));
      }
      events.next();
      entry.read(key, place, first < 0);
      leave();
    }
  }

  /**
   * Reads text, which must not be a number, true, false or null.
   *
   * @param quotable whether what looks like a number can be meant as text
   */
  @Nullable String text(String expected, boolean quotable) {
    if (events.kind() == Kind.SCALAR && events.isText()) {
      return events.value();
    }
    if (events.kind() != Kind.FAULT) {
      wrongType(
          expected,
          quotable && events.kind() == Kind.SCALAR && !events.isNull()
              ? "put it in quotes: " + Quote.of(events.value())
              : "write " + expected + ", or remove this");
      events.skip();
    }
    return null;
  }

  @Nullable String word(String expected, List<String> words) {
    String written = text(expected, false);
    if (written == null || words.contains(written)) {
      return written;
    }
    problem(
        Code.BAD_VALUE,
        "expected " + expected + ", found " + Quote.of(written),
        Quote.nearest(written, words)
            .map(meant -> "write " + meant)
            .orElse("write one of " + String.join(", ", words)));
    return null;
  }

  /** Tells whether the cursor stands on such a value; any other value is reported and skipped. */
  boolean is(Kind kind, String expected) {
    if (events.kind() == kind) {
      return true;
    }
    if (events.kind() != Kind.FAULT) {
      wrongType(
          expected,
          kind == Kind.MAPPING
              ? "write its keys below it, or {} for none"
              : events.kind() == Kind.SCALAR && !events.isNull()
                  ? "write a list: [" + Quote.of(events.value()) + "]"
                  : "write a list, or remove the key");
      events.skip();
    }
    return false;
  }

  /** How many faults there are so far. What has a fault is not used to find others. */
  int faults() {
    return problems.errors() + events.faults();
  }

  void wrongType(String expected, String fix) {
    Optional<String> address =
        events.kind() == Kind.MAPPING
            ? SyntaxErrors.bareAddress(text, events.place())
            : Optional.empty();
    problem(
        Code.WRONG_TYPE,
        "expected "
            + expected
            + ", found "
            + address
                .map(bare -> bare + " without quotes, which YAML takes for a key")
                .orElseGet(events::found),
        address.map(bare -> "put it in quotes: " + Quote.of(bare)).orElse(fix));
  }

  void problem(Code code, @Nullable String message, String fix) {
    problems.add(code, events.place(), String.valueOf(message), path(), fix);
  }

  /** Goes to a key or an index, which problems from here on have in their path. */
  void enter(Object part) {
    path.add(part);
  }

  /** Leaves what was entered last. */
  void leave() {
    path.remove(path.size() - 1);
  }

  String path() {
    StringBuilder out = new StringBuilder();
    for (Object part : path) {
      if (part instanceof Integer index) {
        out.append('[').append(index.intValue()).append(']');
      } else {
        String key = part.toString();
        out.append(out.length() == 0 ? "" : ".");
        out.append(
            key.isEmpty()
                ? "\"\""
                : key.length() <= TopologyText.LONGEST_KEY ? key : key.substring(0, 60) + "...");
      }
    }
    return out.toString();
  }
}
