/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology.yaml;

import java.util.Locale;
import magpie.peers.topology.Problem;

/** The kinds of problem that a topology file can have; their texts are stable across releases. */
public enum Code {
  /** There is no file of the name. */
  MISSING_FILE(Stage.TEXT),
  /** The file is a directory, pipe, socket or device. */
  NOT_A_FILE(Stage.TEXT),
  /** The file cannot be read. */
  UNREADABLE(Stage.TEXT),
  /** The file says nothing. */
  EMPTY(Stage.TEXT),
  /** The file, a line or a value is too long. */
  TOO_LARGE(Stage.TEXT),
  /** A byte is not UTF-8. */
  NOT_UTF8(Stage.TEXT),
  /** A character is one that YAML does not allow. */
  CONTROL_CHARACTER(Stage.TEXT),
  /** The text is not YAML. */
  SYNTAX(Stage.SYNTAX),
  /** A tab stands where YAML allows spaces only. */
  TAB(Stage.SYNTAX),
  /** Too many lists and mappings are in each other. */
  TOO_DEEP(Stage.SYNTAX),
  /** A second document follows. */
  SECOND_DOCUMENT(Stage.SYNTAX),
  /** A value has a tag. */
  TAG(Stage.SYNTAX),
  /** A value has an anchor or is an alias. */
  ALIAS(Stage.SYNTAX),
  /** The version is not one that this release reads. */
  UNSUPPORTED_VERSION(Stage.VERSION),
  /** The format has no such key. */
  UNKNOWN_KEY(Stage.FORM),
  /** A key is there twice. */
  DUPLICATE_KEY(Stage.FORM),
  /** A required key is not there. */
  MISSING_KEY(Stage.FORM),
  /** A value has another type. */
  WRONG_TYPE(Stage.FORM),
  /** A value is not one of those allowed. */
  BAD_VALUE(Stage.FORM),
  /** A value is missing. */
  EMPTY_VALUE(Stage.FORM),
  /** A key of a setting or label is not allowed. */
  BAD_KEY(Stage.FORM),
  /** A name is not allowed. */
  BAD_NAME(Stage.FORM),
  /** A text is not a network. */
  BAD_CIDR(Stage.FORM),
  /** A network has bits set after its prefix. */
  HOST_BITS(Stage.FORM),
  /** A peer id is not allowed. */
  BAD_ID(Stage.FORM),
  /** A peer id is there twice. */
  DUPLICATE_ID(Stage.FORM),
  /** A text is not a host name. */
  BAD_HOSTNAME(Stage.FORM),
  /** A text is not an address. */
  BAD_ADDRESS(Stage.FORM),
  /** Two networks share addresses. */
  OVERLAPPING_NETWORKS(Stage.REFERENCE),
  /** No network has the name. */
  UNKNOWN_NETWORK(Stage.REFERENCE),
  /** Two nodes have one address. */
  DUPLICATE_ADDRESS(Stage.REFERENCE),
  /** An address is in none of the networks. */
  ADDRESS_OUTSIDE_NETWORKS(Stage.REFERENCE),
  /** A node has no address. */
  NO_ADDRESS(Stage.WARNING),
  /** An address has another prefix length than its network. */
  PREFIX_MISMATCH(Stage.WARNING),
  /** No host can have the address. */
  UNUSABLE_ADDRESS(Stage.WARNING),
  /** An id names another application. */
  OTHER_APPLICATION(Stage.WARNING),
  /** There are more problems than are reported. */
  MORE_PROBLEMS(Stage.WARNING);

  /** What a problem can be the cause of: problems of any later stage. */
  public enum Stage {
    /** The file cannot be read as text. */
    TEXT,
    /** The text cannot be read as the YAML that is expected. */
    SYNTAX,
    /** The format is of another version. */
    VERSION,
    /** A value is not as the format wants it. */
    FORM,
    /** A value does not fit another one. */
    REFERENCE,
    /** The file can be used, but is probably not what was meant. */
    WARNING
  }

  private final Stage stage;
  private final String text = name().toLowerCase(Locale.ROOT).replace('_', '-');

  Code(Stage stage) {
    this.stage = stage;
  }

  /** {@return what the problem can be the cause of} */
  public Stage stage() {
    return stage;
  }

  /** {@return whether a file with the problem can still be used} */
  public Problem.Severity severity() {
    return stage == Stage.WARNING ? Problem.Severity.WARNING : Problem.Severity.ERROR;
  }

  /** Returns the code as messages show it. */
  @Override
  public String toString() {
    return text;
  }
}
