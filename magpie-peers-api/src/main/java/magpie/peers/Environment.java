/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

import java.nio.file.Path;
import java.time.Clock;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * What the process was given: nothing in this project reads {@link System#getenv()} anywhere else.
 *
 * @param variables the environment variables; unmodifiable
 * @param properties the system properties that are text; unmodifiable
 * @param workingDirectory the directory that relative paths start from
 * @param clock the clock that times are taken from
 */
public record Environment(
    Map<String, String> variables,
    Map<String, String> properties,
    Path workingDirectory,
    Clock clock) {

  /**
   * Copies the maps.
   *
   * @param variables the environment variables
   * @param properties the system properties that are text
   * @param workingDirectory the directory that relative paths start from
   * @param clock the clock that times are taken from
   */
  public Environment {
    variables = Map.copyOf(variables);
    properties = Map.copyOf(properties);
    workingDirectory = workingDirectory.toAbsolutePath();
    Objects.requireNonNull(clock, "clock");
  }

  /**
   * Returns what this process was given, as it is now.
   *
   * @return the variables, system properties, working directory and UTC clock of this process
   */
  public static Environment system() {
    Map<String, String> properties = new HashMap<>();
    for (String name : System.getProperties().stringPropertyNames()) {
      String value = System.getProperty(name);
      if (value != null) {
        properties.put(name, value);
      }
    }
    return new Environment(System.getenv(), properties, Path.of(""), Clock.systemUTC());
  }

  /**
   * Returns the environment with other variables, for tests and for programs that start others.
   *
   * @param others the variables instead of these
   * @return a new environment
   */
  public Environment withVariables(Map<String, String> others) {
    return new Environment(others, properties, workingDirectory, clock);
  }

  /**
   * Returns a variable.
   *
   * @param name the name, as it is written
   * @return the value, or empty if it is not set or is blank
   */
  public Optional<String> variable(String name) {
    String value = variables.get(name);
    return value == null || value.isBlank() ? Optional.empty() : Optional.of(value);
  }
}
