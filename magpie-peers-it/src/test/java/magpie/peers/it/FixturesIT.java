/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/** What the fixtures promise the other tests. */
@InContainers
class FixturesIT {
  /** Run by {@link #failedTestCarriesTheLogsOfItsNodesAndLeavesNothing()} alone. */
  @InContainers
  static class Failing {
    @Test
    void fails(Containers containers) {
      LocalBench.of(containers, 2);
      fail("as it should");
    }
  }

  /** Makes a bench, says so, and goes on until it is ended. */
  static final class Interrupted {
    public static void main(String... arguments) throws IOException {
      LocalBench.of(new Containers(), 1);
      System.out.println("owner " + ContainerEngine.labels().values().iterator().next());
      System.in.read();
    }
  }

  @Test
  @Tag("thorough")
  void failedTestCarriesTheLogsOfItsNodesAndLeavesNothing() {
    LauncherDiscoveryRequest request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(DiscoverySelectors.selectClass(Failing.class))
            .build();
    SummaryGeneratingListener listener = new SummaryGeneratingListener();
    LauncherFactory.create().execute(request, listener);

    Throwable failure = listener.getSummary().getFailures().get(0).getException();
    assertEquals("as it should", failure.getMessage());
    String logs = failure.getSuppressed()[0].getMessage();
    assertTrue(logs.contains("===== magpie/0\n"), logs);
    assertTrue(logs.contains("{\"serving\":\"magpie/0\"}\n"), logs);
    assertTrue(logs.contains("{\"serving\":\"magpie/1\"}\n"), logs);
    assertEquals(List.of(), ContainerEngine.left());
  }

  @Tag("thorough")
  @Test
  void interruptedProcessLeavesNothing() throws Exception {
    Process process = start(Interrupted.class);
    String owner = ownerOf(process);
    assertEquals(4, ContainerEngine.left(owner).size(), "a node, two networks and a volume");

    process.destroy();
    assertTrue(process.waitFor(Node.DEADLINE.toSeconds(), TimeUnit.SECONDS), "still running");
    assertEquals(List.of(), ContainerEngine.left(owner));
  }

  @Tag("thorough")
  @Test
  void nextProcessRemovesWhatKilledOneLeft() throws Exception {
    Process process = start(Interrupted.class);
    String owner = ownerOf(process);
    ContainerEngine.removeWhatDeadProcessesLeft();
    assertEquals(4, ContainerEngine.left(owner).size(), "its process is alive");

    process.destroyForcibly();
    assertTrue(process.waitFor(Node.DEADLINE.toSeconds(), TimeUnit.SECONDS), "still running");
    assertEquals(4, ContainerEngine.left(owner).size(), "nobody has cleaned up yet");
    ContainerEngine.removeWhatDeadProcessesLeft();
    assertEquals(List.of(), ContainerEngine.left(owner));
  }

  private static Process start(Class<?> main) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    System.getProperties()
        .forEach(
            (key, value) -> {
              if (key.toString().startsWith("magpie.it.")) {
                command.add("-D" + key + "=" + value);
              }
            });
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }

  private static String ownerOf(Process process) throws IOException {
    BufferedReader said =
        new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
    String line = said.readLine();
    assertTrue(line != null && line.startsWith("owner "), "expected an owner, got " + line);
    return line.substring("owner ".length());
  }
}
