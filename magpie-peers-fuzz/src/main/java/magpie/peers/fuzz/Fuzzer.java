/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.fuzz;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Runs Jazzer on a target, in a process of its own.
 *
 * <p>The driver and not its JUnit extension, which loads an agent and a native library also when it
 * only replays: a build of magpie-peers should need neither. Without {@code -Pfuzz} Jazzer is not
 * on the class path.
 */
final class Fuzzer {
  /** Long enough for what is quadratic to show. */
  static final int LONGEST_INPUT = 16 * 1024;

  private static final String DRIVER = "com.code_intelligence.jazzer.Jazzer";

  /** What guides: the parsers, and the libraries that split their input. */
  private static final String GUIDES =
      "magpie.peers.**:org.snakeyaml.engine.**:com.fasterxml.jackson.core.**";

  private static final Pattern PROGRESS =
      Pattern.compile("#\\d+\\s+\\w+\\s+cov: (\\d+) ft: (\\d+) corp: (\\d+)/.*");
  private static final Pattern FINDING = Pattern.compile("== Java Exception: (.*)|(ERROR: .*)");
  private static final Pattern EXECUTED =
      Pattern.compile("stat::number_of_executed_units:\\s+(\\d+)");

  private final FuzzTarget target;
  private final Path directory;

  Fuzzer(FuzzTarget target) {
    this.target = target;
    this.directory = target.work();
  }

  /**
   * Feeds the target for so long, and tells what came of it.
   *
   * @return where all inputs are that reached anything new
   */
  Path fuzz(int seconds) throws IOException, InterruptedException {
    Path found = Files.createDirectories(directory.resolve("corpus"));
    List<String> arguments = new ArrayList<>();
    arguments.add("-max_total_time=" + seconds);
    arguments.add("-artifact_prefix=" + target.corpus() + "/");
    arguments.add("-print_final_stats=1");
    arguments.add("-report_slow_units=3600");
    arguments.add(found.toString());
    for (Path seeds : target.directories()) {
      arguments.add(seeds.toString());
    }
    Path log = directory.resolve("fuzz.log");
    int code = run(arguments, log);
    System.out.println("fuzz: " + target.name() + ": " + summary(log));
    if (code != 0) {
      throw new AssertionError(
          target.name()
              + ": the fuzzer ended with "
              + code
              + finding(log)
              + "; the input is now in "
              + target.corpus()
              + " and a test from now on; more is told in "
              + log);
    }
    if (Boolean.getBoolean("fuzz.keep")) {
      keep(found);
    }
    return found;
  }

  /** Keeps a few of the new inputs which, together with the old, reach all that any reaches. */
  private void keep(Path found) throws IOException, InterruptedException {
    Path kept = target.unpack();
    List<String> arguments = new ArrayList<>();
    arguments.add("-set_cover_merge=1");
    arguments.add("-use_counters=0");
    arguments.add(kept.toString());
    arguments.add(target.corpus().toString());
    target.seeds().forEach(seeds -> arguments.add(seeds.toString()));
    arguments.add(found.toString());
    Path log = directory.resolve("keep.log");
    int code = run(arguments, log);
    if (code != 0) {
      throw new AssertionError(target.name() + ": the fuzzer ended with " + code + ", see " + log);
    }
    target.pack(kept);
  }

  /** Whether Jazzer is on the class path. */
  static boolean present() {
    try {
      Class.forName(DRIVER, false, Fuzzer.class.getClassLoader());
      return true;
    } catch (ClassNotFoundException e) {
      return false;
    }
  }

  private int run(List<String> arguments, Path log) throws IOException, InterruptedException {
    if (!present()) {
      throw new AssertionError("expected Jazzer on the class path, found none; add -Pfuzz");
    }
    List<String> command = new ArrayList<>(List.of(launcher().toString()));
    command.add("--target_class=" + target.type().getName());
    command.add("--instrumentation_includes=" + GUIDES);
    command.add("--instrumentation_excludes=magpie.peers.fuzz.**");
    command.add("--reproducer_path=" + directory);
    command.add("-max_len=" + LONGEST_INPUT);
    command.add("-timeout=300");
    command.add("-rss_limit_mb=0");
    command.addAll(arguments);
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder.environment().merge("PATH", directory.toString(), (path, own) -> own + ":" + path);
    Process process = builder.start();
    try {
      return process.waitFor();
    } finally {
      process.destroy();
    }
  }

  /** A program of the name by which the driver launches itself while it chooses what to keep. */
  private Path launcher() throws IOException {
    Path launcher = directory.resolve("jazzer");
    Files.writeString(
        launcher,
        "#!/bin/sh\nexec '"
            + Path.of(System.getProperty("java.home"), "bin", "java")
            + "' -Xmx1g -Dfuzz.allowance=10 -cp '"
            + System.getProperty("java.class.path")
            + "' "
            + DRIVER
            + " \"$@\"\n");
    Files.setPosixFilePermissions(launcher, PosixFilePermissions.fromString("rwxr-xr-x"));
    return launcher;
  }

  /** What is wrong, from the log. */
  private static String finding(Path log) throws IOException {
    for (String line : Files.readAllLines(log, StandardCharsets.ISO_8859_1)) {
      Matcher finding = FINDING.matcher(line);
      if (finding.find()) {
        return ": " + finding.group();
      }
    }
    return "";
  }

  /** How much was tried and reached, from the log. */
  private static String summary(Path log) throws IOException {
    String executed = "?";
    String reached = "nothing";
    for (String line : Files.readAllLines(log, StandardCharsets.ISO_8859_1)) {
      Matcher progress = PROGRESS.matcher(line);
      if (progress.matches()) {
        reached =
            progress.group(1)
                + " edges and "
                + progress.group(2)
                + " features reached by "
                + progress.group(3)
                + " inputs";
      }
      Matcher number = EXECUTED.matcher(line);
      if (number.matches()) {
        executed = number.group(1);
      }
    }
    return executed + " inputs tried, " + reached;
  }
}
