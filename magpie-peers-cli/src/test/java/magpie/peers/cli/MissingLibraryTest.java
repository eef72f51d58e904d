/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import jakarta.inject.Inject;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import magpie.peers.Environment;
import magpie.peers.Peers;
import magpie.peers.PeersOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The real backends on a class path without their libraries, each in a class loader of its own. */
class MissingLibraryTest {
  @TempDir Path directory;

  /** Opens the peers with the api and one backend and nothing else. */
  private static String refused(String backend, Map<String, String> variables, Path directory)
      throws Exception {
    URL[] path = {
      url(Launched.origin(Peers.class)),
      url(Launched.origin(Inject.class)),
      url(Launched.origin(Class.forName(backend)))
    };
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    try (URLClassLoader loader = new URLClassLoader(path, ClassLoader.getPlatformClassLoader())) {
      thread.setContextClassLoader(loader);
      Class<?> environment = loader.loadClass(Environment.class.getName());
      Object given =
          environment
              .getConstructor(Map.class, Map.class, Path.class, Clock.class)
              .newInstance(variables, Map.of(), directory, Clock.systemUTC());
      Class<?> options = loader.loadClass(PeersOptions.class.getName());
      Object builder = options.getMethod("builder").invoke(null);
      builder.getClass().getMethod("environment", environment).invoke(builder, given);
      Object built = builder.getClass().getMethod("build").invoke(builder);
      Class<?> peers = loader.loadClass(Peers.class.getName());
      Method open = peers.getMethod("open", options);
      Throwable thrown =
          assertThrows(InvocationTargetException.class, () -> open.invoke(null, built)).getCause();
      assertEquals("magpie.peers.ConfigurationException", thrown.getClass().getName());
      return String.valueOf(thrown.getMessage())
          .replaceFirst("the class \\S+ is missing", "... is missing");
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  private static URL url(String origin) throws IOException {
    return Path.of(origin).toUri().toURL();
  }

  @Test
  void theLocalBackendWithoutSnakeyaml() throws Exception {
    Files.writeString(directory.resolve("b.yaml"), "version: 1\n");
    assertEquals(
        "expected the backend local with its libraries, found that ... is missing; add"
            + " org.snakeyaml:snakeyaml-engine",
        refused("magpie.peers.local.LocalBackend", Map.of("MAGPIE_TOPOLOGY", "b.yaml"), directory));
  }

  @Test
  void theJujuBackendWithoutJackson() throws Exception {
    Files.write(directory.resolve("metadata.yaml"), List.of("peers:", "  magpie:"));
    assertEquals(
        "expected the backend juju with its libraries, found that ... is missing; add"
            + " com.fasterxml.jackson.core:jackson-core",
        refused(
            "magpie.peers.juju.JujuBackend",
            Map.of("JUJU_CONTEXT_ID", "x", "JUJU_UNIT_NAME", "magpie/0"),
            directory));
  }
}
