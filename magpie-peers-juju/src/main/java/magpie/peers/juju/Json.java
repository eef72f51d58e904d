/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.SerializableString;
import com.fasterxml.jackson.core.io.CharacterEscapes;
import com.fasterxml.jackson.core.io.SerializedString;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;

/**
 * The JSON of hook tools, streamed: databind would cost a hook as much as all the rest (measured).
 */
final class Json {
  private static final JsonFactory FACTORY = new JsonFactory();

  /**
   * What has to be escaped because hook tools read JSON as YAML: characters that YAML refuses and
   * those that it takes for line ends. All others stay as they are, since an escaped surrogate pair
   * is not YAML.
   */
  private static final class ForYaml extends CharacterEscapes {
    private static final long serialVersionUID = 1L;

    @Override
    public int[] getEscapeCodesForAscii() {
      int[] codes = standardAsciiEscapesForJSON();
      codes[0x7f] = ESCAPE_STANDARD;
      return codes;
    }

    @Override
    public @Nullable SerializableString getEscapeSequence(int c) {
      boolean plain =
          c >= 0xa0 && c != 0x2028 && c != 0x2029 && c != 0xfeff && c != 0xfffe && c != 0xffff;
      return plain ? null : new SerializedString(String.format(Locale.ROOT, "\\u%04x", c));
    }
  }

  private Json() {}

  /** Loads the classes that reading an answer takes, so that the first answer need not wait. */
  static void prepare() {
    try {
      read("[\"\"]", TEXTS);
    } catch (IOException e) {
      throw new UncheckedIOException("a list of one text can be read", e);
    }
  }

  /** Reads one value; the parser stands on its first token. */
  @FunctionalInterface
  interface Shape<T> {
    T read(JsonParser json) throws IOException;
  }

  /** A list of texts; null is an empty one. */
  static final Shape<List<String>> TEXTS =
      new Shape<>() {
        @Override
        public List<String> read(JsonParser json) throws IOException {
          List<String> all = new ArrayList<>();
          if (json.currentToken() == JsonToken.VALUE_NULL) {
            return all;
          }
          expect(json, JsonToken.START_ARRAY);
          while (json.nextToken() != JsonToken.END_ARRAY) {
            all.add(text(json));
          }
          return all;
        }
      };

  /** An object whose values are texts; null is an empty one. */
  static final Shape<Map<String, String>> TEXT_MAP =
      new Shape<>() {
        @Override
        public Map<String, String> read(JsonParser json) throws IOException {
          Map<String, String> all = new LinkedHashMap<>();
          if (json.currentToken() == JsonToken.VALUE_NULL) {
            return all;
          }
          for (String name = firstField(json); name != null; name = nextField(json)) {
            all.put(name, text(json));
          }
          return all;
        }
      };

  /** A text; null is an empty one. */
  static final Shape<String> TEXT =
      new Shape<>() {
        @Override
        public String read(JsonParser json) throws IOException {
          return json.currentToken() == JsonToken.VALUE_NULL ? "" : text(json);
        }
      };

  /** Reads the whole of an answer as one value. */
  static <T> T read(HookTools.Answer answer, String expected, Shape<T> shape) {
    try (JsonParser json = FACTORY.createParser(answer.stdout().toByteArray())) {
      if (json.nextToken() == null) {
        throw answer.unreadable(expected, "nothing");
      }
      T value = shape.read(json);
      if (json.nextToken() != null) {
        throw answer.unreadable(expected, "more behind it: " + shown(answer));
      }
      return value;
    } catch (IOException | IllegalArgumentException e) {
      HookToolException failure = answer.unreadable(expected, shown(answer));
      failure.initCause(e);
      throw failure;
    }
  }

  private static String shown(HookTools.Answer answer) {
    return Quote.of(answer.stdout().toString(StandardCharsets.UTF_8));
  }

  /** Reads a text that is JSON. */
  static <T> T read(String text, Shape<T> shape) throws IOException {
    try (JsonParser json = FACTORY.createParser(text)) {
      json.nextToken();
      T value = shape.read(json);
      if (json.nextToken() != null) {
        throw new IOException("expected one JSON value, found more");
      }
      return value;
    }
  }

  /** The texts of a list, without whatever else stands in it. */
  static List<String> textsAmong(JsonParser json) throws IOException {
    List<String> all = new ArrayList<>();
    expect(json, JsonToken.START_ARRAY);
    while (json.nextToken() != JsonToken.END_ARRAY) {
      if (json.currentToken() == JsonToken.VALUE_STRING) {
        all.add(json.getText());
      } else {
        json.skipChildren();
      }
    }
    return all;
  }

  static String text(JsonParser json) throws IOException {
    expect(json, JsonToken.VALUE_STRING);
    return json.getText();
  }

  static boolean truth(JsonParser json) throws IOException {
    return json.getBooleanValue();
  }

  /** Goes into an object, to its first field, as {@link #nextField} does. */
  static @Nullable String firstField(JsonParser json) throws IOException {
    expect(json, JsonToken.START_OBJECT);
    return nextField(json);
  }

  /** Goes to the value of the next field and returns the field's name, or null at the end. */
  static @Nullable String nextField(JsonParser json) throws IOException {
    if (json.nextToken() == JsonToken.END_OBJECT) {
      return null;
    }
    String name = json.currentName();
    if (name == null) {
      throw new IOException("expected a field, found the end");
    }
    json.nextToken();
    return name;
  }

  private static void expect(JsonParser json, JsonToken token) throws IOException {
    if (json.currentToken() != token) {
      throw new IOException("expected " + token + ", found " + json.currentToken());
    }
  }

  /** Writes one value. */
  @FunctionalInterface
  interface Content {
    void write(JsonGenerator json) throws IOException;
  }

  static String write(Content content) {
    StringWriter out = new StringWriter();
    try (JsonGenerator json = FACTORY.createGenerator(out)) {
      json.setCharacterEscapes(new ForYaml());
      content.write(json);
    } catch (IOException e) {
      throw new UncheckedIOException("a text in memory cannot fail to be written", e);
    }
    return out.toString();
  }

  static String object(Map<String, String> fields) {
    return write(
        new Content() {
          @Override
          public void write(JsonGenerator json) throws IOException {
            json.writeStartObject();
            for (Map.Entry<String, String> field : fields.entrySet()) {
              json.writeStringField(field.getKey(), field.getValue());
            }
            json.writeEndObject();
          }
        });
  }
}
