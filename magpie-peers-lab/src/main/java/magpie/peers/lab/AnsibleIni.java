/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.lab;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import magpie.peers.lab.AnsibleGroups.Group;
import magpie.peers.lab.AnsibleGroups.Host;
import magpie.peers.lab.AnsibleGroups.Variable;
import magpie.peers.lab.Diagnostics.Place;
import magpie.peers.text.Quote;

/** Reads an inventory in the form of INI: sections of hosts, children or variables. */
final class AnsibleIni {
  /** Each word is looked for in its line, to find its place. */
  static final int LONGEST_LINE = 1 << 16;

  private static final Pattern SECTION =
      Pattern.compile("\\[([^:\\]\\s]+)(?::(\\w+))?\\]\\s*(?:#.*)?");

  /** A key with a value of TOML; where a host is expected, no INI has it. */
  private static final Pattern TOML =
      Pattern.compile(
          "\\s*[\\w.\"'-]+\\s+=\\s+(?:[\\[{\"'].*|[+-]?[0-9].*|(?:true|false)\\s*(?:#.*)?)");

  /** What Python takes for the end of a line too; editors do not, so lines are numbered without. */
  private static final Pattern OTHER_ENDS = Pattern.compile("[\\x0b\\f\\x85\\u2028\\u2029]");

  private static final Pattern NAME = Pattern.compile("([^:\\]\\s]+)\\s*(?:#.*)?");

  private final AnsibleGroups groups;
  private final Diagnostics diagnostics;
  private final Map<String, Place> awaited = new LinkedHashMap<>();

  /** The line that is read, and its number. */
  private String line = "";

  private int number;

  AnsibleIni(AnsibleGroups groups, Diagnostics diagnostics) {
    this.groups = groups;
    this.diagnostics = diagnostics;
  }

  void read() {
    if (refusesToml()) {
      return;
    }
    Group group = groups.group(AnsibleGroups.UNGROUPED, new Place(1, 1, 1));
    String kind = "hosts";
    for (String each : diagnostics.text().lines()) {
      line = each;
      number++;
      for (String part : OTHER_ENDS.split(each, -1)) {
        String stripped = strip(part);
        if (stripped.isEmpty() || stripped.startsWith("#") || stripped.startsWith(";")) {
          continue;
        }
        var section = SECTION.matcher(stripped);
        if (section.matches()) {
          Place place = place(section.group(1));
          kind = section.group(2) == null ? "hosts" : section.group(2);
          if (!Set.of("hosts", "children", "vars").contains(kind)) {
            diagnostics.error(
                "bad-section",
                place(kind),
                "expected a section of hosts, :children or :vars, found " + Quote.of(stripped),
                "",
                "correct the section");
          }
          if (kind.equals("vars") && !groups.groups().containsKey(section.group(1))) {
            awaited.putIfAbsent(section.group(1), place);
          } else if (!kind.equals("vars")) {
            awaited.remove(section.group(1));
          }
          group = groups.group(section.group(1), place);
        } else if (stripped.startsWith("[") && stripped.endsWith("]")) {
          diagnostics.error(
              "bad-section",
              place(stripped),
              "expected a section such as [web], [web:children] or [web:vars], found "
                  + Quote.of(stripped),
              "",
              "correct the section");
        } else {
          switch (kind) {
            case "hosts" -> host(stripped, group);
            case "children" -> child(stripped, group);
            case "vars" -> variable(stripped, group);
            default -> {
              // Reported with its section.
            }
          }
        }
      }
    }
    awaited.forEach(
        (name, place) ->
            diagnostics.error(
                "unknown-group",
                place,
                "expected a group that the inventory has, found " + Quote.of(name),
                "",
                "add [" + name + "], or remove this"));
  }

  /** Tells one line that is TOML, rather than every line that is therefore not INI. */
  private boolean refusesToml() {
    int count = 0;
    boolean hosts = true;
    for (String each : diagnostics.text().lines()) {
      count++;
      var section = SECTION.matcher(strip(each));
      hosts = section.matches() ? section.group(2) == null : hosts;
      if (hosts && TOML.matcher(each).matches()) {
        AnsibleInventory.refuseToml(diagnostics, Place.in(count, each, null), each);
        return true;
      }
    }
    return false;
  }

  /** The place of {@code part} in the line. */
  private Place place(String part) {
    return Place.in(number, line, part);
  }

  /** Strips blanks as Python does, which knows more of them. */
  private static String strip(String text) {
    int from = 0;
    int to = text.length();
    while (from < to && blank(text.charAt(from))) {
      from++;
    }
    while (from < to && blank(text.charAt(to - 1))) {
      to--;
    }
    return text.substring(from, to);
  }

  private static boolean blank(char c) {
    return Character.isWhitespace(c) || Character.isSpaceChar(c);
  }

  /** Reads a value as Ansible does: as a literal of Python, else as text, comment and all. */
  private static Variable value(String written, Place place) {
    return PythonLiteral.of(written)
        .map(literal -> new Variable(literal.text(), place))
        .orElseGet(() -> new Variable(written, place));
  }

  private void host(String stripped, Group group) {
    List<String> words = ShellWords.split(stripped);
    if (words == null) {
      diagnostics.error(
          "syntax",
          place(stripped),
          stripped.endsWith("\\")
              ? "expected a character behind the backslash, found the end of the line"
              : "expected a closing quote, found the end of the line",
          "",
          stripped.endsWith("\\")
              ? "remove the backslash; a line is not continued"
              : "close the quote");
      return;
    }
    if (words.isEmpty()) {
      return;
    }
    List<Host> hosts = groups.hosts(words.get(0), group, place(words.get(0)));
    for (String word : words.subList(1, words.size())) {
      int equals = word.indexOf('=');
      Optional<String> template = YamlValue.template(stripped);
      if (equals < 1 && template.isPresent()) {
        diagnostics.error(
            "template",
            place(word),
            "expected KEY=VALUE behind the host, found "
                + Quote.of(word)
                + " of "
                + template.get()
                + ", which stands in no quotes",
            "",
            "write the value that the template comes to");
        return;
      }
      if (equals < 1) {
        diagnostics.error(
            "bad-variable",
            place(word),
            "expected KEY=VALUE behind the host, found " + Quote.of(word),
            "",
            "write KEY=VALUE, or the host on a line of its own");
        continue;
      }
      Variable variable = value(word.substring(equals + 1), place(word));
      hosts.forEach(host -> host.variables.put(word.substring(0, equals), variable));
    }
  }

  private void child(String stripped, Group group) {
    var name = NAME.matcher(stripped);
    if (!name.matches()) {
      diagnostics.error(
          "bad-group",
          place(stripped),
          "expected the name of a group, found " + Quote.of(stripped),
          "",
          "write one group in each line");
      return;
    }
    String child = name.group(1);
    if (!groups.groups().containsKey(child)) {
      awaited.putIfAbsent(child, place(child));
    }
    groups.group(child, place(child));
    group.children.add(child);
  }

  private void variable(String stripped, Group group) {
    int equals = stripped.indexOf('=');
    String key = equals < 0 ? "" : strip(stripped.substring(0, equals));
    if (key.isEmpty()) {
      diagnostics.error(
          "bad-variable",
          place(stripped),
          "expected KEY=VALUE, found " + Quote.of(stripped),
          "",
          "write KEY=VALUE");
      return;
    }
    group.variables.put(key, value(strip(stripped.substring(equals + 1)), place(key)));
  }
}
