/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit;

import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;
import org.opentest4j.AssertionFailedError;
import org.opentest4j.TestAbortedException;

/**
 * Makes every failure of the contract begin with the rule of its test and name a method to look at,
 * also where the backend threw what no test foresaw.
 */
final class RuleFirst implements TestExecutionExceptionHandler {
  private static final Pattern RULE = Pattern.compile("[A-Z][0-9]+: ");

  /** Where a backend decides whether it keeps a rule. */
  private static final Map<String, String> METHODS =
      Map.ofEntries(
          Map.entry("M1", "Reading.ids() and Reading.nodes()"),
          Map.entry("M2", "Reading.nodes()"),
          Map.entry("M3", "StateStore.update()"),
          Map.entry("M4", "PeerNode.Builder.suspect()"),
          Map.entry("N1", "StateStore.load() and Reading.ids()"),
          Map.entry("N2", "StateStore.load() and Reading.ids()"),
          Map.entry("N3", "StateStore.load() and StateStore.update()"),
          Map.entry("N4", "StateStore.update()"),
          Map.entry("N5", "PeerSource.remembersDeparted()"),
          Map.entry("N6", "StateStore.update() and Reading.nodes()"),
          Map.entry("A1", "PeerNode.Builder.address()"),
          Map.entry("A2", "Reading.networks() and PeerSource.network()"),
          Map.entry("A3", "PeerNode.Builder.address()"),
          Map.entry("S1", "Reading.nodes() and PeerSource.publish()"),
          Map.entry("S2", "PeerSource.publish() and PeerSource.published()"),
          Map.entry("E1", "PeerSource.watch() and PeerSource.read()"),
          Map.entry("E2", "PeerSource.read()"),
          Map.entry("F1", "PeerSource.read()"),
          Map.entry("F2", "PeerSource.close()"));

  @Override
  public void handleTestExecutionException(ExtensionContext context, Throwable thrown)
      throws Throwable {
    if (thrown instanceof TestAbortedException) {
      throw thrown;
    }
    String message = String.valueOf(thrown.getMessage());
    if (!RULE.matcher(message).lookingAt()) {
      String rule = context.getDisplayName().split(" ", 2)[0];
      throw new AssertionFailedError(
          rule + ": expected an answer, found " + thrown + "; check " + place(thrown), thrown);
    }
    if (message.contains("check") || !(thrown instanceof AssertionFailedError failed)) {
      throw thrown;
    }
    String hint = METHODS.get(message.substring(0, message.indexOf(':')));
    String whole = hint == null ? message : message + "; check " + hint;
    AssertionFailedError complete =
        failed.isExpectedDefined() && failed.isActualDefined()
            ? new AssertionFailedError(whole, failed.getExpected(), failed.getActual(), failed)
            : new AssertionFailedError(whole, failed);
    throw complete;
  }

  /** The method that threw first, those of the JDK, of the api and of tests aside. */
  private static String place(Throwable thrown) {
    Throwable first = thrown;
    while (first.getCause() != null) {
      first = first.getCause();
    }
    StackTraceElement[] trace = first.getStackTrace();
    for (StackTraceElement frame : trace) {
      String name = frame.getClassName();
      String inPackage = name.substring(0, Math.max(0, name.lastIndexOf('.')));
      if (!name.matches("(java|jdk|sun|org\\.junit|org\\.opentest4j)\\..*")
          && !inPackage.equals("magpie.peers")
          && !inPackage.equals("magpie.peers.spi")
          && !name.startsWith(PeerViewContract.class.getName())) {
        return frame.toString();
      }
    }
    return trace.length == 0 ? first.getClass().getName() : trace[0].toString();
  }
}
