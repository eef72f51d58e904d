/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import magpie.peers.Network;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.Snapshot;
import magpie.peers.spi.Reading;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** A new snapshot of 10,000 peers, of which one has changed, per peer. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@OperationsPerInvocation(10_000)
public class Snapshots {
  /** How many networks are declared, in which every candidate has its place. */
  @Param({"0", "2"})
  public int networks;

  private List<PeerNode> nodes;
  private PeerView view;

  /** Opens a view of a source that has two readings ready. */
  @Setup
  public void setUp() {
    List<Network> declared = Crowd.NETWORKS.subList(0, networks);
    nodes = Crowd.nodes(10_000);
    Reading before = Crowd.reading(nodes, declared);
    nodes.set(9_999, Crowd.node(9_999, "6001"));
    view = Crowd.view(before, Crowd.reading(nodes, declared));
  }

  /** The floor: a copy of the list. */
  @Benchmark
  public List<PeerNode> bare() {
    return List.copyOf(new ArrayList<>(nodes));
  }

  /** What a view does: in order, without itself, each with its networks, compared with before. */
  @Benchmark
  public Snapshot snapshot() {
    return view.snapshot();
  }
}
