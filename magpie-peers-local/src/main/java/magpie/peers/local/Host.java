/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.local;

import java.util.List;
import magpie.peers.IpAddress;
import magpie.peers.host.EffectiveUser;

/** What a machine says about itself; no other machine is asked, and no DNS (A1). */
interface Host extends EffectiveUser {

  /** The host name as the kernel has it. */
  String name();

  /** The addresses of all interfaces, without zone ids, in order. */
  List<IpAddress> addresses();
}
