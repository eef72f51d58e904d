/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.fuzz;

import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Parsers hold whatever they are given: only their own exceptions, within {@link Bounds}, and true
 * answers.
 *
 * <p>Every target gets every input that has a name and, with {@code -Pthorough}, every other that
 * is kept for it. With {@code -Pfuzz} it gets new ones too, for 60 seconds or as many as the system
 * property {@code fuzz.seconds} says, from a fuzzer that is guided by the code that they reach. The
 * property {@code fuzz.targets}, a regular expression, chooses targets by the names of their
 * classes.
 */
public abstract class FuzzContract {
  private static final boolean THOROUGH = Boolean.getBoolean("magpie.thorough") || Fuzzer.present();

  /** For all inputs of a target; a hang of one of them ends here. */
  private static final Duration LONGEST = Duration.ofMinutes(2);

  private final List<FuzzTarget> targets;

  /**
   * Tests some targets.
   *
   * @param targets the targets
   */
  protected FuzzContract(FuzzTarget... targets) {
    this.targets = List.of(targets);
  }

  @TestFactory
  final Stream<DynamicTest> holdsWhateverTheInput() {
    int seconds = Integer.getInteger("fuzz.seconds", Fuzzer.present() ? 60 : 0);
    String only = System.getProperty("fuzz.targets", ".*");
    return targets.stream()
        .filter(target -> target.name().matches(only))
        .map(
            target ->
                DynamicTest.dynamicTest(
                    target.name(),
                    () -> {
                      replay(target, THOROUGH ? target.directories() : target.named());
                      if (seconds > 0) {
                        // Again without the fuzzer's probes, which use memory and time too.
                        replay(target, List.of(new Fuzzer(target).fuzz(seconds)));
                      }
                    }));
  }

  private static void replay(FuzzTarget target, List<Path> directories) throws IOException {
    List<Path> inputs = FuzzTarget.inputs(directories);
    assertTimeoutPreemptively(
        LONGEST,
        () -> {
          FuzzTarget.Consumer consumer = target.consumer();
          for (Path input : inputs) {
            try {
              consumer.take(Files.readAllBytes(input));
            } catch (Throwable e) {
              throw new AssertionError(target.name() + " with " + input, e);
            }
          }
        },
        () -> target.name() + " with one of " + inputs);
  }
}
