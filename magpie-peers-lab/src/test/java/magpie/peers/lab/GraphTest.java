/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.StringReader;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.xml.parsers.DocumentBuilderFactory;
import magpie.peers.Cidr;
import magpie.peers.Network;
import magpie.peers.Notice;
import magpie.peers.PeerId;
import magpie.peers.PeerNode;
import magpie.peers.PeerView;
import magpie.peers.reach.ReachMatrix;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

/** Pictures are well-formed, the same every time, and nothing in them overlaps. */
class GraphTest {
  @TempDir Path directory;

  private static Notice departed(PeerNode node) {
    return new Notice(Notice.Kind.DEPARTED, node.id(), 1, Optional.of(node));
  }

  private static Graph small() {
    List<PeerNode> nodes =
        List.of(
            Views.node("magpie/0").address("192.0.2.10/24", "x").label("rack", "a").build(),
            Views.node("magpie/1")
                .address("192.0.2.11/24", "x")
                .address("2001:db8::11/64", "x")
                .address("blade-01", "hostname")
                .label("rack", "b \"#1\" <x> \\ ;")
                .suspect(true)
                .build());
    try (PeerView view = Views.of(Optional.of(PeerId.of("magpie/0")), nodes, List.<Network>of())) {
      return Graph.of(view)
          .groupBy("rack")
          .withDeparted(
              List.of(departed(Views.node("magpie/2").address("192.0.2.12/24", "x").build())));
    }
  }

  @Test
  void marksTheAddressesThatOtherNodesDoNotReach() {
    List<PeerNode> nodes =
        List.of(
            reaching(0, "n/1 192.0.2.11 answered 198.51.100.11 timed-out; n/2 192.0.2.12 refused"),
            reaching(1, "n/0 192.0.2.10 answered; n/2 192.0.2.12 no-route 198.51.100.99 timed-out"),
            reaching(2, "n/0 192.0.2.10 answered; n/1 192.0.2.11 answered 198.51.100.11 no-route"));
    List<Network> networks =
        List.of(
            new Network("oam", List.of(Cidr.parse("192.0.2.0/24"))),
            new Network("storage", List.of(Cidr.parse("198.51.100.0/24"))));
    try (PeerView view = Views.of(Optional.empty(), nodes, networks)) {
      Graph plain = Graph.of(view);
      Graph marked = plain.withReach(ReachMatrix.of(view));

      assertFalse(plain.svg().contains("class=\"broken\""));
      String svg = marked.svg();
      assertEquals(2, svg.split("<line class=\"broken\"", -1).length - 1, svg);
      assertEquals(2, svg.split("<line class=\"partly\"", -1).length - 1, svg);
      assertTrue(svg.contains("1 address not reached; 1 address reached by some only"), svg);
      assertTrue(svg.contains("line.broken { stroke: #cf222e }"), svg);
      assertTrue(svg.contains("line.broken { stroke: #ff7b72 }"), svg);
      assertSeenInBothSchemes(svg);
      String mermaid = marked.mermaid();
      assertTrue(mermaid.contains("  linkStyle 3 stroke:#cf222e,"), mermaid);
      assertTrue(mermaid.contains("  linkStyle 4 stroke:#b35900,"), mermaid);
      assertTrue(
          marked.dot().contains("[label=\"198.51.100.11\", color=\"#cf222e\""), marked.dot());
    }
  }

  /** Texts need a contrast of 4.5 (WCAG 2.1, 1.4.3), and lines of a picture 3 (1.4.11). */
  private static void assertSeenInBothSchemes(String svg) {
    int dark = svg.indexOf("@media (prefers-color-scheme: dark)");
    assertTrue(dark > 0, svg);
    for (String scheme :
        List.of(svg.substring(0, dark), svg.substring(dark, svg.indexOf("</style>")))) {
      double back = luminance(colour(scheme, ".panel { fill: "));
      for (String style : List.of("broken", "partly")) {
        double text = luminance(colour(scheme, "text." + style + " { fill: "));
        double line = luminance(colour(scheme, "line." + style + " { stroke: "));
        assertTrue(contrast(text, back) >= 4.5, () -> style + " text: " + contrast(text, back));
        assertTrue(contrast(line, back) >= 3, () -> style + " line: " + contrast(line, back));
      }
      assertNotEquals(
          colour(scheme, "line.broken { stroke: "), colour(scheme, "line.partly { stroke: "));
    }
  }

  private static int colour(String scheme, String rule) {
    int at = scheme.indexOf(rule);
    assertTrue(at >= 0, () -> rule + " is not in " + scheme);
    int hash = at + rule.length();
    return Integer.parseInt(scheme.substring(hash + 1, hash + 7), 16);
  }

  private static double luminance(int colour) {
    double sum = 0;
    double[] weights = {0.2126, 0.7152, 0.0722};
    for (int i = 0; i < 3; i++) {
      double part = (colour >> (16 - 8 * i) & 0xff) / 255.0;
      sum += weights[i] * (part <= 0.04045 ? part / 12.92 : Math.pow((part + 0.055) / 1.055, 2.4));
    }
    return sum;
  }

