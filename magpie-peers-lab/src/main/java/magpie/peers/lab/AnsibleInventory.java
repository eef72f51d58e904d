/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.lab;

import java.util.regex.Pattern;
import magpie.peers.lab.Diagnostics.Place;
import magpie.peers.text.Quote;
import magpie.peers.topology.yaml.YamlText;
import org.jspecify.annotations.Nullable;

/**
 * A static Ansible inventory, in the form of INI or of YAML: tells which it is, and refuses what is
 * neither.
 *
 * <p>The rules are those of Ansible's own {@code ini} and {@code yaml} inventory plugins, as its
 * inventory guide describes them.
 */
final class AnsibleInventory {
  private static final Pattern INI_LINE = Pattern.compile("\\[.*\\]|[^:\\s]+(\\s.*)?");

  private AnsibleInventory() {}

  /** Reads an inventory in either form; what is wrong is added to the diagnostics. */
  static Imported.Content read(String shown, Diagnostics diagnostics) {
    String first = diagnostics.firstLine();
    if (first.startsWith("$ANSIBLE_VAULT")) {
      diagnostics.error(
          "vault",
          Place.in(1, first, null),
          "expected an inventory, found one encrypted by vault",
          "",
          "decrypt a copy with ansible-vault view and import that");
    }
    diagnostics.refuse();
    if (isYaml(diagnostics.text())) {
      return read(YamlValue.read(diagnostics, true), shown, diagnostics);
    }
    AnsibleGroups groups = new AnsibleGroups(diagnostics);
    if (diagnostics.linesWithin(AnsibleIni.LONGEST_LINE)) {
      new AnsibleIni(groups, diagnostics).read();
    }
    return new AnsibleNodes(groups, diagnostics).content(shown);
  }

  /** Reads an inventory in the form of YAML. */
  static Imported.Content read(@Nullable YamlValue root, String shown, Diagnostics diagnostics) {
    AnsibleGroups groups = new AnsibleGroups(diagnostics);
    if (root != null) {
      new AnsibleYaml(groups, diagnostics).read(root);
    } else if (!diagnostics.hasErrors()) {
      diagnostics.error(
          "empty",
          new Place(1, 1, 1),
          "expected an inventory, found an empty file",
          "",
          "name another file");
    }
    return new AnsibleNodes(groups, diagnostics).content(shown);
  }

  /**
   * Whether the first line that says anything says it in YAML: JSON too, a key with its colon, or a
   * document marker. In INI it is a section in brackets or a host.
   */
  private static boolean isYaml(YamlText text) {
    for (String line : text.lines()) {
      String stripped = line.strip();
      if (stripped.isEmpty() || stripped.startsWith("#") || stripped.startsWith(";")) {
        continue;
      }
      return stripped.startsWith("---")
          || stripped.startsWith("{")
          || stripped.startsWith("%YAML")
          || stripped.matches("(\"[^\"]*\"|'[^']*'|[^\\s=\\[\\]:]+)\\s*:(\\s.*)?")
          || (!INI_LINE.matcher(stripped).matches() && stripped.contains(": "));
    }
    return false;
  }

  /** Whether a line that is no UTF-8 is only a comment, which Ansible does not decode. */
  static boolean isComment(byte first) {
    return first == '#' || first == ';';
  }

  /** Says that a file is in TOML. */
  static void refuseToml(Diagnostics diagnostics, Place place, @Nullable String line) {
    diagnostics.error(
        "toml",
        place,
        "expected an inventory in INI or YAML, found "
            + (line == null ? "one in TOML" : "a line of TOML: " + Quote.of(line.strip())),
        "",
        "import what it says: ansible-inventory -i FILE --list --yaml");
  }
}
