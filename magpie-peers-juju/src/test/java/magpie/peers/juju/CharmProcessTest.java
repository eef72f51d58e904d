/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import magpie.peers.ConfigurationException;
import magpie.peers.Environment;
import magpie.peers.PeerId;
import magpie.peers.PeersOptions;
import magpie.peers.text.Quote;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which unit, which endpoint, which deadline: what a hook is taken to be. */
class CharmProcessTest {
  private static final String NAME_IT =
      "; name the endpoint with -Dmagpie.peers.peer-set=NAME or MAGPIE_PEERS_PEER_SET=NAME";

  @TempDir Path charm;
  private final Map<String, String> variables = new HashMap<>();
  private final Map<String, String> options = new HashMap<>();

  @BeforeEach
  void inAHook() {
    variables.put("JUJU_CONTEXT_ID", "magpie/0-install-1");
    variables.put("JUJU_UNIT_NAME", "magpie/0");
    variables.put("JUJU_CHARM_DIR", charm.toString());
  }

  private CharmProcess hook() {
    PeersOptions.Builder builder =
        PeersOptions.builder()
            .environment(new Environment(variables, Map.of(), charm, Clock.systemUTC()));
    options.forEach(builder::option);
    return CharmProcess.of(builder.build());
  }

  private String refused() {
    return assertThrows(ConfigurationException.class, this::hook).getMessage();
  }

  private void metadata(String... lines) throws IOException {
    Files.writeString(charm.resolve("metadata.yaml"), String.join("\n", lines));
  }

  private void relation(String endpoint, String remoteApplication, String remoteUnit) {
    variables.put("JUJU_RELATION", endpoint);
    variables.put("JUJU_REMOTE_APP", remoteApplication);
    variables.put("JUJU_REMOTE_UNIT", remoteUnit);
  }

  @Test
  void knowsItsUnitAndApplication() {
    options.put("peer-set", "magpie");
    options.put("self", "magpie/0");

    assertEquals(PeerId.of("magpie/0"), hook().unit());
    assertEquals("magpie", hook().application());
    assertEquals(charm, hook().charmDirectory());
  }

  @Test
  void findsTheCharmDirectoryUnderItsOldNameOrWhereItRuns() throws IOException {
    options.put("peer-set", "magpie");
    Path old = Files.createDirectory(charm.resolve("old"));
    variables.remove("JUJU_CHARM_DIR");
    assertEquals(charm, hook().charmDirectory());
    variables.put("CHARM_DIR", old.toString());
    assertEquals(old, hook().charmDirectory());
  }

  @Test
  void refusesToBeNoUnit() {
    variables.remove("JUJU_UNIT_NAME");
    assertEquals(
        "expected JUJU_UNIT_NAME in the environment of a hook, found none; start this program from"
            + " a hook, an action or juju-exec",
        refused());

    variables.put("JUJU_UNIT_NAME", "--help");
    assertEquals(
        "JUJU_UNIT_NAME: expected a peer id such as \"magpie/3\" or \"blade-02\" (1 to 253 ASCII"
            + " letters, digits, '.', '-', '_', beginning with a letter or digit, at most one '/'),"
            + " found \"--help\"",
        refused());
  }

  @Test
  void refusesToBeAnotherUnit() {
    options.put("peer-set", "magpie");
    options.put("self", "magpie/1");

    assertEquals(
        "option self: expected this unit, magpie/0, found \"magpie/1\"; leave it out inside a"
            + " hook",
        refused());
  }

  @Test
  void takesTheEndpointThatIsNamedBeforeAllOthers() throws IOException {
    metadata("peers:", "  one:", "    interface: magpie");
    relation("two", "magpie", "magpie/1");
    options.put("peer-set", "three");

    assertEquals("three", hook().endpoint());
  }

  @Test
  void takesTheEndpointOfAPeerRelationHook() throws IOException {
    metadata("peers:", "  one:", "    interface: magpie", "  two:", "    interface: magpie");
    relation("two", "magpie", "magpie/1");
    assertEquals("two", hook().endpoint());

    // Created, and changed by the application, are about no unit.
    relation("two", "magpie", "");
    assertEquals("two", hook().endpoint());

    // Agents before 2.7 name no remote application.
    relation("two", "", "magpie/1");
    assertEquals("two", hook().endpoint());
  }

