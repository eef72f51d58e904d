/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.testkit.engine.EngineExecutionResults;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Event;
import org.opentest4j.AssertionFailedError;

/** The contract finds every kind of lie, and blames the rule that was broken. */
@Isolated("the subject of the inner run is a static field")
class PeerViewContractTest {
  /** All rules of the contract. */
  private static final Set<String> RULES =
      Set.of(("M1 M2 M3 M4 N1 N2 N3 N4 N5 N6 A1 A2 A3 S1 S2 E1 E2 F1 F2").split(" "));

  private static Supplier<PeerSetHarness> subject = InMemoryHarness::new;

  /** The subject of the inner runs; its name keeps it out of the outer ones. */
  static class Subject extends PeerViewContract {
    @Override
    protected PeerSetHarness harness() {
      return subject.get();
    }

    @Override
    protected Duration deadline() {
      return Duration.ofMillis(700);
    }

    @Override
    protected Duration quiet() {
      return Duration.ofMillis(60);
    }
  }

  private static EngineExecutionResults examine(Supplier<PeerSetHarness> harness) {
    return examine(Subject.class, harness);
  }

  static EngineExecutionResults examine(
      Class<? extends Subject> contract, Supplier<PeerSetHarness> harness) {
    subject = harness;
    try {
      return EngineTestKit.engine("junit-jupiter").selectors(selectClass(contract)).execute();
    } finally {
      subject = InMemoryHarness::new;
    }
  }

  static String rule(Event event) {
    return event.getTestDescriptor().getDisplayName().split(" ")[0];
  }

  static Throwable failure(Event event) {
    return event.getRequiredPayload(TestExecutionResult.class).getThrowable().orElseThrow();
  }

  /** All lies where the build is thorough, else as many as it takes to break every rule. */
  static <L> List<L> lies(L[] all, Function<L, Set<String>> rules) {
    Set<String> broken = new TreeSet<>();
    return Arrays.stream(all)
        .filter(lie -> broken.addAll(rules.apply(lie)) || Boolean.getBoolean("magpie.thorough"))
        .toList();
  }

  /** The lies that break a rule of one of these letters, or those that break no such rule. */
  static List<LyingView> lies(String letters, boolean broken) {
    return lies(LyingView.values(), lie -> lie.rules).stream()
        .filter(
            lie ->
                lie.rules.stream().anyMatch(rule -> letters.indexOf(rule.charAt(0)) >= 0) == broken)
        .toList();
  }

  static List<LyingView> lies() {
    return lies("MN", true);
  }

  @ParameterizedTest
  @MethodSource("lies")
  void everyLieAboutMembersAndNoticesIsFoundAndBlamedOnItsRule(LyingView lie) {
    assertFound(lie);
  }

  static void assertFound(LyingView lie) {
    List<LyingView.Memory> memories = new ArrayList<>();
    EngineExecutionResults results =
        examine(
            () -> {
              memories.add(new LyingView.Memory());
              return lie.harness(memories.get(memories.size() - 1));
            });
    memories.forEach(memory -> memory.end.countDown());
    List<Event> failed = results.testEvents().failed().list();
    Set<String> allowed = new TreeSet<>(lie.rules);
    allowed.addAll(lie.alsoBlames);
    List<String> messages = new ArrayList<>();
    for (Event event : failed) {
      AssertionFailedError error =
          assertInstanceOf(AssertionFailedError.class, failure(event), event::toString);
      String message = String.valueOf(error.getMessage());
      messages.add(message);
      assertTrue(allowed.contains(rule(event)), lie + " was blamed on " + event + message);
      assertEquals(rule(event), message.split(":")[0], "the message names another rule");
    }
    assertTrue(
        messages.stream().anyMatch(message -> message.startsWith(lie.message)),
        lie + " was not found: " + messages);
  }

  @Test
  void everyRuleHasTestsAndALie() {
    Set<String> tested =
        examine(InMemoryHarness::new).testEvents().succeeded().stream()
            .map(PeerViewContractTest::rule)
            .collect(Collectors.toSet());
    assertEquals(RULES, tested);
    assertEquals(
        RULES,
        Arrays.stream(LyingView.values())
            .flatMap(l -> l.rules.stream())
            .collect(Collectors.toSet()));
  }

  @Test
  void missingCapabilitiesSkipWithTheReasonOfTheHarnessAndNothingElse() {
    EngineExecutionResults all = examine(InMemoryHarness::new);
    EngineExecutionResults none =
        examine(
            () ->
                new InMemoryHarness() {
                  @Override
                  public Set<Capability> capabilities() {
                    return EnumSet.noneOf(Capability.class);
                  }

                  @Override
                  public String lacks(Capability missing) {
                    return "no " + missing + " here";
                  }
                });
    assertEquals(0, none.testEvents().failed().count());
    assertEquals(
        all.testEvents().succeeded().count(),
        none.testEvents().succeeded().count() + none.testEvents().aborted().count());
    Set<String> reasons =
        none.testEvents().aborted().stream()
            .map(event -> String.valueOf(failure(event).getMessage()))
            .collect(Collectors.toCollection(TreeSet::new));
    Set<String> expected = new TreeSet<>();
    for (PeerSetHarness.Capability capability : PeerSetHarness.Capability.values()) {
      // Each of these only enriches tests that run anyway.
      if (capability != PeerSetHarness.Capability.MANY_ADDRESSES) {
        expected.add("Assumption failed: no " + capability + " here");
      }
    }
    assertEquals(expected, reasons);
  }
}
