/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.zip.CRC32;
import magpie.peers.Environment;
import magpie.peers.PeerId;
import magpie.peers.StateException;
import magpie.peers.host.FileFailure;
import magpie.peers.host.WholeFile;
import org.jspecify.annotations.Nullable;

/**
 * The settings of members that earlier hooks read, in a file of the charm directory, for charms
 * that open their view in every hook.
 *
 * <p>The agent keeps the settings of a member from the first reading until a joined or changed hook
 * of that very member starts, and a restarted agent runs config-changed before it tells of peers
 * again (docs/juju.md, J3 and J14). So in a relation hook only the unit that the hook is about can
 * be new. All other hooks read everything anew, and so does a hook that looks like the last one
 * again: if that one failed, it is the only hook that a restarted agent runs before config-changed.
 *
 * <p>The file has the settings and a line with the checksum of all before it. A hook that uses them
 * adds a line about itself, before anything else happens. That line takes back what is kept of the
 * unit that the hook is about; so a hook that dies leaves nothing that is out of date. What the
 * hook reads follows, with another checksum. To add costs a hook less than to replace the file,
 * which happens when members are gone and when more was added than is kept. What cannot be read, or
 * belongs to another unit or endpoint, counts as nothing. Texts are written with their length
 * before them, since a hook reads that faster than what has to be searched for ends.
 */
final class SettingsCache {
  private static final String VERSION = "magpie-peers-settings 1 ";
  private static final String HOOK = "hook ";
  private static final String BAG = "bag ";
  private static final String END = "end ";

  /** Larger is no file of ours: Juju has at most 16 MiB for a unit, and then this is no gain. */
  private static final int LARGEST = 64 << 20;

  private static final Set<OpenOption> APPENDING =
      Set.of(StandardOpenOption.WRITE, StandardOpenOption.APPEND, LinkOption.NOFOLLOW_LINKS);

  private final Path file;
  private final PeerId unit;
  private final String endpoint;

  /** What is kept, each as it stands in the file. */
  private final Map<JujuSource.Bag, String> kept = new LinkedHashMap<>();

  /** The line of the last hook that was none of an action or command; empty if that is unknown. */
  private String last = "";

  /** The checksum of the file so far. */
  private final CRC32 sum = new CRC32();

  /** What this hook read and the file does not have yet. */
  private final StringBuilder read = new StringBuilder();

  /** How many readings were added to the file since it was replaced. */
  private int added;

  /** Whether the file has what is kept, but for what this hook read. */
  private boolean adding;

  private SettingsCache(CharmProcess hook) {
    this.file = hook.charmDirectory().resolve(".magpie-peers." + hook.endpoint() + ".settings");
    this.unit = hook.unit();
    this.endpoint = hook.endpoint();
  }

  /**
   * Finds what this hook may use, and takes back what it may not.
   *
   * @throws StateException if that cannot be taken back
   */
  static SettingsCache of(CharmProcess hook) {
    SettingsCache cache = new SettingsCache(hook);
    cache.begin(hook.environment());
    return cache;
  }

  private void begin(Environment environment) {
    String name = environment.variable("JUJU_HOOK_NAME").orElse("");
    String relation = environment.variable("JUJU_RELATION_ID").orElse("");
    String remote = environment.variable("JUJU_REMOTE_UNIT").orElse("");
    String what = line(name, relation, remote);
    StringBuilder here = new StringBuilder(what);
    word(here, environment.variable("JUJU_CONTEXT_ID").orElse(""));
    String line = here.append('\n').toString();
    boolean leaving = environment.variable("JUJU_DEPARTING_UNIT").orElse("").equals(unit.value());
    if (name.isEmpty()) {
      // An action or command, which may run between a hook that failed and its retry.
      load();
    } else if (isOfPeers(name) && !leaving && load() && !last.isEmpty()) {
      boolean again = last.startsWith(what) && !last.equals(line);
      if (!again && forget(relation, remote) && append(line)) {
        last = line;
        sum(line);
        adding = true;
        return;
      }
    }
    kept.clear();
    last = name.isEmpty() ? last : line;
    remove();
  }

