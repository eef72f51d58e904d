/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import magpie.peers.PeerId;
import magpie.peers.PeerView;
import magpie.peers.PeersException;
import magpie.peers.testkit.PeerSetHarness;
import magpie.peers.testkit.PeerViewContract;
import magpie.peers.testkit.juju.FakeJuju;
import magpie.peers.testkit.juju.FakeUnit;
import magpie.peers.testkit.juju.Fault;
import magpie.peers.testkit.juju.Hook;
import magpie.peers.testkit.juju.JujuVersion;
import magpie.peers.testkit.juju.ToolCall;
import org.junit.jupiter.api.io.TempDir;

/**
 * The Juju backend keeps the contract: each view lives in a hook of its own, which is committed or
 * fails.
 */
class JujuContractTest extends PeerViewContract {
  @TempDir Path directory;

  @Override
  protected PeerSetHarness harness() {
    return new JujuHarness(directory);
  }

  /** One hook, whose body waits on a thread of its own for its end. */
  private static final class OpenHook {
    private final CompletableFuture<PeerView> opened = new CompletableFuture<>();
    private final CompletableFuture<Boolean> ending = new CompletableFuture<>();
    private final CompletableFuture<Boolean> ended = new CompletableFuture<>();

    OpenHook(FakeUnit unit) {
      Thread thread = new Thread(() -> run(unit), "hook of " + unit.name());
      thread.setDaemon(true);
      thread.start();
    }

    private void run(FakeUnit unit) {
      try {
        boolean committed =
            unit.inHook(
                    Hook.action("look"),
                    context -> {
                      opened.complete(HookScene.openMagpie(context));
                      context.exit(ending.join() ? 0 : 1);
                    })
                .committed();
        ended.complete(committed);
      } catch (RuntimeException e) {
        opened.completeExceptionally(e);
        ended.completeExceptionally(e);
      }
    }

    PeerView view() {
      return await(opened);
    }

    /** Ends the hook, and tells whether it was committed. */
    boolean end(boolean well) {
      ending.complete(well);
      return await(ended);
    }

    private static <T> T await(CompletableFuture<T> future) {
      try {
        return future.get(60, TimeUnit.SECONDS);
      } catch (ExecutionException e) {
        if (e.getCause() instanceof RuntimeException failure) {
          throw failure;
        }
        throw new AssertionError(e);
      } catch (InterruptedException | TimeoutException e) {
        throw new AssertionError("expected the hook to go on", e);
      }
    }
  }

  static final class JujuHarness implements PeerSetHarness {
    /** Each lacking capability and why a hook cannot have it. */
    private static final Map<Capability, String> LACKING =
        Map.of(
            Capability.LIVE,
            "what a hook sees is frozen at its start, so a change waits for the next hook",
            Capability.STALE_SOURCE,
            "a hook asks for each thing once, so nothing can break or heal behind a view",
            Capability.LABELS,
            "Juju has no labels for units",
            Capability.NETWORKS_BY_NAME,
            "Juju declares no networks to a unit; bindings are asked for by name",
            Capability.CONCURRENT_VIEWS,
            "the hooks of a unit never overlap");

    /** A second relation of the endpoint, which lists nobody until a peer is named twice. */
    private static final String SECOND = "magpie:2";

    private final FakeJuju juju;
    private final FakeUnit unit;
    private final Set<String> second = new TreeSet<>();
    private OpenHook open;
    private int seen;

    JujuHarness(Path directory) {
      // Juju 4, which alone has doubts.
      juju =
          HookScene.juju(directory, JujuVersion.JUJU_4_0).peerRelation("magpie").units(1).build();
      unit = juju.unit("magpie/0");
      juju.settle();
      healSource();
    }

    @Override
    public Set<Capability> capabilities() {
      return EnumSet.complementOf(EnumSet.copyOf(LACKING.keySet()));
    }

    @Override
    public String lacks(Capability missing) {
      return LACKING.get(missing);
    }

