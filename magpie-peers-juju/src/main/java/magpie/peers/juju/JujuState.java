/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import magpie.peers.StateException;
import magpie.peers.spi.StateStore;
import org.jspecify.annotations.Nullable;

/**
 * Durable state in the unit's own state, committed by the agent with the hook (N4).
 *
 * <p>One key per endpoint holds the view's text behind a line with a fingerprint of every setting
 * that was published. The fingerprints are there because asking the agent for one's own bag makes
 * it submit all of it again (docs/juju.md, J2), and a hash is enough to see that nothing changed.
 *
 * <p>One thread may record notices while another publishes. The first holds no lock while it reads
 * the source, which the second may have the lock of; so the lines that each of them changes are put
 * together afterwards, and neither waits for what the other waits for.
 */
final class JujuState implements StateStore {
  private static final String PUBLISHED = "published";

  /**
   * How long the line of fingerprints may grow: Juju takes 64 KiB for all. One that is forgotten
   * costs no more than a needless relation-set, which changes nothing.
   */
  private static final int LONGEST_HEADER = 24 * 1024;

  /** Where the one text is kept; read once per hook, since nobody else changes it meanwhile. */
  private final Store store;

  private volatile @Nullable String known;
  private final AtomicBoolean prefetched = new AtomicBoolean();

  JujuState(Store store) {
    this.store = store;
  }

  /** Keeps one text. */
  interface Store {
    String origin();

    /** Whether what is saved is dropped if the hook fails. */
    boolean endsWithTheHook();

    /** Begins to load, which {@link #load} goes on with. */
    default void prefetch() {}

    /** Ends what was begun. */
    default void abandon() {}

    String load();

    void save(String text);
  }

  /** State tools where there are some; a file beside the charm for agents before 2.8. */
  static JujuState of(CharmProcess hook, HookTools tools) {
    if (!tools.has("state-set")) {
      Path file = hook.charmDirectory().resolve(".magpie-peers." + hook.endpoint() + ".state");
      StateStore inFile = StateStore.file(file);
      return new JujuState(
          new Store() {
            @Override
            public String origin() {
              return inFile.origin();
            }

            @Override
            public boolean endsWithTheHook() {
              return false;
            }

            @Override
            public String load() {
              return inFile.load();
            }

            @Override
            public void save(String text) {
              inFile.update(before -> text);
            }
          });
    }
    String key = "magpie-peers." + hook.endpoint();
    return new JujuState(
        new Store() {
          @Override
          public String origin() {
            return "unit state " + key;
          }

          @Override
          public boolean endsWithTheHook() {
            return true;
          }

          private final HookTools.Call get = HookTools.Call.of("state-get", "--format=json", key);
          private final AtomicReference<HookTools.@Nullable Pending> begun =
              new AtomicReference<>();

          @Override
          public void prefetch() {
            begun.set(tools.begin(get));
          }

          @Override
          public void abandon() {
            HookTools.Pending pending = begun.getAndSet(null);
            if (pending != null) {
              pending.abandon();
            }
          }

          @Override
          public String load() {
            HookTools.Pending pending = begun.getAndSet(null);
            HookTools.Answer answer = pending == null ? tools.run(get) : pending.answer();
            return stored(answer);
          }

          @Override
          public void save(String text) {
            tools.run(
                HookTools.Call.of("state-set", "--file", "-")
                    .saying(Json.object(Map.of(key, text))));
          }
        });
  }

  static String stored(HookTools.Answer answer) {
    return Json.read(answer, "a JSON string", Json.TEXT);
  }

  @Override
  public String origin() {
    return store.origin();
  }

  /** Whether what is stored is dropped with all else if the hook fails (N4). */
  boolean endsWithTheHook() {
    return store.endsWithTheHook();
  }

  @Override
  public void prefetch() {
    if (known == null && prefetched.compareAndSet(false, true)) {
      store.prefetch();
    }
  }

  /** Ends what was begun for a call that has failed meanwhile (F2). */
  void abandon() {
    prefetched.set(false);
    store.abandon();
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
      text = store.load();
      known = text;
    }
    return text;
  }

  private synchronized void replace(String text) {
    if (!text.equals(text())) {
      store.save(text);
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

  /**
   * Whether it is certain that a setting which seems unpublished is: a key to be removed that was
   * never published through here may not be there at all, and a file still remembers what a failed
   * hook published and Juju dropped.
   */
  boolean knows(List<String> relations, String key, String value) {
    return endsWithTheHook()
        && (!value.isEmpty() || fingerprints(relations).containsKey(print(key)));
  }

  /** Forgets what was published under some keys. */
  synchronized void forget(List<String> relations, Collection<String> keys) {
    if (!endsWithTheHook()) {
      return;
    }
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
    if (!endsWithTheHook()) {
      return;
    }
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
