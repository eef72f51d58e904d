/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import magpie.peers.PeerView;
import magpie.peers.SourceUnavailableException;
import magpie.peers.lab.Settings;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Publishes settings to the peers. */
@Command(
    name = "publish",
    description = {
      "Publishes settings of this node to its peers: merged into what it has published already.",
      "",
      "A value is everything behind the first '=', to the last blank. KEY= removes the key.",
      "A file is a JSON object or a YAML mapping of keys to texts, numbers or truth values, which"
          + " keep their written text; \"\" removes the key. Arguments count before the file.",
      "json, yaml: written, whether anything had to be written."
    },
    footer = {
      "  magpie-peers publish iperf-port=5001 old-key=",
      "  magpie-peers publish --file settings.json",
      "  echo '{\"motd\": \"two\\nlines\"}' | magpie-peers publish --file -"
    })
@SuppressWarnings("NullAway.Init") // picocli fills the fields in
final class PublishCommand extends PeersCommand {
  private static final int LONGEST_INPUT = 16 << 20;

  @Parameters(paramLabel = "KEY=VALUE", arity = "0..*", description = "the settings")
  private List<String> entries = List.of();

  @Option(
      names = "--file",
      paramLabel = "FILE",
      completionCandidates = Known.Files.class,
      description = "read settings from this file; '-' stands for standard input")
  private @Nullable String from;

  @Override
  int run(Output out) {
    if (entries.isEmpty() && from == null) {
      throw usage("expected KEY=VALUE or --file FILE, found neither");
    }
    Map<String, String> written = new TreeMap<>();
    for (String entry : entries) {
      int equals = entry.indexOf('=');
      if (equals < 1) {
        throw usage("expected KEY=VALUE, found " + Quote.of(entry));
      }
      String key = entry.substring(0, equals);
      if (written.put(key, entry.substring(equals + 1)) != null) {
        throw usage("expected every key once, found " + Quote.of(key) + " twice");
      }
    }
    Map<String, String> settings = new TreeMap<>(from == null ? Map.of() : read(from));
    settings.putAll(written);
    try (PeerView view = open()) {
      boolean changed = view.publish(settings);
      if (format() == Format.TABLE) {
        out.line(changed ? "published" : "nothing to write: all of it is published already");
      } else {
        print(Tree.map("written", changed), out);
      }
    }
    return 0;
  }

  private Map<String, String> read(String name) {
    String shown = name.equals("-") ? "standard input" : name;
    try (InputStream in = name.equals("-") ? main().input() : Files.newInputStream(file(name))) {
      byte[] content = in.readNBytes(LONGEST_INPUT + 1);
      if (content.length > LONGEST_INPUT) {
        throw new SourceUnavailableException(
            shown,
            "expected settings of at most " + LONGEST_INPUT + " bytes, found more in " + shown);
      }
      return Settings.read(content, shown);
    } catch (NoSuchFileException e) {
      throw new SourceUnavailableException(
          shown, "expected a file of settings, found none at " + Quote.of(name), e);
    } catch (IOException e) {
      throw new SourceUnavailableException(
          shown,
          "expected settings, found that " + Quote.of(shown) + " cannot be read: " + e.getMessage(),
          e);
    }
  }
}
