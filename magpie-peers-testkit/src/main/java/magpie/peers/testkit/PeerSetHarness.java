/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import magpie.peers.Cidr;
import magpie.peers.Network;
import magpie.peers.PeerId;
import magpie.peers.PeerView;
import magpie.peers.PeersException;
import magpie.peers.spi.PeerSource;

/**
 * One peer set of the backend under test, and the hands to change it: what {@link PeerViewContract}
 * needs to examine a backend.
 *
 * <p>A harness starts with no peers, no notices and nothing published. It is used by one thread.
 * What it cannot do it says by leaving out a {@linkplain #capabilities() capability}; the tests
 * that need it are then skipped with {@linkplain #lacks the reason}, and no other test is weakened.
 */
public interface PeerSetHarness extends AutoCloseable {

  /** The networks that a harness with {@link Capability#NETWORKS_BY_NAME} declares. */
  List<Network> NETWORKS =
      List.of(
          new Network("oam", List.of(Cidr.parse("192.0.2.0/24"), Cidr.parse("2001:db8:a::/64"))),
          new Network("storage", List.of(Cidr.parse("198.51.100.0/24"))));

  /** What a backend may or may not be able to do, apart from what every backend must. */
  enum Capability {
    /**
     * A change reaches a view that is already open, and its listeners; without it, each change
     * waits for a new view.
     */
    LIVE,
    /** The source can be broken and healed before a view first reads it. */
    BREAKABLE,
    /** Breaking and healing reaches a view that is already open. */
    STALE_SOURCE,
    /** The node itself can publish. */
    PUBLISH,
    /** Peers have settings: any text with any key of ASCII letters and hyphens. */
    SETTINGS,
    /** Peers have labels. */
    LABELS,
    /** A peer may have several addresses, in the order in which they are given. */
    MANY_ADDRESSES,
    /** An address may be a host name. */
    HOST_NAMES,
    /** An address may be any text, as hook tools and other machines hand it over. */
    RAW_ADDRESSES,
    /** The source declares the {@link PeerSetHarness#NETWORKS}. */
    NETWORKS_BY_NAME,
    /** The source can doubt one of its own peers. */
    SUSPECTS,
    /** Two of the source's own sources can name one id. */
    MERGED_IDS,
    /** Several views of the node may be open at once. */
    CONCURRENT_VIEWS,
    /** The source reads peers one by one, and the harness sees which. */
    LAZY_READS
  }

  /** How a source can be broken; a backend must not take any of it for a set without peers. */
  enum Breakage {
    /** It is not there: a file that was deleted, a relation that was removed. */
    GONE,
    /** It is there and cannot be read: no permission, a directory in place of a file, no answer. */
    UNREADABLE,
    /** It can be read and makes no sense. */
    RUBBISH
  }

  /**
   * A peer as the harness is to make it.
   *
   * @param id the id, one of {@link PeerSetHarness#id}
   * @param addresses the addresses, best first: one, or more with {@link Capability#MANY_ADDRESSES}
   * @param settings the settings; none without {@link Capability#SETTINGS}
   * @param labels the labels; none without {@link Capability#LABELS}
   */
  record Peer(
      PeerId id, List<String> addresses, Map<String, String> settings, Map<String, String> labels) {

    /**
     * Copies the collections.
     *
     * @param id the id
     * @param addresses the addresses, best first
     * @param settings the settings
     * @param labels the labels
     */
    public Peer {
      Objects.requireNonNull(id, "id");
      addresses = List.copyOf(addresses);
      settings = Map.copyOf(settings);
      labels = Map.copyOf(labels);
    }
  }

  /**
   * Returns what the backend under test can do.
   *
   * @return the capabilities
   */
  Set<Capability> capabilities();

  /**
   * Says why the backend lacks a capability.
   *
   * @param missing one that is not among {@link #capabilities()}
   * @return the reason, which the report shows with every test that is skipped for it
   */
  String lacks(Capability missing);

  /**
   * Returns the id of the node itself, for 0, and of its peers.
   *
   * @param number 0 to 1000
   * @return ids of which a larger number comes later; by default {@code magpie/0}, {@code magpie/1}
   *     and so on
   */
  default PeerId id(int number) {
    return PeerId.of("magpie/" + number);
  }

  /**
   * Opens a view for node {@code id(0)}, as a new process with the durable state of those before.
   *
   * @return the view; the contract closes it
   */
  PeerView open();

  /**
   * Opens a source as the views of node {@code id(0)} have it ({@link Capability#LIVE}). The
   * contract looks at it for what no view shows: whether a watch calls after it was closed.
   *
   * @return a source of its own, which the contract closes; none by default, which skips that test
   */
  default Optional<PeerSource> source() {
    return Optional.empty();
  }

