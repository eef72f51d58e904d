/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.SourceUnavailableException;
import magpie.peers.testkit.juju.FakeJuju;
import magpie.peers.testkit.juju.FakeUnit;
import magpie.peers.testkit.juju.Fault;
import magpie.peers.testkit.juju.Hook;
import magpie.peers.testkit.juju.HookRun;
import magpie.peers.testkit.juju.JujuVersion;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a unit publishes, what that costs, and what arrives. */
class PublishingTest {
  @TempDir Path directory;
  private FakeJuju juju;
  private FakeUnit unit;

  @BeforeEach
  void twoUnits() {
    juju = HookScene.settled(directory, 2);
    unit = juju.unit("magpie/0");
  }

  @AfterEach
  void end() {
    juju.close();
  }

  private Map<String, String> settings() {
    Map<String, String> settings = new TreeMap<>(unit.settings("magpie"));
    settings.keySet().removeAll(List.of("egress-subnets", "ingress-address", "private-address"));
    return settings;
  }

  @Test
  void mergesAndRemovesAndReadsItsOwnWrites() {
    unit.publish("magpie", "not-mine", "stays");
    HookScene.run(
        unit,
        view -> {
          assertTrue(view.publish(Map.of("a", "1", "b", "2")));
          assertTrue(view.publish("b", "3"));
          assertEquals(Map.of("a", "1", "b", "3", "not-mine", "stays"), view.published());
          assertTrue(view.publish("a", ""));
          assertEquals(Map.of("b", "3", "not-mine", "stays"), view.published());
        });

    assertEquals(Map.of("b", "3", "not-mine", "stays"), settings());
  }

  @Test
  void seesOfItselfWhatItHasJustPublished() {
    HookScene.run(
        unit,
        view -> {
          assertNull(view.self().orElseThrow().settings().get("a"));
          assertTrue(view.publish("a", "1"));
          assertEquals("1", view.self().orElseThrow().settings().get("a"));
          assertTrue(view.publish("a", ""));
          assertNull(view.self().orElseThrow().settings().get("a"));
        });
  }

  @Test
  void neverReadsItsOwnBagToPublish() {
    HookRun run = HookScene.run(unit, view -> view.publish("a", "1"));

    assertEquals(
        List.of(
            "relation-ids --format=json magpie",
            "state-get --format=json magpie-peers.magpie",
            "relation-set -r magpie:1 --file -",
            "state-set --file -"),
        HookScene.calls(run));
    assertEquals("{\"a\":\"1\"}", run.calls().get(2).stdin().orElseThrow());
    assertEquals(Map.of("magpie:1", Map.of("a", "1")), run.unitSettings());
  }

  @Test
  void writesNothingThatIsPublishedAlready() {
    HookScene.run(unit, view -> view.publish(Map.of("a", "1", "b", "2")));

    HookRun again =
        HookScene.run(
            unit,
            view -> {
              assertFalse(view.publish("a", "1"));
              assertFalse(view.publish(Map.of("b", "2", "a", "1")));
              assertFalse(view.publish(Map.of()));
            });
    assertEquals(
        List.of("relation-ids --format=json magpie", "state-get --format=json magpie-peers.magpie"),
        HookScene.calls(again));

    HookRun partly = HookScene.run(unit, view -> view.publish(Map.of("a", "1", "b", "3")));
    // What was remembered of b is forgotten before it is written over.
    assertEquals(
        List.of(
            "relation-ids --format=json magpie",
            "state-get --format=json magpie-peers.magpie",
            "state-set --file -",
            "relation-set -r magpie:1 --file -",
            "state-set --file -"),
        HookScene.calls(partly));
    assertEquals("{\"b\":\"3\"}", partly.calls().get(3).stdin().orElseThrow());
  }

  /** As juju exec does: what was written before a failure is kept. */
  @Test
  void whatIsRememberedNeverClaimsMoreThanIsThere() {
    assertTrue(HookScene.publish(unit, "k", "v1"));
    for (String broken : List.of("relation-set", "state-set")) {
      HookRun run =
          HookScene.run(
              unit,
              view -> {
                // The first state-set forgets what is to be written over.
                juju.inject(
                    Fault.exit(1, "ERROR connection is shut down")
                        .on(broken)
                        .nth(broken.equals("state-set") ? 2 : 1));
                assertThrows(HookToolException.class, () -> view.publish("k", "v2"));
              });
      assertTrue(run.committed(), run.failure());
      assertTrue(HookScene.publish(unit, "k", "v1"), broken);
      assertEquals(Map.of("k", "v1"), settings());
    }
  }

  @Test
  void reservedKeysAndKeysThatJujuCannotReadAreRefusedBeforeAnyToolIsLaunched() {
    String longest = "k".repeat(1022);
    HookRun run =
        HookScene.run(
            unit,
            view -> {
              assertThrows(
                  IllegalArgumentException.class, () -> view.publish("private-address", ""));
              String message =
                  assertThrows(
                          IllegalArgumentException.class, () -> view.publish(longest + "k", "v"))
                      .getMessage();
              assertTrue(message.startsWith("expected a key of at most 1022 characters"), message);
              assertThrows(
                  IllegalArgumentException.class, () -> view.publish("\u0001".repeat(200), "v"));
            });
    assertEquals(List.of(), HookScene.calls(run));

    assertTrue(HookScene.publish(unit, longest, "v"));
    assertEquals(Map.of(longest, "v"), settings());
  }

  @Test
  void removesOnceWhatMayBeThereAndNotAgain() {
    unit.publish("magpie", "old", "from a script");

    assertTrue(HookScene.publish(unit, "old", ""));
    assertEquals(Map.of(), settings());
    assertFalse(HookScene.publish(unit, "old", ""));
    assertTrue(HookScene.publish(unit, "old", "back"));
    assertEquals(Map.of("old", "back"), settings());
  }

