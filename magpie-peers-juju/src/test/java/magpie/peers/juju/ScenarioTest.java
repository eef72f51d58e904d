/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import magpie.peers.Notice;
import magpie.peers.Notices;
import magpie.peers.PeerAddress;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.testkit.juju.FakeJuju;
import magpie.peers.testkit.juju.Hook;
import magpie.peers.testkit.juju.HookContext;
import magpie.peers.testkit.juju.HookRun;
import magpie.peers.testkit.juju.JujuVersion;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The life of an application of four units, and what each unit sees after each of its hooks. */
class ScenarioTest {
  @TempDir Path directory;

  /** What {@code magpie/1} saw, hook by hook. */
  private final List<String> trace = new ArrayList<>();

  /** Who is a member in the eyes of each unit, by the hooks that it has run. */
  private final Map<String, TreeSet<String>> members = new HashMap<>();

  private boolean failing;

  @Test
  void everyHookSeesItsPeersNoticesAddressesAndSettings() {
    everyHookSeesItsPeersNoticesAddressesAndSettings(JujuVersion.JUJU_3_6);
  }

  @Tag("thorough")
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "JUJU_3_6")
  void everyHookSeesItsPeersNoticesAddressesAndSettings(JujuVersion version) {
    try (FakeJuju juju = HookScene.juju(directory, version).newUnits(4).build()) {
      play(juju);
      trace.add("-- config changed");
      juju.config("level", 2);
      play(juju);
      trace.add("-- magpie/3 removed, the hook fails once");
      juju.unit("magpie/3").remove();
      failing = true;
      play(juju);
      trace.add("-- update-status");
      juju.unit("magpie/1").updateStatus();
      play(juju);
      trace.add("-- magpie/1 itself removed");
      juju.unit("magpie/1").remove();
      play(juju);
      // The others are told when Juju 4 has taken it away.
      play(juju);

      assertEquals(TRACE.strip(), String.join("\n", trace));
      assertEquals(List.of("magpie/2"), juju.unit("magpie/0").members("magpie"));
      assertEquals(List.of("magpie/0"), juju.unit("magpie/2").members("magpie"));
      assertEquals(Map.of(), notCommitted(juju));
    }
  }

  /** Hooks that failed more often than they were made to. */
  private static Map<String, Long> notCommitted(FakeJuju juju) {
    Map<String, Long> failed =
        juju.runs().stream()
            .filter(run -> !run.committed())
            .collect(Collectors.groupingBy(HookRun::toString, Collectors.counting()));
    failed.remove(
        "magpie/1: magpie-relation-departed (magpie:1) magpie/3 [hook failed:"
            + " \"magpie-relation-departed\" (java.lang.IllegalStateException: on purpose)]",
        1L);
    return failed;
  }

  private void play(FakeJuju juju) {
    juju.playInside(this::charm);
  }

  /** What the charm does in every hook. */
  private void charm(HookContext hook) {
    try (PeerView view = HookScene.open(hook)) {
      Notices notices = view.notices();
      List<String> expected = expectedMembers(hook);
      assertEquals(expected, view.ids().stream().map(Object::toString).toList(), hook.toString());
      note(hook, view.nodes(), notices);
      if (hook.hook().name().equals("update-status")) {
        view.dismiss(notices);
      }
      if (failing && hook.hook().kind() == Hook.Kind.DEPARTED && hook.unit().equals("magpie/1")) {
        failing = false;
        view.dismiss(notices);
        view.publish("greeting", "never said");
        throw new IllegalStateException("on purpose");
      }
      if (view.snapshot().origin().equals("relation magpie (not there yet)")) {
        assertTrue(hook.hook().name().equals("install"), hook.toString());
      } else {
        view.publish("greeting", "hi" + hook.unit().substring(7));
        assertEquals(Map.of("greeting", "hi" + hook.unit().substring(7)), view.published());
      }
      remember(hook);
    }
  }

  /** Members by the hooks alone, which is how Juju tells them. */
  private List<String> expectedMembers(HookContext hook) {
    TreeSet<String> now = new TreeSet<>(members.getOrDefault(hook.unit(), new TreeSet<>()));
    switch (hook.hook().kind()) {
      case JOINED -> now.add(hook.hook().remoteUnit());
      case DEPARTED -> now.remove(hook.hook().remoteUnit());
      default -> assertFalse(now.contains(hook.unit()));
    }
    return List.copyOf(now);
  }

  private void remember(HookContext hook) {
    members.put(hook.unit(), new TreeSet<>(expectedMembers(hook)));
  }

  private void note(HookContext hook, List<PeerNode> nodes, Notices notices) {
    // Juju 4 has no such hook.
    if (!hook.unit().equals("magpie/1") || hook.hook().name().equals("leader-settings-changed")) {
      return;
    }
    String name = (hook.hook().name() + " " + hook.hook().remoteUnit()).strip();
    trace.add(name.replace("magpie-relation-", ""));
    trace.add("  peers " + texts(nodes));
    List<PeerNode> departed =
        notices.departed().stream().map(notice -> notice.lastKnown().orElseThrow()).toList();
    List<String> joined = notices.joined().stream().map(notice -> number(notice.id())).toList();
    trace.add("  joined " + joined + " departed " + texts(departed));
    assertTrue(notices.joined().stream().map(Notice::lastKnown).allMatch(Optional::isEmpty));
  }

  private static String number(PeerId id) {
    return id.value().substring("magpie/".length());
  }

  /** Number, address and greeting of each; all else about them is the same everywhere. */
  private static List<String> texts(List<PeerNode> nodes) {
    List<String> texts = new ArrayList<>();
    for (PeerNode node : nodes) {
      PeerAddress address = node.address().orElseThrow();
      assertEquals("ingress-address", address.source());
      assertEquals(List.of(address), node.addresses());
      assertEquals(Set.of("greeting"), node.settings().keySet());
      assertFalse(node.suspect());
      texts.add(
          number(node.id()) + " at " + address.text() + " says " + node.settings().get("greeting"));
    }
    return texts;
  }

  private static final String TRACE =
      """
      install
        peers []
        joined [] departed []
      created
        peers []
        joined [] departed []
      config-changed
        peers []
        joined [] departed []
      start
        peers []
        joined [] departed []
      joined magpie/0
        peers [0 at 10.0.0.10 says hi0]
        joined [0] departed []
      changed magpie/0
        peers [0 at 10.0.0.10 says hi0]
        joined [0] departed []
      joined magpie/2
        peers [0 at 10.0.0.10 says hi0, 2 at 10.0.0.12 says hi2]
        joined [0, 2] departed []
      changed magpie/2
        peers [0 at 10.0.0.10 says hi0, 2 at 10.0.0.12 says hi2]
        joined [0, 2] departed []
      joined magpie/3
        peers [0 at 10.0.0.10 says hi0, 2 at 10.0.0.12 says hi2, 3 at 10.0.0.13 says hi3]
        joined [0, 2, 3] departed []
      changed magpie/3
        peers [0 at 10.0.0.10 says hi0, 2 at 10.0.0.12 says hi2, 3 at 10.0.0.13 says hi3]
        joined [0, 2, 3] departed []
      -- config changed
      config-changed
        peers [0 at 10.0.0.10 says hi0, 2 at 10.0.0.12 says hi2, 3 at 10.0.0.13 says hi3]
        joined [0, 2, 3] departed []
      -- magpie/3 removed, the hook fails once
      departed magpie/3
        peers [0 at 10.0.0.10 says hi0, 2 at 10.0.0.12 says hi2]
        joined [0, 2] departed [3 at 10.0.0.13 says hi3]
      departed magpie/3
        peers [0 at 10.0.0.10 says hi0, 2 at 10.0.0.12 says hi2]
        joined [0, 2] departed [3 at 10.0.0.13 says hi3]
      -- update-status
      update-status
        peers [0 at 10.0.0.10 says hi0, 2 at 10.0.0.12 says hi2]
        joined [0, 2] departed [3 at 10.0.0.13 says hi3]
      -- magpie/1 itself removed
      departed magpie/0
        peers [2 at 10.0.0.12 says hi2]
        joined [] departed [0 at 10.0.0.10 says hi0]
      departed magpie/2
        peers []
        joined [] departed [0 at 10.0.0.10 says hi0, 2 at 10.0.0.12 says hi2]
      stop
        peers []
        joined [] departed [0 at 10.0.0.10 says hi0, 2 at 10.0.0.12 says hi2]
      remove
        peers []
        joined [] departed [0 at 10.0.0.10 says hi0, 2 at 10.0.0.12 says hi2]
      """;
}
