/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology;

import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Whatever becomes of a topology, reading it ends, and what is said of it holds. */
class TopologyMutationTest {
  private static final int ROUNDS = Boolean.getBoolean("magpie.thorough") ? 20_000 : 2_000;

  private static final List<String> PIECES =
      List.of(
          "[",
          "]",
          "{",
          "}",
          ",",
          ": ",
          ":",
          "- ",
          "? ",
          "\t",
          "\n",
          "\r\n",
          "\r",
          " ",
          "    ",
          "&a ",
          "*a",
          "!!str ",
          "!x ",
          "!<",
          "---\n",
          "...\n",
          "%YAML 1.2\n",
          "%TAG ! x\n",
          "|",
          ">-\n",
          "|9\n",
          "'",
          "\"",
          "\\",
          "\\u12",
          "#",
          "@",
          "`",
          "<<: ",
          "~",
          "null",
          "\0",
          "\u0085",
          "\u2028",
          "\ufeff",
          "\ufffe",
          "\ud83d\ude00",
          "1e9",
          "0x",
          ".inf",
          "192.0.2.1/",
          "::",
          "2001:db8::/",
          "x-",
          "version: 1\n",
          "nodes:\n",
          "magpie/0: ",
          "state: departed");

  private final long seed = new Random().nextLong();
  private final Random random = new Random(seed);

  @Test
  void readingEndsAndHoldsWhateverTheFile() throws IOException {
    List<byte[]> files = new ArrayList<>();
    for (Path file : Corpus.good()) {
      files.add(Files.readAllBytes(file));
    }
    for (Path file : Corpus.bad()) {
      files.add(Files.readAllBytes(file));
    }
    assertTimeoutPreemptively(
        Duration.ofMinutes(10),
        () -> {
          for (int round = 0; round < ROUNDS; round++) {
            byte[] content = files.get(random.nextInt(files.size()));
            for (int i = 1 + random.nextInt(4); i > 0; i--) {
              content = mutate(content, files);
            }
            try {
              TopologyFuzz.fuzzerTestOneInput(content);
            } catch (Throwable e) {
              throw new AssertionError(
                  "seed " + seed + ", round " + round + ": " + Arrays.toString(content), e);
            }
          }
        },
        () -> "seed " + seed);
  }

  private byte[] mutate(byte[] content, List<byte[]> files) {
    int from = random.nextInt(content.length + 1);
    int to = Math.min(content.length, from + random.nextInt(random.nextBoolean() ? 4 : 60));
    switch (random.nextInt(6)) {
      case 0:
        return join(content, from, new byte[0], to);
      case 1:
        return join(content, from, Arrays.copyOfRange(content, from, to), from);
      case 2:
        byte[] noise = new byte[1 + random.nextInt(3)];
        random.nextBytes(noise);
        return join(content, from, noise, from + random.nextInt(2));
      case 3:
        byte[] other = files.get(random.nextInt(files.size()));
        int start = random.nextInt(other.length);
        return join(
            content,
            from,
            Arrays.copyOfRange(other, start, Math.min(other.length, start + 80)),
            from);
      case 4:
        return Arrays.copyOf(content, from);
      default:
        String piece = PIECES.get(random.nextInt(PIECES.size()));
        return join(content, from, piece.getBytes(StandardCharsets.UTF_8), from);
    }
  }

  private static byte[] join(byte[] content, int to, byte[] middle, int from) {
    int rest = Math.min(from, content.length);
    byte[] all = Arrays.copyOf(content, to + middle.length + content.length - rest);
    System.arraycopy(middle, 0, all, to, middle.length);
    System.arraycopy(content, rest, all, to + middle.length, content.length - rest);
    return all;
  }
}
