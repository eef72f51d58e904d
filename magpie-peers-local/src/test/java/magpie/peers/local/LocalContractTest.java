/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.local;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import magpie.peers.Environment;
import magpie.peers.IpAddress;
import magpie.peers.Network;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.PeersException;
import magpie.peers.PeersOptions;
import magpie.peers.spi.PeerSource;
import magpie.peers.testkit.PeerSetHarness;
import magpie.peers.testkit.PeerViewContract;
import magpie.peers.topology.MalformedTopologyException;
import org.junit.jupiter.api.io.TempDir;

/** The local backend keeps the contract: a topology file, edited while views are open. */
class LocalContractTest extends PeerViewContract {
  @TempDir Path directory;

  @Override
  protected PeerSetHarness harness() {
    return new BenchHarness(directory);
  }

  static final class BenchHarness implements PeerSetHarness {
    private final Bench bench;
    private final Map<PeerId, Peer> peers = new TreeMap<>();
    private final Set<PeerId> doubted = new HashSet<>();
    private Optional<Breakage> broken = Optional.empty();

    BenchHarness(Path directory) {
      bench = new Bench(directory);
      put(new Peer(id(0), List.of("192.0.2.254"), Map.of(), Map.of()));
    }

    @Override
    public Set<Capability> capabilities() {
      return EnumSet.complementOf(
          EnumSet.of(Capability.RAW_ADDRESSES, Capability.MERGED_IDS, Capability.LAZY_READS));
    }

    @Override
    public String lacks(Capability missing) {
      return switch (missing) {
        case RAW_ADDRESSES -> "a topology with an address that is none is refused";
        case MERGED_IDS -> "a topology that names an id twice is refused";
        default -> "a topology is read as a whole";
      };
    }

    private PeersOptions options(PeerId self) {
      return PeersOptions.builder()
          .environment(Environment.system().withVariables(Map.of()))
          .backend("local")
          .topology(bench.file)
          .stateDirectory(bench.directory.resolve("state"))
          .option("poll-interval-ms", "200")
          .self(self.value())
          .build();
    }

    @Override
    public PeerView open() {
      return Peers.open(options(id(0)));
    }

    @Override
    public void put(Peer peer) {
      peers.put(peer.id(), peer);
      doubted.remove(peer.id());
      write();
    }

    @Override
    public void remove(PeerId id) {
      peers.remove(id);
      doubted.remove(id);
      write();
    }

    @Override
    public void doubt(PeerId id) {
      doubted.add(id);
      write();
    }

    @Override
    public Set<Breakage> breakages() {
      return EnumSet.allOf(Breakage.class);
    }

    @Override
    public List<String> data(PeersException failure) {
      return assertInstanceOf(MalformedTopologyException.class, failure).problems().stream()
          .flatMap(each -> Stream.of(each.file(), each.code(), each.message()))
          .toList();
    }

    @Override
    public void breakSource(Breakage kind) {
      broken = Optional.of(kind);
      write();
    }

    @Override
    public void healSource() {
      broken = Optional.empty();
      write();
    }

    @Override
    public Optional<PeerSource> source() {
      return Optional.of(source(options(id(0))));
    }

    private LocalSource source(PeersOptions options) {
      return new LocalSource(
          bench.file, "bench", bench.interval, bench.settle, options, bench.host(), bench.events);
    }

    @Override
    public Map<String, String> seenByPeers() {
      try (LocalSource other =
          source(
              PeersOptions.builder()
                  .environment(Environment.system().withVariables(Map.of()))
                  .observer()
                  .build())) {
        return other.read().nodes(List.of(id(0))).stream()
            .findFirst()
            .map(PeerNode::settings)
            .orElseThrow();
      }
    }

    @Override
    public Object writes() {
      return List.of(
          PeerSetHarness.fingerprint(bench.directory.resolve("state")),
          PeerSetHarness.fingerprint(bench.directory.resolve("ex")));
    }

    private void write() {
      StringBuilder text =
          new StringBuilder("version: 1\nname: contract\napplication: magpie\nexchange: ex\n");
      text.append("networks:\n");
      for (Network network : NETWORKS) {
        text.append("  ").append(network.name()).append(": { cidrs: ");
        text.append(texts(network.cidrs().stream().map(Object::toString).toList())).append(" }\n");
      }
      text.append("nodes:\n");
      peers.values().forEach(peer -> node(text, peer));
      try {
        if (Files.isDirectory(bench.file)) {
          Files.delete(bench.file);
        }
        Breakage kind = broken.orElse(null);
        if (kind == Breakage.GONE) {
          Files.deleteIfExists(bench.file);
        } else if (kind == Breakage.UNREADABLE) {
          // Permissions do not keep out root, which tests may be run as.
          Files.deleteIfExists(bench.file);
          Files.createDirectory(bench.file);
        } else {
          bench.rename(kind == Breakage.RUBBISH ? text + "nonsense\n" : text.toString());
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private void node(StringBuilder text, Peer peer) {
      List<String> addresses = new ArrayList<>(peer.addresses());
      Optional<String> hostname = addresses.stream().filter(address -> !isIp(address)).findFirst();
      addresses.removeIf(address -> !isIp(address));
      text.append("  ").append(peer.id()).append(": {");
      hostname.ifPresent(name -> text.append(" hostname: ").append(quoted(name)).append(','));
      text.append(" addresses: ").append(texts(addresses));
      text.append(", settings: ").append(map(peer.settings()));
      text.append(", labels: ").append(map(peer.labels()));
      text.append(doubted.contains(peer.id()) ? ", state: suspect }\n" : " }\n");
    }

    private static boolean isIp(String address) {
      try {
        IpAddress.parse(address.replaceFirst("/\\d+$", ""));
        return true;
      } catch (IllegalArgumentException e) {
        return false;
      }
    }

    private static String texts(List<String> all) {
      return all.stream().map(BenchHarness::quoted).collect(Collectors.joining(", ", "[", "]"));
    }

    private static String map(Map<String, String> all) {
      return new TreeMap<>(all)
          .entrySet().stream()
              .map(entry -> quoted(entry.getKey()) + ": " + quoted(entry.getValue()))
              .collect(Collectors.joining(", ", "{", "}"));
    }

    /** YAML in double quotes takes every character as an escape. */
    private static String quoted(String text) {
      StringBuilder out = new StringBuilder("\"");
      text.codePoints()
          .forEach(
              c -> {
                boolean plain = c >= ' ' && c < 127 && c != '"' && c != '\\';
                out.append(
                    plain ? Character.toString(c) : String.format(Locale.ROOT, "\\U%08x", c));
              });
      return out.append('"').toString();
    }
  }
}
