/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import magpie.peers.ConfigurationException;
import magpie.peers.IpAddress;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.reach.Reach;
import magpie.peers.reach.ReachListener;
import magpie.peers.reach.ReachMatrix;
import magpie.peers.reach.ReachReport;
import magpie.peers.reach.ReachResult;
import magpie.peers.reach.Throughput;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Asks every peer at its addresses whether it is there. */
@Command(
    name = "reach",
    description = {
      "Asks every peer at every address whether it is there, and how fast.",
      "",
      "answered: something accepts connections; where the peer listens, it said its id.",
      "refused: the host is there, nothing listens. no-route, timed-out: it is not reached.",
      "wrong-node: another node listens there. no-address: the peer has none that was asked for.",
      "",
      "A peer that runs 'listen' is asked at its port, others at --port. Connections come from the"
          + " address that this machine has in the network of the address that is asked.",
      "Exit code 5: a declared address was not reached.",
      "json, yaml: a list of peer, address, network, port, outcome, reached, minimum, median,"
          + " maximum (milliseconds), detail. With --matrix: rows of from, at and cells.",
    },
    footer = {
      "  magpie-peers reach --network storage --count 5",
      "  magpie-peers reach --publish && magpie-peers reach --matrix"
    })
@SuppressWarnings("NullAway.Init") // picocli fills the fields in
final class ReachCommand extends FilteringCommand {
  static final int NOT_REACHED = 5;

  @Option(
      names = "--port",
      paramLabel = "PORT",
      description = "the port where a peer does not listen (default: " + Reach.USUAL_PORT + ")")
  private int port = Reach.USUAL_PORT;

