/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import magpie.peers.ConfigurationException;
import magpie.peers.StateException;
import magpie.peers.spi.StateStore;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;

/**
 * Durable state in the unit's own state, committed by the agent with the hook (N4).
 *
 * <p>One key per endpoint holds the view's text behind a line with a fingerprint of every setting
 * that was published. The fingerprints are there because asking the agent for the unit's own bag
 * makes it submit all of it again (docs/juju.md, J2), and a hash is enough to see that nothing
 * changed.
 *
 * <p>One thread may record notices while another publishes. The first holds no lock while it reads
 * the source, which the second may have the lock of; so the lines that each of them changes are put
 * together afterwards, and neither waits for what the other waits for.
 */
class JujuState implements StateStore {
  private static final String PUBLISHED = "published";

  /**
   * How long the line of fingerprints may grow: Juju takes 64 KiB for all. One that is forgotten
   * costs no more than a needless relation-set, which changes nothing.
   */
  private static final int LONGEST_HEADER = 24 * 1024;

  private final HookTools tools;
  private final String key;
  private final HookTools.Call get;

  /** The one text, read once per hook, since nothing else changes it meanwhile. */
  private volatile @Nullable String known;

  private final AtomicBoolean prefetched = new AtomicBoolean();
  private final AtomicReference<HookTools.@Nullable Pending> begun = new AtomicReference<>();

  JujuState(HookTools tools, String key) {
    this.tools = tools;
    this.key = key;
    this.get = HookTools.Call.of("state-get", "--format=json", key);
  }

  /**
   * Returns the state of the unit that this hook runs for.
   *
   * @throws ConfigurationException if the agent is older than Juju 2.8, which has no unit state
   */
  static JujuState of(CharmProcess hook, HookTools tools) {
    // A PATH without any hook tool is reported when the first of them is to run.
    if (!tools.has("state-set") && tools.has("relation-ids")) {
      throw new ConfigurationException(
          "expected an agent of Juju 2.8 or later, whose hook tools include state-set, found no"
              + " state-set on PATH, and JUJU_VERSION is "
              + Quote.of(hook.environment().variable("JUJU_VERSION").orElse(""))
              + "; upgrade the agents of this model, or start this program with the PATH that the"
              + " agent gave the hook");
    }
    return new JujuState(tools, "magpie-peers." + hook.endpoint());
  }

  /** Asks the agent for the text. */
  String ask() {
    HookTools.Pending pending = begun.getAndSet(null);
    return stored(pending == null ? tools.run(get) : pending.answer());
  }

  /** Gives the agent another text. */
  void save(String text) {
    tools.run(HookTools.Call.of("state-set", "--file", "-").saying(Json.object(Map.of(key, text))));
  }

  static String stored(HookTools.Answer answer) {
    return Json.read(answer, "a JSON string", Json.TEXT);
  }

  @Override
  public String origin() {
    return "unit state " + key;
  }

  @Override
  public void prefetch() {
    if (known == null && prefetched.compareAndSet(false, true)) {
      begun.set(tools.begin(get));
    }
  }

  /** Ends what was begun for a call that has failed meanwhile (F2). */
  void abandon() {
    prefetched.set(false);
    HookTools.Pending pending = begun.getAndSet(null);
    if (pending != null) {
      pending.abandon();
    }
  }

  private String text() {
    String text = known;
    return text == null ? loaded() : text;
  }

  private synchronized String loaded() {
    String text = known;
    if (text == null) {
      // Too late to begin before it is asked for.
      prefetched.set(true);
      text = ask();
      known = text;
    }
    return text;
  }

  private synchronized void replace(String text) {
    if (!text.equals(text())) {
      save(text);
      known = text;
    }
  }

  /** The line of fingerprints without its end, or nothing. */
  private String header() {
    return header(text());
  }

  private String header(String text) {
    if (!text.startsWith(PUBLISHED + " ")) {
      return "";
    }
    int end = text.indexOf('\n');
    if (end < 0) {
      throw new StateException(
          origin(),
          origin()
              + ":1: damaged state: expected a line end behind \""
              + PUBLISHED
              + "\", found none; remove the state to start anew: all peers are then joined once"
              + " more");
    }
    return text.substring(0, end);
  }

  @Override
  public String load() {
    String text = text();
    String header = header(text);
    return header.isEmpty() ? text : text.substring(header.length() + 1);
  }

  @Override
  public String update(UnaryOperator<String> change) {
    String after = Objects.requireNonNull(change.apply(load()), "the changed state");
    synchronized (this) {
      String header = header();
      replace(header.isEmpty() ? after : header + "\n" + after);
    }
    return after;
  }

  /** Which settings are not as they were published last, to these relations. */
  Map<String, String> unpublished(List<String> relations, Map<String, String> wanted) {
    Map<String, String> before = fingerprints(relations);
    Map<String, String> changes = new TreeMap<>();
    for (Map.Entry<String, String> entry : wanted.entrySet()) {
      if (!print(entry.getValue()).equals(before.get(print(entry.getKey())))) {
        changes.put(entry.getKey(), entry.getValue());
      }
    }
    return changes;
  }

  /** Whether a value was published under that key through here, to these relations. */
  boolean knows(List<String> relations, String key) {
    return fingerprints(relations).containsKey(print(key));
  }

  /** Forgets what was published under some keys. */
  synchronized void forget(List<String> relations, Collection<String> keys) {
    Map<String, String> prints = fingerprints(relations);
    boolean known = false;
    for (String key : keys) {
      known |= prints.remove(print(key)) != null;
    }
    if (known) {
      replace(header(relations, prints) + "\n" + load());
    }
  }

  /** Remembers what was published just now. */
  synchronized void published(List<String> relations, Map<String, String> changes) {
    Map<String, String> prints = fingerprints(relations);
    for (Map.Entry<String, String> change : changes.entrySet()) {
      prints.put(print(change.getKey()), print(change.getValue()));
    }
    if (header(relations, prints).length() > LONGEST_HEADER) {
      prints.values().removeIf(print("")::equals);
    }
    if (header(relations, prints).length() > LONGEST_HEADER) {
      prints.clear();
    }
    replace(header(relations, prints) + "\n" + load());
  }

  private static String header(List<String> relations, Map<String, String> prints) {
    StringBuilder header = new StringBuilder(PUBLISHED).append(' ').append(join(relations));
    for (Map.Entry<String, String> print : prints.entrySet()) {
      header.append(' ').append(print.getKey()).append('=').append(print.getValue());
    }
    return header.toString();
  }

  private static String join(List<String> relations) {
    return String.join(",", relations);
  }

  /** The fingerprints, if they are of the very same relations; a new relation knows nothing yet. */
  private Map<String, String> fingerprints(List<String> relations) {
    Map<String, String> prints = new TreeMap<>();
    List<String> words = new ArrayList<>(List.of(header().split(" ", -1)));
    if (words.size() < 2 || !words.get(1).equals(join(relations))) {
      return prints;
    }
    for (String word : words.subList(2, words.size())) {
      int equals = word.indexOf('=');
      if (equals > 0) {
        prints.put(word.substring(0, equals), word.substring(equals + 1));
      }
    }
    return prints;
  }

  /** FNV-1a over 64 bits, with the length: loading the JDK's digests would cost a hook 20 ms. */
  private static String print(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    long hash = 0xcbf29ce484222325L;
    for (byte b : bytes) {
      hash = (hash ^ (b & 0xff)) * 0x100000001b3L;
    }
    return Long.toString(hash, 36) + "." + Integer.toString(bytes.length, 36);
  }
}
