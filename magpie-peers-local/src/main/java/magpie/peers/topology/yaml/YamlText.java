/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology.yaml;

import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Locale;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.scanner.StreamReader;

/**
 * The characters of a file, each with its place.
 *
 * <p>A place is a {@code long}: the number of characters (code points) before it and, in the low
 * half, how many characters it covers. Only problems are ever turned into line and column, so a
 * file of 100,000 nodes needs no line table: a checkpoint every so often is enough to count from.
 */
public final class YamlText {
  /** The longest line: the scanner copies its window of a line again and again. */
  public static final int LONGEST_LINE = 1 << 20;

  /** How deep lists and mappings may stand in each other. */
  public static final int DEEPEST = 64;

  private static final int LONGEST_EXCERPT = 1 << 14;
  private static final int STEP = 1 << 10;
  private static final int FAULT = -1;
  private static final int REPLACEMENT = 0xfffd;

  private final byte[] bytes;
  private final int start;
  private int[] checkpoints = new int[3 * 64];
  private int checkpointCount;

  /**
   * Takes the bytes of a file, which must not change from now on.
   *
   * @param bytes the bytes, as they are in the file
   */
  public YamlText(byte[] bytes) {
    this.bytes = bytes;
    boolean bom =
        bytes.length >= 3
            && bytes[0] == (byte) 0xef
            && bytes[1] == (byte) 0xbb
            && bytes[2] == (byte) 0xbf;
    start = bom ? 3 : 0;
  }

  /**
   * Makes a place.
   *
   * @param index how many characters are before it
   * @param length how many characters it covers
   * @return the place
   */
  public static long place(int index, int length) {
    return ((long) index << 32) | length;
  }

  /**
   * A place as people read it.
   *
   * @param line the line, from 1
   * @param column the column in characters, from 1
   * @param length how many characters it covers, at least 1
   * @param excerpt the line; empty if it is too long to show
   */
  public record Position(int line, int column, int length, String excerpt) {
    /** Returns line and column, with a colon between. */
    @Override
    public String toString() {
      return line + ":" + column;
    }
  }

  /**
   * Goes through the text once: reports bytes that are not UTF-8, control characters and the first
   * line that is too long.
   *
   * @param problems where they are reported
   * @return whether the text can be scanned
   */
  public boolean check(Problems problems) {
    return check(problems, (at, line, place) -> notUtf8(problems, at, place));
  }

  /**
   * Goes through the text once, as {@link #check(Problems)} does, but leaves bytes that are not
   * UTF-8 to others.
   *
   * @param problems where control characters and the first line that is too long are reported
   * @param bytes what is done with bytes that are not UTF-8
   * @return whether the text can be scanned
   */
  public boolean check(Problems problems, InvalidBytes bytes) {
    return walk(problems, bytes);
  }

  /**
   * Goes through the text once, so that places can be located, and allows all characters.
   *
   * @param bytes what is done with bytes that are not UTF-8
   * @return whether it came to the end
   */
  public boolean index(InvalidBytes bytes) {
    return walk(null, bytes);
  }

  /** What is done with a byte that is not UTF-8; {@link #locate} works up to its place. */
  public interface InvalidBytes {
    /**
     * Takes one such byte.
     *
     * @param at the number of bytes before it
     * @param line the number of bytes before its line
     * @param place its place
     * @return whether to go on
     */
    boolean accept(int at, int line, long place);
  }

