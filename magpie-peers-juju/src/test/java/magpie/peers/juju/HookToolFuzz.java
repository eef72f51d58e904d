/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import magpie.peers.PeerId;
import magpie.peers.fuzz.Bounds;
import org.jspecify.annotations.Nullable;

/** Reads any bytes as what a hook tool, named in the first line, answers. */
final class HookToolFuzz {
  private static final Bounds BOUNDS = new Bounds(1 << 20, 256);

  private static final Map<String, Function<HookTools.Answer, Object>> TOOLS =
      Map.of(
          "relation-ids",
          JujuSource::relationIds,
          "relation-list",
          JujuSource.UNIT_NAMES::answered,
          "relation-get",
          answer -> Bags.node(PeerId.of("magpie/1"), JujuSource.settings(answer), false),
          "goal-state",
          JujuSource::plannedUnits,
          "network-get",
          NetworkInfo::read,
          "state-get",
          JujuState::stored,
          "is-leader",
          answer -> Json.read(answer, "true or false", Json::truth));

  private HookToolFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) {
    int end = 0;
    while (end < input.length && input[end] != '\n') {
      end++;
    }
    String tool = new String(input, 0, end, UTF_8);
    Function<HookTools.Answer, Object> reader = TOOLS.get(tool);
    if (reader == null) {
      return;
    }
    ByteArrayOutputStream stdout = new ByteArrayOutputStream();
    byte[] answer = Arrays.copyOfRange(input, Math.min(end + 1, input.length), input.length);
    stdout.writeBytes(answer);
    HookTools.Call call = HookTools.Call.of(tool, "--format=json");
    Object value = BOUNDS.parse(input, () -> read(reader, new HookTools.Answer(call, stdout, "")));
    if (value instanceof Collection<?> all && tool.startsWith("relation-")) {
      assertTrue(all.stream().allMatch(one -> isPrintable(one.toString())), all::toString);
      assertFalse(List.copyOf(all).stream().anyMatch(one -> one.toString().startsWith("-")));
    }
    if (value instanceof String text) {
      HookTools.Call again = HookTools.Call.of("state-get");
      ByteArrayOutputStream written = new ByteArrayOutputStream();
      written.writeBytes(Json.write(json -> json.writeString(text)).getBytes(UTF_8));
      // A half of a surrogate pair is no text that could be written.
      if (UTF_8.newEncoder().canEncode(text)) {
        assertEquals(text, JujuState.stored(new HookTools.Answer(again, written, "")));
      }
    }
  }

  private static boolean isPrintable(String text) {
    return text.chars().allMatch(c -> c > ' ' && c < 0x7f);
  }

  private static @Nullable Object read(
      Function<HookTools.Answer, Object> reader, HookTools.Answer answer) {
    try {
      return reader.apply(answer);
    } catch (HookToolException e) {
      assertEquals(HookToolException.Reason.UNREADABLE_OUTPUT, e.reason());
      String message = String.valueOf(e.getMessage());
      assertTrue(message.contains("expected ") && message.contains(", found "), message);
      return null;
    }
  }
}
