/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;
import magpie.peers.ConfigurationException;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;

/**
 * What is too large for the runnable jar, since every command would look through it: the backend
 * etcd, whose jars are in a directory beside.
 */
final class BesideTheJar {
  private static final String ETCD = "magpie-peers-etcd";

  /** Kept, since a logger without a reference forgets its level. */
  private static final Logger GRPC = Logger.getLogger("io.grpc");

  private BesideTheJar() {}

  /** A loader that has the backend etcd too; none where this does not run from its jar. */
  static Optional<ClassLoader> etcd() {
    Path jar = jar();
    if (jar == null || !jar.toString().endsWith(".jar")) {
      return Optional.empty();
    }
    Path directory = jar.resolveSibling(ETCD);
    if (!Files.isDirectory(directory)) {
      // It may be on the class path; where it is not, the message is that there is no such backend.
      return Optional.empty();
    }
    List<URL> jars = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(directory, "*.jar")) {
      for (Path each : all) {
        jars.add(each.toUri().toURL());
      }
    } catch (MalformedURLException e) {
      throw new IllegalStateException(e);
    } catch (IOException e) {
      throw new ConfigurationException(
          "expected the jars of the backend etcd in "
              + Quote.of(directory.toString())
              + ", found that it cannot be read ("
              + e.getMessage()
              + ")",
          e);
    }
    // It tells at every start whether it found epoll.
    GRPC.setLevel(Level.WARNING);
    // Not closed: it is needed until the process ends.
    return Optional.of(
        new URLClassLoader(ETCD, jars.toArray(new URL[0]), BesideTheJar.class.getClassLoader()));
  }

  private static @Nullable Path jar() {
    try {
      CodeSource source = BesideTheJar.class.getProtectionDomain().getCodeSource();
      return source == null || source.getLocation() == null
          ? null
          : Path.of(source.getLocation().toURI());
    } catch (URISyntaxException | IllegalArgumentException e) {
      return null;
    }
  }
}
