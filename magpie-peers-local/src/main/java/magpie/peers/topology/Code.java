/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology;

import java.util.Locale;

/** The kinds of problem that a topology file can have; their texts are stable across releases. */
enum Code {
  MISSING_FILE(Stage.TEXT),
  NOT_A_FILE(Stage.TEXT),
  UNREADABLE(Stage.TEXT),
  EMPTY(Stage.TEXT),
  TOO_LARGE(Stage.TEXT),
  NOT_UTF8(Stage.TEXT),
  CONTROL_CHARACTER(Stage.TEXT),
  SYNTAX(Stage.SYNTAX),
  TAB(Stage.SYNTAX),
  TOO_DEEP(Stage.SYNTAX),
  SECOND_DOCUMENT(Stage.SYNTAX),
  TAG(Stage.SYNTAX),
  ALIAS(Stage.SYNTAX),
  UNSUPPORTED_VERSION(Stage.VERSION),
  UNKNOWN_KEY(Stage.FORM),
  DUPLICATE_KEY(Stage.FORM),
  MISSING_KEY(Stage.FORM),
  WRONG_TYPE(Stage.FORM),
  BAD_VALUE(Stage.FORM),
  EMPTY_VALUE(Stage.FORM),
  BAD_KEY(Stage.FORM),
  BAD_NAME(Stage.FORM),
  BAD_CIDR(Stage.FORM),
  HOST_BITS(Stage.FORM),
  BAD_ID(Stage.FORM),
  DUPLICATE_ID(Stage.FORM),
  BAD_HOSTNAME(Stage.FORM),
  BAD_ADDRESS(Stage.FORM),
  OVERLAPPING_NETWORKS(Stage.REFERENCE),
  UNKNOWN_NETWORK(Stage.REFERENCE),
  DUPLICATE_ADDRESS(Stage.REFERENCE),
  ADDRESS_OUTSIDE_NETWORKS(Stage.REFERENCE),
  NO_ADDRESS(Stage.WARNING),
  PREFIX_MISMATCH(Stage.WARNING),
  UNUSABLE_ADDRESS(Stage.WARNING),
  OTHER_APPLICATION(Stage.WARNING),
  MORE_PROBLEMS(Stage.WARNING);

  /** What a problem can be the cause of: problems of any later stage. */
  enum Stage {
    TEXT,
    SYNTAX,
    VERSION,
    FORM,
    REFERENCE,
    WARNING
  }

  private final Stage stage;
  private final String text = name().toLowerCase(Locale.ROOT).replace('_', '-');

  Code(Stage stage) {
    this.stage = stage;
  }

  Stage stage() {
    return stage;
  }

  Problem.Severity severity() {
    return stage == Stage.WARNING ? Problem.Severity.WARNING : Problem.Severity.ERROR;
  }

  /** Returns the code as messages show it. */
  @Override
  public String toString() {
    return text;
  }
}
