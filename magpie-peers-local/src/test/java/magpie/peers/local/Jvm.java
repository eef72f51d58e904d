/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.local;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** Runs a main class of the tests in a JVM of its own, like this one. */
final class Jvm {
  private Jvm() {}

  /** Starts it; what it says on standard error goes where that of the tests goes. */
  static Process start(Class<?> main, Predicate<String> jars, String... arguments)
      throws IOException {
    return start(main, List.of(), jars, arguments);
  }

  /** Starts it with more options of the JVM. */
  static Process start(
      Class<?> main, List<String> options, Predicate<String> jars, String... arguments)
      throws IOException {
    return new ProcessBuilder(command(main, options, jars, arguments))
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  static List<String> command(Class<?> main, Predicate<String> jars, String... arguments) {
    return command(main, List.of(), jars, arguments);
  }

  private static List<String> command(
      Class<?> main, List<String> options, Predicate<String> jars, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    Arrays.stream(System.getProperty("magpie.test.jvmargs", "").split(" "))
        .filter(argument -> !argument.isBlank())
        .forEach(command::add);
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData"));
    command.addAll(options);
    command.add("-cp");
    command.add(
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .filter(jars)
            .collect(Collectors.joining(File.pathSeparator)));
    command.add(main.getName());
    command.addAll(List.of(arguments));
    return command;
  }
}
