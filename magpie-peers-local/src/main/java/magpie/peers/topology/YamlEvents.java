/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import magpie.peers.text.Quote;
import magpie.peers.topology.yaml.Code;
import magpie.peers.topology.yaml.Problems;
import magpie.peers.topology.yaml.SyntaxErrors;
import magpie.peers.topology.yaml.YamlText;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.common.ScalarStyle;
import org.snakeyaml.engine.v2.events.CollectionStartEvent;
import org.snakeyaml.engine.v2.events.DocumentStartEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.events.NodeEvent;
import org.snakeyaml.engine.v2.events.ScalarEvent;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.Tag;
import org.snakeyaml.engine.v2.parser.ParserImpl;
import org.snakeyaml.engine.v2.resolver.CoreScalarResolver;
import org.snakeyaml.engine.v2.scanner.StreamReader;

/**
 * A cursor over the values of one YAML document, which takes care of everything that YAML can do
 * and a topology must not: tags, anchors and aliases, depth, size, a second document.
 */
final class YamlEvents {
  /** The longest single value, in characters. */
  static final int LONGEST_VALUE = 1 << 20;

  /** How deep lists and mappings may stand in each other. */
  static final int DEEPEST = YamlText.DEEPEST;

  private static final Set<String> NULLS = Set.of("", "~", "null", "Null", "NULL");
  private static final Set<Tag> NUMBERS = Set.of(Tag.INT, Tag.FLOAT);
  private static final Set<Tag> NO_TEXTS = Set.of(Tag.NULL, Tag.BOOL, Tag.INT, Tag.FLOAT);
  private static final int LONGEST_NUMBER = 100;
  private static final CoreScalarResolver RESOLVER = new CoreScalarResolver(false);

  /** What the cursor stands on. */
  enum Kind {
    /** Text, a number, or nothing at all. */
    SCALAR,
    /** The beginning of a list. */
    LIST,
    /** The beginning of a mapping. */
    MAPPING,
    /** The end of a list or mapping. */
    END,
    /** A value that was reported already, and about which nothing else can be said. */
    FAULT,
    /** No document, or the end of it. */
    NOTHING
  }

