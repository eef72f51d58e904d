/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import magpie.peers.Notice;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.testkit.NoticeHistory.Moment;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Histories that keep the rules pass, and each way of breaking one is named by its rule. */
class NoticeHistoryTest {
  @TempDir Path directory;
  private final NoticeHistory history = new NoticeHistory();
  private int lives;

  /** World 1 is magpie/1 and 2, world 2 is magpie/2 elsewhere, and 3. */
  @BeforeEach
  void declareWorlds() {
    history.world(List.of(peer(1, "192.0.2.1"), peer(2, "192.0.2.2")));
    history.world(List.of(peer(2, "192.0.2.22"), peer(3, "192.0.2.3")));
  }

  private static PeerNode peer(int number, String address) {
    return PeerNode.builder(PeerId.of("magpie/" + number))
        .address(address, "topology")
        .setting("say", "a b&c")
        .build();
  }

  private Path journal(String... lines) {
    try {
      return Files.writeString(
          directory.resolve(++lives + ".journal"), String.join("\n", lines) + "\n");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What goes before each wrong step: one life that is shown world 1. */
  private void beginWell() {
    history.ended(journal("asks 1 1 joined", SHOWN_1));
  }

  private static final String SHOWN_1 = "shown 1 1 joined joined magpie/1#1 joined magpie/2#1";
  private static final String FACTS_1 = "@192.0.2.1&say=a+b%26c";
  private static final String SHOWN_2 =
      "shown 1 2 joined joined magpie/2#1 joined magpie/3#2 departed magpie/1#2" + FACTS_1;

  private void breaks(String message) {
    assertEquals(message, assertThrows(AssertionError.class, history::check).getMessage());
  }

  private String at(int line) {
    return " (life " + lives + ", " + directory.resolve(lives + ".journal") + ":" + line + ")";
  }

  @Test
  void whatKeepsTheRulesPasses() {
    history.check();
    beginWell();
    history.ended(
        journal(
            "asks 1 2 joined",
            SHOWN_2,
            "dismisses 1 0 departed",
            "dismissed 1 0 departed departed magpie/1#2" + FACTS_1,
            // Another view was shown nothing yet, so it dismisses nothing.
            "dismisses 2 0 joined",
            "dismissed 2 0 joined",
            "asks 2 2 joined",
            "shown 2 2 joined joined magpie/2#1 joined magpie/3#2",
            "dismisses 1 0 joined",
            "dismissed 1 0 joined joined magpie/2#1 joined magpie/3#2",
            "dismisses 2 0 joined",
            "dismissed 2 0 joined"));
    history.ended(
        journal(
            "asks 1 1 joined",
            "shown 1 1 joined joined magpie/1#3 departed magpie/3#3@192.0.2.3&say=a+b%26c"));
    history.check();
  }

  @Test
  void aWorldThatChangesMeanwhileMayBeSeenOrNot() {
    beginWell();
    for (String shown : List.of(SHOWN_1.replace("shown 1 1", "shown 1 2"), SHOWN_2)) {
      history.ended(journal("asks 1 1 joined", shown));
      history.check();
    }
  }

  @Test
  void aKilledStepMayBeDoneOrNot() {
    beginWell();
    String dismissed = "dismissed 1 0 joined joined magpie/1#1 joined magpie/2#1";
    List<String> steps =
        List.of("asks 1 1 joined", SHOWN_1, "dismisses 1 0 joined", dismissed, "asks 1 1 joined");
    assertEquals(Moment.STARTING, history.killed(directory.resolve("none")));
    List<Moment> moments = new ArrayList<>();
    for (int i = 1; i < steps.size(); i++) {
      moments.add(history.killed(journal(steps.subList(0, i).toArray(new String[0]))));
      if (i < 3) {
        history.ended(journal("asks 1 1 joined", SHOWN_1));
      }
      history.check();
    }
    assertEquals(
        List.of(Moment.RECORDING, Moment.SHOWN, Moment.DISMISSING, Moment.DISMISSED), moments);
    // The fourth was shown what the third had begun to dismiss, so that had not been done.
    history.killed(journal("asks 1 1 joined"));
    history.ended(
        journal(
            "asks 1 2 joined", "shown 1 2 joined joined magpie/3#2 departed magpie/1#2" + FACTS_1));
    history.check();
  }

  @Test
  void aTornLineCountsForNothing() throws IOException {
    Path torn = journal("asks 1 1 joined");
    Files.writeString(torn, "asks 1 1 joined\n" + SHOWN_1.substring(0, 40));
    assertEquals(Moment.RECORDING, history.killed(torn));
    history.ended(journal("asks 1 1 joined", SHOWN_1));
    history.check();
  }

  @Test
  void whatIsUndoneIsRepeated() {
    beginWell();
    String[] hook = {
      "asks 1 2 joined",
      SHOWN_2,
      "dismisses 1 0 joined",
      "dismissed 1 0 joined joined magpie/2#1 joined magpie/3#2"
    };
    assertEquals(Moment.DISMISSED, history.undone(journal(hook)));
    history.ended(journal(hook));
    history.ended(journal("asks 1 2 joined", "shown 1 2 joined departed magpie/1#2" + FACTS_1));
    history.check();
  }

  @Test
  void n1SomebodyJoinedAtTheFirstRecordingWithoutANotice() {
    history.ended(journal("asks 1 1 joined", "shown 1 1 joined joined magpie/1#1"));
    breaks(
        "N1: expected joined magpie/2#1 in world 1 to be shown, found that it is not: [joined"
            + " magpie/1#1]"
            + at(2));
  }

  @Test
  void n1ANoticeOfSomebodyWhoWasThereBefore() {
    beginWell();
    history.ended(journal("asks 1 1 joined", SHOWN_1.replace("magpie/2#1", "magpie/2#2")));
    breaks(
        "N1: expected joined magpie/2#1 to have the number of the recording that noticed it, found"
            + " joined magpie/2#2"
            + at(2));
  }

  @Test
  void n1ADepartureThatIsNone() {
    beginWell();
    history.ended(journal("asks 1 1 joined", SHOWN_1 + " departed magpie/3#1@192.0.2.3"));
    breaks(
        "N1: expected nothing of magpie/3, whose presence is as it was at the recording before"
            + " world 1, found departed magpie/3#1@192.0.2.3"
            + at(2));
  }

  @Test
  void n2JoinedAndDepartedAtOnce() {
    beginWell();
    history.ended(journal("asks 1 2 joined", SHOWN_2 + " joined magpie/1#1"));
    breaks(
        "N2: expected magpie/1 to have joined or departed, found both: [joined magpie/1#1, joined"
            + " magpie/2#1, joined magpie/3#2, departed magpie/1#2"
            + FACTS_1
            + "]"
            + at(2));
  }

  @Test
  void n3ANoticeEndsByItself() {
    beginWell();
    history.ended(journal("asks 1 1 joined", "shown 1 1 joined joined magpie/2#1"));
    breaks(
        "N3: expected joined magpie/1#1 to be shown until it is dismissed, found that it is not:"
            + " [joined magpie/2#1]"
            + at(2));
  }

  @Test
  void n3ADismissalTakesWhatTheViewWasNotShown() {
    history.ended(
        journal(
            "asks 1 1 joined",
            SHOWN_1,
            "asks 2 2 joined",
            SHOWN_2.replace("shown 1", "shown 2"),
            "dismisses 1 0 joined",
            "dismissed 1 0 joined joined magpie/2#1 joined magpie/3#2"));
    breaks(
        "N3: expected to dismiss what view 1 was shown and still waits, [joined magpie/2#1], found"
            + " [joined magpie/2#1, joined magpie/3#2]"
            + at(6));
  }

  @Test
  void n3ADismissalTakesMoreThanItSays() {
    history.ended(
        journal(
            "asks 1 1 joined",
            SHOWN_1,
            "asks 2 2 joined",
            SHOWN_2.replace("shown 1", "shown 2"),
            "dismisses 1 0 joined",
            "dismissed 1 0 joined joined magpie/2#1",
            "asks 1 2 joined",
            "shown 1 2 joined departed magpie/1#2" + FACTS_1));
    breaks(
        "N3: expected joined magpie/3#2 to be shown until it is dismissed, found that it is not:"
            + " [departed magpie/1#2"
            + FACTS_1
            + "]"
            + at(8));
  }

  @Test
  void n3WhatWasDismissedComesBack() {
    beginWell();
    history.killed(
        journal(
            "asks 1 1 joined",
            SHOWN_1,
            "dismisses 1 0 joined",
            "dismissed 1 0 joined joined magpie/1#1 joined magpie/2#1"));
    history.ended(journal("asks 1 1 joined", "shown 1 1 joined joined magpie/2#1"));
    breaks(
        "N3: expected joined magpie/2#1 not to be shown after it was dismissed, found that it is"
            + at(2));
  }

  @Test
  void n4AKillLosesANotice() {
    history.killed(journal("asks 1 1 joined", SHOWN_1));
    history.ended(journal("asks 1 1 joined", "shown 1 1 joined joined magpie/2#1"));
    breaks(
        "N4: expected joined magpie/1#1 to be shown again after a kill, found that it is not:"
            + " [joined magpie/2#1]"
            + at(2));
  }

  @Test
  void n4AKillLosesEverything() {
    beginWell();
    history.killed(journal("asks 1 2 joined"));
    history.ended(
        journal("asks 1 2 joined", "shown 1 2 joined joined magpie/2#1 joined magpie/3#1"));
    breaks(
        "N4: expected what was recorded before a kill to be remembered, found all peers joined"
            + " anew: [joined magpie/2#1, joined magpie/3#1]"
            + at(2));
  }

  @Test
  void n4AKillLeavesHalfADismissal() {
    history.killed(journal("asks 1 1 joined", SHOWN_1, "dismisses 1 0 joined"));
    history.ended(journal("asks 1 1 joined", "shown 1 1 joined joined magpie/2#1"));
    breaks(
        "N4: expected all of a recording or dismissal or nothing of it after a kill, found a part"
            + " of it: [joined magpie/2#1]"
            + at(2));
  }

  @Test
  void n4AFailedHookHasDismissed() {
    beginWell();
    history.undone(
        journal(
            "asks 1 1 joined",
            SHOWN_1,
            "dismisses 1 0 joined",
            "dismissed 1 0 joined joined magpie/1#1 joined magpie/2#1"));
    history.ended(journal("asks 1 1 joined", "shown 1 1 joined"));
    breaks(
        "N4: expected joined magpie/1#1 to be shown again after a kill, found that it is not: []"
            + at(2));
  }

  @ParameterizedTest
  @ValueSource(strings = {"@192.0.2.9&say=a+b%26c", "@192.0.2.1", ""})
  void n5ADepartedPeerHadAnotherAddressOrOtherSettings(String facts) {
    beginWell();
    history.ended(journal("asks 1 2 joined", SHOWN_2.replace(FACTS_1, facts)));
    breaks(
        "N5: expected last known of magpie/1 "
            + FACTS_1
            + ", found "
            + (facts.isEmpty() ? "nothing" : facts)
            + at(2));
  }

  @Test
  void aJournalThatNoProgramWritesIsRefused() {
    history.ended(journal("asks 1 1 joined"));
    breaks(
        "expected the end of \"asks 1 1 joined\", found none in " + directory.resolve("1.journal"));
    assertEquals(
        "expected a verb, a view, a world, a kind and notices, found \"asks\"",
        assertThrows(IllegalArgumentException.class, () -> history.killed(journal("asks")))
            .getMessage());
  }

  @Test
  void whatAJournalWritesIsReadBack() {
    InMemoryPeers peers = InMemoryPeers.ofObserver();
    NoticeHistory written = new NoticeHistory();
    PeerNode one = peer(1, "2001:db8::1");
    PeerNode two = PeerNode.builder(PeerId.of("blade-02")).setting("k\n", "é🦉\t%").build();
    Path file = directory.resolve("written");
    try (PeerView view = peers.open();
        PeerView other = peers.open();
        NoticeJournal journal = NoticeJournal.begin(file, seen -> written.world(seen.nodes()))) {
      peers.put(one);
      peers.put(two);
      journal.notices(view);
      peers.remove(two.id());
      journal.notices(other);
      assertEquals(List.of(), journal.dismiss(view, Notice.Kind.DEPARTED));
      assertEquals(1, journal.dismiss(other, Notice.Kind.DEPARTED).size());
      assertEquals(1, journal.dismiss(view, Notice.Kind.JOINED).size());
      peers.put(two);
      peers.remove(one.id());
      journal.notices(view);
    }
    written.ended(file);
    written.check();
    List<String> lines = lines(file);
    assertEquals("asks 1 5 joined", lines.get(10));
    assertEquals(
        "shown 1 6 joined joined blade-02#3 departed magpie/1#3@2001%3Adb8%3A%3A1&say=a+b%26c",
        lines.get(11));
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
