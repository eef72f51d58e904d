/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
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
        String flag = name.length() > 1 ? known.canonical.get(name) : null;
        if (flag == null) {
          throw ToolFailure.misused("option provided but not defined: --" + name);
        }
        if (!known.valued.containsKey(flag)) {
          parsed.bool(flag, "--" + name, equals < 0 ? "true" : argument.substring(equals + 1));
        } else if (equals >= 0) {
          parsed.value(known, flag, "--" + name, argument.substring(equals + 1));
        } else if (++i < arguments.size()) {
          parsed.value(known, flag, "--" + name, arguments.get(i));
        } else {
          throw ToolFailure.misused("option needs an argument: --" + name);
        }
      } else if (argument.startsWith("-") && argument.length() > 1) {
        for (int at = 1; at < argument.length(); at++) {
          String name = argument.substring(at, at + 1);
          String flag = known.canonical.get(name);
          if (flag == null) {
            throw ToolFailure.misused("option provided but not defined: -" + name);
          }
          if (!known.valued.containsKey(flag)) {
            parsed.bool(flag, "-" + name, "true");
          } else if (at + 1 < argument.length()) {
            parsed.value(known, flag, "-" + name, argument.substring(at + 1));
            break;
          } else if (++i < arguments.size()) {
            parsed.value(known, flag, "-" + name, arguments.get(i));
          } else {
            throw ToolFailure.misused("option needs an argument: -" + name);
          }
        }
      } else {
        parsed.rest.add(argument);
      }
    }
    return parsed;
  }

  private void bool(String flag, String spelling, String value) throws ToolFailure {
    switch (value.toLowerCase(Locale.ROOT)) {
      case "true", "t", "1" -> flags.put(flag, "true");
      case "false", "f", "0" -> flags.remove(flag);
      default ->
          throw ToolFailure.misused(
              String.format(
                  Locale.ROOT,
                  "invalid boolean value %s for option %s: parsing %s: invalid syntax",
                  ToolText.quote(value),
                  spelling,
                  ToolText.quote(value)));
    }
  }

  private void value(Flags known, String flag, String spelling, String value) throws ToolFailure {
    try {
      Objects.requireNonNull(known.valued.get(flag), flag).check(value);
    } catch (ToolFailure e) {
      throw ToolFailure.misused(
          "invalid value "
              + ToolText.quote(value)
              + " for option "
              + spelling
              + ": "
              + e.getMessage());
    }
    flags.put(flag, value);
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
      if (argument.isBlank()) {
        continue;
      }
      int equals = argument.indexOf('=');
      String key = equals < 0 ? "" : argument.substring(0, equals).strip();
      if (key.isEmpty()) {
        throw ToolFailure.misused("expected \"key=value\", got " + ToolText.quote(argument));
      }
      if (pairs.put(key, argument.substring(equals + 1).strip()) != null) {
        throw ToolFailure.misused("key " + ToolText.quote(key) + " specified more than once");
      }
    }
    return pairs;
  }
}
