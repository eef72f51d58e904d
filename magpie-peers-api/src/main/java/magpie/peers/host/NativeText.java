/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.host;

import java.nio.charset.Charset;
import java.nio.charset.IllegalCharsetNameException;
import java.nio.charset.StandardCharsets;
import java.nio.charset.UnsupportedCharsetException;
import java.nio.file.InvalidPathException;
import magpie.peers.ConfigurationException;
import magpie.peers.Environment;
import magpie.peers.text.Quote;

/**
 * Text as the system encodes it for this process: names of files, arguments and variables.
 *
 * <p>The JVM takes the encoding from the locale. What that cannot encode, all beyond ASCII in the C
 * locale, is no path at all, and what it cannot decode arrives as U+FFFD.
 */
public final class NativeText {
  private NativeText() {}

  /**
   * Returns the failure of a text that cannot be a path in this process.
   *
   * @param environment what the process was given
   * @param described who says the path, for people: an option, a variable, a key of a file
   * @param text the text
   * @param cause why it is no path
   * @return the exception to throw, which names the locale where that is the reason
   */
  public static ConfigurationException noPath(
      Environment environment, String described, String text, InvalidPathException cause) {
    return new ConfigurationException(
        described
            + ": expected the path of a file or directory, found "
            + Quote.of(text)
            + ", "
            + whyNoPath(environment, text, cause),
        cause);
  }

  /**
   * Returns why a text cannot be a path in this process, and what to do.
   *
   * @param environment what the process was given
   * @param text the text
   * @param cause why it is no path
   * @return a clause that goes on behind the text
   */
  public static String whyNoPath(Environment environment, String text, InvalidPathException cause) {
    for (int i = 0; i < text.length(); i++) {
      if (text.charAt(i) >= 0x80) {
        return "which the locale of this process, "
            + locale(environment)
            + " (encoding "
            + encoding(environment).name()
            + "), cannot name; set LC_ALL=C.UTF-8, or choose a path of ASCII characters";
      }
    }
    return "which is no path (" + cause.getReason() + "); correct it";
  }

  /**
   * Names the locale that the encoding comes from, by the variable that decides.
   *
   * @param environment what the process was given
   * @return words such as {@code LC_ALL=C}
   */
  public static String locale(Environment environment) {
    for (String variable : new String[] {"LC_ALL", "LC_CTYPE", "LANG"}) {
      String value = environment.variable(variable).orElse("");
      if (!value.isEmpty()) {
        boolean plain = value.equals("C") || value.equals("POSIX");
        boolean taken = plain || !encoding(environment).equals(StandardCharsets.US_ASCII);
        return variable
            + "="
            + Quote.visible(value)
            + (taken
                ? ""
                : ", which this system cannot set (see locale -a), so that the locale C is taken");
      }
    }
    return "C, since LANG is not set";
  }

  /**
   * Returns the encoding of file names, arguments and variables.
   *
   * @param environment what the process was given
   * @return the encoding that the JVM takes; UTF-8 where it does not say
   */
  public static Charset encoding(Environment environment) {
    String name = environment.properties().getOrDefault("sun.jnu.encoding", "UTF-8");
    try {
      return Charset.forName(name);
    } catch (IllegalCharsetNameException | UnsupportedCharsetException e) {
      // Of a JVM without the module jdk.charsets, which then takes this itself.
      return StandardCharsets.UTF_8;
    }
  }
}
