/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import magpie.peers.ConfigurationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** jnr-posix needs no flags on JDK 17; newer ones ask for --enable-native-access=ALL-UNNAMED. */
class LocalHostTest {
  private static LocalHost withoutProc() {
    return new LocalHost(Path.of("/does/not/exist"), OptionalLong::empty);
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void hearsTheSameFromProcAndFromJnrPosix() throws Exception {
    LocalHost host = new LocalHost();
    String kernel = Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
    assertEquals(kernel, host.name());
    assertEquals(kernel, withoutProc().name());
    assertFalse(host.uid().isEmpty());
    assertEquals(host.uid(), withoutProc().uid());
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void doesNotLoadJnrPosixWhereProcAnswers() throws Exception {
    assertEquals("proc answers\n", run("proc"));
  }

  @Test
  void saysWhatToAddWhereNeitherAnswers() throws Exception {
    assertEquals(
        """
        expected /proc or jnr-posix to tell the host name, found neither that works; add \
        com.github.jnr:jnr-posix:3.2.5 to the class path
        expected /proc or jnr-posix to tell the effective user, found neither that works; add \
        com.github.jnr:jnr-posix:3.2.5 to the class path
        """,
        run("nothing"));
  }

  /** Runs a JVM of its own, without jnr-posix. */
  private static String run(String what) throws Exception {
    Process process = Jvm.start(LocalHostTest.class, jar -> !jar.contains("jnr-posix"), what);
    try {
      String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertEquals(true, process.waitFor(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS), out);
      return out;
    } finally {
      process.destroyForcibly();
    }
  }

  /** What {@link #run} runs. */
  public static void main(String[] arguments) {
    if (arguments[0].equals("proc")) {
      LocalHost host = new LocalHost();
      System.out.println(
          host.name().isEmpty() || host.uid().isEmpty() ? "no answer" : "proc answers");
      return;
    }
    try {
      System.out.println(withoutProc().name());
    } catch (ConfigurationException e) {
      System.out.println(e.getMessage());
    }
    try {
      System.out.println(withoutProc().uid());
    } catch (ConfigurationException e) {
      System.out.println(e.getMessage());
    }
  }
}