  /** Whether a hook is one of those in which the agent keeps what it knows of the others. */
  private boolean isOfPeers(String name) {
    return name.startsWith(endpoint + "-relation-")
        && (name.endsWith("-joined") || name.endsWith("-changed") || name.endsWith("-departed"))
        && name.length() <= endpoint.length() + "-relation-departed".length();
  }

  /** Takes back what is kept of a unit, if there is one; false if that is no name of a unit. */
  private boolean forget(String relation, String remote) {
    try {
      if (!remote.isEmpty()) {
        kept.remove(new JujuSource.Bag(relation, PeerId.of(remote)));
      }
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private boolean append(String line) {
    ByteBuffer rest = ByteBuffer.wrap(line.getBytes(StandardCharsets.UTF_8));
    try (SeekableByteChannel out = Files.newByteChannel(file, APPENDING)) {
      while (rest.hasRemaining()) {
        out.write(rest);
      }
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private void remove() {
    try {
      if (!Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS)) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
        FileFailure failed = FileFailure.of(file, e);
        throw new StateException(
            file.toString(),
            file
                + ": expected to remove the settings of peers that earlier hooks read, found: "
                + failed.reason()
                + "; "
                + failed.remedy()
                + ", or leave out the option "
                + CharmProcess.INCREMENTAL,
            e);
      }
    }
  }

  /** Returns what is kept of a member; null if nothing is. */
  @Nullable Map<String, String> settings(JujuSource.Bag bag) {
    String text = kept.get(bag);
    return text == null ? null : new Reader(text).settings();
  }

  /** Keeps what was read in this hook. */
  void keep(JujuSource.Bag bag, Map<String, String> settings) {
    StringBuilder text = new StringBuilder();
    text.append(settings.size()).append(' ');
    boolean whole = true;
    for (Map.Entry<String, String> setting : settings.entrySet()) {
      word(text, setting.getKey());
      word(text, setting.getValue());
      whole &= isUnicode(setting.getKey()) && isUnicode(setting.getValue());
    }
    if (whole) {
      kept.put(bag, text.append('\n').toString());
      if (adding) {
        member(read, bag);
        added++;
      }
    } else {
      adding &= kept.remove(bag) == null;
    }
  }

  /** Adds what is kept of a member, as it stands in the file. */
  private void member(StringBuilder text, JujuSource.Bag bag) {
    text.append(BAG);
    word(text, bag.relation());
    word(text, bag.unit().value());
    text.append(kept.get(bag));
  }

  /** Half of a surrogate pair would come back as a question mark. */
  private static boolean isUnicode(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))
          && !Character.isSupplementaryCodePoint(text.codePointAt(i++))) {
        return false;
      }
    }
    return true;
  }

  /** Leaves what is kept of members in the file; where that is impossible, nothing is kept. */
  void save(Map<String, Set<PeerId>> members) {
    boolean stay = true;
    for (JujuSource.Bag bag : kept.keySet()) {
      stay &= bag.isListed(members);
    }
    if (adding && stay && added <= kept.size()) {
      adding = read.isEmpty() || append(ended(read));
    } else {
      adding = false;
      replace(members);
    }
    read.setLength(0);
  }

  private String ended(StringBuilder text) {
    String ending = END + sum(text.toString()) + '\n';
    sum(ending);
    return text.append(ending).toString();
  }

  private void replace(Map<String, Set<PeerId>> members) {
    StringBuilder text = new StringBuilder(VERSION);
    word(text, unit.value());
    word(text, endpoint);
    text.append('\n').append(last);
    for (JujuSource.Bag bag : kept.keySet()) {
      if (bag.isListed(members)) {
        member(text, bag);
      }
    }
    sum.reset();
    try {
      WholeFile.replace(file, ended(text).getBytes(StandardCharsets.UTF_8), WholeFile.Access.OWNER);
    } catch (FileFailure e) {
      // The next hook reads again what this one has read.
    }
  }

  /** Reads the file; what is no file of this unit, or not whole, counts as nothing. */
  private boolean load() {
    try {
      load(Reader.of(file));
      return true;
    } catch (IOException | IllegalArgumentException | IndexOutOfBoundsException e) {
      kept.clear();
      last = "";
      return false;
    }
  }

  private void load(Reader text) {
    text.expect(VERSION);
    if (!text.word().equals(unit.value()) || !text.word().equals(endpoint)) {
      throw new IllegalArgumentException("of another unit");
    }
    text.expect("\n");
    boolean first = true;
    boolean ended = false;
    while (!text.isAtEnd()) {
      if (text.is(HOOK)) {
        loadHook(text);
      } else if (text.is(BAG)) {
        text.expect(BAG);
        kept.put(new JujuSource.Bag(text.word(), PeerId.of(text.word())), text.skipSettings());
        added += first ? 0 : 1;
        ended = false;
      } else {
        text.expect(END + sum(text.next()) + "\n");
        first = false;
        ended = true;
      }
    }
    if (!ended) {
      throw new IllegalArgumentException("cut off");
    }
    sum(text.next());
  }

  private void loadHook(Reader text) {
    int from = text.at;
    text.expect(HOOK);
    text.word();
    if (!forget(text.word(), text.word())) {
      throw new IllegalArgumentException("of no unit");
    }
    text.word();
    text.expect("\n");
    last = text.text.substring(from, text.at);
  }

  /** The line of a hook without its end, which is the same again when it is retried. */
  private static String line(String name, String relation, String remote) {
    StringBuilder line = new StringBuilder(HOOK);
    word(line, name);
    word(line, relation);
    word(line, remote);
    return line.toString();
  }

  private static void word(StringBuilder text, String word) {
    text.append(word.length()).append(':').append(word).append(' ');
  }

  /** Returns the checksum of all texts so far, this one included. */
  private String sum(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    sum.update(bytes, 0, bytes.length);
    return Long.toHexString(sum.getValue());
  }

  /** Reads on; what is not as it was written is an {@link IllegalArgumentException}, or beyond. */
  private static final class Reader {
    private final String text;
    private int at;

    /** Where {@link #next} ended. */
    private int taken;

    Reader(String text) {
      this.text = text;
    }

    /**
     * Reads a file. Here, so that this class is loaded by the first hook, before there is a file:
     * that is the hook of which the charm may make its archive of classes.
     */
    static Reader of(Path file) throws IOException {
      BasicFileAttributes attributes =
          Files.readAttributes(file, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
      if (!attributes.isRegularFile() || attributes.size() > LARGEST) {
        throw new IllegalArgumentException("no file of ours");
      }
      return new Reader(new String(Files.readAllBytes(file), StandardCharsets.UTF_8));
    }

    boolean isAtEnd() {
      return at == text.length();
    }

    boolean is(String next) {
      return text.startsWith(next, at);
    }

    void expect(String next) {
      if (!is(next)) {
        throw new IllegalArgumentException("expected " + next);
      }
      at += next.length();
    }

    /** What was gone over since this was asked for the last time. */
    String next() {
      int from = taken;
      taken = at;
      return text.substring(from, at);
    }

    private int number(char end) {
      int from = at;
      int number = 0;
      for (char c = text.charAt(at); c >= '0' && c <= '9'; c = text.charAt(at)) {
        number = Math.addExact(Math.multiplyExact(number, 10), c - '0');
        at++;
      }
      if (from == at || text.charAt(at) != end) {
        throw new IllegalArgumentException("expected a number");
      }
      at++;
      return number;
    }

    String word() {
      int length = number(':');
      String word = text.substring(at, Math.addExact(at, length));
      at += length;
      expect(" ");
      return word;
    }

    /** Goes behind the settings of a member and returns them as they stand there. */
    String skipSettings() {
      int from = at;
      for (int words = Math.multiplyExact(2, number(' ')); words > 0; words--) {
        at = Math.addExact(number(':'), at);
        expect(" ");
      }
      expect("\n");
      return text.substring(from, at);
    }

    Map<String, String> settings() {
      Map<String, String> settings = new LinkedHashMap<>();
      for (int left = number(' '); left > 0; left--) {
        settings.put(word(), word());
      }
      return settings;
    }
  }
}