  /** Thrown where the rest of the file cannot be read; what is wrong was reported. */
  static final class Stopped extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Stopped() {
      super(null, null, false, false);
    }
  }

  private final YamlText text;
  private final Problems problems;
  private final ParserImpl parser;
  private Kind kind = Kind.NOTHING;
  private String value = "";
  private boolean plain;
  private boolean anchored;
  private long place;
  private int depth;
  private long firstAlias = -1;
  private String firstAliasText = "";
  private int aliases;
  private int faults;

  YamlEvents(YamlText text, int size, Problems problems) {
    this.text = text;
    this.problems = problems;
    LoadSettings settings =
        LoadSettings.builder()
            .setCodePointLimit(Math.max(1, size))
            .setBufferSize(1 << 12)
            .setUseMarks(true)
            .build();
    parser = new ParserImpl(settings, new StreamReader(settings, text.reader()));
  }

  Kind kind() {
    return kind;
  }

  /** The text of a scalar: as written where it is plain, the content where it is quoted. */
  String value() {
    return value;
  }

  /** Where the cursor stands, as {@link YamlText#place} makes it. */
  long place() {
    return place;
  }

  /** Whether the value has an anchor or is an alias. */
  boolean anchored() {
    return anchored;
  }

  boolean isNull() {
    return plain && NULLS.contains(value);
  }

  /** Whether YAML takes the scalar for text rather than a number, true, false or null. */
  boolean isText() {
    return !plain || type().equals(Tag.STR);
  }

  boolean isNumber() {
    return plain && NUMBERS.contains(type());
  }

  /** The type of the core schema of YAML 1.2; most texts show at a glance that they are text. */
  private Tag type() {
    char first = value.isEmpty() ? '~' : value.charAt(0);
    boolean text =
        (first > '9' && "~tTfFnN".indexOf(first) < 0)
            || value.length() > LONGEST_NUMBER
            || value.indexOf('.') != value.lastIndexOf('.')
            || value.indexOf(':') >= 0;
    if (text) {
      return Tag.STR;
    }
    Tag tag = RESOLVER.resolve(value, true);
    return NO_TEXTS.contains(tag) ? tag : Tag.STR;
  }

  /** Tells in words what the cursor stands on. */
  String found() {
    if (kind != Kind.SCALAR) {
      return kind == Kind.LIST ? "a list" : "a mapping";
    }
    if (isText()) {
      return "the text " + Quote.of(value);
    }
    if (isNull()) {
      return value.isEmpty() ? "nothing" : Quote.of(value) + ", which is null";
    }
    return isNumber() ? "the number " + value : value;
  }

  /** Begins the document and stands on its root. */
  Kind begin() {
    take(); // the beginning of the stream
    Event event = take();
    if (event instanceof DocumentStartEvent document) {
      if (!document.getTags().isEmpty()) {
        Map.Entry<String, String> tag = document.getTags().entrySet().iterator().next();
        tag(placeOf(event), tag.getKey());
      }
      return next();
    }
    kind = Kind.NOTHING;
    return kind;
  }

  /**
   * Ends a document without a topology, after its root was read; tells whether another document
   * follows, which is reported.
   */
  boolean endWithoutTopology() {
    if (kind == Kind.NOTHING) {
      return false;
    }
    take(); // the end of the document
    Event event = take();
    if (event instanceof DocumentStartEvent) {
      problems.add(
          Code.SECOND_DOCUMENT,
          YamlText.place((int) (placeOf(event) >>> 32), 3),
          "expected the topology in the first document of the file, found nothing in that, and a"
              + " second document",
          "",
          "keep one \"---\" in the file, in front of the topology, or none");
      return true;
    }
    return false;
  }

  /** Ends the document, after its root was read. */
  void end() {
    take(); // the end of the document
    Event event = take();
    if (event instanceof DocumentStartEvent) {
      problems.add(
          Code.SECOND_DOCUMENT,
          YamlText.place((int) (placeOf(event) >>> 32), 3),
          "expected one topology in the file, found a second document",
          "",
          "remove it or move it to a file of its own");
    }
  }

  /** Reports the anchors and aliases as the one problem that they are. */
  void reportAliases() {
    if (aliases > 0) {
      problems.add(
          Code.ALIAS,
          firstAlias,
          "expected values written out, found "
              + firstAliasText
              + (aliases == 1 ? "" : ", the first of " + aliases + " anchors and aliases"),
          "",
          "write the value out, put what nodes share under \"defaults\", or put the value in quotes"
              + " if it is text");
    }
  }

  /** Moves to the next value, key or end. */
  Kind next() {
    kind = read();
    return kind;
  }

  private Kind read() {
    Event event = take();
    place = placeOf(event);
    anchored = false;
    if (event instanceof ScalarEvent scalar) {
      value = scalar.getValue();
      plain = scalar.getScalarStyle() == ScalarStyle.PLAIN;
      anchor(scalar);
      if (scalar.getTag().isPresent()) {
        tag(place, scalar.getTag().get());
        return fault();
      }
      if (scalar.getScalarStyle() == ScalarStyle.DOUBLE_QUOTED && hasHalf(value)) {
        problems.add(
            Code.BAD_VALUE,
            place,
            "expected whole characters, found the escape of half a surrogate pair",
            "",
            "write both halves, or the character itself");
        return fault();
      }
      if (value.length() > LONGEST_VALUE
          && value.codePointCount(0, value.length()) > LONGEST_VALUE) {
        problems.add(
            Code.TOO_LARGE,
            place,
            "expected a value of at most "
                + LONGEST_VALUE
                + " characters, found one of "
                + value.codePointCount(0, value.length()),
            "",
            "put large values elsewhere and refer to them");
        return fault();
      }
      return Kind.SCALAR;
    }
    if (event instanceof CollectionStartEvent start) {
      anchor(start);
      start.getTag().ifPresent(tag -> tag(place, tag));
      if (++depth > DEEPEST) {
        problems.add(
            Code.TOO_DEEP,
            place,
            "expected at most " + DEEPEST + " lists and mappings in each other, found one more",
            "",
            "topologies need five; correct the nesting");
        throw new Stopped();
      }
      return event.getEventId() == Event.ID.SequenceStart ? Kind.LIST : Kind.MAPPING;
    }
    if (event.getEventId() == Event.ID.Alias) {
      anchored = true;
      alias("the alias ");
      return fault();
    }
    depth--;
    return Kind.END;
  }

  private Kind fault() {
    faults++;
    return Kind.FAULT;
  }

  /** Returns how many values were faults so far. */
  int faults() {
    return faults;
  }

  private static boolean hasHalf(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isHighSurrogate(text.charAt(i))
          && i + 1 < text.length()
          && Character.isLowSurrogate(text.charAt(i + 1))) {
        i++;
      } else if (Character.isSurrogate(text.charAt(i))) {
        return true;
      }
    }
    return false;
  }

  /** Passes over the value that the cursor stands on, so that it stands on its last event. */
  void skip() {
    if (kind == Kind.LIST || kind == Kind.MAPPING) {
      int outside = depth - 1;
      while (depth > outside) {
        next();
      }
    }
  }

  private void anchor(NodeEvent event) {
    if (event.getAnchor().isPresent()) {
      anchored = true;
      alias("the anchor ");
    }
  }

  private void alias(String what) {
    if (aliases++ == 0) {
      YamlText.Position at = text.locate(place);
      String excerpt = at.excerpt();
      int from = excerpt.isEmpty() ? 0 : excerpt.offsetByCodePoints(0, at.column() - 1);
      int to = from;
      while (to < excerpt.length() && " \t,[]{}".indexOf(excerpt.charAt(to)) < 0) {
        to++;
      }
      String word = excerpt.substring(from, to);
      firstAlias = YamlText.place((int) (place >>> 32), word.codePointCount(0, word.length()));
      firstAliasText = what + Quote.of(word);
    }
  }

  private void tag(long at, String tag) {
    new SyntaxErrors(text, problems).tag(at, tag);
  }

  private static long placeOf(Event event) {
    Optional<Mark> start = event.getStartMark();
    Optional<Mark> end = event.getEndMark();
    if (start.isEmpty() || end.isEmpty()) {
      return 0;
    }
    int index = start.get().getIndex();
    return YamlText.place(index, end.get().getIndex() - index);
  }

  private Event take() {
    try {
      return parser.next();
    } catch (YamlEngineException | IllegalArgumentException | IndexOutOfBoundsException e) {
      new SyntaxErrors(text, problems).report(e, place);
      throw new Stopped();
    }
  }
}
