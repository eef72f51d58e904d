/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import magpie.peers.spi.PeerBackend;
import magpie.peers.spi.PeerSource;
import magpie.peers.text.Quote;

/**
 * The entrance: finds the backends and opens a {@link PeerView}.
 *
 * <p>Backends are whatever {@link ServiceLoader} finds: add {@code magpie-peers-juju} or {@code
 * magpie-peers-local} to the class path or module path, and nothing in the program changes. The
 * only applicable one is taken, or the one that is named: by {@link PeersOptions.Builder#backend},
 * by {@code -Dmagpie.peers.backend=NAME}, or by {@code MAGPIE_PEERS_BACKEND}. A backend that is
 * broken is named in messages and does not hide the others.
 */
public final class Peers {
  private static final String GROUP = "io.github.magpiepeers";

  /** The backends of this project: what to add when one is not found is known. */
  private static final List<String> OURS = List.of("etcd", "juju", "local");

  private static final String SERVICES = "META-INF/services/magpie.peers.spi.PeerBackend";

  private Peers() {}

  /**
   * Opens the peers of this process, as its environment says.
   *
   * @return a view, which the caller closes
   * @throws ConfigurationException if no backend, or more than one, can serve
   * @throws PeersException if the backend cannot be opened
   */
  public static PeerView open() {
    return open(PeersOptions.builder().build());
  }

  /**
   * Opens the peers that the options describe.
   *
   * @param options what to open
   * @return a view, which the caller closes
   * @throws ConfigurationException if no backend, or more than one, can serve, or if the one that
   *     was named does not exist
   * @throws PeersException if the backend cannot be opened
   */
  public static PeerView open(PeersOptions options) {
    Objects.requireNonNull(options, "options");
    return begin(Found.by(options).choose(options), options);
  }

  /**
   * Opens the peers of this process with a backend that the caller chose, without looking for
   * others, as {@link #open(PeerBackend, PeersOptions)} does without options.
   *
   * @param backend the backend
   * @return a view, which the caller closes
   * @throws PeersException if the backend cannot be opened
   */
  public static PeerView open(PeerBackend backend) {
    return open(backend, PeersOptions.builder().build());
  }

  /**
   * Opens the peers with a backend that the caller chose, without looking for others.
   *
   * <p>For programs that have one backend and will have no other, such as a charm: looking for
   * backends opens every jar of the class path, which a short-lived program pays each time
   * (docs/performance.md).
   *
   * @param backend the backend
   * @param options what to open; the option {@code backend} is not asked
   * @return a view, which the caller closes
   * @throws ConfigurationException if the backend does not apply
   * @throws PeersException if the backend cannot be opened
   */
  public static PeerView open(PeerBackend backend, PeersOptions options) {
    Objects.requireNonNull(backend, "backend");
    Objects.requireNonNull(options, "options");
    Optional<String> reason;
    try {
      reason = backend.whyNot(options);
    } catch (RuntimeException | LinkageError e) {
      throw CheckedSource.failure(backend.name(), options.environment(), e);
    }
    if (reason.isPresent()) {
      throw new ConfigurationException(
          "expected the backend "
              + backend.name()
              + " to apply, found that it does not: "
              + reason.get());
    }
    return begin(backend, options);
  }

  private static PeerView begin(PeerBackend backend, PeersOptions options) {
    PeerSource source;
    try {
      source = Objects.requireNonNull(backend.open(options), "a source");
    } catch (RuntimeException | LinkageError e) {
      throw CheckedSource.failure(backend.name(), options.environment(), e);
    }
    return open(backend.name(), source, options.environment());
  }

  /**
   * Puts a view on a source that the caller made, for tests and for backends in the making.
   *
   * @param name what the view calls its backend
   * @param source the source, which the view closes
   * @param environment what the process was given
   * @return a view, which the caller closes
   */
  public static PeerView open(String name, PeerSource source, Environment environment) {
    return new SourcedView(
        Objects.requireNonNull(name, "name"),
        Objects.requireNonNull(source, "source"),
        Objects.requireNonNull(environment, "environment"));
  }

  /** The backends there are, by name, and what is broken among them. */
  private static final class Found {
    private static final int MOST_FAILURES = 20;

    private final List<ClassLoader> loaders = new ArrayList<>();
    private final Map<String, PeerBackend> backends = new LinkedHashMap<>();
    private final List<String> broken = new ArrayList<>();

    static Found by(PeersOptions options) {
      Found found = new Found();
      ClassLoader loader = options.classLoader().orElse(Peers.class.getClassLoader());
      found.load(loader);
      ClassLoader context = Thread.currentThread().getContextClassLoader();
      // Both, because in a container the api may be shared and a backend belong to an application.
      if (options.classLoader().isEmpty() && context != null && !context.equals(loader)) {
        found.load(context);
      }
      return found;
    }

