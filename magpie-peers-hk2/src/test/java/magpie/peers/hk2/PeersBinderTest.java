/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.hk2;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import jakarta.inject.Inject;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import magpie.peers.ConfigurationException;
import magpie.peers.PeerId;
import magpie.peers.PeerSet;
import magpie.peers.PeerView;
import magpie.peers.PeersOptions;
import org.glassfish.hk2.api.MultiException;
import org.glassfish.hk2.api.ServiceLocator;
import org.glassfish.hk2.utilities.ServiceLocatorUtilities;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** In real locators, with a real backend that {@code Peers.open} finds. */
class PeersBinderTest {
  // HK2 keeps locators by name, and one without a name is the same for everybody.
  private static final AtomicInteger NAMES = new AtomicInteger();

  private final List<ServiceLocator> locators = new ArrayList<>();

  @BeforeEach
  void forgetWhatWasOpened() {
    BenchBackend.LOG.clear();
  }

  @AfterEach
  void shutDown() {
    locators.forEach(ServiceLocator::shutdown);
  }

  private ServiceLocator locator(PeersBinder binder) {
    ServiceLocator locator =
        ServiceLocatorUtilities.bind("PeersBinderTest-" + NAMES.incrementAndGet(), binder);
    locators.add(locator);
    return locator;
  }

  /** Takes everything through its constructor. */
  static final class Replicator {
    final PeerView peers;
    final PeerView storage;

    @Inject
    Replicator(@PeerSet("oam") PeerView peers, @PeerSet("storage") PeerView storage) {
      this.peers = peers;
      this.storage = storage;
    }
  }

  /** Asks for the unqualified view as well. */
  static final class Mixed {
    final PeerView plain;
    final PeerView storage;

    @Inject
    Mixed(PeerView plain, @PeerSet("storage") PeerView storage) {
      this.plain = plain;
      this.storage = storage;
    }
  }

  private static List<String> ids(PeerView view) {
    return view.ids().stream().map(PeerId::value).toList();
  }

  @Test
  void injectsEachViewByItsQualifier() {
    ServiceLocator locator = locator(PeersBinder.builder().view("oam").view("storage").build());
    Replicator replicator = locator.createAndInitialize(Replicator.class);
    assertEquals(List.of("oam"), ids(replicator.peers));
    assertEquals(List.of("storage"), ids(replicator.storage));
  }

  @Test
  void eachPeerSetHasOptionsOfItsOwnWithoutCode() {
    System.setProperty("magpie.peers.oam.bench-peer", "oam-a");
    System.setProperty("magpie.peers.storage.bench-peer", "storage-a");
    try {
      ServiceLocator locator = locator(PeersBinder.builder().view("oam").view("storage").build());
      Replicator replicator = locator.createAndInitialize(Replicator.class);
      assertEquals(List.of("oam-a"), ids(replicator.peers));
      assertEquals(List.of("storage-a"), ids(replicator.storage));
    } finally {
      System.clearProperty("magpie.peers.oam.bench-peer");
      System.clearProperty("magpie.peers.storage.bench-peer");
    }
  }

  @Test
  void everyInjectionPointGetsTheSameView() {
    ServiceLocator locator = locator(PeersBinder.builder().view("oam").view("storage").build());
    Replicator one = locator.createAndInitialize(Replicator.class);
    Replicator other = locator.createAndInitialize(Replicator.class);
    assertSame(one.peers, other.peers);
    assertSame(one.storage, other.storage);
    assertNotSame(one.peers, one.storage);
    assertEquals(List.of("open oam", "open storage"), BenchBackend.LOG);
  }

  @Test
  void theUnqualifiedViewIsNeverMistakenForAQualifiedOne() {
    ServiceLocator locator = locator(PeersBinder.builder().view("storage").view().build());
    Mixed mixed = locator.createAndInitialize(Mixed.class);
    assertEquals(List.of("default"), ids(mixed.plain));
    assertEquals(List.of("storage"), ids(mixed.storage));
    assertSame(mixed.plain, locator.getService(PeerView.class));
  }

