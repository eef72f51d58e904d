/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** What each package may know; the table in CONTRIBUTING.md says the same of the modules. */
class RoomsTest {
  private static final String API = "magpie.peers";
  private static final String SPI = "magpie.peers.spi";
  private static final String HOST = "magpie.peers.host";
  private static final String TEXT = "magpie.peers.text";
  private static final String TOPOLOGY = "magpie.peers.topology";
  private static final String YAML = "magpie.peers.topology.yaml";

  private static final String FAKE_JUJU = "magpie.peers.testkit.juju";

  /** What every package may know, which says nothing of where it runs. */
  private static final List<String> ALL = List.of("java..", "org.jspecify..", API, SPI);

  /** Tools of our own modules, which are not promised to users. */
  private static final List<String> TOOLS = List.of(HOST, TEXT);

  /** Packages that show what users can do, so they use only what users have. */
  private static final List<String> AS_USERS =
      List.of("magpie.peers.example", "magpie.peers.testkit");

  /** What a package may know besides {@link #ALL} and itself. */
  private static final Map<String, List<String>> ROOMS = new LinkedHashMap<>();

  static {
    ROOMS.put(API, List.of("jakarta.inject.."));
    ROOMS.put(SPI, List.of());
    ROOMS.put(HOST, List.of());
    ROOMS.put(TEXT, List.of());
    ROOMS.put("magpie.peers.juju", List.of("com.fasterxml.jackson.core.."));
    ROOMS.put(YAML, List.of(TOPOLOGY, "org.snakeyaml.engine.."));
    ROOMS.put(TOPOLOGY, List.of(YAML, "org.snakeyaml.engine.."));
    ROOMS.put(
        "magpie.peers.local", List.of(TOPOLOGY, "com.fasterxml.jackson.core..", "jnr.posix.."));
    ROOMS.put(
        "magpie.peers.etcd",
        List.of(
            "com.fasterxml.jackson.core..",
            "io.etcd.jetcd..",
            "io.grpc..",
            "io.netty.handler.ssl..",
            "javax.net.ssl.."));
    ROOMS.put("magpie.peers.hk2", List.of("jakarta.inject..", "org.glassfish.hk2.."));
    ROOMS.put("magpie.peers.reach", List.of());
    ROOMS.put(
        "magpie.peers.lab",
        List.of(TOPOLOGY, YAML, "magpie.peers.reach", "org.snakeyaml.engine.."));
    ROOMS.put(
        "magpie.peers.cli",
        List.of(TOPOLOGY, "magpie.peers.lab", "magpie.peers.reach", "picocli..", "sun.misc.."));
    ROOMS.put("magpie.peers.example", List.of("magpie.peers.juju"));
    ROOMS.put(FAKE_JUJU, List.of());
    ROOMS.put("magpie.peers.testkit", List.of("org.junit.jupiter..", "org.opentest4j.."));
  }

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .withImportOption(location -> !location.contains("/test-classes/"))
          .importPackages("magpie.peers");

  @TestFactory
  Stream<DynamicTest> everyPackageKnowsOnlyWhatItMay() {
    return ROOMS.keySet().stream().map(room -> DynamicTest.dynamicTest(room, () -> check(room)));
  }

  private static void check(String room) {
    List<String> known = new ArrayList<>(ALL);
    if (room.equals(FAKE_JUJU)) {
      // For charms that have nothing of ours.
      known.removeAll(List.of(API, SPI));
    }
    if (room.equals(TEXT)) {
      known.removeAll(List.of(API, SPI));
    } else if (!AS_USERS.contains(room) && !room.equals(FAKE_JUJU)) {
      known.addAll(TOOLS);
    }
    known.add(room);
    known.addAll(ROOMS.get(room));
    assertFalse(CLASSES.getPackage(room).getClasses().isEmpty());
    classes()
        .that()
        .resideInAPackage(room)
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage(known.toArray(String[]::new))
        .check(CLASSES);
  }

  @Test
  void everyPackageHasItsRule() {
    TreeSet<String> without = new TreeSet<>();
    for (JavaPackage each : CLASSES.getPackage("magpie.peers").getSubpackagesInTree()) {
      if (!each.getClasses().isEmpty() && !ROOMS.containsKey(each.getName())) {
        without.add(each.getName());
      }
    }
    without.removeIf(name -> name.startsWith("magpie.peers.it") || name.endsWith(".fuzz"));
    assertEquals(new TreeSet<>(), without);
  }
}
