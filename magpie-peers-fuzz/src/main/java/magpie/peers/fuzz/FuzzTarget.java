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
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;

/**
 * A parser that takes any input: a class with a method {@code public static void
 * fuzzerTestOneInput(byte[])}, which throws if what the parser does with an input is wrong.
 *
 * <p>Its inputs are in {@code src/test/resources/fuzz/}. Those with a name, written by hand or once
 * a finding, are files in a directory with the name of the class; a fuzzer leaves a new finding
 * there too. Those that a fuzzer kept because they reach code that no other reaches are packed, a
 * thousand small files in one archive for each target.
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

  /** Where its inputs with a name are. */
  Path corpus() {
    return resources().resolve(name());
  }

  /** Where the inputs that a fuzzer kept are. */
  private Path archive() {
    return resources().resolve(name() + ".zip");
  }

  private static Path resources() {
    return module().resolve("src/test/resources/fuzz");
  }

  /** Where a fuzzer works, and what is packed is unpacked to. */
  Path work() {
    return module().resolve("target/fuzz").resolve(name());
  }

  /** Unpacks the inputs that a fuzzer kept, and nothing else, into a directory. */
  Path unpack() throws IOException {
    Path kept = Files.createDirectories(work().resolve("kept"));
    for (Path old : inputs(List.of(kept))) {
      Files.delete(old);
    }
    if (Files.exists(archive())) {
      try (ZipInputStream in = new ZipInputStream(Files.newInputStream(archive()))) {
        for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
          // A digest: nothing else is packed, and no other name is taken.
          if (!entry.getName().matches("[0-9a-f]{40}")) {
            throw new IOException(archive() + ": not the name of an input: " + entry.getName());
          }
          Files.copy(in, kept.resolve(entry.getName()));
        }
      }
    }
    return kept;
  }

  /** Packs the inputs in a directory: the same inputs give the same archive. */
  void pack(Path kept) throws IOException {
    try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(archive()))) {
      for (Path input : inputs(List.of(kept))) {
        ZipEntry entry = new ZipEntry(input.getFileName().toString());
        entry.setTimeLocal(LocalDateTime.of(1980, 1, 1, 0, 0));
        out.putNextEntry(entry);
        Files.copy(input, out);
        out.closeEntry();
      }
    }
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

  /** Where all inputs are, those in the archive unpacked. */
  List<Path> directories() throws IOException {
    List<Path> all = new ArrayList<>(List.of(unpack()));
    all.addAll(named());
    return all;
  }

  /** Where the inputs with a name are. */
  List<Path> named() {
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
