/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.etcd;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.Client;
import io.etcd.jetcd.ClientBuilder;
import io.etcd.jetcd.common.exception.EtcdException;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import javax.net.ssl.SSLException;
import magpie.peers.ConfigurationException;
import magpie.peers.PeersException;
import magpie.peers.SourceUnavailableException;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;

/**
 * A cluster: calls with one deadline over all its servers, and failures in our words.
 *
 * <p>The client tries each server in turn. It is made anew after a call has failed, because it
 * waits up to two minutes before it connects again to a server that was away for long.
 */
final class Etcd implements AutoCloseable {
  /** The largest answer: a page of members, each as large as it may be. */
  private static final int LARGEST_ANSWER = 64 * 1024 * 1024;

  /** Shorter than what an idle connection survives in most firewalls; servers allow no less. */
  private static final Duration KEEP_ALIVE = Duration.ofSeconds(10);

  private static final Duration PAUSE = Duration.ofMillis(100);

  /** Where no server takes a connection, waiting helps no one. */
  private static final int REFUSALS = 3;

  private static final AtomicInteger THREADS = new AtomicInteger();

  private final Access access;
  private final ExecutorService executor;
  private final CompletableFuture<Void> end = new CompletableFuture<>();
  private @Nullable Client client;

  Etcd(Access access) {
    this.access = access;
    this.executor =
        new ThreadPoolExecutor(
            0,
            Integer.MAX_VALUE,
            1,
            TimeUnit.SECONDS,
            new SynchronousQueue<>(),
            task -> daemon(task, "magpie-etcd-" + THREADS.incrementAndGet()));
  }

