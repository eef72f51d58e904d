/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeMap;
import java.util.TreeSet;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;

/**
 * How a {@link Ledger} is written: as a few lines of text.
 *
 * <p>Ids are written in groups of one application, as runs of numbers relative to the run before
 * ({@code magpie//0+3,2} is 0, 1, 2, 3 and 5), and joined notices as runs of positions among the
 * members, because the text must stay small for thousands of peers where the place for state is.
 * Members and departed peers are followed by what was last known of them, if the source does not
 * remember that itself.
 */
final class LedgerText {
  private static final String HEADER = "magpie-peers-state 1";
  private static final String END = "end";

  /**
   * How much may be read of ids written as runs, in characters: a few bytes may stand for any
   * number of ids. A text with a line for each of its ids has as much room more as they take.
   */
  private static final int LEAST_ROOM = 16 << 20;

  private static final int ROOM_OF_CHARACTER = 4;

  /** What an id takes besides its application. */
  private static final int ROOM_OF_NUMBER = 16;

  /** What is left for ids while it is read. */
  private long room;

  private long sequence;

  /** In their order, without repetition. */
  private List<PeerId> members = List.of();

  private final Map<PeerId, Long> joined = new TreeMap<>();
  private final Map<PeerId, Long> departed = new TreeMap<>();
  private final Map<PeerId, PeerNode> lastKnown = new TreeMap<>();

  private LedgerText(long room) {
    this.room = room;
  }

  /** Writes a ledger; the empty text if nothing was ever recorded. */
  static String print(Ledger ledger) {
    if (ledger.sequence() == 0) {
      return "";
    }
    StringBuilder out = new StringBuilder(HEADER).append("\nrecorded ").append(ledger.sequence());
    out.append("\nmembers").append(groups(ledger.members()));
    printJoined(out, ledger);
    for (Map.Entry<Long, NavigableSet<PeerId>> group :
        bySequence(ledger.pending(Notice.Kind.DEPARTED)).entrySet()) {
      out.append("\ndeparted ").append(group.getKey()).append(groups(group.getValue()));
    }
    for (PeerNode node : ledger.lastKnown()) {
      printNode(out, node);
    }
    return out.append('\n').append(END).append('\n').toString();
  }

  private static long room(String text) {
    return LEAST_ROOM + (long) ROOM_OF_CHARACTER * text.length();
  }

  /**
   * Makes sure that what was printed can be read again.
   *
   * @throws StateException if its ids take more room than it has
   */
  static void check(Ledger ledger, String printed, String origin) {
    Collection<PeerId> departed = ledger.pending(Notice.Kind.DEPARTED).keySet();
    long taken =
        (long) ROOM_OF_NUMBER * ledger.pending(Notice.Kind.JOINED).size()
            + taken(ledger.members())
            + taken(departed);
    if (taken > room(printed)) {
      throw new StateException(
          origin,
          origin
              + ": expected ids that take at most "
              + room(printed)
              + " characters, found "
              + taken
              + " for "
              + ledger.members().size()
              + " peers and "
              + departed.size()
              + " departed ones; nothing was recorded. Divide the peer set, or give the"
              + " application a shorter name");
    }
  }

  private static long taken(Collection<PeerId> ids) {
    long taken = 0;
    for (PeerId id : ids) {
      taken += ROOM_OF_NUMBER + id.value().length();
    }
    return taken;
  }

  /** The runs of positions of each recording, filled in one pass over the members. */
  private static void printJoined(StringBuilder out, Ledger ledger) {
    Map<PeerId, Long> joined = ledger.pending(Notice.Kind.JOINED);
    Map<Long, Runs> bySequence = new TreeMap<>();
    int position = 0;
    for (PeerId member : ledger.members()) {
      Long number = joined.get(member);
      if (number != null) {
        runs(bySequence, number).add(position);
      }
      position++;
    }
    for (Map.Entry<Long, Runs> group : bySequence.entrySet()) {
      out.append("\njoined ").append(group.getKey()).append(' ').append(group.getValue());
    }
  }

  private static Map<Long, NavigableSet<PeerId>> bySequence(Map<PeerId, Long> notices) {
    Map<Long, NavigableSet<PeerId>> groups = new TreeMap<>();
    for (Map.Entry<PeerId, Long> notice : notices.entrySet()) {
      NavigableSet<PeerId> group = groups.get(notice.getValue());
      if (group == null) {
        group = new TreeSet<>();
        groups.put(notice.getValue(), group);
      }
      group.add(notice.getKey());
    }
    return groups;
  }

