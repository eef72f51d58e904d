/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.fuzz;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * A parser that takes any input: a class with a method {@code public static void
 * fuzzerTestOneInput(byte[])}, which throws if what the parser does with an input is wrong.
 *
 * <p>Its inputs are in {@code src/test/resources/fuzz/}, in a directory with the name of the class:
 * some written by hand, some that a fuzzer found because they reach code that no other reaches, and
 * each that once was a finding. A fuzzer leaves a new finding there too.
 *
 * @param type the class
 * @param seeds directories with more inputs
 */
public record FuzzTarget(Class<?> type, List<Path> seeds) {

  /**
   * Returns a target.
   *
   * @param type the class
   * @param seeds directories with more inputs
   * @return the target
   */
  public static FuzzTarget of(Class<?> type, Path... seeds) {
    return new FuzzTarget(type, List.of(seeds));
  }

  String name() {
    return type.getSimpleName();
  }

  /** Where its own inputs are. */
  Path corpus() {
    return module().resolve("src/test/resources/fuzz").resolve(name());
  }

  /** The directory of the module under test, which is the one that tests run in. */
  static Path module() {
    return Path.of("").toAbsolutePath();
  }

  /** All inputs in some directories, in the order of their names. */
  static List<Path> inputs(List<Path> directories) throws IOException {
    List<Path> all = new ArrayList<>();
    for (Path directory : directories) {
      try (Stream<Path> files = Files.walk(directory)) {
        files.filter(Files::isRegularFile).sorted().forEach(all::add);
      }
    }
    return all;
  }

  List<Path> directories() {
    List<Path> all = new ArrayList<>(List.of(corpus()));
    all.addAll(seeds);
    return all;
  }

  /** Takes one input after the other. */
  Consumer consumer() throws NoSuchMethodException {
    Method method = type.getDeclaredMethod("fuzzerTestOneInput", byte[].class);
    method.setAccessible(true);
    return input -> {
      try {
        method.invoke(null, (Object) input);
      } catch (InvocationTargetException e) {
        throw e.getCause() == null ? e : e.getCause();
      }
    };
  }

  /** Takes an input, and throws if what comes of it is wrong. */
  @FunctionalInterface
  interface Consumer {
    void take(byte[] input) throws Throwable;
  }
}
