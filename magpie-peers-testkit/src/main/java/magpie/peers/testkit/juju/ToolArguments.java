/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit.juju;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * The arguments of a hook tool, split into flags and the rest as jujuc does it.
 *
 * <p>Flags may stand anywhere before a {@code --}. A one-letter flag takes its value from the rest
 * of its argument if there is any, {@code -r=1} being the value {@code =1}.
 */
final class ToolArguments {
  /** Checks the value of a flag. */
  interface Check {
    /** Throws what is wrong with the value, if anything. */
    void check(String value) throws ToolFailure;
  }

  /** The flags a tool has. */
  static final class Flags {
    private final Map<String, String> canonical = new LinkedHashMap<>();
    private final Map<String, Check> valued = new LinkedHashMap<>();

    /** Adds a flag that is given or not, and maybe a second spelling of it. */
    Flags bool(String name, String... aliases) {
      canonical.put(name, name);
      for (String alias : aliases) {
        canonical.put(alias, name);
      }
      return this;
    }

    /** Adds a flag with a value. */
    Flags value(Check check, String name, String... aliases) {
      bool(name, aliases);
      valued.put(name, check);
      return this;
    }

    /** Adds the flags of every tool that prints a value. */
    Flags output(String... formats) {
      value(
          given -> {
            if (!List.of(formats).contains(given)) {
              throw ToolFailure.misused("unknown format " + ToolText.quote(given));
            }
          },
          "format");
      return value(given -> {}, "output", "o");
    }
  }

  private static final Set<String> TRUE = Set.of("1", "t", "T", "TRUE", "true", "True");
  private static final Set<String> FALSE = Set.of("0", "f", "F", "FALSE", "false", "False");

  private final Map<String, String> flags = new TreeMap<>();
  private final List<String> rest = new ArrayList<>();

  private ToolArguments() {}

  static ToolArguments parse(List<String> arguments, Flags known) throws ToolFailure {
    ToolArguments parsed = new ToolArguments();
    known.bool("help", "h");
    for (int i = 0; i < arguments.size(); i++) {
      String argument = arguments.get(i);
      if (argument.equals("--")) {
        parsed.rest.addAll(arguments.subList(i + 1, arguments.size()));
        break;
      } else if (argument.startsWith("--")) {
        int equals = argument.indexOf('=');
        String name = equals < 0 ? argument.substring(2) : argument.substring(2, equals);
        if (name.isEmpty()) {
          throw ToolFailure.misused("empty option in argument " + ToolText.quote(argument));
        }
        String flag = flag(known, name);
        if (equals >= 0) {
          parsed.value(known, flag, name, argument.substring(equals + 1));
        } else if (!known.valued.containsKey(flag)) {
          parsed.flags.put(flag, "true");
        } else if (++i < arguments.size()) {
          parsed.value(known, flag, name, arguments.get(i));
        } else {
          throw ToolFailure.misused("option needs an argument: " + withMinus(name));
        }
      } else if (argument.startsWith("-") && argument.length() > 1) {
        for (int at = 1; at < argument.length(); ) {
          int after = argument.offsetByCodePoints(at, 1);
          String name = argument.substring(at, after);
          String flag = flag(known, name);
          boolean valued = known.valued.containsKey(flag) || argument.startsWith("=", after);
          if (!valued) {
            parsed.flags.put(flag, "true");
          } else if (after < argument.length()) {
            parsed.value(known, flag, name, argument.substring(after));
            break;
          } else if (++i < arguments.size()) {
            parsed.value(known, flag, name, arguments.get(i));
          } else {
            throw ToolFailure.misused("option needs an argument: " + withMinus(name));
          }
          at = after;
        }
      } else {
        parsed.rest.add(argument);
      }
    }
    return parsed;
  }

  /** Returns the name by which a flag is kept; a long name and a letter are of one kind. */
  private static String flag(Flags known, String name) throws ToolFailure {
    String flag = known.canonical.get(name);
    if (flag == null) {
      throw ToolFailure.misused("option provided but not defined: " + withMinus(name));
    }
    return flag;
  }

  private static String withMinus(String name) {
    return (name.codePointCount(0, name.length()) > 1 ? "--" : "-") + name;
  }

  private void value(Flags known, String flag, String name, String value) throws ToolFailure {
    try {
      known.valued.getOrDefault(flag, ToolArguments::requireBool).check(value);
    } catch (ToolFailure e) {
      throw ToolFailure.misused(
          "invalid value "
              + ToolText.quote(value)
              + " for option "
              + withMinus(name)
              + ": "
              + e.getMessage());
    }
    if (!known.valued.containsKey(flag) && FALSE.contains(value)) {
      flags.remove(flag);
    } else {
      flags.put(flag, value);
    }
  }

  private static void requireBool(String value) throws ToolFailure {
    if (!TRUE.contains(value) && !FALSE.contains(value)) {
      throw ToolFailure.misused(
          "strconv.ParseBool: parsing " + ToolText.quote(value) + ": invalid syntax");
    }
  }

  boolean has(String flag) {
    return flags.containsKey(flag);
  }

  String value(String flag, String otherwise) {
    return flags.getOrDefault(flag, otherwise);
  }

  /** Returns the arguments that are not flags. */
  List<String> rest() {
    return rest;
  }

  /** Returns the n-th argument that is not a flag, from 0, or the empty text. */
  String rest(int n) {
    return n < rest.size() ? rest.get(n) : "";
  }

  void atMost(int count) throws ToolFailure {
    if (rest.size() > count) {
      StringBuilder quoted = new StringBuilder();
      for (String argument : rest.subList(count, rest.size())) {
        quoted.append(quoted.length() == 0 ? "" : " ").append(ToolText.quote(argument));
      }
      throw ToolFailure.misused("unrecognized args: [" + quoted + "]");
    }
  }

  /** Reads {@code key=value} arguments from the n-th on, trimmed of white space as Juju does it. */
  Map<String, String> keyValues(int n) throws ToolFailure {
    Map<String, String> pairs = new LinkedHashMap<>();
    for (String argument : rest.subList(Math.min(n, rest.size()), rest.size())) {
      if (argument.isEmpty()) {
        continue;
      }
      int equals = argument.indexOf('=');
      if (equals < 0) {
        throw ToolFailure.misused("expected \"key=value\", got " + ToolText.quote(argument));
      }
      String key = trimmed(argument.substring(0, equals));
      String value = trimmed(argument.substring(equals + 1));
      if (key.isEmpty()) {
        throw ToolFailure.misused("expected \"key=value\", got \"=" + value + "\"");
      }
      if (pairs.put(key, value) != null) {
        throw ToolFailure.misused("key " + ToolText.quote(key) + " specified more than once");
      }
    }
    return pairs;
  }

  /** Trims what Go takes for white space, which is not quite what Java does. */
  private static String trimmed(String text) {
    int from = 0;
    int to = text.length();
    while (from < to && isSpace(text.charAt(from))) {
      from++;
    }
    while (from < to && isSpace(text.charAt(to - 1))) {
      to--;
    }
    return text.substring(from, to);
  }

  private static boolean isSpace(char c) {
    return (c >= '\t' && c <= '\r') || c == 0x85 || Character.isSpaceChar(c);
  }
}
