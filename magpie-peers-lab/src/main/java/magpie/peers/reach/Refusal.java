/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.reach;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.util.Optional;

/**
 * What this system calls a refused connection. Java has one exception for a host that refuses and
 * for a system that gave up; only their messages differ, and those are in the language of the
 * process. So a connection that is refused for certain is made on the loopback, once.
 */
final class Refusal {
  private static final Optional<String> WORDS = provoke();

  private Refusal() {}

  /** The message of a refused connection; empty if the system refuses none on the loopback. */
  static Optional<String> words() {
    return WORDS;
  }

  private static Optional<String> provoke() {
    try (SocketChannel silent = SocketChannel.open();
        SocketChannel asking = SocketChannel.open()) {
      // A port that is bound but not listened on cannot be taken by others, and refuses.
      silent.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      asking.configureBlocking(false);
      if (!asking.connect(silent.getLocalAddress())) {
        // As a dialer connects: what came of it is asked for afterwards.
        asking.configureBlocking(true);
        asking.finishConnect();
      }
      return Optional.empty();
    } catch (ConnectException e) {
      return Optional.ofNullable(e.getMessage());
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
