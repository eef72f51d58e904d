/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit.juju;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;

/** Where the charm, the hook tools and the FIFOs of each unit are. */
final class UnitDirectories {
  private final Path root;
  private final FakeJujuModel model;

  /** The charm directory that all units share; each has its own otherwise. */
  private final Optional<Path> shared;

  UnitDirectories(Path root, FakeJujuModel model, Optional<Path> shared) {
    this.root = root;
    this.model = model;
    this.shared = shared;
  }

  Path agent(UnitAgent unit) {
    return root.resolve("agents").resolve("unit-" + unit.name().replace('/', '-'));
  }

  Path socket(UnitAgent unit) {
    return agent(unit).resolve("agent.socket");
  }

  Path charm(UnitAgent unit) {
    return shared.orElseGet(() -> agent(unit).resolve("charm"));
  }

  Path tools(UnitAgent unit) {
    return root.resolve("tools").resolve("unit-" + unit.name().replace('/', '-'));
  }

  /** Makes the unit's directories, and the links to the one script that is every tool. */
  void prepare(UnitAgent unit, Set<String> missing) {
    try {
      Path tools = tools(unit);
      Path script = tools.resolve("jujuc");
      if (!Files.exists(script)) {
        Files.createDirectories(tools);
        Files.createDirectories(agent(unit));
        Files.createDirectories(charm(unit));
        Path metadata = charm(unit).resolve("metadata.yaml");
        if (shared.isEmpty() && !Files.exists(metadata)) {
          Files.writeString(metadata, metadata());
        }
        Files.write(script, HookAgent.toolScript());
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
        for (String tool : model.version().tools()) {
          Files.createSymbolicLink(tools.resolve(tool), Path.of("jujuc"));
        }
      }
      for (String tool : model.version().tools()) {
        Path link = tools.resolve(tool);
        if (missing.contains(tool)) {
          Files.deleteIfExists(link);
        } else if (!Files.exists(link)) {
          Files.createSymbolicLink(link, Path.of("jujuc"));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns the metadata of a charm that has the relations there are. */
  private String metadata() {
    StringBuilder text = new StringBuilder("name: " + model.application() + "\n");
    text.append("summary: The charm of a fake Juju\n");
    text.append("description: It has the peer relations that were asked for.\n");
    Set<String> endpoints = new LinkedHashSet<>();
    model.relations().values().forEach(relation -> endpoints.add(relation.endpoint()));
    text.append(endpoints.isEmpty() ? "" : "peers:\n");
    for (String endpoint : endpoints) {
      text.append("  ").append(endpoint).append(":\n");
      text.append("    interface: ").append(endpoint).append('\n');
    }
    return text.toString();
  }
}
