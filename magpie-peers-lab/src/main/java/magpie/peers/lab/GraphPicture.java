/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.lab;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import magpie.peers.Cidr;
import magpie.peers.Network;
import magpie.peers.PeerAddress;
import magpie.peers.lab.Graph.Group;
import magpie.peers.lab.Graph.Item;
import magpie.peers.lab.Graph.State;
import magpie.peers.text.Quote;

/**
 * The picture as SVG.
 *
 * <p>Every group is a panel in which the networks run from top to bottom, in the same order and
 * colours everywhere; each node is a row, with its addresses on their lanes. Large groups go on in
 * another panel, so that the whole has the shape of a screen.
 *
 * <p>All text is in a typeface of fixed width, and every text says how long it is ({@code
 * textLength}): so it fits the room that was kept for it in any typeface.
 */
final class GraphPicture {
  private static final double WIDE = 1.5;
  private static final int SIZE = 12;
  private static final int SMALL = 10;
  private static final int LARGE = 14;
  private static final int LINE = 18;
  private static final int GAP = 8;
  private static final int DOT = 16;
  private static final int MARGIN = 24;
  private static final int LONGEST = 40;
  private static final int COLOURS = 8;
  private static final int FEWEST_ROWS = 3;

  /** Colours that people with colour blindness can distinguish, for light and dark backgrounds. */
  private static final String[] LIGHT = {
    "#0059a6", "#a84300", "#00684e", "#8a3f74", "#6b5500", "#1f6f8b", "#5a3da5", "#a1214a"
  };

  private static final String[] DARK = {
    "#6cb6ff", "#f0a060", "#4cc9a0", "#e29ac8", "#d8bf4e", "#6fd0e8", "#b3a0f5", "#ff8fae"
  };

  private final List<Network> networks;
  private final List<Group> groups;
  private final boolean names;
  private final int idWidth;
  private final int[] laneStart;
  private final int[] laneWidth;
  private final int panelWidth;
  private final int headerHeight;
  private final StringBuilder out = new StringBuilder(1 << 14);

  /** Some rows of a group, in a panel of their own. */
  private record Panel(String title, List<Item> items, int height) {}

  GraphPicture(List<Network> networks, List<Group> groups) {
    this.networks = networks;
    this.groups = groups;
    int id = 4;
    int[] widths = new int[networks.size() + 1];
    for (int lane = 0; lane < networks.size(); lane++) {
      widths[lane] = width(shown(networks.get(lane).name()), SIZE);
      for (Cidr cidr : networks.get(lane).cidrs()) {
        widths[lane] = Math.max(widths[lane], width(cidr.toString(), SMALL));
      }
    }
    boolean anyName = false;
    for (Group group : groups) {
      for (Item item : group.items()) {
        id = Math.max(id, width(label(item), SIZE));
        Map<String, List<PeerAddress>> placed = Graph.placed(item.node(), networks);
        for (int lane = 0; lane < widths.length; lane++) {
          for (PeerAddress candidate : placed.getOrDefault(name(lane), List.of())) {
            widths[lane] = Math.max(widths[lane], width(shown(candidate.text()), SIZE));
            anyName |= lane == networks.size();
          }
        }
      }
    }
    names = anyName;
    idWidth = id + 2 * GAP;
    laneWidth = new int[networks.size() + (names ? 1 : 0)];
    laneStart = new int[laneWidth.length];
    int x = GAP + idWidth + GAP;
    int most = 1;
    for (int lane = 0; lane < laneWidth.length; lane++) {
      laneStart[lane] = x;
      int needed =
          lane == networks.size() ? Math.max(widths[lane], width("host name", SIZE)) : widths[lane];
      laneWidth[lane] = DOT + needed + 2 * GAP;
      x += laneWidth[lane];
      most = Math.max(most, lane == networks.size() ? 1 : networks.get(lane).cidrs().size());
    }
    int titles = 0;
    for (Group group : groups) {
      titles = Math.max(titles, width(shown(group.title()) + " (continued)", LARGE));
    }
    panelWidth = Math.max(x + GAP, titles + 2 * GAP);
    headerHeight = LINE + most * (SMALL + 4) + GAP;
  }

  private String name(int lane) {
    return lane == networks.size() ? "" : networks.get(lane).name();
  }

  private static String shown(String text) {
    String visible = Quote.visible(text);
    int length = visible.codePointCount(0, visible.length());
    return length <= LONGEST
        ? visible
        : visible.substring(0, visible.offsetByCodePoints(0, LONGEST - 1)) + "\u2026";
  }

