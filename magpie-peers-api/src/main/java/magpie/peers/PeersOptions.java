/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import magpie.peers.host.NativeText;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;

/**
 * What to open: which backend, which peer set, and the options that backends understand.
 *
 * <p>An option {@code x} that is not set here is looked up as the system property {@code
 * magpie.peers.x}, then as the environment variable {@code MAGPIE_PEERS_X}, then as {@code
 * MAGPIE_X}, so operators can set it without a change to the program. Hyphens become underscores in
 * variables.
 *
 * <p>An option can be set for one peer set only, which takes precedence over the same option for
 * all, in each of these places: for the peer set {@code storage} here with {@link
 * Builder#option(String,String,String)}, as the property {@code magpie.peers.storage.x}, as the
 * variable {@code MAGPIE_PEERS_STORAGE_X} or {@code MAGPIE_STORAGE_X}. In variables everything in
 * the name of the peer set that is no ASCII letter or digit becomes an underscore. So a program
 * with several peer sets needs no code of its own for a bench: each gets its {@code topology}.
 *
 * <p>{@code self} and {@code observer} exclude each other: the one that is set in the earlier place
 * takes precedence.
 *
 * <table>
 * <caption>Options known to this project</caption>
 * <tr><th>option</th><th>meaning</th></tr>
 * <tr><td>{@code backend}</td><td>the name of the backend, such as {@code local}</td></tr>
 * <tr><td>{@code peer-set}</td><td>the name of the peer set; each backend says what that is</td></tr>
 * <tr><td>{@code self}</td><td>the id of this node, where it cannot be found out</td></tr>
 * <tr><td>{@code observer}</td><td>{@code true} to look from outside, without a self</td></tr>
 * <tr><td>{@code state}</td><td>the directory for durable state</td></tr>
 * <tr><td>{@code topology}</td><td>the topology file (local backend)</td></tr>
 * </table>
 */
public final class PeersOptions {
  private static final String PEER_SET = "peer-set";
  private static final String SELF = "self";
  private static final String OBSERVER = "observer";

  // The places of an option in their order; numbers, because an enum would be one class more for
  // every start to load.
  private static final int NOWHERE = -1;
  private static final int BUILDER_OF_PEER_SET = 0;
  private static final int BUILDER = 1;
  private static final int PROPERTY_OF_PEER_SET = 2;
  private static final int PROPERTY = 3;
  private static final int LONG_OF_PEER_SET = 4;
  private static final int SHORT_OF_PEER_SET = 5;
  private static final int LONG = 6;
  private static final int SHORT = 7;

  private final Map<String, String> options;
  private final Map<String, String> flags;
  private final Environment environment;
  private final @Nullable ClassLoader classLoader;

