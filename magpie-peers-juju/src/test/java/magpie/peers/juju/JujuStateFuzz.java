/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import magpie.peers.Environment;
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
    Agent agent = new Agent(new String(input, UTF_8));
    String before = BOUNDS.parse(input, () -> load(agent));
    if (before == null) {
      return;
    }
    BOUNDS.parse(
        input,
        () -> {
          JujuState state = agent.state();
          state.published(RELATIONS, state.unpublished(RELATIONS, WANTED));
          return state;
        });
    assertEquals(before, load(agent));
    assertEquals(Map.of(), agent.state().unpublished(RELATIONS, WANTED));
  }

  private static @Nullable String load(Agent agent) {
    try {
      return agent.state().load();
    } catch (StateException e) {
      String message = String.valueOf(e.getMessage());
      assertTrue(message.startsWith("unit state fuzz:1: damaged state: expected "), message);
      return null;
    }
  }

  /** Keeps the text, and needs no hook tools for it. */
  private static final class Agent {
    private static final HookTools NONE =
        new HookTools(
            new Environment(Map.of(), Map.of(), Path.of("/"), Clock.systemUTC()), Duration.ZERO);

    private String text;

    Agent(String text) {
      this.text = text;
    }

    /** The state as the next hook finds it. */
    JujuState state() {
      return new JujuState(NONE, "fuzz") {
        @Override
        String ask() {
          return text;
        }

        @Override
        void save(String changed) {
          text = changed;
        }
      };
    }
  }
}