  private boolean walk(@Nullable Problems problems, InvalidBytes invalid) {
    checkpointCount = 0;
    int index = 0;
    int line = 1;
    int column = 1;
    int lineStart = start;
    for (int at = start; at < bytes.length; index++) {
      if (index % STEP == 0) {
        checkpoint(at, line, column);
      }
      int b = bytes[at];
      if (b >= 0x20 && b < 0x7f) {
        at++;
        column++;
      } else if (b == '\n' || b == '\r') {
        at++;
        if (b == '\r' && at < bytes.length && bytes[at] == '\n') {
          continue;
        }
        line++;
        column = 1;
        lineStart = at;
        continue;
      } else {
        int decoded = decode(at);
        if (decoded == FAULT) {
          if (!invalid.accept(at, lineStart, place(index, 1))) {
            return false;
          }
        } else if (problems != null
            && (!StreamReader.isPrintable(decoded >> 3) || decoded >> 3 == 0x7f)) {
          problems.add(
              Code.CONTROL_CHARACTER,
              place(index, 1),
              String.format(
                  Locale.ROOT,
                  "expected text, found the character U+%04X, which YAML does not allow",
                  decoded >> 3),
              "",
              "delete it, or write it as an escape in double quotes, such as \"\\u0007\"");
        }
        at += width(decoded);
        column++;
      }
      if (problems != null && column > LONGEST_LINE + 1) {
        problems.add(
            Code.TOO_LARGE,
            place(index + 2 - column, 1),
            "expected lines of at most " + LONGEST_LINE + " characters, found a longer one",
            "",
            "break the line, or put large values elsewhere and refer to them");
        return false;
      }
    }
    checkpoint(bytes.length, line, column);
    return true;
  }

  private boolean notUtf8(Problems problems, int at, long place) {
    int first = bytes[at] & 0xff;
    boolean utf16 =
        at == 0 && bytes.length > 1 && (first ^ (bytes[1] & 0xff)) == 1 && first >= 0xfe;
    problems.add(
        Code.NOT_UTF8,
        place,
        utf16
            ? "expected UTF-8, found UTF-16"
            : String.format(Locale.ROOT, "expected UTF-8, found the byte 0x%02x", first),
        "",
        "save the file as UTF-8");
    return !utf16;
  }

  private void checkpoint(int at, int line, int column) {
    int slot = 3 * checkpointCount++;
    if (slot == checkpoints.length) {
      checkpoints = Arrays.copyOf(checkpoints, 2 * slot);
    }
    checkpoints[slot] = at;
    checkpoints[slot + 1] = line;
    checkpoints[slot + 2] = column;
  }

