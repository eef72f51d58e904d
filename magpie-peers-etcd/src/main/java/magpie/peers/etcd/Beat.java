/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.etcd;

import io.etcd.jetcd.ByteSequence;
import io.etcd.jetcd.KeyValue;
import io.etcd.jetcd.kv.GetResponse;
import io.etcd.jetcd.kv.TxnResponse;
import io.etcd.jetcd.op.Cmp;
import io.etcd.jetcd.op.CmpTarget;
import io.etcd.jetcd.op.Op;
import io.etcd.jetcd.options.GetOption;
import io.etcd.jetcd.options.PutOption;
import io.grpc.Status;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import magpie.peers.PeerId;
import magpie.peers.PeersException;
import magpie.peers.text.Quote;

/**
 * Keeps one node alive: renews its lease, and looks whether its key is still there.
 *
 * <p>The look is needed, since a keep-alive can succeed on a lease that is revoked already, and a
 * key can be gone for other reasons. What is missing is written again at once.
 */
final class Beat {
  private static final System.Logger LOG = System.getLogger(Beat.class.getName());

  /** How soon it is tried again after a failure. */
  private static final Duration AGAIN = Duration.ofSeconds(1);

  private final Etcd etcd;
  private final PeerId id;
  private final String memberKey;
  private final String aliveKey;
  private final Values.Alive holder;
  private final Duration ttl;
  private final Thread thread;

  // Guarded by this.
  private long lease;
  private boolean started;
  private boolean over;

  Beat(Etcd etcd, PeerId id, String memberKey, String aliveKey, Values.Alive holder, Duration ttl) {
    this.etcd = etcd;
    this.id = id;
    this.memberKey = memberKey;
    this.aliveKey = aliveKey;
    this.holder = holder;
    this.ttl = ttl;
    this.thread = Etcd.daemon(this::run, "magpie-etcd-beat");
  }

  static long grant(Etcd etcd, Duration ttl) {
    return etcd.call(
            "get a lease of " + ttl.toSeconds() + " s",
            client -> client.getLeaseClient().grant(ttl.toSeconds()))
        .getID();
  }

  /** Writes the key that says that a node is alive. */
  static Op sign(String aliveKey, Values.Alive holder, long lease) {
    return Op.put(
        Etcd.bytes(aliveKey),
        ByteSequence.from(holder.json()),
        PutOption.builder().withLeaseId(lease).build());
  }

  synchronized long lease() {
    return lease;
  }

  synchronized void start(long granted) {
    lease = granted;
    if (!started) {
      started = true;
      thread.start();
    }
  }

  private void run() {
    // By the monotonic clock: a day more or less on the other one changes nothing.
    Duration wait = ttl.dividedBy(3);
    boolean failing = false;
    while (sleep(wait)) {
      try {
        if (!beat()) {
          return;
        }
        if (failing) {
          LOG.log(Level.INFO, "{0} is alive in etcd again", id);
        }
        failing = false;
        wait = ttl.dividedBy(3);
      } catch (PeersException e) {
        wait = AGAIN;
        if (!failing && !etcd.closed()) {
          LOG.log(
              Level.WARNING,
              "{0} could not say that it is alive, and is suspect at its peers after {1} s: {2}",
              id,
              ttl.toSeconds(),
              e.getMessage());
        }
        failing = true;
      }
    }
  }

  /** One sign of life; false when there is nothing to keep alive any more. */
  private boolean beat() {
    long now = lease();
    boolean renewed = renewed(now);
    TxnResponse found =
        etcd.call(
            "read " + aliveKey,
            client ->
                client
                    .getKVClient()
                    .txn()
                    .Then(
                        Op.get(
                            Etcd.bytes(memberKey), GetOption.builder().withKeysOnly(true).build()),
                        Op.get(Etcd.bytes(aliveKey), GetOption.DEFAULT))
                    .commit());
    GetResponse member = found.getGetResponses().get(0);
    GetResponse alive = found.getGetResponses().get(1);
    if (member.getKvs().isEmpty()) {
      return end("it has left or was forgotten; join again to come back");
    }
    if (!alive.getKvs().isEmpty()) {
      KeyValue key = alive.getKvs().get(0);
      if (!ours(key)) {
        return end("another installation has taken the id: " + shown(key));
      }
      if (renewed || key.getLease() != now) {
        // Another process of this installation keeps it alive as well, if the lease is not ours.
        return true;
      }
    }
    long next = renewed ? now : grant(etcd, ttl);
    synchronized (this) {
      if (over) {
        return false;
      }
      lease = next;
    }
    long expected = alive.getKvs().isEmpty() ? 0 : alive.getKvs().get(0).getModRevision();
    // Where somebody else was faster, the next beat sees who.
    etcd.call(
        "write " + aliveKey,
        client ->
            client
                .getKVClient()
                .txn()
                .If(
                    new Cmp(Etcd.bytes(aliveKey), Cmp.Op.EQUAL, CmpTarget.modRevision(expected)),
                    new Cmp(Etcd.bytes(memberKey), Cmp.Op.GREATER, CmpTarget.createRevision(0)))
                .Then(sign(aliveKey, holder, next))
                .commit());
    return true;
  }

  private boolean renewed(long now) {
    try {
      return etcd.call(
                  "renew the lease of " + aliveKey,
                  client -> client.getLeaseClient().keepAliveOnce(now))
              .getTTL()
          > 0;
    } catch (PeersException e) {
      if (e.getCause() != null && Etcd.status(e.getCause()).getCode() == Status.Code.NOT_FOUND) {
        return false;
      }
      throw e;
    }
  }

  private boolean ours(KeyValue key) {
    try {
      return Values.Alive.read(key.getValue().getBytes()).instance().equals(holder.instance());
    } catch (Values.Unreadable e) {
      return false;
    }
  }

  private static String shown(KeyValue key) {
    try {
      return Values.Alive.read(key.getValue().getBytes()).shown();
    } catch (Values.Unreadable e) {
      return String.valueOf(e.getMessage());
    }
  }

  private boolean end(String why) {
    synchronized (this) {
      if (over) {
        return false;
      }
      over = true;
    }
    LOG.log(Level.WARNING, "{0} is no longer kept alive in etcd: {1}", id, Quote.visible(why));
    return false;
  }

  private synchronized boolean sleep(Duration time) {
    long deadline = System.nanoTime() + time.toNanos();
    try {
      for (long left = time.toNanos(); left > 0 && !over; left = deadline - System.nanoTime()) {
        TimeUnit.NANOSECONDS.timedWait(this, left);
      }
    } catch (InterruptedException e) {
      return false;
    }
    return !over;
  }

  synchronized boolean over() {
    return over;
  }

  /** Ends it; a call that is under way goes on. */
  synchronized void end() {
    over = true;
    notifyAll();
  }

  /** Waits until nothing is under way, after the cluster was closed. */
  void awaitEnd() {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
