/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.local;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import magpie.peers.ConfigurationException;
import magpie.peers.PeerId;
import magpie.peers.SourceUnavailableException;
import magpie.peers.host.FileState;
import magpie.peers.spi.StateStore;
import magpie.peers.text.Quote;
import magpie.peers.topology.Topology;
import org.jspecify.annotations.Nullable;

/**
 * The directory in which the nodes of a topology publish settings to each other.
 *
 * <p>Each node writes one file of its own, and no file of another. A fault in a file is a warning
 * that names it, and does not affect the others: until the file is corrected, what its node
 * published last stays.
 */
final class Exchange {
  private final Path directory;
  private final Map<String, PeerId> nodes = new HashMap<>();
  private final Map<String, Slot> slots = new TreeMap<>();
  private @Nullable String lost;
  private Content content = new Content(Map.of(), List.of());

  Exchange(Path directory) {
    this.directory = directory;
  }

  /**
   * What all nodes have published.
   *
   * @param settings by node; nodes that published nothing are left out
   * @param warnings what is wrong, a line per file
   */
  record Content(Map<PeerId, Map<String, String>> settings, List<String> warnings) {}

  Path directory() {
    return directory;
  }

  /** Sets whose files to read; other files in the directory are ignored. */
  void expect(List<Topology.Entry> entries) {
    nodes.clear();
    for (Topology.Entry entry : entries) {
      nodes.put(SettingsFile.nameOf(entry.node().id()), entry.node().id());
    }
  }

  /**
   * Returns what has been published: the same object while it is the same.
   *
   * @param doubt whether to read files although nothing seems to have changed
   */
  Content read(boolean doubt) {
    look(doubt);
    Map<PeerId, Map<String, String>> settings = new TreeMap<>();
    List<String> warnings = new ArrayList<>();
    if (lost != null) {
      warnings.add(lost);
    }
    slots.forEach(
        (name, slot) -> {
          if (!slot.settings.isEmpty()) {
            settings.put(slot.id, slot.settings);
          }
          if (slot.warning != null) {
            warnings.add(slot.warning);
          }
        });
    Content now = new Content(settings, warnings);
    if (!now.equals(content)) {
      content = now;
    }
    return content;
  }