  private static String groups(Collection<PeerId> ids) {
    Map<String, Runs> units = new TreeMap<>();
    StringBuilder others = new StringBuilder();
    for (PeerId id : ids) {
      int slash = id.value().indexOf('/');
      long number = slash < 0 ? -1 : number(id.value().substring(slash + 1));
      if (number < 0) {
        others.append(' ').append(id);
      } else {
        runs(units, id.value().substring(0, slash)).add(number);
      }
    }
    StringBuilder out = new StringBuilder();
    for (Map.Entry<String, Runs> application : units.entrySet()) {
      out.append(' ').append(application.getKey()).append("//").append(application.getValue());
    }
    return out.append(others).toString();
  }

  private static <K> Runs runs(Map<K, Runs> all, K key) {
    Runs runs = all.get(key);
    if (runs == null) {
      runs = new Runs();
      all.put(key, runs);
    }
    return runs;
  }

  /** A number without leading zeros, of at most 18 digits, else -1. */
  private static long number(String digits) {
    int length = digits.length();
    if (length == 0 || length > 18 || (length > 1 && digits.charAt(0) == '0')) {
      return -1;
    }
    long number = 0;
    for (int i = 0; i < length; i++) {
      char c = digits.charAt(i);
      if (c < '0' || c > '9') {
        return -1;
      }
      number = 10 * number + c - '0';
    }
    return number;
  }

  /** Runs of ascending numbers, each written relative to the end of the one before. */
  private static final class Runs {
    private final StringBuilder done = new StringBuilder();
    private long base;
    private long start = -1;
    private long end;

    void add(long number) {
      if (start >= 0 && number == end + 1) {
        end = number;
        return;
      }
      flush();
      start = number;
      end = number;
    }

    private void flush() {
      if (start >= 0) {
        done.append(done.isEmpty() ? "" : ",").append(start - base);
        if (end > start) {
          done.append('+').append(end - start);
        }
        base = end;
      }
    }

    @Override
    public String toString() {
      flush();
      start = -1;
      return done.toString();
    }

    static long[] read(String text, long most) {
      long[] all = new long[16];
      int count = 0;
      long base = 0;
      for (String run : text.split(",", -1)) {
        int plus = run.indexOf('+');
        long start = base + number(plus < 0 ? run : run.substring(0, plus));
        long more = plus < 0 ? 0 : number(run.substring(plus + 1));
        expect(start >= base && more >= 0, "runs of numbers", text);
        expect(more < most - count, "no more ids than fit the size of the state", text);
        base = start + more;
        if (all.length <= count + more) {
          all = Arrays.copyOf(all, (int) Math.max(count + more + 1, 2L * count));
        }
        for (long n = start; n <= base; n++) {
          all[count++] = n;
        }
      }
      return Arrays.copyOf(all, count);
    }
  }

  private static void printNode(StringBuilder out, PeerNode node) {
    out.append("\nnode ").append(node.id());
    if (node.chosen() >= 0) {
      field(out, "c", Integer.toString(node.chosen()), node.rule());
    }
    for (PeerAddress address : node.addresses()) {
      field(out, "a", address.source(), address.toString());
    }
    for (Map.Entry<String, String> setting : node.settings().entrySet()) {
      field(out, "s", setting.getKey(), setting.getValue());
    }
    for (Map.Entry<String, String> label : node.labels().entrySet()) {
      field(out, "l", label.getKey(), label.getValue());
    }
    if (node.suspect()) {
      field(out, "d", "", "");
    }
  }

  private static void field(StringBuilder out, String tag, String name, String value) {
    out.append('\t')
        .append(tag)
        .append('\t')
        .append(escape(name))
        .append('\t')
        .append(escape(value));
  }

  private static String escape(String text) {
    return text.replace("\\", "\\\\")
        .replace("\t", "\\t")
        .replace("\n", "\\n")
        .replace("\r", "\\r");
  }

