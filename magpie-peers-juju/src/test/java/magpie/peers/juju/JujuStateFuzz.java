/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import magpie.peers.StateException;
import magpie.peers.fuzz.Bounds;
import org.jspecify.annotations.Nullable;

/** Takes any text for the state of a unit, and publishes on top of it. */
final class JujuStateFuzz {
  private static final Bounds BOUNDS = new Bounds(1 << 20, 1024);
  private static final List<String> RELATIONS = List.of("magpie:0");
  private static final Map<String, String> WANTED = Map.of("iperf-port", "5001", "gone", "");

  private JujuStateFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) {
    InMemory store = new InMemory(new String(input, UTF_8));
    String before = BOUNDS.parse(input, () -> load(store));
    if (before == null) {
      return;
    }
    BOUNDS.parse(
        input,
        () -> {
          JujuState state = new JujuState(store);
          state.published(RELATIONS, state.unpublished(RELATIONS, WANTED));
          return state;
        });
    assertEquals(before, load(store));
    assertEquals(Map.of(), new JujuState(store).unpublished(RELATIONS, WANTED));
  }

  private static @Nullable String load(InMemory store) {
    try {
      return new JujuState(store).load();
    } catch (StateException e) {
      String message = String.valueOf(e.getMessage());
      assertTrue(message.startsWith("fuzz:1: damaged state: expected "), message);
      return null;
    }
  }

  private static final class InMemory implements JujuState.Store {
    private String text;

    InMemory(String text) {
      this.text = text;
    }

    @Override
    public String origin() {
      return "fuzz";
    }

    @Override
    public boolean endsWithTheHook() {
      return true;
    }

    @Override
    public String load() {
      return text;
    }

    @Override
    public void save(String changed) {
      text = changed;
    }
  }
}
