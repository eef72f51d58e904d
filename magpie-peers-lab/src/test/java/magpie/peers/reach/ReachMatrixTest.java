/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.reach;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import magpie.peers.PeerId;
import magpie.peers.PeerView;
import magpie.peers.reach.ReachResult.Outcome;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReachMatrixTest {
  private static final Instant NOON = Instant.parse("2026-11-27T12:00:00Z");

  @TempDir Path directory;
  private LoopbackBench bench;
  private PeerView zero;
  private PeerView one;

  @BeforeEach
  void open() {
    bench = new LoopbackBench(directory, 3);
    zero = bench.node(0);
    one = bench.node(1);
  }

  @AfterEach
  void close() {
    bench.close();
  }

  private static ReachReport report(int from, Instant at, ReachResult... results) {
    return new ReachReport(Optional.of(PeerId.of("n/" + from)), at, List.of(results));
  }

  private static ReachResult result(int to, Outcome outcome, long millis) {
    return new ReachResult(
        PeerId.of("n/" + to),
        LoopbackBench.address(to).toString(),
        Optional.of("lab"),
        22,
        outcome,
        List.of(Duration.ofMillis(millis)),
        "");
  }

  @Test
  void showsWhatAllNodesPublished() {
    ReachMatrix.publish(
        zero, report(0, NOON, result(1, Outcome.ANSWERED, 1), result(2, Outcome.TIMED_OUT, 0)));
    assertEquals(
        "1 2026-11-27T12:00:00Z; n/1 127.0.0.12 answered; n/2 127.0.0.13 timed-out",
        zero.published().get("magpie.reach"));

    ReachMatrix matrix = ReachMatrix.of(one, NOON.plusSeconds(60));

    assertEquals(List.of(), matrix.warnings());
    assertEquals(3, matrix.rows().size());
    ReachMatrix.Row row = matrix.rows().get(0);
    assertEquals("n/0", row.from().value());
    assertEquals(Optional.of(NOON), row.at());
    assertEquals(
        List.of(
            new ReachMatrix.Cell(
                PeerId.of("n/1"), "127.0.0.12", Optional.of("lab"), Outcome.ANSWERED, false),
            new ReachMatrix.Cell(
                PeerId.of("n/2"), "127.0.0.13", Optional.of("lab"), Outcome.TIMED_OUT, false)),
        row.cells());
    assertEquals(Optional.empty(), matrix.rows().get(1).at());
  }

  @Test
  void publishesWhatChangedInKindOrIsOldAndNothingElse() {
    assertTrue(ReachMatrix.publish(zero, report(0, NOON, result(1, Outcome.ANSWERED, 1))));
    Instant later = NOON.plusSeconds(600);
    assertFalse(ReachMatrix.publish(zero, report(0, later, result(1, Outcome.ANSWERED, 9))));
    assertTrue(ReachMatrix.publish(zero, report(0, later, result(1, Outcome.REFUSED, 9))));
    Instant nextDay = later.plus(ReachMatrix.FRESH_FOR);
    assertTrue(ReachMatrix.publish(zero, report(0, nextDay, result(1, Outcome.REFUSED, 9))));
  }

  @Test
  void anOldResultAndOneOfAnAddressThatIsGoneAreStale() {
    ReachMatrix.publish(zero, report(0, NOON, result(1, Outcome.ANSWERED, 1)));
    Instant late = NOON.plus(ReachMatrix.FRESH_FOR).plusSeconds(1);
    assertTrue(ReachMatrix.of(one, late).rows().get(0).cells().get(0).stale());

    zero.publish(
        ReachMatrix.KEY, "1 2026-11-27T12:00:00Z; n/1 192.0.2.1 answered; n/7 ::1 refused");
    assertTrue(ReachMatrix.of(one, NOON).rows().get(0).cells().get(0).stale());
    assertTrue(ReachMatrix.of(one, NOON).rows().get(0).cells().get(1).stale());
  }

  @Test
  void whatCannotBeReadIsAWarningOfThatNodeAlone() {
    for (String text :
        List.of(
            "2 2026-11-27T12:00:00Z;",
            "1 yesterday; n/1 127.0.0.12 answered",
            "1 2026-11-27T12:00:00Z; n/1 127.0.0.12",
            "1 2026-11-27T12:00:00Z; n/1 127.0.0.12 maybe",
            "nonsense")) {
      zero.publish(ReachMatrix.KEY, text);
      ReachMatrix.publish(one, report(1, NOON, result(2, Outcome.ANSWERED, 1)));

      ReachMatrix matrix = ReachMatrix.of(one, NOON);

      assertEquals(1, matrix.warnings().size(), text);
      assertTrue(
          matrix.warnings().get(0).startsWith("n/0 publishes a magpie.reach that cannot be read: "),
          matrix.warnings()::toString);
      assertEquals(1, matrix.rows().get(1).cells().size(), text);
    }
  }
}
