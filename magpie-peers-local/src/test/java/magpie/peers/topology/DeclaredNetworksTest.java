/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import magpie.peers.Cidr;
import magpie.peers.IpAddress;
import magpie.peers.topology.yaml.Problems;
import magpie.peers.topology.yaml.YamlText;
import org.junit.jupiter.api.Test;

/** Overlaps and the network of an address, against the plain comparison of all with all. */
class DeclaredNetworksTest {
  @Test
  void agreesWithComparingAllWithAll() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int round = 0; round < 500; round++) {
      YamlText text = new YamlText("x\n".repeat(100).getBytes(StandardCharsets.UTF_8));
      Problems problems = new Problems("x", text);
      assertTrue(text.check(problems));
      DeclaredNetworks networks = new DeclaredNetworks();
      networks.add("oam");
      List<Cidr> all = new ArrayList<>();
      for (int i = random.nextInt(8); i > 0; i--) {
        Cidr cidr = Cidr.of(address(random), 24 + random.nextInt(9));
        all.add(cidr);
        networks.add(new DeclaredNetworks.Declared("oam", cidr, YamlText.place(2 * i, 1), ""));
      }
      networks.check(problems, text);
      boolean overlap = false;
      for (int i = 0; i < all.size(); i++) {
        for (int k = 0; k < i; k++) {
          overlap |= all.get(i).overlaps(all.get(k));
        }
      }
      assertEquals(overlap, problems.hasError(), "seed " + seed + ": " + all);
      for (int i = 0; i < 20; i++) {
        IpAddress address = address(random);
        DeclaredNetworks.Declared found = networks.of(address);
        assertEquals(
            all.stream().anyMatch(cidr -> cidr.contains(address)),
            found != null,
            "seed " + seed + ": " + all + " and " + address);
        assertTrue(found == null || found.cidr().contains(address));
      }
    }
  }

  private static IpAddress address(Random random) {
    int last = random.nextInt(256);
    return IpAddress.parse(random.nextInt(4) == 0 ? "2001:db8::" + last % 100 : "192.0.2." + last);
  }

  @Test
  void doubtsOnlyWhatAnUnreadableNetworkMayHaveHeld() {
    DeclaredNetworks networks = new DeclaredNetworks();
    networks.doubt("192.0.2.0/33");

    assertTrue(networks.mayMiss(IpAddress.parse("192.0.2.11")));
    assertFalse(networks.mayMiss(IpAddress.parse("198.51.100.11")));
    assertFalse(networks.mayMiss(IpAddress.parse("2001:db8::1")));

    networks.doubt("2001:db8:::/64");

    assertTrue(networks.mayMiss(IpAddress.parse("2001:db8::1")));
    assertFalse(networks.mayMiss(IpAddress.parse("198.51.100.11")));
  }
}