  private static String unescape(String text) {
    if (text.indexOf('\\') < 0) {
      return text;
    }
    StringBuilder out = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '\\' && i + 1 < text.length()) {
        char next = text.charAt(++i);
        c = next == 't' ? '\t' : next == 'n' ? '\n' : next == 'r' ? '\r' : next;
      }
      out.append(c);
    }
    return out.toString();
  }

  /**
   * Reads what {@link #print} wrote.
   *
   * @param text the text; empty where nothing was ever recorded
   * @param origin where it was read, for messages
   * @throws StateException if it is anything else
   */
  static Ledger parse(String text, String origin) {
    if (text.isEmpty()) {
      return new Ledger();
    }
    LedgerText reading = new LedgerText(room(text));
    String[] lines = text.split("\n", -1);
    int line = 0;
    try {
      expect(lines[0].equals(HEADER), HEADER, lines[0]);
      int last = lines.length - 2;
      for (line = 1; line < last; line++) {
        reading.parseLine(lines[line]);
      }
      line = Math.max(0, last);
      expect(last > 0 && lines[last].equals(END), END, lines[line]);
      expect(reading.sequence > 0, "a line \"recorded\"", "none");
      line++;
      expect(lines[line].isEmpty(), "nothing behind " + END, lines[line]);
    } catch (IllegalArgumentException e) {
      throw new StateException(
          origin,
          origin
              + ":"
              + (line + 1)
              + ": damaged state: "
              + e.getMessage()
              + "; remove the state to start anew: all peers are then joined once more",
          e);
    }
    return new Ledger(
        reading.sequence, reading.members, reading.joined, reading.departed, reading.lastKnown);
  }

  private static void expect(boolean condition, String expected, String found) {
    if (!condition) {
      throw new IllegalArgumentException("expected " + expected + ", found " + Quote.of(found));
    }
  }

  private void parseLine(String line) {
    int space = line.indexOf(' ');
    String rest = space < 0 ? "" : line.substring(space + 1);
    switch (space < 0 ? line : line.substring(0, space)) {
      case "recorded" -> sequence = positive(rest);
      case "members" -> {
        expect(members.isEmpty(), "members in one line", line);
        List<PeerId> ids = new ArrayList<>();
        readGroups(rest, ids);
        members = isInOrder(ids) ? ids : new ArrayList<>(new TreeSet<>(ids));
      }
      case "joined" -> {
        int end = endOfNumber(rest);
        long number = positive(rest.substring(0, end));
        String runs = rest.substring(end + 1);
        for (long position : numbers(runs, 0)) {
          expect(position < members.size(), "a position of a member", runs);
          joined.put(members.get((int) position), number);
        }
      }
      case "departed" -> {
        int end = endOfNumber(rest);
        long number = positive(rest.substring(0, end));
        List<PeerId> ids = new ArrayList<>();
        readGroups(rest.substring(end + 1), ids);
        for (PeerId id : ids) {
          departed.put(id, number);
        }
      }
      case "node" -> {
        PeerNode node = readNode(rest);
        lastKnown.put(node.id(), node);
      }
      default -> expect(false, "recorded, members, joined, departed or node", line);
    }
  }

  private static boolean isInOrder(List<PeerId> ids) {
    for (int i = 1; i < ids.size(); i++) {
      if (ids.get(i - 1).compareTo(ids.get(i)) >= 0) {
        return false;
      }
    }
    return true;
  }

  private static long positive(String digits) {
    long number = number(digits);
    expect(number > 0, "a number from 1", digits);
    return number;
  }

  private static int endOfNumber(String text) {
    int space = text.indexOf(' ');
    expect(space > 0, "a number and ids", text);
    return space;
  }

  /** Reads runs as far as there is room for what each number stands for. */
  private long[] numbers(String runs, int length) {
    int each = ROOM_OF_NUMBER + length;
    long[] numbers = Runs.read(runs, room / each);
    room -= (long) numbers.length * each;
    return numbers;
  }

  private void readGroups(String text, Collection<PeerId> ids) {
    if (text.isEmpty()) {
      return;
    }
    for (String group : text.split(" ", -1)) {
      int runs = group.indexOf("//");
      if (runs < 0) {
        ids.add(PeerId.of(group));
      } else {
        String prefix = group.substring(0, runs) + "/";
        for (long number : numbers(group.substring(runs + 2), prefix.length() - 1)) {
          ids.add(PeerId.of(prefix + number));
        }
      }
    }
  }

  private static PeerNode readNode(String text) {
    String[] fields = text.split("\t", -1);
    expect(fields.length % 3 == 1, "an id and fields in threes", text);
    PeerNode.Builder builder = PeerNode.builder(PeerId.of(fields[0]));
    List<PeerAddress> addresses = new ArrayList<>();
    int chosen = -1;
    @Nullable String rule = null;
    for (int i = 1; i < fields.length; i += 3) {
      String name = unescape(fields[i + 1]);
      String value = unescape(fields[i + 2]);
      switch (fields[i]) {
        case "c" -> {
          chosen = (int) number(name);
          rule = value;
        }
        case "a" -> addresses.add(PeerAddress.of(value, name));
        case "s" -> builder.setting(name, value);
        case "l" -> builder.label(name, value);
        case "d" -> builder.suspect(true);
        default -> expect(false, "one of c, a, s, l, d", fields[i]);
      }
    }
    builder.addresses(addresses);
    if (rule != null) {
      expect(chosen >= 0 && chosen < addresses.size(), "the position of an address", text);
      builder.selected(addresses.get(chosen), rule);
    }
    return builder.build();
  }
}
