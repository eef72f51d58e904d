/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology.yaml;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import magpie.peers.host.RegularFile;
import magpie.peers.topology.Problem;

/**
 * A file that a user named, and what is expected of it.
 *
 * @param shown the file as the user named it
 * @param what the kind of file, with its article
 * @param content what is in such a file, with its article
 * @param ifDirectory what to do where a directory has the name
 * @param ifMissing what to do where nothing has the name
 * @param ifTooLarge what to do where the file is too large
 */
public record NamedFile(
    String shown,
    String what,
    String content,
    String ifDirectory,
    String ifMissing,
    String ifTooLarge) {

  /** The longest file, in bytes. */
  public static final int LONGEST = 64 << 20;

  /** Thrown where there is no such file, or where it cannot be read. */
  public static final class Unusable extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient Problem problem;

    private Unusable(Problem problem) {
      super(problem.message(), null, false, false);
      this.problem = problem;
    }

    /** {@return what is wrong with the file} */
    public Problem problem() {
      return problem;
    }
  }

  /**
   * Reads the file. Never waits for anything that is not a regular file.
   *
   * @param file the file
   * @return its bytes, {@link #LONGEST} at most
   * @throws Unusable if it is not a regular file, is too large or cannot be read
   */
  public byte[] read(Path file) throws Unusable {
    try {
      BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
      if (attributes.isDirectory()) {
        throw unusable(Code.NOT_A_FILE, "a directory", ifDirectory);
      }
      if (!attributes.isRegularFile()) {
        throw unusable(Code.NOT_A_FILE, "a pipe, socket or device", "name a regular file");
      }
      if (attributes.size() > LONGEST) {
        throw tooLarge();
      }
      return RegularFile.read(file, LONGEST);
    } catch (NoSuchFileException e) {
      throw unusable(
          Code.MISSING_FILE,
          Files.isSymbolicLink(file) ? "a link to a file that does not exist" : "none",
          ifMissing);
    } catch (IOException e) {
      throw unusable(
          Code.UNREADABLE,
          "one that cannot be read: " + reason(e),
          "let the user that runs this program read the file");
    }
  }

  /** {@return what is wrong with a file of more than {@link #LONGEST} bytes} */
  public Unusable tooLarge() {
    return new Unusable(
        Problem.ofFile(
            Code.TOO_LARGE.toString(),
            shown,
            "expected " + content + " of at most " + LONGEST + " bytes, found a larger file",
            ifTooLarge));
  }

  private Unusable unusable(Code code, String found, String fix) {
    return new Unusable(
        Problem.ofFile(code.toString(), shown, "expected " + what + ", found " + found, fix));
  }

  private static String reason(IOException e) {
    if (e instanceof AccessDeniedException) {
      return "access is denied";
    }
    return e instanceof FileSystemException failure && failure.getReason() != null
        ? failure.getReason()
        : String.valueOf(e.getMessage());
  }
}
