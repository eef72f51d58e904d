/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers;

/** The failure when a class that a backend needs is missing: it names the artifact to add (F1). */
final class MissingLibrary {

  private MissingLibrary() {}

  /**
   * Returns the failure of a backend that could not be linked.
   *
   * @param backend the name of the backend
   * @param error what happened when it was used
   * @return the exception to throw
   */
  static ConfigurationException of(String backend, LinkageError error) {
    return new ConfigurationException(
        "expected the backend " + backend + " with its libraries, found that " + reason(error),
        error);
  }

  /**
   * Returns why a backend cannot be used.
   *
   * @param error what happened when it was loaded or used
   * @return the reason, with the artifact to add where a class is missing
   */
  static String reason(Throwable error) {
    for (Throwable e = error; e != null; e = e.getCause()) {
      // The message of this error alone is the name of the class; that of an ExceptionInInitializer
      // or "Could not initialize class" is about something else.
      String name = e.getMessage();
      if (e instanceof NoClassDefFoundError && name != null && name.indexOf(' ') < 0) {
        String type = name.replace('/', '.');
        String found = "the class " + type + " is missing; add " + artifact(type);
        return error instanceof LinkageError ? found : error.getMessage() + ": " + found;
      }
    }
    if (error instanceof LinkageError || error instanceof RuntimeException) {
      return error.toString();
    }
    Throwable cause = error.getCause();
    return error.getMessage() + (cause == null ? "" : " (" + cause + ")");
  }

  private static String artifact(String type) {
    if (type.startsWith("org.snakeyaml.engine.")) {
      return "org.snakeyaml:snakeyaml-engine";
    }
    if (type.startsWith("com.fasterxml.jackson.core.")) {
      return "com.fasterxml.jackson.core:jackson-core";
    }
    if (type.startsWith("io.etcd.jetcd.")) {
      return "io.etcd:jetcd-core";
    }
    if (type.startsWith("jakarta.inject.")) {
      return "jakarta.inject:jakarta.inject-api";
    }
    if (type.startsWith("jnr.")) {
      return "com.github.jnr:jnr-posix";
    }
    return "the artifact that has it to the class path";
  }
}
