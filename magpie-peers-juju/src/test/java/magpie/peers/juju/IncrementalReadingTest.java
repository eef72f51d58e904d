/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import magpie.peers.ConfigurationException;
import magpie.peers.Notices;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.PeersOptions;
import magpie.peers.testkit.juju.FakeJuju;
import magpie.peers.testkit.juju.FakeUnit;
import magpie.peers.testkit.juju.Hook;
import magpie.peers.testkit.juju.HookContext;
import magpie.peers.testkit.juju.HookRun;
import magpie.peers.testkit.juju.JujuVersion;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Which settings a hook reads, and which it takes from the hooks before it.
 *
 * <p>docs/juju.md states this as a table; change them together.
 */
class IncrementalReadingTest {
  private static final int PEERS = 4;

  @TempDir Path directory;
  private FakeJuju juju;
  private FakeUnit unit;
  private Path file;

  @BeforeEach
  void settle() {
    settle(PEERS);
  }

  private void settle(int peers) {
    juju = HookScene.juju(directory, JujuVersion.JUJU_3_6).units(peers + 1).build();
    unit = juju.unit("magpie/0");
    for (int i = 1; i <= peers; i++) {
      juju.unit("magpie/" + i).publish("magpie", "port", "500" + i);
    }
    unit.settle();
    file = directory.resolve("charm/.magpie-peers.magpie.settings");
  }

  @AfterEach
  void close() {
    juju.close();
  }

  private static PeerView open(HookContext hook) {
    return Peers.open(
        PeersOptions.builder()
            .environment(HookScene.environment(hook))
            .peerSet("magpie")
            .option("incremental-reading", "true")
            .build());
  }

  /** Runs a hook that looks at all peers, and returns of which units it read the settings. */
  private List<String> read(Hook hook) {
    HookRun run =
        unit.inHook(
            hook,
            (HookContext.Body<RuntimeException>)
                context -> {
                  try (PeerView view = open(context)) {
                    view.nodes();
                  }
                });
    return read(run);
  }

  private static List<String> read(HookRun run) {
    return run.calls().stream()
        .filter(call -> call.tool().equals("relation-get"))
        .map(call -> call.arguments().get(call.arguments().size() - 1))
        .sorted()
        .toList();
  }

  private static List<String> units(int... numbers) {
    return java.util.Arrays.stream(numbers).mapToObj(i -> "magpie/" + i).toList();
  }

  private static Hook changed(int peer) {
    return Hook.changed("magpie", "magpie/" + peer);
  }

  private static Hook status() {
    return Hook.named("update-status");
  }

  @Test
  void aRelationHookReadsTheUnitThatItIsAbout() {
    assertEquals(units(1, 2, 3, 4), read(status()));
    assertEquals(units(2), read(changed(2)));
    assertEquals(units(3), read(changed(3)));
    assertEquals(List.of(), read(Hook.changed("magpie", "")), "the application's settings");
    juju.addUnit().settle();
    assertEquals(units(5), read(unit.due().orElseThrow()), "joined");
    assertEquals(units(5), read(unit.due().orElseThrow()), "changed");
    juju.unit("magpie/5").destroy();
    assertEquals(List.of(), read(unit.due().orElseThrow()), "departed");
    assertEquals(units(1), read(changed(1)));
  }

  @Test
  void allOtherHooksReadEverything() {
    for (Hook hook :
        List.of(
            status(),
            Hook.named("config-changed"),
            Hook.named("start"),
            Hook.named("upgrade-charm"),
            Hook.named("leader-elected"),
            Hook.created("magpie"),
            Hook.action("look"),
            Hook.exec(),
            Hook.exec("magpie", "magpie/2"))) {
      assertEquals(units(1, 2, 3, 4), read(hook), hook::name);
      assertEquals(units(2), read(changed(2)), hook::name);
      assertEquals(units(3), read(changed(3)), hook::name);
    }
  }

  @Test
  void withoutTheOptionNothingIsKept() {
    HookScene.run(unit, PeerView::nodes);
    assertEquals(units(1, 2, 3, 4), read(HookScene.run(unit, changed(2), PeerView::nodes)));
    assertFalse(Files.exists(file));
  }

  @Test
  void theOptionIsTrueOrFalse() {
    PeersOptions options =
        PeersOptions.builder()
            .environment(
                magpie.peers.Environment.system()
                    .withVariables(Map.of("JUJU_CONTEXT_ID", "c", "JUJU_UNIT_NAME", "magpie/0")))
            .peerSet("magpie")
            .option("incremental-reading", "yes")
            .build();
    assertEquals(
        "option incremental-reading: expected true or false, found \"yes\"",
        assertThrows(ConfigurationException.class, () -> Peers.open(new JujuBackend(), options))
            .getMessage());
  }

