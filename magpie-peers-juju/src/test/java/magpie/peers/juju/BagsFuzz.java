/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import magpie.peers.IpAddress;
import magpie.peers.PeerAddress;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.fuzz.Bounds;

/** Takes any text for each of the lists that a unit may publish; none of them is refused. */
final class BagsFuzz {
  private static final Bounds BOUNDS = new Bounds(1 << 20, 1024);

  private BagsFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) {
    String text = new String(input, UTF_8);
    Map<String, String> bag = Map.of(Bags.ADDRESSES, text, Bags.IPERF_ADDRESSES, text);
    PeerNode node = BOUNDS.parse(input, () -> Bags.node(PeerId.of("magpie/1"), bag, false));
    assertEquals(Map.of(Bags.IPERF_ADDRESSES, text), node.settings());
    List<String> texts = node.addresses().stream().map(PeerAddress::text).toList();
    assertEquals(texts.stream().distinct().toList(), texts);
    for (PeerAddress candidate : node.addresses()) {
      if (candidate.source().equals(Bags.IPERF_ADDRESSES)) {
        InetAddress address = candidate.ip().map(IpAddress::toInetAddress).orElseThrow();
        assertFalse(address.isLoopbackAddress() || address.isLinkLocalAddress());
      }
    }
    List<String> own = Bags.texts(text);
    assertEquals(
        own,
        Bags.texts(Json.write(json -> json.writeArray(own.toArray(String[]::new), 0, own.size()))));
    BOUNDS.parse(input, () -> MagpieInterface.pythonList(text));
  }
}
