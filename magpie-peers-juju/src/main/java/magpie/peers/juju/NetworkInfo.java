/*
 * Copyright the magpie-peers authors.
 * SPDX-License-Identifier: Apache-2.0
 */

package magpie.peers.juju;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import magpie.peers.PeerAddress;

/** What {@code network-get} says of the addresses that an endpoint is bound to. */
final class NetworkInfo {
  private NetworkInfo() {}

  /**
   * The bind addresses with their prefix lengths where there are some, in Juju's order; none where
   * Juju knows no network for the binding, which it says with an empty answer or with a failure.
   */
  static List<PeerAddress> read(HookTools tools, String binding) {
    try {
      return read(tools.run(HookTools.Call.of("network-get", "--format=json", binding)));
    } catch (HookToolException e) {
      if (e.stderr().contains("no network config found for binding")
          || e.stderr().contains("no addresses attached to space for binding")) {
        return List.of();
      }
      throw e;
    }
  }

  static List<PeerAddress> read(HookTools.Answer answer) {
    List<PeerAddress> addresses = new ArrayList<>();
    return Json.read(
        answer,
        "a JSON object with bind-addresses",
        json -> {
          for (String name = Json.firstField(json); name != null; name = Json.nextField(json)) {
            if (name.equals("bind-addresses") && json.currentToken() == JsonToken.START_ARRAY) {
              while (json.nextToken() != JsonToken.END_ARRAY) {
                device(json, addresses);
              }
            } else {
              json.skipChildren();
            }
          }
          return addresses;
        });
  }

  private static void device(JsonParser json, List<PeerAddress> addresses) throws IOException {
    for (String name = Json.firstField(json); name != null; name = Json.nextField(json)) {
      if (name.equals("addresses") && json.currentToken() == JsonToken.START_ARRAY) {
        while (json.nextToken() != JsonToken.END_ARRAY) {
          addresses.add(address(json));
        }
      } else {
        json.skipChildren();
      }
    }
  }

  private static PeerAddress address(JsonParser json) throws IOException {
    String address = "";
    String subnet = "";
    for (String name = Json.firstField(json); name != null; name = Json.nextField(json)) {
      switch (name) {
        case "value" -> address = Json.text(json);
        case "cidr" -> subnet = Json.text(json);
        default -> json.skipChildren();
      }
    }
    int slash = subnet.indexOf('/');
    return PeerAddress.of(slash < 0 ? address : address + subnet.substring(slash), "network-get");
  }
}
