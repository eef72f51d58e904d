/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.it.benchmarks;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import magpie.peers.Notices;
import magpie.peers.PeerView;
import magpie.peers.Peers;
import magpie.peers.PeersOptions;
import magpie.peers.juju.JujuBackend;

/** The programs that {@link Hooks} and {@link Launches} run, each in a JVM of its own. */
final class HookPrograms {
  private HookPrograms() {}

  /** A program that does nothing. */
  static final class Empty {
    private Empty() {}

    /**
     * Does nothing.
     *
     * @param arguments none
     */
    public static void main(String[] arguments) {}
  }

  /** A program that finds its backend, records who is there, and reads all of them. */
  static final class Found {
    private Found() {}

    /**
     * Does it.
     *
     * @param arguments none
     */
    public static void main(String[] arguments) {
      look(Peers.open());
    }
  }

  /** The same with the backend given, as a charm does it. */
  static final class Given {
    private Given() {}

    /**
     * Does it.
     *
     * @param arguments whether to keep settings for later hooks
     */
    public static void main(String[] arguments) {
      look(open(arguments));
    }
  }

  /** The same in a hook in which nobody is new. */
  static final class Again {
    private Again() {}

    /**
     * Does it.
     *
     * @param arguments whether to use and keep settings for later hooks
     */
    public static void main(String[] arguments) {
      try (PeerView peers = open(arguments)) {
        if (peers.nodes().isEmpty()) {
          throw new IllegalStateException("everybody is there");
        }
        Notices notices = peers.notices();
        if (!notices.joined().isEmpty()) {
          notices.dismissJoined();
        }
      }
    }
  }

  private static PeerView open(String[] arguments) {
    PeersOptions.Builder options = PeersOptions.builder();
    if (arguments.length > 0) {
      options.option("incremental-reading", arguments[0]);
    }
    return Peers.open(new JujuBackend(), options.build());
  }

  private static void look(PeerView view) {
    try (PeerView peers = view) {
      if (peers.notices().joined().size() != peers.nodes().size()) {
        throw new IllegalStateException("everybody has joined");
      }
    }
  }

  /** A program that launches the tools of those above, several at a time, and nothing else. */
  static final class Bare {
    private Bare() {}

    /**
     * Does it.
     *
     * @param arguments the number of peers, and how many tools at a time
     * @throws Exception if a tool cannot be started
     */
    public static void main(String[] arguments) throws Exception {
      launch("", "relation-ids", "--format=json", "magpie");
      launch("", "relation-list", "--format=json", "-r", "magpie:1");
      launch("", "state-get", "--format=json", "magpie-peers.magpie");
      launch("", "state-set", "magpie-peers.magpie=x");
      Bags.main(arguments);
    }
  }

  /** A program that launches what a relation hook needs that knows its other peers. */
  static final class BareOne {
    private BareOne() {}

    /**
     * Does it.
     *
     * @param arguments none
     * @throws Exception if a tool cannot be started
     */
    public static void main(String[] arguments) throws Exception {
      launch("", "relation-ids", "--format=json", "magpie");
      launch("", "relation-list", "--format=json", "-r", "magpie:1");
      launch("", "state-get", "--format=json", "magpie-peers.magpie");
      launch("", "relation-get", "--format=json", "-r", "magpie:1", "-", "magpie/1");
    }
  }

  /** A program that launches tools as another did, one after the other, and nothing else. */
  static final class Replay {
    /** Stands between the standard input of a tool, its name and its arguments. */
    static final String BETWEEN = "\u001f";

    private Replay() {}

    /**
     * Does it.
     *
     * @param arguments a file with a line for each tool
     * @throws Exception if a tool cannot be started
     */
    public static void main(String[] arguments) throws Exception {
      for (String line : Files.readAllLines(Path.of(arguments[0]))) {
        String[] words = line.split(BETWEEN, -1);
        launch(words[0], Arrays.copyOfRange(words, 1, words.length));
      }
    }
  }

  /** A program that launches one tool for each peer, several at a time. */
  static final class Bags {
    private Bags() {}

    /**
     * Does it.
     *
     * @param arguments the number of peers, and how many tools at a time
     * @throws Exception if a tool cannot be started
     */
    public static void main(String[] arguments) throws Exception {
      ExecutorService threads = Executors.newFixedThreadPool(Integer.parseInt(arguments[1]));
      List<Future<Integer>> running = new ArrayList<>();
      for (int i = 1; i <= Integer.parseInt(arguments[0]); i++) {
        String unit = "magpie/" + i;
        running.add(
            threads.submit(
                () -> launch("", "relation-get", "--format=json", "-r", "magpie:1", "-", unit)));
      }
      for (Future<Integer> each : running) {
        if (each.get() != 0) {
          throw new IllegalStateException("a tool failed");
        }
      }
      threads.shutdown();
    }
  }

  private static int launch(String input, String... command)
      throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.redirectError(ProcessBuilder.Redirect.DISCARD);
    Process process = builder.start();
    try (OutputStream in = process.getOutputStream()) {
      in.write(input.getBytes(StandardCharsets.UTF_8));
    }
    try (InputStream out = process.getInputStream()) {
      out.readAllBytes();
    }
    return process.waitFor();
  }
}