  @Test
  void readsItsOwnBagOnlyToFindOutWhetherAKeyIsThereThatItNeverPublished() {
    HookRun run =
        HookScene.run(
            unit,
            view -> {
              assertFalse(view.publish("never-there", ""));
              assertTrue(view.publish("a", "1"));
            });

    assertEquals(
        List.of(
            "relation-ids --format=json magpie",
            "state-get --format=json magpie-peers.magpie",
            "relation-get --format=json -r magpie:1 - magpie/0",
            "relation-set -r magpie:1 --file -",
            "state-set --file -"),
        HookScene.calls(run));
    HookRun removal = HookScene.run(unit, view -> assertTrue(view.publish("a", "")));
    assertEquals(0, removal.toolCounts().getOrDefault("relation-get", 0));
  }

  @Test
  void theFirstHooksHaveNothingToPublishTo() {
    try (FakeJuju young =
        HookScene.juju(directory.resolve("young"), JujuVersion.JUJU_3_6).newUnits(1).build()) {
      FakeUnit first = young.unit("magpie/0");
      SourceUnavailableException none =
          assertThrows(
              SourceUnavailableException.class,
              () -> HookScene.run(first, Hook.named("install"), view -> view.publish("a", "1")));

      assertEquals(
          "expected the peer relation \"magpie\" to publish to, found none yet; publish again in a"
              + " later hook, from magpie-relation-created on",
          none.getMessage());
      assertEquals("relation magpie", none.origin());
      HookScene.run(
          first,
          Hook.named("install"),
          view -> {
            assertEquals(List.of(), view.nodes());
            assertFalse(view.publish("a", ""), "there is nothing to remove");
            assertFalse(JujuUnit.of(view).publishAddresses());
            assertEquals(Map.of(), view.published());
            assertEquals(Map.of(), JujuUnit.of(view).applicationSettings());
          });
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"ingress-address", "private-address", "egress-subnets", "magpie-addresses"})
  void keepsAwayFromKeysThatAreNotItsOwn(String key) {
    IllegalArgumentException refused =
        assertThrows(IllegalArgumentException.class, () -> HookScene.publish(unit, key, "x"));

    assertEquals(
        "expected a key of your own, found \""
            + key
            + "\", which "
            + (key.equals("magpie-addresses")
                ? "JujuUnit.publishAddresses() writes"
                : "Juju writes itself"),
        refused.getMessage());
  }

  @Test
  void goesToEveryRelationOfTheEndpoint() {
    try (FakeJuju twice =
        FakeJuju.create(directory.resolve("twice"), JujuVersion.JUJU_3_6)
            .peerRelation("magpie", 1)
            .peerRelation("magpie", 12)
            .units(2)
            .build()) {
      twice.settle();
      FakeUnit both = twice.unit("magpie/0");
      HookRun run = HookScene.run(both, view -> view.publish("a", "1"));

      assertEquals(
          Map.of("magpie:1", Map.of("a", "1"), "magpie:12", Map.of("a", "1")), run.unitSettings());
      assertFalse(HookScene.publish(both, "a", "1"));
    }
  }

  @ParameterizedTest
  @EnumSource
  void anyTextArrivesAsItIs(JujuVersion version) {
    Map<String, String> texts = new LinkedHashMap<>();
    texts.put("blanks", "  both sides  ");
    texts.put("blank", " ");
    texts.put("lines", "\none\r\ntwo\n\n");
    texts.put("tab", "\t");
    texts.put("equals", "=a=b=");
    texts.put("quotes", "\"'`$(id) \\ \\n $HOME");
    texts.put("emoji", "🦉 e\u0301 \u202e \ufeff 日本");
    texts.put("control", "\u0001\u001b[31m\u007f\u0085\u2028");
    texts.put("true", "true");
    texts.put("null", "~");
    texts.put("number", "007");
    texts.put("float", "1e3");
    texts.put("date", "2026-11-22");
    texts.put("yaml", "- a: &x {b: [c, *x]} # !!str |\n  - d");
    texts.put("document", "---\n...\n%YAML 1.1\n");
    texts.put("json", "{\"a\":[null,1]}");
    texts.put("merge", "<<: *x");
    texts.put("file", "@/etc/passwd");
    texts.put("option", "--help");
    texts.put("one-mebibyte", "0123456789abcde\n".repeat(65536));
    texts.put("key with = : # blanks \"'", "kept");
    texts.put("ключ", "kept");

    try (FakeJuju other = HookScene.juju(directory.resolve("other"), version).units(2).build()) {
      other.settle();
      HookScene.run(
          other.unit("magpie/0"),
          view -> {
            view.publish(texts);
            assertEquals(texts, view.published());
          });
      List<PeerNode> seen = new ArrayList<>();
      HookScene.run(
          other.unit("magpie/1"),
          Hook.changed("magpie", "magpie/0"),
          view -> seen.addAll(view.nodes()));

      assertEquals(1, seen.size());
      assertEquals(texts, seen.get(0).settings());
      // And once more through the durable state: nothing has changed.
      HookScene.run(other.unit("magpie/0"), view -> assertFalse(view.publish(texts)));
    }
  }

  @Test
  void aDryHookDoesNotEvenAskForTheState() {
    HookRun run = HookScene.run(unit, PeerView::nodes);

    assertEquals(
        List.of(
            "relation-ids --format=json magpie",
            "relation-list --format=json -r magpie:1",
            "relation-get --format=json -r magpie:1 - magpie/1"),
        HookScene.calls(run));
  }
}