  @Test
  void whatIsKeptIsWhatWasRead() {
    juju.unit("magpie/1").publish("magpie", "text", "a\nhook 1:x \r\0 \u00e9\ud83e\udd89=\\ ");
    juju.unit("magpie/1").publish("magpie", "a b=c\n", "3:abc");
    read(changed(1));
    List<PeerNode> before = HookScene.look(unit, PeerView::nodes);
    AtomicReference<List<PeerNode>> seen = new AtomicReference<>();
    HookRun run =
        unit.inHook(
            changed(2),
            (HookContext.Body<RuntimeException>)
                context -> {
                  try (PeerView view = open(context)) {
                    seen.set(view.nodes());
                  }
                });
    assertEquals(units(2), read(run));
    assertEquals(before, seen.get());
  }

  /** Another member is as the agent knows it, however new its settings are. */
  @Test
  void settingsAreAsFreshAsTheLastHookOfTheirUnit() {
    read(status());
    juju.unit("magpie/1").publish("magpie", "port", "6001");
    assertEquals("5001", port(changed(2), 1));
    assertEquals("6001", port(changed(1), 1));
    assertEquals("6001", port(changed(2), 1));
  }

  private String port(Hook hook, int peer) {
    AtomicReference<String> port = new AtomicReference<>();
    unit.inHook(
        hook,
        (HookContext.Body<RuntimeException>)
            context -> {
              try (PeerView view = open(context)) {
                port.set(view.node(HookScene.unit(peer)).orElseThrow().settings().get("port"));
              }
            });
    return port.get();
  }

  @Test
  void aHookThatDiesAtOnceAndIsSkippedLeavesNothingOutOfDate() {
    read(status());
    juju.unit("magpie/2").publish("magpie", "port", "6002");
    // Of what comes behind the opening, nothing happens.
    assertThrows(
        IllegalStateException.class,
        () ->
            unit.inHook(
                changed(2),
                (HookContext.Body<RuntimeException>)
                    context -> {
                      try (PeerView view = open(context)) {
                        throw new IllegalStateException("died " + view);
                      }
                    }));
    unit.resolved();
    assertEquals("6002", port(changed(1), 2));
  }

  /** Only Juju knows whether the last one went well; a restarted agent reads everything anew. */
  @Test
  void aHookThatIsRetriedReadsEverything() {
    read(status());
    juju.unit("magpie/1").publish("magpie", "port", "6001");
    juju.unit("magpie/2").publish("magpie", "port", "6002");
    assertThrows(
        IllegalStateException.class,
        () ->
            unit.inHook(
                changed(2),
                (HookContext.Body<RuntimeException>)
                    context -> {
                      try (PeerView view = open(context)) {
                        view.nodes();
                        throw new IllegalStateException("died");
                      }
                    }));
    // An action in between changes nothing.
    assertEquals(units(1, 2, 3, 4), read(Hook.action("look")));
    unit.restartAgent();
    assertEquals("6001", port(changed(2), 1));
    // After another hook, the same one is no retry any more.
    assertEquals(units(1, 2, 3, 4), read(status()));
    assertEquals(units(2), read(changed(2)));
  }

  @Test
  void aReadingThatFailsTakesBackTheUnitAlone() {
    read(status());
    juju.inject(magpie.peers.testkit.juju.Fault.exit(1, "ERROR gone").on("relation-get"));
    assertThrows(HookToolException.class, () -> read(changed(2)));
    unit.resolved();
    assertEquals(units(2, 3), read(changed(3)));
  }

  /** A unit that is removed runs no config-changed, so nothing tells that its agent restarted. */
  @Test
  void aUnitThatLeavesReadsEverything() {
    read(status());
    unit.remove();
    assertEquals(units(2, 3, 4), read(unit.due().orElseThrow()));
    assertEquals(units(3, 4), read(unit.due().orElseThrow()));
  }

  @Test
  void whatIsNotReadIsNotForgotten() {
    read(status());
    HookRun ids =
        unit.inHook(
            changed(2),
            (HookContext.Body<RuntimeException>)
                context -> {
                  try (PeerView view = open(context)) {
                    assertEquals(PEERS, view.ids().size());
                  }
                });
    assertEquals(List.of(), read(ids));
    assertEquals(units(2, 3), read(changed(3)));
  }

  @Test
  void deletingItChangesNothingButTime() throws IOException {
    read(status());
    Files.delete(file);
    assertEquals(units(1, 2, 3, 4), read(changed(2)));
    assertEquals(units(3), read(changed(3)));
  }

  @Test
  void whatIsInItsWayIsReplacedOrLeftAlone() throws IOException {
    Path other = Files.writeString(directory.resolve("other"), "mine");
    for (String kind : List.of("link", "large", "empty", "foreign", "directory")) {
      read(status());
      Files.deleteIfExists(file);
      switch (kind) {
        case "link" -> Files.createSymbolicLink(file, other);
        case "large" -> {
          try (RandomAccessFile large = new RandomAccessFile(file.toFile(), "rw")) {
            large.setLength(10L << 30);
          }
        }
        case "empty" -> Files.createFile(file);
        case "foreign" -> Files.writeString(file, "PK\u0003\u0004");
        default -> Files.createDirectories(file.resolve("full"));
      }
      assertEquals(units(1, 2, 3, 4), read(changed(2)), kind);
      assertEquals(kind.equals("directory") ? units(1, 2, 3, 4) : units(3), read(changed(3)), kind);
    }
    assertEquals("mine", Files.readString(other));
    assertTrue(Files.isDirectory(file.resolve("full")));
  }