  @Test
  void aViewIsOpenedWithTheOptionsItWasGiven() {
    ServiceLocator locator =
        locator(
            PeersBinder.builder()
                .view(PeersOptions.builder().backend("bench").peerSet("plain").build())
                .view("storage", PeersOptions.builder().peerSet("disks").build())
                .build());
    Mixed mixed = locator.createAndInitialize(Mixed.class);
    assertEquals(List.of("plain"), ids(mixed.plain));
    assertEquals(List.of("disks"), ids(mixed.storage));
  }

  @Test
  void nothingIsOpenedBeforeItIsInjected() {
    locator(PeersBinder.builder().view().view("storage").build()).shutdown();
    assertEquals(List.of(), BenchBackend.LOG);
  }

  @Test
  void viewsAreClosedWithTheLocatorAndNotBefore() {
    ServiceLocator locator = locator(PeersBinder.builder().view().view("storage").build());
    Mixed mixed = locator.createAndInitialize(Mixed.class);
    locator.preDestroy(mixed);
    assertEquals(List.of("default"), ids(mixed.plain));
    assertEquals(List.of("open default", "open storage"), BenchBackend.LOG);

    locator.shutdown();
    assertEquals(
        List.of("close default", "close storage", "open default", "open storage"),
        BenchBackend.LOG.stream().sorted().toList());
    assertEquals(
        "this view of the peers is closed",
        assertThrows(IllegalStateException.class, mixed.plain::ids).getMessage());
  }

  @Test
  void oneBinderServesTwoLocators() {
    PeersBinder binder = PeersBinder.builder().view().build();
    ServiceLocator one = locator(binder);
    ServiceLocator other = locator(binder);
    PeerView first = one.getService(PeerView.class);
    PeerView second = other.getService(PeerView.class);
    assertNotSame(first, second);
    one.shutdown();
    assertEquals(List.of("default"), ids(second));
  }

  @Test
  void aBackendThatFailsIsTheFirstErrorAndIsAskedAgain() {
    ServiceLocator locator = locator(PeersBinder.builder().view("broken").build());
    for (int i = 0; i < 2; i++) {
      MultiException failure =
          assertThrows(MultiException.class, () -> locator.getService(PeerView.class));
      Throwable cause = failure.getErrors().get(0);
      assertEquals(ConfigurationException.class, cause.getClass());
      assertEquals("expected a bench that works, found \"broken\"", cause.getMessage());
    }
    assertEquals(List.of("open broken", "open broken"), BenchBackend.LOG);
  }

  @Test
  void theSameQualifierTwiceIsRefused() {
    PeersBinder.Builder builder = PeersBinder.builder().view("storage").view();
    assertEquals(
        "expected one view for each injection point, found two for @PeerSet(\"storage\"); give one"
            + " of them another name",
        assertThrows(IllegalArgumentException.class, () -> builder.view("storage")).getMessage());
    assertEquals(
        "expected one view for each injection point, found two without @PeerSet; give one of them"
            + " another name",
        assertThrows(IllegalArgumentException.class, builder::view).getMessage());
  }

  @Test
  void aBlankNameIsRefused() {
    assertEquals(
        "expected the name of a peer set, found \" \"",
        assertThrows(IllegalArgumentException.class, () -> PeersBinder.builder().view(" "))
            .getMessage());
  }

  @Test
  void noViewIsRefused() {
    assertEquals(
        "expected at least one view to bind, found none; add one with view()",
        assertThrows(IllegalStateException.class, PeersBinder.builder()::build).getMessage());
  }

  @Test
  void theBinderDoesNotChangeWithItsBuilder() {
    PeersBinder.Builder builder = PeersBinder.builder().view();
    ServiceLocator locator = locator(builder.build());
    builder.view("storage");
    assertThrows(MultiException.class, () -> locator.createAndInitialize(Mixed.class));
  }
}