  private static String label(Item item) {
    String words = item.state().words();
    return shown(item.node().id().value()) + (words.isEmpty() ? "" : " (" + words + ")");
  }

  /** The room that a text is given: 0.6 of the size for each letter, twice that for wide ones. */
  private static int width(String text, int size) {
    long cells = text.codePoints().map(c -> c >= 0x1100 && c != 0x2026 ? 2 : 1).sum();
    return (int) Math.ceil(cells * size * 0.602);
  }

  private int lines(Item item) {
    return Graph.placed(item.node(), networks).values().stream()
        .mapToInt(List::size)
        .max()
        .orElse(1);
  }

  private int height(Item item) {
    return lines(item) * LINE + GAP;
  }

  private int titleHeight(String title) {
    return title.isEmpty() ? GAP : LARGE + 2 * GAP;
  }

  /** Fills columns of about one height with panels, the last with all that is left. */
  private List<List<Panel>> columns(int count) {
    int total = 0;
    for (Group group : groups) {
      total += titleHeight(group.title()) + headerHeight + 2 * GAP;
      total += group.items().stream().mapToInt(this::height).sum();
    }
    int target = (total + (count - 1) * (headerHeight + 5 * GAP)) / count;
    List<List<Panel>> columns = new ArrayList<>();
    List<Panel> column = new ArrayList<>();
    int used = 0;
    for (Group group : groups) {
      String title = group.title();
      int from = 0;
      while (from < group.items().size()) {
        boolean last = columns.size() == count - 1;
        int height = titleHeight(title) + headerHeight + GAP;
        int to = from;
        while (to < group.items().size()
            && (last
                || (to < from + FEWEST_ROWS && used == 0)
                || used + height + height(group.items().get(to)) <= target)) {
          height += height(group.items().get(to++));
        }
        int rest = group.items().size() - to;
        if (to == from || (used > 0 && to - from < FEWEST_ROWS && rest > 0)) {
          columns.add(column);
          column = new ArrayList<>();
          used = 0;
          continue;
        }
        column.add(new Panel(title, group.items().subList(from, to), height));
        used += height + 2 * GAP;
        from = to;
        title = group.title().isEmpty() ? "" : shown(group.title()) + " (continued)";
      }
    }
    columns.add(column);
    columns.removeIf(List::isEmpty);
    return columns;
  }

  private int heightOf(List<List<Panel>> columns) {
    return columns.stream()
        .mapToInt(
            column -> column.stream().mapToInt(panel -> panel.height() + 2 * GAP).sum() - 2 * GAP)
        .max()
        .orElse(0);
  }

  private int widthOf(List<List<Panel>> columns) {
    return Math.max(1, columns.size()) * (panelWidth + 2 * GAP) - 2 * GAP;
  }

  /** The columns whose shape is nearest to that of a screen. */
  private List<List<Panel>> fitting() {
    List<List<Panel>> best = columns(1);
    double least = Double.MAX_VALUE;
    for (int count = 1; count <= 24; count++) {
      List<List<Panel>> columns = columns(count);
      double shape = (double) widthOf(columns) / Math.max(1, heightOf(columns));
      double away = Math.abs(Math.log(shape / WIDE));
      if (away < least) {
        least = away;
        best = columns;
      }
    }
    return best;
  }

  String svg(String summary) {
    List<List<Panel>> columns = fitting();
    boolean marked =
        groups.stream()
            .anyMatch(group -> group.items().stream().anyMatch(item -> !item.ways().isEmpty()));
    String hint =
        "bold: the selected address"
            + (marked ? "; red cross: no node reaches it; orange cross: some do not" : "");
    int width =
        Math.max(widthOf(columns), Math.max(width(summary, LARGE), width(hint, SMALL)))
            + 2 * MARGIN;
    int top = MARGIN + LARGE + SMALL + 3 * GAP;
    int height = top + heightOf(columns) + MARGIN;
    out.append(
        String.format(
            Locale.ROOT,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\""
                + " viewBox=\"0 0 %d %d\" role=\"img\">\n<title>%s</title>\n",
            width,
            height,
            width,
            height,
            xml(summary)));
    style();
    rect("back", 0, 0, width, height, 0);
    text("title", MARGIN, MARGIN + LARGE, summary, LARGE);
    text("soft", MARGIN, MARGIN + LARGE + GAP + SMALL, hint, SMALL);
    int x = MARGIN;
    for (List<Panel> column : columns) {
      int y = top;
      for (Panel panel : column) {
        panel(panel, x, y);
        y += panel.height() + 2 * GAP;
      }
      x += panelWidth + 2 * GAP;
    }
    return out.append("</svg>\n").toString();
  }