  /** Decodes one character to {@code character << 3 | bytes}, or {@link #FAULT} for a bad byte. */
  private int decode(int at) {
    int first = bytes[at] & 0xff;
    if (first < 0x80) {
      return (first << 3) | 1;
    }
    int count = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || at + count > bytes.length) {
      return FAULT;
    }
    int c = first & (0x7f >> count);
    for (int i = 1; i < count; i++) {
      if ((bytes[at + i] & 0xc0) != 0x80) {
        return FAULT;
      }
      c = (c << 6) | (bytes[at + i] & 0x3f);
    }
    boolean shorter = (count == 3 && c < 0x800) || (count == 4 && c < 0x10000);
    boolean none = c > 0x10ffff || (c >= 0xd800 && c < 0xe000);
    return shorter || none ? FAULT : (c << 3) | count;
  }

  private static int width(int decoded) {
    return decoded == FAULT ? 1 : decoded & 7;
  }

  /**
   * Finds line, column and excerpt of a place; {@link #check} must have come this far.
   *
   * @param place the place
   * @return where it is
   */
  public Position locate(long place) {
    int index = (int) (place >>> 32);
    int slot = 3 * Math.min(index / STEP, checkpointCount - 1);
    int at = checkpoints[slot];
    int line = checkpoints[slot + 1];
    int column = checkpoints[slot + 2];
    for (int i = slot / 3 * STEP; i < index && at < bytes.length; i++) {
      int b = bytes[at];
      at += width(decode(at));
      if (b == '\n' || (b == '\r' && (at == bytes.length || bytes[at] != '\n'))) {
        line++;
        column = 1;
      } else if (b != '\r') {
        column++;
      }
    }
    int end = at;
    int length = 0;
    while (length < (int) place && end < bytes.length && !lineBreak(end)) {
      end += width(decode(end));
      length++;
    }
    return new Position(line, column, Math.max(1, length), excerpt(at));
  }

  /**
   * Finds the place of a line and column; {@link #check} or {@link #index} must have come this far.
   *
   * @param line the line, from 1
   * @param column the column in characters, from 1
   * @param length how many characters the place covers
   * @return the place; the end of the text where it has no such line or column
   */
  public long place(int line, int column, int length) {
    int low = 0;
    int high = checkpointCount - 1;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      int at = 3 * middle;
      // Both characters of a line end have one column: the first of them is the place.
      boolean behind =
          checkpoints[at + 1] > line
              || (checkpoints[at + 1] == line && checkpoints[at + 2] >= column);
      if (behind) {
        high = middle - 1;
      } else {
        low = middle;
      }
    }
    int at = checkpoints[3 * low];
    int atLine = checkpoints[3 * low + 1];
    int atColumn = checkpoints[3 * low + 2];
    int index = low * STEP;
    while (at < bytes.length && (atLine < line || (atLine == line && atColumn < column))) {
      boolean end = bytes[at] == '\n';
      boolean carriage = bytes[at] == '\r';
      if (atLine == line && (end || carriage)) {
        break;
      }
      at += width(decode(at));
      index++;
      if (end || (carriage && (at == bytes.length || bytes[at] != '\n'))) {
        atLine++;
        atColumn = 1;
      } else if (!carriage) {
        atColumn++;
      }
    }
    return place(index, length);
  }

  /**
   * Goes through the lines, decoding one at a time; what is not UTF-8 becomes U+FFFD.
   *
   * @return the lines without their ends, as {@link #locate} counts them; at least one
   */
  public Iterable<String> lines() {
    return () ->
        new Iterator<>() {
          private int at = start;
          private boolean more = true;

          @Override
          public boolean hasNext() {
            return more;
          }

          @Override
          public String next() {
            if (!more) {
              throw new NoSuchElementException();
            }
            int end = at;
            while (end < bytes.length && !lineBreak(end)) {
              end++;
            }
            String line = new String(bytes, at, end - at, StandardCharsets.UTF_8);
            more = end < bytes.length;
            boolean two = end + 1 < bytes.length && bytes[end] == '\r' && bytes[end + 1] == '\n';
            at = end + (two ? 2 : 1);
            return line;
          }
        };
  }

  private boolean lineBreak(int at) {
    return bytes[at] == '\n' || bytes[at] == '\r';
  }

  private String excerpt(int at) {
    int from = at;
    while (from > start && !lineBreak(from - 1) && at - from <= LONGEST_EXCERPT) {
      from--;
    }
    StringBuilder line = new StringBuilder();
    for (int i = from; i < bytes.length && !lineBreak(i); ) {
      int decoded = decode(i);
      line.appendCodePoint(decoded == FAULT ? REPLACEMENT : decoded >> 3);
      i += width(decoded);
      if (i - from > LONGEST_EXCERPT) {
        return "";
      }
    }
    return line.toString();
  }

  /**
   * Returns the characters for the scanner. What {@link #check} reported is replaced by U+FFFD, so
   * that the rest of the file can still be looked at and every place stays the same.
   *
   * @return a reader from the beginning of the text, without its byte order mark
   */
  public Reader reader() {
    return new Reader() {
      private int at = start;
      private char pending;

      @Override
      public int read(char[] out, int offset, int length) {
        int i = offset;
        int end = offset + length;
        if (pending != 0 && i < end) {
          out[i++] = pending;
          pending = 0;
        }
        while (i < end && at < bytes.length) {
          int b = bytes[at];
          if ((b >= 0x20 && b < 0x7f) || b == '\n') {
            out[i++] = (char) b;
            at++;
            continue;
          }
          int decoded = decode(at);
          int c = decoded == FAULT ? REPLACEMENT : decoded >> 3;
          at += width(decoded);
          if (!StreamReader.isPrintable(c) || c == 0x7f) {
            c = REPLACEMENT;
          }
          if (Character.isBmpCodePoint(c)) {
            out[i++] = (char) c;
          } else {
            out[i++] = Character.highSurrogate(c);
            char low = Character.lowSurrogate(c);
            if (i < end) {
              out[i++] = low;
            } else {
              pending = low;
            }
          }
        }
        return i == offset && length > 0 ? -1 : i - offset;
      }

      @Override
      public void close() {}
    };
  }
}
