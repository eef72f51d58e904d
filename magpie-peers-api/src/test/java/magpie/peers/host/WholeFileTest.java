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
import java.lang.reflect.Method;
import java.net.URI;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import magpie.peers.StateException;
import magpie.peers.spi.StateStore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WholeFileTest {
  private static final long DEADLINE_SECONDS = 60;

  @TempDir private Path directory;
  @TempDir private Path elsewhere;
  private Path file;
  private final List<Process> started = new ArrayList<>();

  @BeforeEach
  void nameTheFile() {
    file = directory.resolve("file");
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

  private void replace(String content, WholeFile.Access access) throws FileFailure {
    WholeFile.replace(file, content.getBytes(StandardCharsets.UTF_8), access);
  }

  private List<String> temporary() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(f -> f.getFileName().toString()).filter(n -> !n.equals("file")).toList();
    }
  }

  // ---- temporary names ----

  /** As in two containers that share a volume. */
  @Test
  void processesOfOneNumberDoNotDisturbEachOther() throws Exception {
    List<String> alone = List.of("unshare", "--pid", "--fork", "--kill-child");
    List<String> probe = new ArrayList<>(alone);
    probe.add("true");
    try {
      assumeTrue(
          new ProcessBuilder(probe).redirectErrorStream(true).start().waitFor() == 0,
          "there are no namespaces for processes here");
    } catch (IOException e) {
      assumeTrue(false, "unshare is not on the PATH");
    }
    List<Process> both =
        List.of(start(alone, "replace", file.toString()), start(alone, "replace", file.toString()));
    for (Process process : both) {
      assertTrue(process.waitFor(DEADLINE_SECONDS, TimeUnit.SECONDS), "the process hangs");
      assertEquals(0, process.exitValue());
    }
    assertEquals(file + "\n", Files.readString(file));
    assertEquals(List.of(), temporary());
  }

  @Test
  void threadsAndClassLoadersDoNotDisturbEachOther() throws Exception {
    List<CompletableFuture<Void>> all = new ArrayList<>();
    try (URLClassLoader copy = FileStateProcess.copy()) {
      for (ClassLoader loader : List.of(getClass().getClassLoader(), copy)) {
        Method main =
            loader
                .loadClass(FileStateProcess.class.getName())
                .getDeclaredMethod("main", String[].class);
        main.setAccessible(true);
        for (int thread = 0; thread < 2; thread++) {
          all.add(
              CompletableFuture.runAsync(
                  () -> {
                    try {
                      main.invoke(null, (Object) new String[] {"replace", file.toString()});
                    } catch (ReflectiveOperationException e) {
                      throw new IllegalStateException(e);
                    }
                  }));
        }
      }
      for (CompletableFuture<Void> each : all) {
        each.get(DEADLINE_SECONDS, TimeUnit.SECONDS);
      }
    }
    assertEquals(file + "\n", Files.readString(file));
    assertEquals(List.of(), temporary());
  }

  @Test
  void whatAWriterHoldsStaysAndWhatACrashLeftIsRemoved() throws Exception {
    Process writer = start(List.of(), "stall", file.toString());
    try (BufferedReader out = writer.inputReader()) {
      assertEquals("stalled", out.readLine());
    }
    List<String> live = temporary();
    assertEquals(1, live.size(), live::toString);
    assertTrue(live.get(0).matches("\\.magpie-peers-[0-9a-f]+-[0-9a-z]+-[0-9a-z]+\\.tmp"));
    replace("ours", WholeFile.Access.KEPT);
    assertEquals(live, temporary());
    writer.destroyForcibly().waitFor();
    Path other = Files.createFile(directory.resolve(".magpie-peers-0-0-0.tmp"));
    replace("ours again", WholeFile.Access.OWNER);
    assertEquals(List.of(String.valueOf(other.getFileName())), temporary());
    assertEquals("ours again", Files.readString(file));
  }

  /** Between its creation and its lock, only the time shows that a file is in use. */
  @Test
  void whatIsNotLockedYetIsRemovedOnlyWhenItIsOld() throws Exception {
    Process writer = start(List.of(), "stall", file.toString());
    try (BufferedReader out = writer.inputReader()) {
      assertEquals("stalled", out.readLine());
    }
    writer.destroyForcibly().waitFor();
    Path left = directory.resolve(temporary().get(0));
    Path fresh = Path.of(left.toString().replace(".tmp", ".new"));
    Files.move(left, fresh);
    // Whoever copies attributes copies the time of the content as well.
    Files.setLastModifiedTime(fresh, FileTime.fromMillis(0));
    replace("a", WholeFile.Access.KEPT);
    assertTrue(Files.exists(fresh));
    long later = System.currentTimeMillis() + Duration.ofMinutes(2).toMillis();
    new WholeFile(file, WholeFile.Access.KEPT, WholeFile.DISK).removeLeftovers(later);
    assertFalse(Files.exists(fresh));
  }

  /** A pipe would hold up whoever opens it to write, and a link leads to what is not ours. */
  @Test
  void whatOnlyLooksLikeALeftoverIsNotOpened() throws Exception {
    Process writer = start(List.of(), "stall", file.toString());
    try (BufferedReader out = writer.inputReader()) {
      assertEquals("stalled", out.readLine());
    }
    writer.destroyForcibly().waitFor();
    Path left = directory.resolve(temporary().get(0));
    Files.delete(left);
    assertEquals(0, new ProcessBuilder("mkfifo", left.toString()).start().waitFor());
    replace("a", WholeFile.Access.KEPT);
    Files.delete(left);
    Path precious = Files.writeString(directory.resolve("precious"), "precious");
    Files.createSymbolicLink(left, precious);
    replace("b", WholeFile.Access.KEPT);
    assertEquals("precious", Files.readString(precious));
    assertTrue(Files.isSymbolicLink(left));
  }

  /** As where locks do not reach from one host to the other. */
  @Test
  void aWriterWhoseTemporaryFileIsTakenAwayStartsAgain() throws Exception {
    AtomicInteger tries = new AtomicInteger();
    new WholeFile(
            file,
            WholeFile.Access.KEPT,
            (channel, ofDirectory) -> {
              channel.force(true);
              if (!ofDirectory && tries.incrementAndGet() < 3) {
                Files.delete(directory.resolve(temporary().get(0)));
              }
            })
        .replace(new byte[] {'x'});
    assertEquals(3, tries.get());
    assertEquals("x", Files.readString(file));
    assertEquals(List.of(), temporary());
  }

  @Test
  void aWriterGivesUpWhenItIsTakenAwayEachTime() throws Exception {
    WholeFile writer =
        new WholeFile(
            file,
            WholeFile.Access.KEPT,
            (channel, ofDirectory) -> Files.delete(directory.resolve(temporary().get(0))));
    FileFailure failed = assertThrows(FileFailure.class, () -> writer.replace(new byte[0]));
    assertEquals("somebody removed the temporary file 10 times", failed.reason());
    assertFalse(Files.exists(file));
  }

  @Test
  void aFailureLeavesNothing() {
    Path missing = directory.resolve("none/file");
    FileFailure failed =
        assertThrows(
            FileFailure.class,
            () -> WholeFile.replace(missing, new byte[0], WholeFile.Access.KEPT));
    assertEquals("its directory does not exist", failed.reason());
    assertEquals("create the directory", failed.remedy());
    assertFalse(failed.replaced());
    assertInstanceOf(NoSuchFileException.class, failed.getCause());
  }

  @Test
  void aFileSystemThatIsUnfitSaysSo() throws IOException {
    URI zip = URI.create("jar:" + directory.resolve("x.zip").toUri());
    try (FileSystem files = FileSystems.newFileSystem(zip, Map.of("create", "true"))) {
      Path within = files.getPath("/file");
      FileFailure failed =
          assertThrows(
              FileFailure.class,
              () -> WholeFile.replace(within, new byte[0], WholeFile.Access.KEPT));
      assertFalse(failed.replaced());
      assertTrue(failed.reason().startsWith("its file system lacks"), failed.reason());
      assertFalse(Files.exists(within));
      StateStore store = StateStore.file(within);
      String said =
          assertThrows(StateException.class, () -> store.update(text -> "x")).getMessage();
      assertTrue(said.contains("its file system lacks what that needs"), said);
    }
  }

  @Test
  void anInterruptedThreadReplacesNothing() throws IOException {
    replace("before", WholeFile.Access.KEPT);
    Thread.currentThread().interrupt();
    FileFailure failed =
        assertThrows(FileFailure.class, () -> replace("after", WholeFile.Access.KEPT));
    assertTrue(Thread.interrupted(), "the interrupt is kept for the caller");
    assertEquals("the thread was interrupted", failed.reason());
    assertEquals("before", Files.readString(file));
    assertEquals(List.of(), temporary());
  }

  // ---- who may use the file ----

  @Test
  void permissionsAreKept() throws IOException {
    replace("a", WholeFile.Access.KEPT);
    for (String permissions : List.of("r--r-----", "rw-------", "rw-rw-r--")) {
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
      replace(permissions, WholeFile.Access.KEPT);
      assertEquals(permissions, permissions());
      assertEquals(permissions, Files.readString(file));
    }
    replace("mine", WholeFile.Access.OWNER);
    assertEquals("rw-------", permissions());
  }

  private String permissions() throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
  }

  @Test
  void ownerAndGroupAreKept() throws IOException {
    replace("old", WholeFile.Access.KEPT);
    assumeTrue(owners().startsWith("0 "), "only root gives files to other users");
    own(1234, 5678);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
    replace("new", WholeFile.Access.KEPT);
    assertEquals("1234 5678", owners());
    assertEquals("rw-r-----", permissions());
    assertEquals("new", Files.readString(file));
  }

  private void own(int user, int group) throws IOException {
    Files.setAttribute(file, "unix:uid", user);
    Files.setAttribute(file, "unix:gid", group);
  }

  private String owners() throws IOException {
    return Files.getAttribute(file, "unix:uid") + " " + Files.getAttribute(file, "unix:gid");
  }

  @Test
  void theAccessControlListIsKept() throws Exception {
    replace("old", WholeFile.Access.KEPT);
    try {
      assumeTrue(
          new ProcessBuilder("setfacl", "-m", "u:1234:rw,g:5678:r", file.toString())
                  .redirectErrorStream(true)
                  .start()
                  .waitFor()
              == 0,
          "the file system has no access control lists");
    } catch (IOException e) {
      assumeTrue(false, "setfacl is not on the PATH");
    }
    String before = list();
    assertTrue(before.contains("user:1234:rw-"), before);
    replace("new", WholeFile.Access.KEPT);
    assertEquals(before, list());
    assertEquals("new", Files.readString(file));
  }

  private String list() throws Exception {
    Process process = new ProcessBuilder("getfacl", "-n", "-p", file.toString()).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor());
    return said;
  }

  /** A process of another user, who may write in the directory, and belongs to one more group. */
  @Test
  void whatCannotBeKeptIsToldBefore() throws Exception {
    replace("old", WholeFile.Access.KEPT);
    assumeTrue(owners().startsWith("0 "), "only root gives files to other users");
    own(1234, 5678);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-r--"));
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
    assertEquals(
        "expected to keep user 1234 and group 5678 of \""
            + file
            + "\", found that this user may not; it will belong to user 65534 and group 5678:"
            + " check who reads it, or replace it as its user",
        recordedBy("65534", "5678"));
    assertEquals("65534 5678", owners());
    assertEquals("rw-rw-r--", permissions());
    own(1234, 5678);
    assertEquals(
        "expected to keep user 1234 and group 5678 of \""
            + file
            + "\", found that this user may not; it will belong to user 65534 and group 65534:"
            + " check who reads it, or replace it as its user",
        recordedBy("65534", "65534"));
    assertEquals("65534 65534", owners());
    // Another group gets no more than everybody has.
    assertEquals("rw-r--r--", permissions());
  }

  private String recordedBy(String user, String groups) throws Exception {
    Process process = FileStateProcess.startAs(elsewhere, user, groups, "warn", file.toString());
    started.add(process);
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, process.waitFor());
    return said.strip();
  }
}
