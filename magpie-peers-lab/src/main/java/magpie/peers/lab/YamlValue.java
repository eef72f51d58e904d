/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.lab;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import magpie.peers.lab.Diagnostics.Place;
import magpie.peers.text.Quote;
import magpie.peers.topology.yaml.Code;
import magpie.peers.topology.yaml.NamedFile;
import magpie.peers.topology.yaml.YamlText;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.common.ScalarStyle;
import org.snakeyaml.engine.v2.composer.Composer;
import org.snakeyaml.engine.v2.events.CollectionEndEvent;
import org.snakeyaml.engine.v2.events.CollectionStartEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;
import org.snakeyaml.engine.v2.parser.ParserImpl;
import org.snakeyaml.engine.v2.scanner.StreamReader;
import org.snakeyaml.engine.v2.schema.CoreSchema;

/**
 * A value in a YAML file of another tool, with its place.
 *
 * <p>Other tools read YAML 1.1 and use what a topology must not: aliases and merge keys mean here
 * what they mean there. Scalars keep their written text; null is as in a topology. What only runs
 * inside the other tool (templates, vault, tags) is {@linkplain #foreign() foreign}: the code that
 * uses the value decides what that means.
 */
final class YamlValue {
  private static final int DEEPEST = YamlText.DEEPEST;

  private static final String STANDARD = "tag:yaml.org,2002:";

  private final Node node;
  private final Document document;

  private YamlValue(Node node, Document document) {
    this.node = node;
    this.document = document;
  }

  /**
   * What all values of a file share.
   *
   * @param fields the fields of each mapping, found once: 50 aliases can name one 2^25 times
   */
  private record Document(Diagnostics diagnostics, Map<Node, Map<String, Field>> fields) {}

  /**
   * Reads a document; errors are added to the diagnostics.
   *
   * @param tags whether values may have tags that mean something to the other tool; else they are
   *     refused
   * @return the root, or null where there is none or it cannot be read
   */
  static @Nullable YamlValue read(Diagnostics diagnostics, boolean tags) {
    if (!diagnostics.checkYaml()) {
      return null;
    }
    LoadSettings settings =
        LoadSettings.builder()
            .setCodePointLimit(NamedFile.LONGEST)
            .setUseMarks(true)
            .setSchema(new CoreSchema())
            .build();
    Events events = new Events(settings, diagnostics);
    try {
      Node root = new Composer(settings, events).getSingleNode().orElse(null);
      if (root == null || events.tooDeep) {
        return null;
      }
      YamlValue value = new YamlValue(root, new Document(diagnostics, new IdentityHashMap<>()));
      if (!tags) {
        value.visit(YamlValue::refuseTag);
      }
      return value;
    } catch (YamlEngineException | IllegalArgumentException | IndexOutOfBoundsException e) {
      if (!events.tooDeep) {
        diagnostics.syntax(e, events.understood);
      }
      return null;
    }
  }

  /** The events of a document, which says where it is and ends where values are too deep. */
  private static final class Events extends ParserImpl {
    private final Diagnostics diagnostics;
    private long understood;
    private int depth;
    private boolean tooDeep;

    Events(LoadSettings settings, Diagnostics diagnostics) {
      super(settings, new StreamReader(settings, diagnostics.text().reader()));
      this.diagnostics = diagnostics;
    }

    @Override
    public Event next() {
      Event event = super.next();
      understood =
          event.getStartMark().map(mark -> YamlText.place(mark.getIndex(), 1)).orElse(understood);
      depth += event instanceof CollectionStartEvent ? 1 : 0;
      depth -= event instanceof CollectionEndEvent ? 1 : 0;
      if (depth > DEEPEST) {
        tooDeep = true;
        diagnostics.error(
            Code.TOO_DEEP.toString(),
            place(event.getStartMark(), 1),
            "expected at most " + DEEPEST + " lists and mappings in each other, found one more",
            "",
            "correct the nesting");
        throw new YamlEngineException("too deep");
      }
      return event;
    }
  }

  private static Place place(Optional<Mark> mark, int length) {
    return mark.map(m -> new Place(m.getLine() + 1, m.getColumn() + 1, length))
        .orElse(new Place(1, 1, 1));
  }

  private void refuseTag() {
    if (tagged()) {
      boolean vault = vault();
      document.diagnostics.error(
          vault ? "vault" : "tag",
          place(),
          vault
              ? "expected a value, found one encrypted by vault"
              : "expected a plain value, found the tag " + Quote.of(node.getTag().getValue()),
          "",
          vault ? "decrypt it into a copy, or remove it from the copy" : "write the value itself");
    }
  }

  /** Visits this value and all that are in it, keys too, each once. */
  void visit(Consumer<YamlValue> visitor) {
    visit(visitor, Collections.newSetFromMap(new IdentityHashMap<>()));
  }

