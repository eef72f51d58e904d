/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import magpie.peers.Cidr;
import magpie.peers.Network;
import magpie.peers.PeerAddress;
import magpie.peers.PeerNode;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;

/**
 * A topology as text: every text in double quotes as JSON writes it, one thing in each line, and
 * the same bytes for the same content.
 *
 * <p>Written here and not by a YAML library, because a hook that records would pay for it.
 *
 * @param comments comments at the top of the file
 * @param name the name of the bench, fit for a network name
 * @param application what the ids of nodes begin with, or null
 * @param networks the networks, which share no address
 * @param defaultNetwork the name of the network whose addresses are selected first, or null
 * @param nodes the nodes, in the order of their ids
 */
public record TopologyText(
    List<String> comments,
    String name,
    @Nullable String application,
    List<Network> networks,
    @Nullable String defaultNetwork,
    List<PeerNode> nodes) {
  /** The source of the addresses of a node in a topology. */
  public static final String ADDRESS = "topology";

  /** The source of the host name of a node in a topology, which is its last address. */
  public static final String HOSTNAME = "hostname";

  /** The longest key of a setting or label, in characters. */
  static final int LONGEST_KEY = 253;

  /** Within what YAML allows for a key before its colon, and for a line to remain readable. */
  private static final int LONGEST_PLAIN_KEY = 1000;

  private static final int LONGEST_PIECE = 1 << 16;

  /**
   * Tells whether a text can be the host name of a node.
   *
   * @param text the text
   * @return whether it is 1 to 253 characters of labels with dots between, and no IPv4 address
   */
  public static boolean isHostName(String text) {
    if (text.length() > 253) {
      return false;
    }
    int start = 0;
    boolean digits = true;
    for (int i = 0; i <= text.length(); i++) {
      char c = i < text.length() ? text.charAt(i) : '.';
      if (c == '.') {
        if (i == start
            || i - start > 63
            || text.charAt(start) == '-'
            || text.charAt(i - 1) == '-') {
          return false;
        }
        if (i < text.length()) {
          start = i + 1;
          digits = true;
        }
        continue;
      }
      boolean digit = c >= '0' && c <= '9';
      digits &= digit;
      boolean letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
      if (!(digit || letter || c == '-' || c == '_')) {
        return false;
      }
    }
    return !digits;
  }

  /** Whether a setting or label can have the key. */
  static boolean isKey(String key) {
    for (int i = 0; i < key.length(); i++) {
      if (key.charAt(i) == '=' || Character.isISOControl(key.charAt(i))) {
        return false;
      }
    }
    return !key.isEmpty() && key.length() <= LONGEST_KEY;
  }

  /**
   * Returns the text.
   *
   * @param omitted receives a line for everything that a topology cannot hold, which is left out
   * @return the file, of the form that a reader accepts
   */
  public String print(Consumer<String> omitted) {
    StringBuilder out = new StringBuilder(256 + 256 * nodes.size());
    comments.forEach(line -> out.append("# ").append(Quote.visible(line)).append('\n'));
    out.append("version: 1\n");
    out.append("name: ").append(Quote.json(name)).append('\n');
    if (application != null) {
      out.append("application: ").append(Quote.json(application)).append('\n');
    }
    if (!networks.isEmpty()) {
      out.append("networks:\n");
      for (Network network : networks) {
        out.append("  ").append(Quote.json(network.name())).append(":\n    cidrs:\n");
        for (Cidr cidr : network.cidrs()) {
          out.append("      - ").append(Quote.json(cidr.toString())).append('\n');
        }
      }
    }
    if (defaultNetwork != null) {
      out.append("defaults:\n  network: ").append(Quote.json(defaultNetwork)).append('\n');
    }
    out.append(nodes.isEmpty() ? "nodes: {}\n" : "nodes:\n");
    Set<String> addresses = new HashSet<>();
    nodes.forEach(node -> node(node, addresses, out, omitted));
    return out.toString();
  }

  /**
   * Writes the text as a file, as {@link Recording#write} does.
   *
   * @param file the file; its directory must be there
   * @return whether anything was written
   * @throws magpie.peers.SourceUnavailableException as {@link Recording#write} does
   */
  public boolean write(Path file) {
    return TextFile.write(Objects.requireNonNull(file, "file"), print(line -> {}));
  }

  private static void node(
      PeerNode node, Set<String> addresses, StringBuilder out, Consumer<String> omitted) {
    out.append("  ").append(Quote.json(node.id().value())).append(':');
    int begin = out.length();
    List<PeerAddress> candidates = new ArrayList<>(node.addresses());
    candidates.removeIf(
        candidate -> {
          String fault = fault(candidate.text()) + fault(candidate.source());
          if (!fault.isEmpty()) {
            omitted.accept(
                node.id() + ": address " + Quote.of(candidate.text()) + " left out: " + fault);
          }
          return !fault.isEmpty();
        });
    if (declarable(candidates, addresses)) {
      declared(candidates, out);
    } else {
      out.append("\n    candidates:\n");
      for (PeerAddress candidate : candidates) {
        out.append("      - address: ").append(Quote.json(candidate.toString()));
        out.append("\n        source: ").append(Quote.json(candidate.source())).append('\n');
      }
    }
    texts("labels", node.labels(), node, out, omitted);
    texts("settings", node.settings(), node, out, omitted);
    if (node.suspect()) {
      lineBefore(out).append("    state: suspect\n");
    }
    if (out.length() == begin) {
      out.append(" {}\n");
    }
  }

  private static StringBuilder lineBefore(StringBuilder out) {
    return out.charAt(out.length() - 1) == '\n' ? out : out.append('\n');
  }

  /**
   * Whether the candidates are what a topology makes of addresses and a host name. Otherwise they
   * are written one by one, with their sources.
   */
  private static boolean declarable(List<PeerAddress> candidates, Set<String> addresses) {
    int last = candidates.size() - 1;
    for (int i = 0; i <= last; i++) {
      PeerAddress candidate = candidates.get(i);
      boolean fits =
          candidate.ip().isPresent()
              ? candidate.source().equals(ADDRESS)
              : i == last && candidate.source().equals(HOSTNAME) && isHostName(candidate.text());
      if (!fits) {
        return false;
      }
    }
    Set<String> own = new HashSet<>();
    for (PeerAddress candidate : candidates) {
      if (candidate.ip().isPresent()
          && (addresses.contains(candidate.text()) || !own.add(candidate.text()))) {
        return false;
      }
    }
    addresses.addAll(own);
    return true;
  }

  private static void declared(List<PeerAddress> candidates, StringBuilder out) {
    String before = "\n    addresses:\n";
    for (PeerAddress candidate : candidates) {
      if (candidate.ip().isPresent()) {
        out.append(before).append("      - ").append(Quote.json(candidate.toString()));
        out.append('\n');
        before = "";
      } else {
        lineBefore(out).append("    hostname: ").append(Quote.json(candidate.text())).append('\n');
      }
    }
  }

  private static void texts(
      String what,
      Map<String, String> texts,
      PeerNode node,
      StringBuilder out,
      Consumer<String> omitted) {
    String before = "    " + what + ":\n";
    for (Map.Entry<String, String> entry : texts.entrySet()) {
      String fault = fault(entry.getKey(), entry.getValue());
      if (!fault.isEmpty()) {
        omitted.accept(
            node.id() + ": " + what + " " + Quote.of(entry.getKey()) + " left out: " + fault);
        continue;
      }
      lineBefore(out).append(before);
      before = "";
      key(entry.getKey(), out);
      value(entry.getValue(), out);
    }
  }

  private static String fault(String key, String value) {
    if (!isKey(key)) {
      return "a key of a topology has 1 to 253 characters, none of them '=' or a control character";
    }
    return fault(key).isEmpty() ? fault(value) : fault(key);
  }

  private static String fault(String text) {
    if (text.isEmpty()) {
      return "a text of a topology is not empty";
    }
    if (text.codePoints()
        .anyMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE)) {
      return "a text of a topology has whole characters, this has half of a surrogate pair";
    }
    return text.codePointCount(0, text.length()) > YamlEvents.LONGEST_VALUE
        ? "a text of a topology has at most " + YamlEvents.LONGEST_VALUE + " characters"
        : "";
  }

  private static void key(String key, StringBuilder out) {
    String quoted = Quote.json(key);
    if (quoted.length() <= LONGEST_PLAIN_KEY) {
      out.append("      ").append(quoted).append(": ");
    } else {
      out.append("      ? ").append(quoted).append("\n      : ");
    }
  }

  /** Long values go over several lines, whose breaks are not part of the value. */
  private static void value(String value, StringBuilder out) {
    for (int from = 0; from < value.length(); ) {
      int to = Math.min(value.length(), from + LONGEST_PIECE);
      if (to < value.length() && Character.isHighSurrogate(value.charAt(to - 1))) {
        to--;
      }
      String quoted = Quote.json(value.substring(from, to));
      if (from == 0) {
        out.append('"');
      } else {
        // A blank at the beginning of a line counts only behind a backslash.
        out.append("\\\n        ").append(quoted.charAt(1) == ' ' ? "\\" : "");
      }
      out.append(quoted, 1, quoted.length() - 1);
      from = to;
    }
    out.append("\"\n");
  }
}