  private static double contrast(double one, double other) {
    return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  }

  private static PeerNode reaching(int number, String saw) {
    return Views.node("n/" + number)
        .address("192.0.2.1" + number, "x")
        .address("198.51.100.1" + number, "x")
        .setting("magpie.reach", "1 " + Instant.now() + "; " + saw)
        .build();
  }

  @Test
  void speaksMermaid() {
    assertEquals(
        """
        flowchart LR
          subgraph g0["rack: a"]
            n0["magpie/0<br/>this node"]
          end
          subgraph g1["rack: b #34;#35;1#34; #60;x#62; \\ #59;"]
            n1["magpie/1<br/>blade-01<br/>suspect"]
          end
          subgraph g2["no rack"]
            n2["magpie/2<br/>departed"]
          end
          net0(["net-192.0.2.0-24<br/>192.0.2.0/24"])
          net1(["net-2001-db8---64<br/>2001:db8::/64"])
          n0 ---|"192.0.2.10"| net0
          n1 ---|"192.0.2.11"| net0
          n1 ---|"2001:db8::11"| net1
          n2 ---|"192.0.2.12"| net0
          classDef suspect stroke:#b35900,stroke-width:2px,stroke-dasharray:5 3
          classDef departed opacity:0.5,stroke-dasharray:2 3
          classDef own stroke-width:3px
          class n0 own
          class n1 suspect
          class n2 departed
        """,
        small().mermaid());
  }

  @Test
  void speaksGraphviz() {
    assertEquals(
        """
        graph peers {
          graph [rankdir=LR, fontname="sans-serif", nodesep=0.2, ranksep=1.5];
          node [shape=box, style=rounded, fontname="sans-serif"];
          edge [fontname="sans-serif", fontsize=10, color=gray50];
          subgraph cluster_0 {
            label="rack: a";
            "node magpie/0" [label="magpie/0\\nthis node", penwidth=3];
          }
          subgraph cluster_1 {
            label="rack: b \\"#1\\" <x> \\\\ ;";
            "node magpie/1" [label="magpie/1\\nblade-01\\nsuspect", color="#b35900", style="rounded,dashed"];
          }
          subgraph cluster_2 {
            label="no rack";
            "node magpie/2" [label="magpie/2\\ndeparted", color=gray60, fontcolor=gray60, style="rounded,dotted"];
          }
          "network net-192.0.2.0-24" [shape=box, style=filled, fillcolor="#dbe9f6", label="net-192.0.2.0-24\\n192.0.2.0/24"];
          "network net-2001-db8---64" [shape=box, style=filled, fillcolor="#dbe9f6", label="net-2001-db8---64\\n2001:db8::/64"];
          "node magpie/0" -- "network net-192.0.2.0-24" [label="192.0.2.10"];
          "node magpie/1" -- "network net-192.0.2.0-24" [label="192.0.2.11"];
          "node magpie/1" -- "network net-2001-db8---64" [label="2001:db8::11"];
          "node magpie/2" -- "network net-192.0.2.0-24" [label="192.0.2.12"];
        }
        """,
        small().dot());
  }

  /** Graphviz reads entities in labels, so that {@code &lt;} would be drawn as another text. */
  @Test
  void anAmpersandInALabelOfDotIsEscaped() {
    List<PeerNode> nodes = List.of(Views.node("a").label("k", "r&d &lt; \\N").build());
    try (PeerView view = Views.of(Optional.empty(), nodes, List.of())) {
      String dot = Graph.of(view).groupBy("k").dot();
      assertTrue(dot.contains("label=\"k: r&amp;d &amp;lt; \\\\N\";"), dot);
    }
  }

  @Test
  void showsStatesInWordsAndShapes() throws Exception {
    String svg = small().svg();
    parse(svg);
    assertEquals(svg, small().svg());
    assertTrue(
        svg.contains("<title>2 nodes in 2 networks, 1 suspect, and 1 departed</title>"), svg);
    assertTrue(svg.contains(">magpie/0 (this node)</text>"));
    assertTrue(svg.contains(">magpie/1 (suspect)</text>"));
    assertTrue(svg.contains(">magpie/2 (departed)</text>"));
    assertTrue(svg.contains("class=\"chip suspect\""));
    assertTrue(svg.contains("class=\"chip departed\""));
    assertTrue(svg.contains(">rack: b &quot;#1&quot; &lt;x&gt; \\ ;</text>"));
    assertTrue(svg.contains("@media (prefers-color-scheme: dark)"));
    assertFalse(svg.contains("href"), "needs nothing else");
  }

  @Test
  void drawsNobody() throws Exception {
    try (PeerView view = Views.of(Optional.empty(), List.of(), List.of())) {
      Graph graph = Graph.of(view).groupBy("x");
      assertTrue(graph.svg().contains("<title>0 nodes in 0 networks</title>"));
      parse(graph.svg());
      assertTrue(graph.mermaid().startsWith("flowchart LR\n"));
      assertTrue(graph.dot().startsWith("graph peers {\n"));
    }
  }

