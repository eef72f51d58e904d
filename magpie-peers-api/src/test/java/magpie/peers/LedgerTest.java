/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import magpie.peers.text.Quote;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LedgerTest {
  private static final String ANEW =
      "; remove the state to start anew: all peers are then joined once more";

  private static final String NASTY = "\t a\\n\n\r\u2028 \ud83d\udc26 = \\";

  private static Ledger reread(Ledger ledger) {
    String text = LedgerText.print(ledger);
    Ledger again = LedgerText.parse(text, "test");
    assertEquals(text, LedgerText.print(again));
    return again;
  }

  private static List<PeerId> ids(int... numbers) {
    return IntStream.of(numbers).mapToObj(n -> PeerId.of("magpie/" + n)).toList();
  }

  @Test
  void nothingRecordedIsNoText() {
    assertEquals("", LedgerText.print(new Ledger()));
    assertEquals("", LedgerText.print(LedgerText.parse("", "test")));
  }

  @Test
  void isWrittenInRuns() {
    Ledger ledger = new Ledger();
    List<PeerId> present = new ArrayList<>(ids(0, 1, 2, 3, 5));
    present.add(PeerId.of("blade-02"));
    present.add(PeerId.of("magpie/007"));
    ledger.record(present, List.of());
    assertEquals(
        "magpie-peers-state 1\n"
            + "recorded 1\n"
            + "members magpie//0+3,2 blade-02 magpie/007\n"
            + "joined 1 0+6\n"
            + "end\n",
        LedgerText.print(ledger));
    assertEquals(ledger.pending(Notice.Kind.JOINED), reread(ledger).pending(Notice.Kind.JOINED));
  }

  @Test
  void namesOfApplicationsMayBeLong() {
    for (int length = 1; length < 60; length++) {
      Ledger ledger = new Ledger();
      String application = "a".repeat(length);
      ledger.record(
          List.of(PeerId.of(application + "/0"), PeerId.of(application + "/1")), List.of());
      assertEquals(2, reread(ledger).pending(Notice.Kind.JOINED).size());
    }
  }

  @Test
  void keepsWhatWasLastKnownAsLongAsSomebodyCanAskForIt() {
    Ledger ledger = new Ledger();
    PeerNode node = ScriptedSource.node("magpie/0", "192.0.2.1");
    ledger.record(ids(0), List.of(node));
    assertEquals(Optional.of(node), ledger.lastKnown(node.id()));
    ledger.record(ids(), List.of());
    assertEquals(Optional.of(node), ledger.lastKnown(node.id()));
    ledger.dismiss(List.of(new Notice(Notice.Kind.DEPARTED, node.id(), 2, Optional.empty())));
    assertEquals(Optional.empty(), ledger.lastKnown(node.id()));
    assertEquals("magpie-peers-state 1\nrecorded 2\nmembers\nend\n", LedgerText.print(ledger));
    ledger.record(ids(1), List.of(node));
    assertEquals(Optional.empty(), ledger.lastKnown(node.id()), "of one that is no member");
  }

  @Test
  void unitNumbersOfAnyLengthAreRead() {
    Ledger ledger = new Ledger();
    for (String digits : List.of("9".repeat(18), "1" + "0".repeat(18), "00", "0")) {
      ledger.record(List.of(PeerId.of("magpie/" + digits)), List.of());
      assertEquals(
          List.of(PeerId.of("magpie/" + digits)),
          List.copyOf(reread(ledger).pending(Notice.Kind.JOINED).keySet()));
    }
  }

  /** What the ledger is to do, in the plainest words. */
  private static final class Model {
    final Set<PeerId> members = new TreeSet<>();
    final Map<PeerId, Long> joined = new TreeMap<>();
    final Map<PeerId, Long> departed = new TreeMap<>();
    final Map<PeerId, PeerNode> last = new HashMap<>();
    long number;

    void record(Set<PeerId> now, Map<PeerId, PeerNode> known) {
      if (!now.equals(members)) {
        number++;
      }
      for (PeerId id : now) {
        if (members.add(id)) {
          joined.put(id, number);
          departed.remove(id);
        }
      }
      for (PeerId id : List.copyOf(members)) {
        if (!now.contains(id)) {
          members.remove(id);
          joined.remove(id);
          departed.put(id, number);
        }
      }
      last.putAll(known);
    }
  }

  private static PeerNode random(PeerId id, Random random) {
    PeerNode.Builder node = PeerNode.builder(id);
    for (int i = random.nextInt(3); i > 0; i--) {
      node.address(
          List.of("192.0.2.1/24", "2001:db8::1", "host", NASTY, "192.0.2.9").get(random.nextInt(5)),
          random.nextBoolean() ? "test" : NASTY);
    }
    for (int i = random.nextInt(3); i > 0; i--) {
      node.setting("k" + random.nextInt(3) + NASTY, random.nextBoolean() ? NASTY : "");
      node.label("rack", NASTY + random.nextInt(3));
    }
    PeerNode built = node.suspect(random.nextBoolean()).build();
    int size = built.addresses().size();
    return size > 1
        ? PeerNode.builder(id)
            .addresses(built.addresses())
            .selected(built.addresses().get(size - 1), "rule " + NASTY)
            .settings(built.settings())
            .build()
        : built;
  }

  @RepeatedTest(30)
  void behavesLikeTheModelThroughAnyHistoryAndEveryRereading() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    Model model = new Model();
    Ledger ledger = new Ledger();
    for (int step = 0; step < 60; step++) {
      if (random.nextInt(3) > 0) {
        Set<PeerId> now = new TreeSet<>();
        Map<PeerId, PeerNode> known = new TreeMap<>();
        for (int i = random.nextInt(8); i > 0; i--) {
          PeerId id = PeerId.of((random.nextBoolean() ? "magpie/" : "blade-0") + random.nextInt(9));
          now.add(id);
          known.put(id, random(id, random));
        }
        model.record(now, known);
        ledger.record(now, known.values());
      } else {
        Notice.Kind kind = Notice.Kind.values()[random.nextInt(2)];
        Map<PeerId, Long> pending = kind == Notice.Kind.JOINED ? model.joined : model.departed;
        List<Notice> notices = new ArrayList<>();
        List<Notice> expected = new ArrayList<>();
        pending.forEach(
            (id, number) -> {
              boolean old = random.nextInt(4) == 0;
              Notice notice = new Notice(kind, id, old ? number + 1 : number, Optional.empty());
              notices.add(notice);
              if (!old) {
                expected.add(notice);
              }
            });
        assertEquals(expected, ledger.dismiss(notices), () -> "seed " + seed);
        expected.forEach(notice -> pending.remove(notice.id()));
      }
      ledger = reread(ledger);
      Ledger now = ledger;
      assertEquals(model.joined, now.pending(Notice.Kind.JOINED), () -> "seed " + seed);
      assertEquals(model.departed, now.pending(Notice.Kind.DEPARTED), () -> "seed " + seed);
      for (PeerId id : model.departed.keySet()) {
        assertEquals(
            Optional.ofNullable(model.last.get(id)), now.lastKnown(id), () -> "seed " + seed);
      }
      Set<PeerId> both = new TreeSet<>(model.joined.keySet());
      both.retainAll(model.departed.keySet());
      assertTrue(both.isEmpty(), () -> "N2, seed " + seed);
    }
  }

  @Test
  void tenThousandPeersStayFarBelowWhatJujuStores() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    Ledger ledger = new Ledger();
    List<PeerId> present = new ArrayList<>();
    for (int n = 0; present.size() < 10_000; n++) {
      if (random.nextInt(3) > 0) {
        present.add(PeerId.of("magpie/" + n));
      }
    }
    ledger.record(present, List.of());
    small(ledger, seed, "first recording with holes");
    List<PeerId> fewer = present.stream().filter(id -> random.nextInt(10) > 0).toList();
    ledger.record(fewer, List.of());
    small(ledger, seed, "a tenth departed");
    List<Notice> some =
        ledger.pending(Notice.Kind.JOINED).entrySet().stream()
            .filter(entry -> random.nextBoolean())
            .map(e -> new Notice(Notice.Kind.JOINED, e.getKey(), e.getValue(), Optional.empty()))
            .toList();
    assertEquals(some, ledger.dismiss(some));
    small(ledger, seed, "half of the joined dismissed");
  }

  private static void small(Ledger ledger, long seed, String when) {
    int size = LedgerText.print(ledger).getBytes(StandardCharsets.UTF_8).length;
    assertTrue(size < 48 * 1024, () -> when + ": " + size + " bytes, seed " + seed);
    reread(ledger);
  }

  /** As many nodes as a topology file holds, of an application with a long name. */
  @Test
  @Tag("thorough")
  void asManyPeersAsATopologyHoldsAreRemembered() {
    String application = "a-rather-long-name-of-an-application-as-some-like-them/";
    List<PeerNode> nodes = new ArrayList<>();
    for (int i = 0; i < 400_000; i++) {
      nodes.add(PeerNode.builder(PeerId.of(application + i)).build());
    }
    List<PeerId> ids = nodes.stream().map(PeerNode::id).toList();
    Ledger ledger = new Ledger();
    ledger.record(ids, nodes);
    String text = LedgerText.print(ledger);
    LedgerText.check(ledger, text, "s");
    Ledger read = LedgerText.parse(text, "s");
    assertEquals(400_000, read.pending(Notice.Kind.JOINED).size());
    assertEquals(text, LedgerText.print(read));

    Ledger ofNothingKnown = new Ledger();
    ofNothingKnown.record(ids, List.of());
    String runs = LedgerText.print(ofNothingKnown);
    assertEquals(
        "s: expected ids that take at most "
            + (16 * 1024 * 1024 + 4L * runs.length())
            + " characters, found "
            + (400_000L * (2 * 16 + application.length()) + digits(400_000))
            + " for 400000 peers and 0 departed ones; nothing was recorded. Divide the peer set, or"
            + " give the application a shorter name",
        assertThrows(StateException.class, () -> LedgerText.check(ofNothingKnown, runs, "s"))
            .getMessage());
    assertThrows(StateException.class, () -> LedgerText.parse(runs, "s"));
  }

  private static long digits(int numbers) {
    return IntStream.range(0, numbers).mapToLong(i -> String.valueOf(i).length()).sum();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "nonsense|1|expected magpie-peers-state 1, found \"nonsense\"",
        "magpie-peers-state 2;end;|1|expected magpie-peers-state 1, found \"magpie-peers-state 2\"",
        "magpie-peers-state 1|1|expected end, found \"magpie-peers-state 1\"",
        "H;|1|expected end, found \"magpie-peers-state 1\"",
        "H;end;|2|expected a line \"recorded\", found \"none\"",
        "H;recorded 1;members magpie//0;|3|expected end, found \"members magpie//0\"",
        "H;recorded 1;end|2|expected end, found \"recorded 1\"",
        "H;recorded 1;end;rubbish|4|expected nothing behind end, found \"rubbish\"",
        "H;recorded 1;end;more;|3|expected recorded, members, joined, departed or node, found \"end\"",
        "H;recorded 0;end;|2|expected a number from 1, found \"0\"",
        "H;recorded x;end;|2|expected a number from 1, found \"x\"",
        "H;recorded;end;|2|expected a number from 1, found \"\"",
        "H;recorded 1;members magpie//1,x;end;|3|expected runs of numbers, found \"1,x\"",
        "H;recorded 1;members magpie//1+;end;|3|expected runs of numbers, found \"1+\"",
        "H;recorded 1;members magpie//1+99999999;end;|3|expected no more ids than fit the size of the state, found \"1+99999999\"",
        "H;recorded 1;members magpie//0;joined 1 0+1;end;|4|expected a position of a member, found \"0+1\"",
        "H;recorded 1;members magpie//0+9999999;end;|3|expected no more ids than fit the size of the state, found \"0+9999999\"",
        "H;recorded 1;members m//0+599999,2+399999;end;|3|expected no more ids than fit the size of the state, found \"0+599999,2+399999\"",
        "H;recorded 1;members m//0+499999;joined 1 0+499999;joined 2 0+99999;end;|5|expected no more ids than fit the size of the state, found \"0+99999\"",
        "H;recorded 1;members magpie//0;members magpie//1;end;|4|expected members in one line, found \"members magpie//1\"",
        "H;recorded 1;joined 1;end;|3|expected a number and ids, found \"1\"",
        "H;recorded 1;joined  1;end;|3|expected a number and ids, found \" 1\"",
        "H;recorded 1;departed x magpie//0;end;|3|expected a number from 1, found \"x\"",
        "H;recorded 1;node a~x;end;|3|expected an id and fields in threes, found \"a\\tx\"",
        "H;recorded 1;node a~z~~;end;|3|expected one of c, a, s, l, d, found \"z\"",
        "H;recorded 1;node a~c~0~first;end;|3|expected the position of an address, found \"a\\tc\\t0\\tfirst\""
      })
  void damageIsRefusedWithItsLine(String text, int line, String what) {
    String damaged =
        text.replace("H;", "magpie-peers-state 1;").replace(';', '\n').replace('~', '\t');
    StateException e =
        assertThrows(StateException.class, () -> LedgerText.parse(damaged, "some.state"));
    assertEquals("some.state:" + line + ": damaged state: " + what + ANEW, e.getMessage());
    assertEquals("some.state", e.origin());
  }

  @Test
  void aDamagedIdIsRefusedWithItsLine() {
    StateException e =
        assertThrows(
            StateException.class,
            () -> LedgerText.parse("magpie-peers-state 1\nrecorded 1\nmembers -a\nend\n", "s"));
    assertEquals(
        "s:3: damaged state: "
            + assertThrows(IllegalArgumentException.class, () -> PeerId.of("-a")).getMessage()
            + ANEW,
        e.getMessage());
  }

  @Test
  void noDamageMakesItThrowAnythingElse() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    Ledger ledger = new Ledger();
    List<PeerId> present = ids(0, 1, 2, 3, 7, 9);
    ledger.record(present, present.stream().map(id -> random(id, random)).toList());
    ledger.record(ids(0, 1, 9, 12), List.of());
    String good = LedgerText.print(ledger);
    for (int i = 0; i < 5_000; i++) {
      StringBuilder text = new StringBuilder(good);
      for (int n = 1 + random.nextInt(3); n > 0; n--) {
        int at = random.nextInt(text.length());
        switch (random.nextInt(3)) {
          case 0 -> text.insert(at, text.substring(at, Math.min(text.length(), at + 9)));
          case 1 -> text.setCharAt(at, "0 1,+/\t\nx-".charAt(random.nextInt(10)));
          default -> text.delete(at, at + random.nextInt(4));
        }
      }
      try {
        LedgerText.print(LedgerText.parse(text.toString(), "s"));
      } catch (StateException e) {
        assertTrue(e.getMessage().startsWith("s:"), e.getMessage());
      } catch (RuntimeException e) {
        throw new AssertionError(Quote.of(text.toString()) + " seed " + seed, e);
      }
    }
  }
}
