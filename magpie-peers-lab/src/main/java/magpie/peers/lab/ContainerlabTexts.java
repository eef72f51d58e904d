/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.lab;

import java.util.Map;
import java.util.regex.Pattern;
import magpie.peers.lab.Diagnostics.Place;
import magpie.peers.text.Quote;
import org.jspecify.annotations.Nullable;

/** The texts of a containerlab topology, which are carried over only if they are whole. */
final class ContainerlabTexts {
  private static final Pattern VARIABLE = Pattern.compile("\\$(\\{|[A-Za-z_]).*");

  private final Diagnostics diagnostics;

  ContainerlabTexts(Diagnostics diagnostics) {
    this.diagnostics = diagnostics;
  }

  static Map<String, YamlValue.Field> fieldsOf(YamlValue.@Nullable Field field) {
    return field == null ? Map.of() : field.value().fields();
  }

  static Map<String, YamlValue.Field> fieldsOf(Map<String, YamlValue.Field> fields, String key) {
    return fieldsOf(fields.get(key));
  }

  void leaveOut(String what, Place place) {
    diagnostics.leaveOut(Quote.of(what), "a topology has no place for it", place);
  }

  /** A text that is carried over, which must be whole: variables are replaced by containerlab. */
  @Nullable String text(YamlValue.@Nullable Field field) {
    String text = field == null ? null : field.value().text();
    if (field != null && text != null && VARIABLE.matcher(text).find()) {
      diagnostics.error(
          "template",
          field.value().place(),
          "expected a value, found the variable "
              + Quote.of(text.replaceFirst("^[^$]*", ""))
              + ", which containerlab replaces",
          field.key(),
          "write the value itself");
      return null;
    } else if (field != null && text == null && !field.value().isNull()) {
      diagnostics.leaveOut(
          Quote.of(field.key()) + ": " + field.value().found(),
          "expected one text",
          field.value().place());
    }
    return text;
  }

  /** A text that is not empty: containerlab treats an empty one as missing. */
  @Nullable String set(YamlValue.@Nullable Field field) {
    String text = text(field);
    return text == null || text.isEmpty() ? null : text;
  }
}
