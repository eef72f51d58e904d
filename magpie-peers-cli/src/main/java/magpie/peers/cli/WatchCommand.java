/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import magpie.peers.Changes;
import magpie.peers.ConfigurationException;
import magpie.peers.Health;
import magpie.peers.NodeFilter;
import magpie.peers.PeerAddress;
import magpie.peers.PeerEvent;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.Snapshot;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;

/** Follows the peers until it is interrupted. */
@Command(
    name = "watch",
    description = {
      "Shows the peers and then every change of them, until it is interrupted.",
      "",
      "json: one object per line. First event 'present' (readAt, origin, self, nodes), then"
          + " 'joined', 'departed' and 'updated' (readAt, id, before, after) and 'health' (status"
          + " fresh or stale, since, reason). yaml: one document per event.",
      "While the source is broken the last good peers stay; that is said once, and again when it"
          + " heals. Every event is written out at once. If the reader of the output goes away,"
          + " the command ends with the next event."
    },
    footer = "  magpie-peers watch --format json")
final class WatchCommand extends FilteringCommand {
  @Override
  boolean ends() {
    return false;
  }

  @Override
  int run(Output out) {
    NodeFilter filter = filter();
    try (PeerView view = open()) {
      // Before anything is shown, so that an unknown network is a failure and not an event.
      view.nodes(filter);
      Thread end = new Thread(view::close, "magpie-peers end");
      Runtime.getRuntime().addShutdownHook(end);
      try {
        // That is an event, and told once.
        StandardErrorLog.leaveOut("the last good peers stay, because the source broke");
        Watching watching = new Watching(view, filter, out);
        view.listen(watching::onEvent);
        watching.ended.get();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (ExecutionException e) {
        if (e.getCause() instanceof RuntimeException failure) {
          throw failure;
        }
        throw new IllegalStateException(e.getCause());
      }
    }
    return 0;
  }

  /** What was shown, and what to show next. All calls come from the one thread of the view. */
  private final class Watching {
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    private final PeerView view;
    private final NodeFilter filter;
    private final Output out;
    private List<PeerNode> shown = List.of();
    private List<String> warned = List.of();
    private @Nullable String unknownNetwork;

    Watching(PeerView view, NodeFilter filter, Output out) {
      this.view = view;
      this.filter = filter;
      this.out = out;
    }

    void onEvent(PeerEvent event) {
      try {
        show(event);
        out.flush();
      } catch (RuntimeException | Error e) {
        ended.completeExceptionally(e);
      }
    }

    private void show(PeerEvent event) {
      if (event instanceof PeerEvent.HealthChanged change) {
        health(change.after());
        return;
      }
      Snapshot snapshot = event.snapshot();
      if (!snapshot.warnings().equals(warned)) {
        warned = snapshot.warnings();
        warn(snapshot);
      }
      List<PeerNode> now;
      try {
        // The view and not the snapshot, because only the view knows every network.
        now = view.nodes(filter);
      } catch (ConfigurationException e) {
        // An edit took away the network that is asked for: what was shown stays, told once.
        String reason = String.valueOf(e.getMessage());
        if (!reason.equals(unknownNetwork)) {
          unknownNetwork = reason;
          health(new Health(Health.Status.STALE, snapshot.readAt(), reason));
        }
        return;
      }
      if (unknownNetwork != null) {
        unknownNetwork = null;
        health(new Health(Health.Status.FRESH, snapshot.readAt(), ""));
      }
      if (event instanceof PeerEvent.Started) {
        present(snapshot, now);
        if (view.health().stale()) {
          health(view.health());
        }
      } else {
        changes(snapshot, Changes.between(shown, now));
      }
      shown = now;
    }

    private void present(Snapshot snapshot, List<PeerNode> nodes) {
      if (format() != Format.TABLE) {
        tree(Shape.present(snapshot, nodes));
        return;
      }
      String peers = nodes.size() == 1 ? "1 peer" : nodes.size() + " peers";
      say(snapshot.readAt(), Output.Style.PLAIN, "present", peers + " of " + snapshot.origin());
      for (PeerNode node : nodes) {
        say(snapshot.readAt(), Output.Style.PLAIN, "present", Quote.visible(node.toString()));
      }
    }

    private void changes(Snapshot snapshot, Changes changes) {
      for (PeerNode node : changes.departed()) {
        change("departed", Output.Style.BAD, snapshot, node, null, node.id() + ", was" + at(node));
      }
      for (PeerNode node : changes.joined()) {
        change("joined", Output.Style.GOOD, snapshot, null, node, node.toString());
      }
      for (Changes.Update update : changes.updated()) {
        PeerNode before = update.before();
        PeerNode after = update.after();
        String text = after.id() + " " + String.join("; ", differences(before, after));
        change("updated", Output.Style.DOUBTFUL, snapshot, before, after, text);
      }
    }

    private void change(
        String event,
        Output.Style style,
        Snapshot snapshot,
        @Nullable PeerNode before,
        @Nullable PeerNode after,
        String text) {
      if (format() == Format.TABLE) {
        // Visible first, so that no peer begins a line of its own.
        say(snapshot.readAt(), style, event, Quote.visible(text));
      } else {
        tree(Shape.change(event, snapshot, before, after));
      }
    }

    private void health(Health health) {
      if (format() == Format.TABLE) {
        Output.Style style = health.stale() ? Output.Style.BAD : Output.Style.GOOD;
        String text =
            health.stale()
                ? "the last good peers stay: " + health.reason()
                : "the source can be read again";
        say(health.since(), style, Choice.written(health.status()), text);
      } else {
        tree(Shape.health(health));
      }
    }

    private void tree(Map<String, @Nullable Object> event) {
      if (format() == Format.YAML) {
        out.line("---");
        Tree.yaml(event, out);
      } else {
        out.line(Tree.jsonLine(event));
      }
    }

    private void say(Instant when, Output.Style style, String what, String text) {
      String time = when.truncatedTo(ChronoUnit.SECONDS).toString();
      String before = "";
      for (String line : text.split("\n", -1)) {
        out.line(
            before.isEmpty()
                ? time
                    + "  "
                    + out.styled(style, what + " ".repeat(8 - what.length()))
                    + "  "
                    + Quote.visible(line)
                : before + Quote.visible(line));
        before = "  ";
      }
    }
  }

  private static String at(PeerNode node) {
    return node.address().map(address -> " at " + address.text()).orElse(" without address");
  }

  private static List<String> differences(PeerNode before, PeerNode after) {
    List<String> differences = new ArrayList<>();
    if (!at(before).equals(at(after))) {
      differences.add("address" + at(before) + ", now" + at(after));
    } else if (!before.addresses().equals(after.addresses())) {
      differences.add(
          "addresses " + texts(before.addresses()) + ", now " + texts(after.addresses()));
    }
    entries("setting", before.settings(), after.settings(), differences);
    entries("label", before.labels(), after.labels(), differences);
    if (before.suspect() != after.suspect()) {
      differences.add(after.suspect() ? "now suspect" : "no longer suspect");
    }
    if (differences.isEmpty()) {
      differences.add("chosen by " + before.rule() + ", now by " + after.rule());
    }
    return differences;
  }

  private static String texts(List<PeerAddress> candidates) {
    return String.join(", ", candidates.stream().map(PeerAddress::toString).toList());
  }

  private static void entries(
      String what, Map<String, String> before, Map<String, String> after, List<String> to) {
    TreeSet<String> keys = new TreeSet<>(before.keySet());
    keys.addAll(after.keySet());
    for (String key : keys) {
      String was = before.get(key);
      String is = after.get(key);
      if (is == null) {
        to.add(what + " " + key + " removed");
      } else if (!is.equals(was)) {
        to.add(what + " " + key + "=" + Quote.of(is));
      }
    }
  }
}
