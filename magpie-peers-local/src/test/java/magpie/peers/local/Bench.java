/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.local;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import magpie.peers.ConfigurationException;
import magpie.peers.Environment;
import magpie.peers.IpAddress;
import magpie.peers.PeersOptions;
import magpie.peers.spi.PeerSource;

/** A directory with a topology, and what it takes to open it as any machine. */
final class Bench {
  final Path directory;
  final Path file;
  final Map<String, String> options = new HashMap<>();
  Duration interval = Duration.ofHours(1);
  Duration settle = Duration.ofMillis(50);
  DirectoryWatch.Events events = () -> FileSystems.getDefault().newWatchService();

  /** The name of the machine; empty for one that does not tell it. */
  String hostName = "blade-0";

  List<IpAddress> addresses = List.of();

  Bench(Path directory) {
    this(directory, "bench.magpie.yaml");
  }

  Bench(Path directory, String name) {
    this.directory = directory;
    this.file = directory.resolve(name);
    options.put("state", directory.resolve("state").toString());
  }

  /** The text of a topology with the nodes {@code magpie/N}, each with a host name and address. */
  static String nodes(int... numbers) {
    StringBuilder text = new StringBuilder("version: 1\nname: bench-b\nnodes:\n");
    for (int number : numbers) {
      text.append(node(number, ""));
    }
    return text.toString();
  }

  static String node(int number, String more) {
    return "  magpie/%d: { hostname: blade-%d, addresses: [192.0.2.%d/24]%s }\n"
        .formatted(number, number, number + 10, more);
  }

  /** The text of a topology with an exchange directory. */
  static String exchanging(String exchange, int... numbers) {
    return nodes(numbers).replace("nodes:\n", "exchange: " + exchange + "\nnodes:\n");
  }

  Bench write(String text) {
    try {
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return this;
  }

  /** Replaces the file as careful editors do. */
  void rename(String text) throws IOException {
    Path fresh = Files.writeString(directory.resolve(".fresh"), text);
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
  }

  LocalSource open() {
    PeersOptions.Builder builder =
        PeersOptions.builder().environment(Environment.system().withVariables(Map.of()));
    options.forEach(builder::option);
    return new LocalSource(
        file,
        String.valueOf(file.getFileName()),
        interval,
        settle,
        builder.build(),
        host(),
        events);
  }

  Host host() {
    return new Host() {
      @Override
      public String name() {
        if (hostName.isEmpty()) {
          throw new ConfigurationException("the system does not tell the host name");
        }
        return hostName;
      }

      @Override
      public List<IpAddress> addresses() {
        return addresses;
      }

      @Override
      public OptionalLong uid() {
        return new LocalHost().uid();
      }
    };
  }

  /** The numbers of the nodes that are there, self included. */
  static List<Integer> numbers(PeerSource source) {
    return source.read().ids().stream()
        .map(id -> Integer.valueOf(id.value().substring("magpie/".length())))
        .sorted()
        .toList();
  }
}