  @Test
  void keepsTextsOfAnyKindWithinTheirPlaces() throws Exception {
    List<PeerNode> nodes =
        List.of(
            Views.node("a".repeat(253)).label("k", "日本語".repeat(40)).build(),
            Views.node("b")
                .address("x".repeat(100) + ".example", "x")
                .address("fd00:1111:2222:3333:4444:5555:6666:7777/64", "x")
                .label("k", "\u0000\u001b[31m\ud800\ufffe&<>")
                .build());
    try (PeerView view = Views.of(Optional.empty(), nodes, List.of())) {
      String svg = Graph.of(view).groupBy("k").svg();
      parse(svg);
      assertNothingOverlaps(svg);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {3, 40, 200, 1000})
  void overlapsNothing(int nodes) throws Exception {
    Path bench = Views.file(directory, "bench.magpie.yaml", Views.bench(nodes));
    try (PeerView view = Views.as(bench, "magpie/2")) {
      Graph graph = Graph.of(view);
      assertNothingOverlaps(graph.svg());
      String grouped = graph.groupBy("role").svg();
      assertNothingOverlaps(grouped);
      for (int i = 0; i < nodes; i++) {
        assertTrue(
            grouped.contains(">magpie/" + i + (i == 2 ? " (this node)" : "")), "magpie/" + i);
      }
      Element svg = parse(grouped).getDocumentElement();
      double shape =
          Double.parseDouble(svg.getAttribute("width"))
              / Double.parseDouble(svg.getAttribute("height"));
      assertTrue(nodes < 40 || shape > 0.8 && shape < 2.8, () -> "the shape of a screen: " + shape);
    }
  }

  // ---- geometry ----

  private record Box(String what, double left, double top, double right, double bottom) {
    boolean overlaps(Box other) {
      return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
    }

    boolean contains(Box other) {
      return left <= other.left
          && right >= other.right
          && top <= other.top
          && bottom >= other.bottom;
    }
  }

  private static Document parse(String svg) throws Exception {
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new InputSource(new StringReader(svg)));
  }

  private static double number(Element element, String name) {
    return Double.parseDouble(element.getAttribute(name));
  }

  private static List<Element> all(Document document, String name) {
    NodeList list = document.getElementsByTagName(name);
    List<Element> all = new ArrayList<>();
    for (int i = 0; i < list.getLength(); i++) {
      all.add((Element) list.item(i));
    }
    return all;
  }

  /** Texts apart from each other and from dots, each within its panel, chips and panels apart. */
  private static void assertNothingOverlaps(String svg) throws Exception {
    Document document = parse(svg);
    Element root = document.getDocumentElement();
    Box whole = new Box("picture", 0, 0, number(root, "width"), number(root, "height"));
    List<Box> marks = new ArrayList<>();
    for (Element text : all(document, "text")) {
      double size = number(text, "font-size");
      double x = number(text, "x");
      double y = number(text, "y");
      marks.add(
          new Box(
              "text " + text.getTextContent(),
              x,
              y - 0.8 * size,
              x + number(text, "textLength"),
              y + 0.25 * size));
    }
    for (Element dot : all(document, "circle")) {
      double radius = number(dot, "r") + number(dot, "stroke-width") / 2;
      double x = number(dot, "cx");
      double y = number(dot, "cy");
      marks.add(new Box("dot", x - radius, y - radius, x + radius, y + radius));
    }
    assertApart(marks);
    Map<String, List<Box>> rects =
        Map.of("panel", new ArrayList<>(), "chip", new ArrayList<>(), "lane", new ArrayList<>());
    for (Element rect : all(document, "rect")) {
      double x = number(rect, "x");
      double y = number(rect, "y");
      String style = rect.getAttribute("class").replaceFirst("[0-9 ].*", "");
      if (rects.containsKey(style)) {
        rects
            .get(style)
            .add(new Box(style, x, y, x + number(rect, "width"), y + number(rect, "height")));
      }
    }
    rects.values().forEach(GraphTest::assertApart);
    for (Box mark : marks) {
      assertTrue(whole.contains(mark), () -> mark + " is outside the picture");
      if (mark.top > 60) {
        assertTrue(
            rects.get("panel").stream().anyMatch(panel -> panel.contains(mark)),
            () -> mark + " is outside its panel");
      }
      for (String frame : List.of("chip", "lane")) {
        assertTrue(
            rects.get(frame).stream().noneMatch(box -> box.overlaps(mark) && !box.contains(mark)),
            () -> mark + " hangs out of its " + frame);
      }
    }
  }

  private static void assertApart(List<Box> boxes) {
    List<Box> sorted = new ArrayList<>(boxes);
    sorted.sort((a, b) -> Double.compare(a.top, b.top));
    for (int i = 0; i < sorted.size(); i++) {
      for (int j = i + 1; j < sorted.size() && sorted.get(j).top < sorted.get(i).bottom; j++) {
        Box one = sorted.get(i);
        Box other = sorted.get(j);
        assertFalse(one.overlaps(other), () -> one + " overlaps " + other);
      }
    }
  }
}
