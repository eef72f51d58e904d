/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.spi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import magpie.peers.SourceUnavailableException;
import magpie.peers.StateException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FileStateTest {
  private static final long DEADLINE_SECONDS = 60;

  @TempDir private Path temporary;
  private Path directory;
  private Path file;
  private final List<Process> started = new ArrayList<>();

  @BeforeEach
  void nameTheFile() {
    directory = temporary.resolve("state");
    file = directory.resolve("x.state");
  }

  @AfterEach
  void endProcesses() throws InterruptedException {
    for (Process process : started) {
      process.destroyForcibly().waitFor();
    }
  }

  private Process start(List<String> prefix, String classPath, String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>(prefix);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-cp", classPath, FileStateProcess.class.getName()));
    command.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    started.add(process);
    return process;
  }

  private Process start(String... arguments) throws IOException {
    return start(List.of(), System.getProperty("java.class.path"), arguments);
  }

  private static void endsWell(Process process) throws InterruptedException {
    assertTrue(process.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS), "the process hangs");
    assertEquals(0, process.exitValue());
  }

  private static String message(Class<? extends RuntimeException> type, Runnable call) {
    return assertThrows(type, call::run).getMessage();
  }

  private void write(String text) throws IOException {
    Files.createDirectories(
        directory,
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Files.writeString(file, text);
  }

  private static void permit(Path path, String permissions) throws IOException {
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
  }

  @Test
  void processesAndThreadsLoseNoUpdateOfEachOther() throws Exception {
    Process one = start("append", file.toString(), "one");
    Process other = start("append", file.toString(), "other");
    StateStore store = StateStore.file(file);
    Thread thread =
        new Thread(
            () -> {
              for (int i = 0; i < 40; i++) {
                store.update(text -> text + "thread\n");
              }
            });
    thread.start();
    for (int i = 0; i < 40; i++) {
      store.update(text -> text + "main\n");
    }
    thread.join();
    endsWell(one);
    endsWell(other);
    List<String> lines = store.load().lines().toList();
    assertEquals(160, lines.size());
    assertEquals(
        Stream.iterate(0, i -> i + 1).limit(40).map(i -> "one" + i).toList(),
        lines.stream().filter(line -> line.startsWith("one")).toList());
  }

  @Test
  void aProcessThatIsKilledInTheMiddleFreesTheLockAndChangesNothing() throws Exception {
    write("before");
    Process process = start("hold", file.toString());
    try (BufferedReader out = process.inputReader()) {
      assertEquals("holding", out.readLine());
    }
    assertEquals("before", StateStore.file(file).load());
    process.destroyForcibly().waitFor();
    assertEquals("before after", StateStore.file(file).update(text -> text + " after"));
  }

  /** With less patience than programs have. */
  private StateStore impatient() {
    return new FileState(file, FileState.Use.STATE, EffectiveUser.ofProc(), Duration.ofMillis(100));
  }

  @Test
  void aProcessThatHangsWithTheLockIsNotWaitedForWithoutEnd() throws Exception {
    write("before");
    Process process = start("hold", file.toString());
    try (BufferedReader out = process.inputReader()) {
      assertEquals("holding", out.readLine());
    }
    assertEquals(
        "expected the state lock to be free within 100 ms, found \""
            + file
            + ".lock\" held by another process; end the process that hangs with it and try again",
        message(StateException.class, () -> impatient().update(text -> "never")));
    assertEquals("before", impatient().load());
    process.destroyForcibly().waitFor();
    assertEquals("after", impatient().update(text -> "after"));
  }

  @Test
  void aProcessThatHasTheLockIsWaitedFor() throws Exception {
    Process process = start("hold", file.toString());
    try (BufferedReader out = process.inputReader()) {
      assertEquals("holding", out.readLine());
    }
    CompletableFuture<String> answer = new CompletableFuture<>();
    Thread waiting =
        new Thread(() -> answer.complete(StateStore.file(file).update(text -> text + "after")));
    waiting.setUncaughtExceptionHandler((thread, e) -> answer.completeExceptionally(e));
    waiting.start();
    while (waiting.getState() != Thread.State.TIMED_WAITING && waiting.isAlive()) {
      Thread.onSpinWait();
    }
    process.destroyForcibly().waitFor();
    assertEquals("after", answer.get(DEADLINE_SECONDS, TimeUnit.SECONDS));
  }

  @Test
  void aThreadThatHangsWithTheLockIsNotWaitedForWithoutEnd() {
    StateStore store = StateStore.file(file);
    store.update(
        text -> {
          CompletableFuture<String> other =
              CompletableFuture.supplyAsync(
                  () -> message(StateException.class, () -> impatient().update(before -> "never")));
          assertEquals(
              "expected the state lock to be free within 100 ms, found \""
                  + file
                  + ".lock\" held by another thread of this process; see what it does and try"
                  + " again",
              other.orTimeout(DEADLINE_SECONDS, TimeUnit.SECONDS).join());
          return "after";
        });
    assertEquals("after", store.load());
  }

  @Test
  void aProcessThatIsKilledAtAnyMomentLeavesAWholeText() throws Exception {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    for (int round = 0; round < 4; round++) {
      Process process = start("alternate", file.toString());
      try (BufferedReader out = process.inputReader()) {
        for (int i = 1 + random.nextInt(30); i > 0; i--) {
          out.readLine();
        }
        process.destroyForcibly().waitFor();
      }
      String text = StateStore.file(file).load();
      assertEquals(300_000, text.length(), () -> "seed " + seed);
      assertEquals(1, text.chars().distinct().count(), () -> "seed " + seed);
    }
    StateStore.file(file).update(text -> "swept");
    try (Stream<Path> files = Files.list(directory)) {
      assertEquals(
          List.of("x.state", "x.state.lock"),
          files.map(f -> f.getFileName().toString()).sorted().toList());
    }
  }

  @Test
  void whatStaysTheSameIsNotWritten() throws IOException {
    StateStore store = StateStore.file(file);
    store.update(text -> "kept");
    Object key = Files.getAttribute(file, "unix:ino");
    assertEquals("kept", store.update(text -> text));
    assertEquals("kept", store.update(text -> "ke" + "pt"));
    assertEquals(key, Files.getAttribute(file, "unix:ino"));
  }

  @Test
  void loadingTouchesNothing() {
    assertEquals("", StateStore.file(file).load());
    assertFalse(Files.exists(directory));
    assertEquals(file.toString(), StateStore.file(file).origin());
  }

  @Test
  void everythingIsCreatedForThisUserAlone() throws IOException {
    StateStore.file(file).update(text -> "x");
    assertEquals("rwx------", permissions(directory));
    assertEquals("rw-------", permissions(file));
    assertEquals("rw-------", permissions(directory.resolve("x.state.lock")));
  }

  private static String permissions(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }

  @Test
  void aChangeThatThrowsChangesNothing() throws IOException {
    write("before");
    StateStore store = StateStore.file(file);
    assertEquals(
        "on purpose",
        message(
            IllegalStateException.class,
            () ->
                store.update(
                    text -> {
                      throw new IllegalStateException("on purpose");
                    })));
    assertEquals("before", store.load());
    assertEquals("after", store.update(text -> "after"));
  }

  @Test
  void whatAnotherUserOwnsIsRefused() throws IOException {
    write("notices");
    long uid = Integer.toUnsignedLong((int) Files.getAttribute(file, "unix:uid"));
    StateStore store = StateStore.file(file, () -> OptionalLong.of(uid + 1));
    String expected =
        "expected \""
            + directory
            + "\" to belong to user "
            + (uid + 1)
            + ", found owner "
            + uid
            + "; whoever owns it can make notices disappear: choose another state directory";
    assertEquals(expected, message(StateException.class, store::load));
    assertEquals(expected, message(StateException.class, () -> store.update(text -> "mine")));
    assertEquals("notices", Files.readString(file));
    assertEquals("notices", StateStore.file(file, OptionalLong::empty).load());
  }

  @Test
  void whatOthersCanWriteIsRefused() throws IOException {
    write("notices");
    StateStore store = StateStore.file(file);
    for (String others : List.of("rwx-w----", "rwx----w-")) {
      permit(directory, others);
      assertEquals(writable(directory), message(StateException.class, store::load));
    }
    permit(directory, "rwxr-xr-x");
    permit(file, "rw--w----");
    assertEquals(writable(file), message(StateException.class, store::load));
    assertEquals(writable(file), message(StateException.class, () -> store.update(text -> "mine")));
    permit(file, "rw-r--r--");
    assertEquals("notices", store.load());
  }

  private static String renamable(Path path) {
    return "expected \""
        + path
        + "\" to let nobody rename what is in it, found it writable by everybody and without the"
        + " sticky bit; run 'chmod +t' on it or choose another state directory";
  }

  private static String writable(Path path) {
    return "expected \""
        + path
        + "\" to be writable by its owner alone, found it writable by others; run 'chmod go-w' on"
        + " it";
  }

  @Test
  void onlyARegularFileHoldsState() throws Exception {
    write("notices");
    Path elsewhere = temporary.resolve("elsewhere");
    Files.move(file, elsewhere);
    String expected =
        "expected a regular file for state, found something else at \""
            + file
            + "\"; remove it or choose another state directory";
    Files.createSymbolicLink(file, elsewhere);
    refused(expected);
    Files.delete(file);
    Files.createDirectory(file);
    refused(expected);
    Files.delete(file);
    endsWell(new ProcessBuilder("mkfifo", file.toString()).start());
    refused(expected);
    assertEquals("notices", Files.readString(elsewhere));
  }

  @Test
  void onlyARegularFileLocksState() throws Exception {
    write("notices");
    Path lock = directory.resolve("x.state.lock");
    String expected =
        "expected a regular file for state, found something else at \""
            + lock
            + "\"; remove it or choose another state directory";
    Path elsewhere = Files.writeString(temporary.resolve("elsewhere"), "precious");
    Files.createSymbolicLink(lock, elsewhere);
    refusedToWrite(expected);
    Files.delete(lock);
    Files.createSymbolicLink(lock, temporary.resolve("nothing"));
    refusedToWrite(expected);
    Files.delete(lock);
    Files.createDirectory(lock);
    refusedToWrite(expected);
    Files.delete(lock);
    // A pipe that nobody reads would hold up whoever opens it to write, for ever.
    endsWell(new ProcessBuilder("mkfifo", lock.toString()).start());
    refusedToWrite(expected);
    assertEquals("precious", Files.readString(elsewhere));
    assertFalse(Files.exists(temporary.resolve("nothing")));
    assertEquals("notices", StateStore.file(file).load());
  }

  private void refusedToWrite(String expected) {
    StateStore store = StateStore.file(file);
    assertEquals(expected, message(StateException.class, () -> store.update(text -> "mine")));
  }

  @Test
  void aFileInThePlaceOfTheDirectorySaysSo() throws IOException {
    Files.writeString(directory, "no directory");
    for (Path each : List.of(file, directory.resolve("below/x.state"))) {
      assertEquals(
          "state in \""
              + each
              + "\" could not be written: expected a directory, found something else at \""
              + directory
              + "\"; nothing was changed. Remove it or choose another one",
          message(StateException.class, () -> StateStore.file(each).update(text -> "x")));
    }
  }

  @Test
  void aDirectoryThatAnybodyCouldReplaceIsRefused() throws IOException {
    write("notices");
    StateStore store = StateStore.file(file);
    Files.setAttribute(temporary, "unix:mode", 0777);
    String expected = renamable(temporary);
    assertEquals(expected, message(StateException.class, store::load));
    assertEquals(expected, message(StateException.class, () -> store.update(text -> "mine")));
    // As /tmp is: others may put something there, but take nothing away.
    Files.setAttribute(temporary, "unix:mode", 01777);
    assertEquals("notices", store.load());
    // In it, what is not there yet could be put there by another; then it is refused as theirs.
    assertEquals("", StateStore.file(temporary.resolve("new/x.state")).load());
    StateStore within = StateStore.file(temporary.resolve("x.state"));
    assertEquals(writable(temporary), message(StateException.class, within::load));
  }

  /** State in a directory of ours in one directory, reached through a link in another. */
  private static StateStore linked(Path from, Path to) throws IOException {
    Path ours = Files.createDirectory(to.resolve("ours"));
    permit(ours, "rwx------");
    Path link = Files.createSymbolicLink(from.resolve("link"), ours);
    return StateStore.file(link.resolve("x.state"));
  }

  private Path shared() throws IOException {
    Path shared = Files.createDirectory(temporary.resolve("shared"));
    Files.setAttribute(shared, "unix:mode", 0777);
    return shared;
  }

  @Test
  void soIsOneBehindALink() throws IOException {
    Path shared = shared();
    StateStore store = linked(temporary, shared);
    assertEquals(
        renamable(shared.toRealPath()),
        message(StateException.class, () -> store.update(before -> "x")));
  }

  @Test
  void soIsALinkThatAnybodyCouldReplace() throws IOException {
    Path shared = shared();
    assertEquals(renamable(shared), message(StateException.class, linked(shared, temporary)::load));
  }

  private void refused(String expected) {
    StateStore store = StateStore.file(file);
    assertEquals(expected, message(StateException.class, store::load));
    assertEquals(expected, message(StateException.class, () -> store.update(text -> "mine")));
  }

  @Test
  void bytesThatAreNoTextAreRefused() throws IOException {
    write("");
    Files.write(file, new byte[] {'a', (byte) 0xff, 'b'});
    StateException state = assertThrows(StateException.class, () -> StateStore.file(file).load());
    assertEquals(
        "expected state as UTF-8 text, found other bytes in \""
            + file
            + "\"; remove it to start anew: all peers are then joined once more",
        state.getMessage());
    assertInstanceOf(CharacterCodingException.class, state.getCause());
    SourceUnavailableException settings =
        assertThrows(SourceUnavailableException.class, () -> StateStore.settings(file).load());
    assertEquals(
        "expected settings as UTF-8 text, found other bytes in \""
            + file
            + "\"; remove it and publish everything again",
        settings.getMessage());
    assertInstanceOf(CharacterCodingException.class, settings.getCause());
  }

  @Test
  void settingsHaveALimit() throws IOException {
    write("x".repeat(1024 * 1024));
    assertEquals(1024 * 1024, StateStore.settings(file).load().length());
    write("x".repeat(1024 * 1024 + 1));
    assertEquals(
        "expected a settings file of at most 1048576 bytes, found 1048577 in \""
            + file
            + "\"; remove it and publish everything again",
        message(SourceUnavailableException.class, () -> StateStore.settings(file).load()));
  }

  /** One that cannot be read can be written, but nothing in it can be made durable. */
  @ParameterizedTest
  @ValueSource(strings = {"r-xr-xr-x", "-wx------"})
  void aDirectoryWithoutPermissionSaysSoAndStaysAsItWas(String permissions) throws Exception {
    write("notices");
    permit(file, "rw-r--r--");
    permit(directory, permissions);
    List<String> prefix = List.of();
    String classPath = System.getProperty("java.class.path");
    boolean root = Files.isWritable(directory) && Files.isReadable(directory);
    if (root) {
      // The superuser may write anywhere, so another user tries, who owns and can read it all.
      prefix =
          List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all");
      Path classes = Files.createDirectory(temporary.resolve("classes"));
      for (String entry : classPath.split(File.pathSeparator)) {
        if (Files.isDirectory(Path.of(entry))) {
          copy(Path.of(entry), classes);
        }
      }
      classPath = classes.toString();
      permit(temporary, "rwxr-xr-x");
      for (Path path : List.of(directory, file)) {
        Files.setAttribute(path, "unix:uid", 65534);
      }
    }
    Process process = start(prefix, classPath, "fail", file.toString());
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    endsWell(process);
    permit(directory, "rwx------");
    assertEquals(
        "state in \""
            + file
            + "\" could not be written: permission denied; nothing was changed. Make the directory"
            + " readable and writable or choose another one",
        said.strip());
    assertEquals("notices", Files.readString(file));
    assertFalse(Files.exists(directory.resolve("x.state.tmp")));
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

  @Test
  void anInterruptedThreadDoesNotWait() throws Exception {
    Thread.currentThread().interrupt();
    StateStore store = StateStore.file(file);
    assertEquals(
        "interrupted while waiting for \"" + file + ".lock\"",
        message(StateException.class, () -> store.update(text -> "x")));
    assertTrue(Thread.interrupted(), "the interrupt is kept for the caller");
  }
}
