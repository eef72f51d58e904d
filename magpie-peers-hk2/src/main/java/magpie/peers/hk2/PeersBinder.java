/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.hk2;

import jakarta.inject.Singleton;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import magpie.peers.PeerSet;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.PeersOptions;
import magpie.peers.text.Quote;
import org.glassfish.hk2.api.AnnotationLiteral;
import org.glassfish.hk2.api.Factory;
import org.glassfish.hk2.utilities.binding.AbstractBinder;

/**
 * Binds {@link PeerView} into an HK2 service locator, once for each peer set.
 *
 * <pre>{@code
 * ServiceLocator locator =
 *     ServiceLocatorUtilities.bind("my-app", PeersBinder.builder().view().view("storage").build());
 *
 * @Inject
 * Replicator(PeerView peers, @PeerSet("storage") PeerView storage) { ... }
 * }</pre>
 *
 * <p>Each view is a singleton of the locator. It is opened as {@link Peers#open(PeersOptions)}
 * does, when it is injected first, and closed when the locator is shut down. If it cannot be
 * opened, the injection fails with a {@code MultiException}, whose first error is the exception of
 * {@code Peers.open}, and the next injection tries again.
 *
 * <p>An injection point without {@code @PeerSet} gets the view that was added without a name. If
 * there is none, HK2 gives it whichever view was added first.
 *
 * <p>Immutable, and good for any number of locators, each of which gets views of its own.
 */
public final class PeersBinder extends AbstractBinder {
  private final Map<Optional<String>, PeersOptions> views;

  private PeersBinder(Map<Optional<String>, PeersOptions> views) {
    this.views = views;
  }

  /**
   * Starts with no view.
   *
   * @return a builder
   */
  public static Builder builder() {
    return new Builder();
  }

  /** Binds the views; HK2 calls this. */
  @Override
  protected void configure() {
    views.forEach(
        (peerSet, options) -> {
          var binding = bindFactory(new Opening(options));
          binding.to(PeerView.class).in(Singleton.class);
          peerSet.ifPresentOrElse(
              // HK2 also injects a qualified service where no qualifier is asked for, so ours comes
              // first.
              name -> binding.qualifiedBy(new Named(name)),
              () -> binding.ranked(1));
        });
  }

  /** Collects the views to bind. Not thread-safe. */
  public static final class Builder {
    private final Map<Optional<String>, PeersOptions> views = new LinkedHashMap<>();

    private Builder() {}

    /**
     * Adds the view of injection points without {@link PeerSet}, opened as {@link Peers#open()}
     * does.
     *
     * @return this builder
     * @throws IllegalArgumentException if there is one already
     */
    public Builder view() {
      return view(PeersOptions.builder().build());
    }

    /**
     * Adds the view of injection points without {@link PeerSet}.
     *
     * @param options what to open; not null
     * @return this builder
     * @throws IllegalArgumentException if there is one already
     */
    public Builder view(PeersOptions options) {
      return add(Optional.empty(), options);
    }

    /**
     * Adds the view of injection points with a {@link PeerSet}, opened with that {@linkplain
     * PeersOptions.Builder#peerSet peer set} and what is set for it by property or variable, such
     * as {@code MAGPIE_PEERS_STORAGE_TOPOLOGY}.
     *
     * @param peerSet the value of the qualifier; not null, not blank
     * @return this builder
     * @throws IllegalArgumentException if there is one of that name already, or the name is blank
     */
    public Builder view(String peerSet) {
      Objects.requireNonNull(peerSet, "peerSet");
      return view(peerSet, PeersOptions.builder().peerSet(peerSet).build());
    }

    /**
     * Adds the view of injection points with a {@link PeerSet}.
     *
     * @param peerSet the value of the qualifier; not null, not blank
     * @param options what to open, which need not be a peer set of that name; not null
     * @return this builder
     * @throws IllegalArgumentException if there is one of that name already, or the name is blank
     */
    public Builder view(String peerSet, PeersOptions options) {
      if (peerSet.isBlank()) {
        throw new IllegalArgumentException(
            "expected the name of a peer set, found " + Quote.of(peerSet));
      }
      return add(Optional.of(peerSet), options);
    }

    private Builder add(Optional<String> peerSet, PeersOptions options) {
      Objects.requireNonNull(options, "options");
      if (views.putIfAbsent(peerSet, options) != null) {
        throw new IllegalArgumentException(
            "expected one view for each injection point, found two "
                + peerSet
                    .map(name -> "for @PeerSet(" + Quote.of(name) + ")")
                    .orElse("without @PeerSet")
                + "; give one of them another name");
      }
      return this;
    }

    /**
     * Returns the binder.
     *
     * @return a new immutable binder
     * @throws IllegalStateException if no view was added
     */
    public PeersBinder build() {
      if (views.isEmpty()) {
        throw new IllegalStateException(
            "expected at least one view to bind, found none; add one with view()");
      }
      return new PeersBinder(new LinkedHashMap<>(views));
    }
  }

  /** Opens one view; the locator disposes of what it provided. */
  private record Opening(PeersOptions options) implements Factory<PeerView> {
    @Override
    public PeerView provide() {
      return Peers.open(options);
    }

    @Override
    public void dispose(PeerView view) {
      view.close();
    }
  }

  /** The qualifier of an injection point, as a value. */
  private static final class Named extends AnnotationLiteral<PeerSet> implements PeerSet {
    private static final long serialVersionUID = 1L;

    private final String value;

    Named(String value) {
      this.value = value;
    }

    @Override
    public String value() {
      return value;
    }
  }
}
