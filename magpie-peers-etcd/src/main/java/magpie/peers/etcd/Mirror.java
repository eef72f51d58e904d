/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.etcd;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.Response;
import io.etcd.jetcd.kv.GetResponse;
import io.etcd.jetcd.options.GetOption;
import io.etcd.jetcd.options.OptionsUtil;
import io.etcd.jetcd.watch.WatchEvent;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import magpie.peers.PeersException;
import magpie.peers.SourceUnavailableException;
import org.jspecify.annotations.Nullable;

/**
 * All keys below a prefix as they were at one revision.
 *
 * <p>After the first time only what changed since is asked for: keys with a newer revision, and how
 * many there are. If there are fewer than there should be, some were deleted, and the names of all
 * tell which. Nothing of this depends on old revisions, so a compaction changes nothing.
 *
 * <p>A server looks at all keys to answer that. Where a watch has told of each change up to the
 * present revision, the changes are taken from it, and only the revision is asked for.
 */
final class Mirror {
  /** With the largest values this is less than the largest answer of {@link Etcd}. */
  private static final int PAGE = 200;

  private final Etcd etcd;
  private final String prefix;
  private final ByteSequence start;
  private final ByteSequence end;

  /** By the key behind the prefix. */
  private final Map<String, KeyValue> keys = new TreeMap<>();

  private long revision = -1;
  private long cluster;

  /** Why nothing of this cluster can be believed any more. */
  private @Nullable String broken;

  /** How many answers were asked for, and how many values they had. */
  private long calls;

  private long values;

  Mirror(Etcd etcd, String prefix) {
    this.etcd = etcd;
    this.prefix = prefix;
    this.start = Etcd.bytes(prefix);
    this.end = OptionsUtil.prefixEndOf(start);
  }

  /** The keys behind the prefix; changed by {@link #refresh}. */
  Map<String, KeyValue> keys() {
    return keys;
  }

  long revision() {
    return revision;
  }

  long calls() {
    return calls;
  }

  long values() {
    return values;
  }

  /**
   * Brings the keys to the present revision.
   *
   * @param events what a watch has told
   * @param asTold whether the revision up to which it has told something is present enough
   * @return the keys that changed or went; nothing if all is as it was
   */
  Set<String> refresh(Events events, boolean asTold) {
    if (revision >= 0 && broken == null && events.completeFrom(cluster, revision)) {
      List<WatchEvent> news = asTold ? events.take(revision, revision + 1) : List.of();
      if (!news.isEmpty()) {
        return apply(news);
      }
      long present = present();
      if (present == revision) {
        return Set.of();
      }
      List<WatchEvent> told = events.take(revision, present);
      if (!told.isEmpty()) {
        return apply(told);
      }
    }
    return readChanges();
  }

  /** The revision of the whole store, which every write raises. */
  private long present() {
    GetOption option = GetOption.builder().withCountOnly(true).build();
    GetResponse answer =
        etcd.call("read " + prefix, client -> client.getKVClient().get(start, option));
    calls++;
    trust(answer.getHeader());
    return answer.getHeader().getRevision();
  }

  private Set<String> apply(List<WatchEvent> told) {
    Set<String> touched = new HashSet<>();
    for (WatchEvent each : told) {
      KeyValue key = each.getKeyValue();
      String name = name(key);
      touched.add(name);
      if (each.getEventType() == WatchEvent.EventType.DELETE) {
        keys.remove(name);
      } else {
        keys.put(name, key);
      }
      revision = key.getModRevision();
    }
    return touched;
  }

  private Set<String> readChanges() {
    long since = revision;
    List<KeyValue> changed = new ArrayList<>();
    GetResponse first = range(start, 0, since + 1, false);
    trust(first.getHeader());
    long at = first.getHeader().getRevision();
    collect(first, at, since + 1, false, changed);

    Set<String> touched = new HashSet<>();
    Set<String> there = new HashSet<>(keys.keySet());
    for (KeyValue each : changed) {
      touched.add(name(each));
      there.add(name(each));
    }
    if (there.size() > first.getCount()) {
      List<KeyValue> all = new ArrayList<>();
      collect(range(start, at, 0, true), at, 0, true, all);
      Set<String> left = new HashSet<>();
      for (KeyValue each : all) {
        left.add(name(each));
      }
      there.removeAll(left);
      touched.addAll(there);
    } else {
      there = Set.of();
    }
    // Only now, so that a failure above leaves everything as it was.
    for (KeyValue each : changed) {
      keys.put(name(each), each);
    }
    keys.keySet().removeAll(there);
    revision = at;
    return touched;
  }

  private void collect(
      GetResponse page, long at, long since, boolean keysOnly, List<KeyValue> into) {
    GetResponse last = page;
    into.addAll(last.getKvs());
    while (last.isMore() && !last.getKvs().isEmpty()) {
      ByteSequence next =
          last.getKvs()
              .get(last.getKvs().size() - 1)
              .getKey()
              .concat(ByteSequence.from(new byte[1]));
      last = range(next, at, since, keysOnly);
      into.addAll(last.getKvs());
    }
  }

  private GetResponse range(ByteSequence from, long at, long since, boolean keysOnly) {
    GetOption option =
        GetOption.builder()
            .withRange(end)
            .withRevision(at)
            .withMinModRevision(since)
            .withKeysOnly(keysOnly)
            .withLimit(keysOnly ? 0 : PAGE)
            .build();
    GetResponse answer =
        etcd.call("read " + prefix, client -> client.getKVClient().get(from, option));
    calls++;
    values += answer.getKvs().size();
    return answer;
  }

  private String name(KeyValue key) {
    return key.getKey().toString(StandardCharsets.UTF_8).substring(prefix.length());
  }

  /** Refuses a cluster that is not the one that was read before, or not as far. */
  private void trust(Response.Header header) {
    String why = broken;
    if (why == null && revision >= 0 && header.getClusterId() != cluster) {
      why =
          "cluster "
              + Long.toHexString(header.getClusterId())
              + " instead of "
              + Long.toHexString(cluster);
    } else if (why == null && header.getRevision() < revision) {
      why = "revision " + header.getRevision() + " after " + revision;
    }
    if (why != null) {
      broken = why;
      throw restored(why);
    }
    cluster = header.getClusterId();
  }

  private PeersException restored(String why) {
    return new SourceUnavailableException(
        etcd.access().shown(),
        "expected etcd at "
            + etcd.access().shown()
            + " to go on where it was, found "
            + why
            + ", as after a restore from a backup; open the view again (start the program again) to"
            + " take it as it is");
  }
}
