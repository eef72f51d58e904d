/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Jars as users get them, in the order of a class path.
 *
 * @param files the jars on this machine, and directories of jars
 */
record PackagedJars(List<Path> files) {
  PackagedJars {
    files = List.copyOf(files);
    for (Path file : files) {
      if (!Files.isRegularFile(file) && !Files.isDirectory(file)) {
        throw new IllegalStateException(
            "expected the jar " + file + ", found none; run these tests with mvn verify");
      }
    }
  }

  /** The one peer program and the api it knows, and nothing that could tell it of peers. */
  static PackagedJars of(String... further) {
    return new PackagedJars(
        Stream.concat(
                Stream.of(Path.of(System.getProperty("magpie.it.program"))),
                Stream.concat(
                        Stream.of("magpie-peers-api", "jspecify", "jakarta.inject-api"),
                        Stream.of(further))
                    .map(
                        name ->
                            Path.of(System.getProperty("magpie.it.jars")).resolve(name + ".jar")))
            .toList());
  }

  static PackagedJars forBench() {
    return of("magpie-peers-local", "snakeyaml-engine", "jackson-core");
  }

  static PackagedJars forBenchWithInjection() {
    return of(
        "magpie-peers-local",
        "snakeyaml-engine",
        "jackson-core",
        "magpie-peers-hk2",
        "hk2-locator",
        "hk2-api",
        "hk2-utils",
        "aopalliance-repackaged",
        "jakarta.annotation-api",
        "javassist");
  }

  /** The command as users download it. */
  static PackagedJars forCommand() {
    return new PackagedJars(List.of(Path.of(System.getProperty("magpie.it.command"))));
  }

  /** With the directory that users get beside the command. */
  static PackagedJars forEtcd() {
    List<Path> files = new ArrayList<>(of("jackson-core").files());
    Path command = Path.of(System.getProperty("magpie.it.command"));
    files.add(command.resolveSibling("magpie-peers-etcd"));
    return new PackagedJars(files);
  }

  static PackagedJars forJuju() {
    return of("magpie-peers-juju", "jackson-core");
  }
}
