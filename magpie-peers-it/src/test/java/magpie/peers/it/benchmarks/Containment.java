/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it.benchmarks;

import java.util.concurrent.TimeUnit;
import magpie.peers.Cidr;
import magpie.peers.IpAddress;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Whether 1,000 addresses of both families lie in a network, per address. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@OperationsPerInvocation(2_000)
public class Containment {
  /** The network, in which half of the addresses of its family lie. */
  @Param({"10.0.0.0/10", "2001:db8:0:a::/64"})
  public String cidr;

  private Cidr network;
  private IpAddress[] addresses;
  private boolean v6;
  private boolean[] sixes;
  private long[] high;
  private long[] low;
  private long prefixHigh;
  private long prefixLow;
  private long maskHigh;
  private long maskLow;

  /** Makes the addresses, as values and as plain numbers. */
  @Setup
  public void setUp() {
    network = Cidr.parse(cidr);
    v6 = network.address().isV6();
    prefixHigh = v6 ? 0x20010db80000000aL : 0;
    prefixLow = v6 ? 0 : 10L << 24;
    maskHigh = v6 ? -1 : 0;
    maskLow = v6 ? 0 : 0xffc00000L;
    addresses = new IpAddress[2_000];
    sixes = new boolean[2_000];
    high = new long[2_000];
    low = new long[2_000];
    for (int i = 0; i < 2_000; i++) {
      boolean six = i % 4 >= 2;
      sixes[i] = six;
      high[i] = six ? 0x20010db80000000aL + i % 2 : 0;
      low[i] = six ? i : (10L << 24) + ((i % 2) << 23) + i;
      addresses[i] =
          IpAddress.parse(
              six
                  ? "2001:db8:0:" + Integer.toHexString(10 + i % 2) + "::" + Integer.toHexString(i)
                  : "10." + 128 * (i % 2) + "." + (i >> 8) + "." + (i & 255));
    }
  }

  /** The floor: numbers in arrays, masked and compared. */
  @Benchmark
  public int bare() {
    int inside = 0;
    for (int i = 0; i < 2_000; i++) {
      if (sixes[i] == v6 && (high[i] & maskHigh) == prefixHigh && (low[i] & maskLow) == prefixLow) {
        inside++;
      }
    }
    return inside;
  }

  /** The value of this library. */
  @Benchmark
  public int contains() {
    int inside = 0;
    for (IpAddress address : addresses) {
      if (network.contains(address)) {
        inside++;
      }
    }
    return inside;
  }
}