  /**
   * Returns what a failure of the backend's own kind holds for programs; its message must tell each
   * of them (F1).
   *
   * @param failure a failure of a class that the api does not have
   * @return texts, at least one; by default the word that every message begins with
   */
  default List<String> data(PeersException failure) {
    return List.of("expected");
  }

  /**
   * Ends a process well: closes its view, and commits where the backend has units of work.
   *
   * @param view a view of {@link #open()}
   */
  default void finish(PeerView view) {
    view.close();
  }

  /**
   * Ends a process as kill -9 does. By default nothing happens, which is what such a process does;
   * the contract closes the view when the test is over.
   *
   * @param view a view of {@link #open()}
   */
  default void crash(PeerView view) {}

  /**
   * Adds a peer, or changes it to be as given and nothing else.
   *
   * @param peer the peer
   */
  void put(Peer peer);

  /**
   * Removes a peer as it departs in this backend.
   *
   * @param id a peer that is present
   */
  void remove(PeerId id);

  /**
   * Returns the ways in which the harness can break its source; the contract tries each.
   *
   * @return the ways, in the order in which they are tried; by default {@link Breakage#UNREADABLE},
   *     for a harness that has one way
   */
  default Set<Breakage> breakages() {
    return Set.of(Breakage.UNREADABLE);
  }

  /**
   * Breaks the source in a certain way, so that reading it fails ({@link Capability#BREAKABLE}).
   * One that is broken already is then broken in this way.
   *
   * @param kind one of {@link #breakages()}
   */
  default void breakSource(Breakage kind) {
    breakSource();
  }

  /** Breaks the source, where there is one way to do it ({@link Capability#BREAKABLE}). */
  default void breakSource() {
    throw new UnsupportedOperationException("this harness cannot break its source");
  }

  /** Heals the source, with the peers that it had or was given since. */
  default void healSource() {
    throw new UnsupportedOperationException("this harness cannot heal its source");
  }

  /**
   * Lets the source doubt a peer ({@link Capability#SUSPECTS}).
   *
   * @param id a peer that is present
   */
  default void doubt(PeerId id) {
    throw new UnsupportedOperationException("this harness cannot doubt a peer");
  }

  /**
   * Lets a second source name a peer that is present ({@link Capability#MERGED_IDS}).
   *
   * @param peer what the second source says of it
   */
  default void nameTwice(Peer peer) {
    throw new UnsupportedOperationException("this harness has one source for each id");
  }

  /**
   * Returns what the peers of node {@code id(0)} see of its settings ({@link Capability#PUBLISH}),
   * as of the process that {@linkplain #finish finished} last.
   *
   * @return the settings
   */
  default Map<String, String> seenByPeers() {
    throw new UnsupportedOperationException("this harness cannot publish");
  }

  /**
   * Returns the peers that were read since the last call ({@link Capability#LAZY_READS}).
   *
   * @return the ids of which more than the id was asked
   */
  default Set<PeerId> peersRead() {
    throw new UnsupportedOperationException("this harness does not see which peers are read");
  }

  /**
   * Tells whether a thread belongs to a pool that a library keeps for the whole process, and that
   * this harness uses as its views do. Such a thread may outlive a view (F2).
   *
   * @param thread a thread that was not there before a view was opened
   * @return whether it is no fault that it is still there; by default it always is one
   */
  default boolean isShared(Thread thread) {
    return false;
  }

  /**
   * Returns what tells a write: a value that differs after every write, to the durable state or to
   * what is published, and stays equal without one.
   *
   * @return the value, such as a count or {@link #fingerprint}
   */
  Object writes();

  /**
   * Returns a value for {@link #writes()} that tells every write to the files of a directory, even
   * of the same bytes.
   *
   * @param directory the directory; it need not exist
   * @return name, identity, size and time of each file in it
   */
  static Object fingerprint(Path directory) {
    Map<String, String> files = new TreeMap<>();
    if (Files.exists(directory)) {
      try (Stream<Path> all = Files.walk(directory)) {
        for (Path file : (Iterable<Path>) all::iterator) {
          BasicFileAttributes seen = Files.readAttributes(file, BasicFileAttributes.class);
          if (seen.isRegularFile()) {
            files.put(
                file.toString(),
                seen.fileKey() + " " + seen.size() + " " + seen.lastModifiedTime());
          }
        }
      } catch (NoSuchFileException e) {
        // Replaced while it was looked at: certainly a write, so any new value will do.
        files.put(String.valueOf(e.getFile()), "replaced at " + System.nanoTime());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return files;
  }

  /** Releases everything that the harness itself holds, after the views were closed. */
  @Override
  default void close() {}
}
