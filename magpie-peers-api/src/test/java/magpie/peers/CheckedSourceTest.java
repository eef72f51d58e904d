/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.InvalidPathException;
import java.time.DateTimeException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import magpie.peers.spi.PeerSource;
import magpie.peers.spi.Reading;
import magpie.peers.spi.StateStore;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever a backend throws or leaves out, a view fails in words of ours and lives on (F1, E2). */
class CheckedSourceTest {
  private static final Map<String, Consumer<PeerView>> CALLS =
      Map.ofEntries(
          Map.entry("read", PeerView::ids),
          Map.entry("ids", PeerView::ids),
          Map.entry("nodes", PeerView::snapshot),
          Map.entry("warnings", PeerView::snapshot),
          Map.entry("networks", PeerView::snapshot),
          Map.entry("selfId", PeerView::selfId),
          Map.entry("origin", PeerView::snapshot),
          Map.entry("readAt", PeerView::snapshot),
          Map.entry("state", PeerView::notices),
          Map.entry("prefetch", PeerView::notices),
          Map.entry("load", PeerView::notices),
          Map.entry("update", PeerView::notices),
          Map.entry("remembersDeparted", PeerView::notices),
          Map.entry("published", PeerView::published),
          Map.entry("unpublished", view -> view.publish("a", "b")),
          Map.entry("publish", view -> view.publish("a", "b")),
          Map.entry("network", view -> view.nodes(NodeFilter.inNetwork("elsewhere"))),
          Map.entry("watch", view -> view.listen(event -> {})),
          Map.entry("extension", view -> view.extension(String.class)));

  private final ScriptedSource source = ScriptedSource.of("a");
  private volatile @Nullable String where;
  private volatile @Nullable Throwable what;
  private volatile boolean unreadable;

  /** Hands everything on, and throws or leaves out at one place. */
  private <T> T lying(Class<T> type, T honest) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> {
              if (method.getName().equals("read") && unreadable) {
                throw new SourceUnavailableException("the script", "unreadable for a while");
              }
              if (method.getName().equals(where)) {
                Throwable fault = what;
                if (fault != null) {
                  throw fault;
                }
                return null;
              }
              Object answer;
              try {
                answer = method.invoke(honest, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
              return answer instanceof Reading reading
                  ? lying(Reading.class, reading)
                  : answer instanceof StateStore store ? lying(StateStore.class, store) : answer;
            }));
  }

  private PeerView open() {
    source.published = new TreeMap<>();
    return Peers.open("scripted", lying(PeerSource.class, source), Environment.system());
  }

  static Stream<Throwable> faults() {
    return Stream.of(
        new IllegalStateException("odd"),
        new NullPointerException("odd"),
        new IndexOutOfBoundsException("odd"),
        new SecurityException("odd"),
        new UncheckedIOException(new IOException("odd")),
        new DateTimeException("odd"),
        new ArithmeticException("odd"),
        new NumberFormatException("odd"),
        new ClassCastException("odd"),
        new InvalidPathException("odd", "no such character"),
        new NoClassDefFoundError("odd"),
        new ExceptionInInitializerError("odd"));
  }

  @ParameterizedTest
  @MethodSource("faults")
  void whatABackendThrowsAnywhereIsAFailureOfOurs(Throwable fault) {
    for (Map.Entry<String, Consumer<PeerView>> call : CALLS.entrySet()) {
      try (PeerView view = open()) {
        where = null;
        if (call.getKey().equals("load")) {
          // Only while the source is broken, the state is read and not changed.
          view.ids();
          unreadable = true;
        }
        where = call.getKey();
        what = fault;
        PeersException failure =
            assertThrows(PeersException.class, () -> call.getValue().accept(view), call.getKey());
        assertSame(fault, failure.getCause(), call.getKey());
        assertTrue(failure.getMessage().contains("scripted"), failure::getMessage);
        assertTrue(failure.getMessage().contains("odd"), failure::getMessage);
        where = null;
        unreadable = false;
        assertEquals(1, view.ids().size(), "it lives on");
      }
    }
  }

  @Test
  void whatABackendLeavesOutIsAFailureOfOurs() {
    for (String missing :
        Set.of(
            "read",
            "ids",
            "nodes",
            "warnings",
            "networks",
            "selfId",
            "origin",
            "readAt",
            "state",
            "published",
            "unpublished",
            "network",
            "watch",
            "extension")) {
      try (PeerView view = open()) {
        where = missing;
        what = null;
        PeersException failure =
            assertThrows(
                PeersException.class,
                () -> CALLS.getOrDefault(missing, PeerView::ids).accept(view),
                missing);
        assertTrue(
            failure.getMessage().contains("this is a fault of the backend"), failure::getMessage);
        where = null;
      }
    }
  }

  @ParameterizedTest
  @MethodSource("faults")
  void aLiveViewGoesOnWithWhatItHad(Throwable fault) {
    for (String place : List.of("read", "nodes", "selfId", "warnings")) {
      where = null;
      try (PeerView view = open()) {
        assertEquals(1, view.snapshot().nodes().size());
        source.changedUnseen();
        what = fault;
        where = place;
        assertEquals(1, view.snapshot().nodes().size(), place);
        assertTrue(view.health().stale(), place);
        assertTrue(view.health().reason().contains("odd"), () -> view.health().reason());
        where = null;
        source.changedUnseen();
        view.snapshot();
        assertEquals(Health.Status.FRESH, view.health().status(), place);
      }
    }
  }

  @Test
  void whatTheCallerMayNotPublishIsToldAsItIs() {
    for (RuntimeException refusal :
        List.of(
            new UnsupportedOperationException("this backend cannot publish settings"),
            new IllegalArgumentException("no such key"))) {
      where = "publish";
      what = refusal;
      try (PeerView view = open()) {
        assertSame(refusal, assertThrows(refusal.getClass(), () -> view.publish("a", "b")));
      }
    }
  }

  @Test
  void theEndOfABackendIsAFailureOfOursToo() {
    where = "close";
    what = new IllegalStateException("odd");
    PeerView view = open();
    assertThrows(SourceUnavailableException.class, view::close);
  }
}