  private PeersOptions(Builder builder) {
    options = TextMap.copyOf(builder.options);
    flags = TextMap.copyOf(builder.flags);
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
   * Returns an option, set here or by property or variable, for its peer set or for all.
   *
   * @param name the option in lower case with hyphens, such as {@code topology}
   * @return its value, or empty if it is set nowhere or blank
   */
  public Optional<String> option(String name) {
    Objects.requireNonNull(name, "name");
    int place = place(name);
    return place == NOWHERE ? Optional.empty() : Optional.ofNullable(at(place, name));
  }

  /**
   * Returns where the value of an option comes from, in the words of messages.
   *
   * @param name the option
   * @return such as {@code MAGPIE_SELF}, {@code -Dmagpie.peers.self}, the {@linkplain Builder#flag
   *     flag} of the program, or {@code the program}; empty if the option is set nowhere
   */
  public Optional<String> origin(String name) {
    Objects.requireNonNull(name, "name");
    return switch (place(name)) {
      case NOWHERE -> Optional.empty();
      case BUILDER_OF_PEER_SET, BUILDER -> Optional.of(flags.getOrDefault(name, "the program"));
      case PROPERTY_OF_PEER_SET, PROPERTY -> Optional.of("-D" + key(place(name), name));
      default -> Optional.ofNullable(key(place(name), name));
    };
  }

  /**
   * Names an option at the begin of a message, together with the place that its value comes from.
   *
   * @param name the option
   * @return such as {@code option self (MAGPIE_SELF)}, or {@code option self} where the program
   *     itself set it, or the {@linkplain Builder#flag flag}
   */
  public String described(String name) {
    boolean here = place(name) <= BUILDER;
    String flag = flags.get(name);
    if (here && flag != null && place(name) != NOWHERE) {
      return flag;
    }
    return here ? "option " + name : "option " + name + " (" + origin(name).orElse("") + ")";
  }

  /**
   * Says how to set an option, for the advice of a message.
   *
   * @param name the option
   * @param value the value that is advised, or a word for it such as {@code FILE}
   * @return such as {@code -Dmagpie.peers.topology=FILE or MAGPIE_PEERS_TOPOLOGY=FILE}; with the
   *     {@linkplain Builder#flag flag} instead of the property where the program has one
   */
  public String howToSet(String name, String value) {
    String flag = flags.get(name);
    String first;
    if (flag == null) {
      first = "-Dmagpie.peers." + name + "=" + value;
    } else {
      first = value.equals("true") ? flag : flag + " " + value;
    }
    return first + " or MAGPIE_PEERS_" + variable(name) + "=" + value;
  }

  /**
   * Tells whether an option is set for the {@linkplain #peerSet peer set} that is meant, and not
   * for all.
   *
   * @param name the option
   * @return true if the value in force was set for this peer set
   */
  public boolean isOfPeerSet(String name) {
    return switch (place(name)) {
      case BUILDER_OF_PEER_SET, PROPERTY_OF_PEER_SET, LONG_OF_PEER_SET, SHORT_OF_PEER_SET -> true;
      default -> false;
    };
  }

  /** Returns the first place that says something; an option that is blank there is not set. */
  private int place(String name) {
    for (int place = BUILDER_OF_PEER_SET; place <= SHORT; place++) {
      String value = at(place, name);
      if (value != null && !value.isBlank()) {
        return place;
      }
    }
    return NOWHERE;
  }

  private @Nullable String at(int place, String name) {
    String key = key(place, name);
    if (key == null) {
      return null;
    }
    return switch (place) {
      case BUILDER_OF_PEER_SET, BUILDER -> options.get(key);
      case PROPERTY_OF_PEER_SET, PROPERTY -> environment.properties().get(key);
      default -> environment.variables().get(key);
    };
  }

  /** Returns under which name an option stands in a place; null if it cannot stand there. */
  private @Nullable String key(int place, String name) {
    String set = null;
    if (place == BUILDER_OF_PEER_SET
        || place == PROPERTY_OF_PEER_SET
        || place == LONG_OF_PEER_SET
        || place == SHORT_OF_PEER_SET) {
      // Which peer set is meant cannot depend on the peer set.
      set = name.equals(PEER_SET) ? null : option(PEER_SET).orElse(null);
      if (set == null) {
        return null;
      }
    }
    String full = set == null ? name : set + "." + name;
    return switch (place) {
      case BUILDER_OF_PEER_SET, BUILDER -> full;
      case PROPERTY_OF_PEER_SET, PROPERTY -> "magpie.peers." + full;
      case LONG_OF_PEER_SET, LONG -> "MAGPIE_PEERS_" + variable(full);
      default -> {
        String key = "MAGPIE_" + variable(full);
        // The peer set "peers" has no short form: that is the long form of the option for all.
        yield set != null && key.startsWith("MAGPIE_PEERS_") ? null : key;
      }
    };
  }

  private static String variable(String name) {
    StringBuilder variable = new StringBuilder(name.length());
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (c >= 'a' && c <= 'z') {
        variable.append((char) (c - 'a' + 'A'));
      } else {
        variable.append((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? c : '_');
      }
    }
    return variable.toString();
  }

  /** Whether the one option is set in an earlier place than the other, if that is set at all. */
  private boolean isBefore(String name, String other) {
    int place = place(name);
    int others = place(other);
    // The long and the short form of a variable are one place.
    return others == NOWHERE || (place <= PROPERTY ? place < others : place / 2 < others / 2);
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
    return option(PEER_SET);
  }

  /**
   * Returns the id of this node.
   *
   * @return the option {@code self}; empty where the option {@code observer} takes precedence
   * @throws ConfigurationException if it is no peer id
   */
  public Optional<PeerId> self() {
    Optional<String> value = option(SELF);
    if (value.isEmpty()
        || (option(OBSERVER).orElse("").equals("true") && isBefore(OBSERVER, SELF))) {
      return Optional.empty();
    }
    try {
      return Optional.of(PeerId.of(value.get()));
    } catch (IllegalArgumentException e) {
      throw new ConfigurationException(described(SELF) + ": " + e.getMessage(), e);
    }
  }

  /**
   * Tells whether to look from outside: every node is a peer, and nothing can be published.
   *
   * @return the option {@code observer}; false where the option {@code self} takes precedence
   * @throws ConfigurationException if it is neither {@code true} nor {@code false}
   */
  public boolean observer() {
    String value = option(OBSERVER).orElse("false");
    return switch (value) {
      case "true" -> option(SELF).isEmpty() || !isBefore(SELF, OBSERVER);
      case "false" -> false;
      default ->
          throw new ConfigurationException(
              described(OBSERVER) + ": expected true or false, found " + Quote.of(value));
    };
  }

  /**
   * Returns the directory for durable state: the option {@code state}, else {@code
   * $XDG_STATE_HOME/magpie-peers}, else {@code $HOME/.local/state/magpie-peers}.
   *
   * @return an absolute directory, which may not exist yet
   * @throws ConfigurationException if none of the three is set, or if the one that is set is no
   *     path in the locale of this process
   */
  public Path stateDirectory() {
    Optional<String> given = option("state");
    if (given.isPresent()) {
      return path(described("state"), given.get());
    }
    Optional<String> home = environment.variable("XDG_STATE_HOME");
    if (home.isPresent()) {
      Path directory = path("XDG_STATE_HOME", home.get());
      // The XDG base directory specification: a relative path is to be ignored.
      if (Path.of(home.get()).isAbsolute()) {
        return directory.resolve("magpie-peers");
      }
    }
    home = environment.variable("HOME");
    if (home.isPresent()) {
      return path("HOME", home.get()).resolve(".local").resolve("state").resolve("magpie-peers");
    }
    throw new ConfigurationException(
        "expected a directory for durable state, found neither the option state nor"
            + " XDG_STATE_HOME nor HOME; set "
            + howToSet("state", "DIR"));
  }

  private Path path(String described, String text) {
    try {
      return environment.workingDirectory().resolve(text);
    } catch (InvalidPathException e) {
      throw NativeText.noPath(environment, described, text, e);
    }
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
   * @return the loader; empty for the one that loaded the api and the thread's context loader
   */
  Optional<ClassLoader> classLoader() {
    return Optional.ofNullable(classLoader);
  }

  /** Collects options. Not thread-safe. */
  public static final class Builder {
    private final Map<String, String> options = new TreeMap<>();
    private final Map<String, String> flags = new TreeMap<>();
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
     * Sets an option for one peer set, where it takes precedence over the same option for all.
     *
     * @param peerSet the peer set, as {@link #peerSet} names it
     * @param name the option in lower case with hyphens
     * @param value its value; blank counts as not set
     * @return this builder
     */
    public Builder option(String peerSet, String name, String value) {
      return option(
          Objects.requireNonNull(peerSet, "peerSet") + "." + Objects.requireNonNull(name, "name"),
          value);
    }

    /**
     * Says how the command line of the program names an option, so that messages name it as the
     * user of that program knows it.
     *
     * @param name the option
     * @param flag the flag, such as {@code --topology}, that sets it; its value follows behind a
     *     blank, but a flag for {@code true} stands alone
     * @return this builder
     */
    public Builder flag(String name, String flag) {
      flags.put(Objects.requireNonNull(name, "name"), Objects.requireNonNull(flag, "flag"));
      return this;
    }

    /**
     * Chooses the backend; by default the only applicable one.
     *
     * @param name the name of the backend, such as {@code local}
     * @return this builder
     */
    public Builder backend(String name) {
      return option("backend", name);
    }

    /**
     * Chooses the peer set; by default the only one there is.
     *
     * @param name the name of the peer set; each backend says what that is
     * @return this builder
     */
    public Builder peerSet(String name) {
      return option(PEER_SET, name);
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
     * Sets the directory for durable state; the default is described at {@link
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
     * Sets the class loader to look backends up with; by default the one that loaded the api and
     * the context loader of the calling thread.
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
