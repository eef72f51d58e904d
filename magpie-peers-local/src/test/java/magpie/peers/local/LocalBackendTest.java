/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.InputStream;
import java.lang.module.ModuleDescriptor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;
import magpie.peers.ConfigurationException;
import magpie.peers.Environment;
import magpie.peers.PeerId;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.PeersOptions;
import magpie.peers.SourceUnavailableException;
import magpie.peers.spi.PeerBackend;
import magpie.peers.spi.PeerSource;
import magpie.peers.topology.TopologyReader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LocalBackendTest {
  @TempDir Path directory;

  private PeersOptions.Builder options() {
    return PeersOptions.builder()
        .environment(new Environment(Map.of(), Map.of(), directory, Environment.system().clock()));
  }

  @Test
  void isFoundOnTheClassPath() {
    assertEquals(
        List.of("local"),
        ServiceLoader.load(PeerBackend.class).stream()
            .filter(provider -> provider.type().equals(LocalBackend.class))
            .map(provider -> provider.get().name())
            .toList());
  }

  @Test
  void isProvidedByTheModuleAsOnTheClassPath() throws Exception {
    Path classes =
        Path.of(LocalBackend.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    try (InputStream in = Files.newInputStream(classes.resolve("module-info.class"))) {
      ModuleDescriptor module = ModuleDescriptor.read(in);
      assertEquals("magpie.peers.local", module.name());
      assertEquals(
          List.of("magpie.peers.topology"),
          module.exports().stream()
              .filter(exported -> !exported.isQualified())
              .map(ModuleDescriptor.Exports::source)
              .toList());
      assertEquals(
          Map.of(
              PeerBackend.class.getName(),
              Files.readAllLines(
                  classes.resolve("META-INF/services/" + PeerBackend.class.getName()))),
          Map.of(
              module.provides().iterator().next().service(),
              module.provides().iterator().next().providers()));
      assertEquals(1, module.provides().size());
    }
  }

  @Test
  void doesNotApplyWithoutATopology() {
    assertEquals(
        Optional.of(
            "no topology file is given; name one with -Dmagpie.peers.topology=FILE or"
                + " MAGPIE_PEERS_TOPOLOGY=FILE"),
        new LocalBackend().whyNot(options().build()));
    assertEquals(
        "expected a topology file for the backend local, found none; name one with"
            + " -Dmagpie.peers.topology=FILE or MAGPIE_PEERS_TOPOLOGY=FILE",
        assertThrows(ConfigurationException.class, () -> new LocalBackend().open(options().build()))
            .getMessage());
  }

  @Test
  void appliesToAFileThatIsMissingAndSaysSo() {
    PeersOptions missing = options().option("topology", "missing.magpie.yaml").build();
    assertEquals(Optional.empty(), new LocalBackend().whyNot(missing));
    SourceUnavailableException e =
        assertThrows(SourceUnavailableException.class, () -> new LocalBackend().open(missing));
    assertEquals(directory.resolve("missing.magpie.yaml").toString(), e.origin());
    assertEquals(
        TopologyReader.read(directory.resolve("missing.magpie.yaml"), "missing.magpie.yaml")
            .problems()
            .get(0)
            .toString(),
        e.getMessage());
  }

  @Test
  void opensAFileBesideTheWorkingDirectory() {
    Bench bench = new Bench(directory).write(Bench.nodes(0, 1));
    for (String variable : List.of("MAGPIE_TOPOLOGY", "MAGPIE_PEERS_TOPOLOGY")) {
      Environment environment =
          new Environment(
              Map.of(variable, "bench.magpie.yaml", "MAGPIE_PEERS_SELF", "magpie/1"),
              Map.of(),
              directory,
              Environment.system().clock());
      try (PeerSource source =
          new LocalBackend().open(PeersOptions.builder().environment(environment).build())) {
        assertEquals(Optional.of(PeerId.of("magpie/1")), source.read().selfId());
        assertEquals(List.of(0, 1), Bench.numbers(source));
      }
    }
    assertEquals(List.of(), TopologyReader.read(bench.file, "bench").problems());
  }

  @Test
  void aFileThatCannotBeReadIsToldWithThePlaceThatNamesIt() {
    Environment environment =
        new Environment(
            Map.of("MAGPIE_TOPOLOGY", "missing.yaml"),
            Map.of(),
            directory,
            Environment.system().clock());
    PeersOptions missing = PeersOptions.builder().environment(environment).build();
    assertEquals(
        "missing.yaml: error [missing-file] expected a topology file, found none\n"
            + "  fix: correct the name, or create the file; its name comes from MAGPIE_TOPOLOGY",
        assertThrows(SourceUnavailableException.class, () -> new LocalBackend().open(missing))
            .getMessage());
  }

  @Test
  void aTopologyThatIsGivenForOnePeerSetMayHaveAnotherName() {
    new Bench(directory).write(Bench.nodes(0, 1, 2));
    Environment environment =
        new Environment(
            Map.of(
                "MAGPIE_PEERS_STORAGE_TOPOLOGY", "bench.magpie.yaml",
                "MAGPIE_TOPOLOGY", "other.magpie.yaml",
                "MAGPIE_PEERS_SELF", "magpie/0"),
            Map.of(),
            directory,
            Environment.system().clock());
    PeersOptions storage =
        PeersOptions.builder().environment(environment).peerSet("storage").build();
    try (PeerSource source = new LocalBackend().open(storage)) {
      assertEquals(List.of(0, 1, 2), Bench.numbers(source));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"9", "86400001", "-1", "2s", "1.5", "99999999999999999999", "٢٠٠٠x"})
  void refusesAnIntervalThatIsNone(String interval) {
    new Bench(directory).write(Bench.nodes(0, 1));
    PeersOptions wrong =
        options()
            .option("topology", "bench.magpie.yaml")
            .option("poll-interval-ms", interval)
            .build();
    assertEquals(
        "option poll-interval-ms: expected a whole number of milliseconds from 10 to 86400000,"
            + " found \""
            + interval
            + "\"",
        assertThrows(ConfigurationException.class, () -> new LocalBackend().open(wrong))
            .getMessage());
  }

  @Test
  void refusesWhatIsNoPath() {
    PeersOptions wrong = options().option("topology", "a\0b").build();
    assertEquals(
        "option topology: expected the path of a file or directory, found \"a\\u0000b\", which is no"
            + " path (Nul character not allowed); correct it",
        assertThrows(ConfigurationException.class, () -> new LocalBackend().open(wrong))
            .getMessage());
  }

  @Test
  void servesAView() {
    new Bench(directory).write(Bench.exchanging("ex", 0, 1, 2));
    PeersOptions.Builder options =
        options()
            .option("topology", "bench.magpie.yaml")
            .stateDirectory(directory.resolve("state"));
    try (PeerView zero = Peers.open(options.self("magpie/0").build());
        PeerView one = Peers.open(options.self("magpie/1").build())) {
      assertEquals("local", zero.backend());
      assertEquals("[magpie/1, magpie/2]", zero.ids().toString());
      one.publish(Map.of("größe", " 1\n"));
      assertEquals(Map.of("größe", " 1\n"), one.published());
      assertEquals(
          Map.of("größe", " 1\n"), zero.node(PeerId.of("magpie/1")).orElseThrow().settings());
      assertEquals(2, zero.notices().joined().size());
    }
  }
}
