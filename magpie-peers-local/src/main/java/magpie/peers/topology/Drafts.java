/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.topology;

import java.util.ArrayList;
import java.util.List;

/** The nodes of a file as they are written, with the places of their ids and addresses. */
final class Drafts {
  /** The drafts in the order of the file. */
  final List<NodeDraft> nodes = new ArrayList<>();

  /** The place of each id, by the number of its draft. */
  final Places ids = new Places();

  /** The places of all addresses; {@link NodeDraft#firstPlace} numbers those of a node. */
  final Places addresses = new Places();
}
