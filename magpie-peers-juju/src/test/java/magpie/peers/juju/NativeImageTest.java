/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import magpie.peers.PeerView;
import magpie.peers.spi.PeerBackend;
import org.junit.jupiter.api.Test;

/** What a native image of a hook must be told is in the jar, and nothing else is needed. */
class NativeImageTest {
  private static final String METADATA =
      "/META-INF/native-image/io.github.magpiepeers/magpie-peers-juju/reachability-metadata.json";

  /** How a class file names what reaches code, files or classes by name. */
  private static final Pattern BY_NAME =
      Pattern.compile(
          "java/lang/reflect/(?!Type\\b)\\w+|java/util/ResourceBundle|java/io/Object(In|Out)putStream"
              + "|forName|getResource\\w*|getDeclared\\w+|getMethods?|getConstructors?|newInstance"
              + "|newProxyInstance|loadLibrary|privateLookupIn|defineClass|sun/misc/Unsafe");

  private static String metadata() throws IOException {
    try (InputStream in = NativeImageTest.class.getResourceAsStream(METADATA)) {
      assertNotNull(in, METADATA);
      return new String(in.readAllBytes(), UTF_8);
    }
  }

  private static List<String> named(String key) throws IOException {
    Matcher value = Pattern.compile("\"" + key + "\": \"([^\"]+)\"").matcher(metadata());
    return value.results().map(found -> found.group(1)).toList();
  }

  @Test
  void metadataNamesTheProviderOfTheServiceAndWhereItIsListed() throws Exception {
    String service = "META-INF/services/" + PeerBackend.class.getName();
    assertEquals(List.of(service), named("glob"));
    assertNotNull(JujuBackend.class.getResource("/" + service), service);
    assertEquals(
        ServiceLoader.load(PeerBackend.class).stream().map(p -> p.type().getName()).toList(),
        named("type"));
    assertNotNull(JujuBackend.class.getConstructor());
    for (String type : named("typeReached")) {
      assertEquals(type, Class.forName(type).getName());
    }
  }

  @Test
  void nothingElseIsReachedByName() throws Exception {
    TreeSet<String> found = new TreeSet<>();
    int classes = scan(PeerView.class, found) + scan(JujuBackend.class, found);
    assertTrue(classes > 50, classes + " classes");
    // Only asked to word a failure, and to find nothing is an answer.
    found.remove("magpie/peers/Peers$Found.class: getResource");
    // A charset and no class; UTF-8 stands in for one that the image lacks.
    found.remove("magpie/peers/host/NativeText.class: forName");
    assertEquals(List.of(), List.copyOf(found), "name it in " + METADATA + ", or do without");
  }

  /**
   * Looks through the jar or the directory that a type is in, and tells how many classes it has.
   */
  private static int scan(Class<?> type, Set<String> found) throws IOException {
    Path where =
        Path.of(URI.create(type.getProtectionDomain().getCodeSource().getLocation().toString()));
    if (Files.isDirectory(where)) {
      return scan(where, found);
    }
    try (FileSystem jar = FileSystems.newFileSystem(where)) {
      return scan(jar.getPath("/"), found);
    }
  }

  private static int scan(Path root, Set<String> found) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      List<Path> classes = files.filter(file -> file.toString().endsWith(".class")).toList();
      for (Path file : classes) {
        Matcher name = BY_NAME.matcher(Files.readString(file, ISO_8859_1));
        while (name.find()) {
          found.add(root.relativize(file) + ": " + name.group());
        }
      }
      return classes.size();
    }
  }
}
