/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import magpie.peers.Environment;
import magpie.peers.host.NativeText;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;

/**
 * What the JVM could not decode of the command line and of our variables.
 *
 * <p>It decodes them with the encoding of the locale, and puts U+FFFD for what that does not have:
 * all beyond ASCII in the C locale, which is also what it takes where a locale is not installed.
 * Such text is refused and not mended: files cannot be named in that locale either, and whether
 * bytes are UTF-8 in another one is a guess.
 */
final class Decoding {
  private static final char REPLACEMENT = '\uFFFD';
  private static final Path COMMAND_LINE = Path.of("/proc/self/cmdline");

  private Decoding() {}

  /** Returns why a run cannot begin; empty if everything was decoded, as it nearly always is. */
  static Optional<String> refusal(List<String> args, Environment environment) {
    byte[][] raw = null;
    for (int i = 0; i < args.size(); i++) {
      String arg = args.get(i);
      if (arg.indexOf(REPLACEMENT) >= 0) {
        // The bytes tell a character that is meant from one that stands for another.
        raw = raw == null ? raw(args.size()) : raw;
        byte[] bytes = raw.length == 0 ? null : raw[i];
        if (bytes == null
            || !Arrays.equals(bytes, arg.getBytes(NativeText.encoding(environment)))) {
          return Optional.of(
              refusal("arguments", shown(arg, bytes), bytes, environment)
                  + (args.contains("publish")
                      ? "; or write settings to a file for --file FILE, which is UTF-8 in every"
                          + " locale"
                      : ""));
        }
      }
    }
    for (Map.Entry<String, String> variable : environment.variables().entrySet()) {
      String name = variable.getKey();
      if (name.startsWith("MAGPIE_") && variable.getValue().indexOf(REPLACEMENT) >= 0) {
        return Optional.of(
            refusal("variables", name + "=" + Quote.of(variable.getValue()), null, environment));
      }
    }
    return Optional.empty();
  }

  private static String refusal(
      String what, String found, byte @Nullable [] bytes, Environment environment) {
    String encoding = NativeText.encoding(environment).name();
    boolean wrongBytes = encoding.equals("UTF-8") || (bytes != null && utf8(bytes) == null);
    return "expected "
        + what
        + " that can be read in the locale of this process, "
        + NativeText.locale(environment)
        + " (encoding "
        + encoding
        + "), found "
        + found
        + (wrongBytes ? "; write it in UTF-8 and set LC_ALL=C.UTF-8" : "; set LC_ALL=C.UTF-8");
  }

  private static String shown(String arg, byte @Nullable [] bytes) {
    if (bytes == null) {
      return Quote.of(arg);
    }
    String text = utf8(bytes);
    if (text != null) {
      return Quote.of(text);
    }
    StringBuilder ascii = new StringBuilder();
    for (byte b : bytes) {
      if (b < 0) {
        ascii.append("\\x").append(Integer.toHexString(b & 0xff));
      } else {
        ascii.append((char) b);
      }
    }
    return '"' + Quote.visible(ascii.toString()) + '"';
  }

  private static @Nullable String utf8(byte[] bytes) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      return null;
    }
  }

  /** Returns the bytes of the last arguments of this process; none where the system hides them. */
  private static byte[][] raw(int count) {
    byte[] line;
    try {
      line = Files.readAllBytes(COMMAND_LINE);
    } catch (IOException e) {
      return new byte[0][];
    }
    List<byte[]> all = new ArrayList<>();
    int begin = 0;
    for (int i = 0; i < line.length; i++) {
      if (line[i] == 0) {
        all.add(Arrays.copyOfRange(line, begin, i));
        begin = i + 1;
      }
    }
    return all.size() < count
        ? new byte[0][]
        : all.subList(all.size() - count, all.size()).toArray(new byte[0][]);
  }
}