    private void load(ClassLoader loader) {
      loaders.add(loader);
      Iterator<PeerBackend> providers = ServiceLoader.load(PeerBackend.class, loader).iterator();
      // Some failures leave the iterator where it was, so it is not asked for ever.
      for (int failures = 0; failures < MOST_FAILURES; ) {
        try {
          if (!providers.hasNext()) {
            return;
          }
          add(providers.next());
        } catch (ServiceConfigurationError | LinkageError e) {
          failures++;
          String reason = MissingLibrary.reason(e);
          // Both loaders may lead to the same provider.
          if (!broken.contains(reason)) {
            broken.add(reason);
          }
        }
      }
    }

    private void add(PeerBackend backend) {
      String name;
      try {
        name = Objects.requireNonNull(backend.name(), "name");
      } catch (RuntimeException | LinkageError e) {
        broken.add(backend.getClass().getName() + ": " + MissingLibrary.reason(e));
        return;
      }
      if (!isName(name)) {
        broken.add(
            backend.getClass().getName()
                + ": expected a name of lower-case letters, digits and hyphens, found "
                + Quote.of(name));
        return;
      }
      PeerBackend other = backends.putIfAbsent(name, backend);
      // By name, because two loaders may each have a copy of one class.
      if (other != null && !other.getClass().getName().equals(backend.getClass().getName())) {
        throw new ConfigurationException(
            "expected one backend named "
                + Quote.of(name)
                + ", found "
                + other.getClass().getName()
                + " and "
                + backend.getClass().getName()
                + "; remove one of them from the class path");
      }
    }

    /** Said without a regular expression, which would cost every hook 25 classes. */
    private static boolean isName(String text) {
      for (int i = 0; i < text.length(); i++) {
        char c = text.charAt(i);
        boolean alphanumeric = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!alphanumeric && (c != '-' || i == 0 || i == text.length() - 1)) {
          return false;
        }
      }
      return !text.isEmpty();
    }

    PeerBackend choose(PeersOptions options) {
      Optional<String> named = options.backend();
      if (named.isPresent()) {
        PeerBackend backend = backends.get(named.get());
        if (backend == null) {
          throw new ConfigurationException(
              options.described("backend")
                  + ": expected the name of a backend, found "
                  + Quote.of(named.get())
                  + ", which none has"
                  + listing()
                  + "\n"
                  + remedy(named.get()));
        }
        return backend;
      }
      Map<String, String> reasons = new LinkedHashMap<>();
      List<PeerBackend> applicable = new ArrayList<>();
      for (PeerBackend backend : backends.values()) {
        try {
          Optional<String> reason = backend.whyNot(options);
          if (reason.isPresent()) {
            reasons.put(backend.name(), reason.get());
          } else {
            applicable.add(backend);
          }
        } catch (RuntimeException | LinkageError e) {
          broken.add(backend.getClass().getName() + ": " + MissingLibrary.reason(e));
        }
      }
      if (applicable.size() == 1) {
        return applicable.get(0);
      }
      if (applicable.isEmpty()) {
        StringBuilder message = new StringBuilder("expected a backend that applies, found none");
        reasons.forEach(
            (name, reason) ->
                message.append("\n  ").append(name).append(" does not apply: ").append(reason));
        broken.forEach(reason -> message.append("\n  broken: ").append(reason));
        if (!backends.containsKey("juju")) {
          message.append("\n  inside a Juju hook ").append(remedy("juju"));
        }
        if (!backends.containsKey("local")) {
          message.append("\n  on a bench ").append(remedy("local"));
        }
        if (!backends.containsKey("etcd") && options.option("etcd").isPresent()) {
          message.append("\n  for ").append(options.described("etcd")).append(' ');
          message.append(remedy("etcd"));
        }
        throw new ConfigurationException(message.toString());
      }
      List<String> names = applicable.stream().map(PeerBackend::name).sorted().toList();
      throw new ConfigurationException(
          "expected one backend that applies, found "
              + String.join(" and ", names)
              + "; choose one with "
              + options.howToSet("backend", names.get(0)));
    }

    /** What to do about a backend that was not found. */
    private String remedy(String name) {
      if (!OURS.contains(name)) {
        return "add the artifact that has it, for instance "
            + GROUP
            + ":magpie-peers-juju or "
            + GROUP
            + ":magpie-peers-local; in a jar that was made of several, see that "
            + SERVICES
            + " has the lines of all of them";
      }
      String type =
          "magpie.peers."
              + name
              + "."
              + Character.toUpperCase(name.charAt(0))
              + name.substring(1)
              + "Backend";
      for (ClassLoader loader : loaders) {
        if (loader.getResource(type.replace('.', '/') + ".class") != null) {
          return "add the line "
              + type
              + " to "
              + SERVICES
              + ": the class is there, and no such file names it, as happens where a jar is made of"
              + " several and keeps the file of one"
              + " (maven-shade-plugin: use the ServicesResourceTransformer)";
        }
      }
      return "add " + GROUP + ":magpie-peers-" + name;
    }

    private String listing() {
      StringBuilder text = new StringBuilder();
      backends.forEach(
          (name, backend) ->
              text.append("\n  ")
                  .append(name)
                  .append(" (")
                  .append(backend.getClass().getName())
                  .append(')'));
      broken.forEach(reason -> text.append("\n  broken: ").append(reason));
      return text.toString();
    }
  }
}
