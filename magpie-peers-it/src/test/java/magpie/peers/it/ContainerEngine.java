/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.NotFoundException;
import java.io.File;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;
import org.testcontainers.DockerClientFactory;

/**
 * The container engine of this machine, and what the tests of this process make in it.
 *
 * <p>All of that carries a label with the process that made it. What a process left that was killed
 * is removed when the next one starts; what this one makes is removed after each test, and at the
 * latest when the process ends.
 */
final class ContainerEngine
    implements ExecutionCondition, ParameterResolver, TestExecutionExceptionHandler {
  private static final String LABEL = "magpie-peers-it";
  private static final String OWNER = owner(ProcessHandle.current());

  /** Held for writing, and never released, once the process ends. */
  private static final ReadWriteLock ENDING = new ReentrantReadWriteLock();

  private static final ExtensionContext.Namespace NAMESPACE =
      ExtensionContext.Namespace.create(ContainerEngine.class);

  /** Found out once, when the first class of container tests comes up. */
  private static final class Found {
    static final String IMAGE;
    static final Optional<String> OBSTACLE;

    static {
      String image = "";
      Optional<String> obstacle = Optional.empty();
      try {
        if (System.getProperty("magpie.it.containers").equals("false")) {
          throw new IOException("magpie.it.containers=false");
        }
        call("docker", "version", "--format", "{{.Server.Version}}");
        // First of all: Testcontainers' own probes run in this image.
        image = call("./node-image", System.getProperty("magpie.it.base"));
        removeWhatDeadProcessesLeft();
        Runtime.getRuntime().addShutdownHook(new Thread(ContainerEngine::removeAtExit));
      } catch (IOException e) {
        obstacle = Optional.of(e.getMessage());
        if (!isRequired()) {
          System.out.println("Container tests are SKIPPED: " + e.getMessage());
        }
      }
      IMAGE = image;
      OBSTACLE = obstacle;
    }
  }

  private static boolean isRequired() {
    return Boolean.getBoolean("magpie.it.required");
  }

  /** Runs a command and returns the last line it prints. */
  private static String call(String... command) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.redirectInput(new File("/dev/null"));
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8).strip();
    try {
      if (!process.waitFor(1, TimeUnit.MINUTES) || process.exitValue() != 0) {
        process.destroyForcibly();
        throw new IOException("\"" + String.join(" ", command) + "\" failed: " + output);
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    return output.substring(output.lastIndexOf('\n') + 1);
  }

  /** Names a process so that no later one has the same name. */
  private static String owner(ProcessHandle process) {
    long start = process.info().startInstant().orElseThrow().toEpochMilli();
    return process.pid() + "-" + start;
  }

  private static boolean isAlive(String owner) {
    return ProcessHandle.of(Long.parseLong(owner.substring(0, owner.indexOf('-'))))
        .filter(process -> owner(process).equals(owner))
        .isPresent();
  }

  static DockerClient client() {
    return DockerClientFactory.lazyClient();
  }

  static String image() {
    return Found.IMAGE;
  }

  static Map<String, String> labels() {
    return Map.of(LABEL, OWNER);
  }

  private static void removeAtExit() {
    // Testcontainers cleans up at the same time, and minds when it is not the first.
    Thread.setDefaultUncaughtExceptionHandler(
        (thread, thrown) -> {
          if (!(thrown instanceof DockerException)) {
            thrown.printStackTrace();
          }
        });
    ENDING.writeLock().lock();
    remove(OWNER::equals);
  }

  /** Makes something, unless the process is about to end: then it would be left behind. */
  static <T> T making(Supplier<T> work) {
    if (!ENDING.readLock().tryLock()) {
      throw new IllegalStateException("the process ends");
    }
    try {
      return work.get();
    } finally {
      ENDING.readLock().unlock();
    }
  }

  static void removeWhatDeadProcessesLeft() {
    remove(owner -> !isAlive(owner));
  }

  /**
   * Removes what the chosen processes made. Others may be at it too, Testcontainers when the
   * process ends, say; a network can only go after its containers: so again until nothing is left.
   */
  static void remove(Predicate<String> owners) {
    long deadline = System.nanoTime() + Node.DEADLINE.toNanos();
    List<Made> left = made(owners);
    while (!left.isEmpty()) {
      DockerException refused = null;
      for (Made made : left) {
        try {
          made.removal().run();
        } catch (NotFoundException e) {
          // Gone already.
        } catch (DockerException e) {
          refused = e;
        }
      }
      if (refused != null && System.nanoTime() > deadline) {
        throw refused;
      }
      left = made(owners);
    }
  }

  /** Returns what is left of this process, in words. */
  static List<String> left() {
    return left(OWNER);
  }

  static List<String> left(String owner) {
    return made(owner::equals).stream().map(Made::what).toList();
  }

  private record Made(String what, Runnable removal) {}

  /** Lists containers before networks and volumes, which they keep in use. */
  private static List<Made> made(Predicate<String> owners) {
    DockerClient client = client();
    List<Made> all = new ArrayList<>();
    client.listContainersCmd().withShowAll(true).withLabelFilter(List.of(LABEL)).exec().stream()
        .filter(container -> owners.test(container.getLabels().get(LABEL)))
        .forEach(
            container ->
                all.add(
                    new Made(
                        "container " + String.join(" ", container.getNames()),
                        () ->
                            client
                                .removeContainerCmd(container.getId())
                                .withForce(true)
                                .withRemoveVolumes(true)
                                .exec())));
    client.listNetworksCmd().withFilter("label", List.of(LABEL)).exec().stream()
        .filter(network -> owners.test(network.getLabels().get(LABEL)))
        .forEach(
            network ->
                all.add(
                    new Made(
                        "network " + network.getName(),
                        () -> client.removeNetworkCmd(network.getId()).exec())));
    client.listVolumesCmd().withFilter("label", List.of(LABEL)).exec().getVolumes().stream()
        .filter(volume -> owners.test(volume.getLabels().get(LABEL)))
        .forEach(
            volume ->
                all.add(
                    new Made(
                        "volume " + volume.getName(),
                        () -> client.removeVolumeCmd(volume.getName()).exec())));
    return all;
  }

  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
    if (Found.OBSTACLE.isEmpty()) {
      return ConditionEvaluationResult.enabled("the container engine answers");
    }
    if (isRequired()) {
      throw new IllegalStateException(
          "expected to run container tests, as magpie.it.required=true says: "
              + Found.OBSTACLE.get());
    }
    return ConditionEvaluationResult.disabled(Found.OBSTACLE.get());
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return parameter.getParameter().getType() == Containers.class;
  }

  /** Returns the test's containers, which JUnit closes after the test. */
  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    return context.getStore(NAMESPACE).computeIfAbsent(Containers.class);
  }

  @Override
  public void handleTestExecutionException(ExtensionContext context, Throwable thrown)
      throws Throwable {
    Containers containers = context.getStore(NAMESPACE).get(Containers.class, Containers.class);
    if (containers != null) {
      thrown.addSuppressed(new NodeLogs(containers.logs()));
    }
    throw thrown;
  }

  /** Carries logs into the report of a failed test. */
  private static final class NodeLogs extends Exception {
    private static final long serialVersionUID = 1;

    NodeLogs(String logs) {
      super(logs, null, false, false);
    }
  }
}
