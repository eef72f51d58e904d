/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import magpie.peers.Cidr;
import magpie.peers.Environment;
import magpie.peers.Network;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.SourceUnavailableException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The command follows a backend whose peers a test changes, until its output is closed. */
class WatchTest {
  private static final long DEADLINE_SECONDS = 60;

  private final Bench bench = new Bench();
  private final Pipe pipe = new Pipe();
  private CompletableFuture<Integer> ended = CompletableFuture.completedFuture(0);
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  /** Hands on whole writes, until the reader has gone. */
  private static final class Pipe extends OutputStream {
    private final BlockingQueue<String> writes = new LinkedBlockingQueue<>();
    private volatile boolean broken;

    @Override
    public void write(int b) {
      throw new AssertionError("an event is written in one piece");
    }

    @Override
    public void write(byte[] bytes) throws IOException {
      if (broken) {
        throw new IOException("Broken pipe");
      }
      if (bytes.length > 0) {
        writes.add(new String(bytes, StandardCharsets.UTF_8));
      }
    }

    String next() throws InterruptedException {
      String write = writes.poll(DEADLINE_SECONDS, TimeUnit.SECONDS);
      assertTrue(write != null, "nothing was written in " + DEADLINE_SECONDS + " seconds");
      return write;
    }
  }

  @BeforeEach
  void setUp() {
    BenchBackend.bench = bench;
    bench.self("magpie/0");
    bench.node(node("magpie/1", "192.0.2.11/25"));
  }

  private static PeerNode.Builder node(String id, String address) {
    return PeerNode.builder(PeerId.of(id)).address(address, "topology");
  }

  private void watch(String... options) {
    Clock clock = Clock.fixed(Instant.parse("2026-01-02T03:05:00Z"), ZoneOffset.UTC);
    Environment environment =
        new Environment(Map.of("MAGPIE_BACKEND", "bench"), Map.of(), Path.of(""), clock);
    String[] args = new String[options.length + 1];
    args[0] = "watch";
    System.arraycopy(options, 0, args, 1, options.length);
    ended =
        CompletableFuture.supplyAsync(
            () -> Main.run(environment, new Output(pipe, Terminal.NONE), err, args));
  }

  /** The next event finds nobody reading. */
  @AfterEach
  void endsQuietlyWhenTheReaderHasGone() throws Exception {
    pipe.broken = true;
    bench.node(node("last/1", "192.0.2.99/25"));
    bench.networks(new Network("oam", List.of(Cidr.parse("192.0.2.0/24"))));
    assertEquals(0, ended.get(DEADLINE_SECONDS, TimeUnit.SECONDS));
  }

  @Test
  void peopleReadOneLineForEachChange() throws Exception {
    watch();
    assertEquals(
        """
        2026-01-02T03:04:05Z  present   1 peer of a bench
        2026-01-02T03:04:05Z  present   magpie/1 at 192.0.2.11
        """,
        pipe.next());
    bench.node(node("magpie/2", "192.0.2.12/25"));
    assertEquals("2026-01-02T03:04:05Z  joined    magpie/2 at 192.0.2.12\n", pipe.next());
    bench.node(node("magpie/2", "192.0.2.13/25").setting("a", "\n").label("l", "x"));
    assertEquals(
        "2026-01-02T03:04:05Z  updated   magpie/2 address at 192.0.2.12, now at 192.0.2.13;"
            + " setting a=\"\\n\"; label l=\"x\"\n",
        pipe.next());
    bench.node(node("magpie/2", "192.0.2.13/25").address("h", "topology").suspect(true));
    assertEquals(
        "2026-01-02T03:04:05Z  updated   magpie/2 addresses 192.0.2.13/25, now 192.0.2.13/25, h;"
            + " setting a removed; label l removed; now suspect\n",
        pipe.next());
    bench.remove("magpie/2");
    assertEquals("2026-01-02T03:04:05Z  departed  magpie/2, was at 192.0.2.13\n", pipe.next());
    assertEquals("", err.toString(StandardCharsets.UTF_8));
  }

