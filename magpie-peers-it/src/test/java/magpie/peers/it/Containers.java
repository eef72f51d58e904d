/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.testcontainers.lifecycle.Startables;

/** The nodes of one test with their networks and volumes, gone when the test has ended. */
final class Containers implements AutoCloseable {
  private final List<Node> nodes = new ArrayList<>();
  private final List<Runnable> endings = new ArrayList<>();

  Containers() {}

  /** Makes a network with an IPv4 and an IPv6 subnet that nobody on this machine uses. */
  NodeNetwork network(String name) {
    return ContainerEngine.making(() -> NodeNetwork.create(name));
  }

  /** Makes an empty volume, to be shared by nodes. */
  String volume() {
    return ContainerEngine.making(
        () ->
            ContainerEngine.client()
                .createVolumeCmd()
                .withLabels(ContainerEngine.labels())
                .exec()
                .getName());
  }

  /** Describes a node, to be started. */
  Node node(String name, List<NodeNetwork> networks) {
    Node node = new Node(name, networks);
    nodes.add(node);
    return node;
  }

  /** Starts nodes at the same time, and waits until each serves. */
  void start(Collection<Node> starting) {
    ContainerEngine.making(
        () -> Startables.deepStart(starting.stream().map(Node::container)).join());
    starting.forEach(Node::awaitServing);
  }

  /** Has something done when the test has ended and the containers are gone; the latest first. */
  void atEnd(Runnable action) {
    endings.add(action);
  }

  /** Does something with each at the same time, as far as there are processors. */
  static <T, R> List<R> atOnce(Collection<T> all, Function<T, R> work) {
    ExecutorService workers =
        Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors());
    try {
      List<Future<R>> results =
          all.stream().map(each -> workers.submit(() -> work.apply(each))).toList();
      List<R> done = new ArrayList<>();
      for (Future<R> result : results) {
        done.add(result.get());
      }
      return done;
    } catch (ExecutionException e) {
      throw new AssertionError(e.getCause().getMessage(), e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    } finally {
      workers.shutdownNow();
    }
  }

  String logs() {
    return nodes.stream()
        .map(node -> "===== " + node.name() + "\n" + node.log())
        .collect(Collectors.joining("\n"));
  }

  @Override
  public void close() {
    ContainerEngine.remove(ContainerEngine.labels()::containsValue);
    Collections.reverse(endings);
    endings.forEach(Runnable::run);
    assertEquals(List.of(), ContainerEngine.left(), "left behind in the container engine");
  }
}
