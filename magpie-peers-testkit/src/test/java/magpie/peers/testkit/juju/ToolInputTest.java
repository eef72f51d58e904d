/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit.juju;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What {@code --file} may hold. */
class ToolInputTest {
  static Stream<Arguments> maps() {
    return Stream.of(
        arguments("", "{}"),
        arguments("{}", "{}"),
        arguments(" { } \n", "{}"),
        arguments("{\"a\":\"b\"}", "{a=b}"),
        arguments("{\"a\" : 1 , \"b\":true,\n\"c\":-1.5e+3}", "{a=1, b=true, c=-1.5e+3}"),
        arguments("{\"a\":null}", "{a=}"),
        arguments("{\"a\":\" x \\n\\t\\\"\\\\/\\u00e9 \"}", "{a= x \n\t\"\\/\u00e9 }"),
        arguments("{\"a\":\"\\U0001F426\\N\\x41\"}", "{a=\ud83d\udc26\u0085A}"),
        arguments("{\"a\":\"yes\", \"a\":\"017\"}", "{a=017}"),
        arguments("{\"a\":\"# : - | \ud83d\udc26\"}", "{a=# : - | \ud83d\udc26}"),
        arguments("a: b", "{a=b}"),
        arguments(
            "# note\na: b\n\n'c d': \"e\\n\"\nf: 'it''s'\ng:\nh: ~\n",
            "{a=b, c d=e\n, f=it's, g=, h=}"),
        arguments("---\na: http://x\n", "{a=http://x}"),
        // What follows the first document is not looked at.
        arguments("{\"a\":\"b\"}x", "{a=b}"),
        arguments("{\"a\":\"b\"} trailing words", "{a=b}"),
        arguments("a: b\n---\nc: d\n", "{a=b}"),
        // A key that says that it is one, with and without a value.
        arguments("? a", "{a=}"),
        arguments("? a\n: b\n? \"c\"\nd: e", "{a=b, c=, d=e}"),
        arguments("? \"" + "k".repeat(2000) + "\"\n: v", "{" + "k".repeat(2000) + "=v}"),
        arguments("{? \"" + "k".repeat(2000) + "\" : \"v\"}", "{" + "k".repeat(2000) + "=v}"),
        arguments("{\"" + "k".repeat(1022) + "\":1}", "{" + "k".repeat(1022) + "=1}"),
        arguments("a: Null\nb: NULL\nc: null # none\nd: x # note", "{a=, b=, c=, d=x}"),
        arguments("~", "{}"),
        arguments("null\n", "{}"),
        arguments("a: z\u00fcrich\r\nb: \"\\'\\t\"\r\n", "{a=z\u00fcrich, b='\t}"));
  }

  @ParameterizedTest
  @MethodSource("maps")
  void mapsOfScalarsAreRead(String input, String expected) throws ToolFailure {
    assertEquals(expected, ToolInput.read(input.getBytes(UTF_8)).toString());
  }

  static Stream<Arguments> others() {
    String unmarshal = "yaml: unmarshal errors:\n  line ";
    String notMap = " into map[string]string";
    String refused = "FakeJuju does not read, at line ";
    return Stream.of(
        arguments(
            "{\"a\":\"\\ud83d\\udc26\"}", "yaml: found invalid Unicode character escape code"),
        arguments("{\"a\":\"\\q\"}", "yaml: found unknown escape character"),
        arguments("{\"a\":\"\\u00g0\"}", "yaml: did not find expected hexdecimal number"),
        arguments("{\"a\":\"b", "yaml: found unexpected end of stream"),
        arguments("{\"a\":\"b\"", "yaml: line 1: did not find expected ',' or '}'"),
        arguments("{\"a\":\"\\/\"}", "yaml: found unknown escape character"),
        arguments("{\"a\":\"b\",\n\"c\":\"\\q\"}", "yaml: line 2: found unknown escape character"),
        arguments("{\"a\":\"b\" \"c\"}", "yaml: did not find expected ',' or '}'"),
        arguments("{\"a\":\"b\"\n\"c\"}", "yaml: line 1: did not find expected ',' or '}'"),
        arguments("{\"" + "k".repeat(1023) + "\":1}", "yaml: did not find expected ',' or '}'"),
        arguments("a: \"b\" c", "yaml: did not find expected key"),
        arguments("a: b\nc: 'd' e", "yaml: line 1: did not find expected key"),
        arguments("a: b\nword\n", "yaml: line 3: could not find expected ':'"),
        arguments("a: b: c", "yaml: mapping values are not allowed in this context"),
        arguments("x: y\na: b: c", "yaml: line 2: mapping values are not allowed in this context"),
        arguments("a: [1]", unmarshal + "1: cannot unmarshal !!seq into string"),
        arguments("{\"a\":\"\u007f\"}", "yaml: control characters are not allowed"),
        arguments("{\"a\":\"\u0086\"}", "yaml: control characters are not allowed"),
        arguments("{\"a\":{}}", unmarshal + "1: cannot unmarshal !!map into string"),
        arguments("{\n\"a\":[]}", unmarshal + "2: cannot unmarshal !!seq into string"),
        arguments("[]", unmarshal + "1: cannot unmarshal !!seq" + notMap),
        arguments("- a", unmarshal + "1: cannot unmarshal !!seq" + notMap),
        arguments("text", unmarshal + "1: cannot unmarshal !!str `text`" + notMap),
        arguments(
            "{\"a\":\"\u2029x\"}",
            refused + "1 of --file, a raw U+2029 in a quoted text, which YAML may fold: escape it"),
        arguments(
            "{\"a\":\"\nx\"}",
            refused + "2 of --file, a raw U+000A in a quoted text, which YAML may fold: escape it"),
        arguments("a: &x b", refused + "1 of --file, the plain text \"&x b\""),
        arguments("a: b\nc: |\n  d", refused + "2 of --file, the plain text \"|\""),
        arguments(
            "a: b\n  c",
            refused + "2 of --file, anything but lines of plain \"key: value\", or JSON"),
        arguments("{a: b}", refused + "1 of --file, a key that is not in double quotes"),
        arguments("{\"a\": yes}", refused + "1 of --file, the value \"yes\", which is no JSON"));
  }

  @ParameterizedTest
  @MethodSource("others")
  void whatJujuWouldNotReadOrOnlyMisreadIsRefused(String input, String message) {
    assertEquals(
        message,
        assertThrows(ToolFailure.class, () -> ToolInput.read(input.getBytes(UTF_8))).getMessage());
  }
}
