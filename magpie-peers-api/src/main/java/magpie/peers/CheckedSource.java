/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import java.nio.file.InvalidPathException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import magpie.peers.host.NativeText;
import magpie.peers.spi.PeerSource;
import magpie.peers.spi.Reading;
import magpie.peers.spi.StateStore;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;

/**
 * The border between the view and a backend: every failure that crosses it is one of ours (F1).
 *
 * <p>What a source throws besides is a fault of its backend, and so is what it leaves out. The
 * message says so, and a live view goes on with what it had (E2).
 */
final class CheckedSource {
  private final String backend;
  private final PeerSource source;
  private final Environment environment;
  private @Nullable Reading checked;

  CheckedSource(String backend, PeerSource source, Environment environment) {
    this.backend = backend;
    this.source = source;
    this.environment = environment;
  }

  PeersException failure(Throwable e) {
    return failure(backend, environment, e);
  }

  /** Returns a failure of a backend as one of ours. */
  static PeersException failure(String backend, Environment environment, Throwable e) {
    if (e instanceof PeersException ours) {
      return ours;
    }
    if (e instanceof LinkageError missing) {
      return MissingLibrary.of(backend, missing);
    }
    if (e instanceof InvalidPathException path) {
      return NativeText.noPath(environment, "backend " + backend, path.getInput(), path);
    }
    return new SourceUnavailableException("backend " + backend, fault(backend, e), e);
  }

  /** Returns a failure of the state as one of ours. */
  PeersException stateFailure(String origin, Throwable e) {
    return e instanceof PeersException || e instanceof LinkageError
        ? failure(e)
        : new StateException(origin, "state in " + Quote.of(origin) + ": " + fault(backend, e), e);
  }

  private static String fault(String backend, Throwable e) {
    return "expected the backend "
        + backend
        + " to answer or to say what is wrong, found "
        + e
        + "; this is a fault of the backend, report it with the stack trace of this exception";
  }

  /** What was refused because of what the caller wants, and not because of the source. */
  private RuntimeException refusal(Throwable e) {
    if (e instanceof RuntimeException refused
        && (refused.getClass() == UnsupportedOperationException.class
            || refused.getClass() == IllegalArgumentException.class)) {
      return refused;
    }
    return failure(e);
  }

  Reading read() {
    return read(false);
  }

  @SuppressWarnings("ReferenceEquality") // readings do not change
  Reading read(boolean forListeners) {
    try {
      Reading now =
          Objects.requireNonNull(
              forListeners ? source.readForListeners() : source.read(), "a reading");
      if (now != checked) {
        Objects.requireNonNull(now.selfId(), "the self of a reading");
        Objects.requireNonNull(now.origin(), "the origin of a reading");
        Objects.requireNonNull(now.readAt(), "the time of a reading");
        Objects.requireNonNull(now.networks(), "the networks of a reading");
        checked = now;
      }
      return now;
    } catch (RuntimeException | LinkageError e) {
      throw failure(e);
    }
  }

  /** The ids of a reading in their order, in a list of the caller's own. */
  List<PeerId> ids(Reading reading) {
    try {
      List<PeerId> ids = new ArrayList<>(reading.ids());
      Collections.sort(ids);
      return ids;
    } catch (RuntimeException | LinkageError e) {
      throw failure(e);
    }
  }

  /** What a reading says of some nodes, in a list of the caller's own. */
  List<PeerNode> nodes(Reading reading, Collection<PeerId> ids) {
    try {
      List<PeerNode> nodes = new ArrayList<>(reading.nodes(ids));
      for (PeerNode node : nodes) {
        Objects.requireNonNull(node, "a node");
      }
      return nodes;
    } catch (RuntimeException | LinkageError e) {
      throw failure(e);
    }
  }

  List<String> warnings(Reading reading) {
    try {
      return new ArrayList<>(reading.warnings());
    } catch (RuntimeException | LinkageError e) {
      throw failure(e);
    }
  }

  StateStore state() {
    try {
      return Objects.requireNonNull(source.state(), "a place for state");
    } catch (RuntimeException | LinkageError e) {
      throw failure(e);
    }
  }

  /** The place for state, of which the text is asked for soon. */
  StateStore prefetchedState() {
    StateStore store = state();
    try {
      store.prefetch();
      return store;
    } catch (RuntimeException | LinkageError e) {
      throw failure(e);
    }
  }

  boolean remembersDeparted() {
    try {
      return source.remembersDeparted();
    } catch (RuntimeException | LinkageError e) {
      throw failure(e);
    }
  }

  Map<String, String> published() {
    try {
      return TextMap.copyOf(source.published());
    } catch (RuntimeException | LinkageError e) {
      throw failure(e);
    }
  }

  Map<String, String> unpublished(Map<String, String> wanted) {
    try {
      return TextMap.copyOf(source.unpublished(wanted));
    } catch (RuntimeException | LinkageError e) {
      throw refusal(e);
    }
  }

  void publish(Map<String, String> changes) {
    try {
      source.publish(changes);
    } catch (RuntimeException | LinkageError e) {
      throw refusal(e);
    }
  }

  Optional<Network> network(String name) {
    try {
      return Objects.requireNonNull(source.network(name), "a network or none");
    } catch (RuntimeException | LinkageError e) {
      throw failure(e);
    }
  }

  PeerSource.Watch watch(Runnable maybeChanged) {
    try {
      return Objects.requireNonNull(source.watch(maybeChanged), "a watch");
    } catch (RuntimeException | LinkageError e) {
      throw failure(e);
    }
  }

  void end(PeerSource.Watch watch) {
    try {
      watch.close();
    } catch (RuntimeException | LinkageError e) {
      throw failure(e);
    }
  }

  <T> Optional<T> extension(Class<T> type) {
    try {
      return Objects.requireNonNull(source.extension(type), "an extension or none");
    } catch (RuntimeException | LinkageError e) {
      throw failure(e);
    }
  }

  void close() {
    try {
      source.close();
    } catch (RuntimeException | LinkageError e) {
      throw failure(e);
    }
  }
}