  private void style() {
    out.append("<style>\n");
    out.append(
        "text { font-family: ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace }\n");
    out.append(".title, .group, .head, .counts { font-weight: bold }\n");
    out.append(".departed { text-decoration: line-through }\n");
    out.append("rect.suspect { stroke-dasharray: 5 3; stroke-width: 2 }\n");
    out.append("rect.departed { stroke-dasharray: 2 3 }\n");
    out.append("rect.own { stroke-width: 2.5 }\n");
    scheme(
        "#ffffff", "#1b1f24", "#57606a", "#f4f6f8", "#c5ccd3", "#ffffff", "#9a4b00", "#6e7781",
        "#cf222e", LIGHT);
    out.append("@media (prefers-color-scheme: dark) {\n");
    scheme(
        "#0d1117", "#e6edf3", "#9aa5b1", "#161b22", "#3a434d", "#21262d", "#ffb266", "#8b949e",
        "#ff7b72", DARK);
    out.append("}\n</style>\n");
  }

  private void scheme(
      String back,
      String ink,
      String soft,
      String panel,
      String edge,
      String chip,
      String suspect,
      String departed,
      String broken,
      String[] lanes) {
    out.append(".back { fill: ").append(back).append(" }\n");
    out.append("text { fill: ").append(ink).append(" }\n");
    out.append("text.soft { fill: ").append(soft).append(" }\n");
    out.append(".panel { fill: ").append(panel).append("; stroke: ").append(edge).append(" }\n");
    out.append(".chip { fill: ").append(chip).append("; stroke: ").append(edge).append(" }\n");
    out.append(".row { stroke: ").append(edge).append(" }\n");
    out.append("rect.own { stroke: ").append(ink).append(" }\n");
    for (String name : List.of("broken", "partly")) {
      String colour = name.equals("broken") ? broken : suspect;
      out.append("text.").append(name).append(" { fill: ").append(colour).append(" }\n");
      out.append("line.").append(name).append(" { stroke: ").append(colour).append(" }\n");
    }
    for (String name : List.of("suspect", "departed")) {
      String colour = name.equals("suspect") ? suspect : departed;
      out.append("text.").append(name).append(" { fill: ").append(colour).append(" }\n");
      out.append("rect.").append(name).append(" { stroke: ").append(colour).append(" }\n");
    }
    int used = Math.min(COLOURS, networks.size());
    for (int i = 0; i < used; i++) {
      out.append("text.lane").append(i).append(", circle.lane").append(i).append(" { fill: ");
      out.append(lanes[i]).append(" }\n");
      out.append("circle.lane").append(i).append(", line.lane").append(i).append(" { stroke: ");
      out.append(lanes[i]).append(" }\n");
      out.append("rect.lane").append(i).append(" { fill: ").append(lanes[i]);
      out.append("; fill-opacity: 0.08 }\n");
    }
    out.append("circle.hollow { fill: ").append(panel).append(" }\n");
  }

  private void panel(Panel panel, int x, int y) {
    rect("panel", x, y, panelWidth, panel.height(), 8);
    int head = y + titleHeight(panel.title());
    if (!panel.title().isEmpty()) {
      text("group", x + GAP, y + GAP + LARGE, shown(panel.title()), LARGE);
    }
    for (int lane = 0; lane < laneWidth.length; lane++) {
      int left = x + laneStart[lane];
      if (lane == networks.size()) {
        text("head soft", left + DOT, head + SIZE, "host name", SIZE);
        continue;
      }
      String colour = "lane" + lane % COLOURS;
      rect(colour, left, head, laneWidth[lane] - GAP, y + panel.height() - GAP - head, 4);
      text("head " + colour, left + DOT, head + SIZE, shown(name(lane)), SIZE);
      int line = head + SIZE;
      for (Cidr cidr : networks.get(lane).cidrs()) {
        line += SMALL + 4;
        text("soft", left + DOT, line, cidr.toString(), SMALL);
      }
      int from = head + headerHeight - GAP / 2;
      line("track " + colour, left + GAP, from, left + GAP, y + panel.height() - GAP - 4, 2);
    }
    int top = head + headerHeight;
    for (Item item : panel.items()) {
      row(item, x, top);
      top += height(item);
    }
  }

