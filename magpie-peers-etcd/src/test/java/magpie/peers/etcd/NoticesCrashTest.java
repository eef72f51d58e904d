/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.etcd;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.DeleteOption;
import io.etcd.jetcd.options.PutOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import magpie.peers.Notice;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.testkit.NoticeHistory;
import magpie.peers.testkit.NoticeHistory.Moment;
import magpie.peers.testkit.NoticeJournal;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A program that records and dismisses notices is killed again and again while the keys change, and
 * the whole history of what it was shown keeps the rules N1 to N5.
 *
 * <p>The program's own member says which world it is, written in one transaction with the others,
 * so that the program can tell what it saw. {@code -Dmagpie.kills=N} sets how often it is killed.
 */
@Tag("alone")
class NoticesCrashTest {
  /** As many as a build has time for. */
  private static final int KILLS =
      Integer.getInteger("magpie.kills", Boolean.getBoolean("magpie.thorough") ? 6 : 2);

  private static final int MOST_LINES = 16;
  private static final long LONGEST_DELAY_NANOS = 12_000_000;
  private static final String SET = "crash";
  private static final String SELF = "magpie/0";

  private static final List<String> IDS =
      List.of("magpie/1", "magpie/2", "magpie/3", "magpie/10", "blade-02", "x.y/7");

  private static final List<String> TEXTS = List.of("5001", "a\tb\nc\\", " é🦉 ", "yes: no");

  @TempDir Path directory;
  private final long seed = Long.getLong("magpie.test.seed", System.nanoTime());
  private final Random random = new Random(seed);
  private final NoticeHistory history = new NoticeHistory();
  private final TreeMap<String, Values.Member> members = new TreeMap<>();
  private final Map<Moment, Integer> moments = new EnumMap<>(Moment.class);

  /** Lets nodes join, depart and change, and tells the history before the program. */
  private void change(Client client) {
    List<Op> writes = new ArrayList<>();
    // One transaction writes a key once.
    List<String> left = new ArrayList<>(IDS);
    for (int i = random.nextInt(3); i >= 0; i--) {
      String id = left.remove(random.nextInt(left.size()));
      if (random.nextInt(3) == 0) {
        members.remove(id);
        writes.add(Op.delete(key(id), DeleteOption.DEFAULT));
      } else {
        Values.Member member =
            new Values.Member(
                List.of("192.0.2." + (10 * random.nextInt(5) + IDS.indexOf(id))),
                Map.of(),
                Map.of("say", TEXTS.get(random.nextInt(TEXTS.size()))),
                "");
        members.put(id, member);
        writes.add(put(id, member));
      }
    }
    List<PeerNode> present = new ArrayList<>();
    members.forEach((id, member) -> present.add(member.node(PeerId.of(id), true)));
    long world = history.world(present);
    writes.add(
        put(
            SELF,
            new Values.Member(List.of("192.0.2.200"), Map.of(), Map.of("world", "" + world), "")));
    EtcdHarness.get(client.getKVClient().txn().Then(writes.toArray(new Op[0])).commit());
  }

  private static ByteSequence key(String id) {
    return Etcd.bytes("/magpie/v1/" + SET + "/" + EtcdSource.MEMBER + id);
  }

  private static Op put(String id, Values.Member member) {
    return Op.put(key(id), ByteSequence.from(member.json()), PutOption.DEFAULT);
  }

  private static long lines(Path journal) throws IOException {
    return Files.exists(journal)
        ? Files.readString(journal).chars().filter(c -> c == '\n').count()
        : 0;
  }

  @Test
  void everythingThatWasEverShownKeepsTheRules() throws Exception {
    EtcdCluster.required();
    long start = System.nanoTime();
    try (EtcdCluster cluster = EtcdCluster.start(directory.resolve("cluster"), 1);
        Client client = cluster.client()) {
      change(client);
      for (int life = 1; life <= KILLS; life++) {
        Path journal = directory.resolve("life-" + life + ".journal");
        Process program =
            Jvm.start(
                NoticesCrashTest.class,
                cluster.endpoints(),
                directory.toString(),
                journal.toString(),
                "" + random.nextLong());
        try {
          int most = 2 + random.nextInt(MOST_LINES);
          while (program.isAlive() && lines(journal) == 0) {
            program.waitFor(1, TimeUnit.MILLISECONDS);
          }
          while (program.isAlive() && lines(journal) < most) {
            change(client);
            program.waitFor(random.nextInt(4), TimeUnit.MILLISECONDS);
          }
          program.waitFor(random.nextLong(LONGEST_DELAY_NANOS), TimeUnit.NANOSECONDS);
        } finally {
          program.destroyForcibly();
        }
        assertEquals(128 + 9, program.waitFor(), "seed " + seed);
        moments.merge(history.killed(journal), 1, Integer::sum);
      }
      Path last = directory.resolve("last.journal");
      try (NoticeJournal journal = NoticeJournal.begin(last, NoticesCrashTest::worldOf);
          PeerView view = Nodes.node(cluster.endpoints(), SET, directory, SELF)) {
        journal.notices(view);
        journal.dismiss(view, Notice.Kind.JOINED);
        journal.dismiss(view, Notice.Kind.DEPARTED);
      }
      history.ended(last);
    }
    try {
      history.check();
    } catch (AssertionError e) {
      throw new AssertionError(e.getMessage() + "; seed " + seed, e);
    }
    System.out.printf(
        Locale.ROOT,
        "etcd: %d kills of a living process in %.1f s, N1-N5 held; killed while %s; seed %d%n",
        KILLS,
        (System.nanoTime() - start) / 1e9,
        moments,
        seed);
  }

  /**
   * The program: two views of one state, each asked for notices and told to dismiss them by turns,
   * until it is killed.
   *
   * @param arguments endpoints, directory, journal and seed
   */
  public static void main(String... arguments) {
    Random random = new Random(Long.parseLong(arguments[3]));
    Path directory = Path.of(arguments[1]);
    try (PeerView one = Nodes.node(arguments[0], SET, directory, SELF);
        PeerView other = Nodes.node(arguments[0], SET, directory, SELF);
        NoticeJournal journal =
            NoticeJournal.begin(Path.of(arguments[2]), NoticesCrashTest::worldOf)) {
      while (true) {
        PeerView view = random.nextBoolean() ? one : other;
        switch (random.nextInt(5)) {
          case 0 -> journal.dismiss(view, Notice.Kind.JOINED);
          case 1 -> journal.dismiss(view, Notice.Kind.DEPARTED);
          default -> journal.notices(view);
        }
      }
    }
  }

  private static long worldOf(PeerView view) {
    return Long.parseLong(view.self().orElseThrow().settings().getOrDefault("world", "0"));
  }
}
