/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.resolver.CoreScalarResolver;
import org.snakeyaml.engine.v2.resolver.ScalarResolver;
import org.snakeyaml.engine.v2.schema.CoreSchema;
import tools.jackson.databind.json.JsonMapper;

/** The published JSON schema agrees with the reader about every topology of the corpus. */
class TopologySchemaTest {
  private static final String RESOURCE = "/magpie/peers/topology/magpie-topology-v1.schema.json";

  /** YAML 1.2 as it is written down, for which "&lt;&lt;" is a key like any other. */
  private static final CoreSchema WITHOUT_MERGE =
      new CoreSchema() {
        @Override
        public ScalarResolver getScalarResolver() {
          return new CoreScalarResolver(false);
        }
      };

  private final Schema schema = schema();

  private static String text() {
    try (InputStream in =
        Objects.requireNonNull(TopologySchemaTest.class.getResourceAsStream(RESOURCE))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Schema schema() {
    return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
        .getSchema(text(), InputFormat.JSON);
  }

  static List<Path> good() {
    return Corpus.good();
  }

  static List<Path> bad() {
    return Corpus.bad();
  }

  private List<Error> validate(Path file) throws IOException {
    LoadSettings settings =
        LoadSettings.builder().setSchema(WITHOUT_MERGE).setAllowDuplicateKeys(true).build();
    Object document = new Load(settings).loadFromString(Files.readString(file));
    return schema.validate(
        JsonMapper.builder().build().writeValueAsString(document), InputFormat.JSON);
  }

  private static Map<String, String> beyondSchema() throws IOException {
    Map<String, String> reasons = new TreeMap<>();
    for (String line : Files.readAllLines(Corpus.directory().resolve("beyond-schema.txt"))) {
      if (!line.startsWith("#")) {
        String[] parts = line.split(": ", 2);
        reasons.put(parts[0], parts[1]);
      }
    }
    return reasons;
  }

  @ParameterizedTest
  @MethodSource("good")
  void acceptsWhatTheReaderAccepts(Path file) throws IOException {
    assertEquals(List.of(), validate(file));
  }

  @ParameterizedTest
  @MethodSource("bad")
  void refusesWhatTheReaderRefusesUnlessThatIsBeyondASchema(Path file) throws IOException {
    boolean refused;
    try {
      refused = !validate(file).isEmpty();
    } catch (YamlEngineException noYaml) {
      refused = true;
    }

    assertEquals(!beyondSchema().containsKey(Corpus.nameOf(file)), refused);
  }

  @Test
  void namesOnlyFilesOfTheCorpusAsBeyondIt() throws IOException {
    List<String> names = bad().stream().map(Corpus::nameOf).toList();

    assertEquals(
        List.of(), beyondSchema().keySet().stream().filter(n -> !names.contains(n)).toList());
  }

  @Test
  void isAValidSchema() {
    List<Error> errors =
        SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
            .getSchema(SchemaLocation.of("https://json-schema.org/draft/2020-12/schema"))
            .validate(text(), InputFormat.JSON);

    assertEquals(List.of(), errors);
  }

  @Test
  void describesEveryKey() {
    Object root = JsonMapper.builder().build().readValue(text(), Object.class);
    Map<String, Object> undescribed = new TreeMap<>();
    describe("", root, undescribed);

    assertEquals(Map.of(), undescribed);
    assertTrue(text().contains("\"examples\""));
  }

  private static void describe(String at, Object node, Map<String, Object> undescribed) {
    if (node instanceof Map<?, ?> map) {
      map.forEach(
          (key, value) -> {
            String path = at + "/" + key;
            if (at.endsWith("/properties")
                && value instanceof Map<?, ?> property
                && !property.containsKey("description")) {
              undescribed.put(path, value);
            }
            describe(path, Objects.requireNonNullElse(value, ""), undescribed);
          });
    }
  }
}
