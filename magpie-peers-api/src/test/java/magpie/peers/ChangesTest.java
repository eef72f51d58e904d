/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.RepeatedTest;

class ChangesTest {
  private static List<PeerNode> some(Random random) {
    Map<PeerId, PeerNode> nodes = new TreeMap<>();
    for (int i = random.nextInt(12); i > 0; i--) {
      PeerNode node =
          ScriptedSource.node("magpie/" + random.nextInt(15), "192.0.2." + random.nextInt(3));
      nodes.put(node.id(), node);
    }
    return List.copyOf(nodes.values());
  }

  @RepeatedTest(50)
  void applyingTheChangesToTheEarlierGivesTheLater() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    List<PeerNode> before = some(random);
    List<PeerNode> after = some(random);
    Changes changes = Changes.between(before, after);
    Map<PeerId, PeerNode> sum = new TreeMap<>();
    before.forEach(node -> sum.put(node.id(), node));
    for (PeerNode node : changes.departed()) {
      assertEquals(node, sum.remove(node.id()), () -> "seed " + seed);
    }
    for (PeerNode node : changes.joined()) {
      assertEquals(null, sum.put(node.id(), node), () -> "seed " + seed);
    }
    for (Changes.Update update : changes.updated()) {
      assertEquals(
          update.before(), sum.put(update.after().id(), update.after()), () -> "seed " + seed);
    }
    assertEquals(after, new ArrayList<>(sum.values()), () -> "seed " + seed);
    assertEquals(before.equals(after), changes.isEmpty(), () -> "seed " + seed);
    assertTrue(Changes.between(before, before).isEmpty(), () -> "seed " + seed);
  }
}
