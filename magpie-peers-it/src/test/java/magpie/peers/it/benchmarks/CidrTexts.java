/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it.benchmarks;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.concurrent.TimeUnit;
import magpie.peers.Cidr;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** Networks read from text. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class CidrTexts {
  /** The text. */
  @Param({"192.0.2.0/25", "2001:db8:0:a::/64"})
  public String text;

  /** What a program does with the JDK alone; it accepts much that is no network. */
  @Benchmark
  public int bare() throws UnknownHostException {
    int slash = text.indexOf('/');
    return InetAddress.getByName(text.substring(0, slash)).hashCode()
        + Integer.parseInt(text.substring(slash + 1));
  }

  /** The strict reader. */
  @Benchmark
  public Cidr parse() {
    return Cidr.parse(text);
  }
}
