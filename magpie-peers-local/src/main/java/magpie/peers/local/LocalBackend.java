/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.local;

import java.nio.file.FileSystems;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import magpie.peers.ConfigurationException;
import magpie.peers.PeersOptions;
import magpie.peers.SourceUnavailableException;
import magpie.peers.host.NativeText;
import magpie.peers.spi.PeerBackend;
import magpie.peers.spi.PeerSource;
import magpie.peers.text.Quote;

/** The backend {@code local}; public because {@link java.util.ServiceLoader} makes it. */
public final class LocalBackend implements PeerBackend {
  private static final Duration POLL_INTERVAL = Duration.ofSeconds(2);
  private static final Duration SHORTEST = Duration.ofMillis(10);
  private static final Duration LONGEST = Duration.ofDays(1);
  private static final Duration SETTLE = Duration.ofMillis(200);
  private static final Duration LONGEST_SETTLE = Duration.ofSeconds(10);

  /** Does nothing, as providers do. */
  public LocalBackend() {}

  @Override
  public String name() {
    return "local";
  }

  @Override
  public Optional<String> whyNot(PeersOptions options) {
    return options.option("topology").isPresent()
        ? Optional.empty()
        : Optional.of(
            "no topology file is given; name one with " + options.howToSet("topology", "FILE"));
  }

  @Override
  public PeerSource open(PeersOptions options) {
    Objects.requireNonNull(options, "options");
    String shown =
        options
            .option("topology")
            .orElseThrow(
                () ->
                    new ConfigurationException(
                        "expected a topology file for the backend local, found none; name one with "
                            + options.howToSet("topology", "FILE")));
    LocalSource source =
        new LocalSource(
            topologyFile(options, shown),
            shown,
            millis(options, "poll-interval-ms", POLL_INTERVAL, SHORTEST, LONGEST),
            millis(options, "settle-ms", SETTLE, Duration.ZERO, LONGEST_SETTLE),
            options,
            new LocalHost(),
            () -> FileSystems.getDefault().newWatchService());
    // A file that is missing or wrong, or that does not list this machine, is reported now.
    try {
      source.read();
    } catch (SourceUnavailableException e) {
      throw named(e, options, shown);
    }
    return source;
  }

  /** Where a file cannot be read and the environment names it, the user has to know that. */
  private static SourceUnavailableException named(
      SourceUnavailableException e, PeersOptions options, String shown) {
    Optional<String> from =
        options
            .origin("topology")
            .filter(origin -> origin.startsWith("-D") || origin.startsWith("MAGPIE_"));
    return from.isEmpty() || !e.origin().equals(topologyFile(options, shown).toString())
        ? e
        : new SourceUnavailableException(
            e.origin(), e.getMessage() + "; its name comes from " + from.get(), e);
  }

  private static Path topologyFile(PeersOptions options, String shown) {
    try {
      return options.environment().workingDirectory().resolve(shown);
    } catch (InvalidPathException e) {
      throw NativeText.noPath(options.environment(), options.described("topology"), shown, e);
    }
  }

  private static Duration millis(
      PeersOptions options, String name, Duration usual, Duration least, Duration most) {
    Optional<String> given = options.option(name);
    if (given.isEmpty()) {
      return usual;
    }
    try {
      Duration time = Duration.ofMillis(Long.parseLong(given.get()));
      if (time.compareTo(least) >= 0 && time.compareTo(most) <= 0) {
        return time;
      }
    } catch (NumberFormatException e) {
      // Reported below, like a number out of range.
    }
    throw new ConfigurationException(
        options.described(name)
            + ": expected a whole number of milliseconds from "
            + least.toMillis()
            + " to "
            + most.toMillis()
            + ", found "
            + Quote.of(given.get()));
  }
}