  private void look(boolean doubt) {
    Map<String, Slot> seen = new TreeMap<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        String name = String.valueOf(file.getFileName());
        PeerId id = nodes.get(name);
        if (id != null) {
          Slot slot = slots.get(name);
          slot = slot == null || !slot.id.equals(id) ? new Slot(id, file) : slot;
          if (slot.look(doubt)) {
            seen.put(name, slot);
          }
        }
      }
    } catch (NoSuchFileException e) {
      // No node has published yet; or one has, and the directory was removed.
      lost = slots.isEmpty() ? null : lost("the directory is gone");
      return;
    } catch (IOException | DirectoryIteratorException e) {
      lost = lost(reason(e instanceof DirectoryIteratorException d ? d.getCause() : e));
      return;
    }
    // A listing may miss a file that is renamed meanwhile, so files seen before are looked for by
    // name.
    slots.forEach(
        (name, slot) -> {
          if (!seen.containsKey(name) && slot.id.equals(nodes.get(name)) && slot.look(doubt)) {
            seen.put(name, slot);
          }
        });
    lost = null;
    slots.clear();
    slots.putAll(seen);
  }

  private String lost(@Nullable Object reason) {
    return "exchange directory "
        + Quote.of(directory.toString())
        + ": expected to read what nodes have published, found: "
        + reason
        + "; what they had published before stays";
  }

  private static String reason(@Nullable Throwable e) {
    if (e instanceof AccessDeniedException) {
      return "permission denied";
    }
    if (e instanceof NotDirectoryException) {
      return "it is no directory";
    }
    return e instanceof FileSystemException f && f.getReason() != null
        ? f.getReason()
        : String.valueOf(e);
  }

  /**
   * Returns what a node has published, read afresh.
   *
   * @throws SourceUnavailableException if its file cannot be read or is no such file
   */
  Map<String, String> published(PeerId id) {
    return parsed(store(id).load(), id);
  }

  /**
   * Merges changes into what a node has published.
   *
   * @throws ConfigurationException if the settings become too large
   * @throws SourceUnavailableException if it cannot be written
   */
  void publish(PeerId id, Map<String, String> changes) {
    prepare();
    store(id)
        .update(
            before -> {
              Map<String, String> published = parsed(before, id);
              Map<String, String> changed = new TreeMap<>(published);
              changes.forEach(
                  (key, value) -> {
                    if (value.isEmpty()) {
                      changed.remove(key);
                    } else {
                      changed.put(key, value);
                    }
                  });
              return changed.equals(published) ? before : printed(id, changed);
            });
  }

  private StateStore store(PeerId id) {
    return FileState.settings(directory.resolve(SettingsFile.nameOf(id)));
  }

  private Map<String, String> parsed(String text, PeerId id) {
    if (text.isEmpty()) {
      return Map.of();
    }
    try {
      return SettingsFile.parse(text, id);
    } catch (SettingsFile.Malformed e) {
      Path file = directory.resolve(SettingsFile.nameOf(id));
      throw new SourceUnavailableException(
          file.toString(),
          "published settings of "
              + id
              + " in "
              + Quote.of(file.toString())
              + ": "
              + e.getMessage()
              + "; remove the file and publish everything again",
          e);
    }
  }

  private static String printed(PeerId id, Map<String, String> settings) {
    String text = SettingsFile.print(id, settings);
    int size = text.getBytes(StandardCharsets.UTF_8).length;
    if (size > SettingsFile.LARGEST || settings.size() > SettingsFile.MOST_KEYS) {
      throw new ConfigurationException(
          "expected the published settings of "
              + id
              + " to be at most "
              + SettingsFile.MOST_KEYS
              + " keys and "
              + SettingsFile.LARGEST
              + " bytes as JSON, found "
              + settings.size()
              + " keys and "
              + size
              + " bytes; nothing was published. Publish less, or remove keys with empty values");
    }
    return text;
  }

  private void prepare() {
    try {
      if (!Files.isDirectory(directory)) {
        Files.createDirectory(directory);
      }
    } catch (FileAlreadyExistsException e) {
      if (!Files.isDirectory(directory)) {
        throw unusable("it is no directory; remove it, or change exchange in the topology", e);
      }
    } catch (NoSuchFileException e) {
      throw unusable(
          "the directory that it should be in does not exist; create or mount it, or change exchange"
              + " in the topology",
          e);
    } catch (IOException e) {
      throw unusable(reason(e) + "; create it so that this user can write in it", e);
    }
  }

  private SourceUnavailableException unusable(String found, IOException cause) {
    return new SourceUnavailableException(
        directory.toString(),
        "expected to publish in the exchange directory "
            + Quote.of(directory.toString())
            + ", found: "
            + found,
        cause);
  }

  /** The file of one node. */
  private static final class Slot {
    private final PeerId id;
    private final Path path;
    private final TrackedFile file;
    private Map<String, String> settings = Map.of();
    private @Nullable String malformed;
    private @Nullable String warning;

    Slot(PeerId id, Path path) {
      this.id = id;
      this.path = path;
      this.file = new TrackedFile(path, SettingsFile.LARGEST, LinkOption.NOFOLLOW_LINKS);
    }

    /** Looks at the file; false if it is not there any more. */
    boolean look(boolean doubt) {
      Optional<String> fault;
      try {
        byte[] bytes = file.read(doubt);
        if (bytes != null) {
          malformed = parse(bytes);
        }
        fault = Optional.ofNullable(malformed);
      } catch (NoSuchFileException e) {
        return false;
      } catch (IOException | RuntimeException e) {
        // A fault in the file of one peer is a warning and must not affect the others.
        fault = Optional.of(reason(e));
      }
      warning =
          fault
              .map(
                  found ->
                      "settings of "
                          + id
                          + " in "
                          + Quote.of(path.toString())
                          + ": "
                          + found
                          + "; what it had published before stays")
              .orElse(null);
      return true;
    }

    private @Nullable String parse(byte[] bytes) {
      try {
        // Not Map.copyOf, which probes linearly: a peer may publish keys of one hash.
        settings = Collections.unmodifiableMap(new TreeMap<>(SettingsFile.parse(bytes, id)));
        return null;
      } catch (SettingsFile.Malformed e) {
        return e.getMessage();
      }
    }
  }
}