  private void visit(Consumer<YamlValue> visitor, Set<Node> seen) {
    if (!seen.add(node)) {
      return;
    }
    visitor.accept(this);
    if (node instanceof SequenceNode list) {
      list.getValue().forEach(item -> new YamlValue(item, document).visit(visitor, seen));
    } else if (node instanceof MappingNode map) {
      for (NodeTuple tuple : map.getValue()) {
        new YamlValue(tuple.getKeyNode(), document).visit(visitor, seen);
        new YamlValue(tuple.getValueNode(), document).visit(visitor, seen);
      }
    }
  }

  /** Whether a tag is written; text such as {@code ${HOME}} has one that the reader made up. */
  private boolean tagged() {
    return !node.getTag().getValue().startsWith(STANDARD) && !node.getTag().equals(Tag.ENV_TAG);
  }

  private boolean vault() {
    return node.getTag().getValue().startsWith("!vault");
  }

  /** In words, what about this value only the other tool can read; empty where nothing is. */
  Optional<String> foreign() {
    if (tagged()) {
      return Optional.of(
          vault() ? "a value encrypted by vault" : "the tag " + node.getTag().getValue());
    }
    return node instanceof ScalarNode scalar ? template(scalar.getValue()) : Optional.empty();
  }

  /** In words, the template that a text has. */
  static Optional<String> template(String text) {
    for (String opening : List.of("{{", "{%")) {
      int at = text.indexOf(opening);
      if (at >= 0) {
        int end = text.indexOf(opening.equals("{{") ? "}}" : "%}", at);
        return Optional.of(
            "the template " + Quote.of(end < 0 ? text.substring(at) : text.substring(at, end + 2)));
      }
    }
    return Optional.empty();
  }

  Place place() {
    int length =
        node instanceof ScalarNode scalar
                && scalar.getScalarStyle() == ScalarStyle.PLAIN
                && scalar.getValue().indexOf('\n') < 0
            ? Math.max(1, scalar.getValue().codePointCount(0, scalar.getValue().length()))
            : 1;
    return place(node.getStartMark(), length);
  }

  boolean isMapping() {
    return node instanceof MappingNode;
  }

  boolean isNull() {
    return node instanceof ScalarNode && node.getTag().equals(Tag.NULL);
  }

  /** The text of a scalar that is not null, else null. */
  @Nullable String text() {
    return node instanceof ScalarNode scalar && !isNull() ? scalar.getValue() : null;
  }

  List<YamlValue> items() {
    return node instanceof SequenceNode list
        ? list.getValue().stream().map(item -> new YamlValue(item, document)).toList()
        : List.of();
  }

  /** In words what this is. */
  String found() {
    if (isNull()) {
      return "nothing";
    }
    return node instanceof ScalarNode scalar
        ? "the text " + Quote.of(scalar.getValue())
        : isMapping() ? "a mapping" : "a list";
  }

  /** A field of a mapping, with its key. */
  record Field(String key, Place place, YamlValue value) {}

  /** The fields of a mapping, those of its merge keys behind its own; none for anything else. */
  Map<String, Field> fields() {
    if (!(node instanceof MappingNode map)) {
      return Map.of();
    }
    Map<String, Field> known = document.fields.get(node);
    if (known != null) {
      return known;
    }
    Map<String, Field> fields = new LinkedHashMap<>();
    // Known from now on, so that a mapping which merges itself does not loop.
    document.fields.put(node, Collections.unmodifiableMap(fields));
    List<YamlValue> merged = new ArrayList<>();
    for (NodeTuple tuple : map.getValue()) {
      YamlValue key = new YamlValue(tuple.getKeyNode(), document);
      YamlValue value = new YamlValue(tuple.getValueNode(), document);
      if (!(tuple.getKeyNode() instanceof ScalarNode scalar)) {
        document.diagnostics.error(
            "wrong-type", key.place(), "expected a key, found " + key.found(), "", "write a text");
        continue;
      }
      String name = scalar.getValue();
      if (name.equals("<<") && scalar.getScalarStyle() == ScalarStyle.PLAIN) {
        merged.add(value);
        continue;
      }
      Field before = fields.putIfAbsent(name, new Field(name, key.place(), value));
      if (before != null) {
        document.diagnostics.error(
            "duplicate-key",
            key.place(),
            "expected every key once, found "
                + Quote.of(name)
                + " again; it is first at "
                + before.place().line()
                + ":"
                + before.place().column(),
            "",
            "remove one of the two");
      }
    }
    for (YamlValue value : merged) {
      List<YamlValue> all = new ArrayList<>(List.of(value));
      all.addAll(value.items());
      for (YamlValue one : all) {
        List.copyOf(one.fields().values()).forEach(field -> fields.putIfAbsent(field.key(), field));
      }
    }
    return fields;
  }

  /** Whether this is the same place in the file, perhaps by an alias. */
  @Override
  @SuppressWarnings("ReferenceEquality") // equal nodes may stand in two places
  public boolean equals(@Nullable Object object) {
    return object instanceof YamlValue other && node == other.node;
  }

  @Override
  public int hashCode() {
    return System.identityHashCode(node);
  }
}
