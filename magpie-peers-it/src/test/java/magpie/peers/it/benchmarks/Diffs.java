/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it.benchmarks;

import java.util.List;
import java.util.concurrent.TimeUnit;
import magpie.peers.Changes;
import magpie.peers.PeerNode;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** What differs between two lists of 10,000 peers, per peer. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@OperationsPerInvocation(10_000)
public class Diffs {
  /** How many of them differ. */
  @Param({"0", "1000"})
  public int changed;

  private List<PeerNode> before;
  private List<PeerNode> after;

  /** Makes both lists, which share no object. */
  @Setup
  public void setUp() {
    before = List.copyOf(Crowd.nodes(10_000));
    List<PeerNode> nodes = Crowd.nodes(10_000);
    for (int i = 0; i < changed; i++) {
      nodes.set(10 * i, Crowd.node(10 * i, "6001"));
    }
    after = List.copyOf(nodes);
  }

  /** The floor: each peer compared with the one in the same place. */
  @Benchmark
  public int bare() {
    int different = 0;
    for (int i = 0; i < before.size(); i++) {
      if (!before.get(i).equals(after.get(i))) {
        different++;
      }
    }
    return different;
  }

  /** The difference by id. */
  @Benchmark
  public Changes between() {
    return Changes.between(before, after);
  }
}
