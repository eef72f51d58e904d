/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.local;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import magpie.peers.ConfigurationException;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.PeersException;
import magpie.peers.PeersOptions;
import magpie.peers.host.FileState;
import magpie.peers.host.NativeText;
import magpie.peers.spi.PeerSource;
import magpie.peers.spi.Reading;
import magpie.peers.spi.StateStore;
import magpie.peers.text.Quote;
import magpie.peers.topology.Topology;
import org.jspecify.annotations.Nullable;

/**
 * A topology file, and what its nodes publish in its exchange directory.
 *
 * <p>The source belongs to one node for life: a file that now says that this machine is another
 * node cannot be used, since the notices of the one mean nothing to the other.
 */
final class LocalSource implements PeerSource {
  private static final Exchange.Content NOTHING = new Exchange.Content(Map.of(), List.of());

  private final Path path;
  private final String shown;
  private final Duration pollInterval;
  private final PeersOptions options;
  private final Host host;
  private final DirectoryWatch.Events events;
  private final TopologyFile file;

  /** Set where something may have changed that the attributes of files do not show. */
  private final AtomicBoolean doubt = new AtomicBoolean();

  private final Set<DirectoryWatch> watches = ConcurrentHashMap.newKeySet();
  private volatile @Nullable Exchange exchange;
  private volatile boolean closed;
  private @Nullable Last last;
  private @Nullable StateStore state;

  /** The last reading and what it was made of. */
  private record Last(Reading reading, TopologyFile.Content content, Exchange.Content published) {}

  LocalSource(
      Path path,
      String shown,
      Duration pollInterval,
      Duration settle,
      PeersOptions options,
      Host host,
      DirectoryWatch.Events events) {
    this.path = path.toAbsolutePath();
    this.shown = shown;
    this.pollInterval = pollInterval;
    this.options = options;
    this.host = host;
    this.events = events;
    this.file = new TopologyFile(path, shown, TopologyFile.QUIET, settle);
  }

  @Override
  public Reading read() {
    boolean doubted = doubt.getAndSet(false);
    try {
      return read(doubted);
    } catch (PeersException e) {
      if (doubted) {
        // What the failure kept from being looked at remains to be looked at.
        doubt.set(true);
      }
      throw e;
    }
  }

  private Reading read(boolean doubted) {
    TopologyFile.Content content = file.read(doubted);
    Topology topology = content.topology();
    Last before = last;
    // An edit of a comment makes equal content, and needs no new reading.
    if (before == null || !before.content.equals(content)) {
      Optional<PeerId> self = identify(topology);
      exchangeIn(topology);
      return remember(self, content, publishedBy(doubted));
    }
    Exchange.Content published = publishedBy(doubted);
    if (!before.published.equals(published)) {
      return remember(before.reading.selfId(), content, published);
    }
    last = new Last(before.reading, content, published);
    return before.reading;
  }

  private Exchange.Content publishedBy(boolean doubted) {
    Exchange known = exchange;
    return known == null ? NOTHING : known.read(doubted);
  }

  private Reading remember(
      Optional<PeerId> self, TopologyFile.Content content, Exchange.Content published) {
    Reading reading =
        Reading.of(
            shown,
            options.environment().clock().instant(),
            self,
            nodes(content.topology(), published),
            content.topology().networks(),
            warnings(content, published));
    last = new Last(reading, content, published);
    return reading;
  }

  private Optional<PeerId> identify(Topology topology) {
    Optional<String> wanted = options.peerSet();
    // A file that was given for this peer set and no other is the one that is meant.
    if (wanted.isPresent()
        && !wanted.get().equals(topology.name())
        && !options.isOfPeerSet("topology")) {
      throw new ConfigurationException(
          options.described("peer-set")
              + ": expected the topology of peer set "
              + Quote.of(wanted.get())
              + ", found "
              + Quote.of(topology.name())
              + " in "
              + Quote.of(shown)
              + "; choose its file with "
              + options.howToSet(wanted.get() + ".topology", "FILE")
              + ", or leave the option peer-set out");
    }
    Optional<PeerId> self = SelfFinder.find(topology, shown, options, host);
    if (last != null && !last.reading.selfId().equals(self)) {
      throw new ConfigurationException(
          "expected this machine to remain "
              + last.reading.selfId().map(PeerId::value).orElse("an observer")
              + ", found that "
              + Quote.of(shown)
              + " now makes it "
              + self.map(PeerId::value).orElse("an observer")
              + "; correct the file, or start the program again to go on as the other node");
    }
    return self;
  }

  private void exchangeIn(Topology topology) {
    Path directory = topology.exchange().map(this::beside).orElse(null);
    Exchange known = exchange;
    if (directory == null) {
      known = null;
    } else if (known == null || !known.directory().equals(directory)) {
      known = new Exchange(directory);
    }
    if (known != null) {
      known.expect(topology.entries());
    }
    exchange = known;
    // Before the directory is read, so that no change falls between reading and watching.
    watches.forEach(DirectoryWatch::register);
  }

  private Path beside(String written) {
    try {
      return path.resolveSibling(written);
    } catch (InvalidPathException e) {
      throw NativeText.noPath(options.environment(), "exchange in " + Quote.of(shown), written, e);
    }
  }