  static Thread daemon(Runnable task, String name) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    return thread;
  }

  static ByteSequence bytes(String text) {
    return ByteSequence.from(text, StandardCharsets.UTF_8);
  }

  Access access() {
    return access;
  }

  boolean closed() {
    return end.isDone();
  }

  /** The client as it is now; another one after a call has failed. */
  synchronized Client client() {
    if (closed()) {
      throw ended();
    }
    Client known = client;
    if (known == null) {
      known = connect();
      client = known;
    }
    return known;
  }

  private Client connect() {
    ClientBuilder builder =
        Client.builder()
            .endpoints(
                access.endpoints().stream()
                    .map(endpoint -> URI.create("http://" + endpoint))
                    .toList())
            .executorService(executor)
            .waitForReady(false)
            .retryMaxAttempts(0)
            .keepaliveTime(KEEP_ALIVE)
            .keepaliveTimeout(access.timeout())
            .keepaliveWithoutCalls(false)
            .connectTimeout(access.timeout())
            .maxInboundMessageSize(LARGEST_ANSWER)
            // A server without quorum says so at once, instead of being waited for.
            .header("hasleader", "true")
            .interceptor(new Deadline(attempt()));
    String user = access.user();
    String password = access.password();
    if (user != null && password != null) {
      builder.user(bytes(user)).password(bytes(password));
    }
    try {
      if (access.tls()) {
        builder.sslContext(
            context -> {
              if (access.ca() != null) {
                context.trustManager(access.ca().toFile());
              }
              if (access.certificate() != null && access.key() != null) {
                context.keyManager(access.certificate().toFile(), access.key().toFile());
              }
            });
      }
      return builder.build();
    } catch (SSLException | IllegalArgumentException e) {
      throw new ConfigurationException(
          "expected PEM files for TLS with etcd (the certificates to trust in "
              + access.ca()
              + ", certificate in "
              + access.certificate()
              + " and PKCS#8 key in "
              + access.key()
              + "), found "
              + Quote.of(root(e))
              + "; correct the files or name others",
          e);
    }
  }

  /** How long one server may take, so that there is time for another one. */
  private Duration attempt() {
    return access.timeout().dividedBy(Math.min(3, access.endpoints().size()));
  }

  /**
   * Asks the cluster, and asks again as long as that makes sense.
   *
   * @param what what for, in words that follow "to"
   * @param request sends the request; a repetition must do no harm
   */
  <T> T call(String what, Function<Client, CompletableFuture<T>> request) {
    long deadline = System.nanoTime() + access.timeout().toNanos();
    Throwable last = null;
    int refusals = 0;
    boolean authenticated = false;
    while (last == null || deadline - System.nanoTime() > PAUSE.toNanos()) {
      try {
        return await(request.apply(client()), deadline - System.nanoTime());
      } catch (TimeoutException e) {
        last = last == null ? e : last;
      } catch (ExecutionException e) {
        last = e.getCause() == null ? e : e.getCause();
        Status status = status(last);
        String said = String.valueOf(status.getDescription());
        if (said.contains("invalid auth token") || said.contains("auth store is old")) {
          // The client has forgotten the token, and asks for another one.
          if (authenticated && deadline - System.nanoTime() < attempt().toNanos()) {
            throw failed(what, last);
          }
          authenticated = true;
        } else if (!passing(status)) {
          throw failed(what, last);
        } else if (status.getCode() == Status.Code.UNAVAILABLE
            && !said.startsWith("etcdserver:")
            && ++refusals == REFUSALS * access.endpoints().size()) {
          break;
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new SourceUnavailableException(
            access.shown(),
            "interrupted while waiting for etcd at " + access.shown() + " to " + what,
            e);
      }
      pause();
    }
    reset();
    throw failed(what, last);
  }

  private <T> T await(CompletableFuture<T> answer, long nanos)
      throws InterruptedException, ExecutionException, TimeoutException {
    CompletableFuture.anyOf(answer, end)
        .get(Math.min(nanos, attempt().toNanos()), TimeUnit.NANOSECONDS);
    if (!answer.isDone()) {
      throw ended();
    }
    return answer.get();
  }

  private void pause() {
    try {
      end.get(PAUSE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException | ExecutionException e) {
      return;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return;
    }
    throw ended();
  }

  /** Lets the next call connect anew. */
  synchronized void reset() {
    Client known = client;
    client = null;
    if (known != null) {
      known.close();
    }
  }

  static Status status(Throwable e) {
    if (e instanceof EtcdException etcd) {
      return Status.Code.valueOf(etcd.getErrorCode().name())
          .toStatus()
          .withDescription(etcd.getMessage())
          .withCause(etcd);
    }
    return Status.fromThrowable(e);
  }

  /** Whether another server, or the same one in a moment, may answer. */
  private static boolean passing(Status status) {
    return switch (status.getCode()) {
      case UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED, RESOURCE_EXHAUSTED, ABORTED, INTERNAL -> true;
      // gRPC does not know what to call a connection that breaks while a request is under way.
      case UNKNOWN ->
          String.valueOf(status.getDescription()).contains("request timed out")
              || brokenConnection(status.getCause());
      default -> false;
    };
  }

  private static boolean brokenConnection(@Nullable Throwable thrown) {
    for (Throwable e = thrown; e != null; e = e.getCause()) {
      if (e instanceof IOException) {
        return true;
      }
    }
    return false;
  }

  private PeersException failed(String what, @Nullable Throwable cause) {
    Status status = cause == null ? Status.DEADLINE_EXCEEDED : status(cause);
    Throwable why = cause == null ? new TimeoutException("no answer") : cause;
    String at = "etcd at " + access.shown() + " to " + what;
    return switch (status.getCode()) {
      case PERMISSION_DENIED ->
          new ConfigurationException(
              "expected "
                  + at
                  + ", found that "
                  + (access.user() == null ? "this client" : "user " + Quote.of(access.user()))
                  + " may not; grant its role the permission readwrite for the keys of the peer set",
              why);
      case UNAUTHENTICATED, INVALID_ARGUMENT ->
          new ConfigurationException(
              "expected "
                  + at
                  + ", found "
                  + Quote.of(root(why))
                  + "; check the user, the password and the certificate of this client",
              why);
      default ->
          new SourceUnavailableException(
              access.shown(),
              "expected an answer of etcd at "
                  + access.shown()
                  + " within "
                  + access.timeout().toSeconds()
                  + " s to "
                  + what
                  + ", found "
                  + (why instanceof TimeoutException ? "none" : Quote.of(said(status, why)))
                  + "; check that its servers run, have a leader and can be reached, or name others"
                  + " with "
                  + access.howToSet(),
              why);
    };
  }

  private static String said(Status status, Throwable why) {
    String root = root(why);
    String description = status.getDescription();
    if (description != null && description.indexOf('\n') > 0) {
      // What follows is the pipeline of Netty.
      description = description.substring(0, description.indexOf('\n'));
    }
    return description == null || root.contains(description) ? root : description + ": " + root;
  }

  /** What the deepest cause says. */
  private static String root(Throwable e) {
    Throwable deepest = e;
    while (deepest.getCause() != null) {
      deepest = deepest.getCause();
    }
    String message = deepest.getMessage();
    return message == null ? deepest.toString() : message;
  }

  private PeersException ended() {
    return new SourceUnavailableException(
        access.shown(), "expected an open view of etcd at " + access.shown() + ", found it closed");
  }

  @Override
  public void close() {
    end.complete(null);
    reset();
    executor.shutdown();
  }

  /** Ends every call of which the server says nothing, on its side too; a watch goes on. */
  private record Deadline(Duration most) implements ClientInterceptor {
    @Override
    public <Q, A> ClientCall<Q, A> interceptCall(
        MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
      return next.newCall(
          method,
          method.getFullMethodName().endsWith("/Watch")
              ? options
              : options.withDeadlineAfter(most.toNanos(), TimeUnit.NANOSECONDS));
    }
  }
}