  private void row(Item item, int x, int top) {
    String state =
        item.state() == State.PRESENT ? "" : item.state().name().toLowerCase(Locale.ROOT);
    int middle = top + LINE / 2;
    Map<String, List<PeerAddress>> placed = Graph.placed(item.node(), networks);
    connect(placed, x, middle);
    rect(("chip " + state).strip(), x + GAP, top, idWidth, LINE, 5);
    text(("id " + state).strip(), x + 2 * GAP, top + LINE - 5, label(item), SIZE);
    PeerAddress counts = item.node().address().orElse(null);
    for (int lane = 0; lane < laneWidth.length; lane++) {
      int line = top;
      for (PeerAddress candidate : placed.getOrDefault(name(lane), List.of())) {
        int left = x + laneStart[lane];
        if (lane < networks.size()) {
          boolean hollow = item.state() == State.SUSPECT || item.state() == State.DEPARTED;
          out.append(
              String.format(
                  Locale.ROOT,
                  "<circle class=\"lane%d%s\" cx=\"%d\" cy=\"%d\" r=\"4\" stroke-width=\"2\"/>\n",
                  lane % COLOURS,
                  hollow ? " hollow" : "",
                  left + GAP,
                  line + LINE / 2));
        }
        String way =
            switch (item.way(candidate)) {
              case OPEN -> "";
              case PARTLY -> "partly";
              case BROKEN -> "broken";
            };
        if (!way.isEmpty() && lane < networks.size()) {
          cross(way, left + GAP, line + LINE / 2);
        }
        String style = candidate.equals(counts) ? "counts" : "address";
        String mood = !way.isEmpty() ? way : state.equals("own") ? "" : state;
        text(
            (style + " " + mood).strip(),
            left + DOT,
            line + LINE - 5,
            shown(candidate.text()),
            SIZE);
        line += LINE;
      }
    }
    out.append('\n');
  }

  /** A cross over the dot of an address. */
  private void cross(String style, int x, int y) {
    int arm = 7;
    line(style, x - arm, y - arm, x + arm, y + arm, 3);
    line(style, x - arm, y + arm, x + arm, y - arm, 3);
  }

  /** A line from the node to its last lane, in the room that texts leave. */
  private void connect(Map<String, List<PeerAddress>> placed, int x, int y) {
    int last = -1;
    for (int lane = 0; lane < networks.size(); lane++) {
      last = placed.containsKey(name(lane)) ? lane : last;
    }
    int from = x + GAP + idWidth;
    for (int lane = 0; lane <= last; lane++) {
      List<PeerAddress> in = placed.getOrDefault(name(lane), List.of());
      if (!in.isEmpty()) {
        int dot = x + laneStart[lane] + GAP;
        line("row", from, y, dot - 5, y, 1);
        from = x + laneStart[lane] + DOT + width(shown(in.get(0).text()), SIZE) + 4;
      }
    }
  }

  private void rect(String style, int x, int y, int width, int height, int round) {
    out.append(
        String.format(
            Locale.ROOT,
            "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"%d\"/>\n",
            style,
            x,
            y,
            width,
            height,
            round));
  }

  private void line(String style, int x1, int y1, int x2, int y2, int thick) {
    if (x1 == x2 || x2 > x1) {
      out.append(
          String.format(
              Locale.ROOT,
              "<line class=\"%s\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\""
                  + " stroke-width=\"%d\"/>\n",
              style,
              x1,
              y1,
              x2,
              y2,
              thick));
    }
  }

  private void text(String style, int x, int y, String text, int size) {
    if (!text.isEmpty()) {
      out.append(
          String.format(
              Locale.ROOT,
              "<text class=\"%s\" x=\"%d\" y=\"%d\" font-size=\"%d\" textLength=\"%d\""
                  + " lengthAdjust=\"spacingAndGlyphs\">%s</text>\n",
              style,
              x,
              y,
              size,
              width(text, size),
              xml(text)));
    }
  }

  private static String xml(String text) {
    StringBuilder out = new StringBuilder();
    Quote.visible(text)
        .codePoints()
        .forEach(
            c -> {
              switch (c) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '"' -> out.append("&quot;");
                case 0xfffe, 0xffff -> out.append('\ufffd');
                default -> out.appendCodePoint(c);
              }
            });
    return out.toString();
  }
}