  private static List<PeerNode> nodes(Topology topology, Exchange.Content published) {
    List<PeerNode> nodes = new ArrayList<>(topology.entries().size());
    for (Topology.Entry entry : topology.entries()) {
      if (!entry.departed()) {
        Map<String, String> settings = published.settings().get(entry.node().id());
        nodes.add(settings == null ? entry.node() : overridden(entry.node(), settings));
      }
    }
    return nodes;
  }

  private static PeerNode overridden(PeerNode node, Map<String, String> settings) {
    PeerNode.Builder more =
        PeerNode.builder(node.id())
            .addresses(node.addresses())
            .labels(node.labels())
            .settings(node.settings())
            .suspect(node.suspect());
    settings.forEach(more::setting);
    node.address().ifPresent(address -> more.selected(address, node.rule()));
    return more.build();
  }

  private static List<String> warnings(TopologyFile.Content content, Exchange.Content published) {
    List<String> warnings = new ArrayList<>();
    content.warnings().forEach(problem -> warnings.add(problem.toString()));
    warnings.addAll(published.warnings());
    return warnings;
  }

  @Override
  public StateStore state() {
    StateStore store = state;
    if (store == null) {
      Last known = known();
      store =
          FileState.state(
              options
                  .stateDirectory()
                  .resolve(stateName(known.content.topology().name(), known.reading.selfId())),
              host);
      state = store;
    }
    return store;
  }

  /**
   * Names the state of one node of one topology. The path as it was given tells topologies apart,
   * not the file that it leads to, because that one is another after every swap of a symbolic link.
   */
  private String stateName(String peerSet, Optional<PeerId> self) {
    String identity = withoutDots(path) + self.map(id -> "\n" + id).orElse("");
    String digest =
        HexFormat.of()
            .formatHex(TrackedFile.sha256(identity.getBytes(StandardCharsets.UTF_8)), 0, 4);
    String who = self.map(PeerId::value).orElse("observer");
    return readable(peerSet) + "-" + digest + "-" + readable(who) + ".state";
  }

  /**
   * Leaves out {@code .} and {@code ..} as the system does: behind a link, what is above is not
   * what the path says. Other links stay, see {@link #stateName}.
   */
  private static Path withoutDots(Path given) {
    Path at = given.getRoot();
    for (Path name : given) {
      switch (name.toString()) {
        case "." -> {}
        case ".." -> at = above(at);
        default -> at = at.resolve(name);
      }
    }
    return at;
  }

  private static Path above(Path directory) {
    Path real = directory;
    try {
      real = Files.isSymbolicLink(directory) ? directory.toRealPath() : directory;
    } catch (IOException e) {
      // It leads nowhere now, and then no file is read by it.
    }
    return real.getParent() == null ? real : real.getParent();
  }

  private static String readable(String name) {
    String plain = name.replaceAll("[^A-Za-z0-9._-]", "-");
    return plain.substring(0, Math.min(60, plain.length()));
  }

  /** What the file says, or said last while it is broken: the own node does not change. */
  private Last known() {
    try {
      read();
    } catch (PeersException e) {
      if (last == null) {
        throw e;
      }
    }
    return Objects.requireNonNull(last, "last");
  }

  @Override
  public Map<String, String> published() {
    Optional<PeerId> self = known().reading.selfId();
    Exchange directory = exchange;
    return directory == null || self.isEmpty() ? Map.of() : directory.published(self.get());
  }

  @Override
  public void publish(Map<String, String> changes) {
    Objects.requireNonNull(changes, "changes");
    PeerId self =
        known()
            .reading
            .selfId()
            .orElseThrow(
                () ->
                    new ConfigurationException(
                        "expected a node of "
                            + Quote.of(shown)
                            + " to publish as, found an observer; leave "
                            + options.described("observer")
                            + " out, and name the node with "
                            + options.howToSet("self", "ID")));
    Exchange directory = exchange;
    if (directory == null) {
      throw new ConfigurationException(
          "expected an exchange directory in "
              + Quote.of(shown)
              + " to publish in, found none; add \"exchange: DIR\" with a directory that all nodes"
              + " share");
    }
    directory.publish(self, changes);
  }

  @Override
  public Watch watch(Runnable maybeChanged) {
    Objects.requireNonNull(maybeChanged, "maybeChanged");
    DirectoryWatch watch =
        DirectoryWatch.start(
            String.valueOf(path.getFileName()),
            this::spots,
            pollInterval,
            events,
            () -> {
              doubt.set(true);
              maybeChanged.run();
            });
    watches.add(watch);
    if (closed) {
      // It called at once, and was answered by the end of everything.
      watch.close();
    }
    return () -> {
      watches.remove(watch);
      watch.close();
    };
  }

  private Map<Path, Predicate<Path>> spots() {
    WatchPoints spots = new WatchPoints().leadingTo(path);
    Exchange known = exchange;
    if (known != null) {
      spots.within(known.directory(), name -> SettingsFile.isName(name.toString()));
    }
    return spots.byDirectory();
  }

  @Override
  public void close() {
    closed = true;
    watches.forEach(DirectoryWatch::close);
    watches.clear();
  }
}
