/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import magpie.peers.spi.Quote;
import org.jspecify.annotations.Nullable;

/**
 * What to open: which backend, which peer set, and the options that backends understand.
 *
 * <p>An option {@code x} that is not set here is looked up as the system property {@code
 * magpie.peers.x}, then as the environment variable {@code MAGPIE_PEERS_X}, then as {@code
 * MAGPIE_X}, so operators can set it without a change to the program. Hyphens become underscores in
 * variables.
 *
 * <table>
 * <caption>Options known to this project</caption>
 * <tr><th>option</th><th>meaning</th></tr>
 * <tr><td>{@code backend}</td><td>the name of the backend, such as {@code local}</td></tr>
 * <tr><td>{@code peer-set}</td><td>the relation endpoint (Juju) or the bench that is meant</td></tr>
 * <tr><td>{@code self}</td><td>the id of this node, where it cannot be found out</td></tr>
 * <tr><td>{@code observer}</td><td>{@code true} to look from outside, without a self</td></tr>
 * <tr><td>{@code state}</td><td>the directory for durable state</td></tr>
 * <tr><td>{@code topology}</td><td>the topology file (local backend)</td></tr>
 * </table>
 */
public final class PeersOptions {
  private final Map<String, String> options;
  private final Environment environment;
  private final @Nullable ClassLoader classLoader;

  private PeersOptions(Builder builder) {
    options = TextMap.copyOf(builder.options);
    environment = builder.environment;
    classLoader = builder.classLoader;
  }

  /**
   * Starts with no option set, and with the environment of this process.
   *
   * @return a builder
   */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * Returns an option, set here or by property or variable.
   *
   * @param name the option in lower case with hyphens, such as {@code topology}
   * @return its value, or empty if it is set nowhere or blank
   */
  public Optional<String> option(String name) {
    Objects.requireNonNull(name, "name");
    String value = options.get(name);
    if (value == null || value.isBlank()) {
      value = environment.properties().get("magpie.peers." + name);
    }
    if (value != null && !value.isBlank()) {
      return Optional.of(value);
    }
    String variable = name.toUpperCase(Locale.ROOT).replace('-', '_');
    Optional<String> ours = environment.variable("MAGPIE_PEERS_" + variable);
    return ours.isPresent() ? ours : environment.variable("MAGPIE_" + variable);
  }

  /**
   * Returns the backend that was chosen by name.
   *
   * @return the option {@code backend}
   */
  public Optional<String> backend() {
    return option("backend");
  }

  /**
   * Returns the peer set that is meant, where there may be several.
   *
   * @return the option {@code peer-set}
   */
  public Optional<String> peerSet() {
    return option("peer-set");
  }

  /**
   * Returns the id of this node.
   *
   * @return the option {@code self}
   * @throws ConfigurationException if it is no peer id
   */
  public Optional<PeerId> self() {
    Optional<String> value = option("self");
    if (value.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(PeerId.of(value.get()));
    } catch (IllegalArgumentException e) {
      throw new ConfigurationException("option self: " + e.getMessage(), e);
    }
  }

  /**
   * Tells whether to look from outside: every node is a peer, and nothing can be published.
   *
   * @return the option {@code observer}
   * @throws ConfigurationException if it is neither {@code true} nor {@code false}
   */
  public boolean observer() {
    String value = option("observer").orElse("false");
    return switch (value) {
      case "true" -> true;
      case "false" -> false;
      default ->
          throw new ConfigurationException(
              "option observer: expected true or false, found " + Quote.of(value));
    };
  }

  /**
   * Returns the directory for durable state: the option {@code state}, else {@code
   * $XDG_STATE_HOME/magpie-peers}, else {@code $HOME/.local/state/magpie-peers}.
   *
   * @return an absolute directory, which may not exist yet
   * @throws ConfigurationException if none of the three is set
   */
  public Path stateDirectory() {
    return option("state")
        .map(Path::of)
        .or(
            () ->
                environment
                    .variable("XDG_STATE_HOME")
                    // The XDG base directory specification: a relative path is to be ignored.
                    .filter(home -> Path.of(home).isAbsolute())
                    .map(home -> Path.of(home, "magpie-peers")))
        .or(
            () ->
                environment
                    .variable("HOME")
                    .map(home -> Path.of(home, ".local", "state", "magpie-peers")))
        .map(environment.workingDirectory()::resolve)
        .orElseThrow(
            () ->
                new ConfigurationException(
                    "expected a directory for durable state, found neither the option state nor"
                        + " XDG_STATE_HOME nor HOME; set -Dmagpie.peers.state=DIR,"
                        + " MAGPIE_PEERS_STATE or --state DIR"));
  }

  /**
   * Returns the environment.
   *
   * @return what the process was given
   */
  public Environment environment() {
    return environment;
  }

  /**
   * Returns the class loader that backends are looked up with.
   *
   * @return the loader; by default the one that loaded the api, else the thread's context loader
   */
  Optional<ClassLoader> classLoader() {
    return Optional.ofNullable(classLoader);
  }

  /** Collects options. Not thread-safe. */
  public static final class Builder {
    private final Map<String, String> options = new TreeMap<>();
    private Environment environment = Environment.system();
    private @Nullable ClassLoader classLoader;

    private Builder() {}

    /**
     * Sets an option.
     *
     * @param name the option in lower case with hyphens
     * @param value its value; blank counts as not set
     * @return this builder
     */
    public Builder option(String name, String value) {
      options.put(Objects.requireNonNull(name, "name"), Objects.requireNonNull(value, "value"));
      return this;
    }

    /**
     * Chooses the backend; by default the only applicable one.
     *
     * @param name the name of the backend, such as {@code juju}
     * @return this builder
     */
    public Builder backend(String name) {
      return option("backend", name);
    }

    /**
     * Chooses the peer set; by default the only one there is.
     *
     * @param name the relation endpoint or the bench
     * @return this builder
     */
    public Builder peerSet(String name) {
      return option("peer-set", name);
    }

    /**
     * Says which node this is; by default the backend finds out.
     *
     * @param id the id of this node
     * @return this builder
     */
    public Builder self(String id) {
      return option("self", id);
    }

    /**
     * Looks from outside; by default the view belongs to a node.
     *
     * @return this builder
     */
    public Builder observer() {
      return option("observer", "true");
    }

    /**
     * Sets the directory for durable state; the default is told at {@link
     * PeersOptions#stateDirectory()}.
     *
     * @param directory the directory, created when needed
     * @return this builder
     */
    public Builder stateDirectory(Path directory) {
      return option("state", directory.toString());
    }

    /**
     * Sets the topology file of the local backend.
     *
     * @param file the file
     * @return this builder
     */
    public Builder topology(Path file) {
      return option("topology", file.toString());
    }

    /**
     * Sets the environment; by default that of this process when {@link #builder()} was called.
     *
     * @param given what the process was given
     * @return this builder
     */
    public Builder environment(Environment given) {
      environment = Objects.requireNonNull(given, "given");
      return this;
    }

    /**
     * Sets the class loader to look backends up with; by default the one that loaded the api, and
     * where that finds none, the context loader of the calling thread.
     *
     * @param loader the class loader
     * @return this builder
     */
    public Builder classLoader(ClassLoader loader) {
      classLoader = Objects.requireNonNull(loader, "loader");
      return this;
    }

    /**
     * Returns the options.
     *
     * @return new immutable options
     */
    public PeersOptions build() {
      return new PeersOptions(this);
    }
  }
}
