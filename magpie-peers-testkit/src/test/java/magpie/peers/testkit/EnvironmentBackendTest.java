/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit;

import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import magpie.peers.Environment;
import magpie.peers.PeerId;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.PeersOptions;
import org.junit.jupiter.api.io.TempDir;

/** A backend of a page, written as docs/backends.md tells, keeps the contract. */
class EnvironmentBackendTest extends PeerViewContract {
  @TempDir Path directory;

  @Override
  protected PeerSetHarness harness() {
    return new EnvironmentHarness(directory);
  }

  private static final class EnvironmentHarness implements PeerSetHarness {
    private final Map<PeerId, String> peers = new TreeMap<>();
    private final Path state;
    private String rubbish = "";

    EnvironmentHarness(Path directory) {
      state = directory.resolve("state");
      peers.put(id(0), "192.0.2.254");
    }

    @Override
    public Set<Capability> capabilities() {
      return EnumSet.of(
          Capability.BREAKABLE,
          Capability.HOST_NAMES,
          Capability.RAW_ADDRESSES,
          Capability.MERGED_IDS,
          Capability.CONCURRENT_VIEWS);
    }

    @Override
    public String lacks(Capability missing) {
      return "an environment variable never changes and holds nothing but ids and addresses, so no "
          + missing;
    }

    @Override
    public PeerView open() {
      String all =
          peers.entrySet().stream()
              .map(peer -> peer.getKey() + "=" + peer.getValue())
              .collect(Collectors.joining(","));
      return Peers.open(
          PeersOptions.builder()
              .backend("environment")
              .self("magpie/0")
              .stateDirectory(state)
              .environment(
                  Environment.system()
                      .withVariables(Map.of(EnvironmentBackend.VARIABLE, all + rubbish)))
              .build());
    }

    @Override
    public void put(Peer peer) {
      peers.put(peer.id(), peer.addresses().get(0));
    }

    @Override
    public void nameTwice(Peer peer) {
      peers.merge(
          peer.id(),
          peer.addresses().get(0),
          (first, second) -> first + "," + peer.id() + "=" + second);
    }

    @Override
    public void remove(PeerId id) {
      peers.remove(id);
    }

    @Override
    public Set<Breakage> breakages() {
      return EnumSet.of(Breakage.RUBBISH);
    }

    @Override
    public void breakSource(Breakage kind) {
      rubbish = ",nonsense";
    }

    @Override
    public void healSource() {
      rubbish = "";
    }

    @Override
    public Object writes() {
      return PeerSetHarness.fingerprint(state);
    }
  }
}