  @ParameterizedTest
  @CsvSource({"mysql,mysql/0", "mysql,''", "'',mysql/0", "magpie-two,magpie-two/0", "'',''"})
  void ignoresTheEndpointOfARelationWithOthers(String application, String unit) throws IOException {
    metadata("peers:", "  one:", "    interface: magpie");
    relation("db", application, unit);

    assertEquals("one", hook().endpoint());
  }

  @Test
  void takesTheOnlyPeerRelationOfTheCharmInAnyOtherHook() throws IOException {
    metadata(
        "name: magpie",
        "description: |",
        "  peers:",
        "    none: of this counts",
        "requires:",
        "  db:",
        "    interface: mysql",
        "peers:  # with each other",
        "# a comment at the edge",
        "",
        "    \"magpie\":",
        "        interface: magpie",
        "        optional: true",
        "provides:",
        "  website:",
        "    interface: http");

    assertEquals("magpie", hook().endpoint());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "peers:\n  magpie: {interface: magpie}\n",
        "peers:\r\n  magpie:\r\n    interface: magpie\r\n",
        "'peers':\n  'magpie':\n    interface: magpie",
        "---\npeers:\n  magpie:\n    interface: magpie\n...\n",
        "peers:\n  # why\n  magpie:\n    interface: magpie",
      })
  void readsWhatCharmToolsAndPeopleWrite(String text) throws IOException {
    metadata(text);

    assertEquals("magpie", hook().endpoint());
  }

  @Test
  void asksWhichOfSeveralPeerRelationsIsMeant() throws IOException {
    metadata("peers:", "  one:", "    interface: magpie", "  two:", "    interface: magpie");

    assertEquals(
        "expected one peer relation, found one and two in \""
            + charm.resolve("metadata.yaml")
            + "\""
            + NAME_IT,
        refused());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "name: magpie\nrequires:\n  db:\n    interface: mysql\n",
        "peers:\n",
        "peers: {}  # none\n",
        "peers: null\nprovides:\n  a:\n    interface: b\n",
        "",
      })
  void saysWhereNoPeerRelationWasFound(String text) throws IOException {
    metadata(text);

    assertEquals(
        "expected a peer relation under \"peers:\" in \""
            + charm.resolve("metadata.yaml")
            + "\", found none"
            + NAME_IT,
        refused());
  }

  @Test
  void saysSoWhereThereIsNoMetadata() {
    assertEquals(
        "expected a peer relation under \"peers:\" in \""
            + charm.resolve("metadata.yaml")
            + "\", found none"
            + NAME_IT,
        refused());
  }

  @Test
  void saysThatFlowStyleIsNotRead() throws IOException {
    metadata("peers: {magpie: {interface: magpie}}");

    assertEquals(
        "expected the endpoints under \"peers:\" in \""
            + charm.resolve("metadata.yaml")
            + "\" to stand each on a line of its own, found \"peers: {magpie: {interface:"
            + " magpie}}\""
            + NAME_IT,
        refused());
  }

  @Test
  void saysWhyMetadataCannotBeRead() throws IOException {
    Files.write(charm.resolve("metadata.yaml"), "summary: é".getBytes(StandardCharsets.ISO_8859_1));
    assertEquals(
        "expected to read \""
            + charm.resolve("metadata.yaml")
            + "\", found java.nio.charset.MalformedInputException: Input length = 1"
            + NAME_IT,
        refused());
  }

  @Test
  @Timeout(60)
  void readsNoMetadataThatIsNoFileOfThatSize() throws Exception {
    Path metadata = charm.resolve("metadata.yaml");
    String other =
        "expected to read \"" + metadata + "\", found no regular file of at most 1 MiB" + NAME_IT;

    Files.createDirectory(metadata);
    assertEquals(other, refused());
    Files.delete(metadata);
    Files.createSymbolicLink(metadata, Path.of("/dev/zero"));
    assertEquals(other, refused());
    Files.delete(metadata);
    assertEquals(0, new ProcessBuilder("mkfifo", metadata.toString()).start().waitFor());
    assertEquals(other, refused());
    Files.delete(metadata);
    try (RandomAccessFile sparse = new RandomAccessFile(metadata.toFile(), "rw")) {
      sparse.setLength(10L << 30);
    }
    assertEquals(other, refused());
    Files.delete(metadata);
    Files.createSymbolicLink(metadata, Path.of("metadata.yaml"));
    assertEquals(
        "expected to read \""
            + metadata
            + "\", found java.nio.file.FileSystemException: "
            + metadata
            + ": Too many levels of symbolic links or unable to access attributes of symbolic link"
            + NAME_IT,
        refused());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-r",
        "--help/0",
        "-/0",
        "magpie/--help",
        "magpie/-r",
        "magpie 0",
        " magpie/0",
        "magpie/0 ",
        "magpie/0\n--help",
        "magpie/0\0",
        "magpie/0/1",
        "/0",
        "magpie/",
        "\u001b[2J/0",
        "magpie/\u0660",
      })
  void letsNothingIntoAnArgumentThatIsNoUnit(String name) {
    options.put("peer-set", "magpie");
    variables.put("JUJU_UNIT_NAME", name);
    assertEquals(
        "JUJU_UNIT_NAME: expected a peer id such as \"magpie/3\" or \"blade-02\" (1 to 253 ASCII"
            + " letters, digits, '.', '-', '_', beginning with a letter or digit, at most one '/'),"
            + " found "
            + Quote.of(name),
        refused());
  }

  @Test
  void letsNothingIntoAnArgumentThatIsNoEndpoint() throws IOException {
    options.put("peer-set", "--help");
    assertEquals(
        "option peer-set: expected the name of an endpoint (letters, digits, '-', '_', beginning"
            + " with a letter), found \"--help\"",
        refused());

    options.clear();
    relation("-r", "magpie", "magpie/1");
    assertEquals(
        "JUJU_RELATION: expected the name of an endpoint (letters, digits, '-', '_', beginning with"
            + " a letter), found \"-r\"",
        refused());
  }

  @Test
  void hasADeadlineOfAMinuteOrAsAsked() {
    options.put("peer-set", "magpie");
    assertEquals(Duration.ofSeconds(60), hook().deadline());
    options.put("tool-timeout", "5");
    assertEquals(Duration.ofSeconds(5), hook().deadline());
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "-1", "86401", "1.5", "5s", "99999999999999999999"})
  void refusesADeadlineThatIsNone(String seconds) {
    options.put("peer-set", "magpie");
    options.put("tool-timeout", seconds);

    assertEquals(
        "option tool-timeout: expected 1 to 86400 seconds, found \"" + seconds + "\"", refused());
  }

  @ParameterizedTest
  @CsvSource({
    "2.9.52, '', false",
    "3.6.26, '', false",
    "4.0.15, '', true",
    "4.1-beta2, '', true",
    "10.0.0, '', true",
    "99999999999.0, '', true",
    "x, '', false",
    "'', '', false",
    // goal-state hides from a subordinate all but those beside the same principal.
    "4.0.15, mysql/3, false",
  })
  void suspectsGhostsUnderJuju4Alone(String version, String principal, boolean ghosts) {
    options.put("peer-set", "magpie");
    variables.put("JUJU_VERSION", version);
    variables.put("JUJU_PRINCIPAL_UNIT", principal);

    assertEquals(ghosts, hook().mayHaveGhosts());
  }

  @Test
  void theBackendAppliesInHooksAlone() {
    PeersOptions outside =
        PeersOptions.builder()
            .environment(new Environment(Map.of(), Map.of(), charm, Clock.systemUTC()))
            .build();
    JujuBackend backend = new JujuBackend();

    assertEquals("juju", backend.name());
    assertEquals(
        Optional.of("JUJU_CONTEXT_ID is not set, so this is no Juju hook"),
        backend.whyNot(outside));
  }
}
