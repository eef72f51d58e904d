/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.fuzz;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a parser may use for an input, measured: memory, which grows at most with the length of the
 * input, and time.
 *
 * <p>Memory is what the thread allocates, garbage included, so never less than what is in use at
 * once. Time is that of the processor, so that other programs do not count. Where a first run uses
 * more, a second one decides, because the first also loads classes.
 *
 * @param bytes what may be allocated for any input
 * @param bytesPerByte what may be allocated for each byte of the input
 */
public record Bounds(long bytes, long bytesPerByte) {
  /** What one input of at most {@link Fuzzer#LONGEST_INPUT} bytes may take. */
  private static final Duration TIME = Duration.ofSeconds(4);

  /** How many times as much counts as within: under the fuzzer, whose probes allocate too. */
  private static final int ALLOWANCE = Integer.getInteger("fuzz.allowance", 1);

  private static final ThreadMXBean THREADS =
      ManagementFactory.getPlatformMXBean(ThreadMXBean.class);

  /**
   * Parses an input within these bounds.
   *
   * @param <T> what comes of it
   * @param input the input
   * @param parser parses it, and may be called twice
   * @return what the parser returned
   * @throws AssertionError if the parser uses too much
   */
  public <T extends @Nullable Object> T parse(byte[] input, Supplier<T> parser) {
    String fault = "";
    for (int run = 0; run < 2; run++) {
      long allocated = THREADS.getCurrentThreadAllocatedBytes();
      long used = THREADS.getCurrentThreadCpuTime();
      T value = parser.get();
      used = THREADS.getCurrentThreadCpuTime() - used;
      allocated = THREADS.getCurrentThreadAllocatedBytes() - allocated;
      fault = fault(input.length, allocated, Duration.ofNanos(used));
      if (fault.isEmpty()) {
        return value;
      }
    }
    throw new AssertionError(fault);
  }

  private String fault(int length, long allocated, Duration used) {
    long most = bytes + bytesPerByte * length;
    if (allocated / ALLOWANCE > most) {
      return "expected an input of "
          + length
          + " bytes to allocate at most "
          + bytes
          + " + "
          + bytesPerByte
          + " * "
          + length
          + " bytes, found "
          + allocated;
    }
    return used.dividedBy(ALLOWANCE).compareTo(TIME) > 0
        ? "expected an input of " + length + " bytes to take at most " + TIME + ", found " + used
        : "";
  }
}
