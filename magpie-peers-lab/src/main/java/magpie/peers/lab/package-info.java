/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

/**
 * From live to lab and back.
 *
 * <p>{@link magpie.peers.topology.Recording} writes the peers that are there now as a topology
 * file, {@link magpie.peers.lab.Drift} tells how two peer sets differ, {@link
 * magpie.peers.lab.Graph} draws one, {@link magpie.peers.lab.Imported} makes a topology of an
 * Ansible inventory or a containerlab file, and {@link magpie.peers.lab.Settings} reads settings to
 * publish.
 *
 * <p>No argument may be null, and nothing returned is. Nothing here resolves a name, opens a
 * connection or changes what a view remembers.
 */
@NullMarked
package magpie.peers.lab;

import org.jspecify.annotations.NullMarked;
