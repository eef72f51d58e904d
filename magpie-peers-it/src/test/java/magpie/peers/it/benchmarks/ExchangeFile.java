/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it.benchmarks;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.PeersOptions;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** The settings file of one node with 5,000 settings, read from disk, per setting. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@OperationsPerInvocation(5_000)
public class ExchangeFile {
  private static final JsonFactory JSON = new JsonFactory();

  private Path directory;
  private Path file;
  private PeerView view;

  /** Publishes the settings. */
  @Setup
  public void setUp() throws IOException {
    directory = Files.createTempDirectory("magpie-exchange");
    Path topology =
        Files.writeString(
            directory.resolve("bench.magpie.yaml"),
            "version: 1\nname: bench-b\nexchange: bench.d\nnodes: { magpie/0: { hostname: blade-0 } }\n");
    view =
        Peers.open(
            PeersOptions.builder()
                .backend("local")
                .topology(topology)
                .self("magpie/0")
                .stateDirectory(directory.resolve("state"))
                .build());
    Map<String, String> settings = new TreeMap<>();
    for (int i = 0; i < 5_000; i++) {
      settings.put("key-" + i, "the value of key " + i);
    }
    view.publish(settings);
    file = directory.resolve("bench.d").resolve("magpie+0.json");
    if (!bare().equals(published()) || published().size() != 5_000) {
      throw new IllegalStateException("expected both to read the same");
    }
  }

  /** Removes the files. */
  @TearDown
  public void tearDown() throws IOException {
    view.close();
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path each : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    }
  }

  /** The bare parser of Jackson, into a map in order; it accepts what is no such file. */
  @Benchmark
  public Map<String, String> bare() throws IOException {
    Map<String, String> settings = new TreeMap<>();
    try (JsonParser json = JSON.createParser(Files.readAllBytes(file))) {
      while (!"settings".equals(json.nextFieldName())) {
        // Passed over, as the values are.
      }
      json.nextToken();
      while (json.nextToken() != JsonToken.END_OBJECT) {
        settings.put(json.currentName(), json.nextTextValue());
      }
    }
    return settings;
  }

  /** What a view says that this node has published, after a look at the topology. */
  @Benchmark
  public Map<String, String> published() {
    return view.published();
  }
}
