/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URLClassLoader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import magpie.peers.SourceUnavailableException;
import magpie.peers.StateException;
import magpie.peers.spi.StateStore;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FileStateTest {
  private static final long DEADLINE_SECONDS = 60;
  private static final long NOBODY = 65534;

  @TempDir private Path temporary;
  private Path directory;
  private Path file;
  private final List<Process> started = new ArrayList<>();

  /** Whom the files belong to: not the superuser, who is trusted anyway, if the tests run as it. */
  private long us;

  @BeforeEach
  void nameTheFile() throws IOException {
    directory = temporary.resolve("state");
    file = directory.resolve("x.state");
    us = uid(temporary) == 0 ? NOBODY : uid(temporary);
  }

  private static long uid(Path path) throws IOException {
    return Integer.toUnsignedLong((int) Files.getAttribute(path, "unix:uid"));
  }

  private Path give(Path path, long owner) throws IOException {
    if (uid(path) != owner) {
      Files.setAttribute(path, "unix:uid", (int) owner, LinkOption.NOFOLLOW_LINKS);
    }
    return path;
  }

  private StateStore ours(Path path) {
    return FileState.state(path, () -> OptionalLong.of(us));
  }

  private void needsRoot() throws IOException {
    assumeTrue(uid(temporary) == 0, "only root gives files to other users");
  }

  @AfterEach
  void endProcesses() throws InterruptedException {
    for (Process process : started) {
      process.destroyForcibly().waitFor();
    }
  }

  private Process start(List<String> prefix, String... arguments) throws IOException {
    Process process =
        FileStateProcess.start(prefix, System.getProperty("java.class.path"), arguments);
    started.add(process);
    return process;
  }

  private Process start(String... arguments) throws IOException {
    return start(List.of(), arguments);
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
    return new FileState(
        file, FileState.Use.STATE, EffectiveUser.ofProc(), Duration.ofMillis(100), WholeFile.DISK);
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
    // What a process left that was killed before it had locked its file is swept a minute later.
    long later = System.currentTimeMillis() + Duration.ofMinutes(2).toMillis();
    new WholeFile(file, WholeFile.Access.OWNER, WholeFile.DISK).removeLeftovers(later);
    assertEquals(List.of("x.state", "x.state.lock"), names(), () -> "seed " + seed);
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
    give(directory, us);
    give(file, us);
    StateStore store = FileState.state(file, () -> OptionalLong.of(us + 1));
    String expected =
        "expected \""
            + directory
            + "\" to belong to user "
            + (us + 1)
            + ", found owner "
            + us
            + "; its owner can make notices disappear: choose another state directory";
    assertEquals(expected, message(StateException.class, store::load));
    assertEquals(expected, message(StateException.class, () -> store.update(text -> "mine")));
    assertEquals("notices", Files.readString(file));
    assertEquals("notices", FileState.state(file, OptionalLong::empty).load());
  }

  /** As on a volume with fsGroup, where each mount gives the group every right. */
  @Test
  void theModeOfWhatIsOursIsMended() throws IOException {
    write("notices");
    Path lock = Files.createFile(directory.resolve("x.state.lock"));
    for (Path path : List.of(directory, file, lock)) {
      give(path, us);
    }
    for (String others : List.of("rwxrws---", "rwxrwxrwx")) {
      Files.setAttribute(directory, "unix:mode", others.contains("s") ? 02770 : 0777);
      permit(file, "rw-rw----");
      permit(lock, "rw-rw-rw-");
      assertEquals("notices", ours(file).load());
      assertEquals("notices", ours(file).update(text -> text));
      assertEquals(others.contains("s") ? 02750 : 0755, mode(directory));
      assertEquals(0640, mode(file));
      assertEquals(0644, mode(lock));
    }
    // Where others take away only what is their own, they may do so.
    Files.setAttribute(directory, "unix:mode", 01777);
    assertEquals("after", ours(file).update(text -> "after"));
    assertEquals(01777, mode(directory));
  }

  private static int mode(Path path) throws IOException {
    return (int) Files.getAttribute(path, "unix:mode") & 07777;
  }

  /** As an emptyDir of a pod: the mount is root's, and everybody may write in it. */
  @ParameterizedTest
  @ValueSource(strings = {"x.state", "below/x.state", "below/deep/x.state"})
  void theDirectoriesOfRootAreTrusted(String name) throws Exception {
    needsRoot();
    Path volume = Files.createDirectory(temporary.resolve("volume"));
    Files.setAttribute(volume, "unix:mode", 0777);
    Path state = volume.resolve(name);
    for (int life = 1; life <= 2; life++) {
      Process process = asNobody("append", state.toString(), "life" + life);
      assertEquals("", said(process));
      // The kubelet gives the group of the pod every right at each mount.
      try (Stream<Path> all = Files.walk(volume)) {
        for (Path path : (Iterable<Path>) all::iterator) {
          Files.setAttribute(
              path, "unix:mode", mode(path) | (Files.isDirectory(path) ? 02770 : 0660));
        }
      }
    }
    assertEquals(80, Files.readString(state).lines().count());
  }

  @Test
  void aFileOfRootIsReadButNotIfOthersCouldWriteIt() throws IOException {
    needsRoot();
    write("notices");
    assertEquals("notices", ours(file).load());
    permit(file, "rw-rw----");
    String expected =
        "expected \""
            + file
            + "\" to be writable by its owner alone, found it writable by others and owned by user"
            + " 0; remove it to start anew: all peers are then joined once more";
    assertEquals(expected, message(StateException.class, ours(file)::load));
    assertEquals(expected, message(StateException.class, () -> ours(file).update(text -> "mine")));
    assertEquals("notices", Files.readString(file));
  }

  /** As root with the state in a directory for everybody: that is not for us to change. */
  @Test
  void theModeOfADirectoryOfRootStays() throws IOException {
    needsRoot();
    Files.setAttribute(temporary, "unix:mode", 01777);
    StateStore store = FileState.state(temporary.resolve("x.state"), () -> OptionalLong.of(0));
    assertEquals("x", store.update(text -> "x"));
    assertEquals(01777, mode(temporary));
  }

  private static String renamable(Path path, String as) {
    return "expected \""
        + path
        + "\" to keep other users from renaming what is in it, found it writable by everybody and without the"
        + " sticky bit; run 'chmod +t' on it"
        + as
        + " or choose another state directory";
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
    give(directory, us);
    give(file, us);
    give(temporary, us);
    StateStore store = ours(file);
    Files.setAttribute(temporary, "unix:mode", 0777);
    String expected = renamable(temporary, "");
    assertEquals(expected, message(StateException.class, store::load));
    assertEquals(expected, message(StateException.class, () -> store.update(text -> "mine")));
    // As /tmp is: others may put something there, but take nothing away.
    Files.setAttribute(temporary, "unix:mode", 01777);
    assertEquals("notices", store.load());
    // In it, what is not there yet could be put there by another; then it is refused as theirs.
    assertEquals("", ours(temporary.resolve("new/x.state")).load());
  }

  @Test
  void itIsRefusedWithAdviceForItsOwner() throws IOException {
    needsRoot();
    Path theirs = give(Files.createDirectory(temporary.resolve("theirs")), us + 1);
    Files.setAttribute(theirs, "unix:mode", 0777);
    assertEquals(
        renamable(theirs, " as user " + (us + 1)),
        message(StateException.class, ours(theirs.resolve("state/x.state"))::load));
  }

  /** State in a directory of ours in one directory, reached through a link in another. */
  private StateStore linked(Path from, Path to) throws IOException {
    Path ours = give(Files.createDirectory(to.resolve("ours")), us);
    permit(ours, "rwx------");
    Path link = Files.createSymbolicLink(from.resolve("link"), ours);
    return ours(link.resolve("x.state"));
  }

  private Path shared() throws IOException {
    Path shared = give(Files.createDirectory(temporary.resolve("shared")), us);
    Files.setAttribute(shared, "unix:mode", 0777);
    return shared;
  }

  @Test
  void soIsOneBehindALink() throws IOException {
    Path shared = shared();
    StateStore store = linked(temporary, shared);
    assertEquals(
        renamable(shared.toRealPath(), ""),
        message(StateException.class, () -> store.update(before -> "x")));
  }

  @Test
  void soIsALinkThatAnybodyCouldReplace() throws IOException {
    Path shared = shared();
    assertEquals(
        renamable(shared, ""), message(StateException.class, linked(shared, temporary)::load));
  }

  /** As the system takes it: behind a link, the directory above is another one. */
  @Test
  void aPathLeadsWhereTheSystemFindsIt() throws IOException {
    Path deep = Files.createDirectories(temporary.resolve("other/deep"));
    Path link = Files.createSymbolicLink(temporary.resolve("link"), deep);
    StateStore.file(link.resolve("../x.state")).update(text -> "x");
    assertEquals("x", Files.readString(temporary.resolve("other/x.state")));
    assertFalse(Files.exists(temporary.resolve("x.state")));
    assertEquals(file.toString(), StateStore.file(directory.resolve("./x.state")).origin());
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
        assertThrows(SourceUnavailableException.class, () -> FileState.settings(file).load());
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
    assertEquals(1024 * 1024, FileState.settings(file).load().length());
    write("x".repeat(1024 * 1024 + 1));
    assertEquals(
        "expected a settings file of at most 1048576 bytes, found 1048577 in \""
            + file
            + "\"; remove it and publish everything again",
        message(SourceUnavailableException.class, () -> FileState.settings(file).load()));
  }

  /** One that cannot be read can be written, but nothing in it can be made durable. */
  @ParameterizedTest
  @ValueSource(strings = {"r-xr-xr-x", "-wx------"})
  void aDirectoryWithoutPermissionSaysSoAndStaysAsItWas(String permissions) throws Exception {
    write("notices");
    permit(file, "rw-r--r--");
    permit(directory, permissions);
    boolean root = Files.isWritable(directory) && Files.isReadable(directory);
    if (root) {
      // The superuser may write anywhere, so another user tries, who owns and can read it all.
      give(directory, NOBODY);
      give(file, NOBODY);
    }
    String[] arguments = {"fail", file.toString()};
    String said = said(root ? asNobody(arguments) : start(arguments));
    permit(directory, "rwx------");
    assertEquals(
        "state in \""
            + file
            + "\" could not be written: permission denied; nothing was changed. Make the directory"
            + " readable and writable or choose another one",
        said);
    assertEquals("notices", Files.readString(file));
    assertEquals(List.of(), names().stream().filter(name -> name.endsWith(".tmp")).toList());
  }

  private Process asNobody(String... arguments) throws IOException {
    String nobody = String.valueOf(NOBODY);
    Process process = FileStateProcess.startAs(temporary, nobody, nobody, arguments);
    started.add(process);
    return process;
  }

  private static String said(Process process) throws Exception {
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    endsWell(process);
    return said.strip();
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(f -> f.getFileName().toString()).sorted().toList();
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

  // ---- what cannot be synced ----

  /** A directory whose sync fails so long as there is a reason. */
  private StateStore syncing(FileState.Use use, AtomicReference<@Nullable String> reason) {
    return new FileState(
        file,
        use,
        EffectiveUser.ofProc(),
        Duration.ofSeconds(30),
        (channel, ofDirectory) -> {
          String said = ofDirectory ? reason.get() : null;
          if (said != null) {
            throw new IOException(said);
          }
          channel.force(true);
        });
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"Invalid argument", "Operation not supported", "Function not implemented"})
  void whereDirectoriesHaveNoSyncThatIsNoFailure(String reason) throws IOException {
    for (FileState.Use use : FileState.Use.values()) {
      StateStore store = syncing(use, new AtomicReference<>(reason));
      assertEquals(use.name(), store.update(text -> use.name()));
      assertEquals(use.name(), Files.readString(file));
    }
  }

  @Test
  void aSyncThatFailsOtherwiseSaysThatTheTextWasWritten() throws IOException {
    AtomicReference<@Nullable String> reason = new AtomicReference<>("Input/output error");
    String rest =
        " in \""
            + file
            + "\" was written, but may not survive a power failure: Input/output error when syncing"
            + " \""
            + directory
            + "\"; check its disk and try again";
    StateStore state = syncing(FileState.Use.STATE, reason);
    assertEquals("state" + rest, message(StateException.class, () -> state.update(text -> "a")));
    assertEquals("a", Files.readString(file));
    // Not told as well before it is: the text stays the same, and the sync is still missing.
    assertEquals("state" + rest, message(StateException.class, () -> state.update(text -> "a")));
    StateStore settings = syncing(FileState.Use.SETTINGS, reason);
    assertEquals(
        "settings" + rest,
        message(SourceUnavailableException.class, () -> settings.update(text -> "b")));
    assertEquals("b", Files.readString(file));
    reason.set(null);
    assertEquals("b", state.update(text -> text));
  }

  @Test
  void anInterruptAfterTheTextWasReplacedIsKeptForTheCaller() {
    AtomicInteger syncs = new AtomicInteger();
    StateStore store =
        new FileState(
            file,
            FileState.Use.STATE,
            EffectiveUser.ofProc(),
            Duration.ofSeconds(30),
            (channel, ofDirectory) -> {
              if (ofDirectory && syncs.incrementAndGet() == 1) {
                // Closes the channel, as an interrupt from elsewhere does.
                Thread.currentThread().interrupt();
              }
              channel.force(true);
            });
    assertEquals("x", store.update(text -> "x"));
    assertTrue(Thread.interrupted(), "the interrupt is kept for the caller");
    assertEquals(2, syncs.get());
    assertEquals("x", store.load());
  }

  // ---- locks ----

  @Test
  void theLockOfAnotherUserIsNamed() throws Exception {
    needsRoot();
    write("notices");
    give(directory, NOBODY);
    give(file, NOBODY);
    Path lock = Files.createFile(directory.resolve("x.state.lock"));
    permit(lock, "rw-------");
    assertEquals(
        "state in \""
            + file
            + "\" could not be written: permission denied for the lock \""
            + lock
            + "\", which belongs to user 0; nothing was changed. Remove the lock when no program of"
            + " that user runs, run as that user or choose another one",
        said(asNobody("fail", file.toString())));
  }

  private void updateImpatiently(ClassLoader loader, UnaryOperator<String> change)
      throws ReflectiveOperationException {
    Class<?> type = loader.loadClass(FileStateProcess.class.getName());
    Method method = type.getDeclaredMethod("impatient", Path.class, UnaryOperator.class);
    method.setAccessible(true);
    method.invoke(null, file, change);
  }

  @Test
  void twoClassLoadersWaitForEachOtherAndKeepOtherProcessesOut() throws Exception {
    write("before");
    try (URLClassLoader copy = FileStateProcess.copy()) {
      impatient()
          .update(
              text -> {
                InvocationTargetException busy =
                    assertThrows(
                        InvocationTargetException.class,
                        () -> updateImpatiently(copy, before -> "never"));
                assertEquals(
                    "expected the state lock to be free within 100 ms, found \""
                        + file
                        + ".lock\" held by another thread of this process; see what it does and try"
                        + " again",
                    busy.getCause().getMessage());
                // Closing its channel would have ended the lock of this process.
                try {
                  assertEquals(
                      "expected the state lock to be free within 100 ms, found \""
                          + file
                          + ".lock\" held by another process; end the process that hangs with it"
                          + " and try again",
                      said(start("impatient", file.toString())));
                } catch (Exception e) {
                  throw new AssertionError(e);
                }
                return text + " between";
              });
      updateImpatiently(copy, text -> text + " after");
    }
    assertEquals("before between after", Files.readString(file));
  }

  @Test
  void twoPathsToOneFileWaitForEachOther() throws IOException {
    write("before");
    Path link = Files.createSymbolicLink(temporary.resolve("link"), directory);
    StateStore other =
        new FileState(
            link.resolve("x.state"),
            FileState.Use.STATE,
            EffectiveUser.ofProc(),
            Duration.ofMillis(100),
            WholeFile.DISK);
    impatient()
        .update(
            text -> {
              assertTrue(
                  message(StateException.class, () -> other.update(before -> "never"))
                      .contains("held by another thread of this process"));
              return "after";
            });
    assertEquals("after", other.load());
  }

  // ---- faults of the system, where there is a program that makes them ----

  private Process withFault(String calls, Path path, String error) throws Exception {
    List<String> strace =
        List.of(
            "strace", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-P", path.toString(), "-e");
    List<String> probe = new ArrayList<>(strace);
    probe.addAll(List.of("trace=fsync", "true"));
    try {
      assumeTrue(
          new ProcessBuilder(probe).redirectErrorStream(true).start().waitFor() == 0,
          "strace may not trace here");
    } catch (IOException e) {
      assumeTrue(false, "strace is not on the PATH");
    }
    List<String> prefix = new ArrayList<>(strace);
    prefix.add("inject=" + calls + ":error=" + error);
    return start(prefix, "fail", file.toRealPath().toString());
  }

  @ParameterizedTest
  @CsvSource({"EINVAL,''", "EOPNOTSUPP,''", "EIO,was written"})
  void aRealSystemThatDoesNotSyncDirectories(String error, String found) throws Exception {
    write("notices");
    String said = said(withFault("fsync,fdatasync", directory.toRealPath(), error));
    assertEquals("noticesnever", Files.readString(file));
    assertEquals(found.isEmpty(), said.isEmpty(), said);
    assertTrue(said.contains(found), said);
  }

  @Test
  void aSystemWithoutLocksSaysSo() throws Exception {
    write("notices");
    Path lock = Files.createFile(directory.resolve("x.state.lock")).toRealPath();
    assertEquals(
        "state in \""
            + file.toRealPath()
            + "\" could not be written: No locks available for \""
            + lock
            + "\"; nothing was changed. Mount its file system with locks (on NFS: run the lock"
            + " daemon on both sides, or mount with the option local_lock=all if no other host uses"
            + " the directory) or choose another one",
        said(withFault("fcntl", lock, "ENOLCK")));
    assertEquals("notices", Files.readString(file));
  }

  @Test
  void aFileThatIsAMountPointSaysSo() throws Exception {
    write("notices");
    Path mounted = Files.writeString(temporary.resolve("mounted"), "mounted");
    List<String> prefix =
        List.of(
            "unshare",
            "--mount",
            "sh",
            "-c",
            "mount --bind \"$0\" \"$1\" && shift && exec \"$@\"",
            mounted.toString(),
            file.toString());
    List<String> probe = new ArrayList<>(prefix);
    probe.add("true");
    try {
      assumeTrue(
          new ProcessBuilder(probe).redirectErrorStream(true).start().waitFor() == 0,
          "nothing can be mounted here");
    } catch (IOException e) {
      assumeTrue(false, "unshare is not on the PATH");
    }
    assertEquals(
        "state in \""
            + file
            + "\" could not be written: Device or resource busy, as a file is that is a mount point"
            + " itself: \""
            + file
            + "\"; nothing was changed. Mount its directory instead of the file or choose another"
            + " one",
        said(start(prefix, "fail", file.toString())));
    assertEquals("mounted", Files.readString(mounted));
  }
}
