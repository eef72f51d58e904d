/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class TableTest {
  private static String printed(Table table, Terminal terminal) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    Output out = new Output(bytes, terminal);
    table.print(out);
    out.flush();
    return bytes.toString(StandardCharsets.UTF_8);
  }

  private static Table table() {
    Table table = new Table("RACK", "X");
    table.row(Output.Style.PLAIN, "日本", "1");
    table.row(Output.Style.PLAIN, "cafe\u0301", "2");
    table.row(Output.Style.BAD, "😀", "");
    return table;
  }

  @Test
  void columnsLineUpWhateverTheWidthOfTheCharacters() {
    assertEquals(
        """
        RACK  X
        日本  1
        cafe\u0301  2
        😀    -
        """,
        printed(table(), Terminal.NONE));
  }

  @Test
  void linesAreCutBetweenCharactersAndOnlyOnATerminal() {
    assertEquals("RA…\n日…\nca…\n😀…\n", printed(table(), new Terminal(false, 3)));
    assertEquals("RACK…\n日本…\ncafe\u0301…\n😀  …\n", printed(table(), new Terminal(false, 5)));
  }

  @Test
  void coloursEndWhereTheLineEnds() {
    Table table = new Table("A");
    table.row(Output.Style.BAD, "b");
    table.row(Output.Style.PLAIN, "c");
    assertEquals(
        "\u001b[1mA\u001b[0m\n\u001b[31mb\u001b[0m\nc\n", printed(table, new Terminal(true, 0)));
  }
}
