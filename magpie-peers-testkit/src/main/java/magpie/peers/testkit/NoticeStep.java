/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.net.URLEncoder;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import magpie.peers.Notice;
import magpie.peers.Notice.Kind;
import magpie.peers.PeerAddress;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;

/**
 * A line of a {@link NoticeJournal}: what a program was about to do, or what came of it.
 *
 * @param verb what is done
 * @param view which of its views the program does it with, from 1
 * @param world the newest world that the view had seen, before or after; 0 where it does not matter
 * @param kind which notices are dismissed; joined where it does not matter
 * @param notices what was shown or dismissed; empty before it is known
 */
record NoticeStep(Verb verb, int view, long world, Kind kind, Set<Told> notices) {

  /** Half a step is a line with the first of two verbs and none with the second. */
  enum Verb {
    ASKS,
    SHOWN,
    DISMISSES,
    DISMISSED
  }

  /**
   * A notice as it was told.
   *
   * @param facts address and settings as last known, as {@link #facts} writes them; empty if there
   *     are none
   */
  record Told(Kind kind, PeerId id, long sequence, String facts) implements Comparable<Told> {
    static Told of(Notice notice) {
      return new Told(
          notice.kind(),
          notice.id(),
          notice.sequence(),
          notice.lastKnown().map(NoticeStep::facts).orElse(""));
    }

    /** Whether dismissing the one dismisses the other. */
    boolean same(Told other) {
      return kind == other.kind && sequence == other.sequence && id.equals(other.id);
    }

    /** By kind and id, as people look for them. */
    @Override
    public int compareTo(Told other) {
      int order = kind.compareTo(other.kind);
      order = order == 0 ? id.compareTo(other.id) : order;
      order = order == 0 ? Long.compare(sequence, other.sequence) : order;
      return order == 0 ? facts.compareTo(other.facts) : order;
    }

    @Override
    public String toString() {
      return lower(kind) + " " + id + "#" + sequence + facts;
    }
  }

  static NoticeStep asks(int view, long world) {
    return new NoticeStep(Verb.ASKS, view, world, Kind.JOINED, Set.of());
  }

  static NoticeStep shown(int view, long world, Collection<Notice> notices) {
    return new NoticeStep(Verb.SHOWN, view, world, Kind.JOINED, told(notices));
  }

  static NoticeStep dismisses(int view, Kind kind) {
    return new NoticeStep(Verb.DISMISSES, view, 0, kind, Set.of());
  }

  static NoticeStep dismissed(int view, Kind kind, Collection<Notice> notices) {
    return new NoticeStep(Verb.DISMISSED, view, 0, kind, told(notices));
  }

  private static Set<Told> told(Collection<Notice> notices) {
    Set<Told> told = new TreeSet<>();
    notices.forEach(notice -> told.add(Told.of(notice)));
    return told;
  }

  /** The selected address and all settings, as one word. */
  static String facts(PeerNode node) {
    StringBuilder facts = new StringBuilder("@");
    facts.append(URLEncoder.encode(node.address().map(PeerAddress::text).orElse(""), UTF_8));
    node.settings()
        .forEach(
            (key, value) ->
                facts
                    .append('&')
                    .append(URLEncoder.encode(key, UTF_8))
                    .append('=')
                    .append(URLEncoder.encode(value, UTF_8)));
    return facts.toString();
  }

  private static String lower(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  /** Returns the line, without its end. */
  @Override
  public String toString() {
    List<String> words = new ArrayList<>();
    words.add(lower(verb));
    words.add(Integer.toString(view));
    words.add(Long.toString(world));
    words.add(lower(kind));
    notices.forEach(told -> words.add(told.toString()));
    return String.join(" ", words);
  }

  /**
   * Reads a line back.
   *
   * @throws IllegalArgumentException if it is none
   */
  static NoticeStep parse(String line) {
    String[] words = line.split(" ", -1);
    if (words.length < 4 || words.length % 2 != 0) {
      throw new IllegalArgumentException(
          "expected a verb, a view, a world, a kind and notices, found \"" + line + "\"");
    }
    Set<Told> notices = new TreeSet<>();
    for (int i = 4; i < words.length; i += 2) {
      String word = words[i + 1];
      int number = word.indexOf('#');
      int facts = word.indexOf('@') < 0 ? word.length() : word.indexOf('@');
      notices.add(
          new Told(
              kind(words[i]),
              PeerId.of(word.substring(0, number)),
              Long.parseLong(word.substring(number + 1, facts)),
              word.substring(facts)));
    }
    return new NoticeStep(
        Verb.valueOf(words[0].toUpperCase(Locale.ROOT)),
        Integer.parseInt(words[1]),
        Long.parseLong(words[2]),
        kind(words[3]),
        notices);
  }

  private static Kind kind(String word) {
    return Kind.valueOf(word.toUpperCase(Locale.ROOT));
  }
}