  @Option(
      names = "--count",
      paramLabel = "N",
      description = "connections to each address (default: 3)")
  private int count = 3;

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      description = "how long to wait for one address (default: 3)")
  private double timeout = 3;

  @Option(
      names = "--deadline",
      paramLabel = "SECONDS",
      description = "how long to wait for all (default: 300)")
  private double deadline = 300;

  @Option(
      names = "--from-address",
      paramLabel = "ADDRESS",
      description = "ask from this address of this machine")
  private @Nullable String from;

  @Option(names = "--publish", description = "publish what came of it for --matrix of all nodes")
  private boolean publish;

  @Option(names = "--matrix", description = "show what all nodes published, without asking them")
  private boolean matrix;

  @Option(
      names = "--throughput",
      paramLabel = "SECONDS",
      description = "measure throughput with each peer, one after the other")
  private @Nullable Integer throughput;

  @Override
  int run(Output out) {
    if (matrix && (publish || throughput != null)) {
      throw usage("--matrix asks no peer, so it goes without --publish and --throughput");
    }
    if (publish && (throughput != null || filtered())) {
      throw usage("--publish publishes what all peers answer: leave out filters and --throughput");
    }
    try (PeerView view = open()) {
      warn(view.snapshot());
      if (matrix) {
        return matrix(view, out);
      }
      return throughput != null ? throughput(view, throughput, out) : reach(view, out);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Main.FAILED;
    }
  }

  private int reach(PeerView view, Output out) throws InterruptedException {
    ReachReport report = asked(view).run(progress());
    if (publish) {
      ReachMatrix.publish(view, report);
    }
    if (format() == Format.TABLE) {
      table(report).print(out);
    } else {
      print(Tree.list(report.results(), ReachCommand::shape), out);
    }
    return report.allReached() ? 0 : NOT_REACHED;
  }

  private Reach asked(PeerView view) {
    try {
      Reach reach =
          Reach.of(view)
              .filter(peers())
              .port(port)
              .count(count)
              .timeout(duration("--timeout", timeout))
              .deadline(duration("--deadline", deadline));
      String network = network();
      reach = network == null ? reach : reach.network(network);
      return from == null ? reach : reach.from(IpAddress.parse(from));
    } catch (IllegalArgumentException e) {
      throw usage(String.valueOf(e.getMessage()));
    }
  }

  private Duration duration(String option, double seconds) {
    if (!(seconds > 0 && seconds <= 86_400)) {
      throw usage("expected more than 0 and at most 86400 seconds for " + option);
    }
    return Duration.ofMillis(Math.max(1, Math.round(seconds * 1000)));
  }

  /** People at a terminal see how far it is. */
  private Reach.Progress progress() {
    if (!main().watched()) {
      return (done, all) -> {};
    }
    return (done, all) ->
        main()
            .errors()
            .print(done == all ? "\r\u001b[K" : "\rmagpie-peers reach: " + done + " of " + all);
  }

  static Table table(ReachReport report) {
    Table table = new Table("PEER", "ADDRESS", "NETWORK", "PORT", "OUTCOME", "MS", "DETAIL");
    for (ReachResult result : report.results()) {
      table.row(
          style(result.outcome()),
          result.peer().value(),
          result.address(),
          result.network().orElse(""),
          result.port() == 0 ? "" : String.valueOf(result.port()),
          ReachMatrix.word(result.outcome()),
          times(result),
          result.detail());
    }
    return table;
  }

  private static Output.Style style(ReachResult.Outcome outcome) {
    return outcome == ReachResult.Outcome.ANSWERED
        ? Output.Style.PLAIN
        : outcome.reached() || outcome == ReachResult.Outcome.NO_ADDRESS
            ? Output.Style.DOUBTFUL
            : Output.Style.BAD;
  }

  /** Minimum, median and maximum, or the one there is. */
  private static String times(ReachResult result) {
    List<String> texts = new ArrayList<>();
    for (Optional<Duration> time :
        result.roundTrips().size() == 1
            ? List.of(result.median())
            : List.of(result.minimum(), result.median(), result.maximum())) {
      time.ifPresent(each -> texts.add(String.format(Locale.ROOT, "%.2f", millis(each))));
    }
    return String.join("/", texts);
  }

  private static double millis(Duration time) {
    return time.toNanos() / 1e6;
  }

  private static Map<String, @Nullable Object> shape(ReachResult result) {
    return Tree.map(
        "peer", result.peer().value(),
        "address", result.address().isEmpty() ? null : result.address(),
        "network", result.network().orElse(null),
        "port", result.port() == 0 ? null : result.port(),
        "outcome", ReachMatrix.word(result.outcome()),
        "reached", result.outcome().reached(),
        "minimum", result.minimum().map(ReachCommand::written).orElse(null),
        "median", result.median().map(ReachCommand::written).orElse(null),
        "maximum", result.maximum().map(ReachCommand::written).orElse(null),
        "detail", result.detail());
  }

  private static Double written(Duration time) {
    return Math.round(millis(time) * 1000) / 1000.0;
  }

  private int throughput(PeerView view, int seconds, Output out) {
    List<Throughput> measured = new ArrayList<>();
    for (PeerNode peer : view.nodes(filter())) {
      try {
        measured.add(Throughput.measure(peer, seconds));
      } catch (IllegalArgumentException e) {
        throw usage("--throughput: " + e.getMessage());
      } catch (ConfigurationException e) {
        if (!peer.settings().containsKey(ReachListener.KEY)) {
          warn(peer.id() + " does not listen, and is left out");
          continue;
        }
        throw e;
      }
    }
    if (format() != Format.TABLE) {
      print(
          Tree.list(
              measured,
              each ->
                  Tree.map(
                      "peer",
                      each.peer().value(),
                      "address",
                      each.address(),
                      "sent",
                      Math.round(each.sent() * 1000) / 1000.0,
                      "received",
                      Math.round(each.received() * 1000) / 1000.0)),
          out);
      return 0;
    }
    Table table = new Table("PEER", "ADDRESS", "SENT MBIT/S", "RECEIVED MBIT/S");
    for (Throughput each : measured) {
      table.row(
          Output.Style.PLAIN,
          each.peer().value(),
          each.address(),
          String.format(Locale.ROOT, "%.1f", each.sent()),
          String.format(Locale.ROOT, "%.1f", each.received()));
    }
    table.print(out);
    return 0;
  }

  private int matrix(PeerView view, Output out) {
    ReachMatrix all = ReachMatrix.of(view);
    all.warnings().forEach(PeersCommand::warn);
    if (format() != Format.TABLE) {
      print(Tree.list(all.rows(), ReachCommand::shape), out);
      return bad(all) ? NOT_REACHED : 0;
    }
    Map<String, Map<PeerId, Map<PeerId, ReachMatrix.Cell>>> networks = new LinkedHashMap<>();
    TreeSet<PeerId> ids = new TreeSet<>();
    for (ReachMatrix.Row row : all.rows()) {
      ids.add(row.from());
      for (ReachMatrix.Cell cell : row.cells()) {
        ids.add(cell.to());
        networks
            .computeIfAbsent(
                cell.network().orElse("no declared network"), n -> new LinkedHashMap<>())
            .computeIfAbsent(row.from(), from -> new LinkedHashMap<>())
            .merge(cell.to(), cell, ReachCommand::worse);
      }
    }
    String before = "";
    for (Map.Entry<String, Map<PeerId, Map<PeerId, ReachMatrix.Cell>>> network :
        networks.entrySet()) {
      out.line(before + "network " + network.getKey());
      before = "\n";
      List<String> heads = new ArrayList<>(List.of("FROM"));
      ids.forEach(id -> heads.add(id.value()));
      Table table = new Table(heads.toArray(new String[0]));
      for (PeerId from : ids) {
        Map<PeerId, ReachMatrix.Cell> cells = network.getValue().getOrDefault(from, Map.of());
        List<String> texts = new ArrayList<>(List.of(from.value()));
        boolean bad = false;
        for (PeerId to : ids) {
          ReachMatrix.Cell cell = cells.get(to);
          bad |= cell != null && !cell.outcome().reached();
          texts.add(
              cell == null
                  ? ""
                  : ReachMatrix.word(cell.outcome()) + (cell.stale() ? " (stale)" : ""));
        }
        table.row(bad ? Output.Style.BAD : Output.Style.PLAIN, texts.toArray(new String[0]));
      }
      table.print(out);
    }
    List<String> silent = new ArrayList<>();
    Instant oldest = null;
    for (ReachMatrix.Row row : all.rows()) {
      Instant at = row.at().orElse(null);
      if (at == null) {
        silent.add(row.from().value());
      } else {
        oldest = oldest == null || at.isBefore(oldest) ? at : oldest;
      }
    }
    if (oldest != null) {
      out.line(before + "oldest result: " + oldest.truncatedTo(ChronoUnit.SECONDS));
    }
    if (!silent.isEmpty()) {
      out.line("nothing published: " + Quote.visible(String.join(", ", silent)));
    }
    return bad(all) ? NOT_REACHED : 0;
  }

  /** Of two addresses in one network the one that is not reached is shown. */
  private static ReachMatrix.Cell worse(ReachMatrix.Cell a, ReachMatrix.Cell b) {
    return b.outcome().compareTo(a.outcome()) > 0 ? b : a;
  }

  private static boolean bad(ReachMatrix all) {
    return all.rows().stream()
        .flatMap(row -> row.cells().stream())
        .anyMatch(cell -> !cell.outcome().reached() && !cell.stale());
  }

  private static Map<String, @Nullable Object> shape(ReachMatrix.Row row) {
    return Tree.map(
        "from", row.from().value(),
        "at", row.at().map(Instant::toString).orElse(null),
        "cells",
            Tree.list(
                row.cells(),
                cell ->
                    Tree.map(
                        "to", cell.to().value(),
                        "address", cell.address(),
                        "network", cell.network().orElse(null),
                        "outcome", ReachMatrix.word(cell.outcome()),
                        "stale", cell.stale())));
  }
}
