/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.reach;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import magpie.peers.PeerId;

/**
 * What came of asking one address of one peer.
 *
 * @param peer the peer
 * @param address the address, canonical and without prefix length; empty if the peer has none that
 *     was asked for
 * @param network the name of the network that the address lies in; empty if none is declared
 * @param port the port that was asked, 1 to 65535; 0 if there is no address
 * @param outcome what came of it
 * @param roundTrips how long each connection took to be established or refused, in the order of the
 *     attempts; empty if nothing came back; unmodifiable
 * @param detail more for people, such as the id of another node; may be empty
 */
public record ReachResult(
    PeerId peer,
    String address,
    Optional<String> network,
    int port,
    Outcome outcome,
    List<Duration> roundTrips,
    String detail) {

  /** What can come of asking an address. */
  public enum Outcome {
    /** The port accepted the connection; a listener there said that it is the peer. */
    ANSWERED,
    /** The host is there, and nothing listens on the port. */
    REFUSED,
    /** The network has no way to the address, or this node lacks the address to ask from. */
    NO_ROUTE,
    /** Nothing came back in time. */
    TIMED_OUT,
    /** Another node listens at the address. */
    WRONG_NODE,
    /** The peer has no address that was asked for. */
    NO_ADDRESS;

    /**
     * Tells whether the host at the address is the peer, as far as can be seen, and can be reached.
     *
     * @return true for {@link #ANSWERED} and {@link #REFUSED}
     */
    public boolean reached() {
      return this == ANSWERED || this == REFUSED;
    }
  }

  /**
   * Checks the components and copies the round trips.
   *
   * @param peer the peer
   * @param address the address, canonical and without prefix length
   * @param network the name of the network that the address lies in
   * @param port the port that was asked, 1 to 65535
   * @param outcome what came of it
   * @param roundTrips how long each connection took to be established or refused, in the order of
   *     the attempts
   * @param detail more for people, such as the id of another node
   */
  public ReachResult {
    Objects.requireNonNull(peer, "peer");
    Objects.requireNonNull(address, "address");
    Objects.requireNonNull(network, "network");
    Objects.requireNonNull(outcome, "outcome");
    Objects.requireNonNull(detail, "detail");
    roundTrips = List.copyOf(roundTrips);
  }

  /**
   * Returns the shortest round trip.
   *
   * @return the duration, or empty if nothing came back
   */
  public Optional<Duration> minimum() {
    return roundTrips.stream().min(Duration::compareTo);
  }

  /**
   * Returns the median round trip: of an even number the longer of the two in the middle.
   *
   * @return the duration, or empty if nothing came back
   */
  public Optional<Duration> median() {
    return roundTrips.stream().sorted().skip(roundTrips.size() / 2).findFirst();
  }

  /**
   * Returns the longest round trip.
   *
   * @return the duration, or empty if nothing came back
   */
  public Optional<Duration> maximum() {
    return roundTrips.stream().max(Duration::compareTo);
  }
}
