/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * What a real process printed and how it ended.
 *
 * @param code its exit code
 * @param out its standard output
 * @param err its standard error
 */
record Launched(int code, String out, String err) {
  static final Path ROOT = Path.of(System.getProperty("magpie.root"));
  static final Path JAR = ROOT.resolve("magpie-peers-cli/target/magpie-peers.jar");
  static final Path JAVA = Path.of(System.getProperty("java.home"), "bin", "java");
  static final long DEADLINE_SECONDS = 120;

  /** The JVM of this test, with the arguments that all JVMs of this run get. */
  static List<String> java(String... more) {
    List<String> command = new ArrayList<>(List.of(JAVA.toString()));
    for (String argument : System.getProperty("magpie.test.jvmargs", "").split(" ")) {
      if (!argument.isBlank()) {
        command.add(argument);
      }
    }
    command.addAll(List.of(more));
    return command;
  }

  /** The command, with these words. */
  static List<String> command(String... words) {
    List<String> line = java(Archived.OPTIONS.toArray(String[]::new));
    line.addAll(List.of("-jar", JAR.toString()));
    line.addAll(List.of(words));
    return line;
  }

  /** Puts the command at a path, to be called by that name. */
  static void install(Path at) throws IOException {
    Files.writeString(at, "#!/bin/sh\nexec '" + String.join("' '", command()) + "' \"$@\"\n");
    if (!at.toFile().setExecutable(true)) {
      throw new IOException("cannot make " + at + " executable");
    }
  }

  /** As its launcher starts it: from an archive of its classes, where one can be made. */
  private static final class Archived {
    static final List<String> OPTIONS = options();

    private static List<String> options() {
      Launched launcher =
          run(
              ROOT,
              Map.of("JAVA_HOME", System.getProperty("java.home")),
              List.of(ROOT.resolve("magpie-peers").toString(), "--version"));
      if (launcher.code() != 0) {
        throw new AssertionError("expected a launcher that works: " + launcher);
      }
      Path archive =
          JAR.resolveSibling("magpie-peers-" + System.getProperty("java.runtime.version") + ".jsa");
      return archive.toFile().length() > 0
          ? List.of("-Xlog:disable", "-XX:SharedArchiveFile=" + archive)
          : List.of();
    }
  }

  /** Prepares a process with nothing in its environment but the path and what is given. */
  static ProcessBuilder process(Path directory, Map<String, String> variables, List<String> line) {
    ProcessBuilder builder = new ProcessBuilder(line).directory(directory.toFile());
    builder.environment().clear();
    builder.environment().put("PATH", JAVA.getParent() + ":" + System.getenv("PATH"));
    builder.environment().putAll(variables);
    return builder;
  }

  /** Runs a process to its end. */
  static Launched run(Path directory, Map<String, String> variables, List<String> line) {
    try {
      Path out = Files.createTempFile("magpie", ".out");
      Path err = Files.createTempFile("magpie", ".err");
      try {
        Process process =
            process(directory, variables, line)
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        int code = await(process);
        return new Launched(code, Files.readString(out), Files.readString(err));
      } finally {
        Files.delete(out);
        Files.delete(err);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static int await(Process process) {
    try {
      if (!process.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new AssertionError("did not end in " + DEADLINE_SECONDS + " seconds");
      }
      return process.exitValue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }

  /** The jar or directory that a class came from. */
  static String origin(Class<?> type) {
    return Path.of(URI.create(type.getProtectionDomain().getCodeSource().getLocation().toString()))
        .toString();
  }
}
