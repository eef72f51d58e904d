/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.testkit.juju;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The addresses of a unit, in the spaces that its endpoints are bound to. */
final class UnitAddresses {
  private final FakeJujuModel model;
  private final int number;

  /** What replaces the addresses that the unit has by its number, by space. */
  private final Map<String, List<String>> own = new HashMap<>();

  UnitAddresses(FakeJujuModel model, int number) {
    this.model = model;
    this.number = number;
  }

  void replace(String space, List<String> addresses) {
    own.put(space, addresses);
  }

  boolean hasInterface(String binding) {
    return model.isKubernetes()
        || !addresses(model.space(binding)).isEmpty()
        || own.containsKey(model.space(binding).name());
  }

  /** Returns the unit's addresses in a space, with prefix length. */
  List<String> addresses(FakeJujuSpace space) {
    return own.getOrDefault(space.name(), space.addresses(number));
  }

  List<String> ingressAddresses(String binding) {
    if (model.serviceAddress().isPresent()) {
      return List.of(model.serviceAddress().get());
    }
    return addresses(model.space(binding)).stream().map(FakeJujuSpace::host).toList();
  }

  List<String> egressSubnets(String binding) {
    List<String> ingress = ingressAddresses(binding);
    return ingress.isEmpty()
        ? List.of()
        : List.of(ingress.get(0) + (FakeJujuSpace.isV6(ingress.get(0)) ? "/128" : "/32"));
  }

  String device(String binding) {
    return "eth" + model.space(binding).index();
  }

  String mac(String binding) {
    return String.format(
        Locale.ROOT,
        "00:16:3e:%02x:%02x:%02x",
        model.space(binding).index(),
        number >> 8 & 255,
        number & 255);
  }

  /**
   * Returns the keys that Juju itself keeps in the unit's bag; an empty value for one that it has
   * not.
   */
  Map<String, String> addressKeys(String endpoint) {
    List<String> ingress = ingressAddresses(endpoint);
    String address = ingress.isEmpty() ? "" : ingress.get(0);
    Map<String, String> keys = new LinkedHashMap<>();
    keys.put("egress-subnets", String.join(",", egressSubnets(endpoint)));
    keys.put("ingress-address", address);
    if (!model.version().isFour()) {
      keys.put("private-address", address);
    }
    return keys;
  }
}
