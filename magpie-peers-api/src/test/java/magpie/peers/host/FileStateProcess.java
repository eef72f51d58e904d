/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.host;

import java.io.File;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.UnaryOperator;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import java.util.logging.StreamHandler;
import java.util.stream.Stream;
import magpie.peers.PeersException;
import magpie.peers.spi.StateStore;

/** Another process with the same file, if need be of another user. */
final class FileStateProcess {
  private FileStateProcess() {}

  public static void main(String[] args) throws IOException {
    StateStore store = StateStore.file(Path.of(args[1]));
    switch (args[0]) {
      case "append" -> {
        for (int i = 0; i < 40; i++) {
          String line = args[2] + i + "\n";
          store.update(text -> text + line);
        }
      }
      case "hold" ->
          store.update(
              text -> {
                System.out.println("holding");
                await();
                return text + "never";
              });
      case "alternate" -> {
        for (int i = 0; ; i++) {
          String text = Character.toString('a' + i % 26).repeat(300_000);
          store.update(before -> text);
          System.out.println(i);
        }
      }
      case "replace" -> {
        for (int i = 0; i < 50; i++) {
          replace(Path.of(args[1]), WholeFile.DISK);
        }
      }
      case "warn" -> {
        Logger logger = Logger.getLogger(FileOwnership.class.getName());
        logger.setUseParentHandlers(false);
        logger.addHandler(new Told());
        replace(Path.of(args[1]), WholeFile.DISK);
      }
      case "stall" ->
          replace(
              Path.of(args[1]),
              (channel, ofDirectory) -> {
                System.out.println("stalled");
                await();
              });
      case "impatient" -> {
        try {
          impatient(Path.of(args[1]), text -> text + "never");
        } catch (PeersException e) {
          System.out.println(e.getMessage());
        }
      }
      case "fail" -> {
        try {
          store.update(text -> text + "never");
        } catch (PeersException e) {
          System.out.println(e.getMessage());
        }
      }
      default -> throw new IllegalArgumentException(args[0]);
    }
  }

  /** What is logged, without the date and in no language of the system. */
  private static final class Told extends StreamHandler {
    @Override
    public void publish(LogRecord told) {
      System.out.println(new SimpleFormatter().formatMessage(told));
    }
  }

  /** Starts a process. */
  static Process start(List<String> prefix, String classPath, String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>(prefix);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-cp", classPath, FileStateProcess.class.getName()));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }

  /** Starts a process of another user, which has the classes in a place that everybody can read. */
  static Process startAs(Path place, String user, String group, String... arguments)
      throws IOException {
    Path classes = place.resolve("classes");
    if (!Files.exists(classes)) {
      Files.createDirectory(classes);
      for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
        if (Files.isDirectory(Path.of(entry))) {
          copy(Path.of(entry), classes);
        }
      }
      Files.setPosixFilePermissions(place, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
    return start(
        List.of("setpriv", "--reuid", user, "--regid", user, "--groups", group, "--inh-caps=-all"),
        classes.toString(),
        arguments);
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (Path path : (Iterable<Path>) all::iterator) {
        Path target = to.resolve(from.relativize(path).toString());
        if (Files.isDirectory(path)) {
          Files.createDirectories(target);
        } else {
          Files.copy(path, target, StandardCopyOption.REPLACE_EXISTING);
        }
      }
    }
  }

  private static void await() {
    try {
      new CountDownLatch(1).await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void replace(Path file, WholeFile.Sync sync) throws IOException {
    String content = file + "\n";
    new WholeFile(file, WholeFile.Access.KEPT, sync)
        .replace(content.getBytes(StandardCharsets.UTF_8));
  }

  /** Changes a text with less patience than programs have. */
  static void impatient(Path file, UnaryOperator<String> change) {
    new FileState(
            file,
            FileState.Use.STATE,
            EffectiveUser.ofProc(),
            Duration.ofMillis(100),
            WholeFile.DISK)
        .update(change);
  }

  /** Another copy of the classes, as another application in the same server has one. */
  static URLClassLoader copy() throws IOException {
    List<URL> urls = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path").split(File.pathSeparator)) {
      urls.add(Path.of(entry).toUri().toURL());
    }
    return new URLClassLoader(urls.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
  }
}
