/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.etcd;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** A relay to one server that can be cut, stalled and mended. */
final class TcpProxy implements AutoCloseable {
  private final int target;
  private final int port;
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private ServerSocket server;
  private Thread acceptor;
  private volatile boolean refusing;
  private boolean stalled;

  TcpProxy(int target) {
    this.target = target;
    this.server = listen(0);
    this.port = server.getLocalPort();
    acceptor = accept(server);
  }

  private static ServerSocket listen(int port) {
    try {
      ServerSocket socket = new ServerSocket();
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      return socket;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String endpoint() {
    return "127.0.0.1:" + port;
  }

  int port() {
    return port;
  }

  private static Thread daemon(Runnable task) {
    Thread thread = new Thread(task, "tcp-proxy");
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  private Thread accept(ServerSocket listening) {
    return daemon(
        () -> {
          try {
            while (true) {
              Socket in = listening.accept();
              sockets.add(in);
              if (refusing) {
                end(in);
                continue;
              }
              daemon(() -> relay(in));
            }
          } catch (IOException e) {
            // Cut.
          }
        });
  }

  private void relay(Socket in) {
    try {
      Socket out = new Socket(InetAddress.getLoopbackAddress(), target);
      sockets.add(out);
      daemon(() -> copy(out, in));
      copy(in, out);
    } catch (IOException e) {
      end(in);
    }
  }

  private void copy(Socket from, Socket to) {
    byte[] buffer = new byte[16 * 1024];
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        synchronized (this) {
          while (stalled) {
            wait();
          }
        }
        out.write(buffer, 0, n);
      }
    } catch (IOException | InterruptedException e) {
      // Cut.
    } finally {
      end(from);
      end(to);
    }
  }

  private void end(Socket socket) {
    sockets.remove(socket);
    try {
      socket.close();
    } catch (IOException e) {
      // It is closed all the same.
    }
  }

  /** Ends all connections and takes no more, as a server that is gone. */
  void cut() {
    try {
      server.close();
      // The port is free when the last accept has ended.
      acceptor.join();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    sockets.forEach(this::end);
  }

  /** Ends all connections, and each new one at once. */
  void hangUp() {
    refusing = true;
    sockets.forEach(this::end);
  }

  /** Lets nothing through and says nothing of it: half open, as a cable that was pulled. */
  synchronized void stall() {
    stalled = true;
  }

  void mend() {
    refusing = false;
    synchronized (this) {
      stalled = false;
      notifyAll();
    }
    if (server.isClosed()) {
      server = listen(port);
      acceptor = accept(server);
    }
  }

  @Override
  public void close() {
    cut();
    synchronized (this) {
      stalled = false;
      notifyAll();
    }
  }
}
