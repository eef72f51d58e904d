/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it.benchmarks;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import magpie.peers.Cidr;
import magpie.peers.IpAddress;
import magpie.peers.NodeFilter;
import magpie.peers.PeerAddress;
import magpie.peers.PeerNode;
import magpie.peers.Verdict;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * Filters of 1,000 nodes with three addresses and a host name each, per candidate.
 *
 * <p>Where all match it is the last address that does, so that every address is looked at.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@OperationsPerInvocation(4_000)
public class Filters {
  private static final int NODES = 1_000;

  /** How many of the nodes are in the network. */
  @Param({"none", "all"})
  public String matching;

  private PeerNode[] nodes;
  private InetAddress[][] addresses;
  private long[][] high;
  private long[][] low;
  private byte[] prefix;
  private int length;
  private long wantedHigh;
  private NodeFilter inNetwork;
  private NodeFilter preferNetwork;
  private NodeFilter composed;

  /** Makes the nodes, three times over. */
  @Setup
  public void setUp() throws UnknownHostException {
    Cidr cidr = Cidr.parse(matching.equals("all") ? "2001:db8:0:a::/64" : "2001:db8:0:b::/64");
    prefix = cidr.address().toInetAddress().getAddress();
    length = cidr.prefixLength() / 8;
    wantedHigh = half(prefix, 0);
    inNetwork = NodeFilter.inNetwork(cidr);
    preferNetwork = NodeFilter.preferNetwork(cidr);
    composed =
        inNetwork.and(NodeFilter.label("rack", "r1").negate()).and(NodeFilter.id("magpie/*"));
    List<PeerNode> crowd = Crowd.nodes(NODES);
    nodes = crowd.toArray(new PeerNode[0]);
    addresses = new InetAddress[NODES][];
    high = new long[NODES][3];
    low = new long[NODES][3];
    for (int i = 0; i < NODES; i++) {
      addresses[i] =
          crowd.get(i).addresses().stream()
              .flatMap(candidate -> candidate.ip().stream())
              .map(IpAddress::toInetAddress)
              .toArray(InetAddress[]::new);
      for (int k = 0; k < 3; k++) {
        byte[] bytes = addresses[i][k].getAddress();
        high[i][k] = bytes.length == 16 ? half(bytes, 0) : -1;
        low[i][k] = bytes.length == 16 ? half(bytes, 8) : 0;
      }
    }
  }

  private static long half(byte[] bytes, int from) {
    long half = 0;
    for (int i = from; i < from + 8; i++) {
      half = half << 8 | (bytes[i] & 255);
    }
    return half;
  }

  /** The floor: numbers in arrays, compared. */
  @Benchmark
  public long bare() {
    long kept = 0;
    for (int i = 0; i < NODES; i++) {
      for (int k = 0; k < 3; k++) {
        if (high[i][k] == wantedHigh) {
          kept += low[i][k] | 1;
          break;
        }
      }
    }
    return kept;
  }

  /** What a program without this library does with the addresses of the JDK. */
  @Benchmark
  public long inetAddress() {
    long kept = 0;
    for (InetAddress[] node : addresses) {
      for (InetAddress address : node) {
        byte[] bytes = address.getAddress();
        int same = 0;
        while (bytes.length == 16 && same < length && bytes[same] == prefix[same]) {
          same++;
        }
        if (same == length) {
          kept++;
          break;
        }
      }
    }
    return kept;
  }

  /** The strict filter. */
  @Benchmark
  public long inNetwork() {
    return kept(inNetwork);
  }

  /** The filter that falls back. */
  @Benchmark
  public long preferNetwork() {
    return kept(preferNetwork);
  }

  /** The strict filter with two more behind it. */
  @Benchmark
  public long composed() {
    return kept(composed);
  }

  private long kept(NodeFilter filter) {
    long kept = 0;
    for (PeerNode node : nodes) {
      if (filter.apply(node) instanceof Verdict.Kept verdict) {
        List<PeerAddress> candidates = verdict.kept().addresses();
        kept += candidates.size();
      }
    }
    return kept;
  }
}
