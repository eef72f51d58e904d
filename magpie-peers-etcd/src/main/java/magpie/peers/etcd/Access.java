/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.etcd;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import magpie.peers.ConfigurationException;
import magpie.peers.PeersOptions;
import magpie.peers.host.NativeText;
import magpie.peers.host.RegularFile;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;

/**
 * How to reach a cluster, as the options say it.
 *
 * @param endpoints the servers, each as {@code HOST:PORT}
 * @param tls whether to speak TLS
 * @param ca the certificates to trust; those of the JDK if null
 * @param certificate the certificate of this client, with its key, or null
 * @param key the key of the certificate, or null
 * @param user the user, with a password, or null
 * @param password the password of the user, or null
 * @param timeout how long a call may take, over all endpoints
 * @param howToSet how to name other endpoints, for messages
 */
record Access(
    List<String> endpoints,
    boolean tls,
    @Nullable Path ca,
    @Nullable Path certificate,
    @Nullable Path key,
    @Nullable String user,
    @Nullable String password,
    Duration timeout,
    String howToSet) {
  private static final int PORT = 2379;
  private static final int LONGEST_PASSWORD = 4096;

  /** Reads the options. */
  static Access of(PeersOptions options) {
    List<String> endpoints = new ArrayList<>();
    boolean secure = false;
    boolean plain = false;
    String given =
        options
            .option("etcd")
            .orElseThrow(
                () ->
                    new ConfigurationException(
                        "expected endpoints for the backend etcd, found none; name them with "
                            + options.howToSet("etcd", "HOST:PORT,...")));
    for (String each : given.split(",", -1)) {
      String endpoint = each.strip();
      secure |= endpoint.startsWith("https://");
      plain |= endpoint.startsWith("http://");
      endpoints.add(
          endpoint(options, endpoint.replaceFirst("^https?://", "").replaceFirst("/$", "")));
    }
    Path ca = file(options, "etcd-ca");
    Path certificate = file(options, "etcd-cert");
    Path key = file(options, "etcd-key");
    if ((certificate == null) != (key == null)) {
      throw incomplete(options, "etcd-cert", "etcd-key", certificate == null);
    }
    if (plain && (secure || ca != null || certificate != null)) {
      throw new ConfigurationException(
          options.described("etcd")
              + ": expected https:// for every endpoint, since TLS is asked for, found "
              + Quote.of(given));
    }
    String user = options.option("etcd-user").orElse(null);
    Path passwordFile = file(options, "etcd-password-file");
    if ((user == null) != (passwordFile == null)) {
      throw incomplete(options, "etcd-user", "etcd-password-file", user == null);
    }
    return new Access(
        List.copyOf(endpoints),
        secure || ca != null || certificate != null,
        ca,
        certificate,
        key,
        user,
        passwordFile == null ? null : password(options, passwordFile),
        seconds(options, "etcd-timeout", 5, 1, 60),
        options.howToSet("etcd", "HOST:PORT,..."));
  }

  /** For how long a node is alive after its last sign of life. */
  static Duration ttl(PeersOptions options) {
    return seconds(options, "etcd-ttl", 30, 2, 3600);
  }

  /** Where the keys of the peer set are: all of them begin with this. */
  static String prefix(PeersOptions options) {
    String prefix = options.option("etcd-prefix").orElse("/magpie/v1");
    if (prefix.endsWith("/")) {
      throw new ConfigurationException(
          options.described("etcd-prefix")
              + ": expected a prefix without a slash at its end, found "
              + Quote.of(prefix));
    }
    String set =
        options
            .peerSet()
            .orElseThrow(
                () ->
                    new ConfigurationException(
                        "expected the name of a peer set for the backend etcd, found none; set "
                            + options.howToSet("peer-set", "NAME")));
    if (!set.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,252}")) {
      throw new ConfigurationException(
          options.described("peer-set")
              + ": expected 1 to 253 ASCII letters, digits, '.', '-' and '_', beginning with a letter"
              + " or digit, found "
              + Quote.of(set));
    }
    return prefix + "/" + set + "/";
  }

  /** The endpoints, in the words of messages. */
  String shown() {
    return String.join(",", endpoints);
  }

  private static String endpoint(PeersOptions options, String text) {
    int colon = text.lastIndexOf(':');
    boolean bare = colon < 0 || text.endsWith("]");
    String host = bare ? text : text.substring(0, colon);
    boolean six = host.startsWith("[") && host.endsWith("]");
    if (host.isEmpty()
        || (!six && host.contains(":"))
        || !(six ? host.substring(1, host.length() - 1) : host).matches("[A-Za-z0-9._:-]+")) {
      throw noEndpoint(options, text);
    }
    if (bare) {
      return host + ":" + PORT;
    }
    try {
      int port = Integer.parseInt(text.substring(colon + 1));
      if (port > 0 && port < 65536) {
        return host + ":" + port;
      }
    } catch (NumberFormatException e) {
      // Told below, like a number out of range.
    }
    throw noEndpoint(options, text);
  }

  private static ConfigurationException noEndpoint(PeersOptions options, String text) {
    return new ConfigurationException(
        options.described("etcd")
            + ": expected endpoints such as \"192.0.2.1:2379,[2001:db8::2]:2379\", found "
            + Quote.of(text));
  }

  private static ConfigurationException incomplete(
      PeersOptions options, String first, String second, boolean firstIsMissing) {
    String there = firstIsMissing ? second : first;
    String missing = firstIsMissing ? first : second;
    return new ConfigurationException(
        options.described(there)
            + ": expected the option "
            + missing
            + " with it, found none; set "
            + options.howToSet(missing, missing.equals("etcd-user") ? "NAME" : "FILE"));
  }

  private static @Nullable Path file(PeersOptions options, String name) {
    Optional<String> given = options.option(name);
    if (given.isEmpty()) {
      return null;
    }
    try {
      return options.environment().workingDirectory().resolve(given.get());
    } catch (InvalidPathException e) {
      throw NativeText.noPath(options.environment(), options.described(name), given.get(), e);
    }
  }

  private static String password(PeersOptions options, Path file) {
    try {
      String text = new String(RegularFile.read(file, LONGEST_PASSWORD), StandardCharsets.UTF_8);
      String password = text.lines().findFirst().orElse("");
      if (!password.isEmpty()) {
        return password;
      }
    } catch (IOException e) {
      throw new ConfigurationException(
          options.described("etcd-password-file")
              + ": expected a file with the password in its first line, found that "
              + Quote.of(file.toString())
              + " cannot be read ("
              + e
              + ")",
          e);
    }
    throw new ConfigurationException(
        options.described("etcd-password-file")
            + ": expected the password in the first line, found none in "
            + Quote.of(file.toString()));
  }

  private static Duration seconds(
      PeersOptions options, String name, int usual, int least, int most) {
    Optional<String> given = options.option(name);
    if (given.isEmpty()) {
      return Duration.ofSeconds(usual);
    }
    try {
      int seconds = Integer.parseInt(given.get());
      if (seconds >= least && seconds <= most) {
        return Duration.ofSeconds(seconds);
      }
    } catch (NumberFormatException e) {
      // Told below, like a number out of range.
    }
    throw new ConfigurationException(
        options.described(name)
            + ": expected a whole number of seconds from "
            + least
            + " to "
            + most
            + ", found "
            + Quote.of(given.get()));
  }

  /** Without the password. */
  @Override
  public String toString() {
    return shown();
  }
}
