/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/**
 * The {@code magpie-peers} command: lists, explains, watches and publishes.
 *
 * <p>{@link magpie.peers.cli.Main} holds the global options and the exit codes; each command is one
 * class that asks the api and hands what it got to one of two forms: a {@code Table} for people, or
 * a tree of maps and lists that {@code Tree} writes as JSON or as YAML, so that the two cannot
 * disagree. A new command is such a class, named in the list of {@code Main}.
 */
@NullMarked
package magpie.peers.cli;

import org.jspecify.annotations.NullMarked;
