/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Arguments beyond ASCII in locales that cannot hold them, given by a shell as bytes. */
class DecodingIT {
  private static final String FILE =
      "; or write settings to a file for --file FILE, which is UTF-8 in every locale";
  private static final String NOT_INSTALLED =
      ", which this system cannot set (see locale -a), so that the locale C is taken";

  @TempDir Path directory;

  @BeforeEach
  void writeTopology() throws IOException {
    Files.writeString(
        directory.resolve("b.yaml"),
        """
        version: 1
        name: magpie
        exchange: ex
        nodes:
          magpie/0: { addresses: [192.0.2.11/25] }
          magpie/1: { addresses: [192.0.2.12/25], labels: { rôle: "führend" } }
        """);
  }

  /** Runs a command, of which an octal escape of printf is a byte, and "@" the program. */
  private Launched shell(String program, Map<String, String> variables, String arguments) {
    List<String> line = new ArrayList<>();
    line.addAll(List.of("/bin/sh", "-c", "exec \"$@\" " + arguments, "sh"));
    line.addAll(
        program.equals("jar") ? Launched.java("-jar", Launched.JAR.toString()) : List.of(program));
    return Launched.run(directory, variables, line);
  }

  private static String escaped(String utf8) {
    StringBuilder octal = new StringBuilder();
    for (byte b : utf8.getBytes(StandardCharsets.UTF_8)) {
      octal.append(b < 0 ? "\\" + Integer.toOctalString(b & 0xff) : "" + (char) b);
    }
    return "\"$(printf '" + octal + "')\"";
  }

  private static final String PUBLISH = "publish --topology b.yaml --as magpie/0 ";

  private void assertRefused(
      String locale, String found, String fix, Map<String, String> variables, String arguments) {
    assertEquals(
        new Launched(
            2,
            "",
            "magpie-peers: expected arguments that can be read in the locale of this process, "
                + locale
                + ", found "
                + found
                + "; "
                + fix
                + "\n"),
        shell("jar", variables, arguments));
    assertEquals(false, Files.exists(directory.resolve("ex")), "nothing was published");
  }

  @Test
  void anArgumentThatTheLocaleCannotHoldIsRefused() {
    String found = "\"motd=Zürich 😀\"";
    String publish = PUBLISH + escaped("motd=Zürich 😀");
    String fix = "set LC_ALL=C.UTF-8" + FILE;
    String ascii = " (encoding US-ASCII)";
    assertRefused("C, since LANG is not set" + ascii, found, fix, Map.of(), publish);
    assertRefused(
        "LC_ALL=C" + ascii, found, fix, Map.of("LC_ALL", "C", "LANG", "C.UTF-8"), publish);
    assertRefused("LC_CTYPE=POSIX" + ascii, found, fix, Map.of("LC_CTYPE", "POSIX"), publish);
    assertRefused(
        "LANG=xx_YY.UTF-8" + NOT_INSTALLED + ascii,
        found,
        fix,
        Map.of("LANG", "xx_YY.UTF-8"),
        publish);
    assertRefused(
        "LANG=C.UTF-8" + NOT_INSTALLED + ascii,
        found,
        fix,
        Map.of("LANG", "C.UTF-8", "LC_TIME", "xx_YY.UTF-8"),
        publish);
    assertRefused(
        "LC_ALL=C" + ascii,
        "\"rôle=führend\"",
        "set LC_ALL=C.UTF-8",
        Map.of("LC_ALL", "C"),
        "nodes --topology b.yaml --observer --label " + escaped("rôle=führend"));
  }

  @Test
  void bytesThatAreNoUtf8AreRefusedInAUtf8LocaleAndAReplacementCharacterThatIsMeantIsNot() {
    assertRefused(
        "LC_ALL=C.UTF-8 (encoding UTF-8)",
        "\"motd=Z\\xfcrich\"",
        "write it in UTF-8 and set LC_ALL=C.UTF-8" + FILE,
        Map.of("LC_ALL", "C.UTF-8"),
        PUBLISH + "\"$(printf 'motd=Z\\374rich')\"");
    assertEquals(
        new Launched(0, "published\n", ""),
        shell("jar", Map.of("LC_ALL", "C.UTF-8"), PUBLISH + escaped("motd=\uFFFD")));
  }

  @Test
  void aVariableOfOursThatTheLocaleCannotHoldIsRefused() {
    assertEquals(
        new Launched(
            2,
            "",
            "magpie-peers: expected variables that can be read in the locale of this process,"
                + " LC_ALL=C (encoding US-ASCII), found MAGPIE_TOPOLOGY=\"b\uFFFD\uFFFDnch\"; set"
                + " LC_ALL=C.UTF-8\n"),
        Launched.run(
            directory,
            Map.of("LC_ALL", "C"),
            List.of(
                "/bin/sh",
                "-c",
                "MAGPIE_TOPOLOGY="
                    + escaped("bänch")
                    + "; export MAGPIE_TOPOLOGY; exec \"$@\" nodes",
                "sh",
                Launched.JAVA.toString(),
                "-jar",
                Launched.JAR.toString())));
  }

  @Test
  void theLauncherSetsALocaleInWhichEveryArgumentIsRead() {
    String launcher = Launched.ROOT.resolve("magpie-peers").toString();
    String nodes =
        "nodes --topology b.yaml --observer --format hosts --label " + escaped("rôle=führend");
    for (Map<String, String> variables :
        List.of(
            Map.<String, String>of(),
            Map.of("LC_ALL", "C"),
            Map.of("LANG", "xx_YY.UTF-8"),
            Map.of("LC_ALL", "xx_YY"),
            Map.of("LANG", "C.UTF-8", "LC_TIME", "xx_YY.UTF-8"),
            Map.of("LANG", "xx_YY.UTF-8", "LC_CTYPE", "C"),
            Map.of("LANG", "C.UTF-8"))) {
      assertEquals(
          new Launched(0, "192.0.2.12\tmagpie-1\n", ""),
          shell(launcher, variables, nodes),
          variables::toString);
    }
  }
}