  @Test
  void aBrokenSourceIsToldOnceAndHeals() throws Exception {
    watch();
    pipe.next();
    bench.fail(new SourceUnavailableException("a bench", "expected a bench,\nfound \u001b[2J"));
    assertEquals(
        """
        2026-01-02T03:05:00Z  stale     the last good peers stay: expected a bench,
          found \\u001b[2J
        """,
        pipe.next());
    bench.fail(new SourceUnavailableException("a bench", "expected a bench,\nfound \u001b[2J"));
    bench.fail(null);
    assertEquals("2026-01-02T03:05:00Z  fresh     the source can be read again\n", pipe.next());
    assertEquals("", err.toString(StandardCharsets.UTF_8), "told by the event, and not again");
  }

  @Test
  void programsReadOneObjectInEachLine() throws Exception {
    watch("--format", "json");
    String one =
        "{\"id\":\"magpie/1\",\"address\":\"192.0.2.11\",\"source\":\"topology\",\"addresses\":"
            + "[{\"address\":\"192.0.2.11\",\"source\":\"topology\",\"network\":\"oam\"}],"
            + "\"settings\":{},\"labels\":{},\"suspect\":false}";
    assertEquals(
        "{\"event\":\"present\",\"readAt\":\"2026-01-02T03:04:05Z\",\"origin\":\"a bench\",\"self\":"
            + "\"magpie/0\",\"nodes\":["
            + one
            + "]}\n",
        pipe.next());
    bench.node(node("magpie/1", "192.0.2.11/25").setting("a", "b"));
    assertEquals(
        "{\"event\":\"updated\",\"readAt\":\"2026-01-02T03:04:05Z\",\"id\":\"magpie/1\",\"before\":"
            + one
            + ",\"after\":"
            + one.replace("\"settings\":{}", "\"settings\":{\"a\":\"b\"}")
            + "}\n",
        pipe.next());
    bench.remove("magpie/1");
    assertEquals(
        "{\"event\":\"departed\",\"readAt\":\"2026-01-02T03:04:05Z\",\"id\":\"magpie/1\",\"before\":"
            + one.replace("\"settings\":{}", "\"settings\":{\"a\":\"b\"}")
            + ",\"after\":null}\n",
        pipe.next());
    bench.fail(new SourceUnavailableException("a bench", "expected a bench,\nfound none"));
    assertEquals(
        "{\"event\":\"health\",\"status\":\"stale\",\"since\":\"2026-01-02T03:05:00Z\",\"reason\":"
            + "\"expected a bench,\\nfound none\"}\n",
        pipe.next());
    bench.fail(null);
    assertEquals(
        "{\"event\":\"health\",\"status\":\"fresh\",\"since\":\"2026-01-02T03:05:00Z\",\"reason\":"
            + "null}\n",
        pipe.next());
  }

  @Test
  void yamlIsOneDocumentForEachEvent() throws Exception {
    bench.remove("magpie/1");
    watch("--format", "yaml");
    assertEquals(
        """
        ---
        event: present
        readAt: "2026-01-02T03:04:05Z"
        origin: "a bench"
        self: magpie/0
        nodes: []
        """,
        pipe.next());
  }

  @Test
  void aFilterMakesJoinersOfThoseWhoEnterIt() throws Exception {
    watch("--network", "storage");
    assertEquals("2026-01-02T03:04:05Z  present   0 peers of a bench\n", pipe.next());
    bench.node(node("magpie/1", "192.0.2.11/25").address("198.51.100.1", "topology"));
    assertEquals("2026-01-02T03:04:05Z  joined    magpie/1 at 198.51.100.1\n", pipe.next());
    bench.networks(new Network("oam", List.of(Cidr.parse("192.0.2.0/25"))));
    assertEquals(
        "2026-01-02T03:04:05Z  stale     the last good peers stay: expected a network of a bench,"
            + " found \"storage\"; it declares oam\n",
        pipe.next());
    bench.networks(new Network("storage", List.of(Cidr.parse("192.0.2.0/25"))));
    assertEquals(
        """
        2026-01-02T03:04:05Z  fresh     the source can be read again
        2026-01-02T03:04:05Z  updated   magpie/1 address at 198.51.100.1, now at 192.0.2.11
        """,
        pipe.next());
  }
}
