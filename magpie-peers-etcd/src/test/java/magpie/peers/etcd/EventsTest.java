/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.etcd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.watch.WatchEvent;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What counts as everything that has changed. */
class EventsTest {
  private static final long CLUSTER = 7;
  private final Events events = new Events();

  private static List<WatchEvent> changes(int bytes, long... revisions) {
    List<WatchEvent> all = new ArrayList<>();
    for (long revision : revisions) {
      KeyValue key =
          new KeyValue(
              io.etcd.jetcd.api.KeyValue.newBuilder()
                  .setModRevision(revision)
                  .setValue(ByteString.copyFrom(new byte[bytes]))
                  .build(),
              ByteSequence.EMPTY);
      all.add(new WatchEvent(key, key, WatchEvent.EventType.PUT));
    }
    return all;
  }

  private List<Long> take(long behind, long until) {
    return events.take(behind, until).stream()
        .map(each -> each.getKeyValue().getModRevision())
        .toList();
  }

  @Test
  void allThatComesBehindTheBeginningIsComplete() {
    assertFalse(events.completeFrom(0, 0));
    events.add(changes(1, 4));
    events.begin(CLUSTER, 5);
    assertFalse(events.completeFrom(CLUSTER, 4));
    assertFalse(events.completeFrom(CLUSTER + 1, 5));
    assertTrue(events.completeFrom(CLUSTER, 5));
    events.add(changes(1, 6, 6, 9));
    assertEquals(List.of(), take(4, 9), "revision 5 is missing");
    assertEquals(List.of(), take(5, 10), "revision 10 is not told yet");
    assertEquals(List.of(6L, 6L, 9L), take(5, 8));
    assertFalse(events.completeFrom(CLUSTER, 6), "that is taken");
    assertTrue(events.completeFrom(CLUSTER, 9));
    assertEquals(List.of(), take(9, 10));
  }

  @Test
  void whatWasReadMeanwhileIsLeftOut() {
    events.begin(CLUSTER, 5);
    events.add(changes(1, 6, 7, 8));
    assertEquals(List.of(8L), take(7, 8));
  }

  /** As the client does after its connection broke: from the last revision that it has seen. */
  @Test
  void aWatchThatBeganAnewTellsLateWhatCameBefore() {
    events.begin(CLUSTER, 5);
    events.add(changes(1, 6));
    events.begin(CLUSTER, 9);
    events.add(changes(1, 7, 9, 10));
    assertEquals(List.of(), take(6, 10), "who has not read up to 9 cannot know of 8");
    assertEquals(List.of(10L), take(9, 10));
  }

  @Test
  void aBrokenWatchTellsNothing() {
    events.begin(CLUSTER, 5);
    events.add(changes(1, 6));
    events.end();
    assertFalse(events.completeFrom(CLUSTER, 5));
    assertEquals(List.of(), take(5, 6));
  }

  @Test
  void whatNobodyReadsIsNotKeptForEver() {
    events.begin(CLUSTER, 5);
    for (int i = 6; i < 12; i++) {
      events.add(changes(1024 * 1024, i));
    }
    assertFalse(events.completeFrom(CLUSTER, 5));
    assertTrue(events.completeFrom(CLUSTER, 10));
    assertEquals(List.of(11L), take(10, 11));
  }
}
