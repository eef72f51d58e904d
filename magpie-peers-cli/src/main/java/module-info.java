/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/**
 * The {@code magpie-peers} command, for people at a terminal and for hook scripts.
 *
 * <p>It depends on the api and on the lab; backends are whatever is found at run time. It exports
 * nothing: programs use {@code magpie.peers}.
 *
 * @provides System.LoggerFinder so that what the library logs is one plain line on standard error
 */
module magpie.peers.cli {
  requires info.picocli;
  requires java.logging;
  requires magpie.peers;
  requires magpie.peers.lab;

  opens magpie.peers.cli to
      info.picocli;

  provides System.LoggerFinder with
      magpie.peers.cli.StandardErrorLog;
}