    @Override
    public PeerView open() {
      if (open != null) {
        // A process that was not ended has failed, and so has its hook.
        open.end(false);
      }
      open = new OpenHook(unit);
      return open.view();
    }

    @Override
    public void finish(PeerView view) {
      view.close();
      if (!open.end(true)) {
        throw new AssertionError("expected the hook to be committed");
      }
      open = null;
    }

    @Override
    public void crash(PeerView view) {
      open.end(false);
      open = null;
    }

    private FakeUnit unit(PeerId id) {
      return juju.unit(id.value());
    }

    @Override
    public void put(Peer peer) {
      boolean isNew =
          juju.units().stream().map(FakeUnit::name).noneMatch(peer.id().value()::equals);
      if (isNew || !unit.members("magpie").contains(peer.id().value())) {
        FakeUnit added = juju.addUnit(peer.id().value());
        // Without an address of Juju's, so that it has those given here and no other.
        added.addresses("alpha");
        added.settle();
      }
      publish("magpie:1", peer);
      juju.settle();
    }

    private void publish(String relation, Peer peer) {
      Map<String, String> settings = new TreeMap<>();
      unit(peer.id()).settings(relation).keySet().forEach(key -> settings.put(key, ""));
      settings.putAll(peer.settings());
      settings.put("magpie-addresses", Bags.addresses(peer.addresses()));
      List<String> words = new ArrayList<>();
      settings.forEach((key, value) -> words.addAll(List.of(key, value)));
      unit(peer.id()).publish(relation, words.toArray(new String[0]));
    }

    @Override
    public void remove(PeerId id) {
      unit(id).destroy();
      juju.settle();
    }

    @Override
    public Set<Breakage> breakages() {
      return EnumSet.allOf(Breakage.class);
    }

    @Override
    public List<String> data(PeersException failure) {
      HookToolException tool = assertInstanceOf(HookToolException.class, failure);
      List<String> data = new ArrayList<>(tool.arguments());
      data.add(tool.tool());
      return data;
    }

    @Override
    public void breakSource(Breakage kind) {
      juju.clearFaults();
      Fault fault =
          switch (kind) {
            case GONE -> Fault.exit(1, "ERROR relation not found");
            case UNREADABLE -> Fault.exit(1, "ERROR connection is shut down");
            case RUBBISH -> Fault.stdout("[\"magpie/1\", ");
          };
      juju.inject(fault.on("relation-list").always());
    }

    @Override
    public void healSource() {
      juju.clearFaults();
      String names = second.stream().map(n -> '"' + n + '"').collect(Collectors.joining(","));
      juju.inject(
          Fault.stdout("[" + names + "]\n")
              .on("relation-list")
              .matching(arguments -> arguments.contains(SECOND))
              .always());
    }

    @Override
    public void doubt(PeerId id) {
      unit(id).destroyLeavingGhost();
    }

    @Override
    public void nameTwice(Peer peer) {
      second.add(peer.id().value());
      publish(SECOND, peer);
      juju.settle();
      healSource();
    }

    @Override
    public Map<String, String> seenByPeers() {
      Map<String, String> settings = new TreeMap<>(unit.settings("magpie:1"));
      settings.keySet().removeAll(List.of("ingress-address", "egress-subnets"));
      return settings;
    }

    @Override
    public Set<PeerId> peersRead() {
      List<ToolCall> all = juju.calls();
      Collection<ToolCall> news = all.subList(seen, all.size());
      Set<PeerId> read =
          news.stream()
              .filter(call -> call.tool().equals("relation-get"))
              .map(call -> PeerId.of(call.arguments().get(call.arguments().size() - 1)))
              .collect(Collectors.toSet());
      seen = all.size();
      return read;
    }

    @Override
    public Object writes() {
      return juju.calls("state-set").size() + juju.calls("relation-set").size();
    }

    @Override
    public void close() {
      if (open != null) {
        open.end(false);
      }
      juju.close();
    }
  }
}
