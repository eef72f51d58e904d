/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Whose code the runnable jar holds, and under which terms. */
class RunnableJarIT {
  private static final Pattern ROW =
      Pattern.compile("(?m)^\\| `([a-z.]+)` \\| [^|]+ \\| [^|]+ \\| ([^|]*)\\|$");
  private static final Pattern TERMS = Pattern.compile("META-INF/[^/]*(LICENSE|NOTICE)[^/]*");

  private static final List<String> ENTRIES = new ArrayList<>();
  private static final Map<String, String> TEXTS_BY_PACKAGE = new LinkedHashMap<>();

  @BeforeAll
  static void readJar() throws IOException {
    try (JarFile jar = new JarFile(Launched.JAR.toFile())) {
      jar.stream().forEach(entry -> ENTRIES.add(entry.getName()));
      byte[] statement =
          jar.getInputStream(jar.getJarEntry("META-INF/THIRD-PARTY.md")).readAllBytes();
      Matcher row = ROW.matcher(new String(statement, StandardCharsets.UTF_8));
      while (row.find()) {
        TEXTS_BY_PACKAGE.put(row.group(1), row.group(2));
      }
    }
    assertNotEquals(Map.of(), TEXTS_BY_PACKAGE, "rows in META-INF/THIRD-PARTY.md");
  }

  private static boolean isIn(String name, String parent) {
    return name.equals(parent) || name.startsWith(parent + ".");
  }

  @Test
  void everyPackageIsOursOrOfAStatedLibraryAndNoLibraryIsStatedInVain() {
    TreeSet<String> unstated = new TreeSet<>();
    TreeSet<String> unused = new TreeSet<>(TEXTS_BY_PACKAGE.keySet());
    for (String entry : ENTRIES) {
      if (!entry.endsWith(".class")) {
        continue;
      }
      String name =
          entry
              .replaceFirst("^META-INF/versions/\\d+/", "")
              .replaceFirst("/?[^/]*$", "")
              .replace('/', '.');
      if (isIn(name, "magpie.peers")) {
        continue;
      }
      TEXTS_BY_PACKAGE.keySet().stream()
          .filter(stated -> isIn(name, stated))
          .findFirst()
          .ifPresentOrElse(unused::remove, () -> unstated.add(name));
    }
    assertEquals(
        List.of(List.of(), List.of()),
        List.of(List.copyOf(unstated), List.copyOf(unused)),
        "packages without a row in src/shade/THIRD-PARTY.md, and rows without a package");
  }

  @Test
  void theirLicencesAndNoticesAreInside() {
    TreeSet<String> stated = new TreeSet<>(List.of("META-INF/LICENSE"));
    for (String texts : TEXTS_BY_PACKAGE.values()) {
      if (!texts.isBlank()) {
        stated.addAll(List.of(texts.strip().split(", ")));
      }
    }
    List<String> inside =
        ENTRIES.stream().filter(entry -> TERMS.matcher(entry).matches()).sorted().toList();
    assertEquals(List.copyOf(stated), inside);
  }

  @Test
  void noEntryIsThereTwice() {
    assertEquals(List.copyOf(new TreeSet<>(ENTRIES)), ENTRIES.stream().sorted().toList());
  }
}