  /**
   * Of another unit, endpoint or version, cut off, or with any one byte changed. Cut off at the end
   * of what one hook wrote, it is the file of that time.
   */
  @Test
  void whatIsNotWholeCountsAsNothing() throws IOException {
    read(status());
    int all = (int) Files.size(file);
    read(changed(3));
    String whole = Files.readString(file);
    int hook = whole.indexOf('\n', all) + 1;
    byte[] bytes = Files.readAllBytes(file);
    assertEquals(4, kept("magpie/0", "magpie", 0));
    assertEquals(3, kept("magpie/0", "magpie", 1), "without the unit that the hook is about");
    assertTrue(Files.readString(file).startsWith(whole));
    Files.write(file, bytes);
    assertEquals(0, kept("magpie/9", "magpie", 0));
    Files.writeString(file, whole.replace("settings 1 ", "settings 2 "));
    assertEquals(0, kept("magpie/0", "magpie", 0));
    for (int length = 0; length < bytes.length; length++) {
      Files.write(file, java.util.Arrays.copyOf(bytes, length));
      assertEquals(
          length == all ? PEERS : length == hook ? PEERS - 1 : 0,
          kept("magpie/0", "magpie", 0),
          "cut off after " + length);
    }
    for (int i = 0; i < bytes.length; i++) {
      byte[] damaged = bytes.clone();
      damaged[i] ^= 1;
      Files.write(file, damaged);
      assertEquals(0, kept("magpie/0", "magpie", 0), "changed at " + i);
    }
  }

  /** What a hook read is added behind, until there is more of that than is kept. */
  @Test
  void theFileStaysSmall() throws IOException {
    read(status());
    long size = Files.size(file);
    for (int i = 0; i < 10 * PEERS; i++) {
      String port = Integer.toString(7000 + i);
      juju.unit("magpie/" + (1 + i % 2)).publish("magpie", "port", port);
      assertEquals(port, port(changed(1 + i % 2), 1 + i % 2));
      assertTrue(Files.size(file) < 4 * size, file::toString);
    }
  }

  /** How many of the peers are known in a changed hook of a peer, or of the application for 0. */
  private int kept(String name, String endpoint, int peer) {
    Map<String, String> variables =
        Map.of(
            "JUJU_CHARM_DIR",
            file.getParent().toString(),
            "JUJU_CONTEXT_ID",
            "another",
            "JUJU_UNIT_NAME",
            name,
            "JUJU_HOOK_NAME",
            endpoint + "-relation-changed",
            "JUJU_RELATION_ID",
            endpoint + ":1",
            "JUJU_REMOTE_UNIT",
            peer == 0 ? "" : "magpie/" + peer);
    SettingsCache cache =
        SettingsCache.of(
            CharmProcess.of(
                PeersOptions.builder()
                    .environment(
                        new magpie.peers.Environment(
                            variables, Map.of(), directory, HookScene.CLOCK))
                    .peerSet(endpoint)
                    .build()));
    int kept = 0;
    for (int i = 1; i <= PEERS; i++) {
      if (cache.settings(new JujuSource.Bag(endpoint + ":1", HookScene.unit(i))) != null) {
        kept++;
      }
    }
    return kept;
  }

  @Test
  void aHookWithManyPeersLaunchesFewTools() throws IOException {
    close();
    int peers = Boolean.getBoolean("magpie.thorough") ? 300 : 40;
    settle(peers);
    HookRun all = everything(status());
    assertEquals(peers, read(all).size());
    juju.unit("magpie/7").publish("magpie", "port", "6007");
    HookRun changed = everything(unit.due().orElseThrow());
    assertEquals(units(7), read(changed));
    assertTrue(changed.calls().size() <= 12, () -> changed.toolCounts().toString());
    juju.addUnit().settle();
    HookRun joined = everything(unit.due().orElseThrow());
    assertEquals(units(peers + 1), read(joined));
    assertTrue(joined.calls().size() <= 12, () -> joined.toolCounts().toString());
    everything(unit.due().orElseThrow());
    juju.unit("magpie/" + (peers + 1)).destroy();
    HookRun departed = everything(unit.due().orElseThrow());
    // The notice tells what was known of it last.
    assertEquals(units(peers + 1), read(departed));
    assertTrue(departed.calls().size() <= 12, () -> departed.toolCounts().toString());
  }

  /** What a charm can do in a hook. */
  private HookRun everything(Hook hook) {
    return unit.inHook(
        hook,
        (HookContext.Body<RuntimeException>)
            context -> {
              try (PeerView view = open(context)) {
                JujuUnit here = JujuUnit.of(view);
                here.publishAddresses();
                assertEquals(view.ids().size(), view.nodes().size());
                Notices notices = view.notices();
                here.setStatus(JujuUnit.Status.ACTIVE, "Ready");
                view.dismiss(notices);
              }
            });
  }
}
