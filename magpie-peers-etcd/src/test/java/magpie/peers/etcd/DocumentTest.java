/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.etcd;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import magpie.peers.Network;
import magpie.peers.PeerView;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The lines of docs/etcd.md for etcdctl, typed as they stand there into a shell. */
@Tag("alone")
class DocumentTest {
  @TempDir Path directory;

  /** The block of the document that has a line. */
  private static List<String> block(String line) throws IOException {
    String document =
        Files.readString(Path.of(System.getProperty("magpie.root")).resolve("docs/etcd.md"));
    Matcher blocks = Pattern.compile("(?s)```sh\n(.*?)```").matcher(document);
    while (blocks.find()) {
      List<String> lines = blocks.group(1).lines().toList();
      if (lines.contains(line)) {
        return lines;
      }
    }
    throw new AssertionError(
        "expected a block of docs/etcd.md with this line, found none: " + line);
  }

  /** A shell that says how each line ended. */
  private static final class Shell implements AutoCloseable {
    private final Process process;
    private final Writer in;
    private final BufferedReader out;

    Shell(String endpoint) throws IOException {
      ProcessBuilder builder = new ProcessBuilder("sh").redirectErrorStream(true);
      builder.environment().put("ETCDCTL_ENDPOINTS", endpoint);
      process = builder.start();
      in = process.outputWriter();
      out = process.inputReader();
    }

    void type(String line) throws IOException {
      in.write(line + "\necho \"ended with $?\"\n");
      in.flush();
      StringBuilder said = new StringBuilder();
      String next = out.readLine();
      while (next != null && !next.startsWith("ended with ")) {
        said.append(next).append('\n');
        next = out.readLine();
      }
      assertEquals("ended with 0", next, () -> line + "\n" + said);
    }

    @Override
    public void close() {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
      EtcdCluster.await(process);
    }
  }

  @Test
  void whatIsWrittenByHandIsSeen() throws Exception {
    EtcdCluster.required();
    try (EtcdCluster cluster = EtcdCluster.start(directory.resolve("cluster"), 1);
        PeerView view = Nodes.observer(cluster.endpoints(), "lab", directory.resolve("state"));
        Shell shell = new Shell(cluster.endpoint(0))) {
      StringBuilder seen = new StringBuilder();
      for (String line : block("etcdctl get --prefix /magpie/v1/lab/")) {
        shell.type(line);
        if (line.startsWith("etcdctl put") || line.startsWith("etcdctl del")) {
          seen.append(networks(view)).append(' ').append(Nodes.shown(view)).append('\n');
        }
      }
      assertEquals(
          """
          [storage] []
          [storage] [switch-1 at 192.0.2.9?]
          [storage] [switch-1 at 192.0.2.9]
          [storage] []
          """,
          seen.toString());
      for (String line : block("etcdctl role add magpie")) {
        shell.type(line);
      }
      assertEquals(
          List.of("magpie"),
          Stream.of(cluster.ctl("user", "get", "node").replaceAll("(?s).*Roles:", "").split(" "))
              .map(String::strip)
              .filter(word -> !word.isEmpty())
              .toList());
    }
  }

  private static List<String> networks(PeerView view) {
    return view.snapshot().networks().stream().map(Network::name).toList();
  }
}
