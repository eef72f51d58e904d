/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import magpie.peers.ConfigurationException;
import magpie.peers.Environment;
import magpie.peers.PeerId;
import magpie.peers.PeersOptions;
import magpie.peers.host.NativeText;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;

/**
 * What the agent told this process about the hook it runs in (docs/juju.md, J1).
 *
 * @param environment what the process was given
 * @param unit the unit of this charm
 * @param endpoint the endpoint of the peer relation that is meant
 * @param deadline how long a hook tool may take
 * @param incremental whether a relation hook may use the settings that earlier hooks read
 */
record CharmProcess(
    Environment environment, PeerId unit, String endpoint, Duration deadline, boolean incremental) {
  /** The option of charms that open their view in every hook. */
  static final String INCREMENTAL = "incremental-reading";

  /** How YAML writes that there is nothing under a key. */
  private static final Set<String> NOTHING = Set.of("{}", "{ }", "~", "null");

  private static final int LONGEST_METADATA = 1 << 20;

  private static final String NAME_IT =
      "name the endpoint with -Dmagpie.peers.peer-set=NAME or MAGPIE_PEERS_PEER_SET=NAME";

  static CharmProcess of(PeersOptions options) {
    Environment environment = options.environment();
    Optional<String> name = environment.variable("JUJU_UNIT_NAME");
    if (name.isEmpty()) {
      throw new ConfigurationException(
          "expected JUJU_UNIT_NAME in the environment of a hook, found none; start"
              + " this program from a hook, an action or juju-exec");
    }
    PeerId unit;
    try {
      unit = PeerId.of(name.get());
    } catch (IllegalArgumentException e) {
      throw new ConfigurationException("JUJU_UNIT_NAME: " + e.getMessage(), e);
    }
    PeerId self = options.self().orElse(unit);
    if (!self.equals(unit)) {
      throw new ConfigurationException(
          options.described("self")
              + ": expected this unit, "
              + unit
              + ", found "
              + Quote.of(self.value())
              + "; leave it out inside a hook");
    }
    return new CharmProcess(
        environment, unit, endpoint(options, unit), deadline(options), incremental(options));
  }

  private static String endpoint(PeersOptions options, PeerId unit) {
    Optional<String> named = options.peerSet();
    if (named.isPresent()) {
      return checked(named.get(), options.described("peer-set"));
    }
    Environment environment = options.environment();
    String application = application(unit.value());
    Optional<String> relation = environment.variable("JUJU_RELATION");
    // Only in a peer relation do the remote units belong to this unit's application.
    if (relation.isPresent()
        && (environment.variable("JUJU_REMOTE_APP").orElse("").equals(application)
            || application(environment.variable("JUJU_REMOTE_UNIT").orElse(""))
                .equals(application))) {
      return checked(relation.get(), "JUJU_RELATION");
    }
    Path metadata = charmDirectory(environment).resolve("metadata.yaml");
    List<String> peers = peers(metadata);
    if (peers.size() == 1) {
      return checked(peers.get(0), metadata.toString());
    }
    throw new ConfigurationException(
        (peers.isEmpty()
                ? "expected a peer relation under \"peers:\" in "
                    + Quote.of(metadata.toString())
                    + ", found none"
                : "expected one peer relation, found "
                    + String.join(" and ", peers)
                    + " in "
                    + Quote.of(metadata.toString()))
            + "; "
            + NAME_IT);
  }

  private static String application(String unit) {
    int slash = unit.indexOf('/');
    return slash < 0 ? unit : unit.substring(0, slash);
  }

  private static String checked(String endpoint, String origin) {
    if (!isEndpoint(endpoint)) {
      throw new ConfigurationException(
          origin
              + ": expected the name of an endpoint (letters, digits, '-', '_', beginning with a letter), found "
              + Quote.of(endpoint));
    }
    return endpoint;
  }

  private static Duration deadline(PeersOptions options) {
    String text = options.option("tool-timeout").orElse("60");
    try {
      long seconds = Long.parseLong(text);
      if (seconds >= 1 && seconds <= 86_400) {
        return Duration.ofSeconds(seconds);
      }
    } catch (NumberFormatException e) {
      // The message below serves both.
    }
    throw new ConfigurationException(
        options.described("tool-timeout")
            + ": expected 1 to 86400 seconds, found "
            + Quote.of(text));
  }

  private static boolean incremental(PeersOptions options) {
    String text = options.option(INCREMENTAL).orElse("false");
    return switch (text) {
      case "true" -> true;
      case "false" -> false;
      default ->
          throw new ConfigurationException(
              options.described(INCREMENTAL) + ": expected true or false, found " + Quote.of(text));
    };
  }

  /** Whether a text can be the name of an endpoint, and no option of a tool. */
  static boolean isEndpoint(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      boolean other = (c >= '0' && c <= '9') || c == '-' || c == '_';
      if (!letter && !(other && i > 0)) {
        return false;
      }
    }
    return !text.isEmpty();
  }

  static Path charmDirectory(Environment environment) {
    String variable =
        environment.variable("JUJU_CHARM_DIR").isPresent() ? "JUJU_CHARM_DIR" : "CHARM_DIR";
    String directory = environment.variable(variable).orElse("");
    try {
      return environment.workingDirectory().resolve(directory);
    } catch (InvalidPathException e) {
      throw NativeText.noPath(environment, variable, directory, e);
    }
  }

  Path charmDirectory() {
    return charmDirectory(environment);
  }

  String application() {
    return application(unit.value());
  }

  /** Whether this unit runs under Juju 4 or later, whose membership may have ghosts (M4). */
  boolean mayHaveGhosts() {
    // To a subordinate goal-state shows only the units beside the same principal: no evidence.
    String version = environment.variable("JUJU_VERSION").orElse("");
    int dot = version.indexOf('.');
    char first = dot > 0 ? version.charAt(0) : '0';
    boolean fourOrLater = first >= (dot > 1 ? '1' : '4') && first <= '9';
    return fourOrLater && environment.variable("JUJU_PRINCIPAL_UNIT").isEmpty();
  }

  /**
   * The endpoints under {@code peers:} of a charm's metadata, which charmcraft writes in block
   * style. Read line by line, because a YAML reader would cost every hook more than all its tools.
   */
  private static List<String> peers(Path metadata) {
    try {
      // Looked at before, because a pipe would hold up the hook and a device has no end.
      BasicFileAttributes attributes = Files.readAttributes(metadata, BasicFileAttributes.class);
      if (!attributes.isRegularFile() || attributes.size() > LONGEST_METADATA) {
        throw new ConfigurationException(
            "expected to read "
                + Quote.of(metadata.toString())
                + ", found no regular file of at most 1 MiB; "
                + NAME_IT);
      }
      return peers(Files.readAllLines(metadata), metadata);
    } catch (NoSuchFileException e) {
      return List.of();
    } catch (IOException e) {
      throw new ConfigurationException(
          "expected to read " + Quote.of(metadata.toString()) + ", found " + e + "; " + NAME_IT, e);
    }
  }

  static List<String> peers(List<String> lines, Path metadata) {
    List<String> names = new ArrayList<>();
    boolean inside = false;
    int indent = -1;
    for (String line : lines) {
      KeyLine found = KeyLine.read(line);
      if (found == null) {
        continue;
      }
      if (found.indent() == 0) {
        inside = found.key().equals("peers");
        if (inside && !found.value().isEmpty() && !NOTHING.contains(found.value())) {
          throw new ConfigurationException(
              "expected the endpoints under \"peers:\" in "
                  + Quote.of(metadata.toString())
                  + " to stand each on a line of its own, found "
                  + Quote.of(line)
                  + "; "
                  + NAME_IT);
        }
      } else if (inside) {
        indent = indent < 0 ? found.indent() : indent;
        if (found.indent() == indent) {
          names.add(found.key());
        }
      }
    }
    return names;
  }

  /** A line such as {@code "key": value # comment}, read without the regular expressions' price. */
  private record KeyLine(int indent, String key, String value) {
    /** Reads a line; null where it is none, so a comment, a list item, the end of a block. */
    static @Nullable KeyLine read(String line) {
      String text = line.strip();
      int colon = text.indexOf(':');
      if (text.isEmpty() || text.startsWith("#") || colon < 0) {
        return null;
      }
      String key = text.substring(0, colon);
      char quote = key.isEmpty() ? ':' : key.charAt(0);
      if (key.length() > 1 && (quote == '"' || quote == '\'') && key.endsWith("" + quote)) {
        key = key.substring(1, key.length() - 1);
      }
      String value = text.substring(colon + 1);
      int comment = value.indexOf(" #");
      value = (comment < 0 ? value : value.substring(0, comment)).strip();
      return isEndpoint(key) ? new KeyLine(line.indexOf(text), key, value) : null;
    }
  }
}
